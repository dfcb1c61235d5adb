package hostname

import (
	"phonehome/analyze/flow"
)

// Ports that decide how strictly a message is looked at, and of the relatives of DNS whose messages have the same shape.
const (
	portDNS   = 53
	portMDNS  = 5353 // RFC 6762, section 3
	portLLMNR = 5355 // RFC 4795, section 2
	portNBNS  = 137  // RFC 1002, section 4.2
)

// dnsState is what a Namer keeps for DNS: memory that is used again, and the questions of its shard.
type dnsState struct {
	query, owner, value []byte // presentation forms of the message being read
	window              dnsWindow
	flows               []*dnsDatagrams // given back
}

// dnsDatagrams reads DNS over UDP (RFC 1035, section 4.2.1).
type dnsDatagrams struct{ dnsFlow }

func startDNSDatagrams(n *Namer) datagramReader {
	last := len(n.dns.flows) - 1
	if last < 0 {
		return new(dnsDatagrams)
	}
	r := n.dns.flows[last]
	n.dns.flows = n.dns.flows[:last]
	return r
}

func (r *dnsDatagrams) read(n *Namer, _ *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	r.message(n, m, payload, m.Full)
	return flow.Go
}

func (r *dnsDatagrams) close(n *Namer) {
	r.dnsFlow.close(n)
	n.dns.flows = append(n.dns.flows, r)
}

// detectDNSDatagram is lenient on port 53, where damaged and odd messages are DNS still, and strict on all others.
func detectDNSDatagram(m *flow.Meta, payload []byte) bool {
	d, ok := readDNSHeader(payload)
	switch {
	case !ok || relativeOfDNS(m):
		return false
	case onPort(m, portDNS):
		return d.likely(m.Full) && !d.empty()
	}
	return d.well()
}

// relativeOfDNS says whether a datagram belongs to a protocol with DNS's message format and names of its own.
func relativeOfDNS(m *flow.Meta) bool {
	return onPort(m, portMDNS) || onPort(m, portLLMNR) || onPort(m, portNBNS)
}

// maxOpcode is the highest opcode in use: DSO (RFC 8490, section 5).
const maxOpcode = 6

// likely says whether the header is one that DNS uses, for a message of size bytes.
func (d *dnsMessage) likely(size int) bool {
	return d.opcode() <= maxOpcode && d.fits(size-dnsHeaderSize) && (d.response() || d.flags&dnsRCode == 0)
}

// empty says whether the header announces nothing, as zeroes do, and a refusal without its question.
func (d *dnsMessage) empty() bool { return d.count == [4]uint16{} }

// dnsFlow reads the messages of one flow, both directions, and matches answers to questions.
type dnsFlow struct {
	first, last uint32 // of its questions in the shard's window, oldest first; 0: none
	count       int
}

// message reads one DNS message, of size bytes by its headers. What parses before the first damage is used on port 53; elsewhere
// a message must be whole.
func (f *dnsFlow) message(n *Namer, m *flow.Meta, msg []byte, size int) {
	d, ok := readDNSHeader(msg)
	if !ok || !d.likely(size) || !onPort(m, portDNS) && !d.well() {
		return
	}
	switch {
	case d.opcode() != 0: // updates and notifications ask nobody for an address
	case d.response():
		f.response(n, m, &d)
	default:
		f.queries(n, m, &d)
	}
}

// queries remembers the questions of a query.
func (f *dnsFlow) queries(n *Namer, m *flow.Meta, d *dnsMessage) {
	for range maxMessageQuestions {
		k := dnsKey{id: d.id, dir: m.Dir}
		if !d.ask(&k, &n.dns.query) {
			return
		}
		if q := f.find(n, &k); q == nil || q.answered { // else the client asks again
			f.ask(n, m, &k)
		}
	}
}

// ask reads the next question into k, and its name into buf.
func (d *dnsMessage) ask(k *dnsKey, buf *[]byte) (ok bool) {
	*buf, k.qtype, k.class, ok = d.question((*buf)[:0])
	k.name = *buf
	return ok
}

// ask takes one more question into the window, and what the limits ask for out of it.
func (f *dnsFlow) ask(n *Namer, m *flow.Meta, k *dnsKey) {
	w := &n.dns.window
	if f.count == maxFlowQuestions {
		n.dropQuestion(f.first, m.Time)
	}
	for w.bytes+questionSize+len(k.name) > maxWindowBytes {
		n.dropQuestion(w.oldest, m.Time)
	}
	w.add(f, k, m)
}

// dropQuestion takes the oldest question of its flow out for want of room at time now.
func (n *Namer) dropQuestion(i uint32, now int64) {
	if q := n.dns.window.at(i); !q.answered {
		if now-q.asked.Time < dnsPatience {
			n.hit(limitQuestions)
		}
		q.report(n, dnsUnanswered)
	}
	n.dns.window.remove(i)
}

// find returns the latest question that is k, or nil.
func (f *dnsFlow) find(n *Namer, k *dnsKey) *dnsQuestion {
	for i := f.last; i != 0; {
		q := n.dns.window.at(i)
		if q.is(k) {
			return q
		}
		i = q.earlier
	}
	return nil
}

// response reports the records of a response, and the questions that it answers. Its records are an answer where its first question
// was seen; one without questions (an error, the later messages of a zone transfer) answers what has its id.
func (f *dnsFlow) response(n *Namer, m *flow.Meta, d *dnsMessage) {
	s := &n.dns
	k := dnsKey{id: d.id, dir: m.Dir ^ 1}
	if d.count[questions] > 0 && !d.ask(&k, &s.query) {
		return
	}
	q := f.find(n, &k)
	if k.name == nil {
		s.query = s.query[:0]
		if q != nil {
			s.query = append(s.query, q.name...)
		}
	}
	more := *d
	if !d.skipQuestions() {
		return
	}
	n.row.begin(DNS, m)
	n.row.turn()
	n.row.Unsolicited = q == nil
	rcode := n.dnsRecords(d)
	q.answer(n, rcode)
	for range min(more.count[questions], maxMessageQuestions) {
		if !more.ask(&k, &s.query) {
			return
		}
		f.find(n, &k).answer(n, rcode)
	}
}

// answer reports a question with the response's code, once. A nil question was not seen.
func (q *dnsQuestion) answer(n *Namer, rcode uint16) {
	if q != nil && !q.answered {
		q.answered = true
		q.report(n, dnsRCodeName(rcode))
	}
}

// report gives out the row of a question: its time and frame are those of the query.
func (q *dnsQuestion) report(n *Namer, rcode string) {
	row := &n.row
	row.begin(DNSQuery, &q.asked)
	row.Name, row.RRType, row.RCode = q.name, dnsTypeName(q.qtype), rcode
	n.sink.Add(row)
}

// dnsRecords reports the records of a response under the ends that n.row holds: all of the answers, and the addresses and aliases of
// the other sections. It returns the response code, to which EDNS may add bits (RFC 6891, section 6.1.3).
func (n *Namer) dnsRecords(d *dnsMessage) (rcode uint16) {
	s := &n.dns
	rcode = d.flags & dnsRCode
	var r dnsRecord
	for {
		if !d.record(&s.owner, &r) {
			return rcode
		}
		switch {
		case r.rtype == rrOPT:
			rcode |= uint16(r.ttl>>24) << 4
		case r.class == classIN && (r.section == answers || r.rtype == rrA || r.rtype == rrAAAA || r.rtype == rrCNAME):
			n.dnsRecord(d.whole, &r)
		}
	}
}

// dnsRecord reports one record, whose owner n.dns holds.
func (n *Namer) dnsRecord(msg []byte, r *dnsRecord) {
	s := &n.dns
	var ok bool
	if s.value, ok = appendDNSValue(s.value[:0], msg, r); !ok {
		return
	}
	n.row.Query = s.query
	if r.section != answers {
		n.row.Query = nil // the address of a name server is none of the name that was asked for
	}
	n.row.Name, n.row.Value, n.row.RRType, n.row.TTL = s.owner, s.value, dnsTypeName(r.rtype), r.seconds()
	n.sink.Add(&n.row)
}

// seconds is the TTL; one with the top bit set counts as zero (RFC 2181, section 8).
func (r *dnsRecord) seconds() uint32 {
	if r.ttl >= 1<<31 {
		return 0
	}
	return r.ttl
}

// close reports the questions that stay unanswered.
func (f *dnsFlow) close(n *Namer) {
	w := &n.dns.window
	for f.first != 0 {
		if q := w.at(f.first); !q.answered {
			q.report(n, dnsUnanswered)
		}
		w.remove(f.first)
	}
}
