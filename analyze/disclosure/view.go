package disclosure

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// asked is a destination with what the register says of it under each of its names.
type asked struct {
	t           *Traffic
	parts       []Part // of the traffic; where it has none, of a look-up, its first and last moment
	first, last int32  // hours of the first and last part
	views       []*view
}

// view is what the register says of a destination under one name, or none, but for the limits of days.
type view struct {
	name    string
	entries []int // that each part is held against
	held    []held
	// uncovered is the payload of parts of which some verdict is Uncovered.
	uncovered uint64
}

// noEntry stands for the entry of what no entry covers.
const noEntry = -1

// held is a verdict that an entry gives, with what it rests on: a destination has one of each verdict and entry.
type held struct {
	Share
	entry   int
	server  netip.Addr // the first by number: of Country and Undisclosed
	country string     // its country
	why     string     // of Undisclosed
	over    DayOut     // the day with most: of Exceeded
}

func newAsked(t *Traffic) *asked {
	a := &asked{t: t, parts: t.Parts}
	if len(a.parts) == 0 {
		a.parts = []Part{{Hour: hourOf(t.First)}, {Hour: hourOf(t.Last)}}
	}
	a.first, a.last = a.parts[0].Hour, a.parts[0].Hour
	for i := range a.parts {
		a.first, a.last = min(a.first, a.parts[i].Hour), max(a.last, a.parts[i].Hour)
	}
	return a
}

// hourOf counts hours since 1970, backwards before.
func hourOf(t time.Time) int32 {
	return int32(t.Truncate(time.Hour).Unix() / int64(time.Hour/time.Second))
}

// span is the time of a part: its hour, and for the first and last one what lies before and after.
func (a *asked) span(p *Part) (from, to time.Time) {
	start := time.Unix(int64(p.Hour)*int64(time.Hour/time.Second), 0).UTC()
	from, to = a.t.First, a.t.Last
	if p.Hour > a.first && start.After(from) {
		from = start
	}
	if end := start.Add(time.Hour - 1); p.Hour < a.last && end.Before(to) {
		to = end
	}
	return from, to
}

func (a *asked) share(v Verdict, p *Part) Share {
	from, to := a.span(p)
	return Share{Verdict: v, PayloadOut: p.PayloadOut, First: from, Last: to}
}

// view holds each part of a destination against the entry that is for it at its time.
func (r *Register) view(a *asked, name, vendor string) *view {
	q := r.question(a.t, name, vendor)
	v := &view{name: name, entries: make([]int, len(a.parts))}
	for i := range a.parts {
		p := &a.parts[i]
		at, why := q.find(p)
		v.entries[i] = at.entry
		if at.entry == noEntry {
			v.uncovered += p.PayloadOut
			v.held = addHeld(v.held, held{Share: a.share(Undisclosed, p), entry: noEntry, server: p.Server, why: why})
			continue
		}
		r.hold(v, a, at, p)
	}
	v.held = settled(v.held)
	return v
}

// hold adds the verdicts that an entry gives of a part.
func (r *Register) hold(v *view, a *asked, at ref, p *Part) {
	e := &r.Entries[at.entry]
	side, past := e.at(day(p.Hour))
	given := r.against(e, &e.Destinations[at.pattern], a.t, p)
	switch {
	case side > 0:
		given = append(given, Expired)
	case side < 0:
		given = append(given, NotYetValid)
	case len(given) == 0:
		given = append(given, Disclosed)
	}
	if slices.ContainsFunc(given, Verdict.Uncovered) {
		v.uncovered += p.PayloadOut
	}
	for _, verdict := range given {
		h := held{Share: a.share(verdict, p), entry: at.entry, server: p.Server, country: p.Country}
		switch verdict {
		case Expired:
			h.Days = past
		case Country:
			h.Countries = []string{p.Country}
		}
		v.held = addHeld(v.held, h)
	}
}

// anyHost says whether the client of some traffic is not the host that it is of.
func (r *Register) anyHost(t *Traffic) bool { return t.Relayed || r.Shared(t.Client) }

// against are the verdicts that an entry gives of a part whatever the day.
func (r *Register) against(e *Entry, pattern *Pattern, t *Traffic, p *Part) (out []Verdict) {
	if !r.anyHost(t) && !e.covers(t.Client) {
		out = append(out, Host)
	}
	if !pattern.serves(t) {
		out = append(out, Port)
	}
	if allowed := r.allowed(e); p.Country != "" && len(allowed) > 0 && !slices.Contains(allowed, p.Country) {
		out = append(out, Country)
	}
	return out
}

// addHeld adds a verdict of an entry to those that are there. What comes of it does not depend on the order.
func addHeld(list []held, h held) []held {
	i := slices.IndexFunc(list, func(o held) bool { return o.Verdict == h.Verdict && o.entry == h.entry })
	if i < 0 {
		return append(list, h)
	}
	o := &list[i]
	o.Share = o.plus(h.Share)
	if h.server.Less(o.server) {
		o.server, o.country, o.why = h.server, h.country, h.why
	}
	if h.over.PayloadOut > o.over.PayloadOut || h.over.PayloadOut == o.over.PayloadOut && h.over.Day.Before(o.over.Day) {
		o.over = h.over
	}
	return list
}

// plus adds up shares of one verdict.
func (s Share) plus(o Share) Share {
	s.PayloadOut += o.PayloadOut
	s.Days = max(s.Days, o.Days)
	s.Countries = slices.Compact(slices.Sorted(slices.Values(slices.Concat(s.Countries, o.Countries))))
	if o.First.Before(s.First) {
		s.First = o.First
	}
	if o.Last.After(s.Last) {
		s.Last = o.Last
	}
	return s
}

// settled leaves Disclosed out where something else holds.
func settled(list []held) []held {
	disclosed := func(h held) bool { return h.Verdict == Disclosed }
	if slices.ContainsFunc(list, func(h held) bool { return !disclosed(h) }) {
		return slices.DeleteFunc(list, disclosed)
	}
	return list
}

// overDays are the days of a destination under one name on which more was sent than its entry allows, with what was sent.
func (j *Judge) overDays(a *asked, v *view) map[entryDay]uint64 {
	own := map[entryDay]uint64{} // what is not in the sums of days, as it may be of another entry
	for i := range a.parts {
		k, ok := j.limited(a, v, i)
		if !ok || a.parts[i].PayloadOut == 0 {
			continue
		}
		n := a.parts[i].PayloadOut
		if _, counted := j.counted(a, i); counted {
			n = 0
		}
		own[k] += n
	}
	for k, n := range own {
		if own[k] = j.days[k] + n; own[k] <= j.r.Entries[k.entry].MaxBytesOutPerDay {
			delete(own, k)
		}
	}
	return own
}

// withLimits is what is held of a destination under one name, the limits of days included.
func (j *Judge) withLimits(a *asked, v *view) []held {
	if !slices.ContainsFunc(v.entries, func(e int) bool { return e != noEntry && j.r.Entries[e].MaxBytesOutPerDay > 0 }) {
		return v.held
	}
	over, list := j.overDays(a, v), slices.Clone(v.held)
	for i := range a.parts {
		k, ok := j.limited(a, v, i)
		if sum := over[k]; ok && sum > 0 && a.parts[i].PayloadOut > 0 {
			list = addHeld(list, held{Share: a.share(Exceeded, &a.parts[i]), entry: k.entry, over: DayOut{k.day, sum, j.r.Entries[k.entry].MaxBytesOutPerDay}})
		}
	}
	return settled(list)
}

// ruling is a verdict that holds of a destination, with the entries that give it.
type ruling struct {
	Share
	cites []cite // in the order of the register
}

// cite is an entry with its reason.
type cite struct {
	entry int
	text  string
}

// rulings puts what is held under one name into words, the gravest first.
func (j *Judge) rulings(a *asked, v *view) (out []ruling) {
	for _, h := range j.withLimits(a, v) {
		c := cite{h.entry, j.reason(a.t, &h)}
		i := slices.IndexFunc(out, func(r ruling) bool { return r.Verdict == h.Verdict })
		if i < 0 {
			out = append(out, ruling{h.Share, []cite{c}})
			continue
		}
		out[i].Share, out[i].cites = out[i].plus(h.Share), append(out[i].cites, c)
	}
	for i := range out {
		out[i].sortCites()
	}
	slices.SortFunc(out, func(x, y ruling) int { return rank(x.Verdict) - rank(y.Verdict) })
	return out
}

func (r *ruling) sortCites() {
	slices.SortFunc(r.cites, func(x, y cite) int {
		if x.entry != y.entry {
			return x.entry - y.entry
		}
		return strings.Compare(x.text, y.text)
	})
	r.cites = slices.Compact(r.cites)
}

// entries are those that a verdict rests on, each once.
func (r *ruling) entries() (out []int) {
	for _, c := range r.cites {
		if c.entry != noEntry && !slices.Contains(out, c.entry) {
			out = append(out, c.entry)
		}
	}
	return out
}

func (r *ruling) text() string {
	out := make([]string, len(r.cites))
	for i, c := range r.cites {
		out[i] = c.text
	}
	return listed(out, "; ")
}

// common are the verdicts that two names both get, each with the lesser share and the entries of both.
func common(a, b []ruling) (out []ruling) {
	for _, x := range a {
		i := slices.IndexFunc(b, func(y ruling) bool { return y.Verdict == x.Verdict })
		if i < 0 {
			continue
		}
		both := ruling{lesser(x.Share, b[i].Share), slices.Concat(x.cites, b[i].cites)}
		both.sortCites()
		out = append(out, both)
	}
	return out
}

// lesser is the share with less payload; of equals the one with fewer days, that begins later, that ends earlier.
func lesser(x, y Share) Share {
	switch {
	case x.PayloadOut != y.PayloadOut:
		if y.PayloadOut < x.PayloadOut {
			return y
		}
	case x.Days != y.Days:
		if y.Days < x.Days {
			return y
		}
	case y.First.After(x.First), y.First.Equal(x.First) && y.Last.Before(x.Last):
		return y
	}
	return x
}

// days is a number of days in words.
func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return humanize.Comma(int64(n)) + " days"
}

// reason says why a verdict holds.
func (j *Judge) reason(t *Traffic, h *held) string {
	if h.Verdict == Undisclosed {
		return h.why
	}
	e := &j.r.Entries[h.entry]
	switch h.Verdict {
	case Expired:
		return fmt.Sprintf("entry %s ended on %s, %s before this traffic", e.ID, e.End.Format(time.DateOnly), days(h.Days))
	case NotYetValid:
		return fmt.Sprintf("entry %s begins on %s", e.ID, e.Start.Format(time.DateOnly))
	case Country:
		return fmt.Sprintf("entry %s allows %s, and %s is in %s by the country database", e.ID, strings.Join(j.r.allowed(e), ", "), h.server, h.country)
	case Host:
		return fmt.Sprintf("entry %s is for other hosts than %s", e.ID, t.Client)
	case Port:
		return fmt.Sprintf("entry %s is for other ports than %d/%s", e.ID, t.Port, t.Transport)
	case Exceeded:
		return fmt.Sprintf("entry %s allows %s bytes a day of all hosts together, and on %s %s bytes left",
			e.ID, humanize.Comma(int64(h.over.Limit)), h.over.Day.Format(time.DateOnly), humanize.Comma(int64(h.over.PayloadOut)))
	}
	return j.r.covered(e, t)
}

// covered says by what traffic is disclosed, and what could not be judged.
func (r *Register) covered(e *Entry, t *Traffic) string {
	s := fmt.Sprintf("entry %s covers it", e.ID)
	if e.Reference != "" {
		s += " (" + e.Reference + ")"
	}
	switch {
	case len(e.Hosts) == 0:
	case t.Relayed:
		s += "; for which host is judged where the proxy was asked"
	case r.Shared(t.Client):
		s += "; for which host cannot be judged, as many share the address"
	}
	if allowed := r.allowed(e); len(allowed) > 0 && slices.ContainsFunc(t.Parts, func(p Part) bool { return p.Country == "" }) {
		s += "; the country of an address is not known, and is not judged"
	}
	return s
}
