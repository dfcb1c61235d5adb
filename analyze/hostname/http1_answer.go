package hostname

import "phonehome/analyze/flow"

// byDesign are the networks that are inside wherever a capture was taken.
var byDesign = flow.NewNetworks(false)

// leaves says whether what a server sends leaves: its address is private, and that of whoever asks is not. Of other connections the answers are not looked at: most come in.
func (r *http1Reader) leaves(m *flow.Meta) bool {
	return byDesign.Side(m.Src.Netip(m.V6)) == flow.Inside && byDesign.Side(m.Dst.Netip(m.V6)) == flow.Outside
}

// answers reads what a server sends, as long as each message's end is known: its header fields and its bodies leave as a client's do, where a vendor comes and takes them.
func (r *http1Reader) answers(n *Namer, s *http1Side, m *flow.Meta, data []byte) (int, flow.More) {
	used := 0
	for used < len(data) {
		k, more := r.answer(n, s, m, data[used:])
		used += k
		if k == 0 || more != flow.Go {
			return used, more
		}
	}
	return used, flow.Go
}

// answer reads one header, or a part of a body. Where a body should begin and a header does, that was an answer to HEAD (RFC 9112, section 6.3).
func (r *http1Reader) answer(n *Namer, s *http1Side, m *flow.Meta, data []byte) (int, flow.More) {
	status := isStatus(data)
	switch {
	case status == yes && s.fresh:
		s.body, s.chunked = 0, false
	case s.body > 0:
		s.fresh = false
		return r.body(n, s, m, data)
	case s.chunked:
		s.fresh = false
		return r.chunk(n, s, m, data)
	}
	switch status {
	case maybe:
		return 0, flow.Go
	case no:
		if s.lost++; s.lost > maxLost {
			return rest, flow.Go
		}
		return len(data), flow.Go
	}
	end := headEnd(data, s.scanned)
	switch {
	case end < 0 && len(data) > n.limits.Head:
		n.hit(limitHead)
		return rest, flow.Go
	case end < 0:
		s.scanned = max(0, len(data)-3)
		return 0, flow.Go
	}
	s.scanned, s.lost = 0, 0
	s.clear.piece(n, m, InAnswer, data[:end])
	r.follow(s, data[:end])
	return end, flow.Go
}

// statusLine is as much of a status line as tells one: HTTP/1.1 SP 200 (RFC 9112, section 4).
const statusLine = "HTTP/1.1 200"

// isStatus says whether data begins with a status line, or may.
func isStatus(data []byte) match {
	const version = "HTTP/1."
	switch {
	case string(data[:min(len(data), len(version))]) != version[:min(len(data), len(version))]:
		return no
	case len(data) < len(statusLine):
		return maybe
	}
	return yes
}

// follow says what is behind the header of an answer (RFC 9112, section 6.3): where it does not say how long, all until the connection ends.
func (r *http1Reader) follow(s *http1Side, header []byte) {
	head := parseHead(header)
	s.content.in, s.content.encoding, s.content.kind = InAnswer, string(head.encoding), string(head.kind)
	code := header[len(statusLine)-3 : len(statusLine)]
	switch {
	case code[0] == '1' || string(code) == "204" || string(code) == "304": // there is none
	case head.chunked:
		s.chunked = true
	case head.length >= 0:
		s.body = head.length
	default:
		s.body = rest
	}
	s.fresh = s.chunked || s.body > 0
}
