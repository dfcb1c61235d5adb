package hostname

// Names numbers texts, each once, so that keys made of them are short and hold no pointer. "" is 0.
type Names struct {
	numbers map[string]uint32
	texts   []string
}

// NewNames returns a Names that has the empty text alone.
func NewNames() *Names { return &Names{numbers: map[string]uint32{}, texts: []string{""}} }

// Number returns the number of a text.
func (t *Names) Number(s string) uint32 {
	if s == "" {
		return 0
	}
	n, ok := t.numbers[s]
	if !ok {
		n = t.add(s)
	}
	return n
}

// Text is the text of a number.
func (t *Names) Text(n uint32) string { return t.texts[n] }

// Len is how many texts have a number: those from 0 on.
func (t *Names) Len() int { return len(t.texts) }

func (t *Names) add(s string) uint32 {
	n := uint32(len(t.texts))
	t.numbers[s] = n
	t.texts = append(t.texts, s)
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
	return t.add(string(name))
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
