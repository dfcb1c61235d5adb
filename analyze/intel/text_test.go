package intel

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
)

// packed is a text as a compressor writes it.
func packed(t testing.TB, open func(w io.Writer) (io.WriteCloser, error), text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := open(&b)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func openGzip(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }
func openZstd(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }
func openLZ4(w io.Writer) (io.WriteCloser, error)  { return lz4.NewWriter(w), nil }
func openXZ(w io.Writer) (io.WriteCloser, error) {
	return xz.WriterConfig{DictCap: 1 << 16}.NewWriter(w)
}

func inGzip(t testing.TB, text []byte) []byte { return packed(t, openGzip, text) }

// inUTF16 is a text in UTF-16, with a byte order mark.
func inUTF16(o binary.AppendByteOrder, text string) []byte {
	b := o.AppendUint16(nil, utf16Mark)
	for _, u := range utf16.Encode([]rune(text)) {
		b = o.AppendUint16(b, u)
	}
	return b
}

// TestTexts: a list is the same however its file is written, but for the hash of the file.
func TestTexts(t *testing.T) {
	for name, text := range samples(t) {
		want := mustRead(t, text).Lists()[0]
		wide := inUTF16(binary.LittleEndian, strings.ReplaceAll(string(text), "\n", "\r\n"))
		for how, file := range map[string][]byte{
			"in UTF-16, little end first": wide, "in UTF-16, big end first": inUTF16(binary.BigEndian, string(text)),
			"gzip": inGzip(t, text), "gzip in two members": append(inGzip(t, text[:9]), inGzip(t, text[9:])...), "gzip of UTF-16": inGzip(t, wide),
			"zstd": packed(t, openZstd, text), "lz4": packed(t, openLZ4, text), "xz": packed(t, openXZ, text),
		} {
			got := mustRead(t, file).Lists()[0]
			if got.SHA256 == want.SHA256 {
				t.Errorf("%s, %s: the hash is not of the file", name, how)
			}
			got.SHA256 = want.SHA256
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s (-plain +got):\n%s", name, how, diff)
			}
		}
	}
}

// TestBadTexts: what is cut, damaged or no text is no list, and is said. None is read in part.
func TestBadTexts(t *testing.T) {
	text := []byte(strings.Repeat("a.example.com\nb.example.com\n", 100))
	wide, small, zipped := inUTF16(binary.LittleEndian, string(text)), packed(t, openZstd, text), inGzip(t, text)
	sum := bytes.Clone(zipped)
	sum[len(sum)-8] ^= 1
	for what, c := range map[string]struct {
		file []byte
		want string
	}{
		"gzip that is cut":             {zipped[:len(zipped)-1], "intel: list: gzip: unexpected EOF"},
		"a gzip header that is cut":    {zipped[:5], "intel: list: gzip: unexpected EOF"},
		"gzip whose checksum is wrong": {sum, "intel: list: gzip: gzip: invalid checksum"},
		"gzip with junk behind":        {append(bytes.Clone(zipped), "junk"...), "intel: list: gzip: "},
		"zstd that is cut":             {small[:len(small)-1], "intel: list: zstd: unexpected EOF"},
		"gzip of nothing":              {inGzip(t, nil), "intel: list:1: the file is empty"},
		"gzip of gzip":                 {inGzip(t, zipped), "intel: list:1: a NUL byte: not a list in text"},
		"half a character":             {wide[:len(wide)-1], "intel: list:200: ends within a character of UTF-16"},
		"UTF-16 of nothing":            {wide[:2], "intel: list:1: the file is empty"},
		"UTF-16 without a mark":        {wide[2:], "intel: list:1: a NUL byte: not a list in text"},
		"UTF-32":                       {[]byte("\xff\xfe\x00\x00a\x00\x00\x00"), "intel: list:1: a NUL byte: not a list in text"},
	} {
		_, err := Read([]Input{{"list", c.file}})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", what, err, c.want)
		}
	}
	const rows = "a.example.com\nb.example.com\nX.example.com\n"
	half := inUTF16(binary.BigEndian, rows)
	copy(half[2+2*strings.Index(rows, "X"):], "\xd8\x00")
	if got := mustRead(t, half).Lists()[0]; got.Indicators != 2 || got.NotUnderstood != 1 {
		t.Errorf("half of a pair: %+v", got)
	}
}

// TestBombs: a small file that would be a large one is not held.
func TestBombs(t *testing.T) {
	const most = 1 << 20
	for what, c := range map[string]struct {
		file []byte
		want string
	}{
		"zeros":               {inGzip(t, make([]byte, 64<<20)), " larger than 1 MiB when it is decompressed"},
		"lines":               {packed(t, openZstd, bytes.Repeat([]byte("\n"), 64<<20)), " larger than 1 MiB when it is decompressed"},
		"letters of 3 bytes":  {inUTF16(binary.LittleEndian, strings.Repeat("\u4e00", most/2-1)), " larger than 1 MiB in UTF-8"},
		"as much as there is": {inGzip(t, bytes.Repeat([]byte("\n"), most)), ""},
	} {
		got, err := textOf(c.file, most)
		if c.want == "" && (err != nil || len(got) != most) || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("%s: %d bytes, %v", what, len(got), err)
		}
	}
	window := append([]byte("\x28\xb5\x2f\xfd"), 0, 0x90) // a frame that asks for a window of 256 MiB: RFC 8878, section 3.1.1.1.2
	if _, err := textOf(append(window, 1, 0, 0), most); err == nil || !strings.Contains(err.Error(), "window") {
		t.Errorf("a window of 256 MiB: %v", err)
	}
}
