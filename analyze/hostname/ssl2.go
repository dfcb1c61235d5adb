package hostname

import (
	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
)

// sslHello is the hello of SSL 2 as clients of SSL 3 and TLS 1.0 sent it to older servers (RFC 5246, appendix E.2). It
// carries no name.
type sslHello struct {
	version uint16
	size    int // with its header of two bytes
}

// sslHeadLen is the header, type, version and the three lengths.
const sslHeadLen = 11

// readSSL2 reads the fixed part of the hello. Its lengths must add up to that of the record.
func readSSL2(head []byte) (sslHello, match) {
	for i, b := range head[:min(sslHeadLen, len(head))] {
		if i == 0 && b&0x80 == 0 || i == 2 && b != msgClientHello || i == 3 && b != 0 && b != 3 {
			return sslHello{}, no
		}
	}
	in := cryptobyte.String(head)
	var length, version, ciphers, session, challenge uint16
	if !in.ReadUint16(&length) || !in.Skip(1) || !in.ReadUint16(&version) ||
		!in.ReadUint16(&ciphers) || !in.ReadUint16(&session) || !in.ReadUint16(&challenge) {
		return sslHello{}, maybe
	}
	size := int(length &^ 0x8000)
	switch {
	case version != 0x0002 && (version < 0x0300 || version > 0x0304),
		ciphers == 0 || ciphers%3 != 0,
		session != 0 && session != 16,
		challenge < 16 || challenge > 32,
		size != sslHeadLen-2+int(ciphers)+int(session)+int(challenge):
		return sslHello{}, no
	}
	return sslHello{version: version, size: size + 2}, yes
}

func detectSSL2(head []byte) match {
	if len(head) == 0 {
		return maybe
	}
	_, m := readSSL2(head)
	return m
}

// helloSSL2 reports the hello of SSL 2, behind which the client goes on in records of TLS.
func (r *tlsReader) helloSSL2(n *Namer, m *flow.Meta, data []byte) int {
	s := &r.sides[m.Dir&1]
	h, is := readSSL2(data)
	switch {
	case is == no || r.hello:
		s.done = true
		return 0
	case is == maybe || len(data) < h.size:
		s.need = max(h.size, sslHeadLen)
		return 0
	}
	r.hello = true
	x := evidence(TLSHello, m)
	x.Version, x.ECH = versionName(h.version), ECHAbsent
	n.add(x)
	return h.size
}
