package judge

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"phonehome/analyze/flow"
	"phonehome/analyze/rhythm"
)

// surelyRhythm is the greatest share of false calls at which a beacon may be more than low: one in a hundred.
const surelyRhythm = 0.01

var beaconRule = Rule{
	ID:       "beacon",
	Severity: Low,
	Fires: "Exchanges of one client with a destination, or of all clients with one recipient, come in a rhythm: if they came at random, at whatever changing rate, at most one series in a thousand " +
		"would be this regular.",
	Levels: "Low where no register was given: software that keeps itself up to date does it every day; medium where a list has the recipient, or the register supplied does not cover it, if at " +
		"most one in a hundred of such calls is false.",
	Bounds: []Bound{
		{"p of a series", "0.001", "the chance that random exchanges look like this, at most"},
		{"silence between exchanges", "5 s, or 20 s, 90 s or 5 min", "longer than the retransmissions and the answers of one exchange; else than its further tries, or until an idle connection is closed, where hardly any silence is near that"},
		{"intervals near the period, or two or three of them", "85 %", "of a rhythm without gaps; random exchanges that keep a distance are more even than chance, and fewer of their intervals are alike"},
		{"intervals between multiples of the period", "one in 16, or one of a few", "more trail off, as those of random exchanges do"},
		{"exchanges", "6", "fewer can't be told from chance; of a 30-minute rhythm that is 2.5 hours of capture"},
		{"shortest period", "10 s (50 s where exchanges are missing)", "below, rounded times look like a rhythm"},
	},
	Numbers: []Number{
		{"period_s", "seconds", "the period"},
		{"jitter_s", "seconds", "standard deviation of the exchanges' distances around the period"},
		{"events", "exchanges", "exchanges seen; of two rhythms those of one"},
		{"expected", "exchanges", "exchanges that the period has from the first to the last"},
		{"p", "chance", "that random exchanges look like this, at most"},
		{"tried", "series", "series that were tested in this report"},
		{"q", "share", "false calls to expect among the series called at this p or a smaller one"},
	},
	Blind: "What the register covers. Rhythms with a jitter of more than a quarter of the period, the second of two rhythms to one destination, exchanges on one connection without 5 seconds of " +
		"silence, names that are only looked up. Time, DNS and what keeps a path open are left out by their protocol.",
	Do:   "Find the software that keeps the rhythm. Look at what changes between exchanges. Compare period and start with scheduled tasks.",
	find: findBeacons,
}

// Exchanges are parted alike in flows and between them.
var _ = [1]struct{}{}[flow.EventGap-int64(rhythm.Gap)]

// series is events to be tested.
type series struct {
	g      *group
	result rhythm.Result
	all    bool // of all clients with one recipient
}

func findBeacons(c *Case) (out []Finding) {
	tried := c.series()
	ps := make([]float64, len(tried))
	for i := range tried {
		ps[i] = tried[i].result.P
	}
	qs := rhythm.FalseDiscovery(ps)
	var called []*beat
	of := map[*recipient]*beat{}
	for i := range tried {
		s := &tried[i]
		if !s.result.Called {
			continue
		}
		b := of[s.g.to]
		if b == nil {
			b = &beat{strongest: i}
			of[s.g.to], called = b, append(called, b)
		}
		b.add(tried, i)
	}
	for _, b := range called {
		s := &tried[b.strongest]
		out = append(out, c.beacon(s, &group{to: s.g.to, members: b.members(tried)}, len(tried), qs[b.strongest]))
	}
	return out
}

// beat is what was called of one recipient.
type beat struct {
	strongest int   // which series speaks
	single    []int // series of one destination
}

func (b *beat) add(tried []series, i int) {
	if !tried[i].all {
		b.single = append(b.single, i)
	}
	if tried[i].result.P < tried[b.strongest].result.P {
		b.strongest = i
	}
}

// members are the destinations of the strongest series, and of the others where that is of one destination.
func (b *beat) members(tried []series) []int {
	s := &tried[b.strongest]
	if s.all {
		return s.g.members
	}
	out := slices.Clone(s.g.members)
	for _, i := range b.single {
		if i != b.strongest {
			out = append(out, tried[i].g.members...)
		}
	}
	return out
}

// series are all that have enough events, tested: of each destination, then of each recipient with several.
func (c *Case) series() (out []series) {
	var events []int64
	test := func(members []int) rhythm.Result {
		if !c.manyEvents(members) {
			return rhythm.Result{} // most
		}
		events = c.events(events[:0], members)
		return rhythm.Test(events)
	}
	one := []int{0}
	for i := range c.Destinations {
		if !c.mayBeat(i) {
			continue
		}
		one[0] = i
		if r := test(one); r.Tested {
			out = append(out, series{&group{to: c.recipient(i), members: []int{i}}, r, false})
		}
	}
	for _, g := range c.byRecipient(c.mayBeat) {
		if len(g.members) == 1 {
			continue
		}
		if r := test(g.members); r.Tested {
			out = append(out, series{g, r, true})
		}
	}
	return out
}

// manyEvents says whether some destinations have as many exchanges as a rhythm needs.
func (c *Case) manyEvents(members []int) bool {
	n := 0
	for _, i := range members {
		if n += 1 + int(c.details[i].later); n >= rhythm.MinEvents {
			return true
		}
	}
	return false
}

// events adds the starts of the exchanges of some destinations to out, which is empty, in order.
func (c *Case) events(out []int64, members []int) []int64 {
	for _, i := range members {
		out = append(out, int64(c.Destinations[i].First))
		for at := range c.b.events.Down(c.details[i].events) {
			out = append(out, *at)
		}
	}
	slices.Sort(out)
	return out
}

// mayBeat says whether a destination's rhythm says anything: not that of what hosts keep themselves going with.
func (c *Case) mayBeat(i int) bool {
	return !c.is(i, isMachinery|isCovered) && c.details[i].state != rankLookedUp
}

// beacon makes the finding of a series about some destinations.
func (c *Case) beacon(s *series, g *group, tried int, q float64) Finding {
	f, r := c.finding(g), s.result
	f.Severity = Low
	if q <= surelyRhythm && c.strange(g) {
		f.Severity = Medium
	}
	f.Title = fmt.Sprintf("Every %s to %s, give or take %s: %d exchanges of %d expected", period(r.Period), g.to, period(r.Jitter), r.Events, r.Expected)
	expected := rhythm.Alpha * float64(tried)
	f.Facts = append(f.Facts, c.volume(&f)+".",
		fmt.Sprintf("If the exchanges came at random, the chance of a series this regular would be at most %.2g (p). %s tried in this report: %.2g of such would be called a rhythm by chance. The share of false calls to expect is %.2g (q).",
			r.P, Plural(tried, "series was", "series were"), expected, q))
	if s.all && len(f.Clients) > 1 {
		f.Facts = append(f.Facts, "The rhythm is of all clients together.")
	} else if s.all {
		f.Facts = append(f.Facts, "The rhythm is of all destinations together.")
	}
	f.Facts = append(f.Facts, c.hosts(g)...)
	f.Inference = "This looks like the timer of a program, not like a person."
	f.Unknown = append(unconfirmed(f.VendorBasis), "What was sent: "+c.content(g)+".")
	f.Measures = map[string]float64{"period_s": seconds(r.Period), "jitter_s": seconds(r.Jitter), "events": float64(r.Events), "expected": float64(r.Expected), "p": r.P,
		"tried": float64(tried), "q": q}
	f.Rhythm = rhythmOf(c.events(nil, s.g.members), r.Gap)
	return f
}

// strange says whether a recipient is one that nobody answers for: listed, or not covered by the register supplied.
func (c *Case) strange(g *group) bool {
	return slices.ContainsFunc(g.members, func(i int) bool {
		return c.register != nil || c.Intel != nil && len(c.listed(i)) > 0
	})
}

func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }

// period is a duration as people say it: "30 min 2 s".
func period(d time.Duration) string {
	switch {
	case d >= time.Hour:
		d = d.Round(time.Minute)
	case d >= time.Minute:
		d = d.Round(time.Second)
	default:
		d = d.Round(100 * time.Millisecond)
	}
	var out []string
	if h := d / time.Hour; h > 0 {
		out = append(out, fmt.Sprintf("%d h", h))
	}
	if m := d % time.Hour / time.Minute; m > 0 {
		out = append(out, fmt.Sprintf("%d min", m))
	}
	if s := (d % time.Minute).Seconds(); s > 0 || len(out) == 0 {
		out = append(out, fmt.Sprintf("%g s", s))
	}
	return strings.Join(out, " ")
}
