package packet

import (
	"encoding/binary"
	"net/netip"

	"phonehome/analyze/capture"
)

var be = binary.BigEndian

// Decoder turns records into packets. It is used by one goroutine, in the order of the records.
type Decoder struct {
	emit    func(*Packet)
	into    *Packet // see Into
	p       Packet
	frags   fragments
	tunnels tunnels
	limits  map[string]uint64
	link    capture.LinkType
	depth   int
}

// layer is what was captured of one layer, and how many bytes it has on the wire.
type layer struct {
	b    []byte
	wire int
}

// from returns the layer behind n bytes of header, which must have been captured.
func (l layer) from(n int) layer { return layer{l.b[n:], max(l.wire-n, 0)} }

// NewDecoder returns a Decoder that gives each packet to emit. The Packet is used again: it is emit's during the call.
func NewDecoder(l Limits, emit func(*Packet)) *Decoder {
	d := &Decoder{emit: emit, limits: map[string]uint64{}}
	d.into = &d.p
	d.frags.init(l, d.limits)
	d.tunnels.ids = map[Tunnel]TunnelID{}
	return d
}

// Into says where the next packets are put that are read without detours, which are most: emit finds them there, and need not copy them.
func (d *Decoder) Into(p *Packet) { d.into = p }

// LimitsHit counts the limits that bit, by name.
func (d *Decoder) LimitsHit() map[string]uint64 { return d.limits }

// Tunnels is the number of tunnels met; Tunnel gives each, from 1.
func (d *Decoder) Tunnels() int { return len(d.tunnels.list) }

// Tunnel returns the tunnel of a packet.
func (d *Decoder) Tunnel(id TunnelID) Tunnel { return d.tunnels.list[id-1] }

// UndecodedKey is the key in undecoded{} of the packet being emitted.
func (d *Decoder) UndecodedKey(p *Packet) string {
	if p.Reason == UnknownLink {
		return p.Reason.String() + " " + d.link.String()
	}
	return p.Reason.String()
}

const (
	// absurdWire is the frame length beyond which the claim is held against the IP header: no link carries more than a jumbogram's worth of
	// segments at once (libpcap's greatest snapshot length).
	absurdWire = 256 << 10
)

// Decode reads one record. It emits one packet for it, now or, for a fragment that waits, later.
func (d *Decoder) Decode(r *capture.Record) {
	if d.into.fast(r) {
		d.emit(d.into)
		return
	}
	d.begin(r)
	d.finish(d.linkLayer(r.Link, layer{r.Data, int(r.Wire)}))
}

// begin resets the packet for a record.
func (d *Decoder) begin(r *capture.Record) {
	d.p.begin(r)
	d.link, d.depth = r.Link, 0
}

// begin resets a packet for a record: in place, where a literal would be made beside it and copied.
func (p *Packet) begin(r *capture.Record) {
	*p = Packet{}
	p.Time, p.Frame, p.Capture, p.Wire = r.Time, r.Frame, r.Capture, r.Wire
}

// finish classifies and emits what linkLayer has found.
func (d *Decoder) finish(why Reason) {
	switch why {
	case OK:
	case fragmentHeld:
		return
	case notIP:
		d.p.Class = NonIP
	default:
		d.p.Class, d.p.Reason = Undecoded, why
	}
	d.emit(&d.p)
}

// Flush emits the frames of datagrams that never became whole.
func (d *Decoder) Flush() { d.frags.flush(d.giveUp) }

// etherTypes of what is read (IEEE 802 numbers).
const (
	etherIPv4      = 0x0800
	etherVLAN      = 0x8100
	etherQinQ      = 0x88a8
	etherQinQ9100  = 0x9100
	etherQinQ9200  = 0x9200
	etherQinQ9300  = 0x9300
	etherIPv6      = 0x86dd
	etherMPLS      = 0x8847
	etherMPLSMulti = 0x8848
	etherPPPoE     = 0x8864
	etherPBB       = 0x88e7
	etherFabric    = 0x8903
	etherCMD       = 0x8909
	etherVNTag     = 0x8926 // IEEE 802.1BR
	etherHSR       = 0x892f // IEC 62439-3
	etherNSH       = 0x894f
	etherTRILL     = 0x22f3
	etherEDSA      = 0xdada // not registered: what drivers of Marvell's switches take
	etherMACsec    = 0x88e5
	etherTEB       = 0x6558
	etherPPP       = 0x880b
	etherERSPAN    = 0x88be
	etherERSPAN3   = 0x22eb
	etherWCCP      = 0x883e
	etherARP       = 0x0806
	maxLength      = 1500 // a type field up to this is a length (IEEE 802.3)
	etherHeader    = 14
)

// fast reads the common case: Ethernet, at most one VLAN tag, IP without options, fragments or tunnels, TCP or UDP with all headers captured.
// It reports false for anything else, and the walk below starts over.
func (p *Packet) fast(r *capture.Record) bool {
	b := r.Data
	if r.Link != capture.Ethernet || len(b) < etherHeader+leastIPv4 || r.Wire > absurdWire {
		return false
	}
	p.begin(r)
	p.DstMAC, p.SrcMAC = MAC(b), MAC(b[6:])
	at := etherHeader
	kind := be.Uint16(b[12:])
	if kind == etherVLAN {
		p.VLAN = be.Uint16(b[14:]) & vlanMask
		kind, at = be.Uint16(b[16:]), at+4
	}
	switch kind {
	case etherIPv4:
		return p.fast4(b[at:], int(r.Wire)-at)
	case etherIPv6:
		return p.fast6(b[at:], int(r.Wire)-at)
	}
	return false
}

const (
	vlanMask  = 0x0fff
	leastIPv4 = 20 + udpHeader // what the fast path reads has at least these headers
)

func (p *Packet) fast4(b []byte, wire int) bool {
	const plain, fragmented = 0x45, 0x3fff
	if len(b) < leastIPv4 || b[0] != plain || be.Uint16(b[6:])&fragmented != 0 {
		return false
	}
	total := int(be.Uint16(b[2:]))
	if total < leastIPv4 || total > wire {
		return false
	}
	p.IPID, p.TTL, p.Transport = be.Uint16(b[4:]), b[8], Transport(b[9])
	p.Src.map4(b[12:])
	p.Dst.map4(b[16:])
	return p.fastTransport(b[20:min(len(b), total)], total-20)
}

func (p *Packet) fast6(b []byte, wire int) bool {
	if len(b) < 48 || b[0]>>4 != 6 {
		return false
	}
	n := int(be.Uint16(b[4:]))
	if n < 8 || n+40 > wire {
		return false
	}
	p.Transport, p.TTL, p.V6 = Transport(b[6]), b[7], true
	p.Src, p.Dst = Addr(b[8:]), Addr(b[24:])
	return p.fastTransport(b[40:min(len(b), 40+n)], n)
}

// fastTransport reads a TCP or UDP header that was captured whole; n is its length with payload.
func (p *Packet) fastTransport(b []byte, n int) bool {
	head := udpHeader
	switch p.Transport {
	case TCP:
		if len(b) < tcpHeader {
			return false
		}
		head = int(b[12]>>4) * 4
		if head < tcpHeader || head > len(b) {
			return false
		}
		p.Seq, p.AckSeq, p.Flags = be.Uint32(b[4:]), be.Uint32(b[8:]), TCPFlags(b[13])
	case UDP:
		if len(b) < udpHeader || int(be.Uint16(b[4:])) != n || tunnelPort(be.Uint16(b)) || tunnelPort(be.Uint16(b[2:])) {
			return false
		}
	default:
		return false
	}
	p.SrcPort, p.DstPort = be.Uint16(b), be.Uint16(b[2:])
	p.PayloadLen = uint32(n - head)
	p.Payload = b[head:]
	p.Snapped = len(b) < n
	if p.Snapped && p.Transport == UDP {
		p.Sum = be.Uint16(b[6:])
	}
	p.Class = Flow
	return true
}

const (
	tcpHeader     = 20
	mostTCPHeader = 60 // with options: 15 words (RFC 9293, section 3.1)
	udpHeader     = 8
	sctpHeader    = 12
)

// ether reads what an EtherType announces.
func (d *Decoder) ether(kind uint16, l layer) Reason {
	if d.tooDeep() {
		return notIP
	}
	switch kind {
	case etherIPv4:
		return d.ipv4(l)
	case etherIPv6:
		return d.ipv6(l)
	case etherVLAN, etherQinQ, etherQinQ9100, etherQinQ9200, etherQinQ9300:
		return d.vlan(l)
	case etherMPLS, etherMPLSMulti:
		return d.mpls(l)
	case etherPPPoE:
		return d.pppoe(l)
	case etherPBB:
		return d.behind(l, 4, d.ethernet)
	case etherFabric:
		return d.behind(l, 2, d.ethernet)
	case etherTEB:
		return d.ethernet(l)
	case etherCMD: // version, length, option, SGT, EtherType
		return d.etherTypeAt(l, 6, 8)
	case etherVNTag, etherHSR: // four bytes, EtherType
		return d.etherTypeAt(l, 4, 6)
	case etherNSH:
		return d.nsh(l)
	case etherMACsec:
		return d.macsec(l)
	case etherPPP:
		return d.ppp(l)
	case etherTRILL:
		return d.trill(l)
	case etherEDSA: // reserved, tag, EtherType
		return d.etherTypeAt(l, 6, 8)
	}
	if kind <= maxLength {
		l.b, l.wire = l.b[:min(len(l.b), int(kind))], min(l.wire, int(kind))
		return d.llc(l)
	}
	return notIP
}

// tooDeep goes one header deeper, and says whether that is beyond the bound.
func (d *Decoder) tooDeep() bool {
	if d.depth++; d.depth == maxDepth+1 {
		d.limits["nesting"]++
	}
	return d.depth > maxDepth
}

// behind reads what stands n bytes further.
func (d *Decoder) behind(l layer, n int, read func(layer) Reason) Reason {
	if len(l.b) < n {
		return CutLink
	}
	return read(l.from(n))
}

// ethernet reads an Ethernet frame; the outermost one's addresses are kept.
func (d *Decoder) ethernet(l layer) Reason {
	if len(l.b) < etherHeader {
		return CutLink
	}
	d.keepMACs(l.b)
	return d.ether(be.Uint16(l.b[12:]), l.from(etherHeader))
}

// keepMACs keeps the addresses that the outermost Ethernet frame begins with.
func (d *Decoder) keepMACs(b []byte) {
	if d.p.SrcMAC == (MAC{}) && d.p.DstMAC == (MAC{}) {
		d.p.DstMAC, d.p.SrcMAC = MAC(b), MAC(b[6:])
	}
}

func (d *Decoder) vlan(l layer) Reason {
	if len(l.b) < 4 {
		return CutLink
	}
	if d.p.VLAN == 0 {
		d.p.VLAN = be.Uint16(l.b) & vlanMask
	}
	return d.ether(be.Uint16(l.b[2:]), l.from(4))
}

// llc reads IEEE 802.2 with SNAP (RFC 1042), and IP on its own SAP.
func (d *Decoder) llc(l layer) Reason {
	const snap, ipSAP, snapHeader = 0xaa, 0x06, 8
	switch b := l.b; {
	case len(b) < 3:
		return CutLink
	case b[0] == snap && b[1] == snap:
		if len(b) < snapHeader {
			return CutLink
		}
		if oui := uint32(b[3])<<16 | uint32(b[4])<<8 | uint32(b[5]); oui != 0 && oui != 0xf8 { // RFC 1042; IEEE 802.1H
			return notIP
		}
		return d.ether(be.Uint16(b[6:]), l.from(snapHeader))
	case b[0] == ipSAP && b[1] == ipSAP:
		return d.ipv4(l.from(3))
	}
	return notIP
}

// mpls reads a label stack (RFC 3032). What follows has no type: IP by its version, else an Ethernet pseudowire, behind a control word
// where the first nibble is 0 (RFC 4385).
func (d *Decoder) mpls(l layer) Reason {
	const bottom = 1
	for last := false; !last; l = l.from(4) {
		if len(l.b) < 4 {
			return CutLink
		}
		last = l.b[2]&bottom != 0
	}
	if len(l.b) == 0 {
		return CutLink
	}
	switch first := l.b[0] >> 4; {
	case first == 4 || first == 6: // or an address of a maker whose number begins so, of a frame with a type that is known
		if !typedEthernet(l.b) || wholeIP(l, leastEthernet) {
			return d.byVersion(l)
		}
	case first == 0 && len(l.b) >= 4: // a control word, or such an address: a packet that fits decides, else a type that is known, else a length may
		if carriesIP(l.from(4)) || be.Uint32(l.b) == 0 && typedEthernet(l.b[4:]) || !typedEthernet(l.b) && plausibleEthernet(l.b[4:]) {
			return d.ethernet(l.from(4))
		}
	}
	if plausibleEthernet(l.b) {
		return d.ethernet(l)
	}
	return notIP
}

// plausibleEthernet says whether b can be an Ethernet frame with something that is read inside.
func plausibleEthernet(b []byte) bool {
	return typedEthernet(b) || len(b) >= etherHeader && be.Uint16(b[12:]) <= maxLength
}

// typedEthernet is the same where a type, not a length, must say so.
func typedEthernet(b []byte) bool {
	if len(b) < etherHeader {
		return false
	}
	switch be.Uint16(b[12:]) {
	case etherIPv4, etherIPv6, etherVLAN, etherQinQ, etherQinQ9100, etherMPLS, etherPPPoE, etherPBB, etherFabric, etherTRILL, etherCMD, etherVNTag, etherHSR,
		etherNSH, etherMACsec, etherARP:
		return true
	}
	return false
}

func (d *Decoder) pppoe(l layer) Reason {
	const header = 6 // RFC 2516, section 4
	if len(l.b) < header {
		return CutLink
	}
	if l.b[0] != 0x11 || l.b[1] != 0 {
		return notIP
	}
	return d.ppp(l.from(header))
}

// ppp reads a PPP frame (RFC 1661; RFC 1662 for address and control), with or without the compressions of its header.
func (d *Decoder) ppp(l layer) Reason {
	if len(l.b) >= 2 && l.b[0] == 0xff && l.b[1] == 0x03 {
		l = l.from(2)
	}
	if len(l.b) < 2 {
		return CutLink
	}
	proto, n := uint16(l.b[0]), 1
	if proto&1 == 0 {
		proto, n = be.Uint16(l.b), 2
	}
	l = l.from(n)
	switch proto {
	case 0x21:
		return d.ether(etherIPv4, l)
	case 0x57:
		return d.ether(etherIPv6, l)
	case 0x281, 0x283:
		return d.ether(etherMPLS, l)
	}
	return notIP
}

// macsec reads a MACsec frame that is only signed (IEEE 802.1AE, section 9.3).
func (d *Decoder) macsec(l layer) Reason {
	const tag, sci, encrypted, hasSCI, icv = 6, 8, 0x0c, 0x20, 16
	if len(l.b) < tag+sci+2 {
		return CutLink
	}
	if l.b[0]&encrypted != 0 {
		return notIP
	}
	n := tag
	if l.b[0]&hasSCI != 0 {
		n += sci
	}
	kind := be.Uint16(l.b[n:])
	l = l.from(n + 2)
	l.wire = max(l.wire-icv, 0)
	l.b = l.b[:min(len(l.b), l.wire)]
	return d.ether(kind, l)
}

// trill reads a frame between RBridges (RFC 6325, section 3): behind its options stands an Ethernet frame.
func (d *Decoder) trill(l layer) Reason {
	const header, version, optionUnit = 6, 0xc000, 4
	if len(l.b) < header {
		return CutLink
	}
	first := be.Uint16(l.b)
	if first&version != 0 {
		return notIP
	}
	return d.behind(l, header+int(first>>6&0x1f)*optionUnit, d.ethernet)
}

// nsh reads a network service header (RFC 8300).
func (d *Decoder) nsh(l layer) Reason {
	if len(l.b) < 8 {
		return CutLink
	}
	n := int(l.b[1]&0x3f) * 4
	if n < 8 || n > len(l.b) {
		return BadLink
	}
	next := l.b[3]
	l = l.from(n)
	switch next {
	case 1:
		return d.ether(etherIPv4, l)
	case 2:
		return d.ether(etherIPv6, l)
	case 3:
		return d.ethernet(l)
	case 5:
		return d.ether(etherMPLS, l)
	}
	return notIP
}

// byVersion reads IP of either version.
func (d *Decoder) byVersion(l layer) Reason {
	if len(l.b) == 0 {
		return CutIP
	}
	if l.b[0]>>4 == 6 {
		return d.ether(etherIPv6, l)
	}
	return d.ether(etherIPv4, l)
}

// tunnels numbers the tunnels met.
type tunnels struct {
	ids  map[Tunnel]TunnelID
	list []Tunnel
}

// maxTunnels bounds the tunnels that are told apart; the packets of more have none noted.
const maxTunnels = 1 << 18

func (t *tunnels) id(kind string, src, dst netip.Addr, id uint32) TunnelID {
	if dst.Less(src) {
		src, dst = dst, src
	}
	k := Tunnel{Kind: kind, Src: src, Dst: dst, ID: id}
	n, ok := t.ids[k]
	if !ok && len(t.list) < maxTunnels {
		t.list = append(t.list, k)
		n = TunnelID(len(t.list))
		t.ids[k] = n
	}
	return n
}
