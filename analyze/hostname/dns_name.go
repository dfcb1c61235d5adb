package hostname

import (
	"golang.org/x/crypto/cryptobyte"
)

const (
	// maxDNSName is the longest name on the wire in bytes, its length bytes and the root included (RFC 1035, section 3.1).
	maxDNSName = 255
	// maxDNSLabel is the longest label in bytes (RFC 1035, section 3.1); a length byte above it is a pointer, or reserved.
	maxDNSLabel = 63
	// maxDNSJumps bounds the compression pointers of one name: a name of 255 bytes has at most 127 labels, and a sender that
	// compresses needs one pointer a label at most (RFC 1035, section 4.1.4). It is what ends a loop of pointers.
	maxDNSJumps = 127
	// dnsPointer marks a compression pointer in the two top bits of a length byte; the other 14 bits are an offset in the message.
	dnsPointer = 0xc0
)

// appendDNSName appends the name at in, which is a part of msg, in presentation form: labels joined with '.', without
// a dot at the end; the root is ".". It moves in behind the name. Where ok is false, what it appended is no name.
// Pointers forward are followed too: some servers write them, and maxDNSJumps bounds them as well.
func appendDNSName(dst, msg []byte, in *cryptobyte.String) (out []byte, ok bool) {
	start, wire, jumps, s := len(dst), 1, 0, *in
	for len(s) > 0 {
		n := s[0]
		s = s[1:]
		switch {
		case n == 0:
			if jumps == 0 {
				*in = s
			}
			if len(dst) == start {
				dst = append(dst, '.')
			}
			return dst, true
		case n <= maxDNSLabel:
			wire += 1 + int(n)
			if wire > maxDNSName || int(n) > len(s) {
				return dst, false
			}
			if len(dst) > start {
				dst = append(dst, '.')
			}
			dst = appendDNSLabel(dst, s[:n])
			s = s[n:]
		case n < dnsPointer || jumps == maxDNSJumps || len(s) == 0:
			return dst, false
		default:
			at := int(n&^dnsPointer)<<8 | int(s[0])
			if at >= len(msg) {
				return dst, false
			}
			if jumps == 0 {
				*in = s[1:]
			}
			jumps++
			s = msg[at:]
		}
	}
	return dst, false
}

// appendDNSLabel appends a label in presentation form (RFC 1035, section 5.1): '.' and '\' behind a backslash, and every byte that
// is not visible ASCII as \DDD, so that no name holds a space, a control or half a character.
func appendDNSLabel(dst, label []byte) []byte {
	for i, c := range label {
		if c <= ' ' || c > '~' || c == '.' || c == '\\' {
			return escapeDNSLabel(append(dst, label[:i]...), label[i:])
		}
	}
	return append(dst, label...)
}

func escapeDNSLabel(dst, label []byte) []byte {
	for _, c := range label {
		switch {
		case c == '.' || c == '\\':
			dst = append(dst, '\\', c)
		case c <= ' ' || c > '~':
			dst = appendDecimalEscape(dst, c)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// appendDecimalEscape appends a byte as \DDD (RFC 1035, section 5.1).
func appendDecimalEscape(dst []byte, c byte) []byte {
	return append(dst, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
}

// skipDNSName moves in behind a name without reading what it points to.
func skipDNSName(in *cryptobyte.String) bool {
	for wire := 1; wire <= maxDNSName; {
		var n uint8
		switch {
		case !in.ReadUint8(&n):
			return false
		case n == 0:
			return true
		case n >= dnsPointer:
			return in.Skip(1)
		case n > maxDNSLabel || !in.Skip(int(n)):
			return false
		}
		wire += 1 + int(n)
	}
	return false
}

// dnsPointerAt returns the offset that the pointer which a name begins with leads to.
func dnsPointerAt(in cryptobyte.String) (to int, ok bool) {
	var word uint16
	const pointer = dnsPointer << 8
	if !in.ReadUint16(&word) || word < pointer {
		return 0, false
	}
	return int(word &^ pointer), true
}
