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
