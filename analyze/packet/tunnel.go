package packet

// try opens a tunnel in a packet that has been read as itself. Where nothing readable is inside, the packet stays what it was.
func (d *Decoder) try(l layer, read func(layer) Reason) Reason {
	if d.tooDeep() {
		return OK
	}
	outer := d.p
	if why := read(l); why == OK || why == fragmentHeld {
		return why
	}
	d.p = outer
	return OK
}

// tunnel reads an IP protocol that carries others, or counts the packet as that protocol.
func (d *Decoder) tunnel(proto byte, l layer, read func(layer) Reason) Reason {
	d.otherIP(proto, l)
	return d.try(l, read)
}

// enter notes the tunnel that the packet came out of.
func (d *Decoder) enter(kind string, id uint32) {
	d.p.Tunnel = d.tunnels.id(kind, d.p.Src.Netip(d.p.V6), d.p.Dst.Netip(d.p.V6), id)
}

const (
	protoIPv4   = 4
	protoIPv6   = 41
	protoGRE    = 47
	protoEther  = 97
	protoPIM    = 103
	protoL2TP   = 115
	protoMPLS   = 137
	protoIPIP94 = 94
)

// tunnelOf returns the reader of an IP protocol that carries others.
func (d *Decoder) tunnelOf(proto byte) func(layer) Reason {
	switch proto {
	case protoIPv4, protoIPIP94:
		return func(l layer) Reason { d.enter("ipip", 0); return d.ether(etherIPv4, l) }
	case protoIPv6:
		return func(l layer) Reason { d.enter("ipip", 0); return d.ether(etherIPv6, l) }
	case protoGRE:
		return d.gre
	case protoAH:
		return d.ah
	case protoEther:
		return func(l layer) Reason { d.enter("etherip", 0); return d.behind(l, 2, d.ethernet) }
	case protoPIM:
		return d.pim
	case protoMPLS:
		return func(l layer) Reason { d.enter("mpls", 0); return d.ether(etherMPLS, l) }
	case protoL2TP:
		return d.l2tp3
	}
	return nil
}

// ah passes over an authentication header (RFC 4302).
func (d *Decoder) ah(l layer) Reason {
	if len(l.b) < 8 {
		return CutTransport
	}
	n := (int(l.b[1]) + 2) * 4
	if n > len(l.b) {
		return CutTransport
	}
	return d.transport(l.b[0], l.from(n))
}

// pim reads the packet in a PIM register message (RFC 7761, section 4.9.3).
func (d *Decoder) pim(l layer) Reason {
	const header, register, version = 8, 1, 2
	if len(l.b) <= header || l.b[0] != version<<4|register {
		return notIP
	}
	d.enter("pim", 0)
	return d.byVersion(l.from(header))
}

// gre reads generic routing encapsulation (RFC 2784, RFC 2890, RFC 1701; version 1 as of PPTP, RFC 2637).
func (d *Decoder) gre(l layer) Reason {
	const checksum, routing, hasKey, sequence, ack = 0x80, 0x40, 0x20, 0x10, 0x80
	if len(l.b) < 4 {
		return CutTransport
	}
	flags, version, proto := l.b[0], l.b[1]&7, be.Uint16(l.b[2:])
	n, key := 4, uint32(0)
	if version == 0 && flags&(checksum|routing) != 0 {
		n += 4
	}
	if flags&hasKey != 0 && len(l.b) >= n+4 {
		key = be.Uint32(l.b[n:])
		n += 4
	}
	if flags&sequence != 0 {
		n += 4
	}
	if version == 1 && l.b[1]&ack != 0 {
		n += 4
	}
	if n > len(l.b) || flags&routing != 0 || version > 1 {
		return BadTransport
	}
	if version == 1 {
		key &= 0xffff // the call; above it stands the length of this packet
	}
	d.enter("gre", key)
	l = l.from(n)
	switch {
	case proto == etherERSPAN && flags&sequence == 0:
		return d.ethernet(l) // type I has no header
	case proto == etherERSPAN:
		return d.behind(l, 8, d.ethernet)
	case proto == etherERSPAN3:
		return d.erspan3(l)
	case proto == etherWCCP:
		return d.wccp(l)
	case proto >= arubaFirst && proto <= arubaLast:
		return d.tunnelledDot11(l)
	}
	return d.ether(proto, l)
}

// Aruba's access points send IEEE 802.11 frames over GRE under protocol types of their own.
const arubaFirst, arubaLast = 0x8200, 0x83ff

// wccp is a packet redirected by WCCP: version 2 has four bytes before it.
func (d *Decoder) wccp(l layer) Reason {
	if len(l.b) > 4 && l.b[0]>>4 != 4 {
		l = l.from(4)
	}
	return d.byVersion(l)
}

// erspan3 reads ERSPAN type III (draft-foschiano-erspan, section 4.3).
func (d *Decoder) erspan3(l layer) Reason {
	const header, optional, subHeader = 12, 1, 8
	if len(l.b) < header {
		return CutTransport
	}
	n, frameType := header, be.Uint16(l.b[10:])>>10&0x1f
	if l.b[11]&optional != 0 {
		n += subHeader
	}
	if n > len(l.b) {
		return CutTransport
	}
	const ip = 2
	if frameType == ip {
		return d.byVersion(l.from(n))
	}
	return d.ethernet(l.from(n))
}

// The UDP ports of tunnels (IANA service names; 8472 is the port of VXLAN in Linux before its registration).
const (
	portVXLAN    = 4789
	portVXLANOld = 8472
	portVXLANGPE = 4790
	portGUE      = 6080
	portGENEVE   = 6081
	portGTPU     = 2152
	portL2TP     = 1701
	portTeredo   = 3544
	portLISP     = 4341
	portGRE      = 4754 // RFC 8086
	portMPLS     = 6635 // RFC 7510
	portCAPWAP   = 5247
	portFOU      = 5555  // not registered: what examples of Linux's foo-over-UDP take
	portTZSP     = 37008 // of routers that send what they capture on
)

func tunnelPort(p uint16) bool {
	switch p {
	case portVXLAN, portVXLANOld, portVXLANGPE, portGENEVE, portGTPU, portL2TP, portTeredo, portLISP, portGRE, portMPLS, portCAPWAP, portTZSP, portGUE, portFOU:
		return true
	}
	return false
}

// udpTunnel returns the reader of a tunnel over UDP, by port and first bytes, or nil.
func (d *Decoder) udpTunnel(src, dst uint16, b []byte) func(layer) Reason {
	for _, port := range [...]uint16{dst, src} {
		switch port {
		case portVXLAN, portVXLANOld:
			return d.vxlan
		case portVXLANGPE:
			return d.vxlanGPE
		case portGENEVE:
			return d.geneve
		case portGTPU:
			return d.gtpu
		case portL2TP:
			return d.l2tp
		case portTeredo:
			return d.teredo
		case portLISP:
			return d.lisp
		case portGRE:
			return d.gre
		case portMPLS:
			return func(l layer) Reason { d.enter("mpls", 0); return d.ether(etherMPLS, l) }
		case portCAPWAP:
			return d.capwap
		case portTZSP:
			return d.tzsp
		case portGUE:
			return d.gue
		case portFOU:
			return func(l layer) Reason { return d.bareIP("fou", l) }
		}
	}
	return nil
}

const vxlanHeader = 8

// vxlan reads VXLAN (RFC 7348, section 5).
func (d *Decoder) vxlan(l layer) Reason {
	const valid = 0x08
	if len(l.b) < vxlanHeader+etherHeader || l.b[0]&valid == 0 {
		return notIP
	}
	d.enter("vxlan", be.Uint32(l.b[4:])>>8)
	return d.ethernet(l.from(vxlanHeader))
}

// vxlanGPE reads VXLAN with a next protocol (draft-ietf-nvo3-vxlan-gpe, section 3).
func (d *Decoder) vxlanGPE(l layer) Reason {
	const instance, next = 0x08, 0x04
	if len(l.b) < vxlanHeader || l.b[0]&instance == 0 {
		return notIP
	}
	proto := byte(3)
	if l.b[0]&next != 0 {
		proto = l.b[3]
	}
	d.enter("vxlan-gpe", be.Uint32(l.b[4:])>>8)
	l = l.from(vxlanHeader)
	switch proto {
	case 1:
		return d.ether(etherIPv4, l)
	case 2:
		return d.ether(etherIPv6, l)
	case 3:
		return d.ethernet(l)
	case 4:
		return d.nsh(l)
	}
	return notIP
}

// geneve reads GENEVE (RFC 8926, section 3.4).
func (d *Decoder) geneve(l layer) Reason {
	if len(l.b) < 8 || l.b[0]>>6 != 0 {
		return notIP
	}
	n := 8 + int(l.b[0]&0x3f)*4
	if n > len(l.b) {
		return notIP
	}
	d.enter("geneve", be.Uint32(l.b[4:])>>8)
	return d.ether(be.Uint16(l.b[2:]), l.from(n))
}

// gtpu reads a G-PDU of GTPv1-U (3GPP TS 29.281, section 5).
func (d *Decoder) gtpu(l layer) Reason {
	const header, version1, gPDU, anyOptional, extension = 8, 3, 0xff, 7, 4
	if len(l.b) < header || l.b[0]>>4 != version1 || l.b[1] != gPDU {
		return notIP
	}
	teid, n := be.Uint32(l.b[4:]), header
	if l.b[0]&anyOptional != 0 {
		if len(l.b) < header+4 {
			return notIP
		}
		next := l.b[header+3]
		n += 4
		for hop := 0; l.b[0]&extension != 0 && next != 0; hop++ {
			if n >= len(l.b) || l.b[n] == 0 || hop == maxExtensions {
				return notIP
			}
			size := int(l.b[n]) * 4
			if n+size > len(l.b) {
				return notIP
			}
			next = l.b[n+size-1]
			n += size
		}
	}
	d.enter("gtp-u", teid)
	return d.byVersion(l.from(n))
}

// l2tp reads a data message of L2TPv2 (RFC 2661, section 3.1).
func (d *Decoder) l2tp(l layer) Reason {
	const control, hasLength, hasSequence, hasOffset, version2, version3 = 0x8000, 0x4000, 0x0800, 0x0200, 2, 3
	if len(l.b) < 6 {
		return notIP
	}
	flags := be.Uint16(l.b)
	if flags&control != 0 {
		return notIP
	}
	if flags&0xf == version3 {
		return d.l2tp3(l.from(4))
	}
	if flags&0xf != version2 {
		return notIP
	}
	n := 2
	if flags&hasLength != 0 {
		n += 2
	}
	if len(l.b) < n+4 {
		return notIP
	}
	id := be.Uint32(l.b[n:])
	n += 4
	if flags&hasSequence != 0 {
		n += 4
	}
	if flags&hasOffset != 0 {
		if len(l.b) < n+2 {
			return notIP
		}
		n += 2 + int(be.Uint16(l.b[n:]))
	}
	if n > len(l.b) {
		return notIP
	}
	d.enter("l2tp", id)
	return d.ppp(l.from(n))
}

// teredo reads IPv6 over UDP (RFC 4380, section 5.1.1): only where the inner length is just what is left.
func (d *Decoder) teredo(l layer) Reason {
	if len(l.b) >= 13 && be.Uint16(l.b) == 1 { // authentication
		n := 13 + int(l.b[2]) + int(l.b[3])
		if n > len(l.b) {
			return notIP
		}
		l = l.from(n)
	}
	if len(l.b) >= 8 && be.Uint16(l.b) == 0 { // origin
		l = l.from(8)
	}
	const header = 40
	if len(l.b) < header || l.b[0]>>4 != 6 || header+int(be.Uint16(l.b[4:])) != l.wire {
		return notIP
	}
	d.enter("teredo", 0)
	return d.ether(etherIPv6, l)
}

// lisp reads a LISP data packet (RFC 9300, section 5).
func (d *Decoder) lisp(l layer) Reason {
	const header = 8
	if len(l.b) <= header || l.b[header]>>4 != 4 && l.b[header]>>4 != 6 {
		return notIP
	}
	d.enter("lisp", 0)
	return d.byVersion(l.from(header))
}

// capwap reads a data packet of CAPWAP (RFC 5415, section 4.3) that is no fragment and not encrypted.
func (d *Decoder) capwap(l layer) Reason {
	const fixed, native, fragment, isDot11 = 8, 0x01, 0x80, 1
	if len(l.b) < fixed || l.b[0] != 0 || l.b[3]&fragment != 0 {
		return notIP
	}
	n, binding := int(l.b[1]>>3)*4, l.b[2]>>1&0x1f
	if n < fixed || n > len(l.b) {
		return notIP
	}
	d.enter("capwap", 0)
	if l.b[2]&native == 0 {
		return d.ethernet(l.from(n))
	}
	if binding != isDot11 {
		return notIP
	}
	return d.tunnelledDot11(l.from(n))
}

// tzsp reads a packet that a router captured and sent on: version, kind, encapsulation, tags to the one that ends them.
func (d *Decoder) tzsp(l layer) Reason {
	const header, version, received, encapEthernet, encapDot11, tagPadding, tagEnd = 4, 1, 0, 1, 18, 0, 1
	if len(l.b) < header || l.b[0] != version || l.b[1] > received+1 {
		return notIP
	}
	n := header
	for {
		if n >= len(l.b) {
			return notIP
		}
		tag := l.b[n]
		n++
		if tag == tagEnd {
			break
		}
		if tag != tagPadding && n < len(l.b) {
			n += 1 + int(l.b[n])
		}
	}
	d.enter("tzsp", 0)
	switch be.Uint16(l.b[2:]) {
	case encapEthernet:
		return d.ethernet(l.from(n))
	case encapDot11:
		return d.tunnelledDot11(l.from(n))
	}
	return notIP
}
