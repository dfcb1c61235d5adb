package disclosure

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
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
	Relayed     bool // the client is a proxy, and who asked it for this is judged as such
	Elsewhere   bool // its payload is that of other traffic too, and counts there
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
	Shares    []Share // of each verdict that holds, the gravest first
	Uncovered uint64  // payload of which a verdict that is Uncovered holds; under several names the least
}

// Share is what a destination sent under one verdict: traffic that runs past the end of an entry is parted by the hour. Where several names get the verdict, it is the
// least of theirs, which holds whichever name it was.
type Share struct {
	Verdict     Verdict
	Reason      string
	PayloadOut  uint64
	First, Last time.Time
	Days        int      // past the end, at most; of Expired
	Countries   []string // that were not allowed, in the order of the alphabet; of Country
	Entries     []string // that give the verdict, in the order of the register; none of Undisclosed and Unattributable
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

// Observed is what was seen of an entry. What may be of several entries, as several names fit, was seen of each.
type Observed struct {
	Destinations int
	PayloadOut   uint64
	First, Last  time.Time
}

// Judge judges destinations. The limits of a day are over all of them, and so come at the end.
type Judge struct {
	r    *Register
	all  []*asked
	days map[entryDay]uint64 // payload that counts against limits
}

// entryDay is a UTC day of an entry.
type entryDay struct {
	entry int
	day   time.Time
}

// NewJudge returns a Judge without destinations.
func (r *Register) NewJudge() *Judge { return &Judge{r: r, days: map[entryDay]uint64{}} }

// Add judges one destination but for the limits of a day. The order of calls is that of the answers.
func (j *Judge) Add(t *Traffic) {
	a := newAsked(t)
	if len(t.Names) == 0 {
		a.views = append(a.views, j.r.view(a, "", ""))
	}
	for i, n := range t.Names {
		a.views = append(a.views, j.r.view(a, n, t.Vendors[i]))
	}
	j.all = append(j.all, a)
	for i := range a.parts {
		if k, ok := j.counted(a, i); ok {
			j.days[k] += a.own(i)
		}
	}
}

// counted is the day against whose limit a part counts. Under several names it counts once, and only if all are of one entry: else nobody knows whose bytes they are.
func (j *Judge) counted(a *asked, part int) (entryDay, bool) {
	k, ok := j.limited(a, a.views[0], part)
	for _, v := range a.views[1:] {
		ok = ok && v.entries[part] == k.entry
	}
	return k, ok
}

// limited is the day whose limit a part comes under by one of its names: of an entry that has one, within its dates.
func (j *Judge) limited(a *asked, v *view, part int) (entryDay, bool) {
	e := v.entries[part]
	if e == noEntry || j.r.Entries[e].MaxBytesOutPerDay == 0 {
		return entryDay{}, false
	}
	d := day(a.parts[part].Hour)
	side, _ := j.r.Entries[e].at(d)
	return entryDay{e, d}, side == 0
}

// Finish returns the answers in the order of Add. It changes nothing: it may be called again, and after more was added.
func (j *Judge) Finish() []Judged {
	out := make([]Judged, len(j.all))
	for i, a := range j.all {
		out[i] = j.answer(a)
	}
	return out
}

// answer is what holds under all names of a destination. Where the gravest verdicts of names differ, none of them is told.
func (j *Judge) answer(a *asked) Judged {
	all := make([][]ruling, len(a.views))
	for i, v := range a.views {
		all[i] = j.rulings(a, v)
	}
	same, uncovered := all[0], a.views[0].uncovered
	for i, other := range all[1:] {
		if other[0].Verdict != same[0].Verdict {
			return j.unattributable(a, all)
		}
		same, uncovered = common(same, other), min(uncovered, a.views[i+1].uncovered)
	}
	out := j.judged(same)
	out.Uncovered = uncovered
	return out
}

// judged is the answer of rulings, the gravest first.
func (j *Judge) judged(rs []ruling) (out Judged) {
	for i := range rs {
		share := rs[i].Share
		share.Reason = rs[i].text()
		for _, e := range rs[i].entries() {
			share.Entries = append(share.Entries, j.r.Entries[e].ID)
		}
		out.Shares = append(out.Shares, share)
		if i > 0 {
			out.Also = append(out.Also, share.Verdict)
		}
	}
	out.Verdict, out.Reason, out.Entry = rs[0].Verdict, out.Shares[0].Reason, firstOf(out.Shares[0].Entries)
	return out
}

func firstOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// maxNamed is how many names, or entries, a reason lists: an address of a content network has thousands.
const maxNamed = 5

// unattributable says what the register says of each name.
func (j *Judge) unattributable(a *asked, all [][]ruling) Judged {
	said := make([]string, len(all))
	for i, rs := range all {
		said[i] = fmt.Sprintf("%s is %s", a.views[i].name, rs[0].Verdict)
		if es := rs[0].entries(); len(es) > 0 {
			said[i] += " (entry " + j.r.Entries[es[0]].ID + ")"
		}
	}
	slices.Sort(said)
	reason := "several names fit, and the register supplied does not say the same of them: " + listed(slices.Compact(said), ", ")
	share := Share{Verdict: Unattributable, Reason: reason, First: a.t.First, Last: a.t.Last}
	for i := range a.parts {
		share.PayloadOut += a.parts[i].PayloadOut
	}
	return Judged{Judgement: Judgement{Verdict: Unattributable, Reason: reason}, Shares: []Share{share}, Uncovered: share.PayloadOut}
}

// listed joins the first few of a list.
func listed(list []string, by string) string {
	if n := len(list) - maxNamed; n > 0 {
		return strings.Join(list[:maxNamed], by) + by + fmt.Sprintf("and %d more", n)
	}
	return strings.Join(list, by)
}

// Exceeded returns the entries of which a day's limit was exceeded, in the order of the register.
func (j *Judge) Exceeded() (out []Excess) {
	over := map[entryDay]uint64{}
	for k, sum := range j.days {
		if sum > j.r.Entries[k.entry].MaxBytesOutPerDay {
			over[k] = sum
		}
	}
	for _, a := range j.all {
		j.eitherOver(a, over)
	}
	for _, k := range slices.SortedFunc(maps.Keys(over), entryDay.compare) {
		e := &j.r.Entries[k.entry]
		if len(out) == 0 || out[len(out)-1].Entry != e {
			out = append(out, Excess{Entry: e})
		}
		x := &out[len(out)-1]
		x.Days = append(x.Days, DayOut{k.day, over[k], e.MaxBytesOutPerDay})
	}
	return out
}

// eitherOver adds the days on which a destination of several names exceeds a limit whichever name it is: of the first entry that it is of.
func (j *Judge) eitherOver(a *asked, over map[entryDay]uint64) {
	if len(a.views) == 1 {
		return
	}
	shares := j.answer(a).Shares
	i := slices.IndexFunc(shares, func(s Share) bool { return s.Verdict == Exceeded })
	if i < 0 {
		return
	}
	for _, v := range a.views {
		for k, sum := range j.overDays(a, v) {
			if j.r.Entries[k.entry].ID == shares[i].Entries[0] {
				over[k] = max(over[k], sum)
			}
		}
	}
}

func (k entryDay) compare(o entryDay) int {
	return cmp.Or(cmp.Compare(k.entry, o.entry), k.day.Compare(o.day))
}

// Observed returns what was seen of each entry of the register.
func (j *Judge) Observed() []Observed {
	out := make([]Observed, len(j.r.Entries))
	for _, a := range j.all {
		met := map[int]bool{}
		for i := range a.parts {
			from, to := a.span(&a.parts[i])
			for _, e := range a.entriesOf(i) {
				o := &out[e]
				o.see(from, to, a.own(i))
				if !met[e] {
					met[e] = true
					o.Destinations++
				}
			}
		}
	}
	return out
}

// own is the payload of a part that is not counted with other traffic.
func (a *asked) own(part int) uint64 {
	if a.t.Elsewhere {
		return 0
	}
	return a.parts[part].PayloadOut
}

// entriesOf are the entries that a part is held against under any name, each once.
func (a *asked) entriesOf(part int) []int {
	var out []int
	for _, v := range a.views {
		if e := v.entries[part]; e != noEntry && !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}

func (o *Observed) see(from, to time.Time, out uint64) {
	if o.Destinations == 0 || from.Before(o.First) {
		o.First = from
	}
	if to.After(o.Last) {
		o.Last = to
	}
	o.PayloadOut += out
}
