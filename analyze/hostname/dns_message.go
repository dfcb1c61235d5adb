package hostname

import (
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"
)

// Record types that are read (IANA "DNS Resource Record (RR) TYPEs").
const (
	rrA      = 1
	rrNS     = 2
	rrCNAME  = 5
	rrPTR    = 12
	rrMX     = 15
	rrTXT    = 16
	rrAAAA   = 28
	rrSRV    = 33
	rrDNAME  = 39
	rrOPT    = 41
	rrSVCB   = 64
	rrHTTPS  = 65
	rrAny    = 255
	rrURI    = 256
	rrRESINF = 261
)

// Classes (RFC 1035, section 3.2.4).
const (
	classIN  = 1
	classAny = 255
)

// Bits of the second word of the header (RFC 1035, section 4.1.1).
const (
	dnsResponse = 1 << 15
	dnsOpcode   = 0xf << 11
	dnsReserved = 1 << 6 // Z: must be zero
	dnsRCode    = 0xf
)

const (
	dnsHeaderSize = 12
	// The least that a question and a record take: a root name or a pointer, and the fields behind it.
	minDNSQuestion = 1 + 4
	minDNSRecord   = 1 + 10
)

// dnsSection is a part of a message (RFC 1035, section 4.1).
type dnsSection uint8

const (
	questions dnsSection = iota
	answers
	authority
	additional
)

// dnsMessage is a message whose header has been read, and what of it is still unread.
type dnsMessage struct {
	whole cryptobyte.String // names point into it
	rest  cryptobyte.String
	id    uint16
	flags uint16
	count [4]uint16 // entries of each section, as claimed
	owner int       // 1 + the offset that the owner of the record before pointed to; 0 for none
}

// dnsRecord is one resource record behind its owner name. data is a view of the message.
type dnsRecord struct {
	section      dnsSection
	rtype, class uint16
	ttl          uint32
	data         cryptobyte.String
}

// readDNSHeader reads the header of the message that msg is.
func readDNSHeader(msg []byte) (d dnsMessage, ok bool) {
	if len(msg) < dnsHeaderSize {
		return d, false
	}
	d = dnsMessage{whole: msg, rest: msg[dnsHeaderSize:], id: binary.BigEndian.Uint16(msg), flags: binary.BigEndian.Uint16(msg[2:])}
	for i := range d.count {
		d.count[i] = binary.BigEndian.Uint16(msg[4+2*i:])
	}
	return d, true
}

func (d *dnsMessage) response() bool { return d.flags&dnsResponse != 0 }
func (d *dnsMessage) opcode() uint16 { return d.flags & dnsOpcode >> 11 }

// fits says whether what the header claims can be held by size bytes behind it.
func (d *dnsMessage) fits(size int) bool {
	records := int(d.count[answers]) + int(d.count[authority]) + int(d.count[additional])
	return int(d.count[questions])*minDNSQuestion+records*minDNSRecord <= size
}

// next says which section the next record is in, and takes it off the count.
func (d *dnsMessage) next() (dnsSection, bool) {
	for s := answers; s <= additional; s++ {
		if d.count[s] > 0 {
			d.count[s]--
			return s, true
		}
	}
	return 0, false
}

// question reads the next question and appends its name to dst.
func (d *dnsMessage) question(dst []byte) (name []byte, qtype, class uint16, ok bool) {
	if d.count[questions] == 0 {
		return dst, 0, 0, false
	}
	d.count[questions]--
	name, ok = appendDNSName(dst, d.whole, &d.rest)
	ok = ok && d.rest.ReadUint16(&qtype) && d.rest.ReadUint16(&class)
	return name, qtype, class, ok
}

// skipQuestions passes over the questions that were not read.
func (d *dnsMessage) skipQuestions() bool {
	for ; d.count[questions] > 0; d.count[questions]-- {
		if !skipDNSName(&d.rest) || !d.rest.Skip(4) {
			return false
		}
	}
	return true
}

// record reads the next record and its owner's name. All questions must have been read, and owner must hold what the call before put
// there: most records point to the owner of the one before, and then nothing is left to do.
func (d *dnsMessage) record(owner *[]byte, r *dnsRecord) (ok bool) {
	if r.section, ok = d.next(); !ok {
		return false
	}
	to, pointed := dnsPointerAt(d.rest)
	if pointed && to+1 == d.owner {
		return d.rest.Skip(2) && d.fields(r)
	}
	if *owner, ok = appendDNSName((*owner)[:0], d.whole, &d.rest); !ok {
		return false
	}
	d.owner = 0
	if pointed {
		d.owner = to + 1
	}
	return d.fields(r)
}

// fields reads what is behind the owner's name.
func (d *dnsMessage) fields(r *dnsRecord) bool {
	return d.rest.ReadUint16(&r.rtype) && d.rest.ReadUint16(&r.class) && d.rest.ReadUint32(&r.ttl) &&
		d.rest.ReadUint16LengthPrefixed(&r.data)
}

// well says whether a message parses from its first to its last byte, and holds nothing that DNS does not use: the test for
// ports that are not DNS's, where a wrong yes would make names of noise.
func (d *dnsMessage) well() bool { return d.plain() && d.fits(len(d.rest)) && d.parses() }

// parses says whether all that the header announces is there, and nothing else. It reads a copy of the message.
func (d dnsMessage) parses() bool {
	var qtype, class uint16
	if !skipDNSName(&d.rest) || !d.rest.ReadUint16(&qtype) || !d.rest.ReadUint16(&class) || !usedDNSType(qtype) || class != classIN && class != classAny {
		return false
	}
	for r := (dnsRecord{}); ; {
		var more bool
		if r.section, more = d.next(); !more {
			return d.rest.Empty()
		}
		if !skipDNSName(&d.rest) || !d.fields(&r) || !usedDNSType(r.rtype) || !r.sized() {
			return false
		}
	}
}

// plain says whether a header is that of an ordinary query with one question, or of the response to one.
func (d *dnsMessage) plain() bool {
	if d.count[questions] != 1 || d.opcode() != 0 || d.flags&dnsReserved != 0 {
		return false
	}
	if d.response() {
		return true
	}
	// What a query may carry behind its question is EDNS, and a signature (RFC 6891, section 6.1.1; RFC 8945, section 5.1).
	return d.flags&dnsRCode == 0 && d.count[answers] == 0 && d.count[authority] == 0 && d.count[additional] <= 2
}

// sized says whether the data of an address has an address's length.
func (r *dnsRecord) sized() bool {
	switch r.rtype {
	case rrA:
		return len(r.data) == 4
	case rrAAAA:
		return len(r.data) == 16
	}
	return true
}
