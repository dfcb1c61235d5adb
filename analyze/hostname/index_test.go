package hostname

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"phonehome/analyze/flow"
	"phonehome/analyze/packet"
	"phonehome/fixtures"
)

// joined is an index and the rows to be asked about, in order.
type joined struct {
	x     *Index
	hosts *flow.Hosts
	rows  []flow.Row
}

func newJoined() *joined {
	h := flow.NewHosts(flow.NewNetworks(false))
	return &joined{x: NewIndex(h), hosts: h}
}

var (
	asker  = packet.AddrFrom(netip.MustParseAddr("10.0.0.5"))
	target = packet.AddrFrom(netip.MustParseAddr("192.0.2.1"))
)

// says adds a flow from a client's port, that says a name a nanosecond after its first packet and ends one later; or one that goes on, without an opening.
func (j *joined) says(at int64, port uint16, name string, opener int8) {
	j.x.Add(&Name{Kind: TLSSNI, Name: []byte(name), Client: asker, Server: target, ClientPort: port, ServerPort: 443, Transport: packet.TCP, At: at + 1, Frame: uint64(at)})
	j.rows = append(j.rows, flow.Row{A: asker, B: target, APort: port, BPort: 443, Transport: packet.TCP, First: at, Last: at + 2, Opener: opener})
}

// each asks about all rows, and says how long it took.
func (j *joined) each(f func(i int, n *Naming)) time.Duration {
	j.x.Sort()
	begun := time.Now()
	for i := range j.rows {
		j.hosts.Look(&j.rows[i])
		f(i, j.x.Flow(&j.rows[i], 0))
	}
	return time.Since(begun)
}

// TestIndexSameEnds: a client that keeps its port does not make each flow look at what all the others said.
func TestIndexSameEnds(t *testing.T) {
	for name, opener := range map[string]int8{"opened": 0, "gone on": -1} {
		growth := fixtures.Growth(4000, func(n int) time.Duration {
			j := newJoined()
			for i := range n {
				j.says(int64(i)*10, 50000, fmt.Sprintf("h%d.example.com", i), opener)
			}
			return j.each(func(i int, n *Naming) {
				switch {
				case opener == 0 && (len(n.Own) != 1 || n.Own[0].Name != fmt.Sprintf("h%d.example.com", i)):
					t.Fatalf("flow %d has the names %v", i, n.Own)
				case opener < 0 && len(n.Own) != min(i+1, MaxNamed):
					t.Fatalf("row %d has %d names", i, len(n.Own))
				}
			})
		})
		if growth > fixtures.MostGrowth {
			t.Errorf("%s: 8 times as many rows take %.0f times as long", name, growth)
		}
	}
}

// TestIndexElsewhere: a flow's own name is held against the answers for its address in a time that does not grow with them.
func TestIndexElsewhere(t *testing.T) {
	growth := fixtures.Growth(8000, func(n int) time.Duration {
		j := newJoined()
		for i := range n {
			name, value := fmt.Sprintf("h%d.example.com", i), "192.0.2.1"
			if i%2 == 1 {
				value = "192.0.2.2"
			}
			j.x.Add(&Name{Kind: DNS, RRType: "A", Name: []byte(name), Value: []byte(value), Client: asker, Server: target, At: int64(i), TTL: 1})
			j.says(1e15+int64(i)*10, uint16(i), name, 0)
		}
		return j.each(func(i int, n *Naming) {
			if n.Elsewhere != (i%2 == 1) {
				t.Fatalf("flow %d: elsewhere is %v", i, n.Elsewhere)
			}
		})
	})
	if growth > fixtures.MostGrowth {
		t.Errorf("8 times as many answers and flows take %.0f times as long", growth)
	}
}

// TestIndexOverlapping: what captures that overlap say of one flow is taken in the order of time.
func TestIndexOverlapping(t *testing.T) {
	j := newJoined()
	j.says(20, 50000, "b.example.com", 0)
	j.says(10, 50000, "a.example.com", 0)
	j.rows[0], j.rows[1] = j.rows[1], j.rows[0]
	j.each(func(i int, n *Naming) {
		if want := []string{"a.example.com", "b.example.com"}[i]; len(n.Own) != 1 || n.Own[0].Name != want {
			t.Errorf("flow %d has the names %v, want %s", i, n.Own, want)
		}
	})
}
