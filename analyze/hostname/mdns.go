package hostname

import (
	"bytes"

	"phonehome/analyze/flow"
)

// mdnsReader reads multicast DNS (RFC 6762). Its names are labels of devices and never answers of a resolver:
//
//	A, AAAA   Name is the host's, Client the record's address
//	PTR       Name is a service instance at the sender, Value the kind of service it was listed under
//	SRV       Name is the host of a service at the sender, Value the instance
//	TXT       Name is an instance at the sender, Value its text (models, for instance)
//
// Only responses are read: the records in a query are what its sender has heard from others (RFC 6762, section 7.1), or not
// yet its own (section 8.1).
type mdnsReader struct{}

func startMDNS(*Namer) datagramReader { return mdnsReader{} }

func detectMDNS(m *flow.Meta, payload []byte) bool {
	if !onPort(m, portMDNS) {
		return false
	}
	d, ok := readDNSHeader(payload)
	return ok && d.likely(m.Full) && !d.empty()
}

func (mdnsReader) read(n *Namer, _ *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	d, ok := readDNSHeader(payload)
	if !ok || !d.response() || d.opcode() != 0 || !d.skipQuestions() {
		return flow.Go
	}
	n.deviceRecords(evidence(MDNS, m), &d)
	return flow.Go
}

// mdnsFlush is the bit of the class that tells others to forget what they heard (RFC 6762, section 10.2).
const mdnsFlush = 1 << 15

// deviceRecords reports the records by which a device that x is about names itself.
func (n *Namer) deviceRecords(x Name, d *dnsMessage) {
	s := &n.dns
	var r dnsRecord
	for {
		if !d.record(&s.owner, &r) {
			return
		}
		var ok bool
		if s.value, ok = appendDNSValue(s.value[:0], d.whole, &r); ok && r.class&^mdnsFlush == classIN && r.seconds() > 0 {
			x.RRType, x.TTL = dnsTypeName(r.rtype), r.seconds()
			n.deviceRecord(x, &r)
		}
	}
}

// deviceRecord reports one record, whose owner and value n.dns holds.
func (n *Namer) deviceRecord(x Name, r *dnsRecord) {
	x.Name, x.Value = n.dns.owner, n.dns.value
	switch r.rtype {
	case rrA, rrAAAA:
		if a, v6, ok := addrOf(r.data); ok && namesDevice(x.Kind, x.Name) {
			n.label(x.of(a, v6))
		}
	case rrPTR, rrSRV:
		if x.Name, x.Value = x.Value, x.Name; namesDevice(x.Kind, x.Name) {
			n.label(x)
		}
	case rrTXT:
		if x.Kind == MDNS && namesDevice(x.Kind, x.Name) {
			n.label(x)
		}
	}
}

// namesDevice says whether a device may give itself that name: over mDNS those below "local" (RFC 6762, section 3).
func namesDevice(k Kind, name []byte) bool {
	const local = ".local"
	at := len(name) - len(local)
	return k != MDNS || at > 0 && bytes.EqualFold(name[at:], []byte(local))
}
