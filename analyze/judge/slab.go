package judge

import "iter"

// slab is a list that grows by chunks: what it holds stays where it is, and is never copied. Its numbers begin with 1, so that 0 is none.
type slab[T any] struct {
	chunks [][]T
	n      uint32
}

// slabRoom is how many values a chunk has room for.
const slabRoom = 1 << 10

// add adds a value, which is zero, and returns it with its number.
func (s *slab[T]) add() (*T, uint32) {
	if s.n%slabRoom == 0 {
		s.chunks = append(s.chunks, make([]T, slabRoom))
	}
	s.n++
	return s.at(s.n), s.n
}

func (s *slab[T]) at(n uint32) *T { return &s.chunks[(n-1)/slabRoom][(n-1)%slabRoom] }

// all are the values in order, with their numbers.
func (s *slab[T]) all() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for n := uint32(1); n <= s.n; n++ {
			if !yield(s.at(n)) {
				return
			}
		}
	}
}

// chains are many lists that grow by turns, in one slab: a slice each would be an allocation each, copied when it grows, and looked at by the garbage collector.
type chains[T any] struct{ links slab[link[T]] }

// chain is one of the lists: the numbers of its first and its last link.
type chain struct{ first, last uint32 }

type link[T any] struct {
	value T
	next  uint32
}

// add adds a value to a list, and returns the number of its link.
func (c *chains[T]) add(to *chain, v T) uint32 {
	l, n := c.links.add()
	l.value = v
	if to.first == 0 {
		to.first = n
	} else {
		c.links.at(to.last).next = n
	}
	to.last = n
	return n
}

// of are the values of a list, in the order in which they came.
func (c *chains[T]) of(list chain) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for n := list.first; n != 0; {
			l := c.links.at(n)
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
