package flow

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"phonehome/analyze/packet"
)

// TestOwnersInAnyOrder: what a MAC owns, and where it was seen first, does not depend on the order of the rows.
func TestOwnersInAnyOrder(t *testing.T) {
	host, router := packet.MAC{2, 1}, packet.MAC{2, 2}
	row := func(mac packet.MAC, addr string, ttl uint8, first int64, frame uint64) *Row {
		a, peer := netip.MustParseAddr(addr), netip.MustParseAddr("192.0.2.1")
		if a.Is6() {
			peer = netip.MustParseAddr("2001:db8:ffff::1")
		}
		return &Row{A: packet.AddrFrom(a), B: packet.AddrFrom(peer), V6: a.Is6(), MACs: [2]packet.MAC{mac}, TTL: [2]uint8{ttl}, Packets: [2]uint64{1}, First: first, FirstFrame: frame}
	}
	rows := []*Row{
		row(host, "10.0.0.1", 64, 5, 5), row(host, "2001:db8::1", 64, 4, 4), row(host, "2001:db8::1", 64, 2, 2), row(host, "2001:db8::2", 64, 3, 3),
		row(router, "10.0.0.254", 64, 1, 1), row(router, "198.51.100.1", 64, 6, 6), row(router, "203.0.113.1", 64, 7, 7),
	}
	learnt := func() (out []string) {
		o, n := NewOwners(), NewNetworks(false)
		for _, r := range rows {
			o.Add(r, n)
		}
		o.Inferred(func(a netip.Addr, _ uint32, frame uint64) { out = append(out, fmt.Sprint(a, " in frame ", frame)) })
		return out
	}
	want := []string{"2001:db8::1 in frame 2", "2001:db8::2 in frame 3"}
	for range rows {
		if got := learnt(); !slices.Equal(got, want) {
			t.Errorf("inferred %q, want %q", got, want)
		}
		rows = append(rows[1:], rows[0])
	}
	slices.Reverse(rows)
	if got := learnt(); !slices.Equal(got, want) {
		t.Errorf("inferred %q in reverse, want %q", got, want)
	}
}

// TestOwnersOfRouters: who advertises itself is a router. Of two that have addresses of different links and talk directly one is a router, and where nothing says which, neither is inferred.
func TestOwnersOfRouters(t *testing.T) {
	host, router := packet.MAC{2, 1}, packet.MAC{2, 2}
	row := func(a, b string, macs [2]packet.MAC, answers uint64, protocol string) *Row {
		return &Row{A: packet.AddrFrom(netip.MustParseAddr(a)), B: packet.AddrFrom(netip.MustParseAddr(b)), V6: true, MACs: macs, TTL: [2]uint8{64, 64}, Packets: [2]uint64{1, answers}, Protocol: protocol}
	}
	rows := []*Row{
		row("fe80::1", "fe80::2", [2]packet.MAC{host, router}, 1, ""),
		row("2001:db8:1::1", "2001:db8:2::1", [2]packet.MAC{host, router}, 1, "tls"),
	}
	advertised := row("fe80::2", "ff02::1", [2]packet.MAC{router}, 0, "icmpv6-ra")
	advertised.TTL[0] = 255
	for want, rows := range [][]*Row{rows, append(slices.Clone(rows), advertised)} {
		for range 2 {
			o, n, got := NewOwners(), NewNetworks(false), 0
			for _, r := range rows {
				o.Add(r, n)
			}
			o.Inferred(func(a netip.Addr, _ uint32, _ uint64) {
				if got++; a != netip.MustParseAddr("2001:db8:1::1") {
					t.Errorf("%v is inferred", a)
				}
			})
			if got != want {
				t.Errorf("%d addresses, want %d", got, want)
			}
			slices.Reverse(rows)
		}
	}
}

// TestOwnersOfConversations: where both ends of a conversation have one MAC it is of neither, and who talks to inside addresses alone may be outside of the router.
func TestOwnersOfConversations(t *testing.T) {
	one, other := packet.MAC{2, 1}, packet.MAC{2, 2}
	for _, c := range []struct {
		peer    string
		macs    [2]packet.MAC
		answers uint64
		want    int
	}{
		{"203.0.113.1", [2]packet.MAC{other, one}, 1, 1},
		{"203.0.113.1", [2]packet.MAC{other, one}, 0, 0},
		{"203.0.113.1", [2]packet.MAC{one, one}, 1, 0},
		{"10.0.0.6", [2]packet.MAC{other, one}, 1, 0},
	} {
		o, n, got := NewOwners(), NewNetworks(false), 0
		add := func(macs [2]packet.MAC, a, b string, answers uint64) {
			o.Add(&Row{A: packet.AddrFrom(netip.MustParseAddr(a)), B: packet.AddrFrom(netip.MustParseAddr(b)), MACs: macs, TTL: [2]uint8{64, 64}, Packets: [2]uint64{1, answers}}, n)
		}
		add([2]packet.MAC{one, other}, "10.0.0.5", "10.0.0.6", 0)
		add(c.macs, c.peer, "198.51.100.1", c.answers)
		o.Inferred(func(netip.Addr, uint32, uint64) { got++ })
		if got != c.want {
			t.Errorf("%v: %d addresses, want %d", c, got, c.want)
		}
	}
}
