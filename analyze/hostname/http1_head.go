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
	upgrade bool
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
		h.upgrade = true
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
		told(HTTPConnect, h.target)
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
	return len(name) > 0 && len(name) <= maxHTTPName && bytes.IndexAny(name, " \t\r\n\x00") < 0
}

// report adds the names of a request, each once a connection.
func (r *http1Reader) report(n *Namer, x Name, head *httpHead) {
	head.names(func(k Kind, name []byte) {
		x.Kind, x.Name = k, name
		if head.absolute() {
			x.Value = absoluteForm
		}
		r.told.add(n, x)
	})
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

// partial is what a header that is not complete says of its host: it is reported if the rest never comes.
type partial struct {
	host []byte // a copy
	name Name
}

// notePartial keeps the host of a header whose line for it is whole.
func notePartial(m *flow.Meta, data []byte) (p *partial) {
	head := parseHead(data)
	head.names(func(k Kind, name []byte) {
		if p == nil && isHTTPName(name) {
			p = &partial{bytes.Clone(name), evidence(k, m)}
			if head.absolute() {
				p.name.Value = absoluteForm
			}
		}
	})
	return p
}

// settle reports what a header said that will not be completed.
func (r *http1Reader) settle(n *Namer, s *http1Side) {
	if s.part == nil {
		return
	}
	x := s.part.name
	x.Name = s.part.host
	s.part = nil
	r.told.add(n, x)
}
