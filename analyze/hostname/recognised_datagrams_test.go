package hostname

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"phonehome/analyze/flow"
	"phonehome/analyze/packet"
)

// ofPort is a datagram of a protocol, and the port that it needs; 0: any.
type ofPort struct {
	protocol string
	port     uint16
	data     string
}

func recognisedSamples() []ofPort {
	zeros := func(n int) string { return strings.Repeat("\x00", n) }
	snmp := "\x30\x26\x02\x01\x01\x04\x06public\xa0\x19\x02\x01\x01\x02\x01\x00\x02\x01\x00\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x01\x00\x05\x00"
	spi := "\x01\x02\x03\x04\x05\x06\x07\x08"
	ike := func(version, exchange byte) string {
		return spi + zeros(8) + string([]byte{33, version, exchange, 8}) + zeros(4) + "\x00\x00\x00\x20" + "body"
	}
	clock := "\x00\x00\x00\x01\x65\x00\x00\x00"
	return []ofPort{
		{"stun", 0, stunMessage(1, "")},
		{"stun", 0, stunMessage(0x101, "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43")},
		{"stun", portSTUN, "\x00\x01\x00\x00" + strings.Repeat("r", 16)},
		{"ntp", portNTP, "\x23" + zeros(47)},
		{"ntp", portNTP, "\x16\x02\x00\x01" + zeros(8)},
		{"ntp", portNTP, "\x17\x00\x03\x2a" + zeros(4)},
		{"ntp", portNTP, "\x24\x10" + zeros(66)},
		{"snmp", 0, snmp},
		{"snmp", 0, "\x30\x0b\x02\x01\x03\x30\x06\x02\x01\x01\x04\x01x"},
		{"wireguard", 0, "\x01" + strings.Repeat("\x00\x00\x00w", 37)[:147]},
		{"wireguard", 0, "\x02\x00\x00\x00" + strings.Repeat("w", 88)},
		{"wireguard", 0, "\x03\x00\x00\x00" + strings.Repeat("w", 60)},
		{"wireguard", 0, "\x04\x00\x00\x00wwww\x01" + zeros(7) + strings.Repeat("w", 16)},
		{"openvpn", 0, "\x38sessions\x00\x00\x00\x00\x00"},
		{"openvpn", 0, "\x40sessions\x01\x00\x00\x00\x00sessions\x00\x00\x00\x00"},
		{"openvpn", 0, "\x38sessions" + strings.Repeat("h", 20) + clock + "\x00\x00\x00\x00\x00"},
		{"openvpn", 0, "\x38sessions" + strings.Repeat("h", 64) + clock + "\x00\x00\x00\x00\x00"},
		{"openvpn", 0, "\x38sessions" + clock + strings.Repeat("h", 32) + "crypt"},
		{"openvpn", 0, "\x50sessions\x0f" + clock[1:] + strings.Repeat("h", 300)},
		{"ipsec-ike", portIKE, ike(0x20, 34)},
		{"ipsec-ike", 0, ike(0x10, 2)},
		{"ipsec-ike", portIKENAT, zeros(4) + ike(0x20, 35)},
		{"rdp", 0, rdpSYN},
		{"rdp", 0, "\xa7\xeb\x5d\xa4\x00\x40\x10\x05\x05\x47\xd7\x2b\x04\xd0\x04\xd0\x00\x01\x01\x01" + zeros(1212)},
		{"sip", 0, "REGISTER sip:example.com SIP/2.0\r\nVia: x\r\n\r\n"},
		{"sip", 0, "SIP/2.0 200 OK\r\n\r\n"},
		{"syslog", portSyslog, "<34>Oct 11 22:14:15 host su: failed"},
		{"syslog", portSyslog, "<191>1 - -"},
		{"kerberos", 0, "\x6a\x0c\x30\x0a\xa1\x03\x02\x01\x05\xa2\x03\x02\x01\x0a"},
		{"radius", portRADIUS3, "\x01\x07\x00\x1a" + strings.Repeat("a", 16) + "\x01\x06user"},
		{"coap", portCoAP, "\x40\x01\x00\x01\xb5hello\xff" + "x"},
		{"tftp", 0, "\x00\x01boot.img\x00octet\x00"},
		{"bittorrent", 0, "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"},
		{"rtcp", 0, "\x80\xc8\x00\x06" + zeros(24) + "\x81\xca\x00\x01" + "ssrc"},
	}
}

// rdpSYN begins RDP over UDP.
var rdpSYN = "\xff\xff\xff\xff\x00\x40\x18\x01\xa7\xeb\x5d\xa4\x04\xd0\x04\xd0" + strings.Repeat("c", 16) + strings.Repeat("\x00", 16) + "\x00\x01\x01\x01" + strings.Repeat("\x00", 1180)

func TestRDPDatagramRefuses(t *testing.T) {
	for what, data := range map[string]string{
		"another size": rdpSYN[:1231], "an answer to nothing": "\xfe" + rdpSYN[1:], "no window": rdpSYN[:4] + "\x00\x00" + rdpSYN[6:], "no SYN": rdpSYN[:7] + "\x00" + rdpSYN[8:],
		"other flags": rdpSYN[:6] + "\x20" + rdpSYN[7:], "small datagrams": rdpSYN[:14] + "\x02" + rdpSYN[15:], "not zero": rdpSYN[:1231] + "x",
	} {
		checkDatagrams(t, what, []piece{up(data)}, "")
	}
}

// stunMessage is a message of STUN with a body.
func stunMessage(kind uint16, body string) string {
	b := binary.BigEndian.AppendUint16(nil, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)))
	b = binary.BigEndian.AppendUint32(b, stunCookie)
	return string(b) + "transaction." + body
}

// protocolOf is the protocol of a flow of datagrams to a port.
func protocolOf(port uint16, transport packet.Transport, full int, sent ...string) string {
	n := NewNamer(&heard{}, Limits{})
	var c flow.Conv
	for _, data := range sent {
		m := &flow.Meta{SrcPort: clientPort, DstPort: port, Transport: transport, Full: max(full, len(data))}
		if n.Datagram(&c, m, []byte(data)) == flow.Stop {
			break
		}
	}
	n.Close(&c)
	return c.Protocol
}

func TestRecognisedDatagrams(t *testing.T) {
	for i, s := range recognisedSamples() {
		what := fmt.Sprintf("%s %d", s.protocol, i)
		port := s.port
		if port == 0 {
			port = serverPort
		}
		if got := protocolOf(port, packet.UDP, 0, s.data); got != s.protocol {
			t.Errorf("%s: taken for %q", what, got)
		}
		if got := protocolOf(port, packet.SCTP, 0, s.data); got == s.protocol {
			t.Errorf("%s: over SCTP too", what)
		}
		if s.port != 0 {
			if got := protocolOf(serverPort, packet.UDP, 0, s.data); got == s.protocol && s.protocol != "ipsec-ike" {
				t.Errorf("%s: on any port", what)
			}
		}
		for k := range len(s.data) { // no parser reads beyond a snapshot
			protocolOf(port, packet.UDP, len(s.data), s.data[:k])
		}
	}
}

// TestNotRecognised: small changes that make something else of each protocol.
func TestNotRecognised(t *testing.T) {
	ike := recognisedSamples()[slices.IndexFunc(recognisedSamples(), func(s ofPort) bool { return s.protocol == "ipsec-ike" })].data
	for _, s := range []ofPort{
		{"stun", 0, stunMessage(1, "")[:19]},
		{"stun", 0, stunMessage(1, "") + "more"},
		{"stun", 0, "\x40" + stunMessage(1, "")[1:]},
		{"ntp", portNTP, "\x03" + strings.Repeat("\x00", 47)},
		{"ntp", portNTP, "\x23\x11" + strings.Repeat("\x00", 46)},
		{"ntp", portNTP, "\x23" + strings.Repeat("\x00", 48)},
		{"ntp", portNTP, "\x96" + strings.Repeat("\x00", 43)},
		{"ntp", portNTP, "\x16" + strings.Repeat("\xf0", 43)},
		{"ntp", portNTP, "\x17" + strings.Repeat("\xf0", 43)},
		{"ntp", portNTP, "\x23" + strings.Repeat("\x00", 40)},
		{"snmp", 0, "\x30\x0b\x02\x01\x02\x30\x06\x02\x01\x01\x04\x01x"},
		{"snmp", 0, "\x30\x0c\x02\x01\x03\x30\x06\x02\x01\x01\x04\x01x"},
		{"wireguard", 0, "\x01\x00\x00\x00" + strings.Repeat("w", 143)},
		{"wireguard", 0, "\x04\x00\x00\x00wwww" + strings.Repeat("w", 24)},
		{"wireguard", 0, "\x05\x00\x00\x00" + strings.Repeat("w", 144)},
		{"openvpn", 0, "\x38sessions\x00\x00\x00\x00\x01"},
		{"openvpn", 0, "\x39sessions\x00\x00\x00\x00\x00"},
		{"openvpn", 0, "\x38sessions" + "\x00\x00\x00\x01\x00\x00\x00\x07" + strings.Repeat("h", 37)},
		{"ipsec-ike", portIKE, ike + "x"},
		{"ipsec-ike", portIKE, strings.Repeat("\x00", 8) + ike[8:]},
		{"ipsec-ike", portIKE, ike[:17] + "\x30" + ike[18:]},
		{"syslog", portSyslog, "<192>x"},
		{"syslog", portSyslog, "<1x>x"},
		{"kerberos", 0, "\x6a\x0c\x30\x0a\xa1\x03\x02\x01\x04\xa2\x03\x02\x01\x0a"},
		{"radius", portRADIUS3, "\x01\x07\x00\x1a" + strings.Repeat("a", 16) + "\x01\x07user"},
		{"coap", portCoAP, "\x49\x01\x00\x01" + strings.Repeat("t", 9)},
		{"coap", portCoAP, "\x40\x01\x00\x01\xf0"},
		{"tftp", 0, "\x00\x01boot.img\x00octets\x00"},
		{"rtcp", 0, "\x80\xc8\x00\x06" + strings.Repeat("\x00", 23)},
	} {
		port := s.port
		if port == 0 {
			port = serverPort
		}
		if got := protocolOf(port, packet.UDP, 0, s.data); got != "" {
			t.Errorf("%s %q: taken for %q", s.protocol, s.data, got)
		}
	}
}

// TestSTUNThen: what STUN opened a path for.
func TestSTUNThen(t *testing.T) {
	ask, answer := up(stunMessage(1, "")), down(stunMessage(0x101, ""))
	hello := up(dtlsFragments(dtlsBody("", ""), 0, 1<<14)[0])
	media := up("\x80\x60\x00\x01time\x00\x00\x00\x01audio")
	quic := up(sealer{version: quicV1, id: someID}.seal(pad(crypto(0, helloOf{name: "a.example"}.message()))))
	checkDatagrams(t, "nothing", []piece{ask, answer}, "stun")
	checkDatagrams(t, "DTLS", []piece{ask, answer, ask, hello, answer}, "dtls", "dtls-hello  DTLS1.2")
	checkDatagrams(t, "media", []piece{ask, answer, media}, "rtp")
	checkDatagrams(t, "media, then DTLS", []piece{ask, media, answer, hello}, "dtls", "dtls-hello  DTLS1.2")
	checkDatagrams(t, "QUIC", []piece{ask, answer, quic}, "quic", "quic-sni a.example v1")
	d := &datagrams{n: NewNamer(&heard{}, Limits{})}
	for range maxSTUNDatagrams {
		if d.stop {
			t.Fatal("too early")
		}
		d.send(ask, -1)
	}
	if !d.stop {
		t.Error("STUN is read for ever")
	}
}

func TestRTP(t *testing.T) {
	rtp := func(number byte, source string) piece {
		return up("\x80\x00\x00" + string([]byte{number}) + "time" + source + "audio")
	}
	var good []piece
	for i := range byte(4) {
		good = append(good, rtp(10+i, "ssrc"))
	}
	checkDatagrams(t, "four in a row", good, "rtp")
	checkDatagrams(t, "three in a row", good[:3], "")
	checkDatagrams(t, "of two sources", []piece{good[0], rtp(11, "SSRC"), good[1], good[2], good[3]}, "")
	checkDatagrams(t, "not in a row", []piece{good[0], good[3], good[2], good[1]}, "")
	checkDatagrams(t, "STUN between", []piece{good[0], up(stunMessage(1, "")), good[1]}, "rtp")
	hello := up(dtlsFragments(dtlsBody("", ""), 0, 1<<14)[0])
	checkDatagrams(t, "DTLS behind", []piece{good[0], hello}, "dtls", "dtls-hello  DTLS1.2")
}

// FuzzRecognised: nothing is recognised of a datagram's head that its whole is not, but for what a snapshot hides; and no port makes
// a detector read what is not there.
func FuzzRecognised(f *testing.F) {
	for _, s := range recognisedSamples() {
		f.Add([]byte(s.data), s.port)
	}
	f.Fuzz(func(t *testing.T, data []byte, port uint16) {
		m := &flow.Meta{SrcPort: clientPort, DstPort: port, Transport: packet.UDP, Full: len(data)}
		p := detectDatagram(m, data)
		for k := range min(len(data), 200) {
			detectDatagram(m, data[:k])
		}
		if p == nil {
			return
		}
		if len(data) == 0 {
			t.Errorf("%s: an empty datagram", p.name)
		}
		m.Transport = packet.SCTP
		if slices.ContainsFunc(recognisedSamples(), func(s ofPort) bool { return s.protocol == p.name }) && p.is(m, data) {
			t.Errorf("%s: over SCTP", p.name)
		}
	})
}

// BenchmarkUnrecognised is the cost of one datagram of a flow that nobody knows.
func BenchmarkUnrecognised(b *testing.B) {
	benchmarkDatagram(b, []byte(strings.Repeat("\x77unknown", 100)), flow.Go)
}
