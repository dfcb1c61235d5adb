package packet

import (
	"bytes"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"phonehome/analyze/capture"
)

var (
	macA = net.HardwareAddr{2, 0, 0, 0, 0, 1}
	macB = net.HardwareAddr{2, 0, 0, 0, 0, 2}
)

func eth(kind layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: macA, DstMAC: macB, EthernetType: kind}
}

func ip4(proto layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, TTL: 64, Id: 7, Protocol: proto, SrcIP: net.IP{10, 0, 0, 1}, DstIP: net.IP{192, 0, 2, 1}}
}

func ip6(next layers.IPProtocol) *layers.IPv6 {
	return &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: next, SrcIP: net.ParseIP("fd00::1"), DstIP: net.ParseIP("2001:db8::1")}
}

func udp(src, dst uint16) *layers.UDP {
	return &layers.UDP{SrcPort: layers.UDPPort(src), DstPort: layers.UDPPort(dst)}
}

// frameOf serialises layers, with lengths but without checksums.
func frameOf(t testing.TB, ls ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true}, ls...); err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(b.Bytes())
}

// decodeAll decodes frames of one link type and returns what was emitted, after Flush.
func decodeAll(l Limits, link capture.LinkType, frames ...[]byte) (out []Packet, d *Decoder) {
	d = NewDecoder(l, func(p *Packet) {
		c := *p
		c.Payload = bytes.Clone(p.Payload)
		out = append(out, c)
	})
	for i, f := range frames {
		d.Decode(&capture.Record{Data: f, Wire: uint32(len(f)), Link: link, Frame: uint64(i + 1), Time: int64(i)})
	}
	d.Flush()
	return out, d
}

func TestTunnelsAreOpened(t *testing.T) {
	inner := []gopacket.SerializableLayer{ip4(layers.IPProtocolUDP), udp(1000, 2000), gopacket.Payload("inside")}
	innerEth := append([]gopacket.SerializableLayer{eth(layers.EthernetTypeIPv4)}, inner...)
	with := func(outer []gopacket.SerializableLayer, in ...gopacket.SerializableLayer) []gopacket.SerializableLayer {
		return append(outer, in...)
	}
	type ls = []gopacket.SerializableLayer
	outer4 := func(p layers.IPProtocol) ls { return ls{eth(layers.EthernetTypeIPv4), ip4(p)} }
	for _, c := range []struct {
		name, kind string
		layers     ls
	}{
		{"plain", "", innerEth},
		{"VLAN in VLAN", "", with(ls{eth(layers.EthernetTypeQinQ), &layers.Dot1Q{VLANIdentifier: 5, Type: layers.EthernetTypeDot1Q}, &layers.Dot1Q{VLANIdentifier: 6, Type: layers.EthernetTypeIPv4}}, inner...)},
		{"MPLS", "", with(ls{eth(layers.EthernetTypeMPLSUnicast), &layers.MPLS{Label: 9, StackBottom: true, TTL: 64}}, inner...)},
		{"MPLS pseudowire", "", with(ls{eth(layers.EthernetTypeMPLSUnicast), &layers.MPLS{Label: 9, StackBottom: true, TTL: 64}, gopacket.Payload{0, 0, 0, 0}}, innerEth...)},
		{"PPPoE", "", with(ls{eth(layers.EthernetTypePPPoESession), &layers.PPPoE{Version: 1, Type: 1}, &layers.PPP{PPPType: layers.PPPTypeIPv4}}, inner...)},
		{"GRE with key", "gre", with(with(outer4(layers.IPProtocolGRE), &layers.GRE{Protocol: layers.EthernetTypeIPv4, KeyPresent: true, Key: 77}), inner...)},
		{"IP in IP", "ipip", with(outer4(layers.IPProtocolIPv4), inner...)},
		{"IP in IPv6", "ipip", with(ls{eth(layers.EthernetTypeIPv6), ip6(layers.IPProtocolIPv4)}, inner...)},
		{"VXLAN", "vxlan", with(with(outer4(layers.IPProtocolUDP), udp(5, 4789), &layers.VXLAN{ValidIDFlag: true, VNI: 77}), innerEth...)},
		{"GENEVE", "geneve", with(with(outer4(layers.IPProtocolUDP), udp(5, 6081), gopacket.Payload{0, 0, 0x65, 0x58, 0, 0, 77, 0}), innerEth...)},
		{"GTP-U", "gtp-u", with(with(outer4(layers.IPProtocolUDP), udp(2152, 2152), gopacket.Payload{0x30, 0xff, 0, 34, 0, 0, 0, 77}), inner...)},
	} {
		got, d := decodeAll(DefaultLimits(), capture.Ethernet, frameOf(t, c.layers...))
		if len(got) != 1 {
			t.Fatalf("%s: %d packets", c.name, len(got))
		}
		p := got[0]
		if p.Class != Flow || p.SrcPort != 1000 || p.DstPort != 2000 || string(p.Payload) != "inside" || p.PayloadLen != 6 {
			t.Errorf("%s: %+v", c.name, p)
		}
		kind := ""
		if p.Tunnel != 0 {
			kind = d.Tunnel(p.Tunnel).Kind
		}
		if kind != c.kind {
			t.Errorf("%s: tunnel %q, want %q", c.name, kind, c.kind)
		}
	}
}

func TestWrongContentOnATunnelPortStaysUDP(t *testing.T) {
	for _, port := range []uint16{portVXLAN, portVXLANGPE, portGENEVE, portGTPU, portL2TP, portTeredo, portLISP, portGRE, portMPLS, portCAPWAP, portTZSP, portGUE, portFOU} {
		got, _ := decodeAll(DefaultLimits(), capture.Ethernet, frameOf(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), udp(5, port), gopacket.Payload("no tunnel at all")))
		if p := got[0]; p.Class != Flow || p.DstPort != port || string(p.Payload) != "no tunnel at all" || p.Tunnel != 0 {
			t.Errorf("port %d: %+v", port, p)
		}
	}
}

func TestPaddingIsNoPayloadAndCutsAreSeen(t *testing.T) {
	ack := frameOf(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolTCP), &layers.TCP{SrcPort: 1, DstPort: 2, ACK: true, DataOffset: 5}, gopacket.Payload(nil))
	got, _ := decodeAll(DefaultLimits(), capture.Ethernet, append(ack, make([]byte, 6)...))
	if p := got[0]; p.PayloadLen != 0 || len(p.Payload) != 0 || p.Flags != ACK {
		t.Errorf("padded ACK: %+v", p)
	}
	full := frameOf(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), udp(1, 2), gopacket.Payload(make([]byte, 500)))
	for cut, want := range map[int]Reason{10: CutLink, 20: CutIP, 36: CutTransport} {
		d := NewDecoder(DefaultLimits(), func(p *Packet) {
			if p.Class != Undecoded || p.Reason != want {
				t.Errorf("cut at %d: class %d, %v; want %v", cut, p.Class, p.Reason, want)
			}
		})
		d.Decode(&capture.Record{Data: full[:cut], Wire: uint32(len(full)), Link: capture.Ethernet})
	}
	d := NewDecoder(DefaultLimits(), func(p *Packet) {
		if p.Class != Flow || p.PayloadLen != 500 || len(p.Payload) != 54 || !p.Snapped {
			t.Errorf("snapped: %d of %d bytes, snapped %v", len(p.Payload), p.PayloadLen, p.Snapped)
		}
	})
	d.Decode(&capture.Record{Data: full[:96], Wire: uint32(len(full)), Link: capture.Ethernet})
}

// TestFastAndSlowAgree holds the path for common packets against the general walk, and both against gopacket.
func TestFastAndSlowAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 3000 {
		body := make([]byte, r.IntN(60))
		var transport gopacket.SerializableLayer = udp(uint16(r.IntN(60000)), uint16(r.IntN(1500)))
		proto := layers.IPProtocolUDP
		if r.IntN(2) == 0 {
			proto = layers.IPProtocolTCP
			transport = &layers.TCP{SrcPort: layers.TCPPort(r.IntN(60000)), DstPort: 443, Seq: r.Uint32(), Ack: r.Uint32(), SYN: r.IntN(2) == 0, ACK: r.IntN(2) == 0, DataOffset: 5}
		}
		var ip gopacket.SerializableLayer = ip4(proto)
		kind := layers.EthernetTypeIPv4
		if r.IntN(2) == 0 {
			ip, kind = ip6(proto), layers.EthernetTypeIPv6
		}
		frame := frameOf(t, eth(kind), ip, transport, gopacket.Payload(body))
		rec := capture.Record{Data: frame[:len(frame)-r.IntN(min(len(frame), 30))], Wire: uint32(len(frame)), Link: capture.Ethernet}
		var fast, slow Packet
		d := NewDecoder(DefaultLimits(), func(p *Packet) { slow = *p })
		fast.VLAN = 7 // of the packet before
		took := fast.fast(&rec)
		d.begin(&rec)
		d.finish(d.linkLayer(rec.Link, layer{rec.Data, int(rec.Wire)}))
		if took {
			if d := cmp.Diff(slow, fast); d != "" {
				t.Fatalf("packet %d (-slow +fast):\n%s", i, d)
			}
		}
		agree(t, frame, &slow, len(rec.Data) == len(frame))
	}
}

// agree compares a packet with what gopacket reads of the whole frame; whole says that all of it was captured.
func agree(t *testing.T, frame []byte, p *Packet, whole bool) {
	t.Helper()
	if p.Class != Flow {
		return
	}
	g := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	switch l := g.TransportLayer().(type) {
	case *layers.TCP:
		flags := p.Flags&SYN != 0 == l.SYN && p.Flags&ACK != 0 == l.ACK
		payload := int(p.PayloadLen) == len(l.Payload) || !whole && p.PayloadLen == 0 // see TestOptionsCutOffAreNoPayload
		if p.SrcPort != uint16(l.SrcPort) || p.DstPort != uint16(l.DstPort) || !payload || whole && (p.Seq != l.Seq || !flags) {
			t.Fatalf("gopacket reads %+v, we %+v", l, p)
		}
	case *layers.UDP:
		if p.SrcPort != uint16(l.SrcPort) || p.DstPort != uint16(l.DstPort) || int(p.PayloadLen) != len(l.Payload) {
			t.Fatalf("gopacket reads %+v, we %+v", l, p)
		}
	}
}

// pieces cuts a UDP datagram of 64 bytes into four IPv4 fragments.
func pieces(t testing.TB) [][]byte {
	whole := frameOf(t, udp(1000, 2000), gopacket.Payload("0123456789abcdef0123456789abcdef0123456789abcdef01234567"))
	var out [][]byte
	for at := 0; at < len(whole); at += 16 {
		ip := ip4(layers.IPProtocolUDP)
		ip.FragOffset = uint16(at / fragmentUnit)
		if at+16 < len(whole) {
			ip.Flags = layers.IPv4MoreFragments
		}
		out = append(out, frameOf(t, eth(layers.EthernetTypeIPv4), ip, gopacket.Payload(whole[at:at+16])))
	}
	return out
}

func TestFragmentsInAnyOrder(t *testing.T) {
	ps := pieces(t)
	r := rand.New(rand.NewPCG(5, 6))
	for range 24 {
		r.Shuffle(len(ps), func(i, j int) { ps[i], ps[j] = ps[j], ps[i] })
		got, _ := decodeAll(DefaultLimits(), capture.Ethernet, ps...)
		var payload string
		for _, p := range got {
			if p.Class != Flow || p.SrcPort != 1000 || p.Fragment != (p.PayloadLen == 0) {
				t.Fatalf("fragment counted as %+v", p)
			}
			payload += string(p.Payload)
		}
		if len(got) != len(ps) || len(payload) != 56 || payload[:16] != "0123456789abcdef" {
			t.Fatalf("%d packets, payload %q", len(got), payload)
		}
	}
}

func TestFragmentsThatNeverComeTogether(t *testing.T) {
	ps := pieces(t)
	got, _ := decodeAll(DefaultLimits(), capture.Ethernet, ps[1:]...)
	for _, p := range got {
		if p.Class != OtherIP || !p.Orphan {
			t.Errorf("without the first fragment: %+v", p)
		}
	}
	got, d := decodeAll(Limits{Datagrams: 1, Bytes: 20, Timeout: 1e9}, capture.Ethernet, ps...)
	if len(got) != len(ps) || d.LimitsHit()["fragment-bytes"] == 0 {
		t.Errorf("tiny limits: %d packets, limits %v", len(got), d.LimitsHit())
	}
	got, d = decodeAll(DefaultLimits(), capture.Ethernet, ps[0], ps[0], ps[1], ps[2], ps[3])
	if len(got) != 5 || len(d.LimitsHit()) != 0 {
		t.Errorf("a copy: %d packets, limits %v", len(got), d.LimitsHit())
	}
}

// FuzzWalk holds that every record gives one packet and stays as it is, that payload lies within its length, and that only flows have ports.
func FuzzWalk(f *testing.F) {
	for _, p := range pieces(f) {
		f.Add(uint16(capture.Ethernet), p)
	}
	f.Add(uint16(capture.Ethernet), frameOf(f, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), udp(5, 4789), &layers.VXLAN{ValidIDFlag: true}, eth(layers.EthernetTypeIPv6), ip6(layers.IPProtocolUDP), udp(1, 2), gopacket.Payload("x")))
	for _, c := range linkCases() {
		f.Add(uint16(c.link), c.frame(f))
	}
	for _, c := range tunnelCases() {
		frame, _ := c.frame(f)
		f.Add(uint16(capture.Ethernet), frame)
	}
	f.Add(uint16(capture.Raw), cut4(f, layers.IPProtocolIPv4, 7, 0, true, cut4(f, layers.IPProtocolUDP, 7, 0, true, make([]byte, 20))))
	f.Fuzz(func(t *testing.T, link uint16, b []byte) {
		before := bytes.Clone(b)
		got, _ := decodeAll(Limits{Datagrams: 2, Bytes: 4096, Timeout: 100}, capture.LinkType(link), b, b[:len(b)/2], b)
		if !bytes.Equal(b, before) {
			t.Fatal("the bytes of a capture were changed")
		}
		if len(got) != 3 {
			t.Fatalf("3 records gave %d packets", len(got))
		}
		for _, p := range got {
			if len(p.Payload) > int(p.PayloadLen) && (p.Class == Flow || p.Class == OtherIP) {
				t.Fatalf("%d bytes of payload in %d", len(p.Payload), p.PayloadLen)
			}
			if p.Class != Flow && p.Class != Undecoded && p.Class != NonIP && p.SrcPort|p.DstPort != 0 {
				t.Fatalf("ports without a flow: %+v", p)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	frame := frameOf(b, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolTCP), &layers.TCP{SrcPort: 1, DstPort: 2, ACK: true, DataOffset: 5}, gopacket.Payload(make([]byte, 800)))
	rec := capture.Record{Data: frame, Wire: uint32(len(frame)), Link: capture.Ethernet}
	d := NewDecoder(DefaultLimits(), func(*Packet) {})
	b.ReportAllocs()
	for b.Loop() {
		d.Decode(&rec)
	}
}

func TestTheCommonPathAllocatesNothing(t *testing.T) {
	frame := frameOf(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), udp(1, 2), gopacket.Payload("x"))
	rec := capture.Record{Data: append(frame, make([]byte, 20)...), Wire: uint32(len(frame) + 20), Link: capture.Ethernet}
	d := NewDecoder(DefaultLimits(), func(*Packet) {})
	if n := testing.AllocsPerRun(100, func() { d.Decode(&rec) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
