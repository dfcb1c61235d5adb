package flow

import "iter"

// Chains are many lists that grow by turns, in one store: a slice each would be an allocation each, copied when it grows, and looked at by the garbage collector.
type Chains[T any] struct{ links List[link[T]] }

// Chain is one of the lists: the numbers of its first and its last link.
type Chain struct{ first, last uint32 }

type link[T any] struct {
	value T
	next  uint32
}

// Add adds a value to a list, and returns the number of its link.
func (c *Chains[T]) Add(to *Chain, v T) uint32 {
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

// Stack is a list whose latest value is the first: nothing is read where it grows.
type Stack uint32

// Push adds a value to a stack.
func (c *Chains[T]) Push(to *Stack, v T) {
	l, n := c.links.Add()
	l.value, l.next = v, uint32(*to)
	*to = Stack(n)
}

// Down are the values of a stack, the latest first.
func (c *Chains[T]) Down(s Stack) iter.Seq[*T] { return c.Of(Chain{first: uint32(s)}) }

// At is the value of a link.
func (c *Chains[T]) At(n uint32) *T { return &c.links.At(n).value }

// First is the number of the first link of a list; 0 where it is empty.
func (l Chain) First() uint32 { return l.first }

// Of are the values of a list, in the order in which they came.
func (c *Chains[T]) Of(list Chain) iter.Seq[*T] {
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

// Trim calls f with the values of a list in order, while more is true, and takes those out that f does not keep.
func (c *Chains[T]) Trim(list *Chain, f func(v *T) (keep, more bool)) {
	last := uint32(0)
	for n, more := list.first, true; n != 0 && more; {
		l := c.links.At(n)
		var keep bool
		keep, more = f(&l.value)
		switch {
		case keep:
			last = n
		case last == 0:
			list.first = l.next
		default:
			c.links.At(last).next = l.next
		}
		if !keep && n == list.last {
			list.last = last
		}
		n = l.next
	}
}
