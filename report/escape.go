package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"phonehome/analyze"
)

// Terminal makes text from a capture, or of a file name, safe to show on a terminal, and visible as what it is: everything that moves the
// cursor, turns the direction of writing, or takes no room stands as an escape (\x1b, \u202e), and so do bytes that are no UTF-8. What a CI system takes for a command where it
// stands at the beginning of a line, behind spaces too, or ("##[") anywhere in its log, is broken up.
func Terminal(s string) string {
	if strings.HasPrefix(strings.TrimLeft(s, " "), "::") || strings.Contains(s, "##") {
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
		case analyze.Shown(r):
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
