package disclosure

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// Traffic is one destination as a register is asked about it.
type Traffic struct {
	Client      netip.Addr
	Names       []string // one: its name; several: all that fit
	Vendors     []string // of each name, "" unknown
	Port        uint16
	Transport   string // "tcp", "udp" ...
	Parts       []Part
	First, Last time.Time
}

// Part is the payload out to one server in one UTC hour.
type Part struct {
	Server     netip.Addr
	Country    string // ISO 3166-1 alpha-2, "" unknown
	ASN        uint32
	Hour       int32 // since 1970 UTC
	PayloadOut uint64
}

// Judged is the answer about one Traffic.
type Judged struct {
	Judgement
	Shares []Share
}

// Share is what a destination sent under one verdict: traffic that runs past the end of an entry is parted by the hour.
type Share struct {
	Verdict     Verdict
	PayloadOut  uint64
	First, Last time.Time
	Days        int // past the end, at most; of Expired
}

// Excess is an entry of which a day's limit was exceeded.
type Excess struct {
	Entry *Entry
	Days  []DayOut
}

// DayOut is the payload out of one UTC day.
type DayOut struct {
	Day               time.Time
	PayloadOut, Limit uint64
}

// Observed is what was seen of an entry.
type Observed struct {
	Destinations int
	PayloadOut   uint64
	First, Last  time.Time
}

// Judge judges destinations. The limits of a day are over all of them, and so come at the end.
type Judge struct {
	r    *Register
	all  []*asked
	days map[int]map[time.Time]uint64 // by entry
}

// asked is a destination with what was decided so far.
type asked struct {
	t      *Traffic
	entry  int // -1: none
	holds  map[Verdict]*Share
	reason map[Verdict]string
}

// NewJudge returns a Judge without destinations.
func (r *Register) NewJudge() *Judge { return &Judge{r: r, days: map[int]map[time.Time]uint64{}} }

// Add judges one destination but for the limits of a day. The order of calls is that of the answers.
func (j *Judge) Add(t *Traffic) { j.all = append(j.all, j.decide(t)) }

func (j *Judge) decide(t *Traffic) *asked {
	if len(t.Names) < 2 {
		return j.one(t, firstOf(t.Names), firstOf(t.Vendors))
	}
	var first *asked
	for i, n := range t.Names {
		a := j.one(t, n, t.Vendors[i])
		if first == nil {
			first = a
			continue
		}
		if a.entry != first.entry || a.gravest() != first.gravest() {
			u := newAsked(t)
			u.entry = -1
			u.share(Unattributable, t, "several names fit, and the register supplied does not say the same of "+strings.Join(t.Names, ", "), 0)
			return u
		}
	}
	return first
}

func firstOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func newAsked(t *Traffic) *asked {
	return &asked{t: t, entry: -1, holds: map[Verdict]*Share{}, reason: map[Verdict]string{}}
}

// one judges a destination of at most one name.
func (j *Judge) one(t *Traffic, name, vendor string) *asked {
	a := newAsked(t)
	if at, ok := j.r.find(a, t, name, vendor); ok {
		a.entry = at.entry
		j.hold(a, at)
		return a
	}
	if a.reason[Undisclosed] == "" {
		a.reason[Undisclosed] = subject(t, name) + " is not in the register supplied"
	}
	a.share(Undisclosed, t, a.reason[Undisclosed], 0)
	return a
}

func subject(t *Traffic, name string) string {
	switch {
	case name != "":
		return name
	case len(t.Parts) > 0:
		return t.Parts[0].Server.String()
	}
	return "the destination"
}

// find returns the most specific pattern of an approved entry that fits, and of those with the same destination the one that fits best in time, host and port.
func (r *Register) find(a *asked, t *Traffic, name, vendor string) (ref, bool) {
	for _, list := range r.index.byName(strings.ToLower(name)) {
		if at, ok := r.best(a, list, t); ok {
			return at, true
		}
	}
	seen := map[netip.Addr]bool{}
	var found ref
	ok := false
	for _, p := range t.Parts {
		if seen[p.Server] {
			continue
		}
		seen[p.Server] = true
		at, fits := r.findAddr(a, t, p, name, vendor)
		if !fits || ok && at.entry != found.entry {
			return ref{}, false // all its addresses must be of one entry
		}
		found, ok = at, true
	}
	return found, ok
}

func (r *Register) findAddr(a *asked, t *Traffic, p Part, name, vendor string) (ref, bool) {
	for _, list := range r.index.byAddr(p.Server, p.ASN) {
		at, ok := r.best(a, list, t)
		if !ok {
			continue
		}
		e := &r.Entries[at.entry]
		if name != "" && !r.sameVendor(e, name, vendor) {
			a.reason[Undisclosed] = fmt.Sprintf("entry %s has the address, and the name %s is not known to be of its vendor %s", e.ID, name, e.Vendor)
			return ref{}, false
		}
		return at, true
	}
	return ref{}, false
}

// sameVendor says whether a name may be of an entry's vendor: the catalogue has it so, or the entry names its registrable domain.
func (r *Register) sameVendor(e *Entry, name, vendor string) bool {
	if strings.EqualFold(vendor, e.Vendor) {
		return true
	}
	domain := registrable(name)
	return domain != "" && slices.ContainsFunc(e.Destinations, func(p Pattern) bool {
		return p.Domain != "" && registrable(strings.TrimPrefix(p.Domain, "*.")) == domain
	})
}

func registrable(name string) string {
	d, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return ""
	}
	return d
}

// best chooses among patterns of the same destination: approved ones, by time, then host, then port. Why none is left, where one is there, is kept.
func (r *Register) best(a *asked, list []ref, t *Traffic) (best ref, ok bool) {
	least := 0
	for _, at := range list {
		e := &r.Entries[at.entry]
		if e.Status != Approved {
			if a.reason[Undisclosed] == "" {
				a.reason[Undisclosed] = fmt.Sprintf("entry %s has it as %s, and only an approved one discloses", e.ID, e.Status)
			}
			continue
		}
		if misfit := r.misfit(e, &e.Destinations[at.pattern], t); !ok || misfit < least {
			best, least, ok = at, misfit, true
		}
	}
	return best, ok
}

// misfit orders entries of one destination: the smaller, the better it fits.
func (r *Register) misfit(e *Entry, p *Pattern, t *Traffic) (n int) {
	const time, host, port = 4, 2, 1
	first, _ := e.at(t.First)
	last, _ := e.at(t.Last)
	if first != 0 {
		n += time
	}
	if last != 0 {
		n += time
	}
	if !r.Shared(t.Client) && !e.covers(t.Client) {
		n += host
	}
	if !p.onPort(t.Port, t.Transport) {
		n += port
	}
	return n
}

// hold sets the verdicts that hold of a destination under an entry.
func (j *Judge) hold(a *asked, at ref) {
	e, t := &j.r.Entries[at.entry], a.t
	p := &e.Destinations[at.pattern]
	if !j.r.Shared(t.Client) && !e.covers(t.Client) {
		a.share(Host, t, fmt.Sprintf("entry %s is for other hosts than %s", e.ID, t.Client), 0)
	}
	if !p.onPort(t.Port, t.Transport) {
		a.share(Port, t, fmt.Sprintf("entry %s is for other ports than %d/%s", e.ID, t.Port, t.Transport), 0)
	}
	allowed := j.r.allowed(e)
	for _, part := range t.Parts {
		from, to := t.hour(part.Hour)
		j.inTime(a, e, at.entry, &part, from, to)
		if part.Country != "" && len(allowed) > 0 && !slices.Contains(allowed, part.Country) {
			a.add(Country, part.PayloadOut, from, to, 0)
			a.reason[Country] = fmt.Sprintf("entry %s allows %s, and %s is in %s by the country database", e.ID, strings.Join(allowed, ", "), part.Server, part.Country)
		}
	}
	if len(t.Parts) == 0 {
		j.inTime(a, e, at.entry, nil, t.First, t.Last)
	}
	if len(a.holds) == 0 {
		a.share(Disclosed, t, j.why(e, t), 0)
	}
}

func (j *Judge) why(e *Entry, t *Traffic) string {
	s := fmt.Sprintf("entry %s covers it", e.ID)
	if e.Reference != "" {
		s += " (" + e.Reference + ")"
	}
	if len(e.Hosts) > 0 && j.r.Shared(t.Client) {
		s += "; for which host cannot be judged, as many share the address"
	}
	if allowed := j.r.allowed(e); len(allowed) > 0 && slices.ContainsFunc(t.Parts, func(p Part) bool { return p.Country == "" }) {
		s += "; the country of an address is not known, and is not judged"
	}
	return s
}

// hour is the part of a destination's time that lies in an hour.
func (t *Traffic) hour(h int32) (from, to time.Time) {
	const seconds = 3600
	start := time.Unix(int64(h)*seconds, 0).UTC()
	from, to = t.First, t.Last
	if start.After(from) {
		from = start
	}
	if end := start.Add(time.Hour - 1); end.Before(to) {
		to = end
	}
	return from, to
}

// inTime holds traffic of some time against an entry's days, and counts it against its limit.
func (j *Judge) inTime(a *asked, e *Entry, entry int, part *Part, from, to time.Time) {
	var out uint64
	if part != nil {
		out = part.PayloadOut
	}
	switch side, past := e.at(to); side {
	case 1:
		a.add(Expired, out, from, to, past)
		a.reason[Expired] = fmt.Sprintf("entry %s ended on %s, %d days before", e.ID, e.End.Format(time.DateOnly), a.holds[Expired].Days)
		return
	case -1:
		a.add(NotYetValid, out, from, to, 0)
		a.reason[NotYetValid] = fmt.Sprintf("entry %s begins on %s", e.ID, e.Start.Format(time.DateOnly))
		return
	}
	if part == nil || e.MaxBytesOutPerDay == 0 {
		return
	}
	if j.days[entry] == nil {
		j.days[entry] = map[time.Time]uint64{}
	}
	j.days[entry][day(part.Hour)] += out
}

// share says that a verdict holds for all of a destination.
func (a *asked) share(v Verdict, t *Traffic, reason string, days int) {
	var out uint64
	for _, p := range t.Parts {
		out += p.PayloadOut
	}
	a.add(v, out, t.First, t.Last, days)
	a.reason[v] = reason
}

func (a *asked) add(v Verdict, out uint64, from, to time.Time, days int) {
	s := a.holds[v]
	if s == nil {
		s = &Share{Verdict: v, First: from, Last: to}
		a.holds[v] = s
	}
	s.PayloadOut += out
	s.Days = max(s.Days, days)
	if from.Before(s.First) {
		s.First = from
	}
	if to.After(s.Last) {
		s.Last = to
	}
}

// verdicts are those that hold, the gravest first.
func (a *asked) verdicts() []Verdict {
	return slices.SortedFunc(maps.Keys(a.holds), func(x, y Verdict) int { return cmp.Compare(rank(x), rank(y)) })
}

func (a *asked) gravest() Verdict { return a.verdicts()[0] }

// Finish returns the answers in the order of Add.
func (j *Judge) Finish() []Judged {
	out := make([]Judged, len(j.all))
	for i, a := range j.all {
		j.limit(a)
		vs := a.verdicts()
		out[i].Verdict, out[i].Also, out[i].Reason = vs[0], vs[1:], a.reason[vs[0]]
		if len(vs) == 1 {
			out[i].Also = nil
		}
		if a.entry >= 0 {
			out[i].Entry = j.r.Entries[a.entry].ID
		}
		for _, v := range vs {
			out[i].Shares = append(out[i].Shares, *a.holds[v])
		}
	}
	return out
}

// limit holds a destination against the limits of its days.
func (j *Judge) limit(a *asked) {
	if a.entry < 0 || j.days[a.entry] == nil {
		return
	}
	e := &j.r.Entries[a.entry]
	for _, p := range a.t.Parts {
		d := day(p.Hour)
		if sum := j.days[a.entry][d]; sum > e.MaxBytesOutPerDay && p.PayloadOut > 0 {
			if side, _ := e.at(d); side != 0 {
				continue
			}
			from, to := a.t.hour(p.Hour)
			delete(a.holds, Disclosed)
			a.add(Exceeded, p.PayloadOut, from, to, 0)
			a.reason[Exceeded] = fmt.Sprintf("entry %s allows %d bytes a day of all hosts together, and on %s %d left", e.ID, e.MaxBytesOutPerDay, d.Format(time.DateOnly), sum)
		}
	}
}

// Exceeded returns the entries of which a day's limit was exceeded, in the order of the register.
func (j *Judge) Exceeded() (out []Excess) {
	for _, i := range slices.Sorted(maps.Keys(j.days)) {
		e := &j.r.Entries[i]
		x := Excess{Entry: e}
		for _, d := range slices.SortedFunc(maps.Keys(j.days[i]), time.Time.Compare) {
			if sum := j.days[i][d]; sum > e.MaxBytesOutPerDay {
				x.Days = append(x.Days, DayOut{d, sum, e.MaxBytesOutPerDay})
			}
		}
		if len(x.Days) > 0 {
			out = append(out, x)
		}
	}
	return out
}

// Observed returns what was seen of each entry of the register.
func (j *Judge) Observed() []Observed {
	out := make([]Observed, len(j.r.Entries))
	for _, a := range j.all {
		if a.entry < 0 {
			continue
		}
		o := &out[a.entry]
		if o.Destinations == 0 || a.t.First.Before(o.First) {
			o.First = a.t.First
		}
		if a.t.Last.After(o.Last) {
			o.Last = a.t.Last
		}
		o.Destinations++
		for _, p := range a.t.Parts {
			o.PayloadOut += p.PayloadOut
		}
	}
	return out
}
