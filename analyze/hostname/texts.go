package hostname

import (
	"encoding/binary"
	"hash/maphash"

	"phonehome/analyze/flow"
)

// texts keeps each distinct byte string once, and gives it a number: 0 to the empty string, and to others one that tells their place, so that nothing need
// be looked up to find them. Numbers grow in the order in which texts came.
type texts struct {
	seed  maphash.Seed // only places in the index depend on it, never a number
	arena flow.Arena
	count int
	index []textSlot          // open addressing, as many as a power of two
	tmp   []byte              // of add
	bytes []byte              // of idOf
	last  [lastTexts]lastText // those asked for last
	turn  uint8
}

// lastText is a text that was asked for, a view, and its number: the rows of one message say the same names again.
type lastText struct {
	text   []byte
	number uint32
}

const lastTexts = 4

// textSlot is the number of a text, 0 for none, and its hash, so that other texts are not looked at.
type textSlot struct{ hash, number uint32 }

const minTexts = 64

// id returns the number of b.
func (t *texts) id(b []byte) uint32 {
	if len(b) == 0 {
		return 0
	}
	for i := range t.last {
		if l := &t.last[i]; string(l.text) == string(b) {
			return l.number
		}
	}
	n := t.find(b)
	t.last[t.turn%lastTexts] = lastText{t.text(n), n}
	t.turn++
	return n
}

// idOf is id for a string.
func (t *texts) idOf(s string) uint32 {
	t.bytes = append(t.bytes[:0], s...)
	return t.id(t.bytes)
}

// find returns the number of b, which it adds where it is new.
func (t *texts) find(b []byte) uint32 {
	if t.count*4 >= len(t.index)*3 {
		t.grow()
	}
	hash, mask := uint32(maphash.Bytes(t.seed, b)), uint32(len(t.index)-1)
	for i := hash & mask; ; i = (i + 1) & mask {
		switch s := t.index[i]; {
		case s.number == 0:
			t.index[i] = textSlot{hash, t.add(b)}
			return t.index[i].number
		case s.hash == hash && string(t.text(s.number)) == string(b):
			return s.number
		}
	}
}

func (t *texts) add(b []byte) uint32 {
	t.tmp = append(binary.AppendUvarint(t.tmp[:0], uint64(len(b))), b...)
	t.count++
	return uint32(t.arena.Add(t.tmp)) + 1
}

// text returns the byte string of a number: a view.
func (t *texts) text(i uint32) []byte {
	if i == 0 {
		return nil
	}
	b := t.arena.At(flow.Ref(i - 1))
	n, k := binary.Uvarint(b)
	return b[k : k+int(n)]
}

// grow doubles the index.
func (t *texts) grow() {
	old := t.index
	if old == nil {
		t.seed = maphash.MakeSeed()
	}
	t.index = make([]textSlot, max(minTexts, 2*len(old)))
	mask := uint32(len(t.index) - 1)
	for _, s := range old {
		if s.number == 0 {
			continue
		}
		i := s.hash & mask
		for t.index[i].number != 0 {
			i = (i + 1) & mask
		}
		t.index[i] = s
	}
}

// words numbers the few texts that a program chooses itself: kinds, record types, versions.
type words struct {
	ids   map[string]uint16
	texts []string
	guess [128]uint16 // the last number by a few bits of the word
}

const maxWords = 1 << 16

func (w *words) id(s string) uint16 {
	g := &w.guess[guessOf(s)]
	if int(*g) < len(w.texts) && w.texts[*g] == s {
		return *g
	}
	*g = w.find(s)
	return *g
}

// guessOf tells words from each other: its factors were searched for so that of those in use nearly all do.
func guessOf(s string) byte {
	if len(s) == 0 {
		return 0
	}
	return (byte(len(s))*6 + s[0]*26 + s[len(s)-1]*57) % 128
}

// find returns the number of s, which it adds where it is new.
func (w *words) find(s string) uint16 {
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
