package hostname

import (
	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
)

const (
	dtlsRecordHeader    = 13 // RFC 6347, section 4.1
	dtlsHandshakeHeader = 12 // RFC 6347, section 4.2.2

	// dtlsUnified are the first three bits of the header of encrypted records of DTLS 1.3 (RFC 9147, section 4).
	dtlsUnified, dtlsUnifiedMask = 0x20, 0xe0

	msgHelloVerifyRequest = 3

	// maxDTLSDatagrams is how many datagrams of a flow are read for a hello and a certificate: a client says its hello twice, the second time with
	// the cookie that it was given, each in a few fragments, and repeats it while nobody answers.
	maxDTLSDatagrams = 32
	// maxDTLSMessages is how many messages are put together side by side: hellos of numbers 0 and 1, and a certificate, of both ends.
	maxDTLSMessages = 6
	// limitDTLS counts flows in which a part of a message was seen before these limits were reached.
	limitDTLS = "hostname-dtls"
)

// dtlsRecord is a record in clear (RFC 6347, section 4.1; RFC 9147, section 4).
type dtlsRecord struct {
	kind    uint8
	version uint16
	epoch   uint16
	body    cryptobyte.String // what was captured of it
	length  int
}

// readDTLSRecord reads a record and passes it. The body of one that was cut by a snapshot is what there is.
func readDTLSRecord(in *cryptobyte.String) (r dtlsRecord, ok bool) {
	var length uint16
	if !in.ReadUint8(&r.kind) || !in.ReadUint16(&r.version) || !in.ReadUint16(&r.epoch) || !in.Skip(6) || !in.ReadUint16(&length) {
		return r, false
	}
	r.length = int(length)
	k := min(r.length, len(*in))
	r.body = (*in)[:k]
	return r, in.Skip(k) && r.fits()
}

// fits says whether type and version are ones that DTLS uses. 1.0 is the version of OpenSSL 0.9.8 and of what descends from it.
func (r *dtlsRecord) fits() bool {
	return recordChange <= r.kind && r.kind <= recordData && r.length > 0 && r.length <= maxRecord &&
		(r.version == 0xfeff || r.version == 0xfefd || r.version == 0x0100 && r.epoch <= 1)
}

// detectDTLS knows a datagram of DTLS by its records, which fill it to the last byte. Encrypted records of DTLS 1.3 have
// a header that says too little by itself (RFC 9147, section 4), and are taken for what they are behind others.
func detectDTLS(m *flow.Meta, payload []byte) bool {
	in := cryptobyte.String(payload)
	size := 0
	for !in.Empty() {
		if size > 0 && in[0]&dtlsUnifiedMask == dtlsUnified {
			break
		}
		r, ok := readDTLSRecord(&in)
		if !ok {
			return size > 0 && m.Full > len(payload) // a snapshot cuts headers too
		}
		if size == 0 && !r.begins() {
			return false
		}
		size += dtlsRecordHeader + r.length
	}
	return size > 0 && size <= m.Full
}

// begins says whether the record may be the first that is seen: one that is encrypted, or a handshake message with a length that
// is in order, or an alert.
func (r *dtlsRecord) begins() bool {
	switch {
	case r.epoch > 0:
		return true
	case r.kind == recordAlert:
		return r.length == 2
	case r.kind != recordHandshake:
		return false
	}
	body := r.body
	f, ok := readDTLSFragment(&body)
	if !ok || f.offset+f.size > f.length {
		return false
	}
	switch f.kind {
	case msgClientHello, msgServerHello, msgHelloVerifyRequest, msgCertificate:
		return true
	}
	return false
}

// dtlsFragment is a fragment of a handshake message (RFC 6347, section 4.2.3).
type dtlsFragment struct {
	kind                 uint8
	number               uint16
	length, offset, size int
	body                 cryptobyte.String // what was captured of it
}

func readDTLSFragment(in *cryptobyte.String) (f dtlsFragment, ok bool) {
	var length, offset, size uint32
	if !in.ReadUint8(&f.kind) || !in.ReadUint24(&length) || !in.ReadUint16(&f.number) || !in.ReadUint24(&offset) || !in.ReadUint24(&size) {
		return f, false
	}
	f.length, f.offset, f.size = int(length), int(offset), int(size)
	k := min(f.size, len(*in))
	f.body = (*in)[:k]
	return f, in.Skip(k)
}

// dtlsState is what a Namer keeps for DTLS.
type dtlsState struct {
	readers  pool[dtlsReader]
	messages pool[dtlsMessage]
}

// dtlsReader reads the first ClientHello of a flow and, up to DTLS 1.2, the server's certificate, whole or in fragments.
type dtlsReader struct {
	messages  [maxDTLSMessages]*dtlsMessage
	held      int // bytes, see charge
	used      uint8
	datagrams uint8
	clients   uint8 // a bit for each direction: its end spoke as a client, or the other one as a server
	hello     bool  // a hello was read
	leaf      bool  // a certificate of the server was read
}

// dtlsMessageSize is the memory of a message beside what its assembly holds, in bytes.
const dtlsMessageSize = 96

// dtlsMessage is a ClientHello or a Certificate as far as it was seen.
type dtlsMessage struct {
	kind   uint8
	dir    uint8
	number uint16 // message_seq: of a hello 0, and 1 for the one with a cookie
	length int
	body   assembly
}

func startDTLS(n *Namer) datagramReader { return n.dtls.readers.take() }

// close gives r back as new.
func (r *dtlsReader) close(n *Namer) {
	n.charge(&r.held, 0)
	r.release(n, msgClientHello)
	r.release(n, msgCertificate)
	*r = dtlsReader{}
	n.dtls.readers.give(r)
}

// release gives back the messages of a kind.
func (r *dtlsReader) release(n *Namer, kind uint8) {
	kept := uint8(0)
	for _, g := range r.messages[:r.used] {
		if g.kind != kind {
			r.messages[kept] = g
			kept++
			continue
		}
		g.body.reset()
		*g = dtlsMessage{body: g.body}
		n.dtls.messages.give(g)
	}
	clear(r.messages[kept:r.used])
	r.used = kept
}

func (r *dtlsReader) read(n *Namer, _ *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	r.datagrams++
	encrypted := r.records(n, m, payload)
	r.report(n, m)
	if r.hello && (r.leaf || encrypted) {
		return flow.Stop
	}
	fits := n.charge(&r.held, r.size())
	if fits && r.datagrams < maxDTLSDatagrams {
		return flow.Go
	}
	if r.used > 0 {
		n.hit(limitDTLS)
	}
	return flow.Stop
}

// records reads the records of a datagram that are in clear, and says whether one that is encrypted follows: then nothing more comes in clear.
func (r *dtlsReader) records(n *Namer, m *flow.Meta, payload []byte) (encrypted bool) {
	for in := cryptobyte.String(payload); !in.Empty(); {
		if in[0]&dtlsUnifiedMask == dtlsUnified {
			return true
		}
		record, ok := readDTLSRecord(&in)
		if !ok || record.epoch > 0 {
			return ok
		}
		if record.kind == recordHandshake {
			r.record(n, m, record.body)
		}
	}
	return false
}

// size is the memory that the messages of a flow hold, in bytes.
func (r *dtlsReader) size() (size int) {
	for _, g := range r.messages[:r.used] {
		size += dtlsMessageSize + g.body.size()
	}
	return size
}

// record keeps the fragments in a handshake record.
func (r *dtlsReader) record(n *Namer, m *flow.Meta, body cryptobyte.String) {
	for !body.Empty() {
		f, ok := readDTLSFragment(&body)
		if !ok || f.offset+f.size > f.length {
			return
		}
		r.learn(m.Dir, f.kind)
		if !r.wants(m.Dir, f.kind) {
			continue
		}
		if f.length > n.limits.Head {
			n.hit(limitHead)
			return
		}
		if g := r.message(n, m, &f); g != nil {
			g.body.add(f.offset, f.body)
		}
	}
}

// learn notes which end is the client. Both may show certificates.
func (r *dtlsReader) learn(dir, kind uint8) {
	switch kind {
	case msgClientHello:
		r.clients |= 1 << dir
	case msgServerHello, msgHelloVerifyRequest:
		r.clients |= 1 << (dir ^ 1)
	}
}

// wants says whether a message from one end is still to be read.
func (r *dtlsReader) wants(dir, kind uint8) bool {
	return kind == msgClientHello && !r.hello || kind == msgCertificate && !r.leaf && r.clients != 1<<dir
}

// message returns the message that a fragment belongs to; nil where there are too many. One whose fragments contradict each other is of no use.
func (r *dtlsReader) message(n *Namer, m *flow.Meta, f *dtlsFragment) *dtlsMessage {
	for _, g := range r.messages[:r.used] {
		if g.kind == f.kind && g.dir == m.Dir && g.number == f.number {
			if g.length != f.length {
				g.body.broken = true
			}
			return g
		}
	}
	if r.used == maxDTLSMessages {
		return nil
	}
	g := n.dtls.messages.take()
	r.messages[r.used] = g
	r.used++
	g.kind, g.dir, g.number, g.length = f.kind, m.Dir, f.number, f.length
	return g
}

// report hands on the first hello, and the first certificate of the server, that m's payload completes.
func (r *dtlsReader) report(n *Namer, m *flow.Meta) {
	for _, g := range r.messages[:r.used] {
		switch {
		case g.dir != m.Dir:
		case g.kind == msgClientHello && !r.hello:
			r.hello = g.hello(n, m)
		case g.kind == msgCertificate && r.clients == 1<<(g.dir^1) && !r.leaf:
			r.leaf = g.certificate(n, m)
		}
	}
	if r.hello {
		r.release(n, msgClientHello)
	}
}

// hello reports a ClientHello that is complete, and says whether it is.
func (g *dtlsMessage) hello(n *Namer, m *flow.Meta) bool {
	body, ok := g.body.first(&n.scratch, g.length)
	if !ok {
		return false
	}
	if h, ok := parseClientHello(body, 'd'); ok {
		x := evidence(DTLSSNI, m)
		h.fill(&x)
		if len(x.Name) == 0 {
			x.Kind = DTLSHello
		}
		n.add(x)
	}
	return true
}

// certificate reports the leaf, the first of the list (RFC 5246, section 7.4.2), and says whether it is there; the rest of the chain is not waited for.
func (g *dtlsMessage) certificate(n *Namer, m *flow.Meta) bool {
	const lengths = 3 + 3 // of the list and of the first certificate
	head, ok := g.body.first(&n.scratch, lengths)
	if !ok {
		return false
	}
	length := int(head[3])<<16 | int(head[4])<<8 | int(head[5])
	if lengths+length > g.length {
		return true // it claims to be longer than the message
	}
	whole, ok := g.body.first(&n.scratch, lengths+length)
	if ok {
		n.addCertificate(m, whole[lengths:])
	}
	return ok
}
