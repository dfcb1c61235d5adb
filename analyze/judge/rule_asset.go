package judge

import (
	"fmt"
	"slices"
	"strings"

	"phonehome/analyze/disclosure"
)

var assetRule = Rule{
	ID:       "asset-egress",
	Severity: Medium,
	Fires:    "A host of an asset from which nothing may leave (egress: none) sends something out, or one from which only disclosed transfers may (egress: disclosed) sends something else.",
	Levels: "Low where no payload went out, for time and DNS, and where the register covers the transfer and so contradicts the asset's policy; high where an asset that may send nothing sends what no " +
		"entry covers; medium else.",
	Blind: "Hosts behind an address that many share (nat). Roles that are only inferred are shown, and never enforced.",
	Do:    "Find the software on the host that sends, and remove it; or change the asset's policy in the register. Block the asset at the firewall.",
	find:  findAsset,
}

func findAsset(c *Case) (out []Finding) {
	if c.register == nil {
		return nil
	}
	for _, g := range c.byRecipient(c.breaksPolicy) {
		f := c.finding(g)
		covered := c.approved(g)
		switch against := g.only(c.unapproved); {
		case len(against.members) == 0:
			f.Severity = Low
		case c.guarded(against):
			f.Severity = High
		default:
			f.Severity = Medium
		}
		names := c.assets(&f)
		slices.Sort(names)
		names = slices.Compact(names)
		f.Title = fmt.Sprintf("From %s to %s, against the asset's policy: %s", strings.Join(names, ", "), g.to, c.sent(g, &f))
		f.Facts = append(f.Facts, c.volume(&f)+".")
		for _, a := range c.register.Assets {
			if slices.Contains(names, a.Name) {
				f.Facts = append(f.Facts, fmt.Sprintf("The register says of asset %q: egress %s.", a.Name, a.Egress))
			}
		}
		f.Facts = append(append(f.Facts, c.hosts(g)...), c.reasons(g, func(disclosure.Verdict) bool { return true })...)
		f.Entries = c.entries(g, gravest)
		f.Inference = "Software on a host that should not reach the outside does."
		if covered {
			f.Inference = "The register contradicts itself: an entry covers the transfer, and the asset may send nothing."
		}
		f.Unknown = append(unconfirmed(f.VendorBasis), "What was sent: "+c.content(g)+".")
		out = append(out, f)
	}
	return out
}

// breaksPolicy says whether a destination is against what its client's asset may do. Entries that all name the asset among their hosts are an exception to a policy of none.
func (c *Case) breaksPolicy(i int) bool {
	d := c.Destinations[i]
	a := c.asset(d.Client)
	if a == nil {
		return false
	}
	covered := d.Disclosure.Verdict == disclosure.Disclosed
	switch a.Egress {
	case disclosure.EgressNone:
		return !covered || slices.ContainsFunc(c.sharesOf(i)[0].Entries, func(id string) bool { return !slices.Contains(c.register.Entry(id).Hosts, a.Name) })
	case disclosure.EgressDisclosed:
		return !covered
	}
	return false
}
