// Package flow says who talks to whom and how much: it counts packets into flows and hands the heads of their streams to a Namer.
package flow

import (
	"phonehome/analyze/packet"
)

// Table is the flow table of one shard. It is used by one goroutine at a time.
type Table struct {
	limits Limits
	least  int64 // the shorter of the two idle times: most gaps are shorter still
	namer  Namer

	index   []slot // open addressing, linear probing
	mask    uint32
	slab    slab[entry]
	begun   chunks[uint64] // frame of the first packet, by number of the entry: not looked at before the flow ends
	oldest  uint32         // ring position from which eviction looks for an open flow
	extras  slab[extra]
	holes   slab[holes]
	heads   heads
	earlier *earlier // nil until a flow needs it
	long    longLog
	rows    Rows

	touched   uint64 // packets since the last sweep
	sweepAt   int64  // capture time of the next sweep
	swept     bool
	meta      Meta
	limitsHit map[string]uint64
}

// NewTable returns an empty table that reports stream heads to n.
func NewTable(l Limits, n Namer) *Table {
	t := &Table{limits: l, least: min(l.IdleOther, l.IdleEstablished), namer: n, limitsHit: map[string]uint64{}}
	t.grow()
	return t
}

// Add counts one packet of class Flow or OtherIP; pair is p.Hash(). p and its payload are not kept.
func (t *Table) Add(p *packet.Packet, pair uint64) {
	Count([]Item{{Packet: *p, Pair: pair, Table: t}})
}

// ended says whether a packet of an open flow's key begins another row.
func (t *Table) ended(e *entry, p *packet.Packet, dir uint8) bool {
	return p.Time-e.last > t.least && t.idle(e, p.Time) || e.full() || p.Flags&packet.SYN != 0 && p.Transport == packet.TCP && e.reopens(p, dir)
}

// idle says whether e has been silent for too long at now.
func (t *Table) idle(e *entry, now int64) bool {
	gap := now - e.last
	switch {
	case gap <= t.least:
		return false
	case e.established():
		return gap > t.limits.IdleEstablished
	}
	return gap > t.limits.IdleOther
}

// count adds p to e, and hands its payload on where a Namer still wants it.
func (t *Table) count(at uint32, e *entry, p *packet.Packet, dir uint8) {
	before := e.last
	e.first = min(e.first, p.Time)
	if p.Capture != e.lastCap {
		t.turnCapture(e)
	}
	e.countPacket(p, dir)
	if p.Transport == packet.TCP {
		t.countTCP(at, e, p, dir, before)
		return
	}
	if p.PayloadLen == 0 {
		return
	}
	if t.copied(at, e, p, dir, before) {
		t.extra(e).duplicates++
		return
	}
	t.addPayload(e, dir, uint64(p.PayloadLen), p.Time, before)
	if e.flags&namingEnded == 0 && len(p.Payload) > 0 {
		t.datagram(at, e, p, dir)
	}
}

func (t *Table) countTCP(at uint32, e *entry, p *packet.Packet, dir uint8, before int64) {
	if p.NoSeq {
		if p.PayloadLen > 0 {
			t.addPayload(e, dir, uint64(p.PayloadLen), p.Time, before) // too much rather than nothing
		}
		return
	}
	if p.PayloadLen > 0 || p.Flags&(packet.SYN|packet.FIN) != 0 {
		if found, _ := e.recent.seen(sightOf(p, dir), p.Time, before); found {
			t.extra(e).duplicates++
			return
		}
	}
	seq := t.sequence(e, p, dir)
	e.tcpFlags[dir] |= p.Flags
	if p.PayloadLen == 0 {
		return
	}
	if e.flags&namingEnded == 0 {
		t.stream(at, e, p, dir, seq)
	}
	t.segment(e, p, dir, seq, before)
}

// sequence returns the 64-bit sequence number of p's first payload byte and begins the direction's count where p is its first.
func (t *Table) sequence(e *entry, p *packet.Packet, dir uint8) uint64 {
	seq := p.Seq
	if p.Flags&packet.SYN != 0 {
		seq++ // the SYN takes one number (RFC 9293, section 3.4)
		opener := dir
		if p.Flags&packet.ACK != 0 {
			opener = 1 - dir
		}
		e.flags |= synFirst << opener
	}
	switch begins := p.Flags&packet.SYN != 0 && p.Seq != e.isn[dir]; {
	case e.packets[dir] == 1 || e.next[dir] == 0, begins && e.tcpFlags[dir]&packet.SYN == 0:
		e.isn[dir] = seq - 1
		e.next[dir] = firstNumber(seq)
	case begins:
		t.beginAgain(e, dir, seq)
	}
	return unwrap(e.next[dir], seq)
}

// beginAgain takes a second SYN+ACK with another number than the first, of another server or of one that forgot. Which of them the client took is not known
// yet: it goes on behind the greater, or fills what lies between the two.
func (t *Table) beginAgain(e *entry, dir uint8, seq uint32) {
	next := e.next[dir]
	other := unwrap(next, seq)
	t.addHole(e, dir, min(next, other), max(next, other))
	e.isn[dir], e.next[dir] = seq-1, max(next, other)
}

// segment counts the payload bytes of p that were not seen before.
func (t *Table) segment(e *entry, p *packet.Packet, dir uint8, seq uint64, before int64) {
	next, n := e.next[dir], uint64(p.PayloadLen)
	if seq == next {
		e.next[dir] = next + n
		t.addPayload(e, dir, n, p.Time, before)
		return
	}
	if seq > next {
		t.addHole(e, dir, next, seq)
		e.next[dir] = seq + n
		t.addPayload(e, dir, n, p.Time, before)
		return
	}
	end := seq + n
	t.openBelow(e, dir, seq, end)
	var fresh uint64
	if end > next {
		fresh, e.next[dir] = end-next, end
	}
	if h := t.holesOf(e, dir); h != nil {
		fresh += h.fill(seq, end)
	}
	if fresh == 0 {
		t.extra(e).retransmitted++
		return
	}
	t.addPayload(e, dir, fresh, p.Time, before)
}

// openBelow makes a gap of what lies below the first number that was seen of a stream, once something comes from there: of a stream that began before
// the capture it may have been overtaken. One byte just below is a keep-alive (RFC 9293, section 3.8.4).
func (t *Table) openBelow(e *entry, dir uint8, seq, end uint64) {
	first := firstNumber(e.isn[dir] + 1)
	known := e.tcpFlags[dir]&packet.SYN != 0 || e.flags&(belowFirst<<dir) != 0
	if known || seq >= first || seq+1 == first && end == first {
		return
	}
	e.flags |= belowFirst << dir
	t.addHole(e, dir, first-halfNumbers, first)
}

const hourNS = 3600e9

// addPayload adds n bytes of payload, in the UTC hour of now. before is when the packet before it came.
func (t *Table) addPayload(e *entry, dir uint8, n uint64, now, before int64) {
	if h := HourOf(now); h != e.hour {
		t.turnHour(e, h)
	}
	if now-before >= EventGap {
		t.long.event(t.extra(e), now, t.limits.MaxEvents, t.limitsHit)
	}
	e.payload[dir] += n
}

// HourOf is the UTC hour, since 1970, of a time in ns.
func HourOf(ns int64) int32 {
	h := ns / hourNS
	if ns%hourNS < 0 {
		h--
	}
	return int32(h)
}

// open puts a new flow into the table.
func (t *Table) open(it *Item) (uint32, *entry) {
	if t.slab.used() >= t.limits.MaxActive {
		t.limitsHit["active-flows"]++
		t.evict()
	}
	if uint32(t.slab.used()) >= t.mask/4*3 {
		t.grow()
	}
	at, p := t.slab.take(), &it.Packet
	e := t.slab.at(at)
	*e = entry{} // and filled in place: a literal would be made beside it and copied
	e.key, e.first, e.last, e.hour, e.vlan, e.lastCap = it.key, p.Time, p.Time, HourOf(p.Time), p.VLAN, p.Capture
	t.begun.reach(at)
	*t.begun.at(at) = p.Frame
	if p.Tunnel != 0 {
		t.extra(e).tunnel = p.Tunnel
	}
	if it.dir == 1 {
		e.flags |= fromSecond
	}
	t.insert(slot{it.hash, at})
	return at, e
}

// evict ends the open flow that lies first in the slab from where the last eviction stopped: in a full slab, positions are taken
// in the order of opening, so that this is near the oldest.
func (t *Table) evict() {
	for {
		t.oldest = t.oldest%uint32(t.slab.size()) + 1
		if t.slab.live(t.oldest) {
			t.finish(t.oldest)
			return
		}
	}
}

// sweepEvery is the capture time between two sweeps for idle flows, as a share of the shorter idle time.
const sweepShare = 4

// due says whether flows should be swept at now: no more often than that many packets were counted, so that no clock in a capture can make it
// slow.
func (t *Table) due(now int64) bool {
	return !t.swept || now >= t.sweepAt && t.touched >= uint64(t.slab.used())
}

// sweep ends the flows that are idle at now.
func (t *Table) sweep(now int64) {
	t.swept, t.touched, t.sweepAt = true, 0, now+t.limits.IdleOther/sweepShare
	for at := uint32(1); at <= uint32(t.slab.size()); at++ {
		if !t.slab.live(at) {
			continue
		}
		if t.idle(t.slab.at(at), now) {
			t.finish(at)
		}
	}
}

// Finish ends all flows, and returns how many places of flows that frees. The table's rows are complete then.
func (t *Table) Finish() (freed int) {
	for at := uint32(1); at <= uint32(t.slab.size()); at++ {
		if t.slab.live(at) {
			t.finish(at)
		}
	}
	freed = t.slab.size()
	t.index, t.slab, t.begun, t.extras, t.holes, t.earlier, t.heads, t.long, t.namer = nil, slab[entry]{}, nil, slab[extra]{}, slab[holes]{}, nil, heads{}, longLog{}, nil
	return freed
}

// Rows are the flows that have ended, in the order in which they did.
func (t *Table) Rows() *Rows { return &t.rows }

// LimitsHit counts the limits that bit, by name.
func (t *Table) LimitsHit() map[string]uint64 { return t.limitsHit }

// finish ends one flow: its head is closed, its row kept, its place freed.
func (t *Table) finish(at uint32) {
	e := t.slab.at(at)
	if e.head != 0 {
		t.endHead(e)
	}
	row := e.row()
	row.FirstFrame, row.Protocol = *t.begun.at(at), t.rows.protocols.text(e.protocol)
	if e.extra != 0 {
		t.endExtra(e, &row)
	}
	t.rows.Add(&row)
	t.remove(at)
	e.key = key{} // no packet's
	t.slab.free(at)
}
