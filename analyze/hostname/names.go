package hostname

import "strings"

// Names numbers texts, each once, so that keys made of them are short and hold no pointer. "" is 0.
type Names struct {
	numbers map[string]uint32
	texts   []string
	room    strings.Builder // what texts are cut out of, some at a time: the garbage collector looks at each that lies alone
}

// namesRoom is how many bytes of texts are allocated at a time.
const namesRoom = 16 << 10

// NewNames returns a Names that has the empty text alone.
func NewNames() *Names { return &Names{numbers: map[string]uint32{}, texts: []string{""}} }

// Number returns the number of a text.
func (t *Names) Number(s string) uint32 {
	if s == "" {
		return 0
	}
	n, ok := t.numbers[s]
	if !ok {
		n = t.add([]byte(s))
	}
	return n
}

// Text is the text of a number.
func (t *Names) Text(n uint32) string { return t.texts[n] }

// add gives a text, which has none, its number.
func (t *Names) add(s []byte) uint32 {
	if t.room.Cap()-t.room.Len() < len(s) {
		t.room = strings.Builder{}
		t.room.Grow(max(namesRoom, len(s)))
	}
	from := t.room.Len()
	t.room.Write(s)
	own := t.room.String()[from:]
	n := uint32(len(t.texts))
	t.numbers[own] = n
	t.texts = append(t.texts, own)
	return n
}

// normal returns the number of a name in the form in which names are compared, and makes no string that was made before.
func (t *Names) normal(name []byte) uint32 {
	if !isNormal(name) {
		return t.Number(Normal(Text("", name)))
	}
	if n, ok := t.numbers[string(name)]; ok || len(name) == 0 {
		return n
	}
	return t.add(name)
}

// isNormal says whether a name is surely in the form that Normal gives it, as most are.
func isNormal(name []byte) bool {
	for _, c := range name {
		if c < ' ' || c > '~' || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return len(name) == 0 || name[len(name)-1] != '.'
}
