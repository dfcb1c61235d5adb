package hostname

import (
	"bytes"
	"math"

	"phonehome/analyze/flow"
)

// httpHead is what one request header says. The slices are views of it.
type httpHead struct {
	requestLine
	hosts   [2][]byte // Host fields; two that differ are two claims, and more are not looked at
	length  int       // Content-Length, -1 where there is none
	chunked bool

	encoding, kind, authorization, upgrade []byte // Content-Encoding, Content-Type, Authorization, Upgrade
}

func (h *httpHead) connect() bool { return string(h.method) == "CONNECT" }

// parseHead reads a request line and the header lines behind it. Lines that are not whole are left out.
func parseHead(data []byte) httpHead {
	h := httpHead{length: -1}
	line, rest, _ := bytes.Cut(data, []byte("\n"))
	h.requestLine, _ = parseRequestLine(line)
	for {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			return h
		}
		line, rest = bytes.TrimSuffix(rest[:end], []byte("\r")), rest[end+1:]
		if len(line) == 0 {
			return h
		}
		h.field(line)
	}
}

// field reads one header line (RFC 9112, section 5).
func (h *httpHead) field(line []byte) {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return
	}
	value = bytes.Trim(value, " \t")
	switch {
	case equalFold(name, "host"):
		h.addHost(value)
	case equalFold(name, "content-length"):
		h.length = contentLength(value)
	case equalFold(name, "transfer-encoding"):
		h.chunked = len(value) >= 7 && equalFold(value[len(value)-7:], "chunked")
	case equalFold(name, "upgrade"):
		h.upgrade = value
	case equalFold(name, "content-encoding"):
		h.encoding = value
	case equalFold(name, "content-type"):
		h.kind = value
	case equalFold(name, "authorization"):
		h.authorization = value
	}
}

func (h *httpHead) addHost(value []byte) {
	switch {
	case h.hosts[0] == nil:
		h.hosts[0] = value
	case h.hosts[1] == nil && !bytes.Equal(h.hosts[0], value):
		h.hosts[1] = value
	}
}

// equalFold compares with a word in lower case, in ASCII.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// contentLength reads a decimal number, -1 for anything else.
func contentLength(value []byte) int {
	if len(value) == 0 {
		return -1
	}
	n := 0
	for _, c := range value {
		if c < '0' || c > '9' || n > math.MaxInt/100 {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return min(n, rest)
}

// absolute says whether the target is in absolute form, as one asks a proxy.
func (h *httpHead) absolute() bool { return !h.connect() && targetHost(h.target) != nil }

var absoluteForm = []byte(AbsoluteForm)

// names calls told with each name that the request is for. The host of an absolute target replaces Host (RFC 9112, section 3.2.2); the
// target of a CONNECT keeps its port, the others lose it.
func (h *httpHead) names(told func(k Kind, name []byte)) {
	if h.connect() {
		if len(withoutPort(h.target)) < len(h.target) { // RFC 9112, section 3.2.3: the port is never left out
			told(HTTPConnect, h.target)
		}
		return
	}
	if host := targetHost(h.target); host != nil {
		told(HTTPHost, host)
		return
	}
	for _, host := range h.hosts {
		if host != nil {
			told(HTTPHost, withoutPort(host))
		}
	}
}

// targetHost returns the host of a target in absolute form, "scheme://user@host:port/path", nil for another form.
func targetHost(target []byte) []byte {
	scheme, rest, ok := bytes.Cut(target, []byte("://"))
	if !ok || len(scheme) == 0 || !isMethod(scheme) {
		return nil
	}
	if end := bytes.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	if at := bytes.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	return withoutPort(rest)
}

// withoutPort cuts ":port" off; an IPv6 address keeps its brackets.
func withoutPort(host []byte) []byte {
	at := bytes.LastIndexByte(host, ':')
	if at < 0 || bytes.IndexByte(host[:at], ':') >= 0 && host[0] != '[' || bytes.IndexByte(host[at:], ']') >= 0 {
		return host
	}
	for _, c := range host[at+1:] {
		if c < '0' || c > '9' {
			return host
		}
	}
	return host[:at]
}

// maxHTTPName bounds what is believed to be a host: a name in presentation form with a port, with room for odd escapes.
const maxHTTPName = 512

// isHTTPName refuses what can be no host at all: nothing, or text with spaces, line ends or NUL in it.
func isHTTPName(name []byte) bool {
	return len(name) > 0 && len(name) <= maxHTTPName && !bytes.ContainsAny(name, " \t\r\n\x00")
}

// rows returns the rows of a request that were not reported of this connection, with the names copied. The frame is the header's.
func (r *http1Reader) rows(m *flow.Meta, head *httpHead) (rows []Name) {
	head.names(func(k Kind, name []byte) {
		if _, old := r.told[string(name)]; old || !isHTTPName(name) {
			return
		}
		x := evidence(k, m)
		x.Name = bytes.Clone(name)
		if head.absolute() {
			x.Value = absoluteForm
		}
		rows = append(rows, x)
	})
	return rows
}

// complete reports a request whose last byte has come, in the frame of that byte.
func (r *http1Reader) complete(n *Namer, s *http1Side, m *flow.Meta) {
	for _, x := range s.waiting {
		x.At, x.Frame, x.Capture = m.Time, m.Frame, m.Capture
		r.told.add(n, x)
	}
	s.waiting = nil
	s.clear.body(n, s.content.in, s.content.encoding, s.content.kind)
}

// settle reports a request that will not be completed, where it says a host. One for a tunnel that was not granted says nothing.
func (r *http1Reader) settle(n *Namer, s *http1Side) {
	for _, x := range s.waiting {
		if _, old := r.told[string(x.Name)]; x.Kind == HTTPHost && !old {
			x.Kind = HTTPUnfinished
			n.add(x)
		}
	}
	s.waiting = nil
	if s.socket != nil {
		s.socket.end(n, &s.clear)
		return
	}
	s.clear.body(n, s.content.in, s.content.encoding, s.content.kind)
}

// toldNames are the names that were reported of one connection.
type toldNames map[string]struct{}

// add reports x where its name is one and is new.
func (t *toldNames) add(n *Namer, x Name) {
	if !isHTTPName(x.Name) {
		return
	}
	if _, old := (*t)[string(x.Name)]; old {
		return
	}
	if len(*t) >= n.limits.Names {
		n.hit(limitNames)
		return
	}
	if *t == nil {
		*t = toldNames{}
	}
	(*t)[string(x.Name)] = struct{}{}
	n.add(x)
}
