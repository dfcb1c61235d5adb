package hostname

import (
	"encoding/binary"

	"phonehome/analyze/flow"
)

// A header of RTP (RFC 3550, section 5.1) says too little to be told from chance: it takes rtpConfirm in a row, of one source, with numbers
// that follow each other.
const (
	rtpHeader  = 12
	rtpConfirm = 4
	rtpMaxStep = 16 // numbers that may be missing between two packets
)

// rtpPacket is what packets of one stream have in common, and their number.
type rtpPacket struct {
	source uint32
	number uint16
	kind   uint8
}

// readRTP reads a header that is version 2 and has a payload type that is in use (RFC 3551, section 6).
func readRTP(payload []byte) (p rtpPacket, ok bool) {
	if len(payload) < rtpHeader || payload[0]>>6 != 2 {
		return p, false
	}
	p = rtpPacket{binary.BigEndian.Uint32(payload[8:]), binary.BigEndian.Uint16(payload[2:]), payload[1] & 0x7f}
	sources := int(payload[0] & 0xf)
	return p, (p.kind <= 34 || p.kind >= 96) && p.source != 0 && len(payload) >= rtpHeader+4*sources
}

func detectRTP(_ *flow.Meta, payload []byte) bool {
	_, ok := readRTP(payload)
	return ok
}

// rtpReader confirms that a flow is RTP. Until then the flow has no protocol, and one that turns out to have another is given to that.
type rtpReader struct {
	last  [2]rtpPacket
	count [2]uint8
}

func startRTP(*Namer) datagramReader { return new(rtpReader) }

func (r *rtpReader) read(n *Namer, c *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	d := m.Dir & 1
	p, ok := readRTP(payload)
	last := &r.last[d]
	step := p.number - last.number
	if !ok || r.count[d] > 0 && (p.source != last.source || p.kind != last.kind || step == 0 || step > rtpMaxStep) {
		return handOver(n, c, m, payload)
	}
	*last = p
	if r.count[d]++; r.count[d] == rtpConfirm {
		c.Protocol = "rtp"
		return flow.Stop
	}
	if c.Protocol == "rtp" {
		c.Protocol = ""
	}
	return flow.Go
}

// handOver gives a flow that is not RTP to the protocol of the datagram at hand, if it has one.
func handOver(n *Namer, c *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	p := detectDatagram(m, payload, "rtp")
	if p == nil {
		return flow.Stop
	}
	return p.take(n, c, m, payload)
}
