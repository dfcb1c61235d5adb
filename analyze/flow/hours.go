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

// hourLog keeps the hours of those flows that have payload in more than one.
type hourLog struct{ lists slab[hourList] }

type hourList struct {
	base   [2]uint64 // payload before the current hour
	closed []HourCount
}

// turn begins another hour of e.
func (l *hourLog) turn(e *entry, hour int32, most int, hit map[string]uint64) {
	if e.payload == [2]uint64{} {
		e.hour = hour
		return
	}
	if e.hours == 0 {
		e.hours = l.lists.take()
		*l.lists.at(e.hours) = hourList{}
	}
	h := l.lists.at(e.hours)
	if len(h.closed) >= most {
		hit["flow-hours"]++
		return
	}
	h.closed = append(h.closed, h.current(e))
	h.base = e.payload
	e.hour = hour
}

func (h *hourList) current(e *entry) HourCount {
	return HourCount{Hour: e.hour, Payload: [2]uint64{e.payload[0] - h.base[0], e.payload[1] - h.base[1]}}
}

// of returns the hours of e in order, each once; nil where all payload lies in the hour of the flow's first packet.
func (l *hourLog) of(e *entry) []HourCount {
	if e.hours == 0 {
		if e.hour == hourOf(e.first) || e.payload == [2]uint64{} {
			return nil
		}
		return []HourCount{{Hour: e.hour, Payload: e.payload}}
	}
	h := l.lists.at(e.hours)
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

func (l *hourLog) free(e *entry) {
	if e.hours != 0 {
		*l.lists.at(e.hours) = hourList{}
		l.lists.free(e.hours)
		e.hours = 0
	}
}
