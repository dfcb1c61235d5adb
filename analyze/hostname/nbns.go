package hostname

import (
	"bytes"
	"fmt"

	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
)

// Record types and operations of the NetBIOS name service (RFC 1002, sections 4.2.1.1 and 4.2.1.3).
const (
	nbName   = 0x20
	nbStatus = 0x21

	nbQuery       = 0
	nbRegister    = 5
	nbRefresh     = 8
	nbRefreshAlt  = 9  // what Windows sends for it (RFC 1002, section 4.2.1.1, gives both)
	nbMultiHomed  = 15 // multi-homed registration, of Windows
	nbGroup       = 1 << 15
	nbEncodedName = 32 // bytes of a name in first-level encoding
	nbNameSize    = 16 // bytes of a name, the last of them its suffix
)

// Suffixes of names that a host has by itself. Names with others are of users, groups and domains.
const (
	nbWorkstation = 0x00
	nbServer      = 0x20
)

const portNetBIOSDatagram = 138 // RFC 1002, section 4.4

// nbnsReader reads the NetBIOS name service (RFC 1002, section 4.2). What a host registers, answers with or lists as its own is
// a label: Name is the host's, Client the address, Value the name with its suffix, "NAME<20>". A question is no label: Query is what
// Client looked for, Name is empty.
type nbnsReader struct{}

func startNBNS(*Namer) datagramReader { return nbnsReader{} }

func detectNBNS(m *flow.Meta, payload []byte) bool {
	if !onPort(m, portNBNS) {
		return false
	}
	d, ok := readDNSHeader(payload)
	return ok && d.fits(m.Full-dnsHeaderSize) && !d.empty()
}

func (nbnsReader) read(n *Namer, _ *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	d, ok := readDNSHeader(payload)
	if !ok {
		return flow.Go
	}
	x := evidence(NBNS, m)
	switch op := d.opcode(); {
	case op == nbQuery && !d.response():
		n.nbQuestion(x, &d)
	case op == nbQuery, op == nbRegister && !d.response(), op == nbRefresh, op == nbRefreshAlt, op == nbMultiHomed:
		n.nbRecords(x, &d)
	}
	return flow.Go
}

func (n *Namer) nbQuestion(x Name, d *dnsMessage) {
	name, ok := readNetBIOSName(d.whole, &d.rest)
	var qtype uint16
	if !ok || !d.rest.ReadUint16(&qtype) {
		return
	}
	x.Query, x.RRType, x.RCode = name.text(), nbTypeName(qtype), dnsUnanswered
	n.label(x)
}

func nbTypeName(t uint16) string {
	switch t {
	case nbName:
		return "NB"
	case nbStatus:
		return "NBSTAT"
	}
	return dnsTypeName(t)
}

// nbRecords reports the names in a message's records.
func (n *Namer) nbRecords(x Name, d *dnsMessage) {
	if !d.skipQuestions() || d.flags&dnsRCode != 0 {
		return
	}
	for {
		var r dnsRecord
		var more bool
		if r.section, more = d.next(); !more {
			return
		}
		name, ok := readNetBIOSName(d.whole, &d.rest)
		if !ok || !d.fields(&r) {
			return
		}
		switch x.RRType, x.TTL = nbTypeName(r.rtype), r.ttl; r.rtype {
		case nbName:
			n.nbAddresses(x, name, r.data)
		case nbStatus:
			n.nbNodeStatus(x, r.data)
		}
	}
}

// nbAddresses reads NB data: flags and an address for each owner (RFC 1002, section 4.2.13).
func (n *Namer) nbAddresses(x Name, name netBIOSName, in cryptobyte.String) {
	for {
		var flags uint16
		var raw []byte
		if !in.ReadUint16(&flags) || !in.ReadBytes(&raw, 4) {
			return
		}
		if a, v6, _ := addrOf(raw); flags&nbGroup == 0 {
			n.nbLabel(x.of(a, v6), name)
		}
	}
}

// nbNodeStatus reads the names that a host lists as its own (RFC 1002, section 4.2.18).
func (n *Namer) nbNodeStatus(x Name, in cryptobyte.String) {
	var count uint8
	in.ReadUint8(&count)
	for range count {
		var raw []byte
		var flags uint16
		if !in.ReadBytes(&raw, nbNameSize) || !in.ReadUint16(&flags) {
			return
		}
		if flags&nbGroup == 0 {
			n.nbLabel(x, netBIOSName(raw))
		}
	}
}

// nbLabel reports a name if it is a host's.
func (n *Namer) nbLabel(x Name, name netBIOSName) {
	suffix := name[nbNameSize-1]
	if x.Name = name.text(); len(x.Name) == 0 || suffix != nbWorkstation && suffix != nbServer {
		return
	}
	x.Value = fmt.Appendf(nil, "%s<%02x>", x.Name, suffix)
	n.label(x)
}

// netBIOSName is a name of 15 bytes, padded with spaces, and its suffix.
type netBIOSName [nbNameSize]byte

// text is the name without padding and suffix.
func (b *netBIOSName) text() []byte { return bytes.TrimRight(b[:nbNameSize-1], " \x00") }

// readNetBIOSName reads a name in first-level encoding, each half byte a letter from 'A' (RFC 1001, section 14.1), and moves in behind it
// and its scope. A record's name may be a pointer to the question's (RFC 1002, section 4.2.1.2).
func readNetBIOSName(msg []byte, in *cryptobyte.String) (name netBIOSName, ok bool) {
	at := *in
	if !skipDNSName(in) {
		return name, false
	}
	if to, pointed := dnsPointerAt(at); pointed {
		if to >= len(msg) {
			return name, false
		}
		at = msg[to:]
	}
	var label cryptobyte.String
	if !at.ReadUint8LengthPrefixed(&label) || len(label) != nbEncodedName {
		return name, false
	}
	for i := range name {
		hi, lo := label[2*i]-'A', label[2*i+1]-'A'
		if hi > 0xf || lo > 0xf {
			return name, false
		}
		name[i] = hi<<4 | lo
	}
	return name, true
}

// netBIOSDatagrams reads the NetBIOS datagram service, whose messages tell their sender's name (RFC 1002, section 4.4.2).
type netBIOSDatagrams struct{}

func startNetBIOSDatagrams(*Namer) datagramReader { return netBIOSDatagrams{} }

// Messages that carry data: direct unique, direct group, broadcast (RFC 1002, section 4.4.1).
const (
	nbDirectUnique = 0x10
	nbBroadcast    = 0x12
)

func detectNetBIOSDatagram(m *flow.Meta, payload []byte) bool {
	if !onPort(m, portNetBIOSDatagram) {
		return false
	}
	_, ok := netBIOSSource(payload)
	return ok
}

func (netBIOSDatagrams) read(n *Namer, _ *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	if name, ok := netBIOSSource(payload); ok {
		n.nbLabel(evidence(NBNS, m), name)
	}
	return flow.Go
}

// netBIOSSource reads the name of a datagram's source.
func netBIOSSource(payload []byte) (name netBIOSName, ok bool) {
	in := cryptobyte.String(payload)
	var kind uint8
	// flags, id, source address and port, length, offset: the address is the sender's claim, the packet's own is better
	if !in.ReadUint8(&kind) || kind < nbDirectUnique || kind > nbBroadcast || !in.Skip(13) {
		return name, false
	}
	return readNetBIOSName(nil, &in)
}
