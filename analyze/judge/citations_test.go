package judge

import (
	"testing"

	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
	"phonehome/analyze/vendors"
)

// TestCommunityIDsOfADestination: the first eight, each once, and none of what has none.
func TestCommunityIDsOfADestination(t *testing.T) {
	hosts := flow.NewHosts(flow.NewNetworks(false))
	b := NewBuilder(hostname.NewIndex(hosts))
	add := func(r flow.Row) {
		r.Packets, r.Payload = [2]uint64{1, 1}, [2]uint64{1, 1}
		hosts.Look(&r)
		b.Add(&r)
	}
	row := flow.Row{Transport: packet.UDP, A: ipv4(203<<24 + 1), APort: 443, B: ipv4(10<<24 + 1), Opener: 1}
	var want []flow.CommunityID
	for port := range uint16(2 * maxCommunityIDs) {
		row.BPort = 1 + port
		id, _ := row.CommunityID()
		want = append(want, id)
		add(row)
		add(row) // the same ends and ports, later
	}
	row.Orphan = true
	add(row)
	c := b.Finish(&Attributor{Catalogue: vendors.Default(), Geo: &vendors.Geo{}})
	if len(c.Destinations) != 2 {
		t.Fatalf("%d destinations, want 2", len(c.Destinations))
	}
	for _, d := range c.Destinations {
		ids := c.Citations.Of(d).CommunityIDs
		if d.Transport == "fragment" {
			if len(ids) != 0 {
				t.Errorf("fragments have %v", ids)
			}
			continue
		}
		if len(ids) != maxCommunityIDs {
			t.Fatalf("%d ids, want %d", len(ids), maxCommunityIDs)
		}
		for i, id := range ids {
			if id != want[i] {
				t.Errorf("id %d is %s, want %s", i, id, want[i])
			}
		}
	}
}
