package report

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"phonehome/analyze"
	"phonehome/analyze/disclosure"
	"phonehome/analyze/judge"
)

// Proposals are an entry of the register for each recipient that is not disclosed, with what was seen of it, and how many destinations have names that no register can hold. Only
// destinations that pick takes count; nil takes all.
func Proposals(r *analyze.Result, pick func(d *judge.Destination) bool) (list []disclosure.Proposal, nameless int) {
	l := &lessons{by: map[string]*disclosure.Proposal{}}
	for _, d := range r.Destinations {
		if pick == nil || pick(d) {
			l.learn(d)
		}
	}
	return l.proposals(), l.nameless
}

// lessons are proposed entries by recipient.
type lessons struct {
	by       map[string]*disclosure.Proposal
	order    []string
	nameless int // destinations whose names are no host names
}

func (l *lessons) proposals() (out []disclosure.Proposal) {
	for _, to := range l.order {
		out = append(out, *l.by[to])
	}
	return out
}

// learn proposes what a register must have to cover a destination, unless it does already, with what was seen of it.
func (l *lessons) learn(d *judge.Destination) {
	if d.Disclosure.Verdict == disclosure.Disclosed || d.State == judge.LookedUp {
		return
	}
	list, what := patternsOf(d)
	if len(list) == 0 {
		l.nameless++
		return
	}
	to := proposedRecipient(d)
	p := l.by[to]
	if p == nil {
		p = &disclosure.Proposal{Vendor: to}
		l.by[to] = p
		l.order = append(l.order, to)
	}
	p.Seen = append(p.Seen, fmt.Sprintf("%s: %s from %s, %s to %s", what, humanize.Bytes(d.PayloadOut), d.Client, d.First.Time().Format(time.RFC3339), d.Last.Time().Format(time.RFC3339)))
	p.Destinations = append(p.Destinations, list...)
}

// patternsOf are the patterns that cover a destination: of its name, of all names that fit, or of its addresses where nothing names it. what calls it in a word.
func patternsOf(d *judge.Destination) (list []disclosure.Pattern, what string) {
	names := []string{d.Name}
	for _, o := range d.OtherNames {
		names = append(names, o.Name)
	}
	names = slices.DeleteFunc(names, func(n string) bool { return n == "" })
	for _, n := range names {
		if p, ok := patternOf(n); ok {
			list = append(list, p)
		}
	}
	what = strings.Join(names[:min(len(names), 3)], " or ")
	if len(names) == 0 {
		for _, s := range d.Servers {
			list = append(list, disclosure.Addressed(s.IP))
			what = d.Servers[0].IP.String()
		}
		if more := d.ServersTotal - len(d.Servers); more > 0 {
			what += fmt.Sprintf(" and others, of which a result does not list %d", more)
		}
	}
	if d.OpenedBy == "client" {
		for i := range list {
			list[i] = list[i].On(d.Port, d.Transport)
		}
	}
	return list, what
}

// patternOf is the pattern of a name, or of the address that a proxy was asked for.
func patternOf(name string) (disclosure.Pattern, bool) {
	if a, err := netip.ParseAddr(name); err == nil {
		return disclosure.Addressed(a), true
	}
	p, why := disclosure.Named(name)
	return p, why == ""
}

// proposedRecipient is whom a destination is proposed as.
func proposedRecipient(d *judge.Destination) string {
	switch {
	case d.Vendor != "":
		return d.Vendor
	case d.RegistrableDomain != "":
		return d.RegistrableDomain
	case d.Name != "":
		return d.Name
	case len(d.OtherNames) > 0:
		return d.OtherNames[0].Name + " or another"
	case len(d.Servers) > 0:
		return "unknown, at " + d.Servers[0].IP.String()
	}
	return unknown
}
