package flow

import "iter"

// List is a list that grows by chunks: what it holds stays where it is, and is never copied. Its numbers begin with 1, so that 0 is none.
type List[T any] struct {
	chunks []*[listChunk]T
	n      uint32
}

// listChunk is how many values are allocated at a time.
const listChunk = 1 << 10

// Len is how many values there are.
func (l *List[T]) Len() int { return int(l.n) }

// Add adds a value, which is zero, and returns it with its number.
func (l *List[T]) Add() (*T, uint32) {
	if l.n%listChunk == 0 {
		l.chunks = append(l.chunks, new([listChunk]T))
	}
	l.n++
	return l.At(l.n), l.n
}

// At returns the value of a number.
func (l *List[T]) At(n uint32) *T { return &l.chunks[(n-1)/listChunk][(n-1)%listChunk] }

// Take are the values in order, of which the list keeps none: each is there until the next.
func (l *List[T]) Take() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		chunks, n := l.chunks, l.n
		*l = List[T]{}
		for i := range n {
			if !yield(&chunks[i/listChunk][i%listChunk]) {
				return
			}
			if i%listChunk == listChunk-1 {
				chunks[i/listChunk] = nil
			}
		}
	}
}

// All are the values in order.
func (l *List[T]) All() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for n := uint32(1); n <= l.n; n++ {
			if !yield(l.At(n)) {
				return
			}
		}
	}
}
