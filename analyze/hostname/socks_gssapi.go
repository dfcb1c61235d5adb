package hostname

import (
	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
)

// Messages of GSS-API in SOCKS (RFC 1961, sections 3.4, 4.3 and 5): version 1, kind, length, token. Later ones wrap all that follows.
const (
	gssHeader  = 4
	gssContext = 1
	gssWrapped = 3
)

// limitGSSAPI counts requests that GSS-API keeps from being read.
const limitGSSAPI = "hostname-socks-gssapi"

// beginsGSSAPI tells the first token of a client (RFC 2743, section 3.1) from a login (RFC 1929) of a user with one letter: an application tag,
// whose length is the token's, and the identifier of a mechanism.
func beginsGSSAPI(data []byte) match {
	const token, identifier, long = 0x60, 6, 0x80
	for i, b := range data[:min(len(data), gssHeader+1)] {
		if i < 2 && b != gssContext || i == gssHeader && b != token {
			return no
		}
	}
	if len(data) < gssHeader+2 {
		return maybe
	}
	size, body := int(data[2])<<8|int(data[3]), data[gssHeader+1:]
	more := 0 // bytes of a length that does not fit into seven bits
	if body[0] >= long {
		more = int(body[0] - long)
	}
	if more > 2 {
		return no
	}
	if len(body) < 1+more+1 {
		return maybe
	}
	length := int(body[0])
	if more > 0 {
		length = 0
		for _, b := range body[1 : 1+more] {
			length = length<<8 | int(b)
		}
	}
	if 2+more+length != size || body[1+more] != identifier {
		return no
	}
	return yes
}

// wrapped reads a client's messages up to the request, which is the first that is wrapped. What follows is wrapped too, and nothing to be read.
func (r *socksReader) wrapped(n *Namer, m *flow.Meta, data []byte) (int, flow.More) {
	used := 0
	for {
		in := cryptobyte.String(data[used:])
		var version, kind uint8
		var token cryptobyte.String
		if !in.ReadUint8(&version) || !in.ReadUint8(&kind) || !in.ReadUint16LengthPrefixed(&token) {
			return used, flow.Go
		}
		if version != 1 || kind < gssContext || kind > gssWrapped {
			return used, flow.Stop
		}
		if kind == gssWrapped {
			r.unwrap(n, m, token)
			return rest, flow.Stop
		}
		used = len(data) - len(in)
	}
}

// unwrap reports a request that is signed and not encrypted: in a token of Kerberos (RFC 4121, section 4.2.6.2), whose plaintext the checksum
// follows, or, turned round by its own length, precedes.
func (r *socksReader) unwrap(n *Namer, m *flow.Meta, token cryptobyte.String) {
	const wrap, sealed = 0x0504, 2
	var id, checksum, turned uint16
	var flags uint8
	if !token.ReadUint16(&id) || !token.ReadUint8(&flags) || !token.Skip(1) || !token.ReadUint16(&checksum) || !token.ReadUint16(&turned) ||
		!token.Skip(8) || id != wrap || flags&sealed != 0 || turned != 0 && turned != checksum || len(token) < int(checksum) {
		n.hit(limitGSSAPI)
		return
	}
	request := token[turned:][:len(token)-int(checksum)]
	q, is := parseSOCKS5(request)
	if is != yes || q.size != len(request) {
		n.hit(limitGSSAPI)
		return
	}
	r.granted(n, m, q)
}
