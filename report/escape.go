package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Terminal makes text from a capture, or of a file name, safe to show on a terminal, and visible as what it is: everything that moves the
// cursor, turns the direction of writing, or takes no room stands as an escape (\x1b, \u202e), and so do bytes that are no UTF-8. What a CI system takes for a command where it
// stands at the beginning of a line, or ("##[") anywhere in its log, is broken up.
func Terminal(s string) string {
	if strings.HasPrefix(s, "::") || strings.Contains(s, "##") {
		s = logCommands.Replace(s)
	}
	return visible(s)
}

// visible makes text safe to show, and visible as what it is, where no CI system reads it.
func visible(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case shown(r):
			b.WriteRune(r)
		default:
			b.WriteString(runeEscape(r))
		}
		i += n
	}
	return b.String()
}

// plain says whether s is printable ASCII, as nearly all names are.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// shown says whether a rune may stand as it is. unicode.IsPrint leaves out controls, formats (bidirectional, zero width, tags), line separators and
// spaces other than ' '; unseen has what it lets pass.
func shown(r rune) bool { return unicode.IsPrint(r) && !unicode.Is(unseen, r) }

// unseen are letters, symbols and marks without ink: the grapheme joiner, the Hangul fillers, the Khmer vowels that are not written, the empty
// Braille cell, and variation selectors (Unicode 15, Default_Ignorable_Code_Point, and U+2800).
var unseen = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x034f, Hi: 0x034f, Stride: 1},
		{Lo: 0x115f, Hi: 0x1160, Stride: 1},
		{Lo: 0x17b4, Hi: 0x17b5, Stride: 1},
		{Lo: 0x180b, Hi: 0x180f, Stride: 1},
		{Lo: 0x2800, Hi: 0x2800, Stride: 1},
		{Lo: 0x3164, Hi: 0x3164, Stride: 1},
		{Lo: 0xfe00, Hi: 0xfe0f, Stride: 1},
		{Lo: 0xffa0, Hi: 0xffa0, Stride: 1},
	},
	R32: []unicode.Range32{{Lo: 0xe0100, Hi: 0xe01ef, Stride: 1}},
}

// runeEscape writes a rune as Go and JSON do.
func runeEscape(r rune) string {
	const last2, last4 = 0x7f, 0xffff // greatest runes of two and four hexadecimal digits; \x80 and on would read as bytes
	switch {
	case r <= last2:
		return fmt.Sprintf(`\x%02x`, r)
	case r <= last4:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}
