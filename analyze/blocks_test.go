package analyze

import (
	"container/heap"
	"math"
	"testing"
	"time"

	"phonehome/analyze/capture"
	"phonehome/fixtures"
)

// sideBySide are n captures of records each, whose times alternate.
func sideBySide(s *scan, n, records int) (active feeds) {
	for c := range n {
		b := &block{pool: &s.pool}
		b.refs.Store(2)
		for k := range records {
			b.Records = append(b.Records, capture.Record{Time: int64(k*n + (c*7919)%n), Capture: uint32(c)})
		}
		heap.Push(&active, &feed{scan: s, source: &capture.Source{}, cur: b, ended: true})
	}
	return active
}

// TestSideBySide: records of captures that overlap come by time, and the turn of the next one is found without a look at all of them.
func TestSideBySide(t *testing.T) {
	const records = 4
	growth := fixtures.Growth(120, func(n int) time.Duration {
		o := DefaultOptions()
		s := newScan(o, &capture.Set{Sources: make([]*capture.Source, n)})
		s.to = -1 // nothing is counted
		active := sideBySide(s, n, records)
		begun, last := time.Now(), int64(-1)
		for len(active) > 0 {
			at := active[0].next().Time
			if at <= last {
				t.Fatalf("a record of %d after one of %d", at, last)
			}
			last = at
			s.consume(&active, math.MaxInt64)
		}
		if s.packets != uint64(n*records) {
			t.Fatalf("%d records, want %d", s.packets, n*records)
		}
		return time.Since(begun)
	})
	if growth > fixtures.MostGrowth {
		t.Errorf("8 times as many captures side by side take %.0f times as long", growth)
	}
}
