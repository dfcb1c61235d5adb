package hostname

import (
	"encoding/binary"

	"phonehome/analyze/flow"
)

const (
	stunHeader = 20         // RFC 8489, section 5
	stunCookie = 0x2112a442 // RFC 8489, section 5
	// maxSTUNDatagrams is how many datagrams of a flow that began with STUN are looked at for what comes next: ICE checks a path a
	// few times, both ways, before DTLS or QUIC is spoken on it.
	maxSTUNDatagrams = 32
)

// detectSTUN knows STUN by its cookie, and by the datagram's length where the old form of RFC 3489, which has none, is on its port.
func detectSTUN(m *flow.Meta, payload []byte) bool {
	if len(payload) < stunHeader || payload[0]>>6 != 0 {
		return false
	}
	length := int(binary.BigEndian.Uint16(payload[2:]))
	if length%4 != 0 || stunHeader+length != m.Full {
		return false
	}
	return binary.BigEndian.Uint32(payload[4:]) == stunCookie || onPort(m, portSTUN) && payload[1] != 0 && payload[0] <= 1
}

// stunReader waits for the protocol that STUN opened a path for: DTLS of WebRTC, or QUIC. Media beside them is told by its first byte (RFC 7983,
// section 7; RFC 9443), and may come before them where the capture did.
type stunReader struct{ datagrams uint8 }

func startSTUN(*Namer) datagramReader { return new(stunReader) }

func (r *stunReader) read(n *Namer, c *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	r.datagrams++
	if p := detectDatagram(m, payload, "stun", "rtp", "rtcp"); p != nil {
		return p.take(n, c, m, payload)
	}
	if len(payload) >= rtpHeader && payload[0]>>6 == 2 {
		c.Protocol = "rtp"
	}
	if r.datagrams >= maxSTUNDatagrams {
		return flow.Stop
	}
	return flow.Go
}
