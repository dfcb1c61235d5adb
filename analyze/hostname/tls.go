package hostname

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
)

// Record types (RFC 8446, section 5.1) and handshake message types (section 4).
const (
	recordChange    = 20
	recordAlert     = 21
	recordHandshake = 22
	recordData      = 23

	recordHeaderLen    = 5
	handshakeHeaderLen = 4
	// maxRecord is the longest record, with what encryption and compression may add (RFC 5246, section 6.2.3).
	maxRecord = 1<<14 + 2048

	msgClientHello = 1
	msgServerHello = 2
	msgCertificate = 11
)

// retryRandom is the random of a ServerHello that is a HelloRetryRequest (RFC 8446, section 4.1.3).
var retryRandom = []byte("\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c")

// portDoT is the port of DNS over TLS (RFC 7858, section 3.1).
const portDoT = 853

// detectTLS knows a stream of TLS by a handshake record that begins with a hello of either side, and the form that clients of
// SSL 2 sent to servers of SSL 3 and TLS 1.0.
func detectTLS(_ *flow.Meta, head []byte) match {
	if m := detectSSL2(head); m != no {
		return m
	}
	const seen = recordHeaderLen + handshakeHeaderLen + 2 // to the end of the hello's legacy_version
	for i, b := range head[:min(seen, len(head))] {
		if i >= recordHeaderLen && i >= recordHeaderLen+recordLength(head) {
			return yes // a record that is shorter than that
		}
		if !helloByte(i, b) {
			return no
		}
		if i == 4 && (recordLength(head) == 0 || recordLength(head) > maxRecord) {
			return no
		}
	}
	if len(head) < seen && (len(head) <= recordHeaderLen || len(head) < recordHeaderLen+recordLength(head)) {
		return maybe
	}
	return yes
}

func recordLength(head []byte) int { return int(head[3])<<8 | int(head[4]) }

// helloByte says whether b may be byte i of a record that begins with a hello of at most 64 KiB.
func helloByte(i int, b byte) bool {
	switch i {
	case 0:
		return b == recordHandshake
	case 1, 9: // major version
		return b == 3
	case 2, 10: // minor version
		return b <= 4
	case 5:
		return b == msgClientHello || b == msgServerHello
	case 6: // highest byte of the message's length
		return b == 0
	}
	return true
}

// tlsReader reads the hellos of both sides and, up to TLS 1.2, the server's certificate.
type tlsReader struct {
	sides [2]tlsSide
	name  []byte // of the hello that was reported last
	hello bool   // a hello was reported
}

// tlsSide is how far one direction is read.
type tlsSide struct {
	left  int // bytes of the present record that are still to be read; 0 where a record header is next
	need  int // there is no use in looking at fewer bytes than these
	seen  bool
	done  bool
	plain bool // the server chose TLS 1.2 or less: its certificate follows in clear
}

func startTLS(n *Namer) streamReader {
	last := len(n.tls) - 1
	if last < 0 {
		return new(tlsReader)
	}
	r := n.tls[last]
	n.tls = n.tls[:last]
	return r
}

// close gives r back, cleared but for the memory of its name.
func (r *tlsReader) close(n *Namer) {
	*r = tlsReader{name: r.name[:0]}
	n.tls = append(n.tls, r)
}

func (r *tlsReader) read(n *Namer, c *flow.Conv, m *flow.Meta, data []byte) (int, flow.More) {
	s := &r.sides[m.Dir&1]
	s.seen = true
	used := 0
	for !s.done && used <= len(data) {
		k := r.step(n, c, m, data[used:])
		if k == 0 {
			break
		}
		used += k
	}
	if s.done {
		used = rest
	}
	return used, r.more()
}

// more stops when nothing more can come: both sides are read, or the client is and the server, who answers before the client
// goes on, is not in the capture.
func (r *tlsReader) more() flow.More {
	a, b := &r.sides[0], &r.sides[1]
	switch {
	case a.done && b.done,
		r.hello && (a.done && !b.seen || b.done && !a.seen),
		r.hello && (a.done && a.plain || b.done && b.plain):
		return flow.Stop
	}
	return flow.Go
}

// gap: what is missing may be anything, so that this side has nothing more to say but a new hello, if none was read.
func (r *tlsReader) gap(_ *Namer, _ *flow.Conv, m *flow.Meta, _ int64) flow.More {
	s := &r.sides[m.Dir&1]
	if !r.hello && !s.plain {
		*s = tlsSide{seen: s.seen}
		return again
	}
	s.done = true
	return r.more()
}

// step reads one record that is of no interest, or one handshake message. It returns the bytes it used; 0 where it needs more or is done.
func (r *tlsReader) step(n *Namer, c *flow.Conv, m *flow.Meta, data []byte) int {
	s := &r.sides[m.Dir&1]
	if len(data) < max(s.need, 1) {
		return 0
	}
	s.need = 0
	if s.left > 0 {
		return r.message(n, c, m, data)
	}
	if data[0]&0x80 != 0 {
		return r.helloSSL2(n, m, data)
	}
	if len(data) < recordHeaderLen {
		s.need = recordHeaderLen
		return 0
	}
	switch kind, length := data[0], recordLength(data); {
	case data[1] != 3 || length > maxRecord:
		s.done = true
	case kind == recordHandshake:
		return r.message(n, c, m, data)
	case kind == recordAlert, kind == recordChange && !s.plain:
		return recordHeaderLen + length
	default: // application data, or the end of what the server says in clear
		s.done = true
	}
	return 0
}

// message reads one handshake message.
func (r *tlsReader) message(n *Namer, c *flow.Conv, m *flow.Meta, data []byte) int {
	s := &r.sides[m.Dir&1]
	head, ok := s.take(n, data, handshakeHeaderLen)
	if !ok {
		return 0
	}
	kind, length := head.bytes[0], int(head.bytes[1])<<16|int(head.bytes[2])<<8|int(head.bytes[3])
	switch {
	case kind == msgCertificate && s.plain:
		return r.certificate(n, m, data)
	case kind != msgClientHello && kind != msgServerHello:
		s.done = true
		return 0
	case length > n.limits.Head:
		n.hit(limitHead)
		s.done = true
		return 0
	}
	whole, ok := s.take(n, data, handshakeHeaderLen+length)
	if !ok {
		return 0
	}
	s.left = whole.left
	if body := cryptobyte.String(whole.bytes[handshakeHeaderLen:]); kind == msgClientHello {
		r.clientHello(n, c, m, body)
	} else {
		r.serverHello(s, body)
	}
	return whole.used
}

// clientHello reports a hello. The one that answers a HelloRetryRequest repeats the first and is reported only where its name differs.
func (r *tlsReader) clientHello(n *Namer, c *flow.Conv, m *flow.Meta, body cryptobyte.String) {
	h, ok := parseClientHello(body, 't')
	if !ok {
		r.sides[m.Dir&1].done = true
		return
	}
	if r.hello && bytes.Equal(h.name(), r.name) {
		return
	}
	r.hello, r.name = true, append(r.name[:0], h.name()...)
	x := evidence(TLSSNI, m)
	h.fill(&x)
	if len(x.Name) == 0 {
		x.Kind = TLSHello
	}
	if m.DstPort == portDoT || string(x.ALPN) == "dot" {
		c.Protocol = "dot"
	}
	n.add(x)
}

// serverHello learns from a ServerHello whether a certificate follows in clear (RFC 8446, section 4.1.3).
func (r *tlsReader) serverHello(s *tlsSide, body cryptobyte.String) {
	var version, suite uint16
	var random []byte
	var compression uint8
	var session, extensions cryptobyte.String
	if !body.ReadUint16(&version) || !body.ReadBytes(&random, 32) || !body.ReadUint8LengthPrefixed(&session) ||
		!body.ReadUint16(&suite) || !body.ReadUint8(&compression) || !body.Empty() && !body.ReadUint16LengthPrefixed(&extensions) {
		s.done = true
		return
	}
	switch {
	case bytes.Equal(random, retryRandom):
	case selectedVersion(extensions) != 0:
		s.done, s.plain = true, true
	default:
		s.plain = true
	}
}

// selectedVersion returns the version in the supported_versions of a ServerHello, 0 where there is none: then it is TLS 1.2 or less.
func selectedVersion(extensions cryptobyte.String) (version uint16) {
	var kind uint16
	var data cryptobyte.String
	for extensions.ReadUint16(&kind) && extensions.ReadUint16LengthPrefixed(&data) {
		if kind == extSupportedVersions && data.ReadUint16(&version) {
			return version
		}
	}
	return 0
}

// certificate reads the leaf, the first of the list (RFC 5246, section 7.4.2); the rest of the chain is not waited for.
func (r *tlsReader) certificate(n *Namer, m *flow.Meta, data []byte) int {
	s := &r.sides[m.Dir&1]
	const lengths = handshakeHeaderLen + 3 + 3 // of the list and of the first certificate
	head, ok := s.take(n, data, lengths)
	if !ok {
		return 0
	}
	length := int(head.bytes[7])<<16 | int(head.bytes[8])<<8 | int(head.bytes[9])
	if length > n.limits.Head {
		n.hit(limitHead)
		s.done = true
		return 0
	}
	whole, ok := s.take(n, data, lengths+length)
	if !ok {
		return 0
	}
	n.addCertificate(m, whole.bytes[lengths:])
	s.done = true
	return 0
}

// taken is the bytes of a handshake message with the record headers between them taken out.
type taken struct {
	bytes []byte // a view of the data where one record holds them all, else of the Namer's scratch
	used  int    // of the data
	left  int    // bytes of the last record behind them
}

// take returns the next want bytes of handshake messages. Where it cannot, s.need says how many bytes it takes at the least, or s.done that
// no number will do. The least grows with what is missing, so that one byte records in one byte segments are not walked over and over.
func (s *tlsSide) take(n *Namer, data []byte, want int) (taken, bool) {
	t := taken{left: s.left}
	if t.left == 0 && len(data) >= recordHeaderLen {
		t.left, t.used = recordLength(data), recordHeaderLen
	}
	if t.left >= want && len(data)-t.used >= want {
		t.bytes = data[t.used : t.used+want]
		t.used, t.left = t.used+want, t.left-want
		return t, true
	}
	t.used, t.left = 0, s.left
	t.bytes = n.scratch[:0]
	for len(t.bytes) < want && t.used < len(data) {
		if t.left == 0 && !t.enterRecord(data) {
			break
		}
		k := min(t.left, len(data)-t.used, want-len(t.bytes))
		t.bytes = append(t.bytes, data[t.used:t.used+k]...)
		t.used, t.left = t.used+k, t.left-k
	}
	n.scratch = t.bytes[:0]
	if t.left < 0 {
		s.done = true
		return t, false
	}
	s.need = len(data) + want - len(t.bytes)
	return t, len(t.bytes) == want
}

// enterRecord passes the header of the next record. It fails where the header is not whole, and, with a left below 0, where no
// handshake message can go on in that record.
func (t *taken) enterRecord(data []byte) bool {
	head := data[t.used:]
	if head[0] != recordHandshake {
		t.left = -1
		return false
	}
	if len(head) < recordHeaderLen {
		return false
	}
	t.left = recordLength(head)
	if t.left == 0 || t.left > maxRecord || head[1] != 3 {
		t.left = -1
		return false
	}
	t.used += recordHeaderLen
	return true
}
