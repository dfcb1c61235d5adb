package report

import (
	"slices"
	"strconv"

	"phonehome/analyze/hostname"
)

// maxWaiting is how many questions wait for their answers at a time: as many as a resolver asks in some seconds.
const maxWaiting = 1 << 14

// dns writes a line a question, with the answers that came to it.
func (z *zeek) dns(w *zeekWriter) error {
	l := &lookups{z: z, w: w, byKey: map[lookupKey][]*lookup{}}
	err := z.r.EachName(func(n *hostname.Name) error {
		switch {
		case n.Kind == hostname.DNSQuery:
			return l.ask(n)
		case n.Kind == hostname.DNS && !n.Unsolicited:
			l.answer(n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return l.flush(0)
}

// lookups are questions that wait for their answers, which come later in the order of facts.
type lookups struct {
	z       *zeek
	w       *zeekWriter
	waiting []*lookup // in the order in which they were asked
	byKey   map[lookupKey][]*lookup
}

type lookupKey struct {
	ends  zeekEnds
	query string
}

// lookup is one question.
type lookup struct {
	key           lookupKey
	id            []string
	proto, kind   string
	rcode         string
	answers, ttls []string
	capture       uint32
	frame         uint64 // of the answer
}

func keyOfLookup(n *hostname.Name, query []byte) lookupKey {
	return lookupKey{endsOf(n.Transport, n.Client, n.ClientPort, n.Server, n.ServerPort), string(query)}
}

func (l *lookups) ask(n *hostname.Name) error {
	q := &lookup{key: keyOfLookup(n, n.Name), id: l.z.id(n), proto: zeekProto(n.Transport), kind: n.RRType, rcode: n.RCode}
	l.waiting = append(l.waiting, q)
	l.byKey[q.key] = append(l.byKey[q.key], q)
	if len(l.waiting) > maxWaiting {
		return l.flush(maxWaiting / 2)
	}
	return nil
}

// answer adds one record to the question that it belongs to: one of that message already, else one of its type, else the first that has no answer.
func (l *lookups) answer(n *hostname.Name) {
	list := l.byKey[keyOfLookup(n, n.Query)]
	for _, fits := range []func(q *lookup) bool{
		func(q *lookup) bool { return q.frame == n.Frame && q.capture == n.Capture },
		func(q *lookup) bool { return q.frame == 0 && q.kind == n.RRType },
		func(q *lookup) bool { return q.frame == 0 },
	} {
		if i := slices.IndexFunc(list, fits); i >= 0 {
			list[i].add(n)
			return
		}
	}
}

func (q *lookup) add(n *hostname.Name) {
	q.frame, q.capture = n.Frame, n.Capture
	q.answers = append(q.answers, hostname.Text(n.Kind, n.Value))
	q.ttls = append(q.ttls, strconv.FormatUint(uint64(n.TTL), 10)+".000000")
}

// flush writes the oldest questions until only some wait.
func (l *lookups) flush(keep int) error {
	for len(l.waiting) > keep {
		q := l.waiting[0]
		l.waiting = l.waiting[1:]
		rest := slices.DeleteFunc(l.byKey[q.key], func(o *lookup) bool { return o == q })
		if l.byKey[q.key] = rest; len(rest) == 0 {
			delete(l.byKey, q.key)
		}
		if err := l.w.line(append(q.id, q.cells()...)...); err != nil {
			return err
		}
	}
	return nil
}

func (q *lookup) cells() []string {
	rcode := q.rcode
	if rcode == "none" {
		rcode = "" // no answer was seen
	}
	return []string{q.proto, zeekText(hostname.Text(hostname.DNSQuery, []byte(q.key.query))), zeekText(q.kind), zeekText(rcode), zeekList(q.answers), zeekList(q.ttls)}
}
