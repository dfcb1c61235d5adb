package flow

import "phonehome/analyze/packet"

// extra is what few flows have. It lies beside the entry, which knows where.
type extra struct {
	holes         [2]uint32
	long          uint32
	duplicates    uint32
	retransmitted uint32 // segments that brought no new byte
	firstCap      uint32 // capture of the first packet and 1, where the last is of another; else 0
	tunnel        packet.TunnelID
}

// extra is what e has of it, begun where it has none.
func (t *Table) extra(e *entry) *extra {
	if e.extra == 0 {
		e.extra = t.extras.take()
		*t.extras.at(e.extra) = extra{}
	}
	return t.extras.at(e.extra)
}

// turnCapture notes that e goes on in another capture.
func (t *Table) turnCapture(e *entry) {
	if x := t.extra(e); x.firstCap == 0 {
		x.firstCap = e.lastCap + 1
	}
}

// holesOf are the gaps in one direction, nil for none.
func (t *Table) holesOf(e *entry, dir uint8) *holes {
	if e.extra == 0 {
		return nil
	}
	h := t.extras.at(e.extra).holes[dir]
	if h == 0 {
		return nil
	}
	return t.holes.at(h)
}

func (t *Table) addHole(e *entry, dir uint8, from, to uint64) {
	h := &t.extra(e).holes[dir]
	if *h == 0 {
		*h = t.holes.take()
	}
	if !t.holes.at(*h).add(from, to) {
		t.limitsHit["sequence-holes"]++
	}
}

// turnHour begins another hour of e.
func (t *Table) turnHour(e *entry, hour int32) {
	if e.payload == [2]uint64{} || t.long.turn(t.extra(e), e.hour, e.payload, t.limits.MaxHours, t.limitsHit) {
		e.hour = hour
	}
}

// endExtra puts what is extra of a flow that ends into its row, and gives its place back.
func (t *Table) endExtra(e *entry, w *Row) {
	x := t.extras.at(e.extra)
	w.Duplicates, w.Retransmitted, w.Tunnel = uint64(x.duplicates), uint64(x.retransmitted), x.tunnel
	if x.firstCap != 0 {
		w.FirstCapture = x.firstCap - 1
	}
	if x.long != 0 {
		t.long.end(x, e, w)
	}
	for _, h := range x.holes {
		if h != 0 {
			*t.holes.at(h) = holes{}
			t.holes.free(h)
		}
	}
	t.extras.free(e.extra)
	e.extra = 0
}
