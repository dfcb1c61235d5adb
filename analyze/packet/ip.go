package packet

// ipv4 reads an IPv4 packet (RFC 791).
func (d *Decoder) ipv4(l layer) Reason {
	const header = 20
	b := l.b
	if len(b) < header {
		return CutIP
	}
	ihl, total := int(b[0]&0xf)*4, int(be.Uint16(b[2:]))
	if total == 0 {
		total = l.wire // segmentation offload: the length did not fit
	}
	if b[0]>>4 != 4 || ihl < header || total < ihl {
		return BadIP
	}
	if len(b) < ihl {
		return CutIP
	}
	p := &d.p
	d.mendWire(total, l.wire)
	total = min(total, max(l.wire, len(b)))
	p.V6, p.IPID, p.TTL = false, be.Uint16(b[4:]), b[8]
	p.Src, p.Dst = addr4(b[12:]), addr4(b[16:])
	body := layer{b[ihl:min(len(b), total)], total - ihl}
	const more, offset = 0x2000, 0x1fff
	if f := be.Uint16(b[6:]); f&(more|offset) != 0 {
		return d.fragment(b[9], piece{id: uint32(p.IPID), at: int(f&offset) * 8, more: f&more != 0}, body)
	}
	return d.transport(b[9], body)
}

func addr4(b []byte) (a Addr) {
	a[10], a[11] = 0xff, 0xff
	copy(a[12:], b[:4])
	return a
}

// mendWire replaces an absurd frame length by what the IP header says, with the headers before it.
func (d *Decoder) mendWire(total, wire int) {
	if d.p.Wire > absurdWire && d.depth <= 2 && total+absurdWire < wire {
		d.p.Wire -= uint32(wire - total)
		d.limits["absurd-length"]++
	}
}

// ipv6 reads an IPv6 packet and its extension headers (RFC 8200).
func (d *Decoder) ipv6(l layer) Reason {
	const header = 40
	b := l.b
	if len(b) < header {
		return CutIP
	}
	if b[0]>>4 != 6 {
		return BadIP
	}
	p := &d.p
	p.V6, p.IPID, p.TTL = true, 0, b[7]
	p.Src, p.Dst = Addr(b[8:]), Addr(b[24:])
	n := int(be.Uint16(b[4:]))
	if n == 0 {
		n = max(l.wire-header, 0) // a jumbogram (RFC 2675), or segmentation offload
	}
	d.mendWire(header+n, l.wire)
	n = min(n, max(l.wire, len(b))-header)
	return d.extensions(b[6], layer{b[header:min(len(b), header+n)], n})
}

const (
	protoHopByHop = 0
	protoRouting  = 43
	protoFragment = 44
	protoAH       = 51
	protoDest     = 60
	protoMobility = 135
	protoHIP      = 139
	protoShim6    = 140
)

// maxExtensions is how many extension headers are passed over; RFC 8200, section 4.1, foresees at most eight.
const maxExtensions = 16

// extensions passes over extension headers to the transport.
func (d *Decoder) extensions(next byte, l layer) Reason {
	for range maxExtensions {
		n := 0
		switch next {
		case protoHopByHop, protoRouting, protoDest, protoHIP, protoShim6:
			if len(l.b) < 8 {
				return d.otherIP(next, l)
			}
			n = (int(l.b[1]) + 1) * 8
		case protoMobility:
			return d.otherIP(next, l)
		case protoAH:
			if len(l.b) < 8 {
				return d.otherIP(next, l)
			}
			n = (int(l.b[1]) + 2) * 4
		case protoFragment:
			return d.fragment6(l)
		default:
			return d.transport(next, l)
		}
		if n > len(l.b) {
			return d.otherIP(next, l)
		}
		next, l = l.b[0], l.from(n)
	}
	return d.otherIP(next, l)
}

// fragment6 reads a fragment header (RFC 8200, section 4.5).
func (d *Decoder) fragment6(l layer) Reason {
	const header = 8
	if len(l.b) < header {
		return d.otherIP(protoFragment, l)
	}
	next, f, id := l.b[0], be.Uint16(l.b[2:]), be.Uint32(l.b[4:])
	l = l.from(header)
	const more, offset = 1, 0xfff8
	if f&(more|offset) == 0 {
		return d.extensions(next, l) // an atomic fragment (RFC 6946)
	}
	return d.fragment(next, piece{id: id, at: int(f & offset), more: f&more != 0}, l)
}

// otherIP is IP without ports.
func (d *Decoder) otherIP(proto byte, l layer) Reason {
	p := &d.p
	p.Class, p.Transport, p.SrcPort, p.DstPort, p.Flags, p.Sum = OtherIP, Transport(proto), 0, 0, 0, 0
	p.Payload, p.PayloadLen, p.Snapped = l.b, uint32(max(l.wire, 0)), len(l.b) < l.wire
	return OK
}

// transport reads the header behind IP.
func (d *Decoder) transport(proto byte, l layer) Reason {
	switch Transport(proto) {
	case TCP:
		return d.tcp(l)
	case UDP:
		return d.udp(l)
	case SCTP:
		return d.ports(SCTP, l, sctpHeader)
	}
	if read := d.tunnelOf(proto); read != nil {
		return d.tunnel(proto, l, read)
	}
	return d.otherIP(proto, l)
}

// ports reads the two ports that TCP, UDP and SCTP begin with; head is the length of the header.
func (d *Decoder) ports(t Transport, l layer, head int) Reason {
	if len(l.b) < 4 {
		return CutTransport
	}
	p := &d.p
	p.Class, p.Transport, p.Flags, p.Sum = Flow, t, 0, 0
	p.SrcPort, p.DstPort = be.Uint16(l.b), be.Uint16(l.b[2:])
	p.PayloadLen = uint32(max(l.wire-head, 0))
	p.Payload = l.b[min(head, len(l.b)):]
	p.Snapped = len(p.Payload) < int(p.PayloadLen)
	return OK
}

// tcp reads a TCP header (RFC 9293, section 3.1).
func (d *Decoder) tcp(l layer) Reason {
	head := tcpHeader
	switch {
	case len(l.b) > 12:
		head = int(l.b[12]>>4) * 4
	case l.wire <= mostTCPHeader: // its length was cut off, and all of it may be header
		head = max(head, l.wire)
	}
	if head < tcpHeader || head > max(l.wire, len(l.b)) {
		if why := d.ports(TCP, l, len(l.b)); why != OK {
			return why
		}
		d.p.PayloadLen, d.p.Payload, d.p.Snapped, d.p.NoSeq = 0, nil, false, true // counted, not read
		return OK
	}
	if why := d.ports(TCP, l, head); why != OK {
		return why
	}
	if d.p.NoSeq = len(l.b) < 8; !d.p.NoSeq {
		d.p.Seq = be.Uint32(l.b[4:])
	}
	if len(l.b) >= 12 {
		d.p.AckSeq = be.Uint32(l.b[8:])
	}
	if len(l.b) > 13 {
		d.p.Flags = TCPFlags(l.b[13])
	}
	return OK
}

// datagram is what of l is a UDP datagram by its own length; what is behind it is padding.
func (l layer) datagram() layer {
	if len(l.b) >= udpHeader {
		if n := int(be.Uint16(l.b[4:])); n >= udpHeader && n < l.wire {
			return layer{l.b[:min(len(l.b), n)], n}
		}
	}
	return l
}

// udp reads a UDP header (RFC 768) and what tunnels over UDP carry.
func (d *Decoder) udp(l layer) Reason {
	l = l.datagram()
	why := d.ports(UDP, l, udpHeader)
	if why != OK || len(l.b) < udpHeader {
		return why
	}
	if d.p.Snapped {
		d.p.Sum = be.Uint16(l.b[6:])
	}
	if read := d.udpTunnel(d.p.SrcPort, d.p.DstPort, d.p.Payload); read != nil {
		return d.try(l.from(udpHeader), read)
	}
	return OK
}
