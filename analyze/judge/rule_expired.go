package judge

import (
	"cmp"
	"fmt"

	"github.com/dustin/go-humanize"

	"phonehome/analyze/disclosure"
)

// longExpired is the days past the end of an entry from which on it is graver: a month is how long a contract's end takes to be carried out.
const longExpired = 30

var expiredRule = Rule{
	ID:       "disclosure-expired",
	Severity: Medium,
	Fires:    "Traffic goes on after the last day of the register's entry for it: a trial or a contract ended, and the traffic did not.",
	Levels:   "Low where names were only looked up, or nobody answered; high from 30 days past the end on, and from an asset from which nothing may leave; medium else.",
	Bounds:   []Bound{{"long past the end", "30 days", "how long a contract's end takes to be carried out"}},
	Numbers: []Number{
		{"days_past_end", "days", "from the entry's last day to the last day with traffic"},
	},
	Blind: "Whether the contract was renewed and the register was not kept. A day is a UTC day: on the last one's edge a zone's midnight may differ.",
	Do:    "Ask the entry's owner whether the contract was renewed. If not, remove the software and ask the vendor what it did with the data received since.",
	find:  findExpired,
}

func findExpired(c *Case) (out []Finding) {
	if c.register == nil {
		return nil
	}
	for _, g := range c.byRecipient(func(i int) bool { return c.has(i, disclosure.Expired) }) {
		f, past := c.finding(g), c.shareOf(g, disclosure.Expired)
		f.Severity = Medium
		switch answered := g.only(c.answered); {
		case len(answered.members) == 0:
			f.Severity = Low
		case c.shareOf(answered, disclosure.Expired).Days >= longExpired || c.guarded(answered):
			f.Severity = High
		}
		f.Entries, f.PayloadOut = c.entries(g, disclosure.Expired), past.PayloadOut
		f.Title = fmt.Sprintf("%s in use %s after the disclosure ended, %s", g, Plural(past.Days, "day", "days"), c.sent(g, &f))
		f.Facts = append(f.Facts, fmt.Sprintf("%s of payload left after the end, from %s to %s.", humanize.Bytes(past.PayloadOut), minuteText(past.First), minuteText(past.Last)))
		for _, id := range f.Entries {
			e := c.register.Entry(id)
			f.Facts = append(f.Facts, fmt.Sprintf("The last day of %s %s was %s.", cmp.Or(e.Kind, "entry"), e.ID, e.End.Format(day)), c.entryText(id))
		}
		f.Facts = append(append(f.Facts, c.places(g)...), c.hosts(g)...)
		f.Inference = "The software was not removed or switched off when the agreement ended, or the register was not kept."
		f.Unknown = []string{"Whether the agreement was renewed.", "What was sent: " + c.content(g) + "."}
		f.Measures = map[string]float64{"days_past_end": float64(past.Days)}
		out = append(out, f)
	}
	return out
}

// answered says whether somebody at a destination answered, or was sent to for long.
func (c *Case) answered(i int) bool {
	return c.details[i].state <= rankConnected
}

// day is how days are written.
const day = "2006-01-02"
