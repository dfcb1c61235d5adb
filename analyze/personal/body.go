package personal

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// Body looks for personal data in the body of a message. encoding and contentType are the values of its header fields (RFC 9110, sections 8.4 and 8.3). At most limit bytes are decoded.
// It reports false where an encoding is not known or nothing could be decoded. Pictures, sounds and archives are not looked at.
func Body(encoding, contentType string, body []byte, limit int, found func(Find)) bool {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	kind = strings.TrimSpace(kind)
	if opaque(kind) {
		return true
	}
	text, ok := decoded(encoding, body, limit)
	if !ok {
		return false
	}
	f := newFinder(found)
	defer f.free()
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		f.parts(text)
		f.encoded(text, limit)
	case kind == "application/x-www-form-urlencoded":
		text = bytes.ReplaceAll(text, []byte("+"), []byte(" "))
	default:
		f.document(text, limit)
		return true
	}
	f.text(text)
	return true
}

// opaque says whether bytes of a media type hold no text.
func opaque(kind string) bool {
	for _, p := range []string{"image/", "video/", "audio/", "font/", "application/zip", "application/pdf", "application/x-tar", "application/vnd.rar", "application/x-7z"} {
		if strings.HasPrefix(kind, p) && kind != "image/svg+xml" {
			return true
		}
	}
	return false
}

// readable says whether bytes are text for the most part: in the others a find would be chance.
func readable(text []byte) bool {
	odd := 0
	for _, b := range text {
		if b < ' ' && b != '\n' && b != '\r' && b != '\t' || b == 0x7f {
			odd++
		}
	}
	return odd*20 <= len(text)
}

// maxEncodings is how many encodings may lie in one another.
const maxEncodings = 3

// decoded undoes the encodings, the last first, and gzip that nobody declared.
func decoded(encoding string, body []byte, limit int) ([]byte, bool) {
	list := strings.Split(strings.ToLower(encoding), ",")
	if len(list) > maxEncodings {
		return nil, false
	}
	for i := len(list) - 1; i >= 0; i-- {
		name := strings.TrimSpace(list[i])
		if name == "" || name == "identity" {
			continue
		}
		r, err := reader(name, body)
		if err != nil {
			return nil, false
		}
		// What was decoded before a fault is as good as the rest: captures lack bytes.
		out, err := io.ReadAll(io.LimitReader(r, int64(limit)))
		r.Close()
		if err != nil && len(out) == 0 {
			return nil, false
		}
		body = out
	}
	if out, _ := unpacked(body, limit); out != nil {
		body = out
	}
	return body[:min(len(body), limit)], true
}

// unpacked decompresses what was compressed before it was sent, and nobody says so; nil where that is not so. Text may begin as zlib does: that must decode to its end, or to the limit.
// The cost is what a try was worth in decoded bytes, whether or not anything came of it.
func unpacked(body []byte, limit int) (text []byte, cost int) {
	const decoder = 1 << 10 // its tables and its window have to be made first
	in := bytes.NewReader(body)
	if bytes.HasPrefix(body, gzipMagic) {
		if r, err := gzip.NewReader(in); err == nil {
			text = atMost(limit, r)
			return text, decoder + len(text)
		}
	}
	if len(body) > 1 && body[0] == zlibMethod {
		if r, err := zlib.NewReader(in); err == nil {
			text, err = io.ReadAll(io.LimitReader(r, int64(limit)))
			cost = decoder + len(text)
			if err != nil {
				text = nil
			}
		}
	}
	return text, cost
}

// zlibMethod begins what is compressed by deflate, with a window of 32 KiB, in zlib; the next byte has check bits (RFC 1950, section 2.2).
const zlibMethod = 0x78

// gzipMagic begins what is compressed by deflate in gzip (RFC 1952, section 2.3.1).
var gzipMagic = []byte{0x1f, 0x8b, 8}

// window bounds what a frame may ask a decoder to hold, bytes.
const window = 8 << 20

func reader(encoding string, body []byte) (io.ReadCloser, error) {
	in := bytes.NewReader(body)
	switch encoding {
	case "gzip", "x-gzip":
		return gzip.NewReader(in)
	case "deflate":
		// RFC 9110, section 8.4.1.2, means zlib; some send what is inside it.
		if r, err := zlib.NewReader(in); err == nil {
			return r, nil
		}
		return flate.NewReader(bytes.NewReader(body)), nil
	case "br":
		return io.NopCloser(brotli.NewReader(in)), nil
	case "zstd":
		d, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(window), zstd.WithDecoderMaxWindow(window))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return nil, errUnknown
}

type unknownEncoding struct{}

func (unknownEncoding) Error() string { return "the encoding is not known" }

var errUnknown = unknownEncoding{}

// parts looks at the fields of a form in parts: a name in the header, the value behind an empty line (RFC 7578, section 4.2).
func (f *finder) parts(text []byte) {
	const mark, end = "name=\"", "\r\n--"
	var context []byte
	for {
		at := bytes.Index(text, []byte(mark))
		if at < 0 {
			return
		}
		text = text[at+len(mark):]
		key, rest, ok := bytes.Cut(text, []byte("\""))
		if !ok || len(key) > maxKey {
			continue
		}
		at = bytes.Index(rest[:min(len(rest), 2*maxValue)], []byte(emptyLine))
		if at < 0 {
			continue
		}
		value, _, _ := bytes.Cut(rest[at+len(emptyLine):], []byte(end))
		if len(value) > maxValue {
			continue
		}
		line := append(append(bytes.Clone(key), '='), value...)
		f.fieldAt(append(append(context, '&'), line...), len(context)+1+len(key))
		context = append(append(context, '&'), line...)
		context = context[max(0, len(context)-2*nearby):]
	}
}
