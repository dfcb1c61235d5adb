package judge

import (
	"iter"

	"phonehome/analyze/flow"
)

// chains are many lists that grow by turns, in one store: a slice each would be an allocation each, copied when it grows, and looked at by the garbage collector.
type chains[T any] struct{ links flow.List[link[T]] }

// chain is one of the lists: the numbers of its first and its last link.
type chain struct{ first, last uint32 }

type link[T any] struct {
	value T
	next  uint32
}

// add adds a value to a list, and returns the number of its link.
func (c *chains[T]) add(to *chain, v T) uint32 {
	l, n := c.links.Add()
	l.value = v
	if to.first == 0 {
		to.first = n
	} else {
		c.links.At(to.last).next = n
	}
	to.last = n
	return n
}

// of are the values of a list, in the order in which they came.
func (c *chains[T]) of(list chain) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for n := list.first; n != 0; {
			l := c.links.At(n)
			if !yield(&l.value) {
				return
			}
			n = l.next
		}
	}
}

// count is how many values a list has.
func (c *chains[T]) count(list chain) (n int) {
	for range c.of(list) {
		n++
	}
	return n
}
