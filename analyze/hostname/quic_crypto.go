package hostname

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// quicVersion is what distinguishes one version of QUIC from another in its Initial packets.
type quicVersion struct {
	name  string
	salt  string // of the initial secret
	label string // prefix of the key labels: "quic " or "quicv2 "
	v2    bool   // long packet types are numbered anew
}

// The salts of RFC 9001, section 5.2, RFC 9369, section 3.3.1, and of the drafts of RFC 9001 by the first draft they hold for; those of
// Google's own versions as its servers published them.
var (
	quicV1       = quicVersion{"v1", "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a", "quic ", false}
	quicV2       = quicVersion{"v2", "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9", "quicv2 ", true}
	quicDraft29  = quicVersion{"draft-29", "\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99", "quic ", false}
	quicDraft23  = quicVersion{"draft-23", "\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02", "quic ", false}
	quicDraft22  = quicVersion{"draft-22", "\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a", "quic ", false}
	googleQ050   = quicVersion{"Q050", "\x50\x45\x74\xef\xd0\x66\xfe\x2f\x9d\x94\x5c\xfc\xdb\xd3\xa7\xf0\xd3\xb5\x6b\x45", "quic ", false}
	googleT050   = quicVersion{"T050", "\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\x60\x48\x83\x10", "quic ", false}
	googleT051   = quicVersion{"T051", "\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\xda\x6e\x03\x3d", "quic ", false}
	quicUnknowns = []quicVersion{quicV1, quicV2, quicDraft29}
)

const (
	versionV1     = 0x00000001
	versionV2     = 0x6b3343cf
	versionDraft  = 0xff000000 // low byte: the draft
	versionMvfst  = 0xfaceb000 // low bits: Facebook's number
	versionGoogle = 0x51303530 // "Q050"
	versionT050   = 0x54303530
	versionT051   = 0x54303531
)

// quicCandidates returns the versions whose keys may open an Initial of this version field: one for a known version, several for a reserved
// (0x?a?a?a?a, RFC 9000, section 15) or unknown one, whose hello may still be sealed as in the version that the client means.
func quicCandidates(v uint32) []quicVersion {
	switch {
	case v == versionV1:
		return []quicVersion{quicV1}
	case v == versionV2:
		return []quicVersion{quicV2}
	case v == versionGoogle:
		return []quicVersion{googleQ050}
	case v == versionT050:
		return []quicVersion{googleT050}
	case v == versionT051:
		return []quicVersion{googleT051}
	case v&^0xff == versionDraft:
		return quicDraft(uint8(v))
	case v&^0xff == versionMvfst:
		return mvfst(uint8(v))
	}
	return named(fmt.Sprintf("%#08x", v), quicUnknowns...)
}

// quicDraft returns the keys of an IETF draft.
func quicDraft(n uint8) []quicVersion {
	name := fmt.Sprintf("draft-%d", n)
	switch {
	case n == 21 || n == 22:
		return named(name, quicDraft22)
	case n >= 23 && n <= 28:
		return named(name, quicDraft23)
	case n >= 29 && n <= 32:
		return named(name, quicDraft29)
	case n == 33 || n == 34:
		return named(name, quicV1)
	}
	return named(name, quicUnknowns...)
}

// mvfst returns the keys of Facebook's versions: 1 follows draft 22, 2 draft 27, later ones draft 29 or version 1.
func mvfst(n uint8) []quicVersion {
	name := fmt.Sprintf("mvfst-%d", n)
	return named(name, quicDraft22, quicDraft23, quicDraft29, quicV1)
}

// named gives versions the name under which they were met.
func named(name string, vs ...quicVersion) []quicVersion {
	out := make([]quicVersion, len(vs))
	for i, v := range vs {
		v.name = name
		out[i] = v
	}
	return out
}

// initialKeys open the Initial packets of one client (RFC 9001, section 5).
type initialKeys struct {
	aead   cipher.AEAD
	iv     [12]byte
	header cipher.Block // of the header protection
}

// newInitialKeys derives the keys from the connection ID that the client chose for the server (RFC 9001, section 5.2).
func newInitialKeys(v *quicVersion, dcid []byte) (*initialKeys, error) {
	const secretLen, keyLen = 32, 16
	initial, err := hkdf.Extract(sha256.New, dcid, []byte(v.salt))
	if err != nil {
		return nil, err
	}
	secret, err := expandLabel(initial, "client in", secretLen)
	if err != nil {
		return nil, err
	}
	var k initialKeys
	key, err := expandLabel(secret, v.label+"key", keyLen)
	if err != nil {
		return nil, err
	}
	iv, err := expandLabel(secret, v.label+"iv", len(k.iv))
	if err != nil {
		return nil, err
	}
	hp, err := expandLabel(secret, v.label+"hp", keyLen)
	if err != nil {
		return nil, err
	}
	copy(k.iv[:], iv)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if k.aead, err = cipher.NewGCM(block); err != nil {
		return nil, err
	}
	k.header, err = aes.NewCipher(hp)
	return &k, err
}

// expandLabel is HKDF-Expand-Label of TLS 1.3 with an empty context (RFC 8446, section 7.1).
func expandLabel(secret []byte, label string, n int) ([]byte, error) {
	const prefix = "tls13 "
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(info, byte(len(prefix)+len(label)))
	info = append(append(info, prefix...), label...)
	return hkdf.Expand(sha256.New, secret, string(append(info, 0)), n)
}

const (
	sampleLen    = 16 // RFC 9001, section 5.4.2
	sampleOffset = 4  // the longest packet number
)

// open removes the header protection of a packet and opens it into dst (RFC 9001, sections 5.3 and 5.4). packet is the whole packet, pn the place of its
// packet number. packet is not changed.
func (k *initialKeys) open(dst, packet []byte, pn int) ([]byte, bool) {
	if len(packet) < pn+sampleOffset+sampleLen {
		return nil, false
	}
	var mask [aes.BlockSize]byte
	k.header.Encrypt(mask[:], packet[pn+sampleOffset:][:sampleLen])
	first := packet[0] ^ mask[0]&0x0f
	n := int(first&3) + 1
	head := append(make([]byte, 0, 128), packet[:pn+n]...)
	head[0] = first
	var number uint64
	for i := range n {
		head[pn+i] ^= mask[1+i]
		number = number<<8 | uint64(head[pn+i])
	}
	nonce := k.iv
	for i := range 8 {
		nonce[4+i] ^= byte(number >> (56 - 8*i))
	}
	plain, err := k.aead.Open(dst[:0], nonce[:], packet[pn+n:], head)
	return plain, err == nil
}
