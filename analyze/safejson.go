package analyze

import (
	"fmt"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Shown says whether a rune may stand as it is. unicode.IsPrint leaves out controls, formats (bidirectional, zero width, tags), line separators and
// spaces other than ' '; unseen has what it lets pass.
func Shown(r rune) bool { return unicode.IsPrint(r) && !unicode.Is(unseen, r) }

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

// secondHash stands for the second of two: "##[" and "##vso[" are commands to some CI systems, wherever they stand in a log.
const secondHash = `\u0023`

// AppendSafeJSON adds JSON with what a terminal or the log of a CI system should not get as escapes: within a string, the escape of a rune means the same (RFC 8259, section 7).
// What encoding/json wrote for bytes that are no UTF-8 is an escape already, and so what was read of it becomes one again.
func AppendSafeJSON(b, json []byte) []byte {
	plain := 0 // from where on nothing was added
	for i := 0; i < len(json); {
		if c := json[i]; c < utf8.RuneSelf && c != 0x7f { // controls are escaped already
			if c == '#' && i > 0 && json[i-1] == '#' {
				b = append(append(b, json[plain:i]...), secondHash...)
				plain = i + 1
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(json[i:])
		if !Shown(r) || r == utf8.RuneError {
			b = appendRuneEscape(append(b, json[plain:i]...), r)
			plain = i + n
		}
		i += n
	}
	return append(b, json[plain:]...)
}

// appendRuneEscape adds a rune as JSON escapes it, in two parts beyond U+FFFF (RFC 8259, section 7).
func appendRuneEscape(b []byte, r rune) []byte {
	const last4 = 0xffff
	if r > last4 {
		hi, lo := utf16.EncodeRune(r)
		return fmt.Appendf(b, `\u%04x\u%04x`, hi, lo)
	}
	return fmt.Appendf(b, `\u%04x`, r)
}
