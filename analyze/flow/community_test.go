package flow

import (
	"net/netip"
	"testing"

	"phonehome/analyze/packet"
)

// TestCommunityID holds the hash against the values that the specification publishes for its baseline (seed 0).
func TestCommunityID(t *testing.T) {
	for _, c := range []struct {
		transport packet.Transport
		a         string
		b         string
		want      string
	}{
		{packet.TCP, "128.232.110.120:34855", "66.35.250.204:80", "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{packet.TCP, "66.35.250.204:80", "128.232.110.120:34855", "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{packet.UDP, "192.168.1.52:54585", "8.8.8.8:53", "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
		{packet.SCTP, "192.168.170.8:7", "192.168.170.56:7", "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="},
	} {
		a, b := netip.MustParseAddrPort(c.a), netip.MustParseAddrPort(c.b)
		got := CommunityIDOf(c.transport, packet.AddrFrom(a.Addr()), a.Port(), packet.AddrFrom(b.Addr()), b.Port(), a.Addr().Is6())
		if got.String() != c.want {
			t.Errorf("%s %s: %s, want %s", c.a, c.b, got, c.want)
		}
		var back CommunityID
		if err := back.UnmarshalText([]byte(c.want)); err != nil || back != got {
			t.Errorf("%s read back: %v, %v", c.want, back, err)
		}
	}
	for _, bad := range []string{"", "1:", "2:LQU9qZlK+B5F3KDmev6m5PMibrg=", "1:LQU9"} {
		if new(CommunityID).UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%q is taken for an id", bad)
		}
	}
}

func TestCommunityIDOfRows(t *testing.T) {
	row := Row{Transport: icmp}
	if _, ok := row.CommunityID(); ok {
		t.Error("an echo has an id without its type")
	}
	row = Row{Transport: packet.UDP, Orphan: true}
	if _, ok := row.CommunityID(); ok {
		t.Error("fragments without ports have an id")
	}
	row.Orphan = false
	if _, ok := row.CommunityID(); !ok {
		t.Error("a flow of UDP has none")
	}
}
