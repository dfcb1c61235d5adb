package hostname

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
)

const (
	quicKeyLen   = 16 // AES-128 (RFC 9001, section 5.2)
	quicNonceLen = 12
)

// initialKeys open the Initial packets that a client sends: anyone who has seen its first one can make them (RFC 9001, section 5.2).
type initialKeys struct {
	aead   cipher.AEAD
	header cipher.Block
	iv     []byte
}

// deriveInitialKeys makes the client's keys out of the connection ID that it chose for its first Initial, or that a Retry told it.
func deriveInitialKeys(f *quicProfile, dcid []byte) (k initialKeys, ok bool) {
	initial, err := hkdf.Extract(sha256.New, dcid, []byte(f.salt))
	if err != nil {
		return k, false
	}
	client, err := expandLabel(initial, "client in", sha256.Size)
	if err != nil {
		return k, false
	}
	var key, header []byte
	if key, err = expandLabel(client, f.label+" key", quicKeyLen); err != nil {
		return k, false
	}
	if header, err = expandLabel(client, f.label+" hp", quicKeyLen); err != nil {
		return k, false
	}
	if k.iv, err = expandLabel(client, f.label+" iv", quicNonceLen); err != nil {
		return k, false
	}
	return k, k.setCiphers(key, header)
}

func (k *initialKeys) setCiphers(key, header []byte) bool {
	block, err := aes.NewCipher(key)
	if err != nil {
		return false
	}
	if k.aead, err = cipher.NewGCM(block); err != nil {
		return false
	}
	k.header, err = aes.NewCipher(header)
	return err == nil
}

// expandLabel is HKDF-Expand-Label without a context (RFC 8446, section 7.1).
func expandLabel(secret []byte, label string, size int) ([]byte, error) {
	info := make([]byte, 0, 64)
	info = append(info, byte(size>>8), byte(size), byte(len("tls13 ")+len(label)))
	info = append(append(info, "tls13 "...), label...)
	info = append(info, 0)
	return hkdf.Expand(sha256.New, secret, string(info), size)
}

// quicScratch is memory for one packet at a time.
type quicScratch struct {
	mask   [quicSampleLen]byte
	nonce  [quicNonceLen]byte
	header []byte
	plain  []byte
}

// open takes the header protection off (RFC 9001, section 5.4), then decrypts the payload (section 5.3), which is a view of s. The packet
// number is taken as it stands: it is below 256 in a client's first packets, and what does not fit is not opened.
func (k *initialKeys) open(s *quicScratch, p *quicPacket) (payload []byte, ok bool) {
	sample := p.bytes[p.numberAt+quicSample:][:quicSampleLen]
	k.header.Encrypt(s.mask[:], sample)
	first := p.bytes[0] ^ s.mask[0]&0x0f
	numberLen := int(first&3) + 1
	s.header = append(s.header[:0], p.bytes[:p.numberAt+numberLen]...)
	s.header[0] = first
	copy(s.nonce[:], k.iv)
	for i := range numberLen {
		s.header[p.numberAt+i] ^= s.mask[1+i]
		s.nonce[quicNonceLen-numberLen+i] ^= s.header[p.numberAt+i]
	}
	plain, err := k.aead.Open(s.plain[:0], s.nonce[:], p.bytes[p.numberAt+numberLen:p.end], s.header)
	if err != nil {
		return nil, false
	}
	s.plain = plain[:0]
	return plain, true
}
