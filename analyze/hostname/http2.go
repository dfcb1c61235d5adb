package hostname

import (
	"strings"

	"golang.org/x/net/http2/hpack"

	"phonehome/analyze/flow"
)

// Frame types and flags of HTTP/2 (RFC 9113, section 6).
const (
	frameHeaders      = 1
	frameContinuation = 9
	flagEndHeaders    = 0x4
	flagPadded        = 0x8
	flagPriority      = 0x20
	frameHeaderLen    = 9
)

const (
	// maxHPACKTable bounds the dynamic table: its default is 4 KiB (RFC 9113, section 6.5.2), and servers offer up to 64 KiB. A client
	// that uses more than that cannot be read further.
	maxHPACKTable = 64 << 10
	// maxHPACKString bounds one name or value, like the header fields of HTTP/1.
	maxHPACKString = 16 << 10
)

func detectHTTP2(_ *flow.Meta, head []byte) match {
	switch {
	case strings.HasPrefix(http2Preface, string(head[:min(len(head), len(http2Preface))])):
		if len(head) >= len(http2Preface) {
			return yes
		}
		return maybe
	}
	return no
}

// http2Reader follows the client of one connection in clear: its header blocks depend on each other (RFC 7541), so that a
// gap ends it.
type http2Reader struct {
	told    toldNames
	decoder *hpack.Decoder
	preface bool   // was passed
	client  uint8  // direction of the client
	block   []byte // fragments of a header block that goes over several frames
	open    bool   // such a block is open

	// Of the block being decoded.
	authority, host string
	connect         bool
}

func startHTTP2(*Namer) streamReader { return new(http2Reader) }

func (r *http2Reader) gap(_ *Namer, _ *flow.Conv, m *flow.Meta, _ int64) flow.More {
	if r.preface && m.Dir == r.client {
		return flow.Stop
	}
	return flow.Go
}

func (r *http2Reader) read(n *Namer, _ *flow.Conv, m *flow.Meta, data []byte) (used int, more flow.More) {
	if !r.preface && detectHTTP2(m, data) == yes {
		r.preface, r.client, used = true, m.Dir, len(http2Preface)
		r.decoder = hpack.NewDecoder(4096, r.field)
		r.decoder.SetAllowedMaxDynamicTableSize(maxHPACKTable)
		r.decoder.SetMaxStringLength(maxHPACKString)
	}
	if !r.preface || m.Dir != r.client {
		return rest, flow.Go
	}
	for len(data)-used >= frameHeaderLen {
		k, more := r.frame(n, m, data[used:])
		used += k
		if k == 0 || more != flow.Go || used > len(data) {
			return used, more
		}
	}
	return used, flow.Go
}

// frame reads one frame (RFC 9113, section 4.1).
func (r *http2Reader) frame(n *Namer, m *flow.Meta, data []byte) (int, flow.More) {
	size := frameHeaderLen + (int(data[0])<<16 | int(data[1])<<8 | int(data[2]))
	kind, flags := data[3], data[4]
	if kind != frameHeaders && kind != frameContinuation {
		if r.open { // section 6.10: nothing comes between
			return 0, flow.Stop
		}
		return size, flow.Go
	}
	if size+len(r.block) > n.limits.Head {
		n.hit(limitHead)
		return 0, flow.Stop
	}
	if len(data) < size {
		return 0, flow.Go
	}
	fragment, ok := headerFragment(kind, flags, data[frameHeaderLen:size])
	if !ok || r.open != (kind == frameContinuation) {
		return 0, flow.Stop
	}
	return size, r.fragment(n, m, fragment, flags&flagEndHeaders != 0)
}

// headerFragment takes padding and priority off a HEADERS frame (RFC 9113, section 6.2).
func headerFragment(kind, flags byte, body []byte) ([]byte, bool) {
	if kind == frameContinuation {
		return body, true
	}
	padding, front := 0, 0
	if flags&flagPadded != 0 {
		if len(body) == 0 {
			return nil, false
		}
		padding, front = int(body[0]), 1
	}
	if flags&flagPriority != 0 {
		front += 5
	}
	if len(body) < front+padding {
		return nil, false
	}
	return body[front : len(body)-padding], true
}

// fragment takes one fragment of a header block, and with the last decodes the block and reports its authority.
func (r *http2Reader) fragment(n *Namer, m *flow.Meta, fragment []byte, last bool) flow.More {
	if !last {
		r.block, r.open = append(r.block, fragment...), true
		return flow.Go
	}
	if r.open {
		fragment = append(r.block, fragment...)
		r.block, r.open = fragment[:0], false
	}
	r.authority, r.host, r.connect = "", "", false
	if _, err := r.decoder.Write(fragment); err != nil {
		return flow.Stop
	}
	if r.decoder.Close() != nil {
		return flow.Stop
	}
	r.report(n, m)
	return flow.Go
}

// field takes one decoded field.
func (r *http2Reader) field(f hpack.HeaderField) {
	switch f.Name {
	case ":authority":
		r.authority = f.Value
	case "host":
		r.host = f.Value
	case ":method":
		r.connect = f.Value == "CONNECT"
	}
}

// report adds the authority of a request, or its Host where there is none (RFC 9113, section 8.3.1).
func (r *http2Reader) report(n *Namer, m *flow.Meta) {
	x := evidence(HTTP2Authority, m)
	switch {
	case r.authority == "":
		x.Name = withoutPort([]byte(r.host))
	case r.connect:
		x.Kind, x.Name = HTTPConnect, []byte(r.authority)
	default:
		x.Name = withoutPort([]byte(r.authority))
	}
	r.told.add(n, x)
}
