package hostname

import (
	"net/netip"
	"strconv"

	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
)

// maxSOCKS4Text bounds the user and the name of SOCKS4: neither has a length of its own.
const maxSOCKS4Text = 255

// socksGSSAPI is the method of RFC 1961.
const socksGSSAPI = 1

// detectSOCKS5 knows the greeting of RFC 1928, section 3: methods that are registered or private.
func detectSOCKS5(_ *flow.Meta, head []byte) match {
	in := cryptobyte.String(head)
	var version, method uint8
	var methods cryptobyte.String
	switch {
	case !in.ReadUint8(&version):
		return maybe
	case version != 5 || len(head) > 1 && (head[1] == 0 || head[1] > 10):
		return no
	}
	whole := in.ReadUint8LengthPrefixed(&methods)
	if !whole && len(head) > 1 {
		methods = head[2:]
	}
	for methods.ReadUint8(&method) {
		if method > 9 && method < 0x80 {
			return no
		}
	}
	if !whole {
		return maybe
	}
	return yes // whatever follows: a longer head must not say otherwise
}

// detectSOCKS4 knows a request of SOCKS4 or 4a.
func detectSOCKS4(_ *flow.Meta, head []byte) match {
	switch {
	case len(head) > 0 && head[0] != 4,
		len(head) > 1 && head[1] != 1 && head[1] != 2,
		len(head) > 3 && head[2] == 0 && head[3] == 0:
		return no
	}
	_, m := parseSOCKS4(head)
	return m
}

// socksRequest is what a client asks of a SOCKS proxy.
type socksRequest struct {
	command uint8
	name    []byte // a name, or an address in text
	port    uint16
	size    int
}

// parseSOCKS4 reads version, command, port, address and user; and, of 4a, which has the impossible address 0.0.0.x, a name.
func parseSOCKS4(data []byte) (r socksRequest, m match) {
	in := cryptobyte.String(data)
	var address []byte
	if !in.Skip(2) || !in.ReadUint16(&r.port) || !in.ReadBytes(&address, 4) {
		return r, maybe
	}
	if _, m := readText(&in); m != yes {
		return r, m
	}
	if address[0]|address[1]|address[2] == 0 && address[3] != 0 {
		if r.name, m = readText(&in); m != yes || len(r.name) == 0 {
			return r, min(m, maybe)
		}
	} else {
		r.name = addressText(address)
	}
	r.size = len(data) - len(in)
	return r, yes
}

// readText reads printable text up to a zero.
func readText(in *cryptobyte.String) (text []byte, m match) {
	for i, b := range *in {
		switch {
		case b == 0:
			text = (*in)[:i]
			in.Skip(i + 1)
			return text, yes
		case b < ' ' || b == 0x7f || i >= maxSOCKS4Text:
			return nil, no
		}
	}
	return nil, maybe
}

func addressText(b []byte) []byte {
	a, _ := netip.AddrFromSlice(b)
	return a.AppendTo(nil)
}

// socksReader follows a client and its proxy up to the answer; what follows is the tunnel's. Each side is read by itself.
type socksReader struct {
	four   bool
	client uint8 // direction
	begun  bool
	login  bool // the client has sent user and password
	gssapi bool // the client has sent a token
	asked  bool // the server has answered the greeting
}

func startSOCKS5(*Namer) streamReader { return new(socksReader) }
func startSOCKS4(*Namer) streamReader { return &socksReader{four: true} }

func (r *socksReader) gap(*Namer, *flow.Conv, *flow.Meta, int64) flow.More { return flow.Stop }

func (r *socksReader) read(n *Namer, c *flow.Conv, m *flow.Meta, data []byte) (int, flow.More) {
	if !r.begun {
		r.begun, r.client = true, m.Dir
		if !r.four {
			greeting := 2 + int(data[1])
			used, more := r.client5(n, m, data[greeting:])
			return greeting + used, more
		}
	}
	switch {
	case m.Dir == r.client && r.four:
		return r.client4(n, c, m, data)
	case m.Dir == r.client:
		return r.client5(n, m, data)
	case r.four:
		return answer4(data)
	}
	return r.server5(data)
}

// client4 reads a request of SOCKS4. Little in it is of its own, but its client waits for the answer: with more behind it, it is none.
func (r *socksReader) client4(n *Namer, c *flow.Conv, m *flow.Meta, data []byte) (int, flow.More) {
	q, is := parseSOCKS4(data)
	switch {
	case is == maybe:
		return 0, flow.Go
	case is == no || q.size < len(data):
		c.Protocol = ""
		return 0, flow.Stop
	}
	return r.granted(n, m, q)
}

// client5 reads one login (RFC 1929) and the request (RFC 1928, section 4).
func (r *socksReader) client5(n *Namer, m *flow.Meta, data []byte) (int, flow.More) {
	if !r.login && !r.gssapi {
		switch beginsGSSAPI(data) {
		case maybe:
			return 0, flow.Go
		case yes:
			r.gssapi = true
		}
	}
	if r.gssapi {
		return r.wrapped(n, m, data)
	}
	login := 0
	if len(data) > 0 && data[0] == 1 && !r.login {
		in := cryptobyte.String(data[1:])
		var user, password cryptobyte.String
		if !in.ReadUint8LengthPrefixed(&user) || !in.ReadUint8LengthPrefixed(&password) {
			return 0, flow.Go
		}
		login, r.login = len(data)-len(in), true
		data = in
	}
	q, is := parseSOCKS5(data)
	switch {
	case is == maybe:
		return login, flow.Go
	case is == no || !q.asks():
		return login, flow.Stop
	}
	used, more := r.granted(n, m, q)
	return login + used, more
}

// granted reports a request and goes on to what the client sends through the proxy.
func (r *socksReader) granted(n *Namer, m *flow.Meta, q socksRequest) (int, flow.More) {
	x := evidence(SOCKS, m)
	x.Name, x.Value = q.name, strconv.AppendUint(nil, uint64(q.port), 10)
	if isHTTPName(x.Name) && q.command != socksUDP {
		n.add(x)
	}
	return q.size, again
}

// asks says whether a message of SOCKS5 is a request: of its commands, or of the two by which Tor resolves names (its socks-extensions.txt).
// What the proxy says looks the same where only its side was captured.
func (r *socksRequest) asks() bool {
	const connect, torResolve, torResolvePTR = 1, 0xf0, 0xf1
	return connect <= r.command && r.command <= socksUDP || r.command == torResolve || r.command == torResolvePTR
}

// socksUDP asks for a relay of datagrams (RFC 1928, section 4): the address in it is the client's own.
const socksUDP = 3

// Address types of RFC 1928, section 5.
const (
	socksIPv4 = 1
	socksName = 3
	socksIPv6 = 4
)

// parseSOCKS5 reads a request or an answer: version, command, reserved, address, port.
func parseSOCKS5(data []byte) (r socksRequest, m match) {
	for i, b := range data[:min(len(data), 4)] {
		if i == 0 && b != 5 || i == 2 && b != 0 || i == 3 && b != socksIPv4 && b != socksName && b != socksIPv6 {
			return r, no
		}
	}
	if len(data) < 5 {
		return r, maybe
	}
	in := cryptobyte.String(data[4:])
	var ok bool
	switch data[3] {
	case socksName:
		var name cryptobyte.String
		ok = in.ReadUint8LengthPrefixed(&name)
		r.name = name
	case socksIPv4:
		ok = in.ReadBytes(&r.name, 4)
	case socksIPv6:
		ok = in.ReadBytes(&r.name, 16)
	}
	if !ok || !in.ReadUint16(&r.port) {
		return r, maybe
	}
	if data[3] != socksName {
		r.name = addressText(r.name)
	}
	r.command = data[1]
	r.size = len(data) - len(in)
	return r, yes
}

// server5 reads the answers to greeting, login and request.
func (r *socksReader) server5(data []byte) (int, flow.More) {
	used := 0
	if !r.asked {
		if len(data) < 2 {
			return 0, flow.Go
		}
		if data[1] == socksGSSAPI { // what follows is the method's
			return rest, flow.Go
		}
		r.asked, used = true, 2
		data = data[2:]
	}
	if len(data) > 0 && data[0] == 1 { // to a login
		if len(data) < 2 {
			return used, flow.Go
		}
		used, data = used+2, data[2:]
	}
	q, is := parseSOCKS5(data)
	switch is {
	case maybe:
		return used, flow.Go
	case no:
		return rest, flow.Go
	}
	return used + q.size, again
}

// answer4 reads the eight bytes with which a SOCKS4 proxy answers.
func answer4(data []byte) (int, flow.More) {
	if len(data) < 8 {
		return 0, flow.Go
	}
	return 8, again
}
