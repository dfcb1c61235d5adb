package vendors

import (
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

// Why a name has no vendor; "" is none of these. They are shown by Explain.
const (
	problemEmpty   = "it is empty"
	problemBytes   = "it has bytes that are in no host name"
	problemLabels  = "it has an empty label, or one that is too long"
	problemAddress = "it is an address"
)

// normalise returns a name in lower case, IDNA in ASCII, without the last dot and without the `*.` of a certificate's wildcard; or why it cannot name a
// host. Names with the escapes of other bytes (\DDD, \xNN) are no host names.
func normalise(name string) (ascii, problem string) {
	name = strings.TrimSuffix(name, ".")
	if !isASCII(name) {
		a, err := idna.Lookup.ToASCII(name)
		if err != nil || !utf8.ValidString(name) {
			return "", problemBytes
		}
		name = strings.TrimSuffix(a, ".")
	}
	name = strings.TrimPrefix(strings.ToLower(name), "*.")
	return name, problemOf(name)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// problemOf says why a name in lower case and ASCII names no host.
func problemOf(name string) string {
	if name == "" {
		return problemEmpty
	}
	label, digits := 0, true // length of the label so far; whether it is digits alone
	for i := range len(name) {
		b := name[i]
		switch {
		case b == '.':
			if label == 0 || label > maxLabel {
				return problemLabels
			}
			label, digits = 0, true
			continue
		case b >= '0' && b <= '9':
		case b >= 'a' && b <= 'z' || b == '-' || b == '_':
			digits = false
		case b == ':' || b == '[' || b == ']': // IPv6, or a port: neither is a name
			return problemAddress
		default:
			return problemBytes
		}
		label++
	}
	switch {
	case label == 0 || label > maxLabel || len(name) > maxName:
		return problemLabels
	case digits: // no top-level domain is digits alone (RFC 3696, section 2): an IPv4 address, or a number
		return problemAddress
	}
	return ""
}

// parent is a name without its first label; "" for a name of one label.
func parent(name string) string {
	_, rest, _ := strings.Cut(name, ".")
	return rest
}

// registration is what the public suffix list says of a name.
type registration struct {
	suffix  string // the public suffix
	domain  string // the registrable domain: suffix and one label more; a private suffix alone is its own; "" for another alone
	private bool   // the suffix is of the list's private part: a company's, below which its tenants register
	public  bool   // the name is of the public DNS, or like one: not of .local, .internal, .localhost or .arpa
}

// register looks a normalised name up. A top-level domain that the list does not have is a public suffix by the list's own rule: it may be younger than the list,
// or stand for one in a test (.test, .example). Not so those below which nobody registers: .local and .localhost (RFC 6761, RFC 6762), .internal (reserved by
// ICANN), and .arpa, which is infrastructure (RFC 3172).
func register(name string) registration {
	suffix, icann := publicsuffix.PublicSuffix(name)
	r := registration{suffix: suffix, private: !icann && strings.Contains(suffix, ".")}
	switch suffix[strings.LastIndexByte(suffix, '.')+1:] {
	case "local", "localhost", "internal", "arpa":
	default:
		r.public = true
	}
	switch below := len(name) - len(suffix); {
	case r.public && below > 1:
		r.domain = name[strings.LastIndexByte(name[:below-1], '.')+1:]
	case r.private:
		r.domain = suffix
	}
	return r
}
