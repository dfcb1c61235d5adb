package packet

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"phonehome/analyze/capture"
)

// tunnelCase is what stands between an Ethernet header with its type, or an outer IPv4 header of a protocol, or an outer UDP header of a
// port, and the datagram inside.
type tunnelCase struct {
	name string
	on   func(testing.TB, []byte) []byte // puts the outer headers before
	head []byte
	kind string // of the tunnel, "" where there is none
	id   uint32
	v6   bool // the datagram inside
}

func onEther(kind layers.EthernetType) func(testing.TB, []byte) []byte {
	return func(t testing.TB, b []byte) []byte { return frameOf(t, eth(kind), gopacket.Payload(b)) }
}

// The outer ends are not those inside, so that a mix-up shows.
func onIPv4(proto layers.IPProtocol) func(testing.TB, []byte) []byte {
	return func(t testing.TB, b []byte) []byte {
		ip := ip4(proto)
		ip.SrcIP, ip.DstIP, ip.TTL = []byte{198, 51, 100, 9}, []byte{198, 51, 100, 1}, 9
		return frameOf(t, eth(layers.EthernetTypeIPv4), ip, gopacket.Payload(b))
	}
}

func onIPv6(proto layers.IPProtocol) func(testing.TB, []byte) []byte {
	return func(t testing.TB, b []byte) []byte {
		ip := ip6(proto)
		ip.SrcIP, ip.DstIP, ip.HopLimit = ip6Of("2001:db8::9"), ip6Of("2001:db8::1"), 9
		return frameOf(t, eth(layers.EthernetTypeIPv6), ip, gopacket.Payload(b))
	}
}

func onUDP(port uint16) func(testing.TB, []byte) []byte {
	return func(t testing.TB, b []byte) []byte {
		return onIPv4(layers.IPProtocolUDP)(t, frameOf(t, udp(50000, port), gopacket.Payload(b)))
	}
}

func ip6Of(s string) []byte { return netip.MustParseAddr(s).AsSlice() }

// tag is a VLAN tag of number 5, and the type behind it.
func tag(kind ...byte) []byte { return append([]byte{0, 5}, kind...) }

func tunnelCases() []tunnelCase {
	const gre, ipip, ip6in, ah = layers.IPProtocolGRE, layers.IPProtocolIPv4, layers.IPProtocolIPv6, layers.IPProtocolAH
	mpls := []byte{0, 0, 0x91, 64} // label 9, bottom of the stack (RFC 3032, section 2.1)
	return []tunnelCase{
		{"VLAN", onEther(0x8100), tag(8, 0), "", 0, false},
		{"QinQ 88a8", onEther(0x88a8), tag(0x81, 0, 0, 6, 8, 0), "", 0, false},
		{"QinQ 9100", onEther(0x9100), tag(0x81, 0, 0, 6, 0x86, 0xdd), "", 0, true},
		{"QinQ 9200", onEther(0x9200), tag(0x91, 0, 0, 6, 8, 0), "", 0, false},
		{"QinQ 9300", onEther(0x9300), tag(0x88, 0xa8, 0, 6, 8, 0), "", 0, false},
		{"VLAN and LLC", onEther(0x8100), join(tag(0, 42), snapHead), "", 0, false},
		{"MPLS", onEther(0x8847), mpls, "", 0, false},
		{"MPLS, two labels, IPv6", onEther(0x8848), join([]byte{0, 0, 0x80, 64}, mpls), "", 0, true},
		{"MPLS, pseudowire", onEther(0x8847), join(mpls, atmMAC), "", 0, false},
		{"MPLS, control word", onEther(0x8847), join(mpls, []byte{0, 0, 0, 7}, atmMAC), "", 0, false},
		{"MPLS, pseudowire to an address like IPv6", onEther(0x8847), join(mpls, []byte{0x68}, atmMAC[1:]), "", 0, false},
		{"MPLS, pseudowire to an address like IPv4", onEther(0x8847), join(mpls, []byte{0x45}, atmMAC[1:12], []byte{0x86, 0xdd}), "", 0, true},
		{"MPLS, control word, from an address like a type", onEther(0x8847), join(mpls, []byte{0, 0, 0, 7}, atmMAC[:8], []byte{8, 0}, atmMAC[10:]), "", 0, false},
		{"MPLS, control word, a tag of Cisco's", onEther(0x8847), join(mpls, []byte{0, 0, 0, 7}, cmdEther), "", 0, false},
		{"PPPoE", onEther(0x8864), []byte{0x11, 0, 0, 1, 0, 36, 0, 0x21}, "", 0, false},
		{"PPPoE, IPv6", onEther(0x8864), []byte{0x11, 0, 0, 1, 0, 56, 0, 0x57}, "", 0, true},
		{"PBB", onEther(0x88e7), join([]byte{0, 0, 0, 7}, atmMAC), "", 0, false},
		{"VN-Tag", onEther(0x8926), []byte{0, 0, 0, 1, 8, 0}, "", 0, false},
		{"HSR", onEther(0x892f), []byte{0, 50, 0, 1, 0x86, 0xdd}, "", 0, true},
		{"NSH", onEther(0x894f), join([]byte{0, 6, 1, 3, 0, 0, 0, 0}, make([]byte, 16), atmMAC), "", 0, false},
		{"NSH, IPv6", onEther(0x894f), []byte{0, 2, 2, 2, 0, 0, 0, 0}, "", 0, true},

		{"TRILL", onEther(0x22f3), join([]byte{0, 0x3f, 0, 1, 0, 2}, atmMAC), "", 0, false},
		{"TRILL, options, a tag", onEther(0x22f3), join([]byte{0, 0x7f, 0, 1, 0, 2, 0, 0, 0, 0}, atmMAC[:12], []byte{0x81, 0}, tag(0x86, 0xdd)), "", 0, true},
		{"EDSA, as Ethernet", onEther(0xdada), join([]byte{0, 0}, dsaTag, []byte{8, 0}), "", 0, false},

		{"IPv4 in IPv4", onIPv4(ipip), nil, "ipip", 0, false},
		{"IPv6 in IPv4", onIPv4(ip6in), nil, "ipip", 0, true},
		{"IPv4 in IPv6", onIPv6(ipip), nil, "ipip", 0, false},
		{"IPv6 in IPv6", onIPv6(ip6in), nil, "ipip", 0, true},
		{"protocol 94", onIPv4(94), nil, "ipip", 0, false},
		{"AH", onIPv4(ah), join([]byte{17, 4, 0, 0}, make([]byte, 20)), "", 0, false},
		{"AH, a tunnel", onIPv4(ah), join([]byte{4, 4, 0, 0}, make([]byte, 20)), "ipip", 0, false},
		{"AH over IPv6", onIPv6(ah), join([]byte{41, 4, 0, 0}, make([]byte, 20)), "ipip", 0, true},
		{"EtherIP", onIPv4(97), join([]byte{0x30, 0}, atmMAC), "etherip", 0, false}, // RFC 3378
		{"PIM register", onIPv4(103), []byte{0x21, 0, 0, 0, 0, 0, 0, 0}, "pim", 0, false},
		{"MPLS in IP", onIPv4(137), mpls, "mpls", 0, false},

		{"GRE", onIPv4(gre), []byte{0, 0, 8, 0}, "gre", 0, false},
		{"GRE over IPv6", onIPv6(gre), []byte{0, 0, 0x86, 0xdd}, "gre", 0, true},
		{"GRE, checksum", onIPv4(gre), []byte{0x80, 0, 8, 0, 1, 2, 0, 0}, "gre", 0, false},
		{"GRE, key", onIPv4(gre), []byte{0x20, 0, 8, 0, 0, 0, 0, 77}, "gre", 77, false},
		{"GRE, all", onIPv4(gre), []byte{0xb0, 0, 8, 0, 1, 2, 0, 0, 0, 0, 0, 77, 0, 0, 0, 1}, "gre", 77, false},
		{"GRE, MPLS", onIPv4(gre), join([]byte{0, 0, 0x88, 0x47}, mpls), "gre", 0, false},
		{"NVGRE", onIPv4(gre), join([]byte{0x20, 0, 0x65, 0x58, 0, 0, 77, 3}, atmMAC), "gre", 77<<8 | 3, false}, // RFC 7637, section 3.2
		{"PPTP", onIPv4(gre), []byte{0x30, 0x81, 0x88, 0x0b, 0, 38, 0, 77, 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 3, 0, 0x21}, "gre", 77, false},
		{"WCCP", onIPv4(gre), []byte{0, 0, 0x88, 0x3e}, "gre", 0, false},
		{"WCCP 2", onIPv4(gre), []byte{0, 0, 0x88, 0x3e, 0, 0, 0, 0}, "gre", 0, false},
		{"ERSPAN I", onIPv4(gre), join([]byte{0, 0, 0x88, 0xbe}, atmMAC), "gre", 0, false},
		{"ERSPAN II", onIPv4(gre), join([]byte{0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 5, 8, 77, 0, 0, 0, 0}, atmMAC), "gre", 0, false},
		{"ERSPAN III", onIPv4(gre), join([]byte{0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 5, 0, 77, 0, 0, 0, 1, 0, 0, 0, 0}, atmMAC), "gre", 0, false},
		{"ERSPAN III, subheader", onIPv4(gre), join([]byte{0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 5, 0, 77, 0, 0, 0, 1, 0, 0, 0, 1}, make([]byte, 8), atmMAC), "gre", 0, false},
		{"ERSPAN III, IP", onIPv4(gre), []byte{0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 5, 0, 77, 0, 0, 0, 1, 0, 0, 8, 0}, "gre", 0, true},
		{"GRE, 802.11 of an access point", onIPv4(gre), join([]byte{0, 0, 0x82, 0}, dataDot, snapHead), "gre", 0, false},

		{"VXLAN", onUDP(4789), join([]byte{8, 0, 0, 0, 0, 0, 77, 0}, atmMAC), "vxlan", 77, false},
		{"VXLAN, old port", onUDP(8472), join([]byte{8, 0, 0, 0, 0, 0, 77, 0}, atmMAC), "vxlan", 77, false},
		{"VXLAN-GPE, IPv4", onUDP(4790), []byte{0x0c, 0, 0, 1, 0, 0, 77, 0}, "vxlan-gpe", 77, false},
		{"VXLAN-GPE, IPv6", onUDP(4790), []byte{0x0c, 0, 0, 2, 0, 0, 77, 0}, "vxlan-gpe", 77, true},
		{"VXLAN-GPE, Ethernet", onUDP(4790), join([]byte{0x0c, 0, 0, 3, 0, 0, 77, 0}, atmMAC), "vxlan-gpe", 77, false},
		{"VXLAN-GPE, NSH", onUDP(4790), []byte{0x0c, 0, 0, 4, 0, 0, 77, 0, 0, 2, 2, 1, 0, 0, 0, 0}, "vxlan-gpe", 77, false},
		{"GENEVE, Ethernet", onUDP(6081), join([]byte{0, 0, 0x65, 0x58, 0, 0, 77, 0}, atmMAC), "geneve", 77, false},
		{"GENEVE, options, IPv6", onUDP(6081), []byte{2, 0, 0x86, 0xdd, 0, 0, 77, 0, 1, 2, 3, 1, 0, 0, 0, 0}, "geneve", 77, true},
		{"GTP-U", onUDP(2152), []byte{0x30, 0xff, 0, 34, 0, 0, 0, 77}, "gtp-u", 77, false},
		{"GTP-U, sequence", onUDP(2152), []byte{0x32, 0xff, 0, 38, 0, 0, 0, 77, 0, 1, 0, 0}, "gtp-u", 77, false},
		{"GTP-U, extension", onUDP(2152), []byte{0x34, 0xff, 0, 62, 0, 0, 0, 77, 0, 0, 0, 0x85, 1, 0x10, 9, 0}, "gtp-u", 77, true},
		{"GUE, IPv4", onUDP(6080), []byte{0, 4, 0, 0}, "gue", 0, false},
		{"GUE, private flags, IPv6", onUDP(6080), []byte{1, 41, 0, 1, 0, 0, 0, 0}, "gue", 0, true},
		{"GUE, no header", onUDP(6080), nil, "gue", 0, false},
		{"GUE, no header, IPv6", onUDP(6080), nil, "gue", 0, true},
		{"GUE, GRE", onUDP(6080), []byte{0, 47, 0, 0, 0x20, 0, 8, 0, 0, 0, 0, 77}, "gre", 77, false},
		{"FOU", onUDP(5555), nil, "fou", 0, false},
		{"FOU, IPv6", onUDP(5555), nil, "fou", 0, true},
		{"L2TPv3", onIPv4(115), join([]byte{0, 0, 0, 77}, atmMAC), "l2tpv3", 77, false},
		{"L2TPv3, sublayer", onIPv4(115), join([]byte{0, 0, 0, 77, 0x40, 0, 0, 1}, atmMAC), "l2tpv3", 77, false},
		{"L2TPv3, cookie, IPv6", onIPv4(115), join([]byte{0, 0, 0, 77, 1, 2, 3, 4, 5, 6, 7, 8}, atmMAC[:12], []byte{0x86, 0xdd}), "l2tpv3", 77, true},
		{"L2TPv3, all, a tag", onIPv6(115), join([]byte{0, 0, 0, 77, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0}, atmMAC[:12], []byte{0x81, 0}, tag(8, 0)), "l2tpv3", 77, false},
		{"L2TPv3, IP", onIPv4(115), []byte{0, 0, 0, 77}, "l2tpv3", 77, false},
		{"L2TPv3 over UDP", onUDP(1701), join([]byte{0, 3, 0, 0, 0, 0, 0, 77, 0, 0, 0, 0}, atmMAC), "l2tpv3", 77, false},
		{"L2TP", onUDP(1701), []byte{0, 2, 0, 7, 0, 9, 0xff, 3, 0, 0x21}, "l2tp", 7<<16 | 9, false},
		{"L2TP, length, sequence, offset", onUDP(1701), []byte{0x4a, 2, 0, 54, 0, 7, 0, 9, 0, 1, 0, 2, 0, 2, 0, 0, 0, 0x21}, "l2tp", 7<<16 | 9, false},
		{"Teredo", onUDP(3544), nil, "teredo", 0, true},
		{"Teredo, authentication and origin", onUDP(3544), join([]byte{0, 1, 0, 0}, make([]byte, 9), []byte{0, 0, 1, 2, 3, 4, 5, 6}), "teredo", 0, true},
		{"LISP", onUDP(4341), make([]byte, 8), "lisp", 0, false},
		{"GRE over UDP", onUDP(4754), []byte{0x20, 0, 8, 0, 0, 0, 0, 77}, "gre", 77, false},
		{"MPLS over UDP", onUDP(6635), mpls, "mpls", 0, false},
		{"CAPWAP", onUDP(5247), join([]byte{0, 2 << 3, 1<<1 | 1, 0, 0, 0, 0, 0}, dataDot, snapHead), "capwap", 0, false},
		{"CAPWAP, bytes swapped", onUDP(5247), join([]byte{0, 2 << 3, 1<<1 | 1, 0, 0, 0, 0, 0, 2, 8}, dataDot[2:], snapHead), "capwap", 0, false},
		{"TZSP", onUDP(37008), join([]byte{1, 0, 0, 1, 1}, atmMAC), "tzsp", 0, false},
		{"TZSP, tags", onUDP(37008), join([]byte{1, 1, 0, 1, 0, 10, 1, 0xaa, 1}, atmMAC), "tzsp", 0, false},
		{"TZSP, 802.11", onUDP(37008), join([]byte{1, 0, 0, 18, 1}, dataDot, snapHead), "tzsp", 0, false},
		{"CAPWAP, Ethernet", onUDP(5247), join([]byte{0, 2 << 3, 0, 0, 0, 0, 0, 0}, atmMAC), "capwap", 0, false},
	}
}

// frame is the whole frame of a case, and where the datagram stands in it.
func (c *tunnelCase) frame(t testing.TB) (b []byte, at int) {
	inside := inside4(t)
	switch {
	case c.name == "AH":
		inside = inside[20:] // transport mode
	case c.v6:
		inside = inside6(t)
	}
	b = c.on(t, join(c.head, inside))
	return b, bytes.LastIndex(b, inside) // short Ethernet frames are padded
}

func TestEveryTunnelIsOpened(t *testing.T) {
	for _, c := range tunnelCases() {
		frame, _ := c.frame(t)
		got, d := decodeAll(DefaultLimits(), capture.Ethernet, frame)
		if len(got) != 1 || !isInside(&got[0]) || got[0].V6 != c.v6 {
			t.Errorf("%s: %+v", c.name, got)
			continue
		}
		p := got[0]
		if c.kind == "" {
			if p.Tunnel != 0 {
				t.Errorf("%s: in a tunnel %+v", c.name, d.Tunnel(p.Tunnel))
			}
			continue
		}
		if p.Tunnel == 0 {
			t.Errorf("%s: in no tunnel", c.name)
			continue
		}
		if k := d.Tunnel(p.Tunnel); k.Kind != c.kind || k.ID != c.id || !k.Src.Less(k.Dst) || k.Src == p.Src.Netip(p.V6) || p.TTL != 64 {
			t.Errorf("%s: tunnel %+v, TTL %d; want %s %d", c.name, k, p.TTL, c.kind, c.id)
		}
	}
}

func TestTagsAreKept(t *testing.T) {
	for _, c := range tunnelCases()[:6] {
		frame, _ := c.frame(t)
		if p := one(t, capture.Ethernet, frame, len(frame)); p.VLAN != 5 || p.SrcMAC != MAC(macA) || p.DstMAC != MAC(macB) {
			t.Errorf("%s: VLAN %d, %x to %x", c.name, p.VLAN, p.SrcMAC, p.DstMAC)
		}
	}
}

// TestTunnelsCutAnywhere holds that a frame cut in a tunnel is one packet still: of the datagram inside where its ports are there, with its
// full length, else of what is outside; and none of it is read beyond what was captured.
func TestTunnelsCutAnywhere(t *testing.T) {
	for _, c := range tunnelCases() {
		frame, at := c.frame(t)
		ports := at + 20 + 4
		switch {
		case c.name == "AH":
			ports = at + 4
		case c.v6:
			ports += 20
		}
		for n := range frame {
			p := one(t, capture.Ethernet, frame[:n], len(frame))
			if isPorts := p.SrcPort == 1000 && p.DstPort == 2000; isPorts != (n >= ports) {
				t.Errorf("%s: %d bytes of %d: %+v", c.name, n, len(frame), p)
			} else if isPorts && (p.PayloadLen != 6 || p.Snapped != (len(p.Payload) < 6)) {
				t.Errorf("%s: %d bytes of %d: payload %d, snapped %v", c.name, n, len(frame), p.PayloadLen, p.Snapped)
			}
			one(t, capture.Ethernet, frame[:n], n)
		}
	}
}

// TestDamagedTunnelsStayWhatTheyAre changes the bytes of the tunnel's header one by one: one packet comes out, and the capture stays.
func TestDamagedTunnelsStayWhatTheyAre(t *testing.T) {
	for _, c := range tunnelCases() {
		frame, at := c.frame(t)
		for i := at - len(c.head); i < at; i++ {
			for _, v := range []byte{0, 1, 0x7f, 0x80, 0xff} {
				bad := slices.Clone(frame)
				bad[i] = v
				one(t, capture.Ethernet, bad, len(bad))
			}
		}
	}
}

// TestBareTunnelsAreStrict holds that what only looks like IP where a tunnel says too little stays what it is outside.
func TestBareTunnelsAreStrict(t *testing.T) {
	for _, c := range tunnelCases() {
		if !slices.Contains([]string{"gue", "fou", "l2tpv3"}, c.kind) {
			continue
		}
		frame, at := c.frame(t)
		change := func(i int, by byte) []byte { return with(frame, func(b []byte) { b[at+i] += by }) }
		wrong := map[string][]byte{"version": change(0, 0x10)}
		if c.v6 {
			wrong["length"], wrong["protocol"], wrong["source"], wrong["destination"] = change(5, 1), change(6, 200), change(8, 0x80), change(24, 0x40)
		} else {
			wrong["length"], wrong["checksum"], wrong["header"] = change(3, 1), change(10, 1), change(0, 1)
		}
		for what, b := range wrong {
			if p := one(t, capture.Ethernet, b, len(b)); p.Tunnel != 0 || p.DstPort == 2000 {
				t.Errorf("%s, wrong %s: %+v", c.name, what, p)
			}
		}
	}
}

// TestPPTPCallIsOneTunnel holds that the lengths in the headers of a call don't make tunnels (RFC 2637, section 4.1).
func TestPPTPCallIsOneTunnel(t *testing.T) {
	var frames [][]byte
	for n := range 3 {
		inner := frameOf(t, ip4(layers.IPProtocolUDP), udp(1000, 2000), gopacket.Payload(make([]byte, n)))
		head := []byte{0x20, 1, 0x88, 0x0b, 0, byte(len(inner) + 2), 0, 77, 0, 0x21}
		frames = append(frames, onIPv4(layers.IPProtocolGRE)(t, join(head, inner)))
	}
	got, d := decodeAll(DefaultLimits(), capture.Ethernet, frames...)
	if d.Tunnels() != 1 || got[2].Tunnel != 1 {
		t.Errorf("%d tunnels", d.Tunnels())
	}
}

func TestTunnelEndsAreOneBothWays(t *testing.T) {
	frame := onIPv4(layers.IPProtocolIPv4)(t, inside4(t))
	back := slices.Clone(frame)
	copy(back[26:], frame[30:34])
	copy(back[30:], frame[26:30])
	if _, d := decodeAll(DefaultLimits(), capture.Ethernet, frame, back); d.Tunnels() != 1 {
		t.Errorf("%d tunnels", d.Tunnels())
	}
}

// TestNesting goes beyond the bound: the flow is then that of the last header that was read, and the limit is counted.
func TestNesting(t *testing.T) {
	nest := func(n int) []byte {
		b := inside4(t)
		for i := range n {
			ip := ip4(layers.IPProtocolIPv4)
			ip.SrcIP = []byte{10, 1, 0, byte(n - i)}
			b = frameOf(t, ip, gopacket.Payload(b))
		}
		return frameOf(t, eth(layers.EthernetTypeIPv4), gopacket.Payload(b))
	}
	got, d := decodeAll(DefaultLimits(), capture.Ethernet, nest(4))
	if !isInside(&got[0]) || len(d.LimitsHit()) != 0 {
		t.Errorf("four tunnels: %+v, limits %v", got[0], d.LimitsHit())
	}
	got, d = decodeAll(DefaultLimits(), capture.Ethernet, nest(40))
	if len(got) != 1 || got[0].Class != OtherIP || got[0].Transport != protoIPv4 || d.LimitsHit()["nesting"] != 1 {
		t.Errorf("forty tunnels: %+v, limits %v", got, d.LimitsHit())
	}
	tags := join(atmMAC[:12], slices.Repeat([]byte{0x81, 0, 0, 5}, 40), []byte{8, 0}, inside4(t))
	got, d = decodeAll(DefaultLimits(), capture.Ethernet, tags)
	if len(got) != 1 || got[0].Class != NonIP || d.LimitsHit()["nesting"] != 1 {
		t.Errorf("forty tags: %+v, limits %v", got, d.LimitsHit())
	}
}
