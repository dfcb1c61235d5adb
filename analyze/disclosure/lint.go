package disclosure

import (
	_ "embed" // the skeleton
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// Skeleton is a register to begin with: it parses, and covers nothing.
//
//go:embed skeleton.yaml
var Skeleton string

// Remark is something about a register that is allowed, and that somebody should look at.
type Remark struct {
	File string
	Line int
	Text string
}

// Bounds of networks that one entry should not be wider than: what a vendor has.
const (
	widest4 = 16
	widest6 = 32
)

// Lint returns what is doubtful in a register on a day. unseen says which entries a capture did not show; nil where none was given.
func (r *Register) Lint(asOf time.Time, unseen map[string]bool) (out []Remark) {
	for i := range r.Entries {
		e := &r.Entries[i]
		say := func(format string, args ...any) {
			out = append(out, Remark{e.File, e.Line, fmt.Sprintf("%s: ", e.ID) + fmt.Sprintf(format, args...)})
		}
		r.lintEntry(e, asOf, say)
		for k := range e.Destinations {
			lintPattern(e, &e.Destinations[k], say)
		}
		r.lintOverlaps(i, say)
		if unseen[e.ID] {
			say("the result given saw nothing of it")
		}
	}
	return out
}

func (r *Register) lintEntry(e *Entry, asOf time.Time, say func(string, ...any)) {
	if side, past := e.at(asOf); side > 0 {
		say("expired on %s, %d days before %s", e.End.Format(time.DateOnly), past, asOf.Format(time.DateOnly))
	}
	switch {
	case e.Status == Proposed:
		say("is proposed: it discloses nothing until somebody approves it")
	case e.Status == Approved && e.Owner == "":
		say("has no owner: nobody answers for it")
	}
	if e.Status == Approved && e.Reference == "" {
		say("has no reference: where the agreement stands")
	}
	if e.Kind == "trial" && e.End.IsZero() {
		say("is a trial without an end")
	}
}

// shared are private suffixes of clouds: what stands directly below one is anybody's.
func shared(domain string) bool {
	suffix, icann := publicsuffix.PublicSuffix(domain)
	return !icann && suffix == domain
}

// clouds are domains below which anybody may have a name, and which the list of public suffixes has in part only.
var clouds = []string{"amazonaws.com", "cloudfront.net", "azureedge.net", "windows.net", "azurewebsites.net", "googleapis.com", "googleusercontent.com", "akamaiedge.net", "akamai.net", "fastly.net",
	"cloudflare.net", "herokuapp.com", "appspot.com", "digitaloceanspaces.com", "backblazeb2.com", "wasabisys.com", "cloudapp.net", "azure.com"}

func lintPattern(e *Entry, p *Pattern, say func(string, ...any)) {
	below, wild := strings.CutPrefix(p.Domain, "*.")
	switch {
	case wild && (shared(below) || slices.Contains(clouds, below)):
		say("%s is the names of everybody who rents there, not the vendor's", p.Domain)
	case wild && !e.has(below):
		say("%s does not cover %s itself, and no destination of the entry does", p.Domain, below)
	case p.Domain != "" && !wild && registrable(p.Domain) == p.Domain && !e.has("*."+p.Domain) && !shared(p.Domain):
		say("%s does not cover names below it, and no destination of the entry does", p.Domain)
	case p.CIDR.IsValid() && (p.CIDR.Addr().Is4() && p.CIDR.Bits() < widest4 || p.CIDR.Addr().Is6() && p.CIDR.Bits() < widest6):
		say("%s is wider than what one vendor has", p.CIDR)
	case p.ASN != 0 && e.Hosts == nil && len(p.Ports) == 0:
		say("AS%d covers every address of a network, from all hosts and on all ports", p.ASN)
	}
}

func (e *Entry) has(domain string) bool {
	return slices.ContainsFunc(e.Destinations, func(p Pattern) bool { return p.Domain == domain })
}

// lintOverlaps looks for entries after one that have a destination of its own on the same days, for other hosts: which one holds depends on the host alone.
func (r *Register) lintOverlaps(i int, say func(string, ...any)) {
	e := &r.Entries[i]
	for k := range r.Entries[i+1:] {
		o := &r.Entries[i+1+k]
		if e.Status != Approved || o.Status != Approved || !e.overlaps(o) {
			continue
		}
		for _, p := range e.Destinations {
			if slices.ContainsFunc(o.Destinations, func(q Pattern) bool { return q.Domain == p.Domain && q.CIDR == p.CIDR && q.ASN == p.ASN }) {
				say("has a destination of %s (%s:%d) on the same days", o.ID, o.File, o.Line)
				break
			}
		}
	}
}

// Steps says how a destination is judged: each pattern that was tried, in order, and what came of it.
func (r *Register) Steps(t *Traffic) []string {
	var out []string
	tried := func(list []ref) {
		for _, at := range list {
			e := &r.Entries[at.entry]
			out = append(out, fmt.Sprintf("entry %s (%s:%d) has %s: %s", e.ID, e.File, e.Line, e.Destinations[at.pattern].text(), r.fits(e, &e.Destinations[at.pattern], t)))
		}
	}
	if len(t.Names) > 0 {
		for _, list := range r.index.byName(strings.ToLower(t.Names[0])) {
			tried(list)
		}
	}
	for _, p := range t.Parts {
		for _, list := range r.index.byAddr(p.Server, p.ASN) {
			tried(list)
		}
	}
	if len(out) == 0 {
		out = append(out, "no entry has it")
	}
	return out
}

func (p *Pattern) text() string {
	switch {
	case p.Domain != "":
		return p.Domain
	case p.CIDR.IsValid():
		return p.CIDR.String()
	}
	return fmt.Sprintf("AS%d", p.ASN)
}

// fits says in words how an entry fits.
func (r *Register) fits(e *Entry, p *Pattern, t *Traffic) string {
	if e.Status != Approved {
		return "is " + string(e.Status) + ", and discloses nothing"
	}
	var not []string
	switch side, past := e.at(t.First); side {
	case 1:
		not = append(not, fmt.Sprintf("ended on %s, %d days before", e.End.Format(time.DateOnly), past))
	case -1:
		not = append(not, "begins on "+e.Start.Format(time.DateOnly))
	}
	if !r.Shared(t.Client) && !e.covers(t.Client) {
		not = append(not, "is for other hosts")
	}
	if t.Port != 0 && !p.onPort(t.Port, t.Transport) {
		not = append(not, "is for other ports")
	}
	if len(not) == 0 {
		return "fits"
	}
	return strings.Join(not, "; ")
}
