package flow

// chunkLen is how many values a slab allocates at a time: 64 flows are 14 KB, so that 64 shards of a small capture stay small.
const chunkLen = 64

// chunks are values of one type, numbered from 1. They never move.
type chunks[T any] []*[chunkLen]T

// at returns the value of a number that was reached.
func (c chunks[T]) at(i uint32) *T { return &c[(i-1)/chunkLen][(i-1)%chunkLen] }

// reach makes values up to number i.
func (c *chunks[T]) reach(i uint32) {
	if int(i) > len(*c)*chunkLen {
		*c = append(*c, new([chunkLen]T))
	}
}

// slab hands out places for values of one type, numbered from 1, and takes them back.
type slab[T any] struct {
	chunks[T]
	inUse []bool
	spare []uint32
}

// live says whether place i is in use.
func (s *slab[T]) live(i uint32) bool { return s.inUse[i-1] }

// size is the number of places, used or not.
func (s *slab[T]) size() int { return len(s.inUse) }

// used is the number of places in use.
func (s *slab[T]) used() int { return len(s.inUse) - len(s.spare) }

// next is the place that take will return, 0 where that is a new one.
func (s *slab[T]) next() uint32 {
	if n := len(s.spare); n > 0 {
		return s.spare[n-1]
	}
	return 0
}

// take returns a free place; the value there is whatever it was when the place was freed, or zero.
func (s *slab[T]) take() uint32 {
	if i := s.next(); i != 0 {
		s.spare = s.spare[:len(s.spare)-1]
		s.inUse[i-1] = true
		return i
	}
	s.inUse = append(s.inUse, true)
	i := uint32(len(s.inUse))
	s.reach(i)
	return i
}

// free gives a place back.
func (s *slab[T]) free(i uint32) {
	s.inUse[i-1] = false
	s.spare = append(s.spare, i)
}
