package intel

import (
	"bytes"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Limits of domain names, in bytes without the last dot (RFC 1035, section 2.3.4; the 255 there count length bytes and the root).
const (
	maxName  = 253
	maxLabel = 63
)

// hostName is a normalised name, kept where it needs no memory of its own.
type hostName struct {
	text [maxName]byte
	n    int
}

func (h *hostName) bytes() []byte { return h.text[:h.n] }

// set normalises a name: lower case, IDNA in ASCII, no last dot. It says whether that can name a host.
func (h *hostName) set(name string) bool {
	name = strings.TrimSuffix(name, ".")
	if len(name) > 4*maxName {
		return false
	}
	for i := range len(name) {
		if name[i] < utf8.RuneSelf {
			continue
		}
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return false
		}
		name = strings.TrimSuffix(ascii, ".")
		break
	}
	if len(name) == 0 || len(name) > maxName {
		return false
	}
	h.n = len(name)
	return h.fill(name)
}

func (h *hostName) fill(name string) bool {
	label, digits := 0, true // length of the label so far; whether it is digits alone
	for i := range len(name) {
		b := name[i]
		switch {
		case b == '.':
			if label == 0 || label > maxLabel {
				return false
			}
			h.text[i] = b
			label, digits = 0, true
			continue
		case b >= '0' && b <= '9':
		case b >= 'A' && b <= 'Z':
			b |= 0x20
			digits = false
		case b >= 'a' && b <= 'z' || b == '-' || b == '_':
			digits = false
		default:
			return false
		}
		h.text[i] = b
		label++
	}
	// No top-level domain is digits alone (RFC 3696, section 2): an IPv4 address, or a number.
	return label > 0 && label <= maxLabel && !digits
}

// localSuffixes end names that no list means: RFC 6761, RFC 6762, RFC 3172, RFC 8375, and what ICANN reserved for private use.
var localSuffixes = []string{".localhost", ".local", ".arpa", ".internal", ".localdomain"}

// localName says whether a normalised name is of the own network: of one label, or below a domain for that.
func localName(name []byte) bool {
	if bytes.IndexByte(name, '.') < 0 {
		return true
	}
	for _, s := range localSuffixes {
		if bytes.HasSuffix(name, []byte(s)) {
			return true
		}
	}
	return false
}

// registry says whether anyone may register names below this one: all names below `co.uk` are nobody's in particular. Private suffixes (dynamic DNS,
// hosting) are not meant: those are one company's, and lists do hold them.
func registry(name []byte) bool {
	suffix, icann := publicsuffix.PublicSuffix(string(name))
	return icann && len(suffix) == len(name)
}

// urlHost cuts host and port out of a URL; the scheme may be missing. Port 0 is the scheme's own.
func urlHost(url []byte) (host []byte, port uint16, ok bool) {
	rest := url
	if i := bytes.Index(rest, []byte("://")); i >= 0 {
		if i == 0 || bytes.ContainsAny(rest[:i], "/?#") {
			return nil, 0, false
		}
		rest = rest[i+3:]
	}
	if i := bytes.IndexAny(rest, "/?#\\"); i >= 0 {
		rest = rest[:i]
	}
	if i := bytes.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	return splitPort(rest)
}

// splitPort cuts `host`, `host:port`, `[v6]`, `[v6]:port` in two. A bare IPv6 address has no port.
func splitPort(text []byte) (host []byte, port uint16, ok bool) {
	if len(text) > 0 && text[0] == '[' {
		end := bytes.IndexByte(text, ']')
		if end < 0 {
			return nil, 0, false
		}
		host, text = text[1:end], text[end+1:]
		if len(text) == 0 {
			return host, 0, true
		}
		if text[0] != ':' {
			return nil, 0, false
		}
		port, ok = number(text[1:])
		return host, port, ok && port != 0
	}
	i := bytes.IndexByte(text, ':')
	if i < 0 || bytes.IndexByte(text[i+1:], ':') >= 0 {
		return text, 0, len(text) > 0
	}
	if i+1 == len(text) { // `host:` is the scheme's own port (RFC 3986, section 3.2.3)
		return text[:i], 0, i > 0
	}
	port, ok = number(text[i+1:])
	return text[:i], port, ok && i > 0 && port != 0
}

// number reads a decimal number of 16 bits.
func number(text []byte) (n uint16, ok bool) {
	if len(text) == 0 || len(text) > 5 {
		return 0, false
	}
	v := uint32(0)
	for _, b := range text {
		if b < '0' || b > '9' {
			return 0, false
		}
		v = v*10 + uint32(b-'0')
	}
	return uint16(v), v <= 0xffff
}

// address reads an address without zone. It does not try where a look at the first bytes says that it is none.
func address(text []byte) (netip.Addr, bool) {
	if !likeAddress(text) {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(string(text))
	return a.Unmap(), err == nil && a.Zone() == ""
}

// network reads a network; bits of the host part are dropped.
func network(text []byte) (netip.Prefix, bool) {
	if !likeAddress(text) {
		return netip.Prefix{}, false
	}
	p, err := netip.ParsePrefix(string(text))
	if err != nil {
		return netip.Prefix{}, false
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, false
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

// span reads a range of addresses: two with a dash between them.
func span(text []byte) (from, to netip.Addr, ok bool) {
	a, b, ok := bytes.Cut(text, []byte("-"))
	if !ok {
		return from, to, false
	}
	from, first := address(bytes.TrimSpace(a))
	to, second := address(bytes.TrimSpace(b))
	return from, to, first && second && from.BitLen() == to.BitLen() && from.Compare(to) <= 0
}

// maxAddressText is the longest IPv6 network: eight groups, the last two as IPv4, and the length.
const maxAddressText = 45 + len("/128")

// likeAddress says whether all bytes may stand in an address or a network: cheaper than an error.
func likeAddress(text []byte) bool {
	if len(text) < 2 || len(text) > maxAddressText {
		return false
	}
	for _, b := range text {
		switch {
		case b >= '0' && b <= ':' || b == '.' || b == '/': // digits and colon
		case b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F':
		default:
			return false
		}
	}
	return true
}
