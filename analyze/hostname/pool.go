package hostname

// pool keeps what flows that are over gave back, as new, to be used again.
type pool[T any] struct{ free []*T }

func (p *pool[T]) take() *T {
	last := len(p.free) - 1
	if last < 0 {
		return new(T)
	}
	x := p.free[last]
	p.free = p.free[:last]
	return x
}

func (p *pool[T]) give(x *T) { p.free = append(p.free, x) }
