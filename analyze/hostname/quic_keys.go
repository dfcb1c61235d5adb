package hostname

import (
	"crypto/aes"
	"crypto/cipher"
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
	iv     [sha256.Size]byte // of which quicNonceLen bytes are of use
}

// deriveInitialKeys makes the client's keys out of the connection ID that it chose for its first Initial, or that a Retry told it.
func deriveInitialKeys(f *quicProfile, dcid []byte) (k initialKeys, ok bool) {
	initial := shortHMAC([]byte(f.salt), dcid)
	client := expandLabel(initial[:], "client in", sha256.Size)
	k.iv = expandLabel(client[:], f.label+" iv", quicNonceLen)
	key, header := expandLabel(client[:], f.label+" key", quicKeyLen), expandLabel(client[:], f.label+" hp", quicKeyLen)
	return k, k.setCiphers(key[:quicKeyLen], header[:quicKeyLen])
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

// expandLabel is HKDF-Expand-Label without a context (RFC 8446, section 7.1), whose first size bytes are of use. For no more than one hash
// HKDF-Expand is one HMAC, of the label and the number 1 (RFC 5869, section 2.3).
func expandLabel(secret []byte, label string, size int) [sha256.Size]byte {
	const prefix = "tls13 "
	var room [sha256.BlockSize]byte
	info := append(room[:0], byte(size>>8), byte(size), byte(len(prefix)+len(label)))
	info = append(append(info, prefix...), label...)
	return shortHMAC(secret, append(info, 0, 1))
}

// shortHMAC is HMAC with SHA-256 (RFC 2104, section 2) for a key and a message that each fit into one block. crypto/hkdf and crypto/hmac
// take half as long again, and two kilobytes of garbage a flow.
func shortHMAC(key, message []byte) [sha256.Size]byte {
	const block, innerPad, outerPad = sha256.BlockSize, 0x36, 0x5c
	var inner [2 * block]byte
	var outer [block + sha256.Size]byte
	copy(inner[:block], key)
	copy(outer[:block], key)
	for i := range block {
		inner[i] ^= innerPad
		outer[i] ^= outerPad
	}
	k := copy(inner[block:], message)
	sum := sha256.Sum256(inner[:block+k])
	copy(outer[block:], sum[:])
	return sha256.Sum256(outer[:])
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
	copy(s.nonce[:], k.iv[:])
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
