package hostname

import (
	"phonehome/analyze/flow"
)

// Packets of TDS ([MS-TDS], section 2.2.3): type, status, length with the header, channel, number, window.
const (
	tdsHeader   = 8
	tdsReply    = 0x04
	tdsPrelogin = 0x12
	maxTDS      = 32767
	// maxTDSTalk bounds what is unwrapped of one direction: hellos and a certificate.
	maxTDSTalk = 64 << 10
)

// detectTDS knows the client's or the server's PRELOGIN, which begins with the option VERSION (token 0, section 2.2.6.5).
func detectTDS(_ *flow.Meta, head []byte) match {
	for i, b := range head[:min(len(head), tdsHeader+1)] {
		switch {
		case i == 0 && b != tdsPrelogin && b != tdsReply, i == 1 && b != 1, i == 7 && b != 0, i == 8 && b != 0:
			return no
		}
	}
	if len(head) < tdsHeader+5 {
		return maybe
	}
	length := tdsLength(head)
	offset := int(head[9])<<8 | int(head[10])
	return yesIf(length <= 4096 && head[11] == 0 && head[12] == 6 && offset >= 6 && tdsHeader+offset+6 <= length)
}

func tdsLength(head []byte) int { return int(head[2])<<8 | int(head[3]) }

// tdsReader takes the handshake of TLS out of the packets that wrap it.
type tdsReader struct {
	inner   tlsReader
	plain   [2][]byte // unwrapped and not yet used
	wrapped [2]bool   // TLS began
	talk    [2]int
}

func startTDS(*Namer) streamReader { return new(tdsReader) }

func (r *tdsReader) gap(*Namer, *flow.Conv, *flow.Meta, int64) flow.More { return flow.Stop }

func (r *tdsReader) read(n *Namer, c *flow.Conv, m *flow.Meta, data []byte) (int, flow.More) {
	used := 0
	for {
		packet := data[used:]
		if len(packet) < tdsHeader {
			return used, flow.Go
		}
		length := tdsLength(packet)
		if packet[0] != tdsPrelogin && packet[0] != tdsReply || length < tdsHeader || length > maxTDS {
			return used, flow.Stop
		}
		if len(packet) < length {
			return used, flow.Go
		}
		used += length
		if r.unwrap(n, c, m, packet[tdsHeader:length]) == flow.Stop {
			return used, flow.Stop
		}
	}
}

// unwrap hands the body of one packet to the reader of TLS.
func (r *tdsReader) unwrap(n *Namer, c *flow.Conv, m *flow.Meta, body []byte) flow.More {
	d := m.Dir & 1
	if r.talk[d] += len(body); r.talk[d] > maxTDSTalk {
		return flow.Stop
	}
	if !r.wrapped[d] {
		if len(body) == 0 || body[0] != recordHandshake {
			return flow.Go
		}
		r.wrapped[d] = true
	}
	r.plain[d] = append(r.plain[d], body...)
	used, more := r.inner.read(n, c, m, r.plain[d])
	r.plain[d] = r.plain[d][min(used, len(r.plain[d])):]
	if more == again {
		return flow.Stop
	}
	return more
}
