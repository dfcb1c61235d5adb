package capture

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Set is a body of evidence: sources in time order, and what was passed over.
type Set struct {
	Sources []*Source
	Ignored []Ignored

	named map[string]bool // clean paths of Sources
}

// put adds a source.
func (s *Set) put(src *Source) {
	s.Sources = append(s.Sources, src)
	s.named[filepath.Clean(src.Path)] = true
}

// Bytes is the sum of the sizes of the files as given, 0 where one is standard input.
func (s *Set) Bytes() (n int64) {
	for _, src := range s.Sources {
		if src.stdin != nil {
			return 0
		}
		n += src.Size
	}
	return n
}

// FindNamed is Find of files that are shown under other names than their paths, and ordered as these would be.
func FindNamed(names []string, paths map[string]string) (*Set, error) {
	s := &Set{Ignored: []Ignored{}}
	for _, name := range names {
		path := cmp.Or(paths[name], name)
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return nil, err
		case !info.Mode().IsRegular():
			return nil, fmt.Errorf("%s is no file", path)
		}
		src := &Source{Path: name, file: path, Size: info.Size()}
		src.peek()
		s.Sources = append(s.Sources, src)
	}
	s.number()
	return s, nil
}

// Find lists the inputs that args name: files, directories (below them all files; links are not followed), globs, or "-" for stdin.
// They are put in the order of their first records and numbered. A mistake in args is an error; a file that can't be read is a Source whose Open fails.
func Find(args []string, stdin io.Reader) (*Set, error) {
	if len(args) == 0 {
		return nil, errors.New("no capture given")
	}
	s := &Set{Ignored: []Ignored{}, named: map[string]bool{}}
	for _, a := range args {
		if err := s.arg(a, args, stdin); err != nil {
			return nil, err
		}
	}
	if len(s.Sources) == 0 {
		return nil, fmt.Errorf("no capture in %s", strings.Join(args, " "))
	}
	s.number()
	slices.SortFunc(s.Ignored, func(a, b Ignored) int { return cmp.Compare(a.Path, b.Path) })
	return s, nil
}

// number puts the sources in the order of their first records, drops copies, and numbers them.
func (s *Set) number() {
	slices.SortStableFunc(s.Sources, func(a, b *Source) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Size, b.Size), bytes.Compare(a.head, b.head), cmp.Compare(a.Path, b.Path))
	})
	s.dropCopies()
	for i, src := range s.Sources {
		src.Ordinal = uint32(i)
		if src.stdin == nil && !src.Facts {
			src.head = slices.Clone(src.head[:min(len(src.head), keptHead)])
		}
	}
}

// keptHead is enough of a file's head to recognise its format again: a tar's magic lies farthest in.
const keptHead = 512

func (s *Set) arg(a string, args []string, stdin io.Reader) error {
	if a == "-" {
		if len(args) > 1 || stdin == nil {
			return errors.New("standard input (-) is read alone")
		}
		s.addStream(a, io.NopCloser(stdin))
		return nil
	}
	if _, err := os.Stat(a); err == nil {
		return s.path(a)
	} else if !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(a, "*?[") {
		return err
	}
	found, err := filepath.Glob(a)
	if err != nil {
		return fmt.Errorf("%s: %w", a, err)
	}
	if len(found) == 0 {
		return fmt.Errorf("%s matches no file", a)
	}
	for _, f := range found {
		if err := s.path(f); err != nil {
			return err
		}
	}
	return nil
}

func (s *Set) path(p string) error {
	info, err := os.Stat(p)
	switch {
	case err != nil:
		return err
	case info.Mode().IsRegular():
		s.add(p, info.Size(), false)
		return nil
	case !info.IsDir(): // a pipe, such as a shell's <(command)
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		s.addStream(p, f)
		return nil
	}
	return filepath.WalkDir(p, func(at string, d fs.DirEntry, err error) error {
		switch {
		case err != nil: // what can't be looked into may be evidence
			s.put(&Source{Path: at, First: math.MinInt64, err: err})
		case d.Type()&fs.ModeSymlink != 0:
			s.Ignored = append(s.Ignored, Ignored{at, "a link"})
		case d.Type().IsRegular():
			info, err := d.Info()
			if err != nil {
				s.put(&Source{Path: at, First: math.MinInt64, err: err})
				return nil
			}
			s.add(at, info.Size(), true)
		}
		return nil
	})
}

// add looks at a file. One met in a directory that is no capture, or holds no packet and no damage, is passed over.
func (s *Set) add(path string, size int64, met bool) {
	if s.named[filepath.Clean(path)] {
		return // named twice
	}
	src := &Source{Path: path, Size: size}
	empty := src.peek()
	var no *NotCaptureError
	switch {
	case met && errors.As(src.err, &no):
		s.Ignored = append(s.Ignored, Ignored{path, src.err.Error()})
	case met && empty:
		s.Ignored = append(s.Ignored, Ignored{path, "a capture without packets"})
	default:
		s.put(src)
	}
}

// addStream looks at the head of standard input or of a pipe, which can be read once only.
func (s *Set) addStream(path string, stream io.ReadCloser) {
	src := &Source{Path: path, sum: sha256.New(), stdinCloser: stream}
	src.raw = bufio.NewReaderSize(stream, headLen)
	peeked, _ := src.raw.Peek(maxMagic) // an error comes again when it is read
	br := src.raw
	r, name, err := decompressed(peeked, io.TeeReader(br, src.sum))
	switch {
	case err != nil:
		src.err = fmt.Errorf("%s: %s: %w", path, name, err)
	case name != "":
		br = bufio.NewReaderSize(r, headLen)
	}
	src.stdin, src.compression = br, name
	head, err := br.Peek(pcapHeader)
	if _, _, ok := framerOf(head); !ok && err == nil {
		head, _ = br.Peek(keptHead) // no capture: what else it may be is told by more
	}
	src.head = slices.Clone(head)
	if src.err == nil {
		src.look(err)
	}
	s.put(src)
}

// peek reads the head of a file: what it is, and when its first record was. It reports whether that is a whole capture without a packet.
func (s *Source) peek() (empty bool) {
	s.First = math.MinInt64
	f, err := s.open()
	if err != nil {
		s.err = err
		return false
	}
	defer f.Close() // read only
	br := bufio.NewReader(f)
	peeked, _ := br.Peek(maxMagic)
	r, name, err := decompressed(peeked, br)
	if err != nil {
		s.err = fmt.Errorf("%s: %s: %w", s.Path, name, err)
		return false
	}
	s.compression = name
	s.head, err = io.ReadAll(io.LimitReader(r, headLen))
	whole := s.look(err) // what is damaged further on is found when it is read
	return err == nil && whole && len(s.head) < headLen && s.First == math.MinInt64
}

// look recognises the head and finds the time of the first record. err is what ended the head, where that was no limit. It reports whether
// the head is of whole blocks without damage.
func (s *Source) look(err error) (whole bool) {
	s.First = math.MinInt64
	if bytes.HasPrefix(s.head, []byte(`{"type":"`)) {
		s.Facts = true
		return false
	}
	f, _, ok := framerOf(s.head)
	switch {
	case !ok && err != nil && err != io.EOF:
		s.err = fmt.Errorf("%s: %s: %w", s.Path, cmp.Or(s.compression, "read"), err)
		return false
	case !ok:
		s.err = notCapture(s.Path, s.compression, s.head)
		return false
	}
	var b Block
	r := &Reader{framer: f, eof: len(s.head) < headLen}
	used := f.cut(r, s.head, &b)
	if len(b.Records) > 0 {
		s.First = b.Records[0].Time
	}
	return used == len(s.head) && len(r.info.Damage) == 0
}

// dropCopies drops sources with the same bytes as another. Only files of the same size and head are compared, byte by byte.
func (s *Set) dropCopies() {
	kept := s.Sources[:0]
	for _, src := range s.Sources {
		same := func(o *Source) bool {
			return o.err == nil && o.Size == src.Size && o.stdin == nil && src.stdin == nil && bytes.Equal(o.head, src.head) && sameContent(o.at(), src.at())
		}
		if i := slices.IndexFunc(kept, same); i >= 0 {
			s.Ignored = append(s.Ignored, Ignored{src.Path, "the same bytes as " + kept[i].Path})
			continue
		}
		kept = append(kept, src)
	}
	s.Sources = kept
}

// sameContent compares two files; those that can't be read differ.
func sameContent(a, b string) bool {
	fa, err := os.Open(a)
	if err != nil {
		return false
	}
	defer fa.Close() // read only
	fb, err := os.Open(b)
	if err != nil {
		return false
	}
	defer fb.Close() // read only
	ba, bb := make([]byte, headLen), make([]byte, headLen)
	for {
		na, ea := io.ReadFull(fa, ba)
		nb, eb := io.ReadFull(fb, bb)
		if !bytes.Equal(ba[:na], bb[:nb]) || (ea == nil) != (eb == nil) {
			return false
		}
		if ea != nil {
			return errors.Is(ea, io.EOF) || errors.Is(ea, io.ErrUnexpectedEOF)
		}
	}
}
