package judge

import (
	"testing"

	"phonehome/analyze/flow"
	"phonehome/analyze/packet"
)

// TestCommunityIDsOfADestination: the first eight, each once, and none of what has none.
func TestCommunityIDsOfADestination(t *testing.T) {
	var b Builder
	var d dest
	b.addID(&d, &flow.Row{Transport: packet.UDP, Orphan: true})
	var want []flow.CommunityID
	for port := range uint16(2 * maxCommunityIDs) {
		r := flow.Row{Transport: packet.UDP, APort: 1 + port, BPort: 443}
		id, _ := r.CommunityID()
		want = append(want, id)
		b.addID(&d, &r)
		b.addID(&d, &r) // the same ends and ports, later
	}
	ids := b.communityIDs(&d)
	if len(ids) != maxCommunityIDs {
		t.Fatalf("%d ids, want %d", len(ids), maxCommunityIDs)
	}
	for i, id := range ids {
		if id != want[i] {
			t.Errorf("id %d is %s, want %s", i, id, want[i])
		}
	}
}
