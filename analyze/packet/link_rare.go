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
