package slice

import (
	"encoding/binary"
	"net/netip"

	"phonehome/analyze/capture"
)

var be = binary.BigEndian

// Heads makes frames fit to be shared: the headers that it knows stay, and nothing else. What it does not know, and every payload, goes; so what is in a frame can't
// be forgotten, only kept by name.
type Heads struct {
	// Address says what stands for an IP address; of an IPv4 address it is one of IPv4. Nil: addresses stay, and hardware addresses too.
	Address func(netip.Addr) netip.Addr

	macs map[[6]byte]uint32 // in the order in which they were met, from 1
}

// maxHeads is more than the headers that are kept ever have: 18 bytes of Ethernet and four tags, 60 of IP, 60 of TCP.
const maxHeads = 256

// Frame returns the headers of a frame. The bytes after them have no part in it.
func (h *Heads) Frame(link capture.LinkType, data []byte) []byte {
	w := &headWalk{h: h, b: append([]byte{}, data[:min(len(data), maxHeads)]...)}
	w.link(link)
	return w.b[:w.kept]
}

// headWalk goes through the headers of one frame.
type headWalk struct {
	h    *Heads
	b    []byte
	kept int // bytes of headers that were known
}

// take returns the next n bytes, and keeps them; nil where fewer were captured.
func (w *headWalk) take(n int) []byte {
	if n < 0 || len(w.b)-w.kept < n {
		return nil
	}
	w.kept += n
	return w.b[w.kept-n : w.kept]
}

func (w *headWalk) link(link capture.LinkType) {
	switch link {
	case capture.Ethernet:
		w.ethernet()
	case capture.LinuxSLL:
		if b := w.take(16); b != nil {
			clear(b[6:14]) // the hardware address
			w.ether(be.Uint16(b[14:]))
		}
	case capture.LinuxSLL2:
		if b := w.take(20); b != nil {
			clear(b[12:20])
			w.ether(be.Uint16(b))
		}
	case capture.Null, capture.Loop:
		if w.take(4) != nil {
			w.byVersion()
		}
	case capture.Raw, capture.RawBSD, capture.RawOpenBSD, capture.IPv4, capture.IPv6:
		w.byVersion()
	}
}

func (w *headWalk) ethernet() {
	b := w.take(14)
	if b == nil {
		return
	}
	w.h.mac(b[:6])
	w.h.mac(b[6:12])
	const vlan, provider, oldProvider, mostTags = 0x8100, 0x88a8, 0x9100, 4
	kind := be.Uint16(b[12:])
	for n := 0; n < mostTags && (kind == vlan || kind == provider || kind == oldProvider); n++ {
		tag := w.take(4)
		if tag == nil {
			return
		}
		kind = be.Uint16(tag[2:])
	}
	w.ether(kind)
}

// mac puts a number in place of a hardware address, locally administered. That of a group can hold part of an address of IPv6 (RFC 2464, section 7), and gets one
// too.
func (h *Heads) mac(m []byte) {
	key := [6]byte(m)
	if h.Address == nil || key == [6]byte{} || key == [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff} {
		return
	}
	if h.macs == nil {
		h.macs = map[[6]byte]uint32{}
	}
	n := h.macs[key]
	if n == 0 {
		n = uint32(len(h.macs) + 1)
		h.macs[key] = n
	}
	const local, group = 2, 1
	m[0], m[1] = local|m[0]&group, 0
	be.PutUint32(m[2:], n)
}

func (w *headWalk) ether(kind uint16) {
	const ipv4, ipv6 = 0x0800, 0x86dd
	switch kind {
	case ipv4:
		w.ip4()
	case ipv6:
		w.ip6()
	}
}

func (w *headWalk) byVersion() {
	if w.kept == len(w.b) {
		return
	}
	switch w.b[w.kept] >> 4 {
	case 4:
		w.ip4()
	case 6:
		w.ip6()
	}
}

// ip4 keeps an IPv4 header (RFC 791, section 3.1); options, which can hold addresses, become "no operation".
func (w *headWalk) ip4() {
	const least, word, nop = 20, 4, 1
	if len(w.b)-w.kept < least || w.b[w.kept]>>4 != 4 {
		return
	}
	size := int(w.b[w.kept]&15) * word
	if size < least || len(w.b)-w.kept < size {
		return
	}
	b := w.take(size)
	w.h.address(b[12:16])
	w.h.address(b[16:20])
	for i := least; i < size; i++ {
		b[i] = nop
	}
	be.PutUint16(b[10:], 0)
	be.PutUint16(b[10:], checksum(b))
	const offset = 0x1fff
	if be.Uint16(b[6:])&offset == 0 { // else a fragment that begins in the middle
		w.transport(b[9])
	}
}

// ip6 keeps an IPv6 header (RFC 8200, section 3) and, of what can follow, the fragment header. The flow label goes: it may be a hash of the addresses (RFC 6437).
func (w *headWalk) ip6() {
	const size, fragment, fragmentSize = 40, 44, 8
	if len(w.b)-w.kept < size || w.b[w.kept]>>4 != 6 {
		return
	}
	b := w.take(size)
	if w.h.Address != nil {
		b[1] &= 0xf0
		clear(b[2:4])
	}
	w.h.address(b[8:24])
	w.h.address(b[24:40])
	next := b[6]
	if next == fragment {
		if b = w.take(fragmentSize); b == nil || be.Uint16(b[2:])>>3 != 0 {
			return
		}
		next = b[0]
	}
	w.transport(next)
}

// address puts in place what stands for an address of 4 or 16 bytes.
func (h *Heads) address(b []byte) {
	if h.Address == nil {
		return
	}
	a, _ := netip.AddrFromSlice(b)
	to := h.Address(a)
	if len(b) == 4 {
		four := to.Unmap().As4()
		copy(b, four[:])
		return
	}
	sixteen := to.As16()
	copy(b, sixteen[:])
}

// transport keeps the header of TCP, UDP, SCTP and the type of ICMP. Checksums, which are over payload and addresses, become 0, which of UDP says that there is none.
func (w *headWalk) transport(protocol uint8) {
	const icmp, tcp, udp, icmp6, sctp = 1, 6, 17, 58, 132
	switch protocol {
	case tcp:
		w.tcp()
	case udp:
		if b := w.take(8); b != nil {
			clear(b[6:8])
		}
	case icmp, icmp6:
		if b := w.take(4); b != nil {
			clear(b[2:4])
		}
	case sctp:
		if b := w.take(12); b != nil {
			clear(b[8:12])
		}
	}
}

// tcp keeps a TCP header (RFC 9293, section 3.1); options become "no operation".
func (w *headWalk) tcp() {
	const least, word, nop = 20, 4, 1
	b := w.take(least)
	if b == nil {
		return
	}
	clear(b[16:18])
	options := w.take(int(b[12]>>4)*word - least)
	for i := range options {
		options[i] = nop
	}
}

// checksum is the Internet checksum (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(be.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
