package packet

import (
	"bytes"
	"math"
	"slices"
)

// piece is what a fragment header says.
type piece struct {
	id   uint32
	at   int // offset in the datagram, bytes
	more bool
}

// fragments keeps the fragments of datagrams that are not whole yet. Where fragments overlap, the bytes that came first stay: a
// sender has no reason to overlap, so that either choice is a guess, and this one can't be changed by what comes later.
type fragments struct {
	limits  Limits
	hit     map[string]uint64
	waiting map[fragmentKey]*datagram
	order   []*datagram // by arrival of the first fragment; gone ones are marked
	bytes   int
	holder  *datagram // the one that took the last fragment; nil where that one was given up at once
	lately  [keptWhole]finished
	next    int // place in lately of the one that became whole first
}

type fragmentKey struct {
	src, dst Addr
	id       uint32
	proto    byte
	v6       bool
	capture  uint32
}

const (
	maxDatagram   = 64 << 10
	fragmentUnit  = 8 // offsets count in 8 bytes (RFC 791, section 3.1)
	datagramUnits = maxDatagram / fragmentUnit
	heldFrame     = 256 // bytes that what is known of a frame takes, in a slice that grows

	keptWhole = 8 // datagrams that are remembered when they are whole: a mirror of both ways of a port has others between
)

// datagram is one in the making.
type datagram struct {
	key    fragmentKey
	frames []Packet // of its fragments, without payload
	data   []byte
	have   [datagramUnits / 64]uint64 // units that are there
	units  int
	total  int // length, once the last fragment is known; else -1
	whole  int // bytes from the start that were captured
	began  int64
	gone   bool
}

// finished is a datagram that became whole, remembered for the copies of its fragments that a mirror sends right behind them: they are frames
// of its flow, and no datagram that waits.
type finished struct {
	key   fragmentKey
	whole Packet
	body  layer // behind the IP header
}

// finish remembers a datagram.
func (f *fragments) finish(k fragmentKey, whole Packet, body layer) {
	f.lately[f.next] = finished{k, whole, body}
	f.next = (f.next + 1) % keptWhole
}

// copied returns the datagram of which a fragment is a copy: the same bytes at the same place, as far as both were captured, within the time of a copy.
func (f *fragments) copied(k fragmentKey, p piece, l layer, now int64) *Packet {
	for i := range f.lately {
		w := &f.lately[i]
		if age := now - w.whole.Time; w.key != k || age > MirrorWindow || age < -MirrorWindow || p.at+l.wire > w.body.wire {
			continue
		}
		if n := min(len(w.body.b)-p.at, len(l.b)); n <= 0 || bytes.Equal(w.body.b[p.at:][:n], l.b[:n]) {
			return &w.whole
		}
	}
	return nil
}

func (f *fragments) init(l Limits, hit map[string]uint64) {
	f.limits, f.hit, f.waiting = l, hit, map[fragmentKey]*datagram{}
}

// fragment takes one fragment. The frame that completes a datagram is read as the whole.
func (d *Decoder) fragment(proto byte, f piece, l layer) Reason {
	if f.at+l.wire > maxDatagram {
		return BadIP
	}
	p := &d.p
	k := fragmentKey{p.Src, p.Dst, f.id, proto, p.V6, 0}
	d.frags.expire(p.Time, d.giveUp)
	g := d.frags.waiting[k]
	if g == nil {
		if whole := d.frags.copied(k, f, l, p.Time); whole != nil {
			d.without(whole, *p)
			return OK
		}
		d.frags.room(d.giveUp)
		g = d.frags.begin(k, p.Time)
	}
	held := *p
	held.Transport, held.SrcPort, held.DstPort = Transport(proto), 0, 0 // the ports are those of a tunnel around it
	d.frags.hold(g, held)
	d.frags.put(g, f, l)
	d.frags.squeeze(g, d.giveUp)
	d.frags.holder = g
	switch {
	case g.gone:
		d.frags.holder = nil
		return fragmentHeld
	case !g.full():
		return fragmentHeld
	}
	d.frags.forget(g)
	return d.complete(g)
}

// full says that the last fragment is there, and every unit before its end.
func (g *datagram) full() bool {
	n := (g.total + fragmentUnit - 1) / fragmentUnit
	if g.total < 0 || g.units < n {
		return false
	}
	for _, have := range g.have[:n/64] {
		if have != math.MaxUint64 {
			return false
		}
	}
	rest := uint64(1)<<(n%64) - 1
	return rest == 0 || g.have[n/64]&rest == rest
}

// complete reads a whole datagram, and counts the frames before the last on the flow that it turned out to be of.
func (d *Decoder) complete(g *datagram) Reason {
	body := layer{g.data[:min(g.whole, g.total)], g.total}
	var why Reason
	if g.key.v6 {
		why = d.extensions(g.key.proto, body)
	} else {
		why = d.transport(g.key.proto, body)
	}
	before := g.frames[:len(g.frames)-1]
	g.drop()
	if why == fragmentHeld {
		d.passOn(before)
		return why
	}
	if why != OK {
		d.otherIP(g.key.proto, body)
		d.p.Orphan = true
	}
	whole := d.p
	d.frags.finish(g.key, whole, body)
	part := whole
	part.Fragment = true
	for _, h := range before {
		d.emitHeld(&part, h)
	}
	d.p = whole
	return OK
}

// passOn gives the frames before the last one of a datagram to the datagram that waits inside it for more of its own fragments: they are of
// its flow.
func (d *Decoder) passOn(frames []Packet) {
	if to := d.frags.holder; to != nil {
		d.frags.hold(to, frames...)
		return
	}
	for _, h := range frames {
		h.Class, h.Orphan = OtherIP, true
		d.emitHeld(&h, h)
	}
}

// emitHeld emits a held frame as one of the flow of like.
func (d *Decoder) emitHeld(like *Packet, h Packet) {
	d.without(like, h)
	d.emit(&d.p)
}

// without makes the present packet frame h of the flow of like, without what another frame carries of it.
func (d *Decoder) without(like *Packet, h Packet) {
	d.p = *like
	d.p.Time, d.p.Frame, d.p.Capture, d.p.Wire = h.Time, h.Frame, h.Capture, h.Wire
	d.p.Payload, d.p.PayloadLen, d.p.Flags, d.p.Snapped, d.p.NoSeq = nil, 0, 0, false, true
}

// giveUp emits the frames of a datagram that will not become whole: on its flow where the ports are known, else as fragments of
// nobody. The last frame carries what came of it.
func (d *Decoder) giveUp(g *datagram) {
	keep := d.p
	last := len(g.frames) - 1
	d.p = g.frames[last]
	d.part(g)
	carrier := d.p
	other := carrier
	other.Fragment = true
	for _, h := range g.frames[:last] {
		d.emitHeld(&other, h)
	}
	d.p = carrier
	d.emit(&d.p)
	g.drop()
	d.p = keep
}

// part reads what came of a datagram that will not become whole. Nothing in it is opened.
func (d *Decoder) part(g *datagram) {
	l, why := g.part(), notIP
	switch Transport(g.key.proto) {
	case TCP:
		why = d.tcp(l)
	case UDP:
		why = d.ports(UDP, l.datagram(), udpHeader)
	case SCTP:
		why = d.ports(SCTP, l, sctpHeader)
	}
	if why != OK {
		d.otherIP(g.key.proto, layer{nil, l.wire})
		d.p.Orphan = true
	}
}

// part is the beginning of a datagram up to what is missing, and how many bytes of all came.
func (g *datagram) part() layer {
	front, came := 0, g.units*fragmentUnit
	for front < datagramUnits && g.has(front) {
		front++
	}
	if odd := g.total % fragmentUnit; g.total >= 0 && odd != 0 {
		came -= fragmentUnit - odd
	}
	return layer{g.data[:min(front*fragmentUnit, g.whole, len(g.data))], came}
}

func (g *datagram) has(unit int) bool { return g.have[unit/64]&(1<<(unit%64)) != 0 }

func (f *fragments) begin(k fragmentKey, now int64) *datagram {
	if most := 2*len(f.waiting) + 64; len(f.order) > most { // one that waits long must not keep those that came and went after it
		f.order = slices.DeleteFunc(f.order, func(g *datagram) bool { return g.gone })
	}
	g := &datagram{key: k, total: -1, whole: maxDatagram, began: now}
	f.waiting[k] = g
	f.order = append(f.order, g)
	return g
}

// hold keeps frames of a datagram.
func (f *fragments) hold(g *datagram, frames ...Packet) {
	g.frames = append(g.frames, frames...)
	f.bytes += len(frames) * heldFrame
}

// put copies the bytes of a fragment that are not there yet. All but the last are whole units (RFC 791, section 3.2): what is not is left out.
func (f *fragments) put(g *datagram, p piece, l layer) {
	if p.more {
		l.wire &^= fragmentUnit - 1
		l.b = l.b[:min(len(l.b), l.wire)]
	}
	end := p.at + l.wire
	if !p.more && g.total < 0 {
		g.total = end
	}
	if need := p.at + len(l.b); need > len(g.data) {
		f.bytes += need - len(g.data)
		g.data = slices.Grow(g.data, need-len(g.data))[:need]
	}
	if len(l.b) < l.wire {
		g.whole = min(g.whole, p.at+len(l.b))
	}
	contradicted := false
	for at := p.at; at < end; at += fragmentUnit {
		unit, b := at/fragmentUnit, l.b[min(len(l.b), at-p.at):min(len(l.b), at-p.at+fragmentUnit)]
		switch {
		case !g.has(unit):
			g.have[unit/64] |= 1 << (unit % 64)
			g.units++
			if len(b) > 0 {
				copy(g.data[at:], b)
			}
		case !contradicted:
			contradicted = len(b) > 0 && g.contradicts(at, b)
		}
	}
	if contradicted {
		f.hit["fragment-overlaps"]++
	}
}

// contradicts says whether other bytes than b were captured at a place that is there. A copy, as mirrors send, does not.
func (g *datagram) contradicts(at int, b []byte) bool {
	return at+len(b) <= g.whole && !bytes.Equal(g.data[at:at+len(b)], b)
}

// room makes place for one more datagram.
func (f *fragments) room(giveUp func(*datagram)) {
	if len(f.waiting) >= f.limits.Datagrams {
		f.hit["fragment-datagrams"]++
		f.dropOldest(giveUp)
	}
}

// maxFrames bounds the fragments of one datagram: 64 KiB in pieces of 8 bytes, twice.
const maxFrames = 2 * datagramUnits

// squeeze keeps the bytes that wait within bounds, and those of one datagram.
func (f *fragments) squeeze(g *datagram, giveUp func(*datagram)) {
	if len(g.frames) >= maxFrames {
		f.hit["fragment-bytes"]++
		f.forget(g)
		giveUp(g)
	}
	for f.bytes > f.limits.Bytes && len(f.waiting) > 0 {
		f.hit["fragment-bytes"]++
		f.dropOldest(giveUp)
	}
}

// expire gives up the datagrams that have waited too long.
func (f *fragments) expire(now int64, giveUp func(*datagram)) {
	for len(f.order) > 0 && (f.order[0].gone || now-f.order[0].began > f.limits.Timeout) {
		f.dropOldest(giveUp)
	}
}

func (f *fragments) dropOldest(giveUp func(*datagram)) {
	for len(f.order) > 0 {
		g := f.order[0]
		f.order = f.order[1:]
		if !g.gone {
			f.forget(g)
			giveUp(g)
			return
		}
	}
}

func (f *fragments) forget(g *datagram) {
	g.gone = true
	f.bytes -= len(g.data) + len(g.frames)*heldFrame
	delete(f.waiting, g.key)
}

// drop lets go of what a datagram held: the list of all may keep it a while.
func (g *datagram) drop() { g.data, g.frames = nil, nil }

func (f *fragments) flush(giveUp func(*datagram)) {
	for len(f.waiting) > 0 {
		f.dropOldest(giveUp)
	}
	f.order = nil
}
