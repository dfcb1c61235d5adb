package flow

import (
	"runtime"
	"testing"

	"phonehome/analyze/packet"
)

// Bars of memory, bytes a flow: two hundredths above what was measured. What makes them rise should be worth it: captures have millions of flows.
const (
	mostActive = 225 // that lasts, and whose name is known: the entry, what few flows have beside it, and the index
	mostEnded  = 63  // of TCP, on IPv4
)

// TestMemory: a flow costs so many bytes while it lasts and when it ended, and no more. It counts what lives on the heap, which is the same in each run.
func TestMemory(t *testing.T) {
	const flows = 20_000
	l := testLimits()
	l.MaxActive = flows
	before := held()
	tab := NewTable(l, &transcript{stop: 1})
	for i := range flows {
		for seq, dir := range []int{0, 1, 0} {
			p := seg(dir, 100+uint32(seq), packet.ACK, "payload")
			p.Time, p.Frame = int64(i)*1000, uint64(i)
			if dir == 0 {
				p.SrcPort, p.Src[14] = uint16(i), byte(i>>16)
			} else {
				p.DstPort, p.Dst[14] = uint16(i), byte(i>>16)
			}
			tab.Add(p, p.Hash())
		}
	}
	if n := tab.Rows().Len(); n != 0 {
		t.Fatalf("%d flows ended, want none", n)
	}
	if each := (held() - before) / flows; each > mostActive || each < mostActive/2 {
		t.Errorf("%d bytes for a flow that lasts, want %d at most, and not half of that", each, mostActive)
	}
	tab.Finish()
	if each := (held() - before) / flows; each > mostEnded || each < mostEnded/2 {
		t.Errorf("%d bytes for a flow that ended, want %d at most, and not half of that", each, mostEnded)
	}
	if n := tab.Rows().Len(); n != flows {
		t.Errorf("%d flows ended, want %d", n, flows)
	}
}

// held is how many bytes live on the heap.
func held() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
