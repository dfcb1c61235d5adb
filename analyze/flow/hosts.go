package flow

import (
	"net/netip"

	"phonehome/analyze/packet"
)

// Hosts numbers addresses in the order in which they come, and knows where each one is. Keys that are made of the numbers are short and hold no pointer: a big capture has
// hundreds of thousands of addresses, and each stands in many keys.
type Hosts struct {
	networks *Networks
	numbers  Numbering[packet.Addr]
	addrs    List[packet.Addr]
	sides    []Side
}

// NewHosts returns an empty Hosts.
func NewHosts(n *Networks) *Hosts {
	h := &Hosts{networks: n}
	h.numbers = NewNumbering(func(n uint32) packet.Addr { return *h.addrs.At(n) })
	return h
}

// Seal gives back what only numbering needs: Number and Look are not called any more.
func (h *Hosts) Seal() { h.numbers = Numbering[packet.Addr]{} }

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
	n := h.numbers.Find(a)
	if n == 0 {
		var addr *packet.Addr
		addr, n = h.addrs.Add()
		*addr = a
		h.sides = append(h.sides, h.networks.Side(a.Netip(true)))
		h.numbers.Add(a, n)
	}
	return n - 1
}
