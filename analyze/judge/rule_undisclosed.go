package judge

import (
	"fmt"
	"slices"
	"strings"

	"phonehome/analyze/disclosure"
)

// muchUndisclosed is the payload that makes it graver, in bytes: databases and archives, not what software says of itself.
const muchUndisclosed = 100_000_000

var undisclosedRule = Rule{
	ID:       "undisclosed-destination",
	Severity: Medium,
	Fires:    "No approved entry of the register supplied covers a destination: none fits its name or address, or those that do are not valid yet, for other hosts, or for other ports.",
	Levels: "Low where no payload went out (a look-up, an attempt, a connection), where several names fit and their verdicts differ, and for time and DNS; high where payload left from an asset " +
		"from which nothing may leave, for a country outside home_countries, or 100 MB of it; medium else.",
	Bounds: []Bound{{"much payload", "100 MB", "databases and archives, not what software says of itself"}},
	Blind: "Whether a vendor disclosed the transfer elsewhere: only the register supplied is known. What an entry for an address covers beside its vendor's traffic. " +
		"Without a register the rule is silent.",
	Do:   "Ask the owner of the software or device, and its vendor, what is sent and why. Then add an entry to the register, or stop the transfer.",
	find: findUndisclosed,
}

func findUndisclosed(c *Case) (out []Finding) {
	if c.register == nil {
		return nil
	}
	groups := c.byRecipient(c.uncovered)
	out = make([]Finding, 0, len(groups)) // thousands, where a register has little of what is seen
	for _, g := range groups {
		f := c.finding(g)
		f.PayloadOut = c.uncoveredPayload(g)
		f.Severity = c.undisclosedSeverity(g)
		if c.unsure(g) {
			f.Confidence = weak
		}
		f.Title = fmt.Sprintf("%s: not covered by the register supplied, %s", g, c.sent(g, &f))
		f.Facts = append(append(f.Facts, c.volume(&f)+"."), c.reasons(g, disclosure.Verdict.Uncovered)...)
		f.Facts = append(append(f.Facts, c.places(g)...), c.hosts(g)...)
		f.Inference = "The register supplied does not show that anyone agreed to this."
		if countries := c.abroad(g); len(countries) > 0 {
			f.Inference += " It goes to " + strings.Join(countries, ", ") + ", outside the register's home countries."
		}
		f.Unknown = append(unconfirmed(f.VendorBasis), "What was sent: "+c.content(g)+".", "Whether the vendor disclosed it in a document that the register does not hold.")
		out = append(out, f)
	}
	return out
}

// uncovered says whether no approved entry covers a destination, or what it sent at some time.
func (c *Case) uncovered(i int) bool {
	j := c.Destinations[i].Disclosure
	return j.Verdict.Uncovered() || slices.ContainsFunc(j.Also, disclosure.Verdict.Uncovered)
}

// uncoveredPayload is what some destinations sent when no entry covered it: not what left after the first day of an entry, or to another of their addresses.
func (c *Case) uncoveredPayload(g *group) (sum uint64) {
	counts := c.counts(g)
	for _, i := range g.members {
		switch {
		case !counts(i):
		case c.shares[i] == nil:
			sum += c.Destinations[i].PayloadOut
		default:
			sum += c.bare[i]
		}
	}
	return sum
}

// unsure says whether all that is known of some destinations is that several names fit.
func (c *Case) unsure(g *group) bool {
	for _, i := range g.members {
		if c.Destinations[i].Disclosure.Verdict != disclosure.Unattributable {
			return false
		}
	}
	return true
}

func (c *Case) undisclosedSeverity(g *group) Severity {
	unattributable := func(i int) bool { return c.Destinations[i].Disclosure.Verdict == disclosure.Unattributable }
	sure := g.only(func(i int) bool { return c.weighs(i) && !unattributable(i) })
	switch {
	case len(sure.members) == 0:
		return Low
	case c.guarded(sure), len(c.abroad(sure)) > 0, c.uncoveredPayload(sure) >= muchUndisclosed:
		return High
	}
	return Medium
}
