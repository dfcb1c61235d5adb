package hostname

import (
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
