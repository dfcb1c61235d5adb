package intel

import (
	"hash/maphash"
	"math/bits"
)

// table finds entries by their keys: open addressing over indices, so that a set has no pointer for each of its indicators.
type table struct {
	entries      []entry
	text         []byte // keys and texts
	descriptions []string
	described    int // bytes of descriptions
	contexts     []context
	slots        []uint32 // index of the first entry of a key, and one; 0 is free
	seed         maphash.Seed
	lengths      [129]bool                // of networks, IPv4 ones as IPv4-mapped
	tags         [tagNameURLPort + 1]bool // of the keys: of other kinds nothing is looked up
}

// context is what the rows of one part of a list have in common: the event or the source that they are of.
type context struct {
	text string
	day  uint16
}

func (t *table) describe(text string) uint32 {
	t.descriptions = append(t.descriptions, text)
	t.described += len(text)
	return uint32(len(t.descriptions) - 1)
}

// keep copies a key into the text.
func (t *table) keep(key []byte) (begin uint32, n uint16) {
	begin = uint32(len(t.text))
	t.text = append(t.text, key...)
	return begin, uint16(len(key))
}

func (t *table) key(e *entry) []byte { return t.text[e.key:][:e.keyLen] }

// link builds the index. Entries of one key stay in their order; of one list and key only the first maxAlike are linked, the rest is counted.
func (t *table) link() {
	if len(t.entries) == 0 {
		return
	}
	t.seed = maphash.MakeSeed()
	size := 1 << bits.Len(uint(len(t.entries)*4/3))
	t.slots = make([]uint32, size)
	last := make([]uint32, size) // the last entry of a slot's key
	run := make([]uint8, size)   // how many of its list are linked
	for i := range t.entries {
		e := &t.entries[i]
		t.note(e)
		s := t.slot(t.key(e))
		if t.slots[s] == 0 {
			t.slots[s], last[s], run[s] = uint32(i+1), uint32(i+1), 1
			continue
		}
		before := &t.entries[last[s]-1]
		switch {
		case before.list != e.list:
			run[s] = 1
		case run[s] == maxAlike:
			before.more++
			continue
		default:
			run[s]++
		}
		before.next, last[s] = uint32(i+1), uint32(i+1)
	}
}

// note remembers which look-ups can find something.
func (t *table) note(e *entry) {
	k := t.key(e)
	t.tags[k[0]] = true
	switch tag(k[0]) {
	case tagNetwork, tagAddressURL:
		t.lengths[k[1]] = true
	case tagNetworkPort, tagAddressURLPort:
		t.lengths[k[3]] = true
	}
}

// slot is where a key is, or would be.
func (t *table) slot(key []byte) uint64 {
	mask := uint64(len(t.slots) - 1)
	for s := maphash.Bytes(t.seed, key) & mask; ; s = (s + 1) & mask {
		if i := t.slots[s]; i == 0 || string(t.key(&t.entries[i-1])) == string(key) {
			return s
		}
	}
}

// find returns the first entry of a key, and one; 0 where there is none.
func (t *table) find(key []byte) uint32 {
	if !t.tags[key[0]] {
		return 0
	}
	return t.slots[t.slot(key)]
}
