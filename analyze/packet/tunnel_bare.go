package packet

// Tunnels that say too little of what they carry: they are opened where that is an IP packet, whole, to the last byte.

// bareIP reads IP that stands in a datagram without a header of the tunnel (Linux's foo-over-UDP; variant 1 of GUE).
func (d *Decoder) bareIP(kind string, l layer) Reason {
	if !wholeIP(l, 0) {
		return notIP
	}
	d.enter(kind, 0)
	return d.byVersion(l)
}

// gue reads generic UDP encapsulation (draft-ietf-intarea-gue-09, section 3): variant, a bit for control messages, length of the extensions in
// four bytes, IP protocol, flags.
func (d *Decoder) gue(l layer) Reason {
	const header, variant, control, unit = 4, 6, 0x20, 4
	if len(l.b) < header || l.b[0]&control != 0 && l.b[0]>>variant == 0 {
		return notIP
	}
	if l.b[0]>>variant == 1 {
		return d.bareIP("gue", l)
	}
	n := header + int(l.b[0]&0x1f)*unit
	if l.b[0]>>variant != 0 || n > len(l.b) {
		return notIP
	}
	switch proto := l.b[1]; {
	case proto == protoIPv4 || proto == protoIPv6:
		return d.bareIP("gue", l.from(n))
	case proto == protoGRE && n == header && be.Uint16(l.b[2:]) == 0:
		return d.gre(l.from(n))
	}
	return notIP
}

// l2tp3 reads a data message of L2TPv3 (RFC 3931, section 4.1): a session, not 0, then a cookie and a sublayer. What they are long, and what
// kind of frame follows, was negotiated.
func (d *Decoder) l2tp3(l layer) Reason {
	const header, cookie, sublayer, unit = 4, 8, 4, 4
	if len(l.b) < header || be.Uint32(l.b) == 0 {
		return notIP
	}
	session := be.Uint32(l.b)
	for n := header; n <= min(header+cookie+sublayer, len(l.b)); n += unit {
		switch frame := l.from(n); {
		case carriesIP(frame):
			d.enter("l2tpv3", session)
			return d.ethernet(frame)
		case wholeIP(frame, 0):
			d.enter("l2tpv3", session)
			return d.byVersion(frame)
		}
	}
	return notIP
}

// leastEthernet is what a shorter payload of Ethernet is padded to, bytes (RFC 894).
const leastEthernet = 46

// carriesIP says whether l is an Ethernet frame, tagged or not, of one IP packet.
func carriesIP(l layer) bool {
	const tag = 4
	for n := etherHeader; n <= len(l.b); n += tag {
		switch be.Uint16(l.b[n-2:]) {
		case etherIPv4, etherIPv6:
			return wholeIP(l.from(n), leastEthernet)
		case etherVLAN, etherQinQ:
			continue
		}
		return false
	}
	return false
}

// wholeIP says whether l is an IP packet and nothing else, but for what pads it to the least of its link: by version, length, and for IPv4 the
// checksum, for IPv6 the addresses and a protocol that IPv6 carries. Of bytes that are no IP one in 2^30 passes.
func wholeIP(l layer, least int) bool {
	total := 0
	switch {
	case len(l.b) < 20:
		return false
	case l.b[0]>>4 == 4 && checksumFits(l.b):
		total = int(be.Uint16(l.b[2:]))
	case l.b[0]>>4 == 6 && len(l.b) >= 40 && unicast6(l.b[8:]) && (unicast6(l.b[24:]) || l.b[24] == 0xff) && carriedByIPv6(l.b[6]):
		total = 40 + int(be.Uint16(l.b[4:]))
	default:
		return false
	}
	return total == l.wire || total < l.wire && l.wire <= least
}

// checksumFits says whether the checksum of an IPv4 header is right (RFC 1071). b has at least 20 bytes.
func checksumFits(b []byte) bool {
	n := int(b[0]&0xf) * 4
	if n < 20 || n > len(b) {
		return false
	}
	sum := uint32(0)
	for i := 0; i < n; i += 2 {
		sum += uint32(be.Uint16(b[i:]))
	}
	sum = sum>>16 + sum&0xffff
	return sum>>16+sum&0xffff == 0xffff
}

// unicast6 says whether b begins as a unicast address that packets are sent from: global, unique local or link-local (IANA "IPv6 Address Space").
func unicast6(b []byte) bool {
	return b[0]>>5 == 1 || b[0]&0xfe == 0xfc || b[0] == 0xfe && b[1]&0xc0 == 0x80
}

// carriedByIPv6 says whether a next header is one of transports, extensions and tunnels in use.
func carriedByIPv6(next byte) bool {
	switch next {
	case protoHopByHop, protoRouting, protoFragment, protoDest, byte(TCP), byte(UDP), byte(SCTP), protoESP, protoAH, protoICMPv6, protoIPv4, protoIPv6, protoGRE:
		return true
	}
	return false
}

const (
	protoESP    = 50
	protoICMPv6 = 58
)
