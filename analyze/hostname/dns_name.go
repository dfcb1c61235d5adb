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
	for {
		var n, low uint8
		var label []byte
		switch {
		case !s.ReadUint8(&n):
			return dst, false
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
			if wire > maxDNSName || !s.ReadBytes(&label, int(n)) {
				return dst, false
			}
			if len(dst) > start {
				dst = append(dst, '.')
			}
			dst = appendDNSLabel(dst, label)
		case n < dnsPointer || jumps == maxDNSJumps || !s.ReadUint8(&low):
			return dst, false
		default:
			if jumps == 0 {
				*in = s
			}
			jumps++
			at := int(n&^dnsPointer)<<8 | int(low)
			if at >= len(msg) {
				return dst, false
			}
			s = msg[at:]
		}
	}
}

// appendDNSLabel appends a label in presentation form (RFC 1035, section 5.1): '.' and '\' behind a backslash, and every byte that
// is not visible ASCII as \DDD, so that no name holds a space, a control or half a character.
func appendDNSLabel(dst, label []byte) []byte {
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
