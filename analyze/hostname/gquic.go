package hostname

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
)

// Google QUIC before it was encrypted from the first byte, Q024 to Q046 (chromium.org, "QUIC wire layout specification"; the code of
// quiche for what came after that page).

// Public flags of Q043 and earlier.
const (
	googleVersion      = 0x01
	googleReset        = 0x02
	googleConnectionID = 0x08
	googleReserved     = 0x80
	googleNumberShift  = 4 // two bits: 1, 2, 4 or 6 bytes
	googleIDLen        = 8
	googleHashLen      = 12 // FNV-1a, in the place of the tag of later packets
)

// The versions in which the wire format changed.
const (
	googleNoFlags   quicVersion = 'Q'<<24 | '0'<<16 | '3'<<8 | '4' // no private flags behind the hash
	googleBigEndian quicVersion = 'Q'<<24 | '0'<<16 | '3'<<8 | '9'
	googleLong      quicVersion = 'Q'<<24 | '0'<<16 | '4'<<8 | '4' // long headers
	googleLastClear quicVersion = 'Q'<<24 | '0'<<16 | '4'<<8 | '6'
)

// googlePacket is a packet in clear.
type googlePacket struct {
	version   quicVersion
	id        []byte
	numberLen int
	frames    cryptobyte.String
}

// detectGoogleQUIC knows a packet of Google QUIC by its version and the form of its header.
func detectGoogleQUIC(m *flow.Meta, payload []byte) bool {
	if _, ok := readGoogleHeader(payload); ok {
		return true
	}
	p, ok := readQUICHeader(payload)
	return ok && p.version.isGoogle() && p.version > googleLastClear && p.fits(m)
}

// readGoogleHeader reads a packet of a client that still tells its version.
func readGoogleHeader(payload []byte) (g googlePacket, ok bool) {
	if len(payload) == 0 {
		return g, false
	}
	if payload[0]&quicLongHeader != 0 {
		return readGoogleLongHeader(payload)
	}
	const want = googleVersion | googleConnectionID
	in := cryptobyte.String(payload)
	var flags uint8
	var version uint32
	if !in.ReadUint8(&flags) || flags&(want|googleReset|googleReserved) != want ||
		!in.ReadBytes(&g.id, googleIDLen) || !in.ReadUint32(&version) {
		return g, false
	}
	g.version = quicVersion(version)
	g.numberLen = [...]int{1, 2, 4, 6}[flags>>googleNumberShift&3]
	if !g.version.isGoogle() || g.version.letters()[0] != 'Q' || g.version >= googleLong || !in.Skip(g.numberLen+googleHashLen) {
		return g, false
	}
	if g.version < googleNoFlags && !in.Skip(1) {
		return g, false
	}
	g.frames = in
	return g, true
}

// readGoogleLongHeader reads the header of Q044 to Q046, after a draft of RFC 9000: one byte tells the lengths of both connection
// IDs, and the packet number is in clear.
func readGoogleLongHeader(payload []byte) (g googlePacket, ok bool) {
	const clientID = 0x50 // a destination of 8 bytes and no source
	in := cryptobyte.String(payload)
	var flags, lengths uint8
	var version uint32
	if !in.ReadUint8(&flags) || !in.ReadUint32(&version) || !in.ReadUint8(&lengths) || lengths != clientID ||
		!in.ReadBytes(&g.id, googleIDLen) {
		return g, false
	}
	g.version = quicVersion(version)
	g.numberLen = int(flags&3) + 1
	if g.version < googleLong || g.version > googleLastClear || !in.Skip(g.numberLen+googleHashLen) {
		return g, false
	}
	g.frames = in
	return g, true
}

// googlePacket keeps what a packet in clear says of the handshake. One that says nothing of it does not tell who the client is.
func (r *quicReader) googlePacket(n *Namer, m *flow.Meta, g *googlePacket) {
	h := r.clear(n, m, g)
	if h == nil {
		return
	}
	f := googleFrames{in: g.frames, numberLen: g.numberLen, order: googleOrder(g.version)}
	f.read(h)
	if h.crypto.empty() {
		r.used--
		n.quic.giveBack(h)
	}
}

// clear returns the hello of a connection in clear, nil where there are too many.
func (r *quicReader) clear(n *Namer, m *flow.Meta, g *googlePacket) *quicHello {
	for _, h := range r.hellos[:r.used] {
		if h.profile == nil && h.version == g.version && h.has(g.id) {
			return h
		}
	}
	if r.used == maxQUICHellos {
		return nil
	}
	return r.begin(n, m, g.version, g.id)
}

// googleOrder is the byte order of numbers: little endian before Q039.
func googleOrder(v quicVersion) binary.ByteOrder {
	if v < googleBigEndian {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

// Frames of Google QUIC. Two more kinds have numbers of their own from 0x40 (ACK) and 0x80 (STREAM) on.
const (
	googlePadding       = 0x00
	googleWindowUpdate  = 0x04
	googleBlocked       = 0x05
	googleStopWaiting   = 0x06
	googlePing          = 0x07
	googleCrypto        = 0x08 // since Q048
	googleACK           = 0x40
	googleStream        = 0x80
	googleCryptoStream  = 1
	googleStreamHasLen  = 0x20
	googleMaxHelloBytes = 1 << 16
)

// googleFrames reads the frames of a packet.
type googleFrames struct {
	in        cryptobyte.String
	numberLen int
	order     binary.ByteOrder
}

// read adds what the handshake's stream says to h, up to a frame that it does not know.
func (f *googleFrames) read(h *quicHello) {
	var kind uint8
	for f.in.ReadUint8(&kind) && f.frame(kind, h) {
	}
}

func (f *googleFrames) frame(kind uint8, h *quicHello) bool {
	switch {
	case kind&googleStream != 0:
		return f.stream(kind, h)
	case kind&googleACK != 0:
		return f.skipACK(kind)
	}
	switch kind {
	case googlePadding, googlePing:
		return true
	case googleWindowUpdate:
		return f.in.Skip(4 + 8)
	case googleBlocked:
		return f.in.Skip(4)
	case googleStopWaiting:
		return f.in.Skip(f.numberLen)
	case googleCrypto:
		return f.crypto(h)
	}
	return false
}

// stream reads a STREAM frame: "1fdooossB" tells of fin, data length, offset length and stream ID length.
func (f *googleFrames) stream(kind uint8, h *quicHello) bool {
	var id, offset, length uint64
	offsetLen := int(kind >> 2 & 7)
	if offsetLen > 0 {
		offsetLen++
	}
	if !f.number(int(kind&3)+1, &id) || !f.number(offsetLen, &offset) {
		return false
	}
	length = uint64(len(f.in))
	if kind&googleStreamHasLen != 0 && !f.number(2, &length) {
		return false
	}
	var data []byte
	if length > uint64(len(f.in)) || !f.in.ReadBytes(&data, int(length)) {
		return false
	}
	if id == googleCryptoStream {
		h.addGoogle(offset, data)
	}
	return true
}

// crypto reads a CRYPTO frame, whose numbers are those of RFC 9000.
func (f *googleFrames) crypto(h *quicHello) bool {
	var offset uint64
	var data []byte
	if !readVarint(&f.in, &offset) || !readVarPrefixed(&f.in, &data) {
		return false
	}
	h.addGoogle(offset, data)
	return true
}

// addGoogle keeps a piece of the handshake's stream. A client says its hello again, behind the first, when the server has rejected that; where
// the first was not captured, the second is as good.
func (h *quicHello) addGoogle(offset uint64, data []byte) {
	if h.crypto.empty() && bytes.HasPrefix(data, []byte(chloMagic)) {
		h.base = offset
	}
	if offset -= h.base; offset <= googleMaxHelloBytes && offset+uint64(len(data)) <= googleMaxHelloBytes {
		h.crypto.add(int(offset), data)
	}
}

// skipACK passes an ACK frame of Q034 and later, "01nullmmB": n more blocks, l and m the lengths of the largest number and of blocks.
func (f *googleFrames) skipACK(kind uint8) bool {
	const delayLen, stampLen = 2, 3
	lengths := [...]int{1, 2, 4, 6}
	largest, block := lengths[kind>>2&3], lengths[kind&3]
	var blocks, stamps uint8
	if !f.in.Skip(largest+delayLen) || kind&0x20 != 0 && !f.in.ReadUint8(&blocks) ||
		!f.in.Skip(block+int(blocks)*(1+block)) || !f.in.ReadUint8(&stamps) {
		return false
	}
	if stamps == 0 {
		return true
	}
	return f.in.Skip(1 + 4 + (int(stamps)-1)*stampLen)
}

// number reads a number of size bytes in the version's order.
func (f *googleFrames) number(size int, v *uint64) bool {
	var raw []byte
	if !f.in.ReadBytes(&raw, size) {
		return false
	}
	var wide [8]byte
	if f.order == binary.ByteOrder(binary.LittleEndian) {
		copy(wide[:], raw)
		*v = binary.LittleEndian.Uint64(wide[:])
		return true
	}
	copy(wide[8-size:], raw)
	*v = binary.BigEndian.Uint64(wide[:])
	return true
}

// A client hello of Google's handshake: "CHLO", the number of its tags, then each tag with the offset at which its value ends, in little
// endian, then the values (chromium.org, "QUIC crypto").
const (
	chloHeaderLen = 8
	chloTagLen    = 8
	chloMaxTags   = 128 // quiche, core/crypto/crypto_protocol.h: kMaxEntries
	chloMagic     = "CHLO"
	chloName      = "SNI\x00"
)

// readCHLO fills x from the hello once that is complete.
func (h *quicHello) readCHLO(n *Namer, x *Name) match {
	size, is := h.sizeCHLO(n)
	if is != yes {
		return is
	}
	whole, ok := h.crypto.first(&n.scratch, size)
	if !ok {
		return maybe
	}
	x.Name = nameInCHLO(whole)
	x.ECH = ECHAbsent
	return yes
}

// sizeCHLO returns the size of the message, as the last of its tags tells it.
func (h *quicHello) sizeCHLO(n *Namer) (int, match) {
	head, ok := h.crypto.first(&n.scratch, chloHeaderLen)
	if !ok {
		return 0, maybe
	}
	tags := int(binary.LittleEndian.Uint16(head[4:]))
	if string(head[:4]) != chloMagic || tags == 0 || tags > chloMaxTags {
		return 0, no
	}
	values := chloHeaderLen + tags*chloTagLen
	index, ok := h.crypto.first(&n.scratch, values)
	if !ok {
		return 0, maybe
	}
	var last uint32
	for entry := chloHeaderLen; entry < values; entry += chloTagLen {
		end := binary.LittleEndian.Uint32(index[entry+4:])
		if end < last || end > googleMaxHelloBytes {
			return 0, no
		}
		last = end
	}
	return values + int(last), yes
}

// nameInCHLO returns the server name in a complete message, nil where there is none.
func nameInCHLO(msg []byte) []byte {
	tags := int(binary.LittleEndian.Uint16(msg[4:]))
	values := msg[chloHeaderLen+tags*chloTagLen:]
	start := uint32(0)
	for i := range tags {
		entry := msg[chloHeaderLen+i*chloTagLen:]
		end := binary.LittleEndian.Uint32(entry[4:])
		if bytes.Equal(entry[:4], []byte(chloName)) {
			return values[start:end]
		}
		start = end
	}
	return nil
}
