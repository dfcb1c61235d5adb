package hostname

import (
	"golang.org/x/crypto/cryptobyte"
)

const (
	quicLongHeader = 0x80 // RFC 8999, section 5.1
	quicFixedBit   = 0x40 // RFC 9000, section 17.2; a client may clear it on later connections (RFC 9287)
	quicTypeShift  = 4

	maxConnectionID = 20 // RFC 9000, section 17.2; all versions before and since keep to it
	minInitialID    = 8  // bytes of the connection ID that a client makes up (RFC 9000, section 7.2)
	minInitialSize  = 1200
	// quicSample is where the sample of header protection begins behind the start of the packet number, and quicSampleLen its
	// length (RFC 9001, section 5.4.2).
	quicSample    = 4
	quicSampleLen = 16
)

// quicKind is the type of a packet with a long header, as RFC 9000, section 17.2, numbers them.
type quicKind uint8

const (
	quicInitial quicKind = iota
	quicZeroRTT
	quicHandshake
	quicRetry
)

// quicPacket is a packet with a long header, the first in bytes.
type quicPacket struct {
	bytes    []byte
	version  quicVersion
	dcid     []byte
	body     cryptobyte.String // behind the connection IDs
	kind     quicKind
	numberAt int // offset of the packet number
	end      int // offset behind the packet; may lie beyond what was captured
}

// readQUICHeader reads what all versions have in common (RFC 8999, section 5.1).
func readQUICHeader(data []byte) (p quicPacket, ok bool) {
	in := cryptobyte.String(data)
	var first uint8
	var version uint32
	var dcid, scid cryptobyte.String
	if !in.ReadUint8(&first) || first&quicLongHeader == 0 || !in.ReadUint32(&version) ||
		!in.ReadUint8LengthPrefixed(&dcid) || len(dcid) > maxConnectionID ||
		!in.ReadUint8LengthPrefixed(&scid) || len(scid) > maxConnectionID {
		return p, false
	}
	return quicPacket{bytes: data, version: quicVersion(version), dcid: dcid, body: in}, true
}

// readBody reads the rest of the header by a profile (RFC 9000, section 17.2; RFC 9369, section 3.2).
func (p *quicPacket) readBody(f *quicProfile) bool {
	p.kind = quicKind((p.bytes[0]>>quicTypeShift - f.initial) & 3)
	body := p.body
	var token []byte
	var length uint64
	if p.kind == quicRetry { // without a length: it is the last of its datagram
		p.end = len(p.bytes)
		return true
	}
	if p.kind == quicInitial && !readVarPrefixed(&body, &token) {
		return false
	}
	if !readVarint(&body, &length) || length > maxDatagram {
		return false
	}
	p.numberAt = len(p.bytes) - len(body)
	p.end = p.numberAt + int(length)
	return true
}

// maxDatagram is more than a UDP datagram can carry.
const maxDatagram = 1 << 16

// isCaptured says whether the packet is whole, and long enough for a sample and so for its tag.
func (p *quicPacket) isCaptured() bool {
	return p.end <= len(p.bytes) && p.end-p.numberAt >= quicSample+quicSampleLen
}

// readVarint reads a variable-length integer (RFC 9000, section 16).
func readVarint(in *cryptobyte.String, v *uint64) bool {
	var first uint8
	if !in.ReadUint8(&first) {
		return false
	}
	var rest []byte
	if !in.ReadBytes(&rest, 1<<(first>>6)-1) {
		return false
	}
	*v = uint64(first & 0x3f)
	for _, b := range rest {
		*v = *v<<8 | uint64(b)
	}
	return true
}

// readVarPrefixed reads bytes behind a variable-length integer that tells their number.
func readVarPrefixed(in *cryptobyte.String, out *[]byte) bool {
	var length uint64
	return readVarint(in, &length) && length <= uint64(len(*in)) && in.ReadBytes(out, int(length))
}
