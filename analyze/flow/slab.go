package flow

// chunkLen is how many values a slab allocates at a time: 64 flows are 13 KB, so that 64 shards of a small capture stay small.
const chunkLen = 64

// slab hands out places for values of one type, numbered from 1, and takes them back. Values never move.
type slab[T any] struct {
	chunks []*[chunkLen]T
	inUse  []bool
	spare  []uint32
}

// at returns the value at a place in use.
func (s *slab[T]) at(i uint32) *T { return &s.chunks[(i-1)/chunkLen][(i-1)%chunkLen] }

// live says whether place i is in use.
func (s *slab[T]) live(i uint32) bool { return s.inUse[i-1] }

// size is the number of places, used or not.
func (s *slab[T]) size() int { return len(s.inUse) }

// used is the number of places in use.
func (s *slab[T]) used() int { return len(s.inUse) - len(s.spare) }

// take returns a free place; the value there is whatever it was when the place was freed, or zero.
func (s *slab[T]) take() uint32 {
	if n := len(s.spare); n > 0 {
		i := s.spare[n-1]
		s.spare = s.spare[:n-1]
		s.inUse[i-1] = true
		return i
	}
	if len(s.inUse) == len(s.chunks)*chunkLen {
		s.chunks = append(s.chunks, new([chunkLen]T))
	}
	s.inUse = append(s.inUse, true)
	return uint32(len(s.inUse))
}

// free gives a place back.
func (s *slab[T]) free(i uint32) {
	s.inUse[i-1] = false
	s.spare = append(s.spare, i)
}
