package packet

import (
	"encoding/binary"

	"phonehome/analyze/capture"
)

// rareLink reads link layers of older networks, and of devices that exist for capturing alone.
func (d *Decoder) rareLink(link capture.LinkType, l layer) Reason {
	switch link {
	case capture.FDDI:
		return d.behind(l, 13, d.llc) // frame control, two addresses
	case capture.TokenRing:
		return d.tokenRing(l)
	case capture.ATM, capture.ATMBSD:
		return d.llc(l)
	case capture.SunATM:
		return d.sunATM(l)
	case capture.IPoIB:
		return d.etherTypeAt(l, 40, 44) // a global routing header, the type, two reserved bytes (RFC 4391, section 6)
	case capture.IPFC:
		return d.behind(l, 16, d.llc) // two network addresses (RFC 2625, section 3)
	case capture.FireWire:
		return d.etherTypeAt(l, 16, 18)
	case capture.PPPWithDirection:
		return d.behind(l, 1, d.serial)
	case capture.Enc:
		return d.family(l, 12) // OpenBSD's device of decapsulated IPsec: family, SPI, flags
	case capture.PKTAP, capture.PKTAPBSD:
		return d.pktap(l)
	case capture.PFLog:
		return d.pflog(l)
	case capture.IPNet:
		return d.behind(l, 24, d.byVersion) // version, family, what it was, lengths and zones
	}
	return d.capturingLink(link, l)
}

// capturingLink reads what devices that capture, and routers and switches that do, put before or into a frame of an ordinary link.
func (d *Decoder) capturingLink(link capture.LinkType, l layer) Reason {
	switch link {
	case capture.HDLCWithDir:
		return d.behind(l, 1, d.ciscoHDLC)
	case capture.FrameWithDir:
		return d.behind(l, 1, d.frameRelay)
	case capture.NetAnalyzer:
		return d.netAnalyzer(l, "")
	case capture.NetAnalyzerRaw:
		return d.netAnalyzer(l, "\x55\x55\x55\x55\x55\x55\x55\xd5")
	case capture.ERF:
		return d.erf(l)
	case capture.JuniperEthernet:
		return d.juniper(l, d.ethernet)
	case capture.JuniperPPP:
		return d.juniper(l, d.ppp)
	case capture.JuniperFrame:
		return d.juniper(l, d.frameRelay)
	case capture.JuniperHDLC:
		return d.juniper(l, d.ciscoHDLC)
	case capture.DSATagBRCM:
		return d.switchTag(l, 4)
	case capture.DSAPrependBRCM:
		return d.behind(l, 4, d.ethernet)
	case capture.DSATagDSA:
		return d.switchTag(l, 4)
	case capture.DSATagEDSA:
		return d.switchTag(l, 8)
	}
	return UnknownLink
}

// etherTypeAt reads a header that has an EtherType at some place.
func (d *Decoder) etherTypeAt(l layer, at, header int) Reason {
	if len(l.b) < header {
		return CutLink
	}
	return d.ether(be.Uint16(l.b[at:]), l.from(header))
}

// tokenRing reads IEEE 802.5: control, two addresses, and where the source's first bit says so a route of up to 31 bytes.
func (d *Decoder) tokenRing(l layer) Reason {
	const header, source, routed, routeLength = 14, 8, 0x80, 0x1f
	n := header
	if len(l.b) > header && l.b[source]&routed != 0 {
		n += int(l.b[header] & routeLength)
	}
	return d.behind(l, n, d.llc)
}

// sunATM reads the pseudo-header of SunATM captures (LINKTYPE_SUNATM): LANE or LLC, by its first byte.
func (d *Decoder) sunATM(l layer) Reason {
	const header, kind, lane, llc, emulation = 4, 0x0f, 1, 2, 2
	if len(l.b) < header {
		return CutLink
	}
	switch l.b[0] & kind {
	case lane:
		return d.behind(l, header+emulation, d.ethernet)
	case llc:
		return d.llc(l.from(header))
	}
	return notIP
}

// pktap reads the header that Apple's systems put before packets of any device: its length, what kind of record it is, the link type, all little endian.
func (d *Decoder) pktap(l layer) Reason {
	const fixed, packet = 12, 1
	if len(l.b) < fixed {
		return CutLink
	}
	n, kind, link := binary.LittleEndian.Uint32(l.b), binary.LittleEndian.Uint32(l.b[4:]), capture.LinkType(binary.LittleEndian.Uint32(l.b[8:]))
	switch {
	case n < fixed || link == capture.PKTAP || link == capture.PKTAPBSD || link == capture.PPI:
		return BadLink
	case n > uint32(len(l.b)):
		return CutLink
	case kind != packet:
		return notIP
	case link == 12 || link == 14: // DLT_RAW of either BSD
		link = capture.Raw
	}
	d.link = link
	return d.linkLayer(link, l.from(int(n)))
}

// pflog reads what OpenBSD's packet filter logs: a header that begins with its length, without padding, and the address family (LINKTYPE_PFLOG).
func (d *Decoder) pflog(l layer) Reason {
	const align = 3
	if len(l.b) < 2 {
		return CutLink
	}
	n := (int(l.b[0]) + align) &^ align
	if n < 2 {
		return BadLink
	}
	switch l.b[1] {
	case 2:
		return d.behind(l, n, d.ipv4)
	case 10, 24, 28, 30: // see family
		return d.behind(l, n, d.ipv6)
	}
	return notIP
}

// netAnalyzer reads a record of Hilscher's devices: status, flags, length. A flag says that it is an event at a pin and no frame.
func (d *Decoder) netAnalyzer(l layer, preamble string) Reason {
	const header, event = 4, 0x01
	if len(l.b) < header+len(preamble) {
		return CutLink
	}
	if l.b[1]&event != 0 || string(l.b[header:][:len(preamble)]) != preamble {
		return notIP
	}
	return d.ethernet(l.from(header + len(preamble)))
}

// erf reads a record of Endace's cards: time, type, flags, three lengths of which the last is the frame's, further headers where the first bit of
// the type of the one before says so.
func (d *Decoder) erf(l layer) Reason {
	const header, more, further, wire = 16, 0x80, 8, 14
	if len(l.b) < header {
		return CutLink
	}
	frame := int(be.Uint16(l.b[wire:]))
	kind, next, n := l.b[8]&^more, l.b[8], header
	for next&more != 0 {
		if len(l.b) < n+further {
			return CutLink
		}
		next, n = l.b[n], n+further
	}
	whole := func(l layer) layer { return layer{l.b, max(l.wire, frame)} } // the card may have cut it
	switch kind {
	case 2, 11, 16, 20: // behind an offset and a pad
		return d.behind(l, n+2, func(l layer) Reason { return d.ethernet(whole(l)) })
	case 1, 10, 15, 19: // HDLC
		return d.serial(whole(l.from(n)))
	case 22:
		return d.ether(etherIPv4, whole(l.from(n)))
	case 23:
		return d.ether(etherIPv6, whole(l.from(n)))
	}
	return notIP
}

// juniper reads a header of Juniper's routers: a magic, flags, and where they say so a length and extensions. Without the link's own header, the
// protocol stands there.
func (d *Decoder) juniper(l layer, read func(layer) Reason) Reason {
	const fixed, magic, noLink, extended, ip, ip6 = 4, 0x4d4743, 0x02, 0x80, 2, 6
	if len(l.b) < fixed+2 {
		return CutLink
	}
	n, flags := fixed, l.b[3]
	if be.Uint32(l.b)>>8 != magic {
		return BadLink
	}
	if flags&extended != 0 {
		n += 2 + int(be.Uint16(l.b[fixed:]))
	}
	if flags&noLink == 0 {
		return d.behind(l, n, read)
	}
	if len(l.b) < n+4 {
		return CutLink
	}
	switch binary.LittleEndian.Uint32(l.b[n:]) {
	case ip:
		return d.ether(etherIPv4, l.from(n+4))
	case ip6:
		return d.ether(etherIPv6, l.from(n+4))
	}
	return notIP
}

// switchTag reads an Ethernet frame between a switch and its processor, which has a tag of so many bytes behind its addresses.
func (d *Decoder) switchTag(l layer, tag int) Reason {
	const addresses = 12
	if len(l.b) < addresses {
		return CutLink
	}
	d.keepMACs(l.b)
	return d.etherTypeAt(l, addresses+tag, addresses+tag+2)
}
