package flow

import "hash/maphash"

// Numbering finds the numbers of keys, from 1 on, that stand in a list: it takes few bytes a key, and holds none. What it is for says which key a number has.
type Numbering[K comparable] struct {
	key   func(n uint32) K
	seed  maphash.Seed // only places in slots depend on it, never a number
	slots []numberSlot // open addressing, as many as a power of two
	used  int
}

// numberSlot is a number, 0 for none, and the hash of its key, so that other keys are not looked at.
type numberSlot struct{ hash, number uint32 }

const leastSlots = 64

// NewNumbering returns an empty Numbering.
func NewNumbering[K comparable](key func(n uint32) K) Numbering[K] {
	return Numbering[K]{key: key, seed: maphash.MakeSeed(), slots: make([]numberSlot, leastSlots)}
}

// Find returns the number of a key, 0 where it has none.
func (x *Numbering[K]) Find(k K) uint32 {
	hash, mask := uint32(maphash.Comparable(x.seed, k)), uint32(len(x.slots)-1)
	for i := hash & mask; ; i = (i + 1) & mask {
		if s := x.slots[i]; s.number == 0 || s.hash == hash && x.key(s.number) == k {
			return s.number
		}
	}
}

// Add gives a key, which has none, its number.
func (x *Numbering[K]) Add(k K, n uint32) {
	if x.used++; x.used*4 > len(x.slots)*3 {
		old := x.slots
		x.slots = make([]numberSlot, 2*len(old))
		for _, s := range old {
			if s.number != 0 {
				x.put(s)
			}
		}
	}
	x.put(numberSlot{uint32(maphash.Comparable(x.seed, k)), n})
}

func (x *Numbering[K]) put(s numberSlot) {
	mask := uint32(len(x.slots) - 1)
	i := s.hash & mask
	for x.slots[i].number != 0 {
		i = (i + 1) & mask
	}
	x.slots[i] = s
}
