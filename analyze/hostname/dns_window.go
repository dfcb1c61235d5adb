package hostname

import (
	"bytes"

	"phonehome/analyze/flow"
)

const (
	// maxFlowQuestions is how many questions of one flow are remembered: a resolver that asks from one port has fewer than that under
	// way, and a search through all takes less than a microsecond. One more pushes out the oldest.
	maxFlowQuestions = 256
	// maxMessageQuestions is how many questions of one message are read; nobody writes more than one (RFC 9619).
	maxMessageQuestions = 8
	// maxWindowBytes bounds the memory of the questions that one shard remembers, about 3,000 of them: 512 KiB, 32 MiB for all shards. One
	// more pushes out the oldest of the shard.
	maxWindowBytes = 512 << 10
	// questionSize is what a question takes beside its name.
	questionSize = 160
	// maxKeptName is the longest room for a name that is kept for the next question, in bytes.
	maxKeptName = 128

	// dnsPatience is how long an answer is waited for, in nanoseconds: stub resolvers give up after 30 seconds at most (resolv.conf(5), the
	// greatest timeout). A question that is older is lost by no limit.
	dnsPatience = 30e9

	// limitQuestions counts the questions that were pushed out while their answer could still come.
	limitQuestions = "dns-questions"
)

// dnsQuestion is one question that was asked, kept after its answer so that answers that come twice are still answers.
type dnsQuestion struct {
	older, newer *dnsQuestion // in the shard's window
	flow         *dnsFlow
	asked        flow.Meta // of the first query that asked it
	name         []byte    // presentation form
	id, qtype    uint16
	class        uint16
	answered     bool
}

// is says whether q is the question that a message of id, sent in direction dir, asks. A nil name stands for any.
func (q *dnsQuestion) is(k *dnsKey) bool {
	return q.id == k.id && q.asked.Dir == k.dir && (k.name == nil || q.qtype == k.qtype && q.class == k.class && bytes.EqualFold(q.name, k.name))
}

// dnsKey is what makes two questions of a flow the same.
type dnsKey struct {
	name      []byte
	id, qtype uint16
	class     uint16
	dir       uint8 // that the query was sent in
}

// dnsWindow holds the latest questions of a shard, oldest first.
type dnsWindow struct {
	oldest, newest *dnsQuestion
	free           *dnsQuestion // linked by newer
	bytes          int
}

// add takes a new question into the window.
func (w *dnsWindow) add(f *dnsFlow, k *dnsKey, m *flow.Meta) *dnsQuestion {
	q := w.free
	if q == nil {
		q = new(dnsQuestion)
	} else {
		w.free = q.newer
	}
	q.flow, q.asked, q.name, q.answered = f, *m, append(q.name[:0], k.name...), false
	q.id, q.qtype, q.class, q.older, q.newer = k.id, k.qtype, k.class, w.newest, nil
	if w.newest == nil {
		w.oldest = q
	} else {
		w.newest.newer = q
	}
	w.newest = q
	w.bytes += questionSize + len(q.name)
	return q
}

// remove takes a question out of the window.
func (w *dnsWindow) remove(q *dnsQuestion) {
	if q.older == nil {
		w.oldest = q.newer
	} else {
		q.older.newer = q.newer
	}
	if q.newer == nil {
		w.newest = q.older
	} else {
		q.newer.older = q.older
	}
	w.bytes -= questionSize + len(q.name)
	if cap(q.name) > maxKeptName {
		q.name = nil
	}
	q.flow, q.older, q.newer = nil, nil, w.free
	w.free = q
}
