package hostname

import (
	"bytes"

	"phonehome/analyze/flow"
	"phonehome/analyze/personal"
)

const (
	// maxMethod is the longest method that is believed; the longest registered one has 17 letters (IANA "HTTP Method Registry").
	maxMethod = 32
	// maxLost is how many pieces of a stream are searched for a request after its place in it was lost.
	maxLost = 1024
	// http2Preface is what a client says first in HTTP/2 (RFC 9113, section 3.4).
	http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
)

// detectHTTP1 knows HTTP/1 by a whole request line, or the beginning of a status line (RFC 9112, sections 3 and 4).
func detectHTTP1(_ *flow.Meta, head []byte) match {
	const status = "HTTP/1."
	if len(head) < len(status) && string(head) == status[:len(head)] {
		return maybe
	}
	if bytes.HasPrefix(head, []byte(status)) {
		return yes
	}
	return matchRequestLine(head)
}

// requestLine is the first line of a request: METHOD SP target SP HTTP/1.x.
type requestLine struct {
	method, target []byte
}

// matchRequestLine says whether head begins with a request line, or may.
func matchRequestLine(head []byte) match {
	end := bytes.IndexByte(head, '\n')
	if end >= 0 {
		if _, ok := parseRequestLine(head[:end]); ok {
			return yes
		}
		return no
	}
	method, rest, spaced := bytes.Cut(head[:min(len(head), maxMethod+1)], []byte(" "))
	if len(method) > maxMethod || !isMethod(method) || spaced && len(rest) > 0 && rest[0] < ' ' || len(head) >= maxDetect {
		return no
	}
	return maybe
}

// parseRequestLine splits a line without its line feed. Spaces in a target are not allowed, but sent; they are taken where the target
// begins as one does.
func parseRequestLine(line []byte) (r requestLine, ok bool) {
	line = bytes.TrimSuffix(line, []byte("\r"))
	const version = " HTTP/1."
	at := len(line) - len(version) - 1
	if at < 0 || string(line[at:at+len(version)]) != version || line[len(line)-1] < '0' || line[len(line)-1] > '9' {
		return r, false
	}
	var spaced bool
	r.method, r.target, spaced = bytes.Cut(line[:at], []byte(" "))
	r.target = bytes.Trim(r.target, " ")
	if !spaced || len(r.target) == 0 || r.target[0] < ' ' || len(r.method) == 0 || len(r.method) > maxMethod || !isMethod(r.method) {
		return r, false
	}
	return r, bytes.IndexByte(r.target, ' ') < 0 || r.target[0] == '/' || targetHost(r.target) != nil
}

// isMethod says whether b is made of what methods are made of in practice; RFC 9110, section 9.1 allows a little more.
func isMethod(b []byte) bool {
	for _, c := range b {
		if !isAlphanumeric(c) && c != '-' && c != '_' {
			return false
		}
	}
	return len(b) == 0 || !('0' <= b[0] && b[0] <= '9')
}

// http1Reader follows the requests of one connection, exactly as long as each one's end is known. The side that sends requests
// is the client; of the other only the consent to a CONNECT or a WebSocket is read, what it sends in the latter, and what leaves as an answer.
type http1Reader struct {
	told      toldNames
	sides     [2]http1Side
	connected bool // the client asked for a tunnel, and has gone on to what is inside
	upgraded  bool // the client asked for another protocol
	socket    bool // the client asked for a WebSocket
}

// http1Side is the place in one direction.
type http1Side struct {
	client  bool
	chunked bool   // a chunked body is being passed over
	lost    int    // pieces that were searched since the place was lost; 0 where it is known
	scanned int    // bytes of an incomplete header that hold no end
	body    int    // bytes of a body, or of a chunk with the line end behind it, that are still to come
	fresh   bool   // of an answer: none of a body that is to come has come
	waiting []Name // what is reported when the message is complete, or as unfinished
	clear   cleartext
	content struct{ in, encoding, kind string } // of the body
	socket  *webSocket                          // nil before its first frame
}

func startHTTP1(*Namer) streamReader { return new(http1Reader) }

func (r *http1Reader) read(n *Namer, _ *flow.Conv, m *flow.Meta, data []byte) (int, flow.More) {
	s := &r.sides[m.Dir&1]
	if !s.client && !r.sides[m.Dir&1^1].client {
		switch matchRequestLine(data) {
		case yes:
			s.client = true
		case maybe:
			return 0, flow.Go
		}
	}
	if !s.client {
		return r.response(n, s, m, data)
	}
	used := 0
	for used < len(data) {
		k, more := r.request(n, m, data[used:])
		used += k
		if k == 0 || more != flow.Go {
			return used, more
		}
	}
	return used, flow.Go
}

// response waits, where a tunnel or a WebSocket was asked for, for the server's consent, or for the tunnelled TLS. Other responses are passed over where they come in.
func (r *http1Reader) response(n *Namer, s *http1Side, m *flow.Meta, data []byte) (int, flow.More) {
	const status = "HTTP/1."
	consent := " 2" // any status 2xx (RFC 9110, section 9.3.6)
	if !r.connected {
		consent = " 101" // RFC 6455, section 4.2.2
	}
	granted := len(status) + 1 + len(consent)
	head := data[:min(len(data), granted)]
	switch {
	case s.socket != nil:
		return s.socket.read(n, m, &s.clear, data)
	case !r.connected && !r.socket && r.leaves(m):
		return r.answers(n, s, m, data)
	case !r.connected && !r.socket:
		return rest, flow.Go
	case data[0] == recordHandshake:
		return 0, again
	case string(head[:min(len(head), len(status))]) != status[:min(len(head), len(status))]:
		return len(data), flow.Go
	case len(head) < granted:
		return 0, flow.Go
	case string(head[granted-len(consent):]) != consent:
		return len(data), flow.Go
	}
	if end := headEnd(data, 0); end > 0 {
		return r.granted(n, s, m, data, end)
	}
	if len(data) < maxDetect {
		return 0, flow.Go
	}
	return len(data), flow.Go
}

// granted goes to what is behind the server's consent, which ends at end.
func (r *http1Reader) granted(n *Namer, s *http1Side, m *flow.Meta, data []byte, end int) (int, flow.More) {
	if r.connected {
		return end, again
	}
	s.socket = new(webSocket)
	used, more := s.socket.read(n, m, &s.clear, data[end:])
	return end + used, more
}

// gap loses the place, and keeps what a request that was cut by it said of its host.
func (r *http1Reader) gap(n *Namer, _ *flow.Conv, m *flow.Meta, missing int64) flow.More {
	s := &r.sides[m.Dir&1]
	if s.socket != nil {
		s.socket.gap(n, &s.clear, missing)
		return flow.Go
	}
	if missing > 0 && (missing < int64(s.body) || missing == int64(s.body) && s.chunked) { // the place is known
		s.body -= int(missing)
		s.fresh = false
		s.clear.enough = true // no value is put together over what is missing
		return flow.Go
	}
	r.settle(n, s)
	s.scanned, s.chunked, s.body, s.fresh = 0, false, 0, false
	if s.client {
		s.lost = 1
	}
	return flow.Go
}

// close keeps what requests that were never completed said.
func (r *http1Reader) close(n *Namer) {
	for i := range r.sides {
		r.settle(n, &r.sides[i])
	}
}

// request reads one header or one chunk size of the client's side.
func (r *http1Reader) request(n *Namer, m *flow.Meta, data []byte) (int, flow.More) {
	s := &r.sides[m.Dir&1]
	switch {
	case s.socket != nil:
		return s.socket.read(n, m, &s.clear, data)
	case s.body > 0:
		return r.body(n, s, m, data)
	case s.chunked:
		return r.chunk(n, s, m, data)
	case data[0] == '\r' || data[0] == '\n': // RFC 9112, section 2.2
		return 1, flow.Go
	}
	switch r.beginSocket(s, data) {
	case yes:
		return s.socket.read(n, m, &s.clear, data)
	case maybe:
		return 0, flow.Go
	}
	switch detectHTTP2(m, data) {
	case yes:
		return 0, again
	case maybe:
		return 0, flow.Go
	}
	switch matchRequestLine(data) {
	case maybe:
		return 0, flow.Go
	case no:
		return r.lose(s, data)
	}
	s.lost = 0
	end := headEnd(data, s.scanned)
	if end < 0 {
		return r.await(n, s, m, data)
	}
	return r.header(n, m, data, end)
}

// header reads a header, which ends at end.
func (r *http1Reader) header(n *Namer, m *flow.Meta, data []byte, end int) (int, flow.More) {
	s := &r.sides[m.Dir&1]
	head := parseHead(data[:end])
	s.scanned, s.waiting = 0, nil
	s.waiting = r.rows(m, &head)
	s.clear.from = *m // what is left of a body that was broken off is told with the header behind it
	s.clear.piece(n, m, inHead, data[:end])
	if head.authorization != nil {
		personal.Authorization(head.authorization, n.report(&s.clear.reported, m, inHead))
	}
	s.content.in, s.content.encoding, s.content.kind = inBody, string(head.encoding), string(head.kind)
	used, more := r.pass(n, m, &head)
	return end + used, more
}

// beginSocket says whether a client that asked for a WebSocket goes on with a frame. It may have been refused, and go on with a request: no method has a
// second byte like that of a masked frame.
func (r *http1Reader) beginSocket(s *http1Side, data []byte) match {
	if !r.socket || s.lost > 0 {
		return no
	}
	_, is := parseSocketFrame(data, true)
	if is == yes {
		s.socket = &webSocket{masked: true}
	}
	return is
}

// lose passes over bytes that are no request.
func (r *http1Reader) lose(s *http1Side, data []byte) (int, flow.More) {
	if data[0] == recordHandshake && s.lost == 0 { // TLS in the middle (RFC 2817)
		return 0, again
	}
	s.lost++
	if r.upgraded || s.lost > maxLost {
		return len(data), flow.Stop
	}
	return len(data), flow.Go
}

// await waits for the rest of a header, and keeps what it says of the host so far.
func (r *http1Reader) await(n *Namer, s *http1Side, m *flow.Meta, data []byte) (int, flow.More) {
	s.scanned = max(0, len(data)-3)
	if len(data) > n.limits.Head {
		n.hit(limitHead)
		r.settle(n, s)
		s.scanned = 0
		return len(data), flow.Go
	}
	if s.waiting == nil {
		head := parseHead(data)
		s.waiting = r.rows(m, &head)
	}
	return 0, flow.Go
}

// pass goes to what is behind a header: into the tunnel, into the body, or to the next request.
func (r *http1Reader) pass(n *Namer, m *flow.Meta, head *httpHead) (int, flow.More) {
	s := &r.sides[m.Dir&1]
	r.upgraded = r.upgraded || head.upgrade != nil
	r.socket = r.socket || equalFold(head.upgrade, "websocket")
	switch {
	case head.connect():
		r.connected = true
		r.complete(n, s, m)
		return 0, again
	case head.chunked:
		s.chunked = true
		return 0, flow.Go
	case head.length <= 0: // there is none
		r.complete(n, s, m)
		return 0, flow.Go
	}
	s.body = head.length
	return 0, flow.Go
}

// body reads a part of a body or a chunk. What is more than is looked at is passed over, but for the last byte, with which a message is complete.
func (r *http1Reader) body(n *Namer, s *http1Side, m *flow.Meta, data []byte) (int, flow.More) {
	used, end := min(len(data), s.body), 0
	if s.chunked {
		end = len(lineEnd)
	}
	s.clear.collect(n, m, data[:max(0, min(used, s.body-end))])
	s.body -= used
	switch {
	case s.body == 0 && !s.chunked:
		r.complete(n, s, m)
	case s.body > 0 && s.clear.enough:
		used += s.body - 1
		s.body = 1
	}
	return used, flow.Go
}

const lineEnd = "\r\n"

// chunk passes over one chunk (RFC 9112, section 7.1); after the last one, trailers and an empty line follow.
func (r *http1Reader) chunk(n *Namer, s *http1Side, m *flow.Meta, data []byte) (int, flow.More) {
	line, _, whole := bytes.Cut(data, []byte("\n"))
	size, ok := chunkSize(line)
	end := -1
	switch {
	case whole && ok && size > 0:
		s.body = size + len(lineEnd)
		return len(line) + 1, flow.Go
	case whole && ok:
		end = headEnd(data, 0)
	}
	if end < 0 && (!whole || ok) && len(data) < maxDetect {
		return 0, flow.Go
	}
	s.chunked = false
	r.complete(n, s, m)
	if end < 0 {
		return r.lose(s, data)
	}
	return end, flow.Go
}

// chunkSize reads the hexadecimal size before any extension; at most 15 digits, so that it fits.
func chunkSize(line []byte) (size int, ok bool) {
	digits := 0
	for _, c := range line {
		d := hexDigit(c)
		if d < 0 {
			break
		}
		if digits++; digits > 13 {
			return 0, false
		}
		size = size<<4 | d
	}
	if digits == 0 {
		return 0, false
	}
	tail := bytes.TrimRight(line[digits:], " \t\r")
	return size, len(tail) == 0 || tail[0] == ';' || tail[0] == ' '
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// headEnd returns the number of bytes to the end of the empty line that ends a header, -1 where it is not there. Lines may end in a line feed
// alone (RFC 9112, section 2.2). from says how many bytes are known not to matter.
func headEnd(data []byte, from int) int {
	for at := from; at < len(data); {
		k := bytes.IndexByte(data[at:], '\n')
		if k < 0 {
			return -1
		}
		at += k + 1
		switch tail := data[at:]; {
		case len(tail) > 0 && tail[0] == '\n':
			return at + 1
		case len(tail) > 1 && tail[0] == '\r' && tail[1] == '\n':
			return at + 2
		}
	}
	return -1
}
