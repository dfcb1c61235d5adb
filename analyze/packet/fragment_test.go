package packet

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"phonehome/analyze/capture"
)

// piece4 is an IPv4 fragment of datagram id that holds body at byte at.
func piece4(t testing.TB, id uint16, at int, more bool, body []byte) []byte {
	return frameOf(t, &layers.Ethernet{SrcMAC: macA, DstMAC: macB, EthernetType: layers.EthernetTypeIPv4}, gopacket.Payload(cut4(t, layers.IPProtocolUDP, id, at, more, body)))
}

// cut4 is the same without a link layer, of any protocol.
func cut4(t testing.TB, proto layers.IPProtocol, id uint16, at int, more bool, body []byte) []byte {
	ip := ip4(proto)
	ip.Id, ip.FragOffset = id, uint16(at/fragmentUnit)
	if more {
		ip.Flags = layers.IPv4MoreFragments
	}
	return frameOf(t, ip, gopacket.Payload(body))
}

// piece6 is an IPv6 fragment (RFC 8200, section 4.5).
func piece6(t testing.TB, at int, more bool, next byte, body []byte) []byte {
	head := []byte{next, 0, byte(at >> 8), byte(at), 0, 0, 0, 9}
	if more {
		head[3] |= 1
	}
	return frameOf(t, eth(layers.EthernetTypeIPv6), ip6(layers.IPProtocolIPv6Fragment), gopacket.Payload(join(head, body)))
}

// datagramOf is a UDP datagram of n bytes, each with another value than the next.
func datagramOf(t testing.TB, n int) []byte {
	body := make([]byte, n-udpHeader)
	for i := range body {
		body[i] = byte(i)
	}
	return frameOf(t, udp(1000, 2000), gopacket.Payload(body))
}

func TestFragmentTable(t *testing.T) {
	d := datagramOf(t, 64)
	a, b, c := piece4(t, 7, 0, true, d[:24]), piece4(t, 7, 24, true, d[24:48]), piece4(t, 7, 48, false, d[48:])
	other := piece4(t, 7, 24, true, make([]byte, 24))
	wide := piece4(t, 7, 16, true, make([]byte, 32))
	dest := join([]byte{17, 0, 1, 4, 0, 0, 0, 0}, d) // a destination options header before UDP
	for _, k := range []struct {
		name   string
		frames [][]byte
		whole  int // the frame that is the whole datagram, from 1; 0: none
		limits map[string]uint64
	}{
		{"in order", [][]byte{a, b, c}, 3, nil},
		{"backwards", [][]byte{c, b, a}, 3, nil},
		{"twice, before it is whole", [][]byte{a, a, c, b}, 4, nil},
		{"twice, when it is whole", [][]byte{a, b, c, c}, 3, nil},
		{"each twice", [][]byte{a, a, b, b, c, c}, 5, nil},
		{"all twice", [][]byte{a, b, c, a, b, c}, 3, nil},
		{"contradicted later", [][]byte{a, b, other, c}, 4, map[string]uint64{"fragment-overlaps": 1}},
		{"contradicted at both ends", [][]byte{a, b, wide, c}, 4, map[string]uint64{"fragment-overlaps": 1}},
		{"IPv6", [][]byte{piece6(t, 0, true, 17, d[:32]), piece6(t, 32, false, 17, d[32:])}, 2, nil},
		{"IPv6, an extension header inside", [][]byte{piece6(t, 40, false, 60, dest[40:]), piece6(t, 0, true, 60, dest[:40])}, 2, nil},
		{"IPv6, atomic", [][]byte{piece6(t, 0, false, 17, d)}, 1, nil},
	} {
		got, dec := decodeAll(DefaultLimits(), capture.Ethernet, k.frames...)
		if len(got) != len(k.frames) {
			t.Errorf("%s: %d packets of %d frames", k.name, len(got), len(k.frames))
		}
		var frames []uint64
		for _, p := range got {
			frames = append(frames, p.Frame)
			switch {
			case p.PayloadLen == 0 && p.Payload == nil && int(p.Frame) != k.whole:
			case int(p.Frame) != k.whole || p.Class != Flow || p.SrcPort != 1000 || p.PayloadLen != 56 || string(p.Payload) != string(d[8:]):
				t.Errorf("%s: frame %d: %+v", k.name, p.Frame, p)
			}
		}
		slices.Sort(frames)
		if len(slices.Compact(frames)) != len(k.frames) {
			t.Errorf("%s: frames %v", k.name, frames)
		}
		if h := dec.LimitsHit(); len(h) != len(k.limits) || h["fragment-overlaps"] != k.limits["fragment-overlaps"] {
			t.Errorf("%s: limits %v, want %v", k.name, h, k.limits)
		}
	}
}

// TestCopiesOfFragments: what a mirror sends twice is of the flow both times, and nothing waits; what only looks like it is a datagram of its own.
func TestCopiesOfFragments(t *testing.T) {
	d := datagramOf(t, 64)
	a, b := piece4(t, 7, 0, true, d[:32]), piece4(t, 7, 32, false, d[32:])
	inner := cut4(t, layers.IPProtocolUDP, 7, 32, false, d[32:])
	outer := func(at int, more bool, b []byte) []byte {
		return frameOf(t, eth(layers.EthernetTypeIPv4), gopacket.Payload(cut4(t, layers.IPProtocolIPv4, 9, at, more, b)))
	}
	for _, k := range []struct {
		name   string
		last   []byte
		at     int64 // of the last frame, ns
		orphan bool
	}{
		{"a copy", b, 5e3, false},
		{"a copy from before the clock was set", b, -5e3, false},
		{"later", b, MirrorWindow + 1, true},
		{"other bytes", piece4(t, 7, 32, false, d[:32]), 5e3, true},
		{"another identification", piece4(t, 8, 32, false, d[32:]), 5e3, true},
		{"beyond the end", piece4(t, 7, 56, false, d[32:]), 5e3, true},
	} {
		var got []Packet
		dec := NewDecoder(DefaultLimits(), func(p *Packet) { got = append(got, *p) })
		for i, f := range [][]byte{a, a, b, k.last} {
			at := map[int]int64{3: k.at}[i]
			dec.Decode(&capture.Record{Data: f, Wire: uint32(len(f)), Link: capture.Ethernet, Frame: uint64(i + 1), Time: at})
		}
		dec.Flush()
		payload := uint32(0)
		if k.orphan {
			payload = 32
		}
		if len(got) != 4 || got[2].PayloadLen != 56 || got[3].PayloadLen != payload || got[3].Orphan != k.orphan || got[3].Frame != 4 || len(dec.LimitsHit()) != 0 {
			t.Errorf("%s: %+v, limits %v", k.name, got, dec.LimitsHit())
		}
	}
	got, _ := decodeAll(DefaultLimits(), capture.Ethernet, a, b, outer(0, true, inner[:24]), outer(24, false, inner[24:]))
	for _, p := range got {
		if p.Class != Flow || p.SrcPort != 1000 {
			t.Errorf("a copy in fragments of a tunnel: %+v", p)
		}
	}
}

// TestPartsOfDatagrams holds that what came of a datagram that never became whole counts, once, and on its flow where the ports came.
func TestPartsOfDatagrams(t *testing.T) {
	d := datagramOf(t, 60)
	a, b, c := piece4(t, 7, 0, true, d[:24]), piece4(t, 7, 24, true, d[24:48]), piece4(t, 7, 48, false, d[48:])
	segment := frameOf(t, tcp(ACK), gopacket.Payload(make([]byte, 28)))
	first := frameOf(t, eth(layers.EthernetTypeIPv4), gopacket.Payload(cut4(t, layers.IPProtocolTCP, 7, 0, true, segment)))
	for _, k := range []struct {
		name    string
		frames  [][]byte
		payload uint32
		shown   string // what a Namer is shown
		ports   bool
	}{
		{"a gap", [][]byte{a, c}, 28, string(d[8:24]), true},
		{"no last one", [][]byte{a, b}, 40, string(d[8:48]), true},
		{"no last one, twice", [][]byte{a, a, b, b}, 40, string(d[8:48]), true},
		{"no first one", [][]byte{b, c}, 36, "", false},
		{"the last one before", [][]byte{c, a}, 28, string(d[8:24]), true},
		{"parts beyond the end", [][]byte{piece4(t, 7, 24, false, d[24:32]), piece4(t, 7, 64, true, d[:32])}, 40, "", false},
		{"more than UDP says", [][]byte{a, b, piece4(t, 7, 48, true, join(d[48:], make([]byte, 12)))}, 52, string(d[8:]), true},
		{"TCP", [][]byte{first}, 28, string(segment[20:]), true},
	} {
		got, _ := decodeAll(DefaultLimits(), capture.Ethernet, k.frames...)
		if len(got) != len(k.frames) {
			t.Errorf("%s: %d packets of %d frames", k.name, len(got), len(k.frames))
		}
		for i, p := range got {
			payload, shown := k.payload, k.shown
			if i < len(got)-1 {
				payload, shown = 0, ""
			}
			if p.PayloadLen != payload || string(p.Payload) != shown || (p.Class == Flow) != k.ports || p.Orphan == k.ports || (p.SrcPort != 0) != k.ports {
				t.Errorf("%s: frame %d: %+v", k.name, p.Frame, p)
			}
		}
	}
}

// TestFragmentsOfATunnelAndInside cuts a datagram, puts its parts in a tunnel, and cuts the packets of the tunnel: every frame is counted once,
// and on the flow inside.
func TestFragmentsOfATunnelAndInside(t *testing.T) {
	d := datagramOf(t, 200)
	var frames [][]byte
	for i, inner := range [][]byte{cut4(t, layers.IPProtocolUDP, 7, 0, true, d[:120]), cut4(t, layers.IPProtocolUDP, 7, 120, false, d[120:])} {
		id := uint16(100 + i)
		for _, b := range [][]byte{cut4(t, layers.IPProtocolIPv4, id, 0, true, inner[:64]), cut4(t, layers.IPProtocolIPv4, id, 64, false, inner[64:])} {
			frames = append(frames, frameOf(t, eth(layers.EthernetTypeIPv4), gopacket.Payload(b)))
		}
	}
	for _, k := range []struct {
		name   string
		limits Limits
		frames [][]byte
		flow   int // frames counted on the flow
	}{
		{"all", DefaultLimits(), frames, 4},
		{"the end is missing", DefaultLimits(), frames[:3], 2},
		{"no room", Limits{Datagrams: 1, Bytes: 1, Timeout: 1e9}, frames, 0},
	} {
		got, _ := decodeAll(k.limits, capture.Ethernet, k.frames...)
		seen, flows := map[uint64]int{}, 0
		for _, p := range got {
			seen[p.Frame]++
			if p.Class == Flow && p.SrcPort == 1000 {
				flows++
			}
		}
		if len(got) != len(k.frames) || len(seen) != len(k.frames) || flows != k.flow {
			t.Errorf("%s: frames %v of %d, %d on the flow, want %d", k.name, seen, len(k.frames), flows, k.flow)
		}
	}
}

// TestFragmentInATunnelOverUDP holds that fragments without their first one have no ports, not those of the tunnel.
func TestFragmentInATunnelOverUDP(t *testing.T) {
	inner := cut4(t, layers.IPProtocolUDP, 7, 32, true, make([]byte, 32))
	frame := onUDP(portGTPU)(t, join([]byte{0x30, 0xff, 0, 52, 0, 0, 0, 77}, inner))
	if p := one(t, capture.Ethernet, frame, len(frame)); p.Class != OtherIP || !p.Orphan || p.SrcPort|p.DstPort != 0 || p.Tunnel == 0 {
		t.Errorf("%+v", p)
	}
}

// TestShortFirstFragment holds that a first fragment shorter than a unit says nothing, and is no panic.
func TestShortFirstFragment(t *testing.T) {
	for n := range 9 {
		for _, proto := range []layers.IPProtocol{layers.IPProtocolTCP, layers.IPProtocolUDP, layers.IPProtocolSCTP} {
			frame := frameOf(t, eth(layers.EthernetTypeIPv4), gopacket.Payload(cut4(t, proto, 7, 0, true, []byte{3, 232, 7, 208, 0, 0, 0, 0}[:n])))
			p := one(t, capture.Ethernet, frame, len(frame))
			if (p.Class == Flow) != (n == 8) || p.Class == Flow && p.SrcPort != 1000 {
				t.Errorf("%d bytes of %v: %+v", n, proto, p)
			}
		}
	}
}

// TestSnappedFragments holds that the lengths of a datagram come from the headers, and its bytes from what was captured.
func TestSnappedFragments(t *testing.T) {
	d := datagramOf(t, 64)
	a, b := piece4(t, 7, 0, true, d[:32]), piece4(t, 7, 32, false, d[32:])
	var got []Packet
	dec := NewDecoder(DefaultLimits(), func(p *Packet) { got = append(got, *p) })
	for i, f := range [][]byte{a, b} {
		dec.Decode(&capture.Record{Data: f[:etherHeader+20+12], Wire: uint32(len(f)), Link: capture.Ethernet, Frame: uint64(i + 1)})
	}
	if len(got) != 2 || got[1].PayloadLen != 56 || string(got[1].Payload) != string(d[8:12]) || !got[1].Snapped {
		t.Errorf("%+v", got)
	}
}

func TestFragmentLimits(t *testing.T) {
	d := datagramOf(t, 64)
	first := func(id uint16) []byte { return piece4(t, id, 0, true, d[:32]) }
	for _, k := range []struct {
		name   string
		limits Limits
		want   string
		least  uint64
	}{
		{"datagrams", Limits{Datagrams: 2, Bytes: 1 << 20, Timeout: 1e9}, "fragment-datagrams", 8},
		{"bytes", Limits{Datagrams: 100, Bytes: 600, Timeout: 1e9}, "fragment-bytes", 7},
	} {
		var frames [][]byte
		for id := range uint16(10) {
			frames = append(frames, first(id))
		}
		got, dec := decodeAll(k.limits, capture.Ethernet, frames...)
		if len(got) != 10 || dec.LimitsHit()[k.want] < k.least {
			t.Errorf("%s: %d packets, limits %v", k.name, len(got), dec.LimitsHit())
		}
		for _, p := range got {
			if p.Class != Flow || p.SrcPort != 1000 || p.PayloadLen != 24 {
				t.Errorf("%s: %+v", k.name, p)
			}
		}
	}
}

// TestFragmentsWaitTheirTime holds that a datagram is given up when its time is over, and its identification free again.
func TestFragmentsWaitTheirTime(t *testing.T) {
	d := datagramOf(t, 64)
	var got []Packet
	dec := NewDecoder(Limits{Datagrams: 10, Bytes: 1 << 20, Timeout: int64(time.Second)}, func(p *Packet) { got = append(got, *p) })
	for i, r := range []struct {
		at    int64
		frame []byte
	}{
		{0, piece4(t, 7, 0, true, d[:32])},
		{int64(2 * time.Second), piece4(t, 7, 32, false, d[32:])}, // too late
		{int64(2 * time.Second), piece4(t, 7, 0, true, d[:32])},
	} {
		dec.Decode(&capture.Record{Data: r.frame, Wire: uint32(len(r.frame)), Link: capture.Ethernet, Frame: uint64(i + 1), Time: r.at})
	}
	dec.Flush()
	if len(got) != 3 || got[0].Frame != 1 || got[0].PayloadLen != 24 || got[2].PayloadLen != 56 {
		t.Errorf("%+v", got)
	}
}

// TestLostFragmentsHoldNothingElse holds that datagrams that became whole are let go of, though others before them wait still.
func TestLostFragmentsHoldNothingElse(t *testing.T) {
	d := datagramOf(t, 16<<10)
	dec := NewDecoder(DefaultLimits(), func(*Packet) {})
	put := func(f []byte) {
		dec.Decode(&capture.Record{Data: f, Wire: uint32(len(f)), Link: capture.Ethernet})
	}
	for id := range uint16(2000) {
		put(piece4(t, id, 0, true, d[:8]))
	}
	a, b := piece4(t, 3000, 0, true, d[:8<<10]), piece4(t, 3000, 8<<10, false, d[8<<10:])
	before := heap()
	const times = 4096 // 64 MiB
	for range times {
		put(a)
		put(b)
	}
	if grown := int64(heap()) - int64(before); grown > 4<<20 {
		t.Errorf("%d datagrams hold %d bytes", times, grown)
	}
	runtime.KeepAlive(dec)
}

// TestDuplicateFragmentsAreBounded sends one fragment again and again: what is known of each frame takes memory too.
func TestDuplicateFragmentsAreBounded(t *testing.T) {
	d := datagramOf(t, 64)
	n := 0
	dec := NewDecoder(DefaultLimits(), func(*Packet) { n++ })
	var frames [][]byte
	const datagrams, times = 40, 10000
	for id := range uint16(datagrams) {
		frames = append(frames, piece4(t, id, 0, true, d[:8]))
	}
	before := heap()
	for range times {
		for _, f := range frames {
			dec.Decode(&capture.Record{Data: f, Wire: uint32(len(f)), Link: capture.Ethernet})
		}
	}
	if grown := int64(heap()) - int64(before); grown > 40<<20 {
		t.Errorf("%d fragments hold %d bytes", datagrams*times, grown)
	}
	if dec.Flush(); n != datagrams*times || dec.LimitsHit()["fragment-bytes"] == 0 {
		t.Errorf("%d packets, limits %v", n, dec.LimitsHit())
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
