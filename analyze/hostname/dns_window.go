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
	// questionSize is what a question takes beside its name, with the room that it has for a short one.
	questionSize = 160
	// questionChunk is how many questions are allocated at a time: the 64 shards of a small capture should stay small.
	questionChunk = 16
	// shortName is the room for a name that a question has from the start, in bytes.
	shortName = 24
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
	asked          flow.Meta // of the first query that asked it
	name           []byte    // presentation form
	flow           *dnsFlow
	older, newer   uint32 // in the shard's window
	earlier, later uint32 // in the flow
	id, qtype      uint16
	class          uint16
	answered       bool
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

// dnsWindow holds the latest questions of a shard, oldest first. They are numbered from 1, and linked by number: the garbage collector would have to follow
// each pointer.
type dnsWindow struct {
	chunks         []*[questionChunk]dnsQuestion
	oldest, newest uint32
	free           uint32 // linked by newer
	made           uint32 // questions in chunks that were ever used
	bytes          int
}

// at returns the question of a number.
func (w *dnsWindow) at(i uint32) *dnsQuestion {
	return &w.chunks[(i-1)/questionChunk][(i-1)%questionChunk]
}

// take returns the number of a question that is not in use.
func (w *dnsWindow) take() uint32 {
	if i := w.free; i != 0 {
		w.free = w.at(i).newer
		return i
	}
	if int(w.made) == len(w.chunks)*questionChunk {
		w.grow()
	}
	w.made++
	return w.made
}

// grow makes questions, whose names have room side by side.
func (w *dnsWindow) grow() {
	chunk, names := new([questionChunk]dnsQuestion), make([]byte, questionChunk*shortName)
	for i := range chunk {
		at := i * shortName
		chunk[i].name = names[at : at : at+shortName]
	}
	w.chunks = append(w.chunks, chunk)
}

// add takes a new question into the window, the last of its flow.
func (w *dnsWindow) add(f *dnsFlow, k *dnsKey, m *flow.Meta) {
	i := w.take()
	q := w.at(i)
	q.flow, q.asked, q.name, q.answered = f, *m, append(q.name[:0], k.name...), false
	q.id, q.qtype, q.class = k.id, k.qtype, k.class
	q.older, q.newer, q.earlier, q.later = w.newest, 0, f.last, 0
	if w.newest == 0 {
		w.oldest = i
	} else {
		w.at(w.newest).newer = i
	}
	w.newest = i
	if f.last == 0 {
		f.first = i
	} else {
		w.at(f.last).later = i
	}
	f.last = i
	f.count++
	w.bytes += questionSize + len(q.name)
}

// remove takes the first question of its flow out of the window.
func (w *dnsWindow) remove(i uint32) {
	q := w.at(i)
	if q.older == 0 {
		w.oldest = q.newer
	} else {
		w.at(q.older).newer = q.newer
	}
	if q.newer == 0 {
		w.newest = q.older
	} else {
		w.at(q.newer).older = q.older
	}
	f := q.flow
	if f.first = q.later; f.first == 0 {
		f.last = 0
	} else {
		w.at(f.first).earlier = 0
	}
	f.count--
	w.bytes -= questionSize + len(q.name)
	if cap(q.name) > maxKeptName {
		q.name = nil
	}
	q.flow, q.newer = nil, w.free
	w.free = i
}
