package packet

import (
	"encoding/binary"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"phonehome/analyze/capture"
)

// linkLayer reads the link layer of a record.
func (d *Decoder) linkLayer(link capture.LinkType, l layer) Reason {
	switch link {
	case capture.Ethernet:
		return d.ethernet(l)
	case capture.LinuxSLL:
		return d.sll(l)
	case capture.LinuxSLL2:
		return d.sll2(l)
	case capture.Raw, capture.RawBSD, capture.RawOpenBSD:
		return d.byVersion(l)
	case capture.IPv4:
		return d.ether(etherIPv4, l)
	case capture.IPv6:
		return d.ether(etherIPv6, l)
	case capture.Null, capture.Loop:
		return d.family(l, 4)
	case capture.PPP, capture.PPPHDLC:
		return d.serial(l)
	case capture.PPPEther:
		return d.pppoe(l)
	case capture.CiscoHDLC:
		return d.ciscoHDLC(l)
	case capture.FrameRelay:
		return d.frameRelay(l)
	case capture.IEEE80211, capture.Radiotap, capture.Prism, capture.AVS:
		return d.wireless(link, l)
	case capture.PPI:
		return d.ppi(l)
	case capture.NFLog:
		return d.nflog(l)
	case capture.ARCNetLinux:
		return d.arcnet(l)
	}
	return d.rareLink(link, l)
}

// sll reads a Linux cooked capture (LINKTYPE_LINUX_SLL).
func (d *Decoder) sll(l layer) Reason {
	const header = 16
	if len(l.b) < header {
		return CutLink
	}
	if be.Uint16(l.b[4:]) == 6 {
		d.p.SrcMAC = MAC(l.b[6:])
	}
	return d.cooked(be.Uint16(l.b[2:]), be.Uint16(l.b[14:]), l.from(header))
}

// sll2 reads its second version (LINKTYPE_LINUX_SLL2).
func (d *Decoder) sll2(l layer) Reason {
	const header = 20
	if len(l.b) < header {
		return CutLink
	}
	if l.b[11] == 6 {
		d.p.SrcMAC = MAC(l.b[12:])
	}
	return d.cooked(be.Uint16(l.b[8:]), be.Uint16(l.b), l.from(header))
}

// cooked reads what a cooked header announces: an EtherType, or 4 for 802.2 (ARPHRD and the kernel's if_ether.h). Netlink messages have
// neither.
func (d *Decoder) cooked(hardware, kind uint16, l layer) Reason {
	const netlink, llc, greHardware = 824, 4, 778
	switch {
	case hardware == netlink:
		return notIP
	case hardware == greHardware && kind != etherIPv4 && kind != etherIPv6:
		return d.ether(kind, l)
	case kind == llc:
		return d.llc(l)
	case kind <= maxLength:
		return notIP
	}
	return d.ether(kind, l)
}

// family reads the header of loopback devices: an address family in the byte order of the capturing machine, or in network order for
// LINKTYPE_LOOP. IPv6 has other numbers on each BSD. header is how long it is with what follows the family.
func (d *Decoder) family(l layer, header int) Reason {
	if len(l.b) < header {
		return CutLink
	}
	f := binary.LittleEndian.Uint32(l.b)
	if f > 0xffff {
		f = be.Uint32(l.b)
	}
	switch f {
	case 2:
		return d.ether(etherIPv4, l.from(header))
	case 10, 24, 28, 30:
		return d.ether(etherIPv6, l.from(header))
	}
	if kind := be.Uint16(l.b[2:]); kind == etherIPv4 || kind == etherIPv6 { // some loopback devices write an EtherType
		return d.ether(kind, l.from(header))
	}
	return notIP
}

// serial reads PPP with or without HDLC framing, or Cisco HDLC where the address says so (RFC 1662; LINKTYPE_PPP_HDLC).
func (d *Decoder) serial(l layer) Reason {
	if len(l.b) > 0 && (l.b[0] == 0x0f || l.b[0] == 0x8f) {
		return d.ciscoHDLC(l)
	}
	return d.ppp(l)
}

func (d *Decoder) ciscoHDLC(l layer) Reason {
	const header = 4
	if len(l.b) < header {
		return CutLink
	}
	return d.ether(be.Uint16(l.b[2:]), l.from(header))
}

// frameRelay reads Frame Relay with the encapsulation of RFC 2427, or Cisco's, which has an EtherType instead of a control byte.
func (d *Decoder) frameRelay(l layer) Reason {
	n := 0
	for last := false; !last; n++ {
		if n >= len(l.b) || n == 4 {
			return CutLink
		}
		last = l.b[n]&1 != 0
	}
	l = l.from(n)
	const unnumbered, padding, nlpidIPv4, nlpidIPv6, nlpidSNAP = 0x03, 0x00, 0xcc, 0x8e, 0x80
	if len(l.b) < 2 {
		return CutLink
	}
	if l.b[0] != unnumbered {
		return d.ether(be.Uint16(l.b), l.from(2))
	}
	l = l.from(1)
	if l.b[0] == padding {
		if l = l.from(1); len(l.b) == 0 {
			return CutLink
		}
	}
	switch l.b[0] {
	case nlpidIPv4:
		return d.ether(etherIPv4, l.from(1))
	case nlpidIPv6:
		return d.ether(etherIPv6, l.from(1))
	case nlpidSNAP:
		return d.frameRelaySNAP(l.from(1))
	}
	return notIP
}

// frameRelaySNAP reads the SNAP header of RFC 2427, section 4.
func (d *Decoder) frameRelaySNAP(l layer) Reason {
	const header = 5
	if len(l.b) < header {
		return CutLink
	}
	kind := be.Uint16(l.b[3:])
	if l.b[0] == 0 && l.b[1] == 0x80 && l.b[2] == 0xc2 { // bridged; 7 has no frame check sequence, 1 has
		if kind == 1 || kind == 7 {
			return d.ethernet(l.from(header))
		}
		return notIP
	}
	return d.ether(kind, l.from(header))
}

// ppi reads the per-packet information header (LINKTYPE_PPI).
func (d *Decoder) ppi(l layer) Reason {
	const header = 8
	if len(l.b) < header {
		return CutLink
	}
	n, inner := int(binary.LittleEndian.Uint16(l.b[2:])), capture.LinkType(binary.LittleEndian.Uint32(l.b[4:]))
	if n < header || n > len(l.b) || inner == capture.PPI {
		return BadLink
	}
	d.link = inner
	return d.linkLayer(inner, l.from(n))
}

// nflog reads a netfilter log message (LINKTYPE_NFLOG): the packet is its attribute 9.
func (d *Decoder) nflog(l layer) Reason {
	const header, attribute, payload, ipv6Family = 4, 4, 9, 10
	if len(l.b) < header {
		return CutLink
	}
	family := l.b[0]
	for l = l.from(header); len(l.b) >= attribute; {
		n, kind := int(binary.LittleEndian.Uint16(l.b)), binary.LittleEndian.Uint16(l.b[2:])
		if n < attribute {
			return BadLink
		}
		if kind == payload {
			body := layer{l.b[attribute:min(n, len(l.b))], n - attribute}
			if family == ipv6Family {
				return d.ether(etherIPv6, body)
			}
			return d.byVersion(body)
		}
		l = l.from(min(len(l.b), (n+3)&^3))
	}
	if len(l.b) < l.wire {
		return CutLink
	}
	return notIP
}

// wireless reads IEEE 802.11 frames, which gopacket's layers take apart, behind the header of the radio.
func (d *Decoder) wireless(link capture.LinkType, l layer) (why Reason) {
	defer func() {
		if recover() != nil { // gopacket's decoders index as the bytes tell them
			why = BadLink
		}
	}()
	hasFCS, padded := false, false
	switch link {
	case capture.Radiotap:
		n, flags := radiotap(l.b)
		if n == 0 || n > len(l.b) {
			return CutLink
		}
		const fcsPresent, datapad = 0x10, 0x20
		hasFCS, padded = flags&fcsPresent != 0, flags&datapad != 0
		l = l.from(n)
	case capture.Prism, capture.AVS:
		n := radioHeader(l.b)
		if n == 0 || n > len(l.b) {
			return BadLink
		}
		l = l.from(n)
	}
	return d.dot11(l, hasFCS, padded)
}

// radiotap is the length of a radiotap header (radiotap.org), 0 where it is none or cut, and its flags field. gopacket's own decoder is not used:
// it takes the padding out in place, and the bytes of a capture are hashed meanwhile.
func radiotap(b []byte) (n int, flags byte) {
	const fixed, more, tsft, hasFlags = 4, 1 << 31, 1, 2
	if len(b) < fixed {
		return 0, 0
	}
	if n = int(binary.LittleEndian.Uint16(b[2:])); n > len(b) {
		return 0, 0
	}
	first, at := uint32(0), fixed
	for last := false; !last; at += 4 {
		if at+4 > n {
			return 0, 0
		}
		present := binary.LittleEndian.Uint32(b[at:])
		if last = present&more == 0; at == fixed {
			first = present
		}
	}
	if first&tsft != 0 {
		at = (at+7)&^7 + 8
	}
	if first&hasFlags != 0 && at < n {
		flags = b[at]
	}
	return n, flags
}

// radioHeader is the length of a Prism header, whose byte order is the capturing machine's, or of an AVS one, whose magic is in network
// order.
func radioHeader(b []byte) int {
	if len(b) < 8 {
		return 0
	}
	const avsMagic = 0x80211
	if be.Uint32(b)>>12 == avsMagic {
		return int(min(be.Uint32(b[4:]), 1<<16))
	}
	n := binary.LittleEndian.Uint32(b[4:])
	if n > 1<<16 {
		n = be.Uint32(b[4:])
	}
	return int(min(n, 1<<16))
}

// tunnelledDot11 reads an IEEE 802.11 frame that an access point sent on. Some send its first two bytes in the other order: the protocol
// version, always 0, tells.
func (d *Decoder) tunnelledDot11(l layer) (why Reason) {
	defer func() {
		if recover() != nil { // see wireless
			why = BadLink
		}
	}()
	if len(l.b) < 2 {
		return CutLink
	}
	const version = 3
	if l.b[0]&version != 0 {
		swapped := append([]byte{l.b[1], l.b[0]}, l.b[2:]...)
		l.b = swapped
	}
	return d.dot11(l, false, false)
}

// dot11 reads the data frames that are not encrypted. Padded frames have their body at a multiple of four bytes.
func (d *Decoder) dot11(l layer, hasFCS, padded bool) Reason {
	const fcs = 4
	frame := l.b
	if !hasFCS || len(l.b) < l.wire {
		frame = append(make([]byte, 0, len(l.b)+fcs), l.b...) // gopacket takes the last four bytes for a frame check sequence
		frame = append(frame, 0, 0, 0, 0)
	}
	var w layers.Dot11
	if err := w.DecodeFromBytes(frame, gopacket.NilDecodeFeedback); err != nil {
		return CutLink
	}
	if w.Type.MainType() != layers.Dot11TypeData || w.Flags.WEP() || w.Type&0x10 != 0 { // 0x10: the no-data subtypes
		return notIP
	}
	d.p.DstMAC, d.p.SrcMAC = stations(&w)
	body := w.LayerPayload()
	head := len(w.LayerContents())
	if skip := -head & 3; padded && skip <= len(body) {
		head, body = head+skip, body[skip:]
	}
	switch {
	case len(body) < 3 && len(l.b) < l.wire:
		return CutLink
	case len(body) < 3:
		return notIP
	}
	return d.llc(layer{body, max(l.wire-head, 0)})
}

// stations are the frame's destination and source (IEEE 802.11, table 9-30).
func stations(w *layers.Dot11) (dst, src MAC) {
	to, from := w.Flags.ToDS(), w.Flags.FromDS()
	copy(dst[:], w.Address1)
	copy(src[:], w.Address2)
	if to {
		copy(dst[:], w.Address3)
	}
	if from {
		copy(src[:], w.Address3)
	}
	if to && from {
		copy(src[:], w.Address4)
	}
	return dst, src
}

// arcnet reads ARCNET as Linux captures it: source, destination, two bytes of offset, the protocol, and for RFC 1201 (not for RFC 1051) three
// bytes that number its fragments.
func (d *Decoder) arcnet(l layer) Reason {
	const header, sequence, ip1051, ip1201, ip6 = 5, 3, 0xf0, 0xd4, 0xc4
	if len(l.b) < header+sequence {
		return CutLink
	}
	switch l.b[header-1] {
	case ip1051:
		return d.ether(etherIPv4, l.from(header))
	case ip1201:
		return d.ether(etherIPv4, l.from(header+sequence))
	case ip6:
		return d.ether(etherIPv6, l.from(header+sequence))
	}
	return notIP
}
