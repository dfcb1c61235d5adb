package report

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"phonehome/analyze"
	"phonehome/analyze/disclosure"
	"phonehome/analyze/judge"
)

// Proposals are an entry of the register for each recipient that is not disclosed, with what was seen of it. Only destinations that pick takes count; nil takes all.
func Proposals(r *analyze.Result, pick func(d *judge.Destination) bool) (out []disclosure.Proposal) {
	by := map[string]int{}
	for i := range r.Destinations {
		d := &r.Destinations[i]
		if d.Disclosure.Verdict == disclosure.Disclosed || d.State == judge.LookedUp || pick != nil && !pick(d) {
			continue
		}
		to := proposedRecipient(d)
		at, met := by[to]
		if !met {
			at = len(out)
			by[to] = at
			out = append(out, disclosure.Proposal{Vendor: to})
		}
		what, p := d.Name, &out[at]
		if what == "" && len(d.Servers) > 0 {
			what = d.Servers[0].IP.String()
		}
		p.Seen = append(p.Seen, fmt.Sprintf("%s: %s from %s, %s to %s", what, humanize.Bytes(d.PayloadOut), d.Client, d.First.UTC().Format(time.RFC3339), d.Last.UTC().Format(time.RFC3339)))
		if d.OpenedBy == "client" && d.Port != 0 {
			what += fmt.Sprintf("|%d/%s", d.Port, d.Transport)
		}
		p.Destinations = append(p.Destinations, what)
	}
	return out
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
	case len(d.Servers) > 0:
		return "unknown, at " + d.Servers[0].IP.String()
	}
	return unknown
}
