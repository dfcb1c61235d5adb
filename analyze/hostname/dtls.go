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

	// maxDTLSDatagrams is how many datagrams of a flow are read for a hello: a client says it twice, the second time with the cookie that it
	// was given, each in a few fragments, and repeats it while nobody answers.
	maxDTLSDatagrams = 32
	// maxDTLSHellos is how many hellos are put together side by side: message numbers 0 and 1 of both ends.
	maxDTLSHellos = 4
	// limitDTLS counts hellos of which a part was seen before these limits were reached.
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
	readers pool[dtlsReader]
	hellos  pool[dtlsHello]
}

// dtlsReader reads the first ClientHello of a flow, whole or in fragments.
type dtlsReader struct {
	hellos    [maxDTLSHellos]*dtlsHello
	held      int // bytes, see charge
	used      uint8
	datagrams uint8
}

// dtlsHelloSize is the memory of a hello beside what its assembly holds, in bytes.
const dtlsHelloSize = 96

// dtlsHello is a ClientHello as far as it was seen.
type dtlsHello struct {
	dir    uint8
	number uint16 // message_seq: 0, and 1 for the one with a cookie
	length int
	body   assembly
}

func startDTLS(n *Namer) datagramReader { return n.dtls.readers.take() }

// close gives r back as new.
func (r *dtlsReader) close(n *Namer) {
	n.charge(&r.held, 0)
	for _, h := range r.hellos[:r.used] {
		h.body.reset()
		*h = dtlsHello{body: h.body}
		n.dtls.hellos.give(h)
	}
	*r = dtlsReader{}
	n.dtls.readers.give(r)
}

func (r *dtlsReader) read(n *Namer, _ *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	r.datagrams++
	in := cryptobyte.String(payload)
	for !in.Empty() {
		record, ok := readDTLSRecord(&in)
		if !ok || record.epoch > 0 {
			break
		}
		if record.kind == recordHandshake {
			r.record(n, m, record.body)
		}
	}
	if r.report(n, m) {
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

// size is the memory that the hellos of a flow hold, in bytes.
func (r *dtlsReader) size() (size int) {
	for _, h := range r.hellos[:r.used] {
		size += dtlsHelloSize + h.body.size()
	}
	return size
}

// record keeps the fragments of ClientHellos in a handshake record.
func (r *dtlsReader) record(n *Namer, m *flow.Meta, body cryptobyte.String) {
	for !body.Empty() {
		f, ok := readDTLSFragment(&body)
		if !ok || f.offset+f.size > f.length {
			return
		}
		if f.kind != msgClientHello {
			continue
		}
		if f.length > n.limits.Head {
			n.hit(limitHead)
			return
		}
		if h := r.hello(n, m, &f); h != nil {
			h.body.add(f.offset, f.body)
		}
	}
}

// hello returns the hello that a fragment belongs to; nil where there are too many, or where it contradicts what was said before.
func (r *dtlsReader) hello(n *Namer, m *flow.Meta, f *dtlsFragment) *dtlsHello {
	for _, h := range r.hellos[:r.used] {
		if h.dir == m.Dir && h.number == f.number {
			if h.length != f.length {
				h.body.broken = true
			}
			return h
		}
	}
	if r.used == maxDTLSHellos {
		return nil
	}
	h := n.dtls.hellos.take()
	r.hellos[r.used] = h
	r.used++
	h.dir, h.number, h.length = m.Dir, f.number, f.length
	return h
}

// report hands on the first hello that is complete. It says whether the flow needs no more reading.
func (r *dtlsReader) report(n *Namer, m *flow.Meta) (done bool) {
	for _, h := range r.hellos[:r.used] {
		body, ok := h.body.first(&n.scratch, h.length)
		if !ok || h.dir != m.Dir {
			continue
		}
		if hello, ok := parseClientHello(body, 'd'); ok {
			x := evidence(DTLSSNI, m)
			hello.fill(&x)
			if len(x.Name) == 0 {
				x.Kind = DTLSHello
			}
			n.add(x)
		}
		return true
	}
	return false
}
