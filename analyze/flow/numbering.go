package flow

import "hash/maphash"

// Numbering finds the numbers of keys, from 1 on, that stand in a list: it takes few bytes a key, and holds none. What it is for says which key a number has.
type Numbering[K comparable] struct {
	key   func(n uint32) K
	seed  maphash.Seed // only places in slots depend on it, never a number
	slots []uint32     // open addressing, as many as a power of two: numbers, 0 for none
	used  int
}

const leastSlots = 64

// NewNumbering returns an empty Numbering.
func NewNumbering[K comparable](key func(n uint32) K) Numbering[K] {
	return Numbering[K]{key: key, seed: maphash.MakeSeed(), slots: make([]uint32, leastSlots)}
}

// Find returns the number of a key, 0 where it has none.
func (x *Numbering[K]) Find(k K) uint32 { return x.slots[x.slot(k)] }

// Add gives a key, which has none, its number. Those of all keys must be those from 1 on.
func (x *Numbering[K]) Add(k K, n uint32) {
	x.slots[x.slot(k)] = n
	if x.used++; x.used*4 < len(x.slots)*3 {
		return
	}
	x.slots = make([]uint32, 2*len(x.slots))
	for n := range uint32(x.used) {
		x.slots[x.slot(x.key(n+1))] = n + 1
	}
}

// slot is where a key's number stands, or would.
func (x *Numbering[K]) slot(k K) uint32 {
	mask := uint32(len(x.slots) - 1)
	i := uint32(maphash.Comparable(x.seed, k)) & mask
	for x.slots[i] != 0 && x.key(x.slots[i]) != k {
		i = (i + 1) & mask
	}
	return i
}
