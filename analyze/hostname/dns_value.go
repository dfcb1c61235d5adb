package hostname

import (
	"net/netip"

	"golang.org/x/crypto/cryptobyte"
)

// maxDNSText bounds the bytes of a TXT record that are shown: names and models are short, tunnels are not.
const maxDNSText = 255

// appendDNSValue appends what record r of message msg says, as the "value" of facts:
//
//	A, AAAA                  the address in canonical form (RFC 5952)
//	CNAME, DNAME, NS, PTR    the name
//	MX, SRV                  the target's name alone
//	TXT                      the strings, each in double quotes, up to 255 bytes of them
//	HTTPS, SVCB              see ParseHTTPS
//	others                   nothing
//
// It reports false where the data does not parse whole.
func appendDNSValue(dst, msg []byte, r *dnsRecord) ([]byte, bool) {
	in := r.data
	switch r.rtype {
	case rrA, rrAAAA:
		return appendAddress(dst, in), r.sized()
	case rrCNAME, rrDNAME, rrNS, rrPTR:
	case rrMX: // RFC 1035, section 3.3.9: preference
		in.Skip(2)
	case rrSRV: // RFC 2782: priority, weight, port
		in.Skip(6)
	case rrTXT:
		return appendDNSText(dst, in)
	case rrHTTPS, rrSVCB:
		return appendHTTPS(dst, msg, in)
	default:
		return dst, true
	}
	dst, ok := appendDNSName(dst, msg, &in)
	return dst, ok && in.Empty()
}

// appendAddress appends an address of 4 or 16 bytes, and nothing for any other length.
func appendAddress(dst, raw []byte) []byte {
	a, ok := netip.AddrFromSlice(raw)
	if !ok {
		return dst
	}
	return a.AppendTo(dst)
}

// appendDNSText appends the strings of a TXT record (RFC 1035, section 3.3.14).
func appendDNSText(dst []byte, in cryptobyte.String) ([]byte, bool) {
	room := maxDNSText
	for n := 0; !in.Empty() && room > 0; n++ {
		var text cryptobyte.String
		if !in.ReadUint8LengthPrefixed(&text) {
			return dst, false
		}
		if n > 0 {
			dst = append(dst, ' ')
		}
		text = text[:min(len(text), room)]
		room -= len(text) + 1
		dst = append(appendEscaped(append(dst, '"'), text, `"\`), '"')
	}
	return dst, true
}
