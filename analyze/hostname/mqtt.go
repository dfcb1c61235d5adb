package hostname

import (
	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
	"phonehome/analyze/personal"
)

// mqttReader reads what both ends send, packet by packet (MQTT 5.0, section 2.1): what a client logs in with, and what is published.
type mqttReader struct {
	say  personal.MQTT
	ends [2]mqttEnd
}

// mqttEnd is the place in one direction.
type mqttEnd struct {
	clear cleartext
	left  int  // bytes of the packet that are still to come
	lost  bool // the place is not known: what comes is looked at as it comes
}

func startMQTT(*Namer) streamReader { return new(mqttReader) }

func (r *mqttReader) read(n *Namer, _ *flow.Conv, m *flow.Meta, data []byte) (used int, more flow.More) {
	e := &r.ends[m.Dir&1]
	if e.clear.scanned > maxMessages {
		n.hit(limitContent)
		return rest, flow.Go
	}
	for used < len(data) {
		k := r.next(n, e, m, data[used:])
		if used += k; k == 0 {
			return used, flow.Go
		}
		if e.left == 0 {
			r.look(n, e)
		}
	}
	return used, flow.Go
}

// next reads the beginning of a packet, or a part of it.
func (r *mqttReader) next(n *Namer, e *mqttEnd, m *flow.Meta, data []byte) (used int) {
	if !e.lost && e.left == 0 {
		size, is := mqttSize(data)
		if is == maybe {
			return 0
		}
		e.left, e.lost = size, is == no
	}
	used = len(data)
	if e.lost {
		e.clear.piece(n, m, inMQTT, data)
	} else {
		used = min(used, e.left)
		e.clear.collect(n, m, data[:used])
		e.left -= used
	}
	e.clear.scanned += used
	return used
}

// mqttSize is the length of the packet that data begins with, by its header: a kind with the flags that it may have, and a length of seven bits a byte, at most four bytes (sections 1.5.5
// and 2.1).
func mqttSize(data []byte) (size int, is match) {
	const publish, release, subscribe, unsubscribe, never = 3, 6, 8, 10, 0x06
	in := cryptobyte.String(data)
	var first, b uint8
	if !in.ReadUint8(&first) {
		return 0, maybe
	}
	kind, flags := first>>4, first&0xf
	switch {
	case kind == 0, kind == publish && flags&never == never:
		return 0, no
	case kind == release || kind == subscribe || kind == unsubscribe:
		if flags != 2 {
			return 0, no
		}
	case kind != publish && flags != 0:
		return 0, no
	}
	for shift := 0; shift < 28; shift += 7 {
		if !in.ReadUint8(&b) {
			return 0, maybe
		}
		size |= int(b&0x7f) << shift
		if b < 0x80 {
			return size + len(data) - len(in), yes
		}
	}
	return 0, no
}

// look looks at the packet that was collected, and lets go of it.
func (r *mqttReader) look(n *Namer, e *mqttEnd) {
	if len(e.clear.text) > 0 {
		r.say.Packet(e.clear.text, n.limits.Content, n.report(&e.clear.reported, &e.clear.from, inMQTT))
	}
	e.clear.drop(n)
}

// gap goes on behind what is missing where that is within a packet, which is looked at up to there.
func (r *mqttReader) gap(n *Namer, _ *flow.Conv, m *flow.Meta, missing int64) flow.More {
	e := &r.ends[m.Dir&1]
	e.clear.enough = true
	e.lost = e.lost || missing <= 0 || missing > int64(e.left)
	e.left -= int(min(int64(e.left), max(0, missing)))
	if e.lost || e.left == 0 {
		r.look(n, e)
	}
	return flow.Go
}

// close looks at the packets that were broken off.
func (r *mqttReader) close(n *Namer) {
	for i := range r.ends {
		r.look(n, &r.ends[i])
	}
}
