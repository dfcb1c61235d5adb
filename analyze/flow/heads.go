package flow

import (
	"math"
	"slices"

	"phonehome/analyze/packet"
)

// head is the state of one flow that is being named.
type head struct {
	conv         Conv
	owner        uint32 // slab position of its entry
	older, newer uint32 // list of all heads in the order in which they were begun
	halves       uint32 // of a stream; 0: none
}

// half is one direction of a TCP stream in naming. next is the sequence number behind the last byte that was read in order; buf holds the
// last of those that the Namer has not used yet.
type half struct {
	next    uint64
	skip    uint64 // bytes that the Namer wants to be passed over
	buf     []byte
	pending []segment
	waiting int // bytes in buf and pending
	begun   bool
	start   bool // the first byte of the stream is known
}

// segment is a piece of a stream that came before its turn. full is its length by its headers, data what was captured of it.
type segment struct {
	seq     uint64
	full    uint64
	data    []byte
	time    int64
	frame   uint64
	capture uint32
}

// heads are the heads of a shard.
type heads struct {
	slab           slab[head]
	halves         slab[[2]half]
	oldest, newest uint32
	waiting        int      // bytes in all halves
	spare          [][]byte // buffers to be used again
	brief          head     // of a flow that has none, while one packet of it is read
	briefHalf      half     // of a stream whose head has none, for as long
}

const maxSpare = 64 // buffers kept for reuse: more are never busy at once in ordinary traffic

// head returns the head of an entry, or one that is for this packet only, until the Namer wants more kept than an entry holds.
func (t *Table) head(e *entry) *head {
	if e.head != 0 {
		return t.heads.slab.at(e.head)
	}
	t.heads.brief = head{conv: Conv{Count: e.count}}
	return &t.heads.brief
}

// keepHead keeps what the Namer wants kept of a flow: in its entry where that is enough, else in a head, which begins then.
func (t *Table) keepHead(at uint32, e *entry, h *head) {
	if e.head != 0 {
		return
	}
	if h.conv.State == nil && h.conv.Protocol == "" && h.halves == 0 {
		e.count = h.conv.Count
		return
	}
	if t.heads.slab.used() >= t.limits.MaxHeads {
		t.limitsHit["stream-heads"]++
		owner := t.heads.slab.at(t.heads.oldest).owner
		t.endHead(t.slab.at(owner))
	}
	i := t.heads.slab.take()
	e.head = i
	n := t.heads.slab.at(i)
	*n = *h
	n.owner, n.older = at, t.heads.newest
	if t.heads.newest != 0 {
		t.heads.slab.at(t.heads.newest).newer = i
	} else {
		t.heads.oldest = i
	}
	t.heads.newest = i
}

// endHead ends the naming of a flow that has a head: what waits is handed on as far as it goes, the Namer lets go, and from now on the flow is only
// counted.
func (t *Table) endHead(e *entry) {
	h := t.heads.slab.at(e.head)
	if h.halves != 0 && t.flush(h, 0) {
		t.flush(h, 1)
	}
	t.dropHead(e, h)
}

// dropHead is endHead without a last look at what waits.
func (t *Table) dropHead(e *entry, h *head) {
	e.protocol = t.rows.protocols.number(h.conv.Protocol)
	e.flags |= namingEnded
	t.namer.Close(&h.conv)
	if h.halves != 0 {
		both := t.heads.halves.at(h.halves)
		t.letGo(&both[0])
		t.letGo(&both[1])
		t.heads.halves.free(h.halves)
	}
	if i := e.head; i != 0 {
		e.head = 0
		t.heads.unlink(i, h)
		*h = head{}
		t.heads.slab.free(i)
	}
}

// letGo gives back what waits in a half, and clears it.
func (t *Table) letGo(f *half) {
	t.heads.waiting -= f.waiting
	t.reuse(f.buf)
	for _, s := range f.pending {
		t.reuse(s.data)
	}
	*f = half{}
}

func (hs *heads) unlink(i uint32, h *head) {
	if h.older != 0 {
		hs.slab.at(h.older).newer = h.newer
	} else {
		hs.oldest = h.newer
	}
	if h.newer != 0 {
		hs.slab.at(h.newer).older = h.older
	} else {
		hs.newest = h.older
	}
}

func (t *Table) reuse(b []byte) {
	if cap(b) > 0 && cap(b) <= t.limits.MaxHeadBytes && len(t.heads.spare) < maxSpare {
		t.heads.spare = append(t.heads.spare, b[:0])
	}
}

// appendBytes is append, beginning with a spare buffer where b has none.
func (t *Table) appendBytes(b, more []byte) []byte {
	if n := len(t.heads.spare); cap(b) == 0 && n > 0 {
		b = t.heads.spare[n-1]
		t.heads.spare = t.heads.spare[:n-1]
	}
	return append(b, more...)
}

// datagram hands a datagram to the Namer.
func (t *Table) datagram(at uint32, e *entry, p *packet.Packet, dir uint8) {
	if p.Transport != packet.UDP && p.Transport != icmp6 {
		e.flags |= namingEnded
		return
	}
	h := t.head(e)
	t.setMeta(p, dir)
	if t.namer.Datagram(&h.conv, &t.meta, p.Payload) == Stop {
		t.dropHead(e, h)
		return
	}
	t.keepHead(at, e, h)
}

// icmp6 carries router advertisements (RFC 4861, section 4.2).
const icmp6 packet.Transport = 58

func (t *Table) setMeta(p *packet.Packet, dir uint8) {
	m := &t.meta
	m.Time, m.Frame, m.Capture = p.Time, p.Frame, p.Capture
	m.Src, m.Dst, m.SrcPort, m.DstPort = p.Src, p.Dst, p.SrcPort, p.DstPort
	m.Transport, m.V6, m.Dir, m.SrcMAC = p.Transport, p.V6, dir, p.SrcMAC
	m.Start, m.Full = false, int(p.PayloadLen)
}

// stream takes the payload of a TCP segment, whose first byte has the number seq, before it is counted.
func (t *Table) stream(at uint32, e *entry, p *packet.Packet, dir uint8, seq uint64) {
	h := t.head(e)
	f := t.half(e, h, dir)
	if !f.begun {
		f.begun, f.start, f.next = true, e.tcpFlags[dir]&packet.SYN != 0, seq
		if f.start {
			f.next = unwrap(seq, e.isn[dir]+1)
		}
	}
	t.setMeta(p, dir)
	data := p.Payload[:min(len(p.Payload), int(p.PayloadLen))]
	if !t.arrive(h, f, segment{seq: seq, full: uint64(p.PayloadLen), data: data}) {
		t.letGo(f)
		t.dropHead(e, h)
		return
	}
	t.keepHalf(e, h, f, dir, max(e.next[dir], seq+uint64(p.PayloadLen)))
	t.keepHead(at, e, h)
}

// half returns one direction of a stream in naming. As long as all bytes come in their order and the Namer uses them at once, the numbers of
// the entry say all of it, and it is made for one packet.
func (t *Table) half(e *entry, h *head, dir uint8) *half {
	if h.halves != 0 {
		return &t.heads.halves.at(h.halves)[dir]
	}
	t.heads.briefHalf = e.half(dir)
	return &t.heads.briefHalf
}

// half is what the entry says of one direction of a stream of which nothing waits.
func (e *entry) half(dir uint8) half {
	return half{begun: e.flags&(readFirst<<dir) != 0, start: e.flags&(midFirst<<dir) == 0, next: e.next[dir]}
}

// keepHalf keeps what was made for one packet. next is the number that the entry will have, behind the last byte seen.
func (t *Table) keepHalf(e *entry, h *head, f *half, dir uint8, next uint64) {
	if h.halves != 0 {
		return
	}
	if e.flags |= readFirst << dir; !f.start {
		e.flags |= midFirst << dir
	}
	if f.next == next && f.skip == 0 && f.waiting == 0 && len(f.pending) == 0 {
		t.letGo(f)
		return
	}
	h.halves = t.heads.halves.take()
	both := t.heads.halves.at(h.halves)
	both[dir], both[1-dir] = *f, e.half(1-dir)
	*f = half{}
}

// arrive takes one segment of a half; it reports false when the Namer wants no more of the flow.
func (t *Table) arrive(h *head, f *half, s segment) bool {
	if s.seq > f.next {
		return t.wait(h, f, s)
	}
	if !t.inOrder(h, f, s) {
		return false
	}
	return t.drain(h, f)
}

// drain hands on the pending segments whose turn has come.
func (t *Table) drain(h *head, f *half) bool {
	for len(f.pending) > 0 && f.pending[0].seq <= f.next {
		s := f.pending[0]
		f.pending = slices.Delete(f.pending, 0, 1)
		t.hold(f, -len(s.data))
		ok := t.inOrder(h, f, s)
		t.reuse(s.data)
		if !ok {
			return false
		}
	}
	return true
}

// hold accounts for bytes that wait.
func (t *Table) hold(f *half, n int) {
	f.waiting += n
	t.heads.waiting += n
}

// wait keeps a segment that came before its turn. Where too much waits already, the bytes missing before the first are given up.
func (t *Table) wait(h *head, f *half, s segment) bool {
	if t.heads.waiting+len(s.data) > t.limits.MaxShardBytes {
		t.limitsHit["shard-bytes"]++
		return false
	}
	i, _ := slices.BinarySearchFunc(f.pending, s.seq, func(p segment, seq uint64) int {
		return int(int64(p.seq - seq))
	})
	if i < len(f.pending) && f.pending[i].seq == s.seq && f.pending[i].full >= s.full {
		return true // sent again
	}
	s.data = t.appendBytes(nil, s.data)
	s.time, s.frame, s.capture = t.meta.Time, t.meta.Frame, t.meta.Capture
	f.pending = slices.Insert(f.pending, i, s)
	t.hold(f, len(s.data))
	if len(f.pending) <= t.limits.MaxPending && f.waiting <= t.limits.MaxHeadBytes {
		return true
	}
	t.limitsHit["stream-bytes"]++
	return t.giveUp(h, f, f.pending[0].seq-f.next) && t.drain(h, f)
}

// flush hands on all that waits when a flow ends: each gap is given up. It reports false when the Namer wants no more.
func (t *Table) flush(h *head, dir uint8) bool {
	f := &t.heads.halves.at(h.halves)[dir]
	for len(f.pending) > 0 {
		s := &f.pending[0]
		t.flushMeta(h, s, dir)
		if !t.giveUp(h, f, s.seq-f.next) || !t.drain(h, f) {
			return false
		}
	}
	return true
}

// flushMeta makes the meta data of a pending segment that is read when its flow ends: its own time and frame.
func (t *Table) flushMeta(h *head, s *segment, dir uint8) {
	e := t.slab.at(h.owner)
	m := &t.meta
	*m = Meta{Time: s.time, Frame: s.frame, Capture: s.capture, Transport: packet.TCP, V6: e.key.v6(), Dir: dir, SrcMAC: e.macs[dir]}
	m.Src, m.SrcPort = e.key.end(dir)
	m.Dst, m.DstPort = e.key.end(1 - dir)
}

// inOrder hands on a segment whose turn has come, without the part that was read before.
func (t *Table) inOrder(h *head, f *half, s segment) bool {
	end := s.seq + s.full
	if end <= f.next {
		return true
	}
	old := f.next - s.seq
	data := s.data[min(old, uint64(len(s.data))):]
	if len(data) > 0 && !t.feed(h, f, data) {
		return false
	}
	if end > f.next { // the rest was not captured
		return t.giveUp(h, f, end-f.next)
	}
	return true
}

// feed hands the Namer bytes that follow those it has seen.
func (t *Table) feed(h *head, f *half, data []byte) bool {
	f.next += uint64(len(data))
	n := min(f.skip, uint64(len(data)))
	f.skip -= n
	if data = data[n:]; len(data) == 0 {
		return true
	}
	view, held := data, len(f.buf)
	if held > 0 {
		f.buf = t.appendBytes(f.buf, data)
		t.hold(f, len(data))
		view = f.buf
	}
	t.meta.Start, t.meta.Full, t.meta.Held = f.start, len(view), held
	used, more := t.namer.Stream(&h.conv, &t.meta, view)
	if more == Stop {
		return false
	}
	return t.keep(h, f, view, used)
}

// keep holds on to what the Namer has not used of view, which is f.buf or a packet's payload.
func (t *Table) keep(h *head, f *half, view []byte, used int) bool {
	held := len(f.buf)
	if used >= len(view) {
		f.skip = uint64(used - len(view))
		f.buf = f.buf[:0]
		t.hold(f, -held)
		return true
	}
	if held > 0 {
		f.buf = f.buf[:copy(f.buf, view[used:])]
	} else {
		f.buf = t.appendBytes(f.buf, view[used:])
	}
	t.hold(f, len(f.buf)-held)
	if t.heads.waiting > t.limits.MaxShardBytes {
		t.limitsHit["shard-bytes"]++
		return false
	}
	if f.waiting > t.limits.MaxHeadBytes {
		t.limitsHit["stream-bytes"]++
		return t.giveUp(h, f, 0)
	}
	return true
}

// giveUp says that n bytes will not come; unused bytes before them are let go.
func (t *Table) giveUp(h *head, f *half, n uint64) bool {
	f.next += n
	skipped := min(f.skip, n)
	f.skip -= skipped
	if n > 0 && skipped == n {
		return true // nobody wanted them
	}
	t.hold(f, -len(f.buf))
	f.buf = f.buf[:0]
	f.start = false
	t.meta.Start = false
	return t.namer.Gap(&h.conv, &t.meta, int64(min(n-skipped, math.MaxInt64))) != Stop
}
