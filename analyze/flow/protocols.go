package flow

// mostProtocols is how many names of protocols are numbered: there are far fewer, but rows that were saved may hold what somebody made up.
const mostProtocols = 1 << 12

// protocols numbers the names of protocols, from 1 on. The zero value is empty.
type protocols struct {
	texts   []string
	numbers map[string]uint16
}

// number is that of a name; 0 for none, and where there are too many.
func (ps *protocols) number(name string) uint16 {
	if name == "" {
		return 0
	}
	n, known := ps.numbers[name]
	switch {
	case known:
		return n
	case len(ps.texts) == mostProtocols:
		return 0
	case ps.numbers == nil:
		ps.numbers = map[string]uint16{}
	}
	ps.texts = append(ps.texts, name)
	n = uint16(len(ps.texts))
	ps.numbers[name] = n
	return n
}

// text is the name of a number, "" of 0.
func (ps *protocols) text(n uint16) string {
	if n == 0 {
		return ""
	}
	return ps.texts[n-1]
}
