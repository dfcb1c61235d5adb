package judge

import (
	"fmt"
	"strings"
)

var newRule = Rule{
	ID:       LockRule,
	Severity: Medium,
	Fires:    "A destination that the baselines given do not have: another registrable domain, host, service or asset. Without a baseline the rule is silent.",
	Levels:   "Low where no payload went out, for time and DNS, and where the register supplied covers it; medium else.",
	Blind: "What is new within a key that was there: another address, client, path or volume, and hosts that differ in numbers or identifiers alone. Where names are hidden, another destination in the same " +
		"network.",
	Do:   "Find the change that brought it. If it is wanted, add it to the register and write a new lock file; if not, stop it.",
	find: findNew,
}

func findNew(c *Case) (out []Finding) {
	if c.Baseline == nil {
		return nil
	}
	for _, g := range c.byRecipient(func(i int) bool { return !c.Baseline.Has(LockRule, c.Destinations[i]) }) {
		f := c.finding(g)
		f.Severity = Medium
		if len(g.only(c.unapproved).members) == 0 {
			f.Severity = Low
		}
		var keys []string
		for _, i := range g.members {
			keys = append(keys, c.Destinations[i].Key())
		}
		f.Title = fmt.Sprintf("%s not in the baseline: %s", g, c.sent(g, &f))
		f.Facts = append(f.Facts, c.volume(&f)+".", "New: "+strings.Join(distinctTexts(keys, maxHosts), "; ")+".")
		f.Facts = append(f.Facts, c.hosts(g)...)
		f.Inference = "Something on the clients changed since the baseline: software, a version, a setting, or the vendor's endpoints."
		f.Unknown = append(unconfirmed(f.VendorBasis), "What was sent: "+c.content(g)+".")
		out = append(out, f)
	}
	return out
}

// distinctTexts are the first few of some texts, each once, with how many more there are.
func distinctTexts(all []string, few int) (out []string) {
	seen := map[string]bool{}
	for _, s := range all {
		if !seen[s] {
			seen[s] = true
			if len(seen) <= few {
				out = append(out, s)
			}
		}
	}
	if n := len(seen) - few; n > 0 {
		out = append(out, fmt.Sprintf("and %d more", n))
	}
	return out
}
