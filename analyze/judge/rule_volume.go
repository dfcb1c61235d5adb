package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"phonehome/analyze/disclosure"
)

// farOver is how many times the limit of a day makes it graver: no rounding and no busy day explains ten.
const farOver = 10

var volumeRule = Rule{
	ID:       "volume-exceeded",
	Severity: Medium,
	Fires:    "On a UTC day all hosts together sent more payload than the entry's max_bytes_out_per_day.",
	Levels:   "Medium; high from ten times the limit on.",
	Bounds:   []Bound{{"limit", "max_bytes_out_per_day of the entry", "what was agreed"}, {"far over", "10 times the limit", "no busy day explains it"}},
	Numbers: []Number{
		{"max_day_bytes", "bytes", "payload out on the UTC day that had most"},
		{"limit_bytes", "bytes", "the entry's limit of a day"},
		{"days_over", "days", "UTC days with more than the limit"},
	},
	Blind: "Traffic outside the captures: a day that is seen in part can only be too low. Where UDP was mirrored, or a stream was captured before and after address translation, the sum is an " +
		"upper bound.",
	Do:   "Ask the vendor what was sent on the days listed. Compare with the contract's volume and purpose.",
	find: findVolume,
}

func findVolume(c *Case) (out []Finding) {
	of := c.exceeding()
	for _, x := range c.exceeded {
		for _, g := range c.grouped(of[x.Entry.ID]) {
			f := c.finding(g)
			most := slices.MaxFunc(x.Days, func(a, b disclosure.DayOut) int { return compareUint(a.PayloadOut, b.PayloadOut) })
			f.Severity, f.Entries = Medium, []string{x.Entry.ID}
			if most.PayloadOut/farOver >= most.Limit {
				f.Severity = High
			}
			f.Title = fmt.Sprintf("%s to %s in a day, where %s are agreed (%s over)", humanize.Bytes(most.PayloadOut), g.to, humanize.Bytes(most.Limit), Plural(len(x.Days), "day", "days"))
			for _, d := range x.Days {
				f.Facts = append(f.Facts, fmt.Sprintf("%s: %s of payload left, %s more than the limit of %s.", d.Day.Format(day), humanize.Bytes(d.PayloadOut), humanize.Bytes(d.PayloadOut-d.Limit), humanize.Bytes(d.Limit)))
			}
			f.Facts = append(append(f.Facts, c.volume(&f)+".", c.entryText(x.Entry.ID)), c.hosts(g)...)
			f.Inference = "More is sent than was agreed."
			f.Unknown = []string{"What was sent: " + c.content(g) + "."}
			if c.mayRepeat(g) {
				f.Unknown = append(f.Unknown, "The sums are upper bounds: packets without sequence numbers may be in the captures twice.")
			}
			f.Measures = map[string]float64{"max_day_bytes": float64(most.PayloadOut), "limit_bytes": float64(most.Limit), "days_over": float64(len(x.Days))}
			out = append(out, f)
		}
	}
	return out
}

// exceeding are the destinations that together sent more than an entry allows, by entry, whatever else another entry says of them.
func (c *Case) exceeding() map[string][]int {
	of := map[string][]int{}
	for i, shares := range c.shares {
		for _, s := range shares {
			if s.Verdict != disclosure.Exceeded {
				continue
			}
			for _, id := range s.Entries {
				of[id] = append(of[id], i)
			}
		}
	}
	return of
}

func compareUint(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// mayRepeat says whether payload of some destinations may be counted twice: of a transport without sequence numbers, or seen on both sides of a translation.
func (c *Case) mayRepeat(g *group) bool {
	return slices.ContainsFunc(g.members, func(i int) bool {
		d := c.Destinations[i]
		return !strings.HasPrefix(d.Transport, "tcp") && d.PayloadOut > 0 || c.register != nil && c.register.Shared(d.Client)
	})
}
