package hostname

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"golang.org/x/crypto/cryptobyte"
)

// ja4 returns the JA4 fingerprint of a TLS client (FoxIO "JA4: TLS Client Fingerprinting"; JA4 alone is BSD-3-Clause, and
// the rest of the JA4+ family is not used here).
func (h *clientHello) ja4() string {
	ciphers := h.cipherList(make([]uint16, 0, 128))
	extensions, all := h.extensionList(make([]uint16, 0, 64))
	out := make([]byte, 0, 36) // t13d1516h2_8daaf6152771_e5627efa2ab1
	out = append(out, h.transport)
	out = append(out, ja4Version(h.highest())...)
	if h.hasSNI {
		out = append(out, 'd')
	} else {
		out = append(out, 'i')
	}
	out = appendCount(out, len(ciphers))
	out = appendCount(out, all)
	out = appendALPN(out, h.alpn)
	slices.Sort(ciphers)
	out = appendDigest(append(out, '_'), ciphers, nil)
	slices.Sort(extensions)
	out = appendDigest(append(out, '_'), extensions, h.signatures)
	return string(out)
}

func ja4Version(v uint16) string {
	switch v {
	case 0x0002:
		return "s2"
	case 0x0300:
		return "s3"
	case 0x0301:
		return "10"
	case 0x0302:
		return "11"
	case 0x0303:
		return "12"
	case 0x0304:
		return "13"
	case 0xfeff:
		return "d1"
	case 0xfefd:
		return "d2"
	case 0xfefc:
		return "d3"
	}
	return "00"
}

// appendCount appends a count in two digits, at most 99.
func appendCount(out []byte, n int) []byte {
	n = min(n, 99)
	return append(out, '0'+byte(n/10), '0'+byte(n%10))
}

// appendALPN appends the first and the last character of the first ALPN value, or of its hexadecimal form where one
// of the two is no ASCII letter or digit; "00" where there is none.
func appendALPN(out []byte, alpn cryptobyte.String) []byte {
	var first cryptobyte.String
	if !alpn.ReadUint8LengthPrefixed(&first) || first.Empty() {
		return append(out, "00"...)
	}
	a, z := first[0], first[len(first)-1]
	if !isAlphanumeric(a) || !isAlphanumeric(z) {
		const digits = "0123456789abcdef"
		a, z = digits[a>>4], digits[z&0xf]
	}
	return append(out, a, z)
}

func isAlphanumeric(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'z'
}

// cipherList adds the cipher suites without GREASE to a list.
func (h *clientHello) cipherList(list []uint16) []uint16 {
	var v uint16
	for rest := h.ciphers; rest.ReadUint16(&v); {
		if !isGREASE(v) {
			list = append(list, v)
		}
	}
	return list
}

// extensionList adds the extensions without GREASE, server_name and ALPN to a list, and returns the number of all but GREASE too.
func (h *clientHello) extensionList(list []uint16) (_ []uint16, all int) {
	var kind uint16
	var data cryptobyte.String
	for rest := h.extensions; rest.ReadUint16(&kind) && rest.ReadUint16LengthPrefixed(&data); {
		if isGREASE(kind) {
			continue
		}
		all++
		if kind != extServerName && kind != extALPN {
			list = append(list, kind)
		}
	}
	return list, all
}

// appendDigest appends the first 12 hexadecimal digits of the SHA-256 of a list of numbers written as "002f,0035", followed, where there
// are any, by '_' and a second list in its own order.
func appendDigest(out []byte, sorted []uint16, ordered cryptobyte.String) []byte {
	if len(sorted) == 0 {
		return append(out, "000000000000"...)
	}
	text := make([]byte, 0, 512)
	for i, v := range sorted {
		if i > 0 {
			text = append(text, ',')
		}
		text = appendHex16(text, v)
	}
	separator := byte('_')
	var v uint16
	for ordered.ReadUint16(&v) {
		if isGREASE(v) {
			continue
		}
		text = appendHex16(append(text, separator), v)
		separator = ','
	}
	sum := sha256.Sum256(text)
	return hex.AppendEncode(out, sum[:6])
}

func appendHex16(out []byte, v uint16) []byte {
	const digits = "0123456789abcdef"
	return append(out, digits[v>>12], digits[v>>8&0xf], digits[v>>4&0xf], digits[v&0xf])
}
