package report

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	"phonehome/analyze/judge"
)

// Named says how much of what left has a name.
func (p *htmlPage) Named() string {
	c := &p.r.Coverage.Outbound
	if c.PayloadBytes == 0 {
		return "No payload left."
	}
	var by []string
	t := tally{}
	for k, n := range c.NamedBy {
		if k != "none" && n > 0 {
			t[k] = n
		}
	}
	for _, k := range t.sorted() {
		by = append(by, show(k)+" "+percent(t[k], c.PayloadBytes))
	}
	s := percent(c.PayloadBytes-c.NamedBy["none"], c.PayloadBytes) + " of the payload that left went to destinations that have a name"
	if len(p.r.Settings.Only) > 0 {
		s += ", in the whole captures"
	}
	if len(by) > 0 {
		s += " (known by " + and(by) + ")"
	}
	return s + "."
}

// Directions is the table of where payload went.
func (p *htmlPage) Directions() *htmlTable {
	d := p.r.Coverage.Direction
	t := newTable("directions", "Where payload went, in the whole captures", "Direction", "Payload, both ways>")
	for _, x := range []struct {
		what string
		n    uint64
	}{{"between inside and outside: judged on this page", d.Outbound}, {"inside to inside: not judged", d.InsideInside}, {"outside to outside: not judged", d.OutsideOutside}, {"local (broadcast, multicast): not judged", d.Local}} {
		t.row(td(x.what), td(humanize.Bytes(x.n)))
	}
	return t
}

// Inside are the networks that count as inside.
func (p *htmlPage) Inside() *htmlTable {
	t := newTable("inside", "Networks that count as inside", "Network", "Why")
	for _, n := range p.r.Settings.Internal {
		t.row(tdCode(n), td("built in, or given by flag or register"))
	}
	for _, n := range p.r.Settings.InternalInferred {
		t.row(tdCode(n.Prefix), td(fmt.Sprintf("inferred: %s, in frame %d of %s", n.Basis, n.Frame, p.capturePath(n.Capture))))
	}
	return t.closed(judge.Plural(len(t.Rows), "network counts", "networks count") + " as inside")
}

func (p *htmlPage) capturePath(i int) string {
	if i < 0 || i >= len(p.r.Captures) {
		return "an unknown capture"
	}
	return p.r.Captures[i].Path
}

// CannotSee are sentences on what these captures cannot show.
func (p *htmlPage) CannotSee() []string { return shows(p.r.Coverage.CannotSee) }

// Ignored are the files that were met and not read.
func (p *htmlPage) Ignored() *htmlTable {
	t := newTable("ignored", "Files that were met and not read", "File", "Why")
	for _, f := range p.r.Ignored {
		t.row(tdCode(f.Path), td(f.Reason))
	}
	return t.folded()
}

// event is something on the time line.
type event struct {
	at   time.Time
	day  bool // a whole UTC day
	what string
	refs []string
}

// Timeline is what happened when, in the order of time.
func (p *htmlPage) Timeline() *htmlTable {
	var all []event
	for i := range p.r.Captures {
		if c := &p.r.Captures[i]; c.Packets > 0 && !c.First.IsZero() && i < openRows {
			all = append(all, event{at: c.First, what: "capture " + c.Path + " begins"}, event{at: c.Last, what: "capture " + c.Path + " ends"})
		}
	}
	for _, g := range p.gaps() {
		all = append(all, event{at: g.from, what: fmt.Sprintf("no capture until %s: what happened is not known", p.when(g.to))})
	}
	for i := range p.r.Register {
		all = append(all, p.entryEvents(&p.r.Register[i])...)
	}
	all = append(all, p.traffic()...)
	slices.SortStableFunc(all, func(a, b event) int { return a.at.Compare(b.at) })
	t := newTable("timeline-table", "Time line", "When=", "What", "Findings=")
	for _, e := range all {
		when := p.whenLines(e.at)
		if e.day {
			when = []string{day(e.at) + ", a UTC day"}
		}
		t.row(td(when...), td(e.what), tdRefs(e.refs[:min(len(e.refs), maxTodos)]))
	}
	return t.folded()
}

// traffic is the first and the last traffic of each recipient with findings, with those that say so.
func (p *htmlPage) traffic() (out []event) {
	type key struct {
		what string
		at   time.Time
	}
	met := map[key]int{}
	for i := range p.r.Findings {
		f := &p.r.Findings[i]
		for _, e := range []event{{at: f.First, what: "first traffic seen to "}, {at: f.Last, what: "last traffic seen to "}} {
			k := key{e.what + p.recipientText(f), e.at.UTC()}
			n, ok := met[k]
			if !ok {
				n = len(out)
				met[k] = n
				out = append(out, event{at: e.at, what: k.what})
			}
			out[n].refs = append(out[n].refs, f.ID)
		}
	}
	return out
}

// entryEvents are the first and the last day of an entry that was held against traffic.
func (p *htmlPage) entryEvents(e *judge.Observed) (out []event) {
	if !e.Observed {
		return nil
	}
	for _, x := range []struct{ day, what string }{{e.Start, "first"}, {e.End, "last"}} {
		if t, err := time.Parse(time.DateOnly, x.day); err == nil {
			out = append(out, event{at: t, day: true, what: fmt.Sprintf("%s day of the register's entry %s (%s)", x.what, e.ID, e.Vendor)})
		}
	}
	return out
}

// uncovered is a time that no capture covers.
type uncovered struct{ from, to time.Time }

// leastGap is how long nothing must be captured between two captures to be called a gap: files of one rotation follow each other within seconds.
const leastGap = time.Minute

// gaps are the times between the first and the last packet that no capture covers.
func (p *htmlPage) gaps() (out []uncovered) {
	for i := 1; i < len(p.spans); i++ {
		out = append(out, uncovered{p.spans[i-1].last, p.spans[i].first})
	}
	return out
}

// stretch is a time that captures cover.
type stretch struct{ first, last time.Time }

// stretches are the times that the captures cover, in order; those that a moment parts are one.
func (p *htmlPage) stretches() (out []stretch) {
	var all []stretch
	for i := range p.r.Captures {
		if c := &p.r.Captures[i]; c.Packets > 0 && !c.First.IsZero() {
			all = append(all, stretch{c.First, c.Last})
		}
	}
	slices.SortFunc(all, func(a, b stretch) int { return a.first.Compare(b.first) })
	for _, s := range all {
		if n := len(out); n == 0 || s.first.Sub(out[n-1].last) >= leastGap {
			out = append(out, s)
		} else if s.last.After(out[n-1].last) {
			out[n-1].last = s.last
		}
	}
	return out
}

// captured says whether captures cover some of a time.
func (p *htmlPage) captured(from, to time.Time) bool {
	return slices.ContainsFunc(p.spans, func(s stretch) bool { return s.first.Before(to) && !s.last.Before(from) })
}

// RegisterSeen is what the register has and the captures show.
func (p *htmlPage) RegisterSeen() *htmlTable {
	t := newTable("register-seen", "Entries of which something was seen", "Entry", "Vendor", "Days=", "Status=", "Reference", "Destinations>", "Payload out>", "First and last=")
	for i := range p.r.Register {
		if e := &p.r.Register[i]; e.Observed {
			t.row(td(e.ID, e.File+":"+strconv.Itoa(e.Line)), td(e.Vendor), td(entryDays(e)...), td(string(e.Status)), td(e.Reference), td(humanize.Comma(int64(e.Destinations))), td(humanize.Bytes(e.PayloadOut)), td(p.seen(e)...))
		}
	}
	return t.folded()
}

func (p *htmlPage) seen(e *judge.Observed) []string {
	if e.First == nil || e.Last == nil {
		return []string{unknown}
	}
	return p.betweenLines(*e.First, *e.Last)
}

// RegisterUnseen is what the register has and the captures don't show.
func (p *htmlPage) RegisterUnseen() *htmlTable {
	t := newTable("register-unseen", "Entries of which nothing was seen", "Entry", "Vendor", "Days=", "Status=", "Reference")
	for i := range p.r.Register {
		if e := &p.r.Register[i]; !e.Observed {
			t.row(td(e.ID, e.File+":"+strconv.Itoa(e.Line)), td(e.Vendor), td(entryDays(e)...), td(string(e.Status)), td(e.Reference))
		}
	}
	return t.folded()
}

// entryDays is the time of an entry.
func entryDays(e *judge.Observed) []string {
	switch {
	case e.Start == "" && e.End == "":
		return []string{"no dates: always"}
	case e.End == "":
		return []string{"from " + e.Start + " on"}
	case e.Start == "":
		return []string{"until " + e.End}
	}
	return []string{e.Start + " to", e.End}
}

// HasRegister says whether a register was given.
func (p *htmlPage) HasRegister() bool { return len(p.r.Settings.Register) > 0 }

// Suppressions are what somebody answers for.
func (p *htmlPage) Suppressions() *htmlTable {
	t := newTable("suppressions-table", "Suppressions", "Where", "What", "Reason", "Approved by", "Holds until", "Findings>")
	for i := range p.r.Suppressions {
		s := &p.r.Suppressions[i]
		what := []string{"rule " + s.Rule}
		for _, x := range []struct{ of, text string }{{"vendor", s.Vendor}, {"destination", s.Destination}, {"client", s.Client}} {
			if x.text != "" {
				what = append(what, x.of+" "+x.text)
			}
		}
		until := s.Expires
		if s.Expired {
			until += ": expired, does not count"
		}
		t.row(td(s.File+":"+strconv.Itoa(s.Line)), td(what...), td(s.Reason), td(s.Approver), td(until), td(strconv.Itoa(s.Used)))
	}
	return t.folded()
}

// Remarks say which rules the settings change, and which suppressions do nothing.
func (p *htmlPage) Remarks() []string { return shows(settingsRemarks(p.r)) }

// NotCounted are the findings that do not count, and why.
func (p *htmlPage) NotCounted() *htmlTable {
	t := newTable("not-counted", "Findings that do not count", "Finding=", "Title", "Why")
	for i := range p.r.Findings {
		f := &p.r.Findings[i]
		switch s := suppressionOf(p.r, f); {
		case f.Status == judge.Open:
		case s != nil:
			t.row(tdRefs([]string{f.ID}), td(f.Title), td("suppressed: "+approval(s)))
		default:
			t.row(tdRefs([]string{f.ID}), td(f.Title), td(statusText(f)))
		}
	}
	return t.folded()
}

func statusText(f *judge.Finding) string {
	switch f.Status {
	case judge.Suppressed:
		return "suppressed at " + f.Suppression
	case judge.Baselined:
		return "known from the baseline"
	}
	return string(f.Status)
}
