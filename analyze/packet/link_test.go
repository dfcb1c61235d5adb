package packet

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"phonehome/analyze/capture"
)

// inside4 and inside6 are the datagram that every link and tunnel of the tables carries.
func inside4(t testing.TB) []byte {
	return withChecksum(frameOf(t, ip4(layers.IPProtocolUDP), udp(1000, 2000), gopacket.Payload("inside")))
}

// withChecksum has the checksum of an IPv4 header without options.
func withChecksum(b []byte) []byte {
	sum := uint32(0)
	for i := 0; i < 20; i += 2 {
		sum += uint32(be.Uint16(b[i:]))
	}
	sum = sum>>16 + sum&0xffff
	be.PutUint16(b[10:], ^uint16(sum>>16+sum))
	return b
}

func inside6(t testing.TB) []byte {
	return frameOf(t, ip6(layers.IPProtocolUDP), udp(1000, 2000), gopacket.Payload("inside"))
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// isInside says that p is that datagram, with all of its payload.
func isInside(p *Packet) bool {
	return p.Class == Flow && p.Transport == UDP && p.SrcPort == 1000 && p.DstPort == 2000 && p.PayloadLen == 6 && string(p.Payload) == "inside" && !p.Snapped
}

// linkCase is a frame: what stands before the datagram, and behind it.
type linkCase struct {
	name         string
	link         capture.LinkType
	v6           bool
	head, behind []byte
}

var (
	snapHead = []byte{0xaa, 0xaa, 3, 0, 0, 0, 8, 0} // RFC 1042
	station  = []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 3, 0x10, 0}
	dataDot  = join([]byte{0x08, 0x02, 0, 0}, station)                                                   // a data frame from the distribution system (IEEE 802.11, section 9.3.2)
	qosDot   = join([]byte{0x88, 0x01, 0, 0}, station, []byte{0, 0})                                     // with QoS control
	wdsDot   = join([]byte{0x08, 0x03, 0, 0}, station, []byte{2, 0, 0, 0, 0, 4})                         // with four addresses
	nflogHdr = []byte{8, 0, 1, 0, 8, 0, 1, 0, 5, 0, 10, 0, 'x', 0, 0, 0}                                 // packet header; prefix "x", padded
	sllHead  = []byte{0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}                                          // without the protocol
	sll2Head = []byte{0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}                              // without the protocol
	prism    = join([]byte{0, 0, 0, 0x44, 144, 0, 0, 0}, make([]byte, 136))                              // message code, length
	avs      = join([]byte{0x80, 0x21, 0x10, 0x01, 0, 0, 0, 64}, make([]byte, 56))                       // magic, length
	fcs      = []byte{0xde, 0xad, 0xbe, 0xef}                                                            // any
	radio    = []byte{0, 0, 8, 0, 0, 0, 0, 0}                                                            // radiotap without fields
	radioFCS = []byte{0, 0, 9, 0, 2, 0, 0, 0, 0x10}                                                      // flags: a frame check sequence is there
	radioPad = []byte{0, 0, 9, 0, 2, 0, 0, 0, 0x20}                                                      // flags: the body is aligned
	radioTwo = []byte{0, 0, 13, 0, 2, 0, 0, 0x80, 0, 0, 0, 0, 0}                                         // a second bitmap; flags
	atmMAC   = []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0}                                          // an Ethernet header
	bridged  = join([]byte{0x18, 0x41, 3, 0, 0x80, 0, 0x80, 0xc2, 0, 7}, atmMAC)                         // RFC 2427, section 4.2
	routed   = []byte{0x18, 0x41, 3, 0, 0x80, 0, 0, 0, 8, 0}                                             // RFC 2427, section 4.1
	nflogOf4 = join([]byte{2, 0, 0, 0}, nflogHdr, []byte{4 + 34, 0, 9, 0})                               // attribute 9: 34 bytes
	nflogOf6 = join([]byte{10, 0, 0, 0}, nflogHdr, []byte{4 + 54, 0, 9, 0})                              // attribute 9: 54 bytes
	nflogEnd = []byte{0, 0, 8, 0, 15, 0, 0, 0, 0, 1}                                                     // padding; another attribute
	ppiDot   = []byte{0, 0, 8, 0, 105, 0, 0, 0}                                                          // of IEEE 802.11
	ppiField = []byte{0, 0, 24, 0, 1, 0, 0, 0, 2, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}          // with a field, of Ethernet
	pflog4   = join([]byte{61, 2, 1, 0}, make([]byte, 60))                                               // length without padding; family
	pflog6   = join([]byte{100, 24, 1, 0}, make([]byte, 96))                                             // of a later OpenBSD
	ipnet    = []byte{1, 2, 0, 0, 0, 0, 0, 34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}           // version, family, length, interface
	erfTime  = []byte{0, 0, 0, 0, 0, 0, 0, 0}                                                            // a time
	juniper  = []byte{'M', 'G', 'C', 1}                                                                  // inward
	junExt   = []byte{'M', 'G', 'C', 0x81, 0, 6, 1, 1, 4, 2, 1, 14}                                      // two extensions
	junRaw   = []byte{'M', 'G', 'C', 0x83, 0, 3, 1, 1, 4, 2, 0, 0, 0}                                    // without a link's header: IPv4
	dsaTag   = []byte{0xc0, 1, 0, 7}                                                                     // forwarded, untagged
	cmdEther = join(atmMAC[:12], []byte{0x89, 0x09, 1, 1, 0, 1, 0, 7, 8, 0})                             // Cisco metadata
	fabric   = join([]byte{2, 1, 1, 0, 0, 1, 2, 2, 2, 0, 0, 1, 0x89, 0x03, 0x04, 0x20}, atmMAC)          // FabricPath: FTAG and TTL
	macsec   = join(atmMAC[:12], []byte{0x88, 0xe5, 0x20, 0, 0, 0, 0, 1}, make([]byte, 8), []byte{8, 0}) // signed, with an SCI
)

func linkCases() []linkCase {
	return []linkCase{
		{"Ethernet", capture.Ethernet, false, atmMAC, nil},
		{"Ethernet, padded", capture.Ethernet, false, atmMAC, make([]byte, 12)},
		{"Ethernet, LLC and SNAP", capture.Ethernet, false, join(atmMAC[:12], []byte{0, 42}, snapHead), []byte{0, 0}},
		{"Ethernet, IEEE 802.1H", capture.Ethernet, false, join(atmMAC[:12], []byte{0, 42, 0xaa, 0xaa, 3, 0, 0, 0xf8, 8, 0}), nil},
		{"Ethernet, IP on its own SAP", capture.Ethernet, false, join(atmMAC[:12], []byte{0, 37, 6, 6, 3}), nil},
		{"Cisco metadata", capture.Ethernet, false, cmdEther, nil},
		{"FabricPath", capture.Ethernet, false, fabric, nil},
		{"MACsec, signed", capture.Ethernet, false, macsec, make([]byte, 16)},
		{"FDDI", capture.FDDI, false, join([]byte{0x50}, atmMAC[:12], snapHead), nil},
		{"Token Ring", capture.TokenRing, false, join([]byte{0x10, 0x40}, atmMAC[:12], snapHead), nil},
		{"Token Ring, routed", capture.TokenRing, false, join([]byte{0x10, 0x40}, atmMAC[:6], []byte{0x82}, atmMAC[7:12], []byte{6, 0x30, 0, 1, 0, 2}, snapHead), nil},
		{"ATM", capture.ATM, false, snapHead, nil},
		{"SunATM", capture.SunATM, false, join([]byte{2, 0, 0, 32}, snapHead), nil},
		{"SunATM, LANE", capture.SunATM, false, join([]byte{1, 0, 0, 32, 0, 0}, atmMAC), nil},
		{"IP over InfiniBand", capture.IPoIB, false, join(make([]byte, 40), []byte{8, 0, 0, 0}), nil},
		{"IP over Fibre Channel", capture.IPFC, false, join(make([]byte, 16), snapHead), nil},
		{"FireWire", capture.FireWire, true, join(make([]byte, 16), []byte{0x86, 0xdd}), nil},
		{"PPP with direction", capture.PPPWithDirection, true, []byte{0, 0xff, 3, 0, 0x57}, nil},
		{"ENC", capture.Enc, false, []byte{2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}, nil},
		{"ENC, IPv6, big endian", capture.Enc, true, []byte{0, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0, 0}, nil},
		{"PKTAP", capture.PKTAP, false, join([]byte{20, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}, make([]byte, 8), atmMAC), nil},
		{"PKTAP, raw IP", capture.PKTAPBSD, true, []byte{12, 0, 0, 0, 1, 0, 0, 0, 12, 0, 0, 0}, nil},
		{"PFLOG", capture.PFLog, false, pflog4, nil},
		{"PFLOG, IPv6", capture.PFLog, true, pflog6, nil},
		{"IPNET", capture.IPNet, false, ipnet, nil},
		{"C_HDLC with direction", capture.HDLCWithDir, false, []byte{1, 0x0f, 0, 8, 0}, nil},
		{"Frame Relay with direction", capture.FrameWithDir, false, []byte{1, 0x18, 0x41, 3, 0xcc}, nil},
		{"netANALYZER", capture.NetAnalyzer, false, join([]byte{0, 4, 52, 0}, atmMAC), fcs},
		{"netANALYZER, preamble", capture.NetAnalyzerRaw, false, join([]byte{0, 6, 60, 0, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xd5}, atmMAC), fcs},
		{"ERF", capture.ERF, false, join(erfTime, []byte{2, 4, 0, 70, 0, 0, 0, 52, 0, 0}, atmMAC), fcs},
		{"ERF, extensions", capture.ERF, false, join(erfTime, []byte{0x82, 4, 0, 86, 0, 0, 0, 52, 0x83, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0}, atmMAC), fcs},
		{"ERF, HDLC", capture.ERF, false, join(erfTime, []byte{1, 4, 0, 54, 0, 0, 0, 38, 0xff, 3, 0, 0x21}), nil},
		{"ERF, IPv4", capture.ERF, false, join(erfTime, []byte{22, 4, 0, 50, 0, 0, 0, 34}), nil},
		{"ERF, IPv6", capture.ERF, true, join(erfTime, []byte{23, 4, 0, 70, 0, 0, 0, 54}), nil},
		{"Juniper", capture.JuniperEthernet, false, join(juniper, atmMAC), nil},
		{"Juniper, extensions", capture.JuniperEthernet, false, join(junExt, atmMAC), nil},
		{"Juniper, no link", capture.JuniperEthernet, false, junRaw, nil},
		{"Juniper, PPP", capture.JuniperPPP, true, join(juniper, []byte{0xff, 3, 0, 0x57}), nil},
		{"Juniper, Frame Relay", capture.JuniperFrame, false, join(juniper, []byte{0x18, 0x41, 3, 0xcc}), nil},
		{"Juniper, C_HDLC", capture.JuniperHDLC, false, join(juniper, []byte{0x0f, 0, 8, 0}), nil},
		{"Broadcom's tag", capture.DSATagBRCM, false, join(atmMAC[:12], []byte{0x20, 0, 0, 1, 8, 0}), nil},
		{"Broadcom's tag before", capture.DSAPrependBRCM, false, join([]byte{0x20, 0, 0, 1}, atmMAC), nil},
		{"DSA", capture.DSATagDSA, false, join(atmMAC[:12], dsaTag, []byte{8, 0}), nil},
		{"EDSA", capture.DSATagEDSA, true, join(atmMAC[:12], []byte{0xda, 0xda, 0, 0}, dsaTag, []byte{0x86, 0xdd}), nil},
		{"SLL", capture.LinuxSLL, false, join(sllHead, []byte{8, 0}), nil},
		{"SLL, IPv6", capture.LinuxSLL, true, join(sllHead, []byte{0x86, 0xdd}), nil},
		{"SLL, VLAN", capture.LinuxSLL, false, join(sllHead, []byte{0x81, 0, 0, 5, 8, 0}), nil},
		{"SLL, 802.2", capture.LinuxSLL, false, join(sllHead, []byte{0, 4}, snapHead), nil},
		{"SLL2", capture.LinuxSLL2, false, join([]byte{8, 0}, sll2Head), nil},
		{"SLL2, IPv6", capture.LinuxSLL2, true, join([]byte{0x86, 0xdd}, sll2Head), nil},
		{"raw, BSD", capture.RawBSD, false, nil, nil},
		{"raw, OpenBSD", capture.RawOpenBSD, true, nil, nil},
		{"raw", capture.Raw, false, nil, nil},
		{"raw, IPv6", capture.Raw, true, nil, nil},
		{"IPv4", capture.IPv4, false, nil, nil},
		{"IPv6", capture.IPv6, true, nil, nil},
		{"NULL, little-endian", capture.Null, false, []byte{2, 0, 0, 0}, nil},
		{"NULL, big-endian", capture.Null, false, []byte{0, 0, 0, 2}, nil},
		{"NULL, IPv6 of Linux", capture.Null, true, []byte{10, 0, 0, 0}, nil},
		{"NULL, IPv6 of NetBSD", capture.Null, true, []byte{24, 0, 0, 0}, nil},
		{"NULL, IPv6 of FreeBSD", capture.Null, true, []byte{0, 0, 0, 28}, nil},
		{"NULL, IPv6 of Darwin", capture.Null, true, []byte{30, 0, 0, 0}, nil},
		{"LOOP", capture.Loop, false, []byte{0, 0, 0, 2}, nil},
		{"LOOP, IPv6", capture.Loop, true, []byte{0, 0, 0, 24}, nil},
		{"PPP", capture.PPP, false, []byte{0, 0x21}, nil},
		{"PPP, address and control", capture.PPP, true, []byte{0xff, 3, 0, 0x57}, nil},
		{"PPP, compressed protocol", capture.PPP, false, []byte{0x21}, nil},
		{"PPP, MPLS", capture.PPP, false, []byte{0xff, 3, 2, 0x81, 0, 0, 0x91, 64}, nil},
		{"PPP_HDLC", capture.PPPHDLC, false, []byte{0xff, 3, 0, 0x21}, nil},
		{"PPP_HDLC, Cisco", capture.PPPHDLC, true, []byte{0x0f, 0, 0x86, 0xdd}, nil},
		{"PPP_ETHER", capture.PPPEther, false, []byte{0x11, 0, 0, 1, 0, 36, 0, 0x21}, nil},
		{"C_HDLC", capture.CiscoHDLC, false, []byte{0x0f, 0, 8, 0}, nil},
		{"C_HDLC, multicast, IPv6", capture.CiscoHDLC, true, []byte{0x8f, 0, 0x86, 0xdd}, nil},
		{"Frame Relay", capture.FrameRelay, false, []byte{0x18, 0x41, 3, 0xcc}, nil},
		{"Frame Relay, IPv6", capture.FrameRelay, true, []byte{0x18, 0x41, 3, 0x8e}, nil},
		{"Frame Relay, four bytes of address", capture.FrameRelay, false, []byte{0x18, 0x40, 0, 1, 3, 0xcc}, nil},
		{"Frame Relay, routed", capture.FrameRelay, false, routed, nil},
		{"Frame Relay, bridged", capture.FrameRelay, false, bridged, nil},
		{"Frame Relay, Cisco", capture.FrameRelay, false, []byte{0x18, 0x41, 8, 0}, nil},
		{"802.11", capture.IEEE80211, false, join(dataDot, snapHead), nil},
		{"802.11, QoS", capture.IEEE80211, false, join(qosDot, snapHead), nil},
		{"802.11, four addresses", capture.IEEE80211, false, join(wdsDot, snapHead), nil},
		{"radiotap", capture.Radiotap, false, join(radio, dataDot, snapHead), nil},
		{"radiotap, check sequence", capture.Radiotap, false, join(radioFCS, dataDot, snapHead), fcs},
		{"radiotap, aligned", capture.Radiotap, false, join(radioPad, qosDot, []byte{0, 0}, snapHead), nil},
		{"radiotap, two bitmaps", capture.Radiotap, false, join(radioTwo, dataDot, snapHead), nil},
		{"Prism", capture.Prism, false, join(prism, dataDot, snapHead), nil},
		{"AVS", capture.AVS, false, join(avs, dataDot, snapHead), nil},
		{"PPI", capture.PPI, false, join(ppiDot, dataDot, snapHead), nil},
		{"PPI, Ethernet", capture.PPI, false, join(ppiField, atmMAC), nil},
		{"NFLOG", capture.NFLog, false, nflogOf4, nflogEnd},
		{"NFLOG, IPv6", capture.NFLog, true, nflogOf6, nflogEnd},
		{"ARCNET, RFC 1051", capture.ARCNetLinux, false, []byte{1, 2, 0, 0, 0xf0}, nil},
		{"ARCNET, RFC 1201", capture.ARCNetLinux, false, []byte{1, 2, 0, 0, 0xd4, 0, 0, 1}, nil},
	}
}

func (c *linkCase) frame(t testing.TB) []byte {
	if c.v6 {
		return join(c.head, inside6(t), c.behind)
	}
	return join(c.head, inside4(t), c.behind)
}

func TestLinks(t *testing.T) {
	for _, c := range linkCases() {
		got, d := decodeAll(DefaultLimits(), c.link, c.frame(t))
		if len(got) != 1 || !isInside(&got[0]) || got[0].V6 != c.v6 || got[0].Tunnel != 0 {
			t.Errorf("%s: %+v, %s", c.name, got, d.UndecodedKey(&got[0]))
		}
	}
}

// TestLinksCutAnywhere holds that a frame captured up to before its ports is counted as undecoded, and never as something without IP; one
// captured further has its full length. A frame that really is so short may be anything but more than one packet.
func TestLinksCutAnywhere(t *testing.T) {
	for _, c := range linkCases() {
		frame := c.frame(t)
		ports := len(c.head) + 20 + 4
		if c.v6 {
			ports += 20
		}
		for n := range frame {
			for _, wire := range []int{len(frame), n} {
				p := one(t, c.link, frame[:n], wire)
				switch {
				case n < ports && (wire > n && p.Class != Undecoded || p.Class == Flow):
					t.Errorf("%s: %d bytes of %d, wire %d: class %d, reason %v", c.name, n, len(frame), wire, p.Class, p.Reason)
				case n >= ports && wire > n && (p.SrcPort != 1000 || p.DstPort != 2000):
					t.Errorf("%s: %d bytes of %d, wire %d: class %d, reason %v", c.name, n, len(frame), wire, p.Class, p.Reason)
				case n >= ports && wire > n && p.PayloadLen != 6:
					t.Errorf("%s: %d bytes of %d: payload %d", c.name, n, len(frame), p.PayloadLen)
				}
			}
		}
	}
}

// one decodes a single record.
func one(t testing.TB, link capture.LinkType, b []byte, wire int) (p Packet) {
	t.Helper()
	n := 0
	d := NewDecoder(DefaultLimits(), func(q *Packet) { p, n = *q, n+1 })
	data := slices.Clip(bytes.Clone(b)) // reading one byte too far panics
	d.Decode(&capture.Record{Data: data, Wire: uint32(wire), Link: link, Frame: 1})
	d.Flush()
	if !bytes.Equal(data, b) {
		t.Fatalf("the bytes of a capture were changed: % x", b)
	}
	if n != 1 {
		t.Fatalf("one record gave %d packets: % x", n, b)
	}
	return p
}

func TestStationsOfWireless(t *testing.T) {
	a, b, c, d := MAC{2, 0, 0, 0, 0, 1}, MAC{2, 0, 0, 0, 0, 2}, MAC{2, 0, 0, 0, 0, 3}, MAC{2, 0, 0, 0, 0, 4}
	for _, k := range []struct {
		name     string
		head     []byte
		dst, src MAC
	}{
		{"from the access point", dataDot, a, c},
		{"to the access point", qosDot, c, b},
		{"between access points", wdsDot, c, d},
	} {
		p := one(t, capture.IEEE80211, join(k.head, snapHead, inside4(t)), 100)
		if p.DstMAC != k.dst || p.SrcMAC != k.src {
			t.Errorf("%s: %x to %x, want %x to %x", k.name, p.SrcMAC, p.DstMAC, k.src, k.dst)
		}
	}
}

// TestCutByTheCard holds that a record of ERF tells how long its frame was, whatever of it the card gave on.
func TestCutByTheCard(t *testing.T) {
	frame := join(atmMAC, frameOf(t, ip4(layers.IPProtocolUDP), udp(1000, 2000), gopacket.Payload(make([]byte, 500))))
	p := one(t, capture.ERF, join(erfTime, []byte{2, 4, 0, 82, 0, 0, 2, 30, 0, 0}, frame[:64]), 82)
	if p.PayloadLen != 500 || len(p.Payload) != 22 || !p.Snapped {
		t.Errorf("payload %d, view %d, snapped %v", p.PayloadLen, len(p.Payload), p.Snapped)
	}
}

// TestWhatIsNotRead holds in which sum, and under which name, a frame without a flow is counted.
func TestWhatIsNotRead(t *testing.T) {
	ip := inside4(t)
	for _, c := range []struct {
		name  string
		link  capture.LinkType
		frame []byte
		class Class
		key   string
	}{
		{"known number", capture.LinkType(189), ip, Undecoded, "link-type USB_LINUX"},
		{"unknown number", capture.LinkType(4711), ip, Undecoded, "link-type 4711"},
		{"inside PPI", capture.PPI, join([]byte{0, 0, 8, 0, 189, 0, 0, 0}, ip), Undecoded, "link-type USB_LINUX"},
		{"PPI in PPI", capture.PPI, join([]byte{0, 0, 8, 0, 192, 0, 0, 0}, ip), Undecoded, "bad-link-header"},
		{"PPI too short for itself", capture.PPI, join([]byte{0, 0, 7, 0, 1, 0, 0, 0}, ip), Undecoded, "bad-link-header"},
		{"NFLOG attribute too short", capture.NFLog, []byte{2, 0, 0, 0, 3, 0, 9, 0, 0x45}, Undecoded, "bad-link-header"},
		{"IP of version 5", capture.Raw, join([]byte{0x55}, ip[1:]), Undecoded, "bad-ip-header"},
		{"IPv4 header too short", capture.IPv4, join([]byte{0x44}, ip[1:]), Undecoded, "bad-ip-header"},
		{"IPv4 length below its header", capture.IPv4, join(ip[:2], []byte{0, 19}, ip[4:]), Undecoded, "bad-ip-header"},
		{"IPv4 as IPv6", capture.IPv6, join(ip, make([]byte, 20)), Undecoded, "bad-ip-header"},
		{"netANALYZER, no frame", capture.NetAnalyzer, join([]byte{0, 5, 52, 0}, atmMAC, ip), NonIP, ""},
		{"netANALYZER, another preamble", capture.NetAnalyzerRaw, join([]byte{0, 6, 60, 0, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xd5}, atmMAC, ip), NonIP, ""},
		{"Juniper without its magic", capture.JuniperEthernet, join([]byte("MGX\x00"), atmMAC, ip), Undecoded, "bad-link-header"},
		{"PFLOG of no length", capture.PFLog, join([]byte{0, 2, 0, 0}, ip), Undecoded, "bad-link-header"},
		{"PFLOG of another family", capture.PFLog, join([]byte{61, 16}, make([]byte, 62), ip), NonIP, ""},
		{"ERF of another type", capture.ERF, join(erfTime, []byte{3, 4, 0, 70, 0, 0, 0, 52}, ip), NonIP, ""},
		{"Juniper, no link, ISO", capture.JuniperEthernet, join([]byte{'M', 'G', 'C', 2, 201, 0, 0, 0}, ip), NonIP, ""},
		{"TRILL of another version", capture.Ethernet, join(atmMAC[:12], []byte{0x22, 0xf3, 0x40, 0, 0, 1, 0, 2}, atmMAC, ip), NonIP, ""},
		{"ARP", capture.Ethernet, join(atmMAC[:12], []byte{8, 6}, make([]byte, 46)), NonIP, ""},
		{"ARP in a pseudowire", capture.Ethernet, join(atmMAC[:12], []byte{0x88, 0x47, 0, 0, 0x91, 64}, atmMAC[:12], []byte{8, 6, 0, 1, 8, 0, 6, 4, 0, 1}, make([]byte, 38)), NonIP, ""},
		{"spanning tree", capture.Ethernet, join(atmMAC[:12], []byte{0, 38, 0x42, 0x42, 3}, make([]byte, 43)), NonIP, ""},
		{"a length that cannot be", capture.Ethernet, join(atmMAC[:12], []byte{5, 0xff}, make([]byte, 46)), NonIP, ""},
		{"SNAP of another organisation", capture.Ethernet, join(atmMAC[:12], []byte{0, 46, 0xaa, 0xaa, 3, 0, 0, 0xc, 0x20, 0}, make([]byte, 40)), NonIP, ""},
		{"LCP", capture.PPP, []byte{0xff, 3, 0xc0, 0x21, 1, 1, 0, 4}, NonIP, ""},
		{"PPPoE discovery session", capture.PPPEther, []byte{0x11, 9, 0, 0, 0, 0}, NonIP, ""},
		{"a beacon", capture.IEEE80211, join([]byte{0x80, 0, 0, 0}, station, make([]byte, 20)), NonIP, ""},
		{"encrypted 802.11", capture.IEEE80211, join([]byte{0x08, 0x42, 0, 0}, station, make([]byte, 40)), NonIP, ""},
		{"802.11 without data", capture.IEEE80211, join([]byte{0x48, 0x02, 0, 0}, station), NonIP, ""},
		{"netlink", capture.LinuxSLL, join([]byte{0, 4, 3, 0x38}, make([]byte, 10), []byte{0, 0}, ip), NonIP, ""},
		{"CAN in SLL", capture.LinuxSLL, join(sllHead, []byte{0, 0xc}, ip), NonIP, ""},
		{"another family", capture.Null, join([]byte{16, 0, 0, 0}, ip), NonIP, ""},
		{"NFLOG without a packet", capture.NFLog, join([]byte{2, 0, 0, 0}, nflogHdr), NonIP, ""},
		{"Frame Relay management", capture.FrameRelay, []byte{0, 1, 3, 8, 0, 0x75}, NonIP, ""},
		{"MACsec, encrypted", capture.Ethernet, join(atmMAC[:12], []byte{0x88, 0xe5, 0x2c, 0, 0, 0, 0, 1}, make([]byte, 40)), NonIP, ""},
	} {
		var got Packet
		var key string
		var d *Decoder
		d = NewDecoder(DefaultLimits(), func(p *Packet) { got, key = *p, d.UndecodedKey(p) })
		d.Decode(&capture.Record{Data: c.frame, Wire: uint32(len(c.frame)), Link: c.link})
		if got.Class != c.class || key != c.key {
			t.Errorf("%s: class %d, %q; want %d, %q", c.name, got.Class, key, c.class, c.key)
		}
	}
}
