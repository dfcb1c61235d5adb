package judge

import (
	"encoding/json"
	"slices"
	"testing"

	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
)

// TestReadDestination: one that lacks every key, or has null in the place of its parts, can be looked at as any other.
func TestReadDestination(t *testing.T) {
	for _, text := range []string{`{}`, `{"disclosure":null,"servers":[{}]}`, `{"servers":[null],"disclosure":{}}`} {
		var d Destination
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if d.Client.IsValid() || d.Vendor != "" || d.Disclosure.Verdict != "" {
			t.Errorf("%s: %+v", text, d)
		}
		for _, s := range d.Servers {
			if s.Country != "" {
				t.Errorf("%s: %+v", text, s)
			}
		}
	}
}

// TestAnswersSometimes: an address that answers only some of what a client sends is one destination, whenever it answers; probes to others of its network stand apart.
func TestAnswersSometimes(t *testing.T) {
	const server, other = 198<<24 + 1, 198<<24 + 2
	for _, c := range []struct {
		why  string
		sent []uint32 // to whom
		answ string   // whether each answered
		want []uint64 // flows of each destination, in the order in which they were made
	}{
		{"answered first", []uint32{server, server, server}, "y--", []uint64{3}},
		{"answered late", []uint32{server, server, server, server}, "--y-", []uint64{4}},
		{"never", []uint32{server, other}, "--", []uint64{2}},
		{"another of the network never", []uint32{server, server, other, other}, "-y--", []uint64{2, 2}},
		{"each answers", []uint32{server, server, other, other}, "-y-y", []uint64{2, 2}},
		{"both were probed before one answered", []uint32{server, other, server}, "--y", []uint64{2, 1}},
	} {
		hosts := flow.NewHosts(flow.NewNetworks(false))
		b := NewBuilder(hostname.NewIndex(hosts))
		for i, to := range c.sent {
			r := flow.Row{A: ipv4(10<<24 + 1), B: ipv4(to), APort: uint16(40_000 + i), BPort: 9000, Transport: packet.UDP, Packets: [2]uint64{1, 0}, Payload: [2]uint64{9, 0}, First: int64(i), Last: int64(i)}
			if c.answ[i] == 'y' {
				r.Packets[1] = 1
			}
			hosts.Look(&r)
			b.Add(&r)
		}
		var got []uint64
		for d := range b.dests.All() {
			got = append(got, d.flows)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: destinations of %d flows, want %d", c.why, got, c.want)
		}
	}
}
