package analyze_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"phonehome/analyze"
	"phonehome/analyze/capture"
	"phonehome/analyze/judge"
	"phonehome/analyze/slice"
	"phonehome/fixtures"
)

// scanned is the result of a case, whose files are put into a folder, and the options of the scan.
func scanned(t *testing.T, slug string) (r *analyze.Result, o analyze.Options) {
	t.Helper()
	folder := t.TempDir()
	o = analyze.DefaultOptions()
	o.AsOf = "2018-12-01"
	for _, c := range fixtures.Cases() {
		if c.Slug != slug {
			continue
		}
		for _, f := range c.Make().Files {
			path := filepath.Join(folder, f.Name)
			if err := os.WriteFile(path, f.Data, 0o644); err != nil {
				t.Fatal(err)
			}
			o.Inputs = append(o.Inputs, path)
		}
	}
	return scan(t, o), o
}

func scan(t *testing.T, o analyze.Options) *analyze.Result {
	t.Helper()
	r, err := analyze.Scan(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// cut returns the slices by finding.
func cut(r *analyze.Result, o analyze.Options) (map[string]string, error) {
	out := map[string]string{}
	err := r.Cut(context.Background(), o, nil, func(finding string, piece []byte) error {
		out[finding] += string(piece)
		return nil
	})
	return out, err
}

// TestSlicesAreExact: slices depend neither on the size of blocks nor on what was cut before.
func TestSlicesAreExact(t *testing.T) {
	for _, slug := range []string{"two-taps-overlapping", "pcapng-two-link-types", "gzip", "advisory-3"} {
		r, o := scanned(t, slug)
		r.Findings = append(r.Findings, citeAll(r))
		want, err := cut(r, o)
		if err != nil || len(want) != len(r.Findings) {
			t.Fatalf("%s: %d slices: %v", slug, len(want), err)
		}
		for _, size := range []int{4 << 10, 5000, 1 << 20} {
			o.BlockSize = size
			got, err := cut(r, o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: blocks of %d bytes give other slices", slug, size)
			}
		}
	}
}

// citeAll is a finding that cites every frame.
func citeAll(r *analyze.Result) judge.Finding {
	f := judge.Finding{ID: "all"}
	for i := range r.Captures {
		e := judge.Evidence{Capture: i}
		for n := uint64(1); n <= r.Captures[i].Packets; n++ {
			e.Frames = append(e.Frames, n)
		}
		f.Evidence = append(f.Evidence, e)
	}
	return f
}

// TestChangedCapture: no evidence is cut out of a capture that is not the one that was scanned.
func TestChangedCapture(t *testing.T) {
	for name, change := range map[string]func(b []byte) []byte{
		"longer":  func(b []byte) []byte { return append(b, b[24:]...) },
		"shorter": func(b []byte) []byte { return b[:len(b)/2] },
		"other":   func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"empty":   func(b []byte) []byte { return b[:24] },
	} {
		r, o := scanned(t, "hello-split-records")
		r.Findings = append(r.Findings, citeAll(r))
		b, err := os.ReadFile(o.Inputs[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(o.Inputs[0], change(b), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err = cut(r, o)
		if changed := new(analyze.ChangedError); !errors.As(err, &changed) || !strings.Contains(err.Error(), filepath.Base(o.Inputs[0])+" changed since it was scanned") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCuttingIsBounded cuts slices that are much larger than the memory that may be held for them.
func TestCuttingIsBounded(t *testing.T) {
	const frames, size, findings, most = 64, 256 << 10, 8, 64 << 20
	b := slice.AppendInterface(slice.AppendSection(nil, ""), &slice.Interface{Link: capture.Ethernet})
	f := slice.Frame{Wire: size, Data: make([]byte, size)}
	for range frames {
		b = slice.AppendFrame(b, &f)
	}
	o := analyze.DefaultOptions()
	o.Inputs = []string{filepath.Join(t.TempDir(), "large.pcapng")}
	if err := os.WriteFile(o.Inputs[0], b, 0o644); err != nil {
		t.Fatal(err)
	}
	b = nil
	r := scan(t, o)
	for i := range findings {
		f := citeAll(r)
		f.ID = fmt.Sprint("f", i+1)
		r.Findings = append(r.Findings, f)
	}
	var sum, peak uint64
	err := r.Cut(context.Background(), o, nil, func(_ string, piece []byte) error {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		sum, peak = sum+uint64(len(piece)), max(peak, m.HeapAlloc)
		return nil
	})
	if err != nil || sum < frames*size*findings || peak > most {
		t.Errorf("%d bytes of slices, with %d bytes held: %v", sum, peak, err)
	}
}
