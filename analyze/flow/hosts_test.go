package flow

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"phonehome/analyze/packet"
)

// TestHosts: each address has one number, in the order in which they came, and its side.
func TestHosts(t *testing.T) {
	const many = 10_000
	h := NewHosts(NewNetworks(false))
	addr := func(i int) packet.Addr {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], 0x0afffff0+uint32(i)) // the first 16 are inside
		return packet.AddrFrom(netip.AddrFrom4(b))
	}
	for range 2 {
		for i := range many {
			if n := h.Number(addr(i)); n != uint32(i) || h.Addr(n) != addr(i) || (h.Side(n) == Inside) != (i < 16) {
				t.Fatalf("address %d: number %d, side %d", i, n, h.Side(n))
			}
		}
	}
	if h.Len() != many {
		t.Errorf("%d addresses, want %d", h.Len(), many)
	}
}
