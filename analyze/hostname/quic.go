package hostname

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
)

const (
	// maxQUICDatagrams is how many datagrams of a flow are read for its hello: a client repeats its first flight a few times
	// while nobody answers, and sends 0-RTT data beside it.
	maxQUICDatagrams = 32
	// maxQUICKeys is how many keys are derived for a flow, at some microseconds each. Each version that is tried costs one, and so do
	// the first packets of a server whose client was not captured.
	maxQUICKeys = 16
	// maxQUICHellos is how many hellos are put together side by side: before and after a Retry or a negotiation of the version.
	maxQUICHellos = 4
	// limitQUIC counts hellos of which a part was seen before these limits were reached.
	limitQUIC = "hostname-quic"
	// portDoQ is the port of DNS over QUIC (RFC 9250, section 4.1.1).
	portDoQ = 853
)

// quicState is what a Namer keeps for QUIC.
type quicState struct {
	readers pool[quicReader]
	hellos  pool[quicHello]
	scratch quicScratch
}

// quicReader reads the hello out of a client's Initial packets, IETF's and Google's.
//
// Who the client is shows when a packet is opened with the client's keys. They are made from a connection ID that the client
// chose (RFC 9001, section 5.2), so that a flow of which the first packets were not captured stays unnamed.
type quicReader struct {
	hellos    [maxQUICHellos]*quicHello
	held      int // bytes, see charge
	used      uint8
	datagrams uint8
	keys      uint8
	dir       uint8 // of the client, where used > 0
}

// quicHelloSize is the memory of a hello and its keys beside its assembly, in bytes, as measured.
const quicHelloSize = 2 << 10

// quicHello is the hello of one connection as far as it was seen. Retry and version negotiation begin a new connection with new keys.
type quicHello struct {
	version quicVersion
	profile *quicProfile // nil for Google QUIC in clear
	keys    initialKeys
	id      [maxConnectionID]byte
	idLen   uint8
	base    uint64 // where the hello begins in the stream of Google QUIC
	crypto  assembly
}

// detectQUIC knows a packet with a long header by its version. Reserved and unknown versions count only on a packet that is in
// every respect a client's first.
func detectQUIC(m *flow.Meta, payload []byte) bool {
	p, ok := readQUICHeader(payload)
	switch {
	case !ok:
		return false
	case p.version == quicNegotiation:
		return listsVersions(p.body)
	case p.version.isGoogle():
		return false
	case p.version.isKnown():
		return p.fits(m)
	}
	return m.Full >= minInitialSize && payload[0]&quicFixedBit != 0 && len(p.dcid) >= minInitialID && p.fits(m)
}

// fits says whether the packet is one that some profile of its version allows, and no longer than the datagram.
func (p quicPacket) fits(m *flow.Meta) bool {
	profiles := p.version.profiles()
	for i := range profiles {
		if p.readBody(&profiles[i]) && p.end <= m.Full && (p.kind == quicInitial || p.version.isKnown()) {
			return true
		}
	}
	return profiles == nil
}

func startQUIC(n *Namer) datagramReader { return n.quic.readers.take() }

// close gives r back as new: what one flow sent must never complete the hello of another.
func (r *quicReader) close(n *Namer) {
	n.charge(&r.held, 0)
	for _, h := range r.hellos[:r.used] {
		n.quic.giveBack(h)
	}
	*r = quicReader{}
	n.quic.readers.give(r)
}

func (s *quicState) giveBack(h *quicHello) {
	h.crypto.reset()
	*h = quicHello{crypto: h.crypto}
	s.hellos.give(h)
}

func (r *quicReader) read(n *Namer, c *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	r.datagrams++
	if r.used == 0 || r.dir == m.Dir {
		r.packets(n, m, payload)
		if r.report(n, c, m) {
			return flow.Stop
		}
	}
	if r.datagrams == 1 && r.used == 0 && !saysQUIC(payload) {
		c.Protocol = "" // until a packet of this unknown version is opened
	}
	switch fits := n.charge(&r.held, r.size()); {
	case !fits, r.datagrams == maxQUICDatagrams && r.used > 0:
		n.hit(limitQUIC)
		return flow.Stop
	case r.datagrams == maxQUICDatagrams, r.keys == maxQUICKeys && r.used == 0:
		return flow.Stop
	}
	return flow.Go
}

// size is the memory that the hellos of a flow hold, in bytes.
func (r *quicReader) size() (size int) {
	for _, h := range r.hellos[:r.used] {
		size += quicHelloSize + h.crypto.size()
	}
	return size
}

// saysQUIC says whether a datagram that was taken for QUIC has a version that is QUIC by itself.
func saysQUIC(payload []byte) bool {
	p, ok := readQUICHeader(payload)
	return !ok || p.version == quicNegotiation || p.version.isKnown() || p.version.isReserved()
}

// packets reads the packets of a datagram (RFC 9000, section 12.2).
func (r *quicReader) packets(n *Namer, m *flow.Meta, payload []byte) {
	if g, ok := readGoogleHeader(payload); ok {
		r.googlePacket(n, m, &g)
		return
	}
	for len(payload) > 0 {
		p, ok := readQUICHeader(payload)
		if !ok {
			return
		}
		end := r.packet(n, m, &p)
		if end == 0 || end >= len(payload) {
			return
		}
		payload = payload[end:]
	}
}

// packet reads one packet and returns its length, 0 where that cannot be told.
func (r *quicReader) packet(n *Namer, m *flow.Meta, p *quicPacket) (end int) {
	profiles := p.version.profiles()
	for i := range profiles {
		f := &profiles[i]
		if !p.readBody(f) {
			continue
		}
		end = p.end
		if p.kind == quicInitial && p.isCaptured() && r.initial(n, m, p, f) {
			return end
		}
	}
	return end
}

// initial opens an Initial packet, with keys that the flow has or else with those of its connection ID, and keeps what it says.
func (r *quicReader) initial(n *Namer, m *flow.Meta, p *quicPacket, f *quicProfile) bool {
	for _, h := range r.hellos[:r.used] {
		if h.profile == f && h.version == p.version {
			if payload, ok := h.keys.open(&n.quic.scratch, p); ok {
				h.frames(n, payload)
				return true
			}
			if h.has(p.dcid) {
				return false
			}
		}
	}
	if r.used == maxQUICHellos || r.keys == maxQUICKeys {
		return false
	}
	r.keys++
	keys, ok := deriveInitialKeys(f, p.dcid)
	if !ok {
		return false
	}
	payload, ok := keys.open(&n.quic.scratch, p)
	if ok {
		h := r.begin(n, m, p.version, p.dcid)
		h.profile, h.keys = f, keys
		h.frames(n, payload)
	}
	return ok
}

// begin adds a hello; there is room for it.
func (r *quicReader) begin(n *Namer, m *flow.Meta, v quicVersion, id []byte) *quicHello {
	h := n.quic.hellos.take()
	h.version = v
	h.idLen = uint8(copy(h.id[:], id))
	r.hellos[r.used] = h
	r.used++
	r.dir = m.Dir
	return h
}

func (h *quicHello) has(id []byte) bool { return bytes.Equal(h.id[:h.idLen], id) }

// frames keeps the CRYPTO frames of an Initial packet.
func (h *quicHello) frames(n *Namer, payload []byte) {
	in := cryptobyte.String(payload)
	if h.profile.google {
		f := googleFrames{in: in, order: googleOrder(h.version)}
		f.read(h)
		return
	}
	for h.frame(n, &in) {
	}
}

// Frames that an Initial packet may hold (RFC 9000, section 12.4).
const (
	framePing   = 0x01
	frameACK    = 0x02
	frameACKECN = 0x03
	frameCrypto = 0x06
)

// frame reads one frame. Behind CONNECTION_CLOSE, which it does not know, nothing of use comes.
func (h *quicHello) frame(n *Namer, in *cryptobyte.String) bool {
	var kind uint8
	*in = bytes.TrimLeft(*in, "\x00") // PADDING, of which there may be a thousand
	if !in.ReadUint8(&kind) {
		return false
	}
	switch kind {
	case framePing:
		return true
	case frameACK, frameACKECN:
		return skipACK(in, kind)
	case frameCrypto:
		return h.crypto.addFrame(n, in)
	}
	return false
}

// skipACK passes an ACK frame (RFC 9000, section 19.3).
func skipACK(in *cryptobyte.String, kind uint8) bool {
	var v, ranges uint64
	skip := func() bool { return readVarint(in, &v) }
	pair := func() bool { ok := skip(); return ok && skip() }
	ok := pair() && readVarint(in, &ranges) && skip()
	for ; ok && ranges > 0; ranges-- {
		ok = pair()
	}
	if kind == frameACKECN {
		ok = ok && pair() && skip()
	}
	return ok
}

// addFrame keeps a CRYPTO frame (RFC 9000, section 19.6).
func (a *assembly) addFrame(n *Namer, in *cryptobyte.String) bool {
	var offset uint64
	var data []byte
	if !readVarint(in, &offset) || !readVarPrefixed(in, &data) {
		return false
	}
	if offset+uint64(len(data)) <= uint64(n.limits.Head) {
		a.add(int(offset), data)
	}
	return true
}

// report hands on the first hello that is complete. It says whether the flow needs no more reading.
func (r *quicReader) report(n *Namer, c *flow.Conv, m *flow.Meta) (done bool) {
	for i, h := range r.hellos[:r.used] {
		if i == 0 {
			c.Protocol = h.version.protocol()
		}
		x := evidence(QUICSNI, m)
		is := h.read(n, &x)
		if is == maybe {
			continue
		}
		if is == yes {
			c.Protocol = h.version.protocol()
			h.add(n, c, &x)
		}
		return true
	}
	return false
}

// protocol is the name of the application protocol that this version carries, for the flow.
func (v quicVersion) protocol() string {
	if v.isGoogle() {
		return "gquic"
	}
	return "quic"
}

func (h *quicHello) add(n *Namer, c *flow.Conv, x *Name) {
	if len(x.Name) == 0 {
		x.Kind = QUICHello
	}
	if x.ServerPort == portDoQ || bytes.HasPrefix(x.ALPN, []byte("doq")) {
		c.Protocol = "doq"
	}
	x.Version = h.version.String()
	n.add(*x)
}

// read fills x from the hello once that is complete: maybe before, no where it is none.
func (h *quicHello) read(n *Namer, x *Name) match {
	if h.crypto.broken {
		return no
	}
	if h.version.hasCHLO() {
		return h.readCHLO(n, x)
	}
	head, ok := h.crypto.first(&n.scratch, handshakeHeaderLen)
	if !ok {
		return maybe
	}
	length := int(head[1])<<16 | int(head[2])<<8 | int(head[3])
	if head[0] != msgClientHello {
		return no
	}
	if handshakeHeaderLen+length > n.limits.Head {
		n.hit(limitHead)
		return no
	}
	whole, ok := h.crypto.first(&n.scratch, handshakeHeaderLen+length)
	if !ok {
		return maybe
	}
	hello, ok := parseClientHello(whole[handshakeHeaderLen:], 'q')
	if ok {
		hello.fill(x)
	}
	return yesIf(ok)
}
