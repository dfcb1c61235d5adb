package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"phonehome/analyze"
	"phonehome/analyze/judge"
)

// TestJSON: the text is what encoding/json makes of the whole, with no escapes for HTML.
func TestJSON(t *testing.T) {
	for name, r := range map[string]*analyze.Result{"empty": sample(), "office": office(), "marks": sample(destination("10.0.0.5", "a<b>&c", "A & B", "catalogue", 1))} {
		var want, got bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		r.Destinations = append([]*judge.Destination{}, r.Destinations...)
		if err := e.Encode(r); err != nil {
			t.Fatal(err)
		}
		if err := writeJSON(&got, r, Options{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.String(), got.String()); diff != "" {
			t.Errorf("%s (- whole, + streamed):\n%s", name, diff)
		}
		back, err := analyze.ReadResult(&got)
		if err != nil {
			t.Fatal(err)
		}
		if len(back.Destinations) != len(r.Destinations) {
			t.Errorf("%s: %d destinations came back, of %d", name, len(back.Destinations), len(r.Destinations))
		}
	}
}

// TestLaidOut: what is plain is laid out as encoding/json does it.
func TestLaidOut(t *testing.T) {
	for _, in := range []string{`{}`, `[]`, `0`, `null`, `"a"`, `{"a":{},"b":[],"c":[[],{}]}`, `[{"a":-1.5e+9,"b":true},[1,"2"]]`, `{"{,:[\"\\":"]}\\","a b":" , "}`} {
		var want bytes.Buffer
		if err := json.Indent(&want, []byte(in), "    ", "  "); err != nil {
			t.Fatal(err)
		}
		if got := appendLaidOut(nil, []byte(in), "    "); string(got) != want.String() {
			t.Errorf("%s:\n%s\nwant:\n%s", in, got, &want)
		}
	}
}

type failing struct{ after int }

var errFull = errors.New("disk is full")

func (f *failing) Write(p []byte) (int, error) {
	f.after -= len(p)
	if f.after < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// TestWriteErrors: an output that breaks is an error in every format, wherever it breaks.
func TestWriteErrors(t *testing.T) {
	r := manyDestinations(5000)
	for _, f := range Formats {
		if f.Live || f.Folder != nil {
			continue
		}
		var whole bytes.Buffer
		if err := f.Write(&whole, r, Options{}); err != nil {
			t.Fatal(err)
		}
		for _, after := range []int{0, whole.Len() / 2} {
			if err := f.Write(&failing{after}, r, Options{}); !errors.Is(err, errFull) {
				t.Errorf("%s after %d bytes: %v", f.Name, after, err)
			}
		}
	}
}

// manyDestinations is a result of n destinations.
func manyDestinations(n int) *analyze.Result {
	ds := make([]*judge.Destination, n)
	for i := range ds {
		ds[i] = destination(fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255), fmt.Sprintf("host-%d.example.net", i%5000), fmt.Sprintf("vendor-%d", i%300), "catalogue", uint64(i))
	}
	return sample(ds...)
}

// TestJSONIsStreamed: writing a result holds little beside the result, however many destinations it has.
func TestJSONIsStreamed(t *testing.T) {
	r := manyDestinations(20_000)
	peak := &peakWriter{}
	if err := writeJSON(peak, r, Options{}); err != nil {
		t.Fatal(err)
	}
	const most = 1 << 20
	if peak.largest > most {
		t.Errorf("%d bytes were written at a time, want at most %d of %d", peak.largest, most, peak.all)
	}
}

type peakWriter struct{ largest, all int }

func (w *peakWriter) Write(p []byte) (int, error) {
	w.largest, w.all = max(w.largest, len(p)), w.all+len(p)
	return len(p), nil
}

func BenchmarkJSON(b *testing.B) {
	r := manyDestinations(10_000)
	b.ReportAllocs()
	for b.Loop() {
		if err := writeJSON(io.Discard, r, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
