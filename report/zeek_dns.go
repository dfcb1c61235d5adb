package report

import (
	"slices"
	"strings"

	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
)

// Bounds of what waits.
const (
	maxWaiting = 1 << 14 // questions that wait for their answers: as many as a resolver asks in some seconds
	maxAlike   = 16      // of these, with the same ends and name: types, and repetitions
)

// dns writes a line a question, with the answers that came to it, and one for answers of which it is not known to which question they belong.
func (z *zeek) dns(w *zeekWriter) error {
	l := &lookups{z: z, w: w, open: map[lookupKey][]*lookup{}}
	if err := z.r.EachName(l.read); err != nil {
		return err
	}
	if err := l.settle(); err != nil {
		return err
	}
	return l.flush(0)
}

// answersQuestion says whether a row is a record of an answer; those of the other sections have no question.
func answersQuestion(n *hostname.Name) bool { return n.Kind == hostname.DNS && len(n.Query) > 0 }

// lookups are questions that wait for their answers, which come later in the order of facts.
type lookups struct {
	z       *zeek
	w       *zeekWriter
	waiting []*lookup               // lines to be written, in their order
	open    map[lookupKey][]*lookup // of these, the questions that were answered by something not met yet, in their order
	message message                 // being read
}

// lookupKey is what a question and its answers have alike. Facts have not the number of the message.
type lookupKey struct {
	client, server         packet.Addr
	clientPort, serverPort uint16
	transport              packet.Transport
	query                  string // in lower case: a server need not repeat the case of the question
}

func keyOfLookup(n *hostname.Name, query []byte) lookupKey {
	return lookupKey{n.Client, n.Server, n.ClientPort, n.ServerPort, n.Transport, strings.ToLower(string(query))}
}

func zeekQuery(name []byte) zeekCell { return zeekText(hostname.Text(hostname.DNSQuery, name)) }

// lookup is one line.
type lookup struct {
	key     lookupKey
	query   zeekCell
	id      []zeekCell
	at      int64
	kind    string // of the question, "" where it is not known
	rcode   string
	message message
}

// message are the records of one answer.
type message struct {
	key         lookupKey
	query       zeekCell
	capture     uint32
	frame       uint64
	at          int64
	unsolicited bool
	id          []zeekCell
	kinds       []string // of records, beside those that come with any
	answers     []string
	ttls        []int64
}

func (l *lookups) read(n *hostname.Name) error {
	switch {
	case n.Kind == hostname.DNSQuery:
		return l.ask(n)
	case answersQuestion(n):
		return l.answer(n)
	}
	return nil
}

func (l *lookups) ask(n *hostname.Name) error {
	if err := l.settle(); err != nil {
		return err
	}
	q := &lookup{key: keyOfLookup(n, n.Name), query: zeekQuery(n.Name), id: l.z.id(n), at: n.At, kind: n.RRType, rcode: n.RCode}
	if q.rcode == "none" { // no answer was seen
		q.rcode = ""
		return l.wait(q)
	}
	alike := append(l.open[q.key], q)
	l.open[q.key] = alike[max(0, len(alike)-maxAlike):]
	return l.wait(q)
}

func (l *lookups) wait(q *lookup) error {
	l.waiting = append(l.waiting, q)
	if len(l.waiting) > maxWaiting {
		return l.flush(maxWaiting / 2)
	}
	return nil
}

// answer adds one record to the message being read.
func (l *lookups) answer(n *hostname.Name) error {
	m, key := &l.message, keyOfLookup(n, n.Query)
	if len(m.answers) == 0 || m.capture != n.Capture || m.frame != n.Frame || m.key != key {
		if err := l.settle(); err != nil {
			return err
		}
		*m = message{key: key, query: zeekQuery(n.Query), capture: n.Capture, frame: n.Frame, at: n.At, unsolicited: n.Unsolicited, id: l.z.id(n)}
	}
	m.add(n)
	return nil
}

func (m *message) add(n *hostname.Name) {
	const second = 1_000_000_000
	m.answers, m.ttls = append(m.answers, hostname.Text(n.Kind, n.Value)), append(m.ttls, int64(n.TTL)*second)
	switch n.RRType {
	case "CNAME", "DNAME", "RRSIG": // come with records of any type
	default:
		m.kinds = append(m.kinds, n.RRType)
	}
}

// settle gives the message that was read to its question.
func (l *lookups) settle() error {
	m := l.message
	if l.message = (message{}); len(m.answers) == 0 {
		return nil
	}
	if q := l.questionOf(&m); q != nil {
		q.message = m
		return nil
	}
	return l.wait(&lookup{key: m.key, query: m.query, id: m.id, message: m})
}

// questionOf takes the question that a message answers out of those that are open: of those alike the latest, since one that was asked again before that was not answered in time. Nil where it was
// not seen, and where it may be one of several: two that differ in type, for which only an alias came.
func (l *lookups) questionOf(m *message) *lookup {
	if m.unsolicited {
		return nil
	}
	list := l.open[m.key]
	at := -1
	for i, q := range list {
		switch {
		case !m.fits(q.kind):
		case at >= 0 && list[at].kind != q.kind:
			return nil
		default:
			at = i
		}
	}
	if at < 0 {
		return nil
	}
	q := list[at]
	l.close(q)
	return q
}

// fits says whether records are what was asked for.
func (m *message) fits(kind string) bool {
	return len(m.kinds) == 0 || kind == "ANY" || slices.Contains(m.kinds, kind)
}

// close takes a question out of those that are open.
func (l *lookups) close(q *lookup) {
	rest := slices.DeleteFunc(l.open[q.key], func(o *lookup) bool { return o == q })
	if l.open[q.key] = rest; len(rest) == 0 {
		delete(l.open, q.key)
	}
}

// flush writes the oldest lines until only some wait.
func (l *lookups) flush(keep int) error {
	n := len(l.waiting) - keep
	for _, q := range l.waiting[:n] {
		l.close(q)
		if err := l.w.line(append(q.id, q.cells()...)...); err != nil {
			return err
		}
	}
	l.waiting = slices.Delete(l.waiting, 0, n)
	return nil
}

func (q *lookup) cells() []zeekCell {
	rtt := zeekUnset
	if m := &q.message; q.at != 0 && len(m.answers) > 0 && m.at >= q.at {
		rtt = zeekTime(m.at - q.at)
	}
	return []zeekCell{zeekProto(q.key.transport), rtt, q.query, zeekOptional(q.kind), zeekOptional(q.rcode),
		zeekList(q.message.answers), zeekTimes(q.message.ttls)}
}
