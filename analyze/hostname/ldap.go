package hostname

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"phonehome/analyze/flow"
)

// startTLSName is the extended operation that begins TLS (RFC 4511, section 4.14.1).
const startTLSName = "1.3.6.1.4.1.1466.20037"

// Tags of protocolOp (RFC 4511, section 4.2 and on): [APPLICATION n].
const (
	ldapBind        = 0x60
	ldapUnbind      = 0x42
	ldapLast        = 0x79 // IntermediateResponse
	ldapExtended    = 0x77
	ldapExtendedEnd = 0x78
)

const (
	// maxLDAP bounds a message that is waited for: those before TLS are small.
	maxLDAP = 16 << 10
	// maxLDAPTalk is how many bytes of a side are read: TLS is asked for first, or after a search.
	maxLDAPTalk = 64 << 10
)

// ldapMessage is the head of an LDAPMessage.
type ldapMessage struct {
	op   uint8
	size int
	body cryptobyte.String // protocolOp, with its tag
}

// parseLDAP reads SEQUENCE, messageID and the tag of protocolOp.
func parseLDAP(data []byte) (l ldapMessage, m match) {
	size, is := berSize(data)
	switch {
	case is != yes:
		return l, is
	case size > maxLDAP:
		return l, no
	case len(data) < size:
		return l, maybe
	}
	in := cryptobyte.String(data[:size])
	in.Skip(berHeader(data))
	var id cryptobyte.String
	if !in.ReadASN1(&id, asn1.INTEGER) || len(id) > 4 {
		return l, no
	}
	l.size = size
	if len(in) >= 2 && in[0] == ldapUnbind && in[1] == 0 {
		l.op = ldapUnbind
		return l, yes
	}
	if len(in) < 2 || in[0] < ldapBind || in[0] > ldapLast {
		return l, no
	}
	l.op = in[0]
	l.body = in
	return l, yes
}

// berHeader is the length of tag and length.
func berHeader(data []byte) int {
	if data[1] < 0x80 {
		return 2
	}
	return 2 + int(data[1]&0x7f)
}

// berSize returns the size of the SEQUENCE at the head of data, with its header. LDAP allows lengths in long form where short ones would do.
func berSize(data []byte) (int, match) { return berSizeOf(0x30, data) }

// berSizeOf is berSize for an element with another tag.
func berSizeOf(tag byte, data []byte) (int, match) {
	if len(data) > 0 && data[0] != tag {
		return 0, no
	}
	if len(data) < 2 {
		return 0, maybe
	}
	if data[1] < 0x80 {
		return 2 + int(data[1]), yes
	}
	octets := int(data[1] & 0x7f)
	if octets == 0 || octets > 4 {
		return 0, no
	}
	if len(data) < 2+octets {
		return 0, maybe
	}
	size := 0
	for _, b := range data[2 : 2+octets] {
		size = size<<8 | int(b)
	}
	return 2 + octets + size, yes
}

func detectLDAP(_ *flow.Meta, head []byte) match {
	_, m := parseLDAP(head)
	return m
}

// ldapReader follows messages to the one that asks for TLS, and on the other side to the answer of an extended operation.
type ldapReader struct {
	asked bool
	talk  [2]int // bytes read of each direction
}

func startLDAP(*Namer) streamReader { return new(ldapReader) }

func (r *ldapReader) gap(*Namer, *flow.Conv, *flow.Meta, int64) flow.More { return flow.Stop }

func (r *ldapReader) read(_ *Namer, _ *flow.Conv, m *flow.Meta, data []byte) (int, flow.More) {
	used := 0
	for used < len(data) {
		l, is := parseLDAP(data[used:])
		switch {
		case is == maybe:
			return used, flow.Go
		case is == no:
			return used, flow.Stop
		}
		used += l.size
		if r.asks(&l) || r.asked && l.op == ldapExtendedEnd {
			return used, again
		}
		if r.talk[m.Dir&1] += l.size; r.talk[m.Dir&1] > maxLDAPTalk {
			return used, flow.Stop
		}
	}
	return used, flow.Go
}

func (r *ldapReader) asks(l *ldapMessage) bool {
	if l.op == ldapExtended && bytes.Contains(l.body, []byte(startTLSName)) {
		r.asked = true
		return true
	}
	return false
}
