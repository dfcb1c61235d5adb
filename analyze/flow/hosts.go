package flow

import (
	"hash/maphash"
	"net/netip"

	"phonehome/analyze/packet"
)

// Hosts numbers addresses in the order in which they come, and knows where each one is. Keys that are made of the numbers are short and hold no pointer: a big capture has
// hundreds of thousands of addresses, and each stands in many keys.
type Hosts struct {
	networks *Networks
	seed     maphash.Seed      // only places in the index depend on it, never a number
	index    []uint32          // open addressing, as many as a power of two: the number of an address and one; 0 for none
	addrs    List[packet.Addr] // from number 0 on
	sides    []Side
}

const minHosts = 64

// NewHosts returns an empty Hosts.
func NewHosts(n *Networks) *Hosts {
	return &Hosts{networks: n, seed: maphash.MakeSeed(), index: make([]uint32, minHosts)}
}

// Len is how many addresses have a number: those from 0 on.
func (h *Hosts) Len() int { return h.addrs.Len() }

// Addr is the address of a number.
func (h *Hosts) Addr(n uint32) packet.Addr { return *h.addrs.At(n + 1) }

// Side says where the address of a number is. It is the same for an IPv4 address in either form.
func (h *Hosts) Side(n uint32) Side { return h.sides[n] }

// SideOf says where an address is that need not have a number.
func (h *Hosts) SideOf(a netip.Addr) Side { return h.networks.Side(a) }

// Look looks up the hosts of a row.
func (h *Hosts) Look(r *Row) { r.Hosts = [2]uint32{h.Number(r.A), h.Number(r.B)} }

// Number returns the number of an address.
func (h *Hosts) Number(a packet.Addr) uint32 {
	at := h.place(a)
	if h.index[at] != 0 {
		return h.index[at] - 1
	}
	addr, n := h.addrs.Add()
	*addr = a
	h.sides = append(h.sides, h.networks.Side(a.Netip(true)))
	h.index[at] = n
	if h.Len()*4 >= len(h.index)*3 {
		h.grow()
	}
	return n - 1
}

// place is where an address stands in the index, or where it would.
func (h *Hosts) place(a packet.Addr) uint32 {
	mask := uint32(len(h.index) - 1)
	i := uint32(maphash.Bytes(h.seed, a[:])) & mask
	for h.index[i] != 0 && *h.addrs.At(h.index[i]) != a {
		i = (i + 1) & mask
	}
	return i
}

// grow doubles the index.
func (h *Hosts) grow() {
	h.index = make([]uint32, 2*len(h.index))
	n := uint32(0)
	for a := range h.addrs.All() {
		n++
		h.index[h.place(*a)] = n
	}
}
