package capture

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"phonehome/fixtures"
)

// TestSmallFileBlock: a small file is read in one block of its size, as thousands may be read side by side.
func TestSmallFileBlock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pcap")
	file := fixtures.Pcap{}.Bytes([]fixtures.Frame{{Time: fixtures.Start, Data: make([]byte, 60)}})
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := Find([]string{path}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := set.Sources[0].Open(Options{BlockSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() // read only
	var b Block
	if err := r.Next(&b); len(b.Records) != 1 || !r.eof {
		t.Fatalf("%d records, end %v (%v), want one block", len(b.Records), r.eof, err)
	}
	if cap(b.buf) > 2*len(file) {
		t.Errorf("a block of %d bytes for a file of %d", cap(b.buf), len(file))
	}
}

// TestNamedTwice: whether a file was named before is told in a time that does not grow with the files.
func TestNamedTwice(t *testing.T) {
	growth := fixtures.Growth(1000, func(n int) time.Duration {
		s := &Set{named: map[string]bool{}}
		for i := range n {
			s.put(&Source{Path: fmt.Sprintf("captures/%d.pcap", i)})
		}
		begun := time.Now()
		for i := range n {
			s.add(fmt.Sprintf("./captures/%d.pcap", i), 0, false)
		}
		if len(s.Sources) != n {
			t.Fatalf("%d sources, want %d", len(s.Sources), n)
		}
		return time.Since(begun)
	})
	if growth > fixtures.MostGrowth {
		t.Errorf("8 times as many files take %.0f times as long", growth)
	}
}
