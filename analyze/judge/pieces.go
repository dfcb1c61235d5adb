package judge

// known is what a map has of a key, or what it gets where it has nothing.
func known[K comparable, V any](m map[K]V, k K, fresh func(K) V) V {
	v, ok := m[k]
	if !ok {
		v = fresh(k)
		m[k] = v
	}
	return v
}

// pieces cuts short lists out of long ones: an allocation for each would take longer than to fill it, and more room.
type pieces[T any] struct{ rest []T }

// pieceRoom is how many values are allocated at a time.
const pieceRoom = 256

// take returns a list of n values, all zero, that has room for no more. It is never nil.
func (p *pieces[T]) take(n int) []T {
	if p.rest == nil || len(p.rest) < n {
		p.rest = make([]T, max(n, pieceRoom))
	}
	out := p.rest[:n:n]
	p.rest = p.rest[n:]
	return out
}
