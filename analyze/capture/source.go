package capture

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Source is one input: a capture, or saved facts.
type Source struct {
	Path        string // as it is shown
	file        string // that is opened, where it is not Path
	Size        int64  // bytes of the file as given; 0 for standard input
	Ordinal     uint32 // number in time order
	Facts       bool   // saved facts: to be read through Reader, not Open
	First       int64  // time of the first record, ns since 1970; least int64 where unknown
	compression string
	head        []byte // first bytes, decompressed
	err         error  // why it can't be read

	// Of standard input, and of pipes: its decompressed bytes, its bytes as given, and their hash where they are compressed.
	stdin       io.Reader
	stdinCloser io.Closer
	raw         *bufio.Reader
	sum         hash.Hash
}

// NotCaptureError is a file that is no capture.
type NotCaptureError struct {
	Path  string
	First []byte // its first bytes
	Hint  string // what it may be, "" if unknown
}

func (e *NotCaptureError) Error() string {
	if len(e.First) == 0 {
		return fmt.Sprintf("%s is empty", e.Path)
	}
	s := fmt.Sprintf("%s is not a capture: it begins with % x", e.Path, e.First)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// compressions recognises compressed files by their magic: RFC 1952, RFC 8878, the lz4 frame format, the xz file format.
var compressions = []struct {
	name  string
	magic string
	open  func(io.Reader) (io.Reader, error)
}{
	{"gzip", "\x1f\x8b", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	{"zstd", "\x28\xb5\x2f\xfd", openZstd},
	{"zstd", "\x50\x2a\x4d\x18", openZstd}, // a skippable frame, as pzstd writes first
	{"lz4", "\x04\x22\x4d\x18", func(r io.Reader) (io.Reader, error) { return lz4.NewReader(r), nil }},
	{"xz", "\xfd7zXZ\x00", openXZ},
}

// maxWindow bounds the memory of a zstd decoder: the greatest window that zstd's own tool accepts unasked.
const maxWindow = 128 << 20

func openZstd(r io.Reader) (io.Reader, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

const headLen = 64 << 10 // bytes looked at before a file is read

// Plain says whether the source is a file whose bytes are read as they are.
func (s *Source) Plain() bool { return s.stdin == nil && s.compression == "" }

// open opens the file as given.
func (s *Source) open() (io.ReadCloser, error) {
	if s.stdin != nil {
		if s.stdinCloser == nil {
			return io.NopCloser(s.stdin), nil
		}
		return struct {
			io.Reader
			io.Closer
		}{s.stdin, s.stdinCloser}, nil
	}
	return os.Open(s.at())
}

// at is the path that is opened.
func (s *Source) at() string { return cmp.Or(s.file, s.Path) }

// Twice says whether the source can be read again: a file can, standard input and pipes cannot.
func (s *Source) Twice() bool { return s.stdin == nil }

// decompressed returns the decompressed bytes of raw, and whether it was compressed. peeked are its first bytes.
func decompressed(peeked []byte, raw io.Reader) (r io.Reader, name string, err error) {
	for _, c := range compressions {
		if bytes.HasPrefix(peeked, []byte(c.magic)) {
			r, err = c.open(raw)
			return r, c.name, err
		}
	}
	return raw, "", nil
}

// Decompressed returns the decompressed bytes of what may be compressed in a way that captures are, and how it is: "gzip", "zstd" ...; "" where it is not. Who reads it bounds how much.
func Decompressed(raw io.Reader) (io.Reader, string, error) {
	br := bufio.NewReader(raw)
	peeked, _ := br.Peek(maxMagic) // an error comes again when it is read
	return decompressed(peeked, br)
}

// Reader returns the decompressed bytes of the source.
func (s *Source) Reader() (io.ReadCloser, error) {
	f, err := s.open()
	if err != nil {
		return nil, err
	}
	if s.stdin != nil {
		return f, nil
	}
	r, _, err := Decompressed(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", s.Path, err), f.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{r, f}, nil
}

const maxMagic = 8

// Open begins to read a capture.
func (s *Source) Open(o Options) (*Reader, error) {
	if s.err != nil {
		return nil, s.err
	}
	f, err := s.open()
	if err != nil {
		return nil, err
	}
	r := &Reader{opt: o, ordinal: s.Ordinal, closers: []io.Closer{f}, plain: true}
	r.info = Info{Path: s.Path, Bytes: s.Size, Undecoded: map[string]uint64{}, Damage: []Damage{}, Interfaces: []Interface{}}
	r.src = f
	switch {
	case s.stdin != nil && s.compression != "":
		r.plain, r.info.Compression, r.raw = false, s.compression, io.TeeReader(s.raw, s.sum)
		if o.Hash {
			r.sum = s.sum
		}
	case s.compression != "":
		err = r.decompress(f, s.compression)
	default:
		r.readAgain(f)
	}
	if err == nil {
		err = r.recognise(s)
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// readAgain notes a file that can be read again.
func (r *Reader) readAgain(f io.Reader) {
	file, ok := f.(*os.File)
	if !ok {
		return
	}
	if i, err := file.Stat(); err == nil && i.Mode().IsRegular() {
		r.file, r.opened = file, i
	}
}

// decompress puts a decompressor, and where asked for a hash of the compressed bytes, before the file.
func (r *Reader) decompress(f io.Reader, name string) error {
	r.plain, r.info.Compression = false, name
	raw := f
	if r.opt.Hash {
		r.sum = sha256.New()
		raw = io.TeeReader(f, r.sum)
	}
	r.raw = raw
	br := bufio.NewReaderSize(raw, headLen)
	peeked, _ := br.Peek(maxMagic)
	src, _, err := decompressed(peeked, br)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", r.info.Path, name, err)
	}
	if c, ok := src.(io.Closer); ok {
		r.closers = append(r.closers, c)
	}
	r.src = src
	return nil
}

// recognise chooses the framer by the first bytes.
func (r *Reader) recognise(s *Source) error {
	f, format, ok := framerOf(s.head)
	if !ok {
		return notCapture(s.Path, s.compression, s.head)
	}
	r.framer, r.info.Format = f, format
	return nil
}

// framerOf recognises a capture format.
func framerOf(head []byte) (framer, string, bool) {
	if f, format, ok := newPcap(head); ok {
		return f, format, true
	}
	if bytes.HasPrefix(head, []byte(snoopMagic)) && len(head) >= snoopHeader {
		return &snoopFramer{}, "snoop", true
	}
	if len(head) >= blockOverhead && bytes.HasPrefix(head, []byte{0x0a, 0x0d, 0x0d, 0x0a}) {
		return &ngFramer{}, "pcapng", true
	}
	return nil, "", false
}

// hints say what a file that is no capture may be, by its first bytes.
var hints = []struct{ magic, hint string }{
	{"PK\x03\x04", "a zip archive: unpack it first"},
	{"%PDF", "a PDF"},
	{"\x7fELF", "a program"},
	{"MZ", "a Windows program"},
	{"<!DOCTYPE", "a web page: was the download refused?"},
	{"<html", "a web page: was the download refused?"},
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it first"},
	{"BZh", "bzip2: decompress it first"},
	{"version https://git-lfs", "a pointer of Git LFS, not the file it stands for"},
	{"{", "JSON: a saved result goes to phonehome report"},
	{"\xd4\xc3\xb2\xa1", "a pcap header that is cut short"},
	{"\xa1\xb2\xc3\xd4", "a pcap header that is cut short"},
	{"\x4d\x3c\xb2\xa1", "a pcap header that is cut short"},
	{"\xa1\xb2\x3c\x4d", "a pcap header that is cut short"},
	{"\x34\xcd\xb2\xa1", "a pcap header that is cut short"},
	{"\xa1\xb2\xcd\x34", "a pcap header that is cut short"},
	{snoopMagic, "a snoop header that is cut short"},
	{"\x0a\x0d\x0d\x0a", "a pcapng header that is cut short"},
	{"No.", "the text output of Wireshark: save the packets instead"},
	{"XCP\x00", "a capture of NetXRay: convert it with editcap"},
	{"GMBU", "a capture of Network Monitor: convert it with editcap"},
	{"RTSS", "a capture of Network Monitor: convert it with editcap"},
}

func notCapture(path, compression string, head []byte) error {
	e := &NotCaptureError{Path: path, First: head[:min(len(head), 16)], Hint: hintOf(head)}
	if e.Hint != "" && compression != "" {
		e.Hint = compression + " of " + e.Hint
	}
	return e
}

func hintOf(head []byte) string {
	const tarMagicAt = 257
	if len(head) > tarMagicAt+5 && string(head[tarMagicAt:tarMagicAt+5]) == "ustar" {
		return "a tar archive: unpack it first"
	}
	for _, h := range hints {
		if bytes.HasPrefix(head, []byte(h.magic)) {
			return h.hint
		}
	}
	for _, c := range compressions {
		if bytes.HasPrefix(head, []byte(c.magic)) { // inside another
			return c.name + ": decompress it once"
		}
	}
	return ""
}

// Sum is the SHA-256 of the file as given, in hexadecimal: for comparing it with facts that were saved of it.
func (s *Source) Sum() (string, error) {
	if s.stdin != nil {
		return "", errors.New("standard input is read once only")
	}
	f, err := os.Open(s.at())
	if err != nil {
		return "", err
	}
	defer f.Close() // read only
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}
