package judge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"phonehome/analyze/intel"
)

var intelRule = Rule{
	ID:       "threat-intel",
	Severity: High,
	Fires:    "A list that the user gave has the destination's name or address.",
	Levels: "High where payload went to an address or name that a list has exactly; medium where nothing but a look-up or an attempt was seen, or the list has a network, a wildcard, or the URL of a host " +
		"that others may share; low where a list of false positives has it too.",
	Blind: "What the list does not say: why, and whether it still holds. Addresses that many share. Encrypted names, where no address is listed.",
	Do:    "Read what the list's author says of the indicator and when. Look at what the client runs. Suppress the finding with a reason if the list is wrong.",
	find:  findIntel,
}

// listed is one indicator that fits destinations of a finding.
type listed struct {
	hit  intel.Hit
	what string // the name or address that was looked up
}

func findIntel(c *Case) (out []Finding) {
	if c.Intel == nil {
		return nil
	}
	hits := make(map[int][]listed)
	for i := range c.Destinations {
		if h := c.listed(i); len(h) > 0 {
			hits[i] = h
		}
	}
	for _, g := range c.byRecipient(func(i int) bool { return len(hits[i]) > 0 }) {
		f := c.finding(g)
		var all []listed
		for _, i := range g.members {
			all = append(all, hits[i]...)
		}
		all = c.distinctHits(all)
		f.Severity, f.Confidence = c.listedSeverity(g, hits, all)
		lists := c.listNames(all)
		f.Title = fmt.Sprintf("%s is listed by %s: %s", cited(all), strings.Join(lists, ", "), c.sent(g, &f))
		f.Facts = append(f.Facts, c.volume(&f)+".")
		f.Facts = append(append(f.Facts, c.citations(all)...), c.hosts(g)...)
		f.Inference = "The lists' authors have seen something that made them list it; the lists say no more of this traffic."
		f.Unknown = append(unconfirmed(f.VendorBasis), "Why the list has it, and whether that still holds.", "What was sent: "+c.content(g)+".")
		out = append(out, f)
	}
	return out
}

// listed looks a destination up: its names, and its addresses on its port.
func (c *Case) listed(i int) (out []listed) {
	d := c.Destinations[i]
	port := d.Port
	if d.OpenedBy == "server" {
		port = 0 // the port lies inside
	}
	for _, n := range names(d) {
		for _, h := range c.Intel.Host(n, port) {
			out = append(out, listed{h, n})
		}
	}
	for _, s := range d.Servers {
		for _, h := range c.Intel.Addr(s.IP, port) {
			out = append(out, listed{h, s.IP.String()})
		}
	}
	return out
}

// names are all names of a destination.
func names(d *Destination) (out []string) {
	if d.Name != "" {
		out = append(out, d.Name)
	}
	for _, o := range d.OtherNames {
		out = append(out, o.Name)
	}
	return out
}

// distinctHits sorts hits by kind, list and what they are of, each once.
func (c *Case) distinctHits(all []listed) []listed {
	lists := c.Intel.Lists()
	slices.SortStableFunc(all, func(a, b listed) int {
		return cmp.Or(cmp.Compare(intelRank(a.hit.Kind), intelRank(b.hit.Kind)), strings.Compare(lists[a.hit.List].Name, lists[b.hit.List].Name),
			strings.Compare(a.what, b.what), strings.Compare(a.hit.Indicator, b.hit.Indicator), cmp.Compare(a.hit.Port, b.hit.Port))
	})
	return slices.CompactFunc(all, func(a, b listed) bool {
		return a.what == b.what && a.hit.List == b.hit.List && a.hit.Kind == b.hit.Kind && a.hit.Indicator == b.hit.Indicator && a.hit.Port == b.hit.Port
	})
}

// exact says whether a list has the very name or address.
func exact(k intel.Kind) bool { return k == intel.Address || k == intel.Domain }

func intelRank(k intel.Kind) int {
	return slices.Index([]intel.Kind{intel.Address, intel.Domain, intel.Network, intel.Wildcard, intel.URLHost}, k)
}

func (c *Case) listedSeverity(g *group, hits map[int][]listed, all []listed) (Severity, string) {
	undoubted := func(l listed) bool { return len(l.hit.Annotations) == 0 }
	plain := func(l listed) bool { return undoubted(l) && exact(l.hit.Kind) }
	reached := func(i int) bool { return c.details[i].state == rankTransferred && slices.ContainsFunc(hits[i], plain) }
	switch {
	case !slices.ContainsFunc(all, undoubted):
		return Low, weak
	case !slices.ContainsFunc(all, plain):
		return Medium, likely
	case !slices.ContainsFunc(g.members, reached):
		return Medium, sure
	}
	return High, sure
}

func (c *Case) listNames(all []listed) (out []string) {
	for _, l := range all {
		out = append(out, c.Intel.Lists()[l.hit.List].Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// cited is what is listed, for a title: the first, and how many more.
func cited(all []listed) string {
	what := map[string]bool{}
	for _, l := range all {
		what[l.what] = true
	}
	if len(what) == 1 {
		return all[0].what
	}
	return all[0].what + " with " + Plural(len(what)-1, "other", "others")
}

// citations say what each list has: the indicator, the list and its date.
func (c *Case) citations(all []listed) (out []string) {
	for n, l := range all {
		if n == maxListed {
			return append(out, Plural(len(all)-n, "more indicator fits.", "more indicators fit."))
		}
		list := c.Intel.Lists()[l.hit.List]
		s := fmt.Sprintf("%s is listed by %s (%s) as %s %s", l.what, list.Name, dated(list.Date), l.hit.Kind, l.hit.Indicator)
		if l.hit.Date != "" {
			s += " of " + l.hit.Date
		}
		if l.hit.Description != "" {
			s += ", in its words: " + quoted(l.hit.Description)
		}
		if len(l.hit.Annotations) > 0 {
			s += "; it is on the list of false positives " + strings.Join(l.hit.Annotations, ", ") + " too"
		}
		out = append(out, s+".")
	}
	return out
}

func dated(date string) string {
	if date == "" {
		return "without a date"
	}
	return "of " + date
}
