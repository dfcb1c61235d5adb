// Package intel says what lists given by the user say of an address or a name. A list is a claim of its author at a date: it is cited, and never
// believed. Formats are recognised by what a file holds, never by its name.
package intel

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Kind says what an indicator names.
type Kind string

// The kinds of indicators, the most telling first.
const (
	Address  Kind = "address"  // one address
	Network  Kind = "network"  // all addresses of a network
	Domain   Kind = "domain"   // one name, exactly
	Wildcard Kind = "wildcard" // all names below one; written `.name`, that one too
	URLHost  Kind = "url-host" // the host of a listed URL: the list speaks of the URL, and others may share the host
)

// List is one file of indicators, and what became of its rows.
type List struct {
	Name          string   `json:"name"` // as the file itself has it; else the file's name
	Path          string   `json:"path"`
	Format        string   `json:"format"`
	Date          string   `json:"date"`               // as the file itself has it, YYYY-MM-DD; "" is unknown
	SHA256        string   `json:"sha256"`             // of the file as given
	Indicators    int      `json:"indicators"`         // that can match; of a warning list, the values
	Ignored       int      `json:"ignored"`            // inside, reserved or local; networks that are too wide; revoked; not meant for detection
	Unusable      int      `json:"unusable"`           // of kinds that no flow shows: hashes, file names, e-mail addresses
	NotUnderstood int      `json:"not_understood"`     // rows that are no indicators
	Examples      []string `json:"examples,omitempty"` // some of those, with their lines where the format has lines
	Warnings      bool     `json:"warnings,omitempty"` // a list of false positives: it annotates hits, and makes none
}

// Hit is one indicator that fits what was looked up.
type Hit struct {
	Indicator   string   `json:"indicator"` // as the list has it: a domain, an address, a network, a URL
	Kind        Kind     `json:"kind"`
	Port        uint16   `json:"port,omitempty"` // the only port that the indicator speaks of; 0 is any
	List        int      `json:"list"`           // index in Lists
	Date        string   `json:"date,omitempty"` // of the indicator, YYYY-MM-DD; "" where the list has none
	Description string   `json:"description,omitempty"`
	More        int      `json:"more,omitempty"`        // how many indicators of this list, kind and value come after this one and are not shown
	Annotations []string `json:"annotations,omitempty"` // names of the warning lists that have what was looked up
}

// Input is one file of indicators.
type Input struct {
	Path string
	Data []byte
}

// Load reads the lists at the paths given, in their order. The same bytes given twice count once.
func Load(paths []string) (*Set, error) {
	b := newBuilder()
	for _, p := range paths {
		data, err := readFile(p)
		if err != nil {
			return nil, fmt.Errorf("intel: %w", err)
		}
		if err := b.read(Input{p, data}); err != nil {
			return nil, fmt.Errorf("intel: %w", err)
		}
	}
	return b.set(), nil
}

// Read is Load of files that are in memory.
func Read(files []Input) (*Set, error) {
	b := newBuilder()
	for _, f := range files {
		if err := b.read(f); err != nil {
			return nil, fmt.Errorf("intel: %w", err)
		}
	}
	return b.set(), nil
}

// readFile reads a file that is not larger than maxFile.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	// The size is a claim: a pipe has none, and a file may grow.
	data := make([]byte, 0, min(max(info.Size(), 0), maxFile)+1)
	for len(data) <= maxFile {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err == io.EOF {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: larger than %d MiB", path, maxFile>>20)
}

// read adds one file to the lists.
func (b *builder) read(f Input) error {
	if len(f.Data) > maxFile {
		return fmt.Errorf("%s: larger than %d MiB", f.Path, maxFile>>20)
	}
	sum := sha256.Sum256(f.Data)
	if b.seen[sum] {
		return nil
	}
	b.seen[sum] = true
	if len(b.lists) == maxLists {
		return fmt.Errorf("%s: more than %d lists", f.Path, maxLists)
	}
	text, err := textOf(f.Data, maxFile)
	if err != nil {
		return fmt.Errorf("%s:%w", f.Path, err)
	}
	h, err := newHead(text)
	if err != nil {
		return fmt.Errorf("%s:%w", f.Path, err)
	}
	format, ok := recognise(h)
	if !ok {
		return fmt.Errorf("%s:%d: not a list of indicators in a format that is known (%s)", f.Path, h.firstRow, strings.Join(Formats(), ", "))
	}
	b.lists = append(b.lists, List{Name: filepath.Base(f.Path), Path: f.Path, Format: format.name, SHA256: hex.EncodeToString(sum[:])})
	r := &reader{builder: b, list: &b.lists[len(b.lists)-1], index: uint16(len(b.lists) - 1), head: h, data: h.data}
	if err := format.read(r); err != nil {
		return fmt.Errorf("%s:%w", f.Path, err)
	}
	if r.tooLarge {
		return fmt.Errorf("%s: the lists have more than %d indicators, or %d MiB of text", f.Path, maxIndicators, maxText>>20)
	}
	if l := r.list; !h.json && l.NotUnderstood > 0 && l.Indicators+l.Ignored+l.Unusable == 0 {
		return fmt.Errorf("%s:%d: read as %s, but no row of it was understood", f.Path, h.firstRow, l.Format)
	}
	return nil
}
