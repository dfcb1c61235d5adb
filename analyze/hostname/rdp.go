package hostname

import (
	"bytes"
	"encoding/binary"
	"math"

	"phonehome/analyze/flow"
)

// X.224 units in a TPKT header (RFC 1006, section 6), as RDP begins ([MS-RDPBCGR], sections 2.2.1.1 and 2.2.1.2).
const (
	tpktHeader   = 4
	x224Request  = 0xe0
	x224Confirm  = 0xd0
	maxTPKTFirst = 512 // a routing cookie of 255 and negotiation data at the most
)

// detectRDP knows a connection request or its confirmation. The same begins other protocols over ISO transport (S7), which no
// field here tells apart: they use port 102.
func detectRDP(m *flow.Meta, head []byte) match {
	for i, b := range head[:min(len(head), 6)] {
		switch {
		case i == 0 && b != 3, i == 1 && b != 0, i == 2 && b > maxTPKTFirst>>8,
			i == 5 && b != x224Request && b != x224Confirm:
			return no
		}
	}
	switch {
	case len(head) < 6:
		return maybe
	case tpktLength(head) != tpktHeader+1+int(head[4]) || onPort(m, 102):
		return no
	}
	return yes
}

func tpktLength(head []byte) int { return int(head[2])<<8 | int(head[3]) }

// rdpReader passes one unit of each side, behind which TLS begins.
type rdpReader struct{}

func startRDP(*Namer) streamReader { return rdpReader{} }

func (rdpReader) gap(*Namer, *flow.Conv, *flow.Meta, int64) flow.More { return flow.Stop }

func (rdpReader) read(_ *Namer, _ *flow.Conv, m *flow.Meta, data []byte) (int, flow.More) {
	switch detectRDP(m, data) {
	case maybe:
		return 0, flow.Go
	case no:
		return 0, flow.Stop
	}
	if len(data) < tpktLength(data) {
		return 0, flow.Go
	}
	return tpktLength(data), again
}

// detectRDPDatagram knows the first datagram of either end of RDP over UDP ([MS-RDPEUDP], section 2.2): what the other end sent
// last, a window, flags, a sequence number, two sizes of datagrams; a correlation and a version may follow, and then zeros up to the greatest size.
// TLS or DTLS goes on inside, in frames of their own: it is not read.
func detectRDPDatagram(m *flow.Meta, payload []byte) bool {
	const header, leastSize, size, longest = 16, 1132, 1232, 88 // bytes
	const syn, ack, lossy, correlation, version = 0x0001, 0x0004, 0x0200, 0x0800, 0x1000
	if m.Full != size || len(payload) < header {
		return false
	}
	window, flags := binary.BigEndian.Uint16(payload[4:]), binary.BigEndian.Uint16(payload[6:])
	if window == 0 || flags&syn == 0 || flags&^(syn|ack|lossy|correlation|version) != 0 || flags&ack == 0 && binary.BigEndian.Uint32(payload) != math.MaxUint32 {
		return false
	}
	for _, at := range []int{12, 14} {
		if n := binary.BigEndian.Uint16(payload[at:]); n < leastSize || n > size {
			return false
		}
	}
	return len(bytes.Trim(payload[min(longest, len(payload)):], "\x00")) == 0
}
