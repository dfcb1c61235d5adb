package judge

import (
	"net/netip"
	"testing"
)

// TestCalled: the maker of a network card is no name of its host.
func TestCalled(t *testing.T) {
	d := Destination{Inside: &Inside{Client: netip.MustParseAddr("10.0.0.1"), ClientLabel: "Example Corp.", LabelBasis: "mac-maker"}}
	if got, want := d.called(), "10.0.0.1 has a hardware address of “Example Corp.”."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	d.LabelBasis = "dhcp-host"
	if got, want := d.called(), "10.0.0.1 is called “Example Corp.”."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestUnanswered: of what was sent and never answered nobody knows whether it arrived.
func TestUnanswered(t *testing.T) {
	c := &Case{Destinations: []*Destination{{PacketsIn: 0}, {PacketsIn: 1}, {PacketsIn: 0}}, details: []detail{{state: rankTransferred}, {state: rankTransferred}, {state: rankAttempted}}}
	for _, x := range []struct {
		members []int
		want    bool
	}{{[]int{0}, true}, {[]int{0, 2}, true}, {[]int{0, 1}, false}, {[]int{2}, false}} {
		if got := c.unanswered(&group{members: x.members}); got != x.want {
			t.Errorf("%v: %t, want %t", x.members, got, x.want)
		}
	}
}
