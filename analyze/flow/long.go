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

// of is what a flow has of it, begun where it has none.
func (l *longLog) of(x *extra) *long {
	if x.long == 0 {
		x.long = l.lists.take()
		*l.lists.at(x.long) = long{}
	}
	return l.lists.at(x.long)
}

// event adds the start of an exchange.
func (l *longLog) event(x *extra, at int64, most int, hit map[string]uint64) {
	h := l.of(x)
	if len(h.events) >= most {
		hit["flow-events"]++
		return
	}
	h.events = append(h.events, at)
}

// turn closes an hour of a flow, whose payload so far is given; it reports false if that is one too many.
func (l *longLog) turn(x *extra, hour int32, payload [2]uint64, most int, hit map[string]uint64) bool {
	h := l.of(x)
	if len(h.closed) >= most {
		hit["flow-hours"]++
		return false
	}
	h.close(hour, payload)
	return true
}

// close ends an hour; payload is all of the flow's so far.
func (h *long) close(hour int32, payload [2]uint64) {
	h.closed = append(h.closed, HourCount{hour, [2]uint64{payload[0] - h.base[0], payload[1] - h.base[1]}})
	h.base = payload
}

// end puts the hours of a flow that ends into its row, each once, and its exchanges in the order of its packets, and gives their place back. The lists are
// the row's from there on.
func (l *longLog) end(x *extra, e *entry, w *Row) {
	h := l.lists.at(x.long)
	if len(h.closed) > 0 {
		h.close(e.hour, e.payload)
		w.Hours = mergeHours(h.closed)
	}
	w.Events = h.events
	*h = long{}
	l.lists.free(x.long)
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
