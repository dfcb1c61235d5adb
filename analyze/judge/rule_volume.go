package judge

import (
	"cmp"
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
		{"max_day_bytes", "bytes", "payload out on the UTC day that had most; of several entries, as the other numbers, of the one that is furthest over"},
		{"limit_bytes", "bytes", "the entry's limit of a day"},
		{"days_over", "days", "UTC days with more than the limit"},
	},
	Blind: "Traffic outside the captures: a day that is seen in part can only be too low. Where UDP was mirrored, or a stream was captured before and after address translation, the sum is an " +
		"upper bound.",
	Do:   "Ask the vendor what was sent on the days listed. Compare with the contract's volume and purpose.",
	find: findVolume,
}

func findVolume(c *Case) (out []Finding) {
	of := map[string]*disclosure.Excess{}
	for i := range c.exceeded {
		of[c.exceeded[i].Entry.ID] = &c.exceeded[i]
	}
	if len(of) == 0 {
		return nil
	}
	for _, g := range c.byRecipient(func(i int) bool { return c.has(i, disclosure.Exceeded) }) {
		f := c.finding(g)
		var most disclosure.DayOut
		over := 0
		for _, id := range c.entries(g, disclosure.Exceeded) {
			x := of[id]
			if x == nil {
				continue // what may be of several entries is told of the first
			}
			f.Entries, f.Facts = append(f.Entries, id), append(append(f.Facts, daysOver(x)...), c.entryText(id))
			if worst := slices.MaxFunc(x.Days, byTimesOver); over == 0 || byTimesOver(worst, most) > 0 {
				most, over = worst, len(x.Days)
			}
		}
		f.Severity = Medium
		if most.PayloadOut/farOver >= most.Limit {
			f.Severity = High
		}
		f.Title = fmt.Sprintf("%s to %s in a day, where %s are agreed (%s over)", humanize.Bytes(most.PayloadOut), g.to, humanize.Bytes(most.Limit), Plural(over, "day", "days"))
		f.Facts = append(append(f.Facts, c.volume(&f)+"."), c.hosts(g)...)
		f.Inference = "More is sent than was agreed."
		f.Unknown = []string{"What was sent: " + c.content(g) + "."}
		if c.mayRepeat(g) {
			f.Unknown = append(f.Unknown, "The sums are upper bounds: packets without sequence numbers may be in the captures twice.")
		}
		f.Measures = map[string]float64{"max_day_bytes": float64(most.PayloadOut), "limit_bytes": float64(most.Limit), "days_over": float64(over)}
		out = append(out, f)
	}
	return out
}

// byTimesOver orders days by how many times their limits left.
func byTimesOver(a, b disclosure.DayOut) int {
	return cmp.Compare(float64(a.PayloadOut)/float64(a.Limit), float64(b.PayloadOut)/float64(b.Limit))
}

func daysOver(x *disclosure.Excess) (out []string) {
	for _, d := range x.Days {
		out = append(out, fmt.Sprintf("%s: %s of payload left, %s more than the limit of %s.", d.Day.Format(day), humanize.Bytes(d.PayloadOut), humanize.Bytes(d.PayloadOut-d.Limit), humanize.Bytes(d.Limit)))
	}
	return out
}

// mayRepeat says whether payload of some destinations may be counted twice: of a transport without sequence numbers, or seen on both sides of a translation.
func (c *Case) mayRepeat(g *group) bool {
	return slices.ContainsFunc(g.members, func(i int) bool {
		d := c.Destinations[i]
		return !strings.HasPrefix(d.Transport, "tcp") && d.PayloadOut > 0 || c.register != nil && c.register.Shared(d.Client)
	})
}
