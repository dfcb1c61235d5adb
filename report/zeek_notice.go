package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"phonehome/analyze/flow"
	"phonehome/analyze/judge"
)

// notices writes a line a finding, and one for each rule that the settings change and each suppression that does nothing any more.
func (z *zeek) notices(w *zeekWriter) error {
	x := index(z.r)
	for i := range z.r.Findings {
		f := &z.r.Findings[i]
		if err := w.line(z.notice(f, x.shown(f))...); err != nil {
			return err
		}
	}
	for _, s := range settingsRemarks(z.r) {
		cells := slices.Repeat([]zeekCell{zeekUnset}, len(zeekNotice.fields))
		const ts, note, msg = 0, 7, 8
		cells[ts], cells[note], cells[msg] = zeekTime(z.first.UnixNano()), "PhoneHome::Settings", zeekText(s)
		if err := w.line(cells...); err != nil {
			return err
		}
	}
	return nil
}

// shown is the destination that a finding's line shows; nil where --only leaves out all.
func (x *indexed) shown(f *judge.Finding) *judge.Destination {
	for _, id := range f.Destinations {
		if d := x.destinations[id]; d != nil {
			return d
		}
	}
	return nil
}

// notice are the cells of a finding. A finding is about many connections, so that none is named: its ends are those of its first destination, all of the same, and how many there are is said.
func (z *zeek) notice(f *judge.Finding, d *judge.Destination) []zeekCell {
	proto, src, dst, port := zeekUnset, zeekUnset, zeekUnset, zeekUnset
	if d != nil {
		src = zeekAddr(d.Client)
		if len(d.Servers) > 0 {
			dst = zeekAddr(d.Servers[0].IP)
		}
		if t, ok := flow.TransportOf(d.Transport); ok {
			proto = zeekProto(t)
		}
		if d.Port != 0 {
			port = zeekPort(d.Port)
		}
	}
	status := cmp.Or(settled(z.r, f), string(f.Status))
	sub := append([]string{f.ID, f.Severity.String(), status}, f.Facts...)
	return []zeekCell{zeekTime(f.First.UnixNano()), zeekUnset, zeekUnset, zeekUnset, zeekUnset, zeekUnset, proto, zeekText("PhoneHome::" + noteName(f.Rule)), zeekText(f.Title),
		zeekText(strings.Join(sub, "; ")), src, dst, port, zeekCount(uint64(len(f.Destinations))), zeekAction(f), z.suppressFor(f)}
}

// zeekAction says whether somebody has to look.
func zeekAction(f *judge.Finding) zeekCell {
	if f.Status == judge.Open {
		return "Notice::ACTION_LOG"
	}
	return zeekEmpty
}

// suppressFor is how long the suppression of a finding holds, from its time on.
func (z *zeek) suppressFor(f *judge.Finding) zeekCell {
	s := suppressionOf(z.r, f)
	if s == nil {
		return zeekUnset
	}
	last, err := time.Parse(time.DateOnly, s.Expires)
	if err != nil {
		return zeekUnset
	}
	const day = 24 * time.Hour // the last day is covered
	return zeekTime(max(0, last.Add(day).Sub(f.First).Nanoseconds()))
}

// noteName is a rule's id as Zeek names notices: Undisclosed_Destination.
func noteName(rule string) string {
	parts := strings.Split(rule, "-")
	for i, p := range parts {
		if p != "" {
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "_")
}
