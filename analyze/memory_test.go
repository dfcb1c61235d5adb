package analyze

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"phonehome/fixtures"
)

// Bars of memory, bytes: two hundredths above what was measured. What makes them rise should be worth it: captures have millions of flows.
const (
	mostFacts       = 197 // a flow that ended, and the names that go with it
	mostDestination = 580 // of a result, without facts
)

// TestMemory: what is held of a capture grows by so many bytes a flow and a destination, and by no more. It counts what lives on the heap, not what the system gave: that is the same in each
// run but for a few hundred bytes. What a flow costs while it lasts is in TestMemory of flow.
func TestMemory(t *testing.T) {
	o := DefaultOptions()
	o.Inputs, o.Workers, o.Hash, o.AsOf, o.GeoEmbedded, o.Facts = []string{manyFlows(t)}, 1, false, "2026-01-01", false, false
	in, err := o.input()
	if err != nil {
		t.Fatal(err)
	}
	before := held()
	e, err := collect(context.Background(), o, in)
	if err != nil {
		t.Fatal(err)
	}
	bytes, flows := held()-before, 0
	for _, r := range e.rows {
		flows += r.Len()
	}
	within(t, "flows", bytes, flows, mostFacts)

	before = held()
	r, err := Scan(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	bytes = held() - before
	within(t, "destinations", bytes, len(r.Destinations), mostDestination)
}

// within wants things to have so many bytes each, and enough of them for what they share not to count. Half of it, and it was not measured, or the bar should fall.
func within(t *testing.T, what string, bytes, n, most int) {
	t.Helper()
	if n < 5000 || bytes > n*most || bytes < n*most/2 {
		t.Errorf("%d %s: %d bytes each, want %d at most, and not half of that", n, what, bytes/n, most)
	}
}

// held is how many bytes live on the heap.
func held() int {
	runtime.GC()
	runtime.GC() // what finalizers and pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// manyFlows is a capture of more than twenty thousand flows.
func manyFlows(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "many.pcap")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := (fixtures.Big{Size: 36 << 20, Mean: 120, Flows: 2000}).Write(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
