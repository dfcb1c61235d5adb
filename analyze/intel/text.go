package intel

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"phonehome/analyze/capture"
)

// textOf is the text of a file: decompressed, and in UTF-8 where a byte order mark says that it is in UTF-16, as programs of Windows write it. How much comes out of a file that is
// compressed is its author's choice: more than most bytes are an error.
func textOf(data []byte, most int) ([]byte, error) {
	r, compression, err := capture.Decompressed(bytes.NewReader(data))
	if err == nil && compression != "" {
		data, err = io.ReadAll(io.LimitReader(r, int64(most)+1))
	}
	if err != nil {
		return nil, fmt.Errorf(" %s: %w", compression, err)
	}
	if len(data) > most {
		return nil, fmt.Errorf(" larger than %d MiB when it is decompressed", most>>20)
	}
	for _, in := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if len(data) >= 2 && in.Uint16(data) == utf16Mark {
			return fromUTF16(data[2:], in, most)
		}
	}
	return data, nil
}

// utf16Mark is the byte order mark, which read the wrong way round is no character (RFC 2781, section 3.2).
const utf16Mark = 0xfeff

// fromUTF16 is a text in UTF-8. Halves of a character that stand alone become the replacement character, so that their row is not understood.
func fromUTF16(data []byte, in binary.ByteOrder, most int) ([]byte, error) {
	out := make([]byte, 0, len(data)/2)
	for ; len(data) >= 2; data = data[2:] {
		r := rune(in.Uint16(data))
		if utf16.IsSurrogate(r) && len(data) >= 4 {
			if both := utf16.DecodeRune(r, rune(in.Uint16(data[2:]))); both != utf8.RuneError {
				r, data = both, data[2:]
			}
		}
		out = utf8.AppendRune(out, r)
		if len(out) > most {
			return nil, fmt.Errorf(" larger than %d MiB in UTF-8", most>>20)
		}
	}
	if len(data) > 0 {
		return nil, fmt.Errorf("%d: ends within a character of UTF-16", lineAt(out, len(out)))
	}
	return out, nil
}
