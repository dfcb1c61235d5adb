package hostname

import (
	"encoding/binary"
	"slices"
	"strings"

	"golang.org/x/net/http2/hpack"

	"phonehome/analyze/flow"
	"phonehome/analyze/personal"
)

// Frame types and flags of HTTP/2 (RFC 9113, section 6).
const (
	frameData         = 0
	frameHeaders      = 1
	frameReset        = 3
	frameContinuation = 9
	flagEndStream     = 0x1
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
	// maxHeadText is how much of a header's fields is looked at, in bytes after they were decoded. More is counted as "hostname-content".
	maxHeadText = 64 << 10
	// maxBodies is how many requests at a time have their bodies collected; of more the first is looked at as far as it came.
	maxBodies = 16
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
	request         http2Body // what it says of its body
	last            bool      // it has none
	authorization   string
	head            []byte // its fields as text, at most maxHeadText bytes
	more            bool   // there are others

	clear  cleartext // of all headers; what was told of bodies is kept here too
	bodies []http2Body
	data   http2Data
}

// http2Body is the body of one request that is being sent.
type http2Body struct {
	stream         uint32
	encoding, kind string
	clear          cleartext
}

// http2Data is the DATA frame that is being read (RFC 9113, section 6.1).
type http2Data struct {
	stream        uint32
	left, padding int  // bytes that are still to come
	last          bool // it ends the body
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
	for used < len(data) {
		k, more := r.next(n, m, data[used:])
		used += k
		if k == 0 || more != flow.Go || used > len(data) {
			return used, more
		}
	}
	return used, flow.Go
}

// close looks at the bodies that were broken off.
func (r *http2Reader) close(n *Namer) {
	for i := range r.bodies {
		r.look(n, &r.bodies[i])
	}
	r.bodies = nil
}

// next reads one frame, or a part of a body.
func (r *http2Reader) next(n *Namer, m *flow.Meta, data []byte) (int, flow.More) {
	switch {
	case r.data.left > 0:
		return r.payload(n, m, data), flow.Go
	case len(data) < frameHeaderLen:
		return 0, flow.Go
	}
	return r.frame(n, m, data)
}

// frame reads one frame (RFC 9113, section 4.1).
func (r *http2Reader) frame(n *Namer, m *flow.Meta, data []byte) (int, flow.More) {
	size := frameHeaderLen + (int(data[0])<<16 | int(data[1])<<8 | int(data[2]))
	kind, flags := data[3], data[4]
	if kind != frameHeaders && kind != frameContinuation {
		if r.open { // section 6.10: nothing comes between
			return 0, flow.Stop
		}
		switch kind {
		case frameData:
			return r.begin(n, flags, data, size)
		case frameReset:
			r.finish(n, streamOf(data))
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
	if kind == frameHeaders {
		r.request, r.last = http2Body{stream: streamOf(data)}, flags&flagEndStream != 0
	}
	return size, r.fragment(n, m, fragment, flags&flagEndHeaders != 0)
}

func streamOf(frame []byte) uint32 { return binary.BigEndian.Uint32(frame[5:]) &^ (1 << 31) }

// begin reads the header of a DATA frame of size bytes in all.
func (r *http2Reader) begin(n *Namer, flags byte, data []byte, size int) (int, flow.More) {
	used, padding := frameHeaderLen, 0
	if flags&flagPadded != 0 {
		if used++; len(data) < used && size >= used {
			return 0, flow.Go
		}
		if size < used || size-used < int(data[used-1]) {
			return 0, flow.Stop
		}
		padding = int(data[used-1])
	}
	r.data = http2Data{stream: streamOf(data), left: size - used - padding, padding: padding, last: flags&flagEndStream != 0}
	if r.data.left > 0 {
		return used, flow.Go
	}
	return used + r.end(n), flow.Go
}

// payload reads a part of a body. What is more than is looked at is passed over.
func (r *http2Reader) payload(n *Namer, m *flow.Meta, data []byte) (used int) {
	used = min(r.data.left, len(data))
	if b := r.body(r.data.stream); b == nil || b.clear.enough {
		used = r.data.left
	} else {
		b.clear.collect(n, m, data[:used])
	}
	if r.data.left -= used; r.data.left == 0 {
		used += r.end(n)
	}
	return used
}

// end is behind the payload of a DATA frame, and returns how much padding follows.
func (r *http2Reader) end(n *Namer) (padding int) {
	if r.data.last {
		r.finish(n, r.data.stream)
	}
	return r.data.padding
}

// body is that of a stream, nil where none is looked at.
func (r *http2Reader) body(stream uint32) *http2Body {
	if i := r.indexOf(stream); i >= 0 {
		return &r.bodies[i]
	}
	return nil
}

func (r *http2Reader) indexOf(stream uint32) int {
	return slices.IndexFunc(r.bodies, func(b http2Body) bool { return b.stream == stream })
}

// finish looks at the body of a stream, of which no more comes.
func (r *http2Reader) finish(n *Namer, stream uint32) {
	if i := r.indexOf(stream); i >= 0 {
		r.look(n, &r.bodies[i])
		r.bodies = slices.Delete(r.bodies, i, i+1)
	}
}

// look looks at a body; what was told of this end before is not told again.
func (r *http2Reader) look(n *Namer, b *http2Body) {
	b.clear.told = r.clear.told
	b.clear.body(n, inBody, b.encoding, b.kind)
	r.clear.told = b.clear.told
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
	r.authority, r.host, r.connect, r.authorization, r.head, r.more = "", "", false, "", r.head[:0], false
	if _, err := r.decoder.Write(fragment); err != nil {
		return flow.Stop
	}
	if r.decoder.Close() != nil {
		return flow.Stop
	}
	r.report(n, m)
	r.content(n, m)
	return flow.Go
}

// content looks at what a block says, and awaits a body behind that of a request. A block behind a body is its trailers (RFC 9113, section 8.1).
func (r *http2Reader) content(n *Namer, m *flow.Meta) {
	r.clear.piece(n, m, inHead, r.head)
	if r.more {
		n.hit(limitContent)
	}
	if r.authorization != "" {
		personal.Authorization([]byte(r.authorization), n.report(&r.clear.reported, m, inHead))
	}
	switch {
	case r.last:
		r.finish(n, r.request.stream)
	case r.connect || r.body(r.request.stream) != nil:
	default:
		if len(r.bodies) == maxBodies {
			n.hit(limitContent)
			r.finish(n, r.bodies[0].stream)
		}
		r.bodies = append(r.bodies, r.request)
	}
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
	case "content-encoding":
		r.request.encoding = f.Value
	case "content-type":
		r.request.kind = f.Value
	case "authorization":
		r.authorization = f.Value
	}
	switch {
	case f.Name == ":authority":
	case len(r.head)+len(f.Name)+len(f.Value) > maxHeadText:
		r.more = true
	default:
		r.head = append(append(append(append(r.head, f.Name...), ": "...), f.Value...), lineEnd...)
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
