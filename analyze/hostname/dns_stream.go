package hostname

import (
	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
)

const (
	// minDNSStream is the shortest message that is looked for in a stream: a header and one question or record.
	minDNSStream = dnsHeaderSize + minDNSQuestion
)

// dnsStream reads DNS over TCP.
type dnsStream struct {
	dnsFlow
	lost [2]bool // bytes are missing: the direction is read on where a message is seen to begin
}

func startDNSStream(*Namer) streamReader { return new(dnsStream) }

// detectDNSStream is lenient on port 53 and elsewhere wants the whole of the first message.
func detectDNSStream(m *flow.Meta, head []byte) match {
	in := cryptobyte.String(head)
	var size uint16
	if !in.ReadUint16(&size) {
		return maybe
	}
	if size < minDNSStream {
		return no
	}
	d, ok := readDNSHeader(in)
	switch {
	case !ok:
		return maybe
	case !d.likely(int(size)) || d.empty():
		return no
	case onPort(m, portDNS):
		return yes
	case !d.plain():
		return no
	case len(in) < int(size):
		return maybe
	}
	if d, _ = readDNSHeader(in[:size]); d.well() {
		return yes
	}
	return no
}

// read implements streamReader: whole messages are used, one that is not complete waits.
func (r *dnsStream) read(n *Namer, _ *flow.Conv, m *flow.Meta, data []byte) (used int, more flow.More) {
	in := cryptobyte.String(data)
	if r.lost[m.Dir&1] {
		switch detectDNSStream(m, data) {
		case no:
			return len(data), flow.Go
		case maybe:
			return 0, flow.Go
		}
		r.lost[m.Dir&1] = false
	}
	for {
		used = len(data) - len(in)
		var msg cryptobyte.String
		if !in.ReadUint16LengthPrefixed(&msg) {
			return used, flow.Go
		}
		r.message(n, m, msg, len(msg))
	}
}

// gap implements streamReader. Where the next message begins is known only by what it looks like.
func (r *dnsStream) gap(_ *Namer, _ *flow.Conv, m *flow.Meta, _ int64) flow.More {
	r.lost[m.Dir&1] = true
	return flow.Go
}
