package personal

import (
	"bytes"
	"unicode/utf8"
)

// shortestBase64 is the length of the shortest string that is decoded: shorter ones are words and identifiers, and hold no value with what says what it is.
const shortestBase64 = 24

// document looks at text, and at what is Base64 in it: all of it, or strings of JSON (RFC 4648, section 4). That is looked at only where it decodes to text, compressed or not; at most
// limit bytes of it.
func (f *finder) document(text []byte, limit int) {
	if !readable(text) {
		return
	}
	f.text(text)
	limit -= f.base64(bytes.TrimSpace(text), limit)
	for limit > 0 {
		_, rest, ok := bytes.Cut(text, []byte(`"`))
		end := bytes.IndexByte(rest, '"')
		if !ok || end < 0 {
			return
		}
		limit -= f.base64(rest[:end], limit)
		text = rest[end:]
	}
}

// base64 looks at what a string decodes to, and returns what that took of the limit: one string must not cost what a whole document may, and there be hundreds of them.
func (f *finder) base64(s []byte, limit int) int {
	if len(s) < shortestBase64 || !isBase64(s[:shortestBase64-2]) {
		return 0
	}
	out := base64Of(s)
	packed, cost := unpacked(out, limit)
	cost += len(out)
	if packed != nil {
		out = packed
	}
	if out = out[:min(len(out), limit)]; utf8.Valid(out) && readable(out) {
		f.text(out)
	}
	return cost
}

func isBase64(s []byte) bool {
	for _, c := range s {
		if !isDigit(c) && !isLetter(c) && c != '+' && c != '/' {
			return false
		}
	}
	return true
}
