package flow

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"phonehome/analyze/packet"
)

// TestLookedUpTogether: what an item was looked up for may have ended, or begun, by the packets before it in its batch. Rows are as if each had come alone.
func TestLookedUpTogether(t *testing.T) {
	l := testLimits()
	l.MaxActive = 3
	var ps []packet.Packet
	r := rand.New(rand.NewPCG(1, 2))
	now := int64(0)
	for i := range 4000 {
		flags := packet.ACK
		if r.IntN(8) == 0 {
			flags = packet.SYN
		}
		p := *seg(r.IntN(2), r.Uint32N(4)*100, flags, "payload")
		p.SrcPort += uint16(r.IntN(5))
		if r.IntN(50) == 0 {
			now += l.IdleOther
		}
		now += 1e6
		p.Time, p.Frame, p.IPID = now, uint64(i+1), uint16(i)
		ps = append(ps, p)
	}
	alone := NewTable(l, &transcript{})
	for i := range ps {
		alone.Add(&ps[i], ps[i].Hash())
	}
	alone.Finish()
	want := rowsOf(alone)
	if len(want) < 100 {
		t.Fatalf("%d rows: the packets test nothing", len(want))
	}
	for _, n := range []int{2, 7, 16} {
		together := NewTable(l, &transcript{})
		for at := 0; at < len(ps); at += n {
			items := make([]Item, 0, n)
			for i := at; i < min(at+n, len(ps)); i++ {
				items = append(items, Item{Packet: ps[i], Pair: ps[i].Hash(), Table: together})
			}
			Count(items)
		}
		together.Finish()
		if d := cmp.Diff(want, rowsOf(together)); d != "" {
			t.Errorf("batches of %d (-alone +together):\n%s", n, d)
		}
		if d := cmp.Diff(alone.LimitsHit(), together.LimitsHit()); d != "" {
			t.Errorf("batches of %d: limits (-alone +together):\n%s", n, d)
		}
	}
}

// TestAnEntryIsThreeLines: what is touched for every packet lies in three lines of a cache, and begins with one.
func TestAnEntryIsThreeLines(t *testing.T) {
	const line = 64
	if size := reflect.TypeFor[entry]().Size(); size != 3*line {
		t.Errorf("an entry takes %d bytes", size)
	}
}

// BenchmarkCount is one packet of one of so many flows that their entries are in no cache.
func BenchmarkCount(b *testing.B) {
	const tables, flows = 64, 1 << 17
	l := testLimits()
	l.MaxActive, l.IdleOther, l.IdleEstablished = flows, 1<<62, 1<<62
	var tabs []*Table
	for range tables {
		tabs = append(tabs, NewTable(l, &transcript{}))
	}
	r := rand.New(rand.NewPCG(1, 2))
	p := *seg(0, 100, packet.ACK, "")
	items := make([]Item, 16)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		it := &items[n%len(items)]
		it.Packet = p
		it.Packet.Time, it.Packet.Frame = int64(n)*1000, uint64(n)
		x := r.Uint32N(flows)
		it.Packet.Src[14], it.Packet.Src[15], it.Packet.SrcPort = byte(x), byte(x>>8), uint16(x>>16)
		it.Pair = it.Packet.Hash()
		it.Table = tabs[it.Pair%tables]
		if n%len(items) == len(items)-1 {
			Count(items)
		}
	}
}
