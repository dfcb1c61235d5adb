package personal

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
)

// Mail looks for personal data in a mail, also in parts that are encoded for the transfer (RFC 2045, section 6). At most limit bytes are decoded.
func Mail(text []byte, limit int, found func(Find)) {
	f := newFinder(found)
	defer f.free()
	f.encoded(text, limit)
	f.text(text)
}

const emptyLine = "\r\n\r\n"

// encoded looks at the parts of a message in base64, in quoted-printable, or compressed by gzip; at most limit bytes of them all. What is no text when it is decoded is not looked at.
func (f *finder) encoded(text []byte, limit int) {
	for limit > 0 {
		head, body, ok := bytes.Cut(text, []byte(emptyLine))
		if !ok {
			return
		}
		text = body
		out := plain(transferEncoding(head), body, limit)
		if limit -= len(out); len(out) > 0 && readable(out) {
			f.text(out)
		}
	}
}

// transferEncoding is the value, in lower case, of the last Content-Transfer-Encoding in lines of a header (RFC 2045, section 6.1).
func transferEncoding(head []byte) string {
	const longest, field = 2048, "\ncontent-transfer-encoding:"
	head = bytes.ToLower(head[max(0, len(head)-longest):])
	at := bytes.LastIndex(head, []byte(field))
	if at < 0 {
		return ""
	}
	value, _, _ := bytes.Cut(head[at+len(field):], []byte("\r"))
	return string(bytes.TrimSpace(value))
}

// plain decodes the part that body begins with; nil where it is not encoded.
func plain(encoding string, body []byte, limit int) []byte {
	var out []byte
	switch encoding {
	case "base64":
		part, _, _ := bytes.Cut(body, []byte("\n--"))
		out = atMost(limit, base64.NewDecoder(base64.StdEncoding, bytes.NewReader(part)))
	case "quoted-printable":
		part, _, _ := bytes.Cut(body, []byte("\n--"))
		out = atMost(limit, quotedprintable.NewReader(bytes.NewReader(part)))
	}
	packed := out
	if out == nil {
		packed = body
	}
	if !bytes.HasPrefix(packed, gzipMagic) {
		return out
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	r.Multistream(false) // the next part is behind it
	return atMost(limit, r)
}

// atMost reads as far as it can: what was decoded before a fault is as good as the rest.
func atMost(limit int, r io.Reader) []byte {
	out, _ := io.ReadAll(io.LimitReader(r, int64(limit)))
	return out
}
