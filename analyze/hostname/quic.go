package hostname

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
)

const (
	// maxQUICTries is how many datagrams of a flow are searched for Initial packets: a hello fits one to three, and a client sends
	// them again when they are lost.
	maxQUICTries = 24
	// maxCrypto bounds the handshake bytes kept of one hello: four times what a post-quantum hello with many extensions needs.
	maxCrypto = 16 << 10
	// maxSpans bounds the pieces of a hello that lie apart: Chrome sends some ten.
	maxSpans = 256
	maxCID   = 20 // RFC 9000, section 17.2
	// maxQUICKeys is how many connection IDs are tried: the first one, one behind each Retry, and one of each direction.
	maxQUICKeys = 4
)

// longHeader is the part of a QUIC long header that all versions share, and what follows in an Initial packet.
type longHeader struct {
	first      byte
	version    uint32
	dcid, scid []byte
	rest       cryptobyte.String // behind the connection IDs
}

// readLongHeader reads the invariants of QUIC (RFC 8999, section 5.1).
func readLongHeader(b []byte) (h longHeader, ok bool) {
	s := cryptobyte.String(b)
	var dcid, scid cryptobyte.String
	ok = s.ReadUint8(&h.first) && h.first&0x80 != 0 && s.ReadUint32(&h.version) && s.ReadUint8LengthPrefixed(&dcid) && len(dcid) <= maxCID &&
		s.ReadUint8LengthPrefixed(&scid) && len(scid) <= maxCID
	h.dcid, h.scid, h.rest = dcid, scid, s
	return h, ok
}

// Long packet types of version 1 (RFC 9000, section 17.2); version 2 counts them from Retry on (RFC 9369, section 3.2).
const (
	quicInitial = iota
	quicZeroRTT
	quicHandshake
	quicRetry
)

func (h *longHeader) kind() int {
	k := int(h.first >> 4 & 3)
	if h.version == versionV2 {
		return (k + 3) % 4
	}
	return k
}

// readVarint reads a variable-length integer (RFC 9000, section 16).
func readVarint(s *cryptobyte.String, out *uint64) bool {
	var first uint8
	if !s.ReadUint8(&first) {
		return false
	}
	*out = uint64(first & 0x3f)
	for range 1<<(first>>6) - 1 {
		var b uint8
		if !s.ReadUint8(&b) {
			return false
		}
		*out = *out<<8 | uint64(b)
	}
	return true
}

// detectQUIC knows the start of a connection by the long header of an Initial packet in a datagram of the size that RFC 9000, section 14.1,
// demands of a client, or by a version negotiation or Retry packet of a server.
func detectQUIC(m *flow.Meta, p []byte) bool {
	h, ok := readLongHeader(p)
	if !ok {
		return false
	}
	if h.version == 0 {
		return len(h.rest) > 0 && len(h.rest)%4 == 0 && len(h.dcid)+len(h.scid) > 0
	}
	const fixedBit = 0x40
	if h.first&fixedBit == 0 && !isReserved(h.version) {
		return false
	}
	known := h.version == versionV1 || h.version == versionV2 || h.version&^0xff == versionDraft || h.version&^0xff == versionMvfst ||
		h.version == versionGoogle || h.version == versionT050 || h.version == versionT051
	if known {
		return true
	}
	return m.Full >= minInitial && len(h.dcid) >= minClientCID && h.kind() == quicInitial
}

const (
	minInitial   = 1200 // RFC 9000, section 14.1
	minClientCID = 8    // RFC 9000, section 7.2
)

func isReserved(v uint32) bool { return v&0x0f0f0f0f == 0x0a0a0a0a }

// quicReader follows one flow until its ClientHello is whole.
type quicReader struct {
	tries  uint8
	keys   []quicKeys
	crypto cryptoStream
	plain  []byte
}

// quicKeys are the keys for one connection ID and version.
type quicKeys struct {
	dcid    []byte
	version uint32
	name    string
	keys    *initialKeys // nil: the version is not settled yet
	works   bool         // has opened a packet
}

func startQUIC(*Namer) datagramReader { return &quicReader{} }

// read looks at all packets of a datagram.
func (r *quicReader) read(n *Namer, _ *flow.Conv, m *flow.Meta, p []byte) flow.More {
	if r.tries++; r.tries > maxQUICTries {
		return flow.Stop
	}
	for len(p) > 0 {
		h, ok := readLongHeader(p)
		if !ok || h.version == 0 {
			return flow.Go // a short header is the last packet of a datagram
		}
		packet, pn, ok := h.bounds(p)
		if !ok {
			return flow.Go
		}
		if h.kind() == quicInitial && r.initial(&h, packet, pn) && r.hello(n, m) {
			return flow.Stop
		}
		p = p[len(packet):]
	}
	return flow.Go
}

// bounds cuts the packet that h begins out of p and finds its packet number (RFC 9000, sections 17.2.2 to 17.2.4).
func (h *longHeader) bounds(p []byte) (packet []byte, pn int, ok bool) {
	s := h.rest
	var token cryptobyte.String
	var length uint64
	switch h.kind() {
	case quicRetry:
		return nil, 0, false
	case quicInitial:
		if !readVarint(&s, &length) || length > uint64(len(s)) || !s.ReadBytes((*[]byte)(&token), int(length)) {
			return nil, 0, false
		}
	}
	if !readVarint(&s, &length) || length > uint64(len(s)) || length == 0 {
		return nil, 0, false
	}
	pn = len(p) - len(s)
	return p[:pn+int(length)], pn, true
}

// initial opens an Initial packet and takes its CRYPTO frames. It reports whether there were any.
func (r *quicReader) initial(h *longHeader, packet []byte, pn int) bool {
	for i := range r.keys {
		if k := &r.keys[i]; k.keys != nil && k.version == h.version {
			if plain, ok := k.keys.open(r.plain, packet, pn); ok {
				r.plain, k.works = plain, true
				return r.crypto.frames(plain, k.name)
			}
		}
	}
	if len(h.dcid) == 0 || len(r.keys) >= maxQUICKeys || r.has(h) {
		return false
	}
	for _, v := range quicCandidates(h.version) {
		k, err := newInitialKeys(&v, h.dcid)
		if err != nil {
			return false
		}
		if plain, ok := k.open(r.plain, packet, pn); ok {
			r.plain = plain
			r.keys = append(r.keys, quicKeys{bytes.Clone(h.dcid), h.version, v.name, k, true})
			r.crypto = cryptoStream{} // a new connection ID that opens is a new attempt: after a Retry, or with another version
			return r.crypto.frames(plain, v.name)
		}
	}
	r.keys = append(r.keys, quicKeys{dcid: bytes.Clone(h.dcid), version: h.version})
	return false
}

// has says whether keys for this connection ID were made already, and did not open the packet.
func (r *quicReader) has(h *longHeader) bool {
	for i := range r.keys {
		if r.keys[i].version == h.version && bytes.Equal(r.keys[i].dcid, h.dcid) {
			return true
		}
	}
	return false
}

// hello reports the ClientHello when it is whole.
func (r *quicReader) hello(n *Namer, m *flow.Meta) bool {
	body, ok := r.crypto.message()
	if !ok {
		return false
	}
	h, ok := parseClientHello(body, 'q')
	if !ok {
		return true // whole, and no hello: nothing more will name this flow
	}
	x := evidence(QUICSNI, m)
	h.fill(&x)
	x.Version = r.crypto.version
	if len(x.Name) == 0 {
		x.Kind = QUICHello
	}
	n.add(x)
	return true
}

// cryptoStream puts the bytes of CRYPTO frames together.
type cryptoStream struct {
	buf     []byte
	have    []span // parts of buf that are there, in order, apart
	version string
}

type span struct{ from, to int }

// Frame types that an Initial packet may hold (RFC 9000, section 17.2.2).
const (
	framePadding = 0x00
	framePing    = 0x01
	frameACK     = 0x02
	frameACKECN  = 0x03
	frameCrypto  = 0x06
)

// frames takes the CRYPTO frames of a packet. It reports whether there were any.
func (c *cryptoStream) frames(b []byte, version string) (any bool) {
	c.version = version
	s := cryptobyte.String(b)
	for !s.Empty() {
		var kind uint64
		if !readVarint(&s, &kind) {
			return any
		}
		switch kind {
		case framePadding, framePing:
		case frameACK, frameACKECN:
			if !skipACK(&s, kind == frameACKECN) {
				return any
			}
		case frameCrypto:
			var at, n uint64
			var data []byte
			if !readVarint(&s, &at) || !readVarint(&s, &n) || n > uint64(len(s)) || !s.ReadBytes(&data, int(n)) {
				return any
			}
			c.put(at, data)
			any = true
		default:
			return any
		}
	}
	return any
}

// skipACK passes over an ACK frame (RFC 9000, section 19.3).
func skipACK(s *cryptobyte.String, ecn bool) bool {
	var v, ranges uint64
	if !readVarint(s, &v) || !readVarint(s, &v) || !readVarint(s, &ranges) || !readVarint(s, &v) || ranges > uint64(len(*s)) {
		return false
	}
	n := 2 * ranges
	if ecn {
		n += 3
	}
	for range n {
		if !readVarint(s, &v) {
			return false
		}
	}
	return true
}

// put stores bytes at their place. What is there already stays.
func (c *cryptoStream) put(at uint64, data []byte) {
	if at > maxCrypto || at+uint64(len(data)) > maxCrypto || len(data) == 0 || len(c.have) >= maxSpans {
		return
	}
	from, to := int(at), int(at)+len(data)
	if to > len(c.buf) {
		c.buf = append(c.buf, make([]byte, to-len(c.buf))...)
	}
	var out []span
	place := from
	for _, s := range c.have {
		if s.from < to && place < s.from {
			copy(c.buf[place:min(s.from, to)], data[place-from:])
		}
		if s.to > place && s.from < to {
			place = s.to
		}
	}
	if place < to {
		copy(c.buf[place:to], data[place-from:])
	}
	merged := span{from, to}
	for _, s := range c.have {
		switch {
		case s.to < merged.from:
			out = append(out, s)
		case s.from > merged.to:
			out = append(out, merged)
			merged = s
		default:
			merged = span{min(s.from, merged.from), max(s.to, merged.to)}
		}
	}
	c.have = append(out, merged)
}

// message returns the body of the ClientHello when all of it is there.
func (c *cryptoStream) message() (cryptobyte.String, bool) {
	const header, clientHelloType = 4, 1
	if len(c.have) == 0 || c.have[0].from > 0 || c.have[0].to < header {
		return nil, false
	}
	if c.buf[0] != clientHelloType {
		return nil, true
	}
	n := int(binary.BigEndian.Uint32(c.buf) & 0xffffff)
	if c.have[0].to < header+n {
		return nil, false
	}
	return c.buf[header : header+n], true
}
