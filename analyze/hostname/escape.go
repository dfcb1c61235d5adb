package hostname

import (
	"unicode/utf8"
)

// Text turns the bytes of a name of kind k into the text of facts: valid UTF-8 as it is, any other byte as \xNN in lower case. A
// backslash stays one, so that the presentation form of DNS names (\DDD), which is ASCII already, passes as it is.
// Controls pass too: to escape them is the task of each output.
func Text(_ Kind, raw []byte) string {
	if utf8.Valid(raw) {
		return string(raw)
	}
	const hex = "0123456789abcdef"
	text := make([]byte, 0, 2*len(raw))
	for len(raw) > 0 {
		r, size := utf8.DecodeRune(raw)
		if r == utf8.RuneError && size == 1 {
			text = append(text, '\\', 'x', hex[raw[0]>>4], hex[raw[0]&0xf])
		} else {
			text = append(text, raw[:size]...)
		}
		raw = raw[size:]
	}
	return string(text)
}
