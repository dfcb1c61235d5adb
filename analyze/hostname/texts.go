package hostname

import (
	"encoding/binary"
	"hash/maphash"

	"phonehome/analyze/flow"
)

// texts keeps each distinct byte string once and numbers them in the order in which they came; 0 is the empty string.
type texts struct {
	seed  maphash.Seed // only places in the index depend on it, never a number
	arena flow.Arena
	refs  []flow.Ref
	index []uint32 // open addressing: numbers, 0 for empty
	tmp   []byte
}

const minTexts = 64

// id returns the number of b.
func (t *texts) id(b []byte) uint32 {
	if len(b) == 0 {
		return 0
	}
	if len(t.refs)*4 >= len(t.index)*3 {
		t.grow()
	}
	for s := t.slot(b); ; s = (s + 1) % uint64(len(t.index)) {
		switch i := t.index[s]; {
		case i == 0:
			t.index[s] = t.add(b)
			return t.index[s]
		case string(t.text(i)) == string(b):
			return i
		}
	}
}

func (t *texts) slot(b []byte) uint64 { return maphash.Bytes(t.seed, b) % uint64(len(t.index)) }

func (t *texts) add(b []byte) uint32 {
	t.tmp = append(binary.AppendUvarint(t.tmp[:0], uint64(len(b))), b...)
	t.refs = append(t.refs, t.arena.Add(t.tmp))
	return uint32(len(t.refs))
}

// text returns the byte string of a number: a view.
func (t *texts) text(i uint32) []byte {
	if i == 0 {
		return nil
	}
	b := t.arena.At(t.refs[i-1])
	n, k := binary.Uvarint(b)
	return b[k : k+int(n)]
}

func (t *texts) grow() {
	if t.index == nil {
		t.seed = maphash.MakeSeed()
	}
	t.index = make([]uint32, max(minTexts, 2*len(t.index)))
	for i := range t.refs {
		s := t.slot(t.text(uint32(i + 1)))
		for t.index[s] != 0 {
			s = (s + 1) % uint64(len(t.index))
		}
		t.index[s] = uint32(i + 1)
	}
}

// words numbers the few texts that a program chooses itself: kinds, record types, versions.
type words struct {
	ids   map[string]uint16
	texts []string
}

const maxWords = 1 << 16

func (w *words) id(s string) uint16 {
	if i, ok := w.ids[s]; ok {
		return i
	}
	if w.ids == nil {
		w.ids = map[string]uint16{}
	}
	if len(w.texts) == maxWords-1 {
		return 0
	}
	i := uint16(len(w.texts))
	w.ids[s] = i
	w.texts = append(w.texts, s)
	return i
}
