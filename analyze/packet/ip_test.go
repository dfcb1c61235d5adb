package packet

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"phonehome/analyze/capture"
)

func tcp(flags TCPFlags) *layers.TCP {
	return &layers.TCP{SrcPort: 1000, DstPort: 2000, Seq: 5, Ack: 6, DataOffset: 5, SYN: flags&SYN != 0, ACK: flags&ACK != 0, PSH: flags&PSH != 0, FIN: flags&FIN != 0, RST: flags&RST != 0}
}

// with changes a copy of a frame.
func with(frame []byte, change func(b []byte)) []byte {
	b := bytes.Clone(frame)
	change(b)
	return b
}

// TestLengthsComeFromHeaders: what was captured, and what Ethernet padded, says nothing about how much was sent.
func TestLengthsComeFromHeaders(t *testing.T) {
	body := gopacket.Payload(make([]byte, 1000))
	tcp4 := frameOf(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolTCP), tcp(ACK|PSH), body)
	tcp6 := frameOf(t, eth(layers.EthernetTypeIPv6), ip6(layers.IPProtocolTCP), tcp(ACK|PSH), body)
	udp4 := frameOf(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), udp(1000, 2000), body)
	ack := frameOf(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolTCP), tcp(ACK), gopacket.Payload(nil))
	ack6 := frameOf(t, eth(layers.EthernetTypeIPv6), ip6(layers.IPProtocolTCP), tcp(ACK), gopacket.Payload(nil))
	noLength := func(at int) func([]byte) {
		return func(b []byte) { binary.BigEndian.PutUint16(b[at:], 0) }
	}
	udpLength := func(n uint16) func([]byte) {
		return func(b []byte) { binary.BigEndian.PutUint16(b[14+20+4:], n) }
	}
	const all = -1
	for _, c := range []struct {
		name           string
		frame          []byte
		captured, wire int // bytes; all: of the frame
		payload        uint32
		view           int // bytes of payload that can be read
	}{
		{"whole", tcp4, all, all, 1000, 1000},
		{"snapped in the payload", tcp4, 100, all, 1000, 46},
		{"snapped in the TCP header", tcp4, 14 + 20 + 14, all, 1000, 0},
		{"snapped behind the ports", tcp4, 14 + 20 + 4, all, 1000, 0},
		{"snapped, IPv6", tcp6, 100, all, 1000, 26},
		{"snapped, UDP", udp4, 14 + 20 + 4, all, 1000, 0},
		{"bare ACK, padded to 60 bytes", ack, all, all, 0, 0},
		{"bare ACK, padded beyond", append(bytes.Clone(ack), make([]byte, 4)...), all, all, 0, 0},
		{"bare ACK over IPv6, padded", append(bytes.Clone(ack6), make([]byte, 6)...), all, all, 0, 0},
		{"offloaded: no IP length", with(tcp4, noLength(16)), all, all, 1000, 1000},
		{"offloaded and snapped", with(tcp4, noLength(16)), 100, all, 1000, 46},
		{"offloaded, 200 KB", with(tcp4, noLength(16)), 100, 200000, 200000 - 54, 46},
		{"offloaded, IPv6", with(tcp6, noLength(18)), all, all, 1000, 1000},
		{"the file claims less than it holds", tcp4, all, 60, 1000, 1000},
		{"the IP length is more than the frame", with(tcp4, func(b []byte) { b[16] = 0xff }), all, all, 1000, 1000},
		{"the UDP length is less", with(udp4, udpLength(508)), all, all, 500, 500},
		{"the UDP length is more", with(udp4, udpLength(60000)), all, all, 1000, 1000},
		{"the UDP length is none", with(udp4, udpLength(0)), all, all, 1000, 1000},
		{"TCP options", with(tcp4, func(b []byte) { b[14+20+12] = 8 << 4 }), all, all, 988, 988},
		{"a TCP header longer than the packet", with(ack, func(b []byte) { b[14+20+12] = 0xf0 }), all, all, 0, 0},
		{"a TCP header of four bytes", with(tcp4, func(b []byte) { b[14+20+12] = 0x10 }), all, all, 0, 0},
	} {
		if c.captured == all {
			c.captured = len(c.frame)
		}
		if c.wire == all {
			c.wire = len(c.frame)
		}
		p := one(t, capture.Ethernet, c.frame[:c.captured], c.wire)
		if p.Class != Flow || p.SrcPort != 1000 || p.DstPort != 2000 || p.PayloadLen != c.payload || len(p.Payload) != c.view || p.Snapped != (c.view < int(c.payload)) {
			t.Errorf("%s: class %d, payload %d of %d, snapped %v; want %d of %d", c.name, p.Class, len(p.Payload), p.PayloadLen, p.Snapped, c.view, c.payload)
		}
		if p.Wire != uint32(c.wire) {
			t.Errorf("%s: %d bytes on the wire, want %d", c.name, p.Wire, c.wire)
		}
	}
}

// TestCutInTheTCPHeader: what was captured of a header is read. 64 bytes of an IPv6 packet end in the middle of it.
func TestCutInTheTCPHeader(t *testing.T) {
	whole := tcp(ACK | PSH)
	whole.Seq, whole.Ack = 7, 9
	frame := frameOf(t, eth(layers.EthernetTypeIPv6), ip6(layers.IPProtocolTCP), whole, gopacket.Payload(make([]byte, 1000)))
	for _, c := range []struct {
		cut      int // bytes of the TCP header
		seq, ack uint32
		noSeq    bool
		flags    TCPFlags
	}{{7, 0, 0, true, 0}, {8, 7, 0, false, 0}, {10, 7, 0, false, 0}, {12, 7, 9, false, 0}, {14, 7, 9, false, ACK | PSH}, {20, 7, 9, false, ACK | PSH}} {
		p := one(t, capture.Ethernet, frame[:14+40+c.cut], len(frame))
		if p.Seq != c.seq || p.AckSeq != c.ack || p.NoSeq != c.noSeq || p.Flags != c.flags || p.PayloadLen != 1000 {
			t.Errorf("%d bytes of the header: %+v", c.cut, p)
		}
	}
}

// TestBrokenTCPHeader: of a segment whose header has an impossible length nothing is read, and no sequence number that would be the flow's.
func TestBrokenTCPHeader(t *testing.T) {
	frame := frameOf(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolTCP), tcp(ACK), gopacket.Payload("abc"))
	for _, words := range []byte{0, 4, 15} {
		broken := with(frame, func(b []byte) { b[14+20+12] = words << 4 })
		if p := one(t, capture.Ethernet, broken, len(broken)); p.Class != Flow || p.SrcPort != 1000 || p.PayloadLen != 0 || p.Payload != nil || !p.NoSeq {
			t.Errorf("%d words: %+v", words, p)
		}
	}
}

func TestAbsurdLengthIsMended(t *testing.T) {
	for _, kind := range []layers.EthernetType{layers.EthernetTypeIPv4, layers.EthernetTypeIPv6} {
		var ip gopacket.SerializableLayer = ip4(layers.IPProtocolTCP)
		if kind == layers.EthernetTypeIPv6 {
			ip = ip6(layers.IPProtocolTCP)
		}
		frame := frameOf(t, eth(kind), ip, tcp(ACK), gopacket.Payload(make([]byte, 100)))
		d := NewDecoder(DefaultLimits(), func(p *Packet) {
			if p.Wire != uint32(len(frame)) || p.PayloadLen != 100 {
				t.Errorf("%v: %d bytes on the wire, payload %d", kind, p.Wire, p.PayloadLen)
			}
		})
		d.Decode(&capture.Record{Data: frame, Wire: 1<<31 + 5, Link: capture.Ethernet})
		if d.LimitsHit()["absurd-length"] != 1 {
			t.Errorf("%v: limits %v", kind, d.LimitsHit())
		}
	}
}

func TestExtensionHeaders(t *testing.T) {
	u := frameOf(t, udp(1000, 2000), gopacket.Payload("inside"))
	ext := func(next byte) []byte { return []byte{next, 0, 1, 4, 0, 0, 0, 0} } // PadN (RFC 8200, section 4.2)
	many := func(n int) (b []byte) {
		for range n - 1 {
			b = append(b, ext(60)...)
		}
		return append(append(b, ext(17)...), u...)
	}
	for _, c := range []struct {
		name      string
		first     layers.IPProtocol
		body      []byte
		transport Transport
	}{
		{"hop by hop", 0, join(ext(17), u), UDP},
		{"hop by hop, jumbo payload", 0, join([]byte{17, 0, 0xc2, 4, 0, 0, 0, 22}, u), UDP},
		{"destination, routing, destination", 60, join(ext(43), ext(60), ext(17), u), UDP},
		{"routing of 24 bytes", 43, join([]byte{17, 2, 0, 1}, make([]byte, 20), u), UDP},
		{"HIP", 139, join(ext(17), u), UDP},
		{"Shim6", 140, join(ext(17), u), UDP},
		{"AH", 51, join([]byte{17, 4, 0, 0}, make([]byte, 20), u), UDP},
		{"sixteen less one", 60, many(15), UDP},
		{"too many", 60, many(17), protoDest},
		{"longer than the packet", 60, join([]byte{17, 200, 1, 4, 0, 0, 0, 0}, u), protoDest},
		{"cut", 60, []byte{17, 0, 1}, protoDest},
		{"AH, cut", 51, []byte{17, 0, 1}, protoAH},
		{"mobility", 135, join(ext(59)), protoMobility},
		{"no next header", 59, []byte("padding"), 59},
		{"ESP", 50, make([]byte, 40), 50},
		{"ICMPv6", 58, make([]byte, 16), 58},
		{"fragment header, cut", 44, []byte{17, 0, 0, 0}, protoFragment},
	} {
		p := one(t, capture.Ethernet, frameOf(t, eth(layers.EthernetTypeIPv6), ip6(c.first), gopacket.Payload(c.body)), 200)
		switch {
		case p.Transport != c.transport || !p.V6:
			t.Errorf("%s: transport %d, want %d", c.name, p.Transport, c.transport)
		case c.transport == UDP && !isInside(&p):
			t.Errorf("%s: %+v", c.name, p)
		case c.transport != UDP && (p.Class != OtherIP || p.SrcPort|p.DstPort != 0):
			t.Errorf("%s: class %d, ports %d %d", c.name, p.Class, p.SrcPort, p.DstPort)
		}
	}
}

// TestOptionsOfIPv4 holds that options are passed over, whatever is in them (RFC 791, section 3.1).
func TestOptionsOfIPv4(t *testing.T) {
	u := frameOf(t, udp(1000, 2000), gopacket.Payload("inside"))
	for words := range 11 {
		ip := inside4(t)[:20]
		ip[0] = 0x45 + byte(words)
		b := join(ip, bytes.Repeat([]byte{0xff}, words*4), u)
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
		if p := one(t, capture.Raw, b, len(b)); !isInside(&p) {
			t.Errorf("%d words of options: %+v", words, p)
		}
	}
}

// TestOptionsCutOffAreNoPayload holds that a segment whose header was cut before its length, and that may be header alone, has no payload: an attempt and
// its refusal would be a transfer.
func TestOptionsCutOffAreNoPayload(t *testing.T) {
	for _, c := range []struct {
		behind, captured int // bytes behind the header's first 20, and of TCP captured
		want             uint32
	}{
		{0, 12, 0}, {12, 12, 0}, {40, 12, 0}, {41, 12, 41}, {12, 4, 0}, {1400, 4, 1400}, {12, 13, 12},
	} {
		frame := frameOf(t, eth(layers.EthernetTypeIPv6), ip6(layers.IPProtocolTCP), tcp(ACK), gopacket.Payload(make([]byte, c.behind)))
		r := capture.Record{Data: frame[:14+40+c.captured], Wire: uint32(len(frame)), Link: capture.Ethernet, Frame: 1}
		var p Packet
		NewDecoder(DefaultLimits(), func(q *Packet) { p = *q }).Decode(&r)
		if p.Class != Flow || p.PayloadLen != c.want || p.NoSeq != (c.captured < 8) {
			t.Errorf("%+v: %+v", c, p)
		}
	}
}

func TestSCTP(t *testing.T) {
	b := join([]byte{3, 232, 7, 208}, make([]byte, 8), []byte(strings.Repeat("x", 40)))
	p := one(t, capture.Ethernet, frameOf(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolSCTP), gopacket.Payload(b)), 86)
	if p.Class != Flow || p.Transport != SCTP || p.SrcPort != 1000 || p.DstPort != 2000 || p.PayloadLen != 40 || len(p.Payload) != 40 {
		t.Errorf("%+v", p)
	}
}

// TestSumIsOfWhatWasCut holds that the checksum is kept of the innermost header, where that is UDP and its payload was cut.
func TestSumIsOfWhatWasCut(t *testing.T) {
	sum := func(b []byte, at int) []byte { return with(b, func(b []byte) { b[at], b[at+1] = 0x12, 0x34 }) }
	body := gopacket.Payload(make([]byte, 100))
	datagram := sum(frameOf(t, ip6(layers.IPProtocolUDP), udp(1000, 2000), body), 40+6)
	segment := frameOf(t, ip6(layers.IPProtocolTCP), tcp(ACK), body)
	vxlan := func(inside []byte) []byte {
		return sum(onUDP(4789)(t, join([]byte{8, 0, 0, 0, 0, 0, 77, 0}, atmMAC[:12], []byte{0x86, 0xdd}, inside)), 14+20+6)
	}
	for _, c := range []struct {
		name  string
		frame []byte
		cut   int
		want  uint16
	}{
		{"whole", join(atmMAC[:12], []byte{0x86, 0xdd}, datagram), 0, 0},
		{"cut", join(atmMAC[:12], []byte{0x86, 0xdd}, datagram), 9, 0x1234},
		{"cut, two tags", join(atmMAC[:12], []byte{0x88, 0xa8}, tag(0x81, 0), tag(0x86, 0xdd), datagram), 9, 0x1234},
		{"cut in a tunnel", vxlan(datagram), 9, 0x1234},
		{"TCP, cut in a tunnel", vxlan(segment), 9, 0},
	} {
		if p := one(t, capture.Ethernet, c.frame[:len(c.frame)-c.cut], len(c.frame)); p.Sum != c.want {
			t.Errorf("%s: %#x, want %#x", c.name, p.Sum, c.want)
		}
	}
}
