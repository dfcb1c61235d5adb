package report

import (
	"unicode/utf8"

	"phonehome/analyze"
)

// appendLaidOut adds JSON that has no white space, laid out with an indent of two spaces, and with runes that a terminal should not get as \u escapes. What follows its first
// line begins with prefix.
func appendLaidOut(b, json []byte, prefix string) []byte {
	depth := 0
	for i := 0; i < len(json); i++ {
		switch c := json[i]; c {
		case '"':
			n := stringLen(json[i:])
			b = appendSafeJSON(b, json[i:i+n])
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

// appendSafeJSON adds a string of JSON. Within one, the escape of a rune means the same (RFC 8259, section 7).
func appendSafeJSON(b, json []byte) []byte {
	plain := 0 // from where on nothing was added
	for i := 0; i < len(json); {
		if c := json[i]; c < utf8.RuneSelf && c != 0x7f { // controls are escaped already
			if c == '#' && i > 0 && json[i-1] == '#' { // "##[" is a command to some CI systems
				b = append(append(b, json[plain:i]...), `\u0023`...)
				plain = i + 1
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(json[i:])
		if !shown(r) {
			b = analyze.AppendRuneEscape(append(b, json[plain:i]...), r)
			plain = i + n
		}
		i += n
	}
	return append(b, json[plain:]...)
}
