package flow

import (
	"cmp"
	"slices"
)

// HourCount is the payload of one UTC hour, by direction as in Row.
type HourCount struct {
	Hour    int32 // hours since 1970
	Payload [2]uint64
}

// EventGap is the silence in a flow, ns, after which payload begins another exchange: longer than the retransmissions and the answers of one.
const EventGap = 5e9

// longLog keeps what only flows have that last: payload in more than one hour, exchanges after silence.
type longLog struct{ lists slab[long] }

type long struct {
	base   [2]uint64 // payload before the current hour
	closed []HourCount
	events []int64 // ns since 1970
}

// long is what e has, begun where it has none.
func (l *longLog) long(e *entry) *long {
	if e.long == 0 {
		e.long = l.lists.take()
		*l.lists.at(e.long) = long{}
	}
	return l.lists.at(e.long)
}

// event adds the start of an exchange.
func (l *longLog) event(e *entry, at int64, most int, hit map[string]uint64) {
	h := l.long(e)
	if len(h.events) >= most {
		hit["flow-events"]++
		return
	}
	h.events = append(h.events, at)
}

// eventsOf are the starts of the exchanges of e after its first, in the order of its packets.
func (l *longLog) eventsOf(e *entry) []int64 {
	if e.long == 0 {
		return nil
	}
	return l.lists.at(e.long).events
}

// turn begins another hour of e.
func (l *longLog) turn(e *entry, hour int32, most int, hit map[string]uint64) {
	if e.payload == [2]uint64{} {
		e.hour = hour
		return
	}
	h := l.long(e)
	if len(h.closed) >= most {
		hit["flow-hours"]++
		return
	}
	h.closed = append(h.closed, h.current(e))
	h.base = e.payload
	e.hour = hour
}

func (h *long) current(e *entry) HourCount {
	return HourCount{Hour: e.hour, Payload: [2]uint64{e.payload[0] - h.base[0], e.payload[1] - h.base[1]}}
}

// hoursOf returns the hours of e in order, each once; nil where all payload lies in the hour of the flow's first packet.
func (l *longLog) hoursOf(e *entry, first int64) []HourCount {
	if e.long == 0 || len(l.lists.at(e.long).closed) == 0 {
		if e.hour == hourOf(first) || e.payload == [2]uint64{} {
			return nil
		}
		return []HourCount{{Hour: e.hour, Payload: e.payload}}
	}
	h := l.lists.at(e.long)
	return mergeHours(append(h.closed, h.current(e)))
}

// mergeHours sorts hours and adds up those that are there twice (a clock that went back).
func mergeHours(hs []HourCount) []HourCount {
	slices.SortStableFunc(hs, func(a, b HourCount) int { return cmp.Compare(a.Hour, b.Hour) })
	out := hs[:0]
	for _, h := range hs {
		if n := len(out); n > 0 && out[n-1].Hour == h.Hour {
			out[n-1].Payload[0] += h.Payload[0]
			out[n-1].Payload[1] += h.Payload[1]
			continue
		}
		out = append(out, h)
	}
	return out
}

func (l *longLog) free(e *entry) {
	if e.long != 0 {
		*l.lists.at(e.long) = long{}
		l.lists.free(e.long)
		e.long = 0
	}
}
