package report

import "phonehome/analyze"

// appendLaidOut adds JSON that has no white space, laid out with an indent of two spaces, and with runes that a terminal should not get as \u escapes. What follows its first
// line begins with prefix.
func appendLaidOut(b, json []byte, prefix string) []byte {
	depth := 0
	for i := 0; i < len(json); i++ {
		switch c := json[i]; c {
		case '"':
			n := stringLen(json[i:])
			b = analyze.AppendSafeJSON(b, json[i:i+n])
			i += n - 1
		case '{', '[':
			b = append(b, c)
			if end := json[i+1]; end == '}' || end == ']' {
				b = append(b, end)
				i++
				continue
			}
			depth++
			b = appendLine(b, prefix, depth)
		case '}', ']':
			depth--
			b = append(appendLine(b, prefix, depth), c)
		case ',':
			b = appendLine(append(b, c), prefix, depth)
		case ':':
			b = append(b, ':', ' ')
		default:
			b = append(b, c)
		}
	}
	return b
}

// appendLine begins a line.
func appendLine(b []byte, prefix string, depth int) []byte {
	b = append(append(b, '\n'), prefix...)
	for range depth {
		b = append(b, ' ', ' ')
	}
	return b
}

// stringLen is how many bytes the string has that JSON begins with, with its quotation marks.
func stringLen(json []byte) int {
	for i := 1; ; i++ {
		switch json[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}
