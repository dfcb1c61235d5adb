package hostname

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"phonehome/analyze/flow"
)

// Protocols over UDP that name nobody in clear, or nothing that is read here: they are told apart, and cost nothing more.

// recognisedDatagrams stops at once.
type recognisedDatagrams struct{}

func startRecognisedDatagrams(*Namer) datagramReader { return recognisedDatagrams{} }

func (recognisedDatagrams) read(*Namer, *flow.Conv, *flow.Meta, []byte) flow.More { return flow.Stop }

// Ports without which the content of these protocols says too little.
const (
	portNTP     = 123
	portSyslog  = 514
	portCoAP    = 5683
	portSTUN    = 3478
	portIKE     = 500
	portIKENAT  = 4500
	portRADIUS1 = 1645
	portRADIUS2 = 1646
	portRADIUS3 = 1812
	portRADIUS4 = 1813
	portRADIUS5 = 3799
)

// detectNTP: RFC 5905, section 7.3; the control messages of RFC 9327, section 2; and the private ones of ntpdc.
func detectNTP(m *flow.Meta, payload []byte) bool {
	const fullLen, maxStratum, control, controlLen, private, privateLen = 48, 16, 6, 12, 7, 8
	if !onPort(m, portNTP) || len(payload) < 4 {
		return false
	}
	version, mode := payload[0]>>3&7, payload[0]&7
	if version == 0 || version > 4 {
		return false
	}
	switch mode {
	case 0:
		return false
	case control:
		return len(payload) >= controlLen && payload[0]>>6 == 0 && controlLen+int(binary.BigEndian.Uint16(payload[controlLen-2:])) <= m.Full
	case private:
		implementation := payload[2]
		return m.Full >= privateLen && implementation <= 3
	}
	return m.Full >= fullLen && m.Full%4 == 0 && payload[1] <= maxStratum
}

// detectSNMP: a message of version 1, 2c or 3 that fills the datagram (RFC 3416; RFC 3412, section 6).
func detectSNMP(m *flow.Meta, payload []byte) bool {
	size, is := berSize(payload)
	if is != yes || size != m.Full {
		return false
	}
	in := cryptobyte.String(payload)
	in.Skip(berHeader(payload))
	var version []byte
	if !readBER(&in, asn1.INTEGER, &version) || len(version) != 1 || len(in) == 0 {
		return false
	}
	switch version[0] {
	case 0, 1: // community, then a PDU
		var community []byte
		return readBER(&in, asn1.OCTET_STRING, &community) && len(in) > 0 && in[0]&0xf0 == 0xa0
	case 3: // msgGlobalData
		return in[0] == 0x30
	}
	return false
}

// readBER reads an element whose length is in any form that BER allows.
func readBER(in *cryptobyte.String, tag asn1.Tag, value *[]byte) bool {
	size, is := berSizeOf(byte(tag), *in)
	if is != yes || size > len(*in) {
		return false
	}
	*value = (*in)[berHeader(*in):size]
	return in.Skip(size)
}

// detectKerberosDatagram: a message with the tag of AS-REQ to KRB-ERROR that fills the datagram, and says version 5 (RFC 4120, section 5.10).
func detectKerberosDatagram(m *flow.Meta, payload []byte) bool {
	if len(payload) == 0 || payload[0] < 0x6a || payload[0] > 0x7e {
		return false
	}
	size, is := berSizeOf(payload[0], payload)
	const version = "\x02\x01\x05"
	return is == yes && size == m.Full && bytes.Contains(payload[:min(len(payload), 24)], []byte(version))
}

// detectWireGuard: the four messages by type, reserved zeros and length (WireGuard whitepaper, section 5.4). The counter of a data message
// does not reach 2^40 in the life of a key.
func detectWireGuard(m *flow.Meta, payload []byte) bool {
	if len(payload) < 16 || payload[1]|payload[2]|payload[3] != 0 {
		return false
	}
	switch payload[0] {
	case 1:
		return m.Full == 148
	case 2:
		return m.Full == 92
	case 3:
		return m.Full == 64
	case 4:
		return m.Full >= 32 && m.Full%16 == 0 && binary.LittleEndian.Uint64(payload[8:])>>40 == 0 && binary.LittleEndian.Uint32(payload[4:]) != 0
	}
	return false
}

// Packets of OpenVPN that reset a session, the key number 0 in the lower bits (OpenVPN protocol, "Reliability layer").
const (
	vpnResetClient  = 7 << 3
	vpnResetServer  = 8 << 3
	vpnResetClient3 = 10 << 3 // tls-crypt-v2

	vpnSession   = 1 + 8                     // operation, session
	vpnPlain     = vpnSession + 1 + 4        // no acknowledgements, message number
	vpnCrypt     = vpnSession + 8 + 32       // number and time, HMAC-SHA-256, then what is encrypted
	vpnAnswer    = vpnPlain + 4 + 8          // one acknowledgement, session of the other end
	vpnAfterHMAC = 8 + vpnPlain - vpnSession // number and time, then as in clear
)

// detectOpenVPN knows the packets that reset a session: in clear by an empty list of acknowledgements, or that of message 0, and message
// number 0; behind the authentication of tls-auth and tls-crypt by the number of the packet, which is 1.
func detectOpenVPN(m *flow.Meta, payload []byte) bool {
	if len(payload) < vpnPlain || payload[0] != vpnResetClient && payload[0] != vpnResetServer && payload[0] != vpnResetClient3 {
		return false
	}
	body := payload[vpnSession:]
	switch {
	case m.Full == vpnPlain:
		return string(body) == "\x00\x00\x00\x00\x00"
	case m.Full == vpnAnswer && len(payload) == m.Full:
		return payload[0] == vpnResetServer && string(body[:5]) == "\x01\x00\x00\x00\x00"
	case m.Full > vpnCrypt && isFirst(body):
		return true
	}
	for _, hash := range [...]int{16, 20, 32, 48, 64} { // HMAC of MD5 to SHA-512
		size := vpnSession + hash + vpnAfterHMAC
		if (m.Full == size || m.Full == size+4+8) && len(body) > hash && isFirst(body[hash:]) {
			return true
		}
	}
	return false
}

// isFirst says whether b begins with the number 1, or that of a first packet that asks for tls-crypt-v2's early negotiation, and a time
// in seconds since 1970 when OpenVPN existed.
func isFirst(b []byte) bool {
	const first, firstEarly, since = 1, 0x0f000001, 1e9
	if len(b) < 8 {
		return false
	}
	number := binary.BigEndian.Uint32(b)
	return (number == first || number == firstEarly) && binary.BigEndian.Uint32(b[4:]) >= since
}

// detectIKE: the header of IKEv1 or IKEv2 whose length is the datagram's (RFC 2408, section 3.1; RFC 7296, section 3.1), on the
// port for NAT behind four zeros (RFC 3948, section 2.2).
func detectIKE(m *flow.Meta, payload []byte) bool {
	const headerLen, marker = 28, "\x00\x00\x00\x00"
	full := m.Full
	if onPort(m, portIKENAT) && bytes.HasPrefix(payload, []byte(marker)) {
		payload, full = payload[len(marker):], full-len(marker)
	}
	if len(payload) < headerLen || binary.BigEndian.Uint64(payload) == 0 || int(binary.BigEndian.Uint32(payload[24:])) != full {
		return false
	}
	exchange := payload[18]
	switch payload[17] {
	case 0x10: // identity protection to informational, quick and new group mode
		return exchange <= 6 || exchange == 32 || exchange == 33
	case 0x20: // IKE_SA_INIT to IKE_INTERMEDIATE and on
		return 34 <= exchange && exchange <= 44
	}
	return false
}

// detectSIPDatagram: RFC 3261, section 7.
func detectSIPDatagram(m *flow.Meta, payload []byte) bool { return detectSIP(m, payload) == yes }

// detectCoAP: version 1, a code that is in use and options that parse, on its port (RFC 7252, section 3).
func detectCoAP(m *flow.Meta, payload []byte) bool {
	if !onPort(m, portCoAP) || len(payload) < 4 || payload[0]>>6 != 1 {
		return false
	}
	token, class, detail := int(payload[0]&0xf), payload[1]>>5, payload[1]&0x1f
	if token > 8 || len(payload) < 4+token || class != 0 && class != 2 && class != 4 && class != 5 || class == 0 && detail > 7 {
		return false
	}
	return coapOptions(payload[4+token:])
}

// coapOptions walks options (RFC 7252, section 3.1) up to the payload marker or the end.
func coapOptions(in cryptobyte.String) bool {
	var first uint8
	for in.ReadUint8(&first) && first != 0xff {
		delta, length := int(first>>4), int(first&0xf)
		if delta == 15 || length == 15 || !coapExtended(&in, &delta) || !coapExtended(&in, &length) || !in.Skip(length) {
			return false
		}
	}
	return true
}

// coapExtended adds what follows the values 13 and 14.
func coapExtended(in *cryptobyte.String, v *int) bool {
	var one uint8
	var two uint16
	switch *v {
	case 13:
		ok := in.ReadUint8(&one)
		*v = int(one) + 13
		return ok
	case 14:
		ok := in.ReadUint16(&two)
		*v = int(two) + 269
		return ok
	}
	return true
}

// detectTFTP: a request with a file name and a mode (RFC 1350, section 5). The answers come from another port, and say nothing.
func detectTFTP(_ *flow.Meta, payload []byte) bool {
	if len(payload) < 4 || payload[0] != 0 || payload[1] != 1 && payload[1] != 2 {
		return false
	}
	file, rest, ok := bytes.Cut(payload[2:], []byte{0})
	mode, _, whole := bytes.Cut(rest, []byte{0})
	return ok && whole && len(file) > 0 && (equalFold(mode, "octet") || equalFold(mode, "netascii") || equalFold(mode, "mail"))
}

// detectSyslog: a priority (RFC 5424, section 6.2.1), on its port.
func detectSyslog(m *flow.Meta, payload []byte) bool {
	if !onPort(m, portSyslog) {
		return false
	}
	_, is := afterPriority(payload)
	return is == yes
}

// detectRADIUS: a code in use, the datagram's length and attributes that fill it, on one of its ports (RFC 2865, section 3).
func detectRADIUS(m *flow.Meta, payload []byte) bool {
	const headerLen = 20
	if !onPort(m, portRADIUS1, portRADIUS2, portRADIUS3, portRADIUS4, portRADIUS5) || len(payload) < headerLen {
		return false
	}
	length := int(binary.BigEndian.Uint16(payload[2:]))
	if payload[0] == 0 || payload[0] > 52 || length < headerLen || length > m.Full {
		return false
	}
	in := cryptobyte.String(payload[headerLen:min(length, len(payload))])
	for !in.Empty() {
		var kind, size uint8
		if !in.ReadUint8(&kind) || !in.ReadUint8(&size) || size < 2 || !in.Skip(int(size)-2) {
			return m.Full > len(payload) // cut by a snapshot
		}
	}
	return true
}

// detectDHT: queries, answers and errors of BitTorrent's distributed hash table (BEP 5).
func detectDHT(_ *flow.Meta, payload []byte) bool {
	return bytes.HasPrefix(payload, []byte("d1:ad2:id20:")) || bytes.HasPrefix(payload, []byte("d1:rd2:id20:")) || bytes.HasPrefix(payload, []byte("d1:eli20"))
}

// detectRTCP: compound packets that fill the datagram, the first a report or a source description (RFC 3550, section 6.1).
func detectRTCP(m *flow.Meta, payload []byte) bool {
	const senderReport, last = 200, 207
	if len(payload) < 8 || payload[0]>>6 != 2 || payload[1] < senderReport || payload[1] > senderReport+2 {
		return false
	}
	size := 0
	for size+4 <= len(payload) {
		if payload[size]>>6 != 2 || payload[size+1] < senderReport || payload[size+1] > last {
			return false
		}
		size += 4 + 4*int(binary.BigEndian.Uint16(payload[size+2:]))
	}
	return size == m.Full
}
