package disclosure

import (
	_ "embed" // the skeleton
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"phonehome/analyze/flow"
	"phonehome/analyze/vendors"
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

// Lint returns what is doubtful in a register on a day. unseen says which entries a capture did not show; nil where none was given. The catalogue knows where vendors are.
func (r *Register) Lint(asOf time.Time, unseen map[string]bool, c *vendors.Catalogue) (out []Remark) {
	offices, inside := officesOf(c), r.networks()
	for i := range r.Entries {
		e := &r.Entries[i]
		say := func(format string, args ...any) {
			out = append(out, Remark{e.File, e.Line, fmt.Sprintf("%s: ", e.ID) + fmt.Sprintf(format, args...)})
		}
		r.lintEntry(e, asOf, say)
		r.lintCountries(e, offices.of(e), say)
		for k := range e.Destinations {
			lintPattern(e, &e.Destinations[k], say)
			lintInside(&e.Destinations[k], inside, say)
		}
		r.lintOverlaps(i, say)
		if unseen[e.ID] {
			say("the result given saw nothing of it")
		}
	}
	return out
}

// offices says in which country the head office of a vendor is.
type offices struct {
	c  *vendors.Catalogue
	by map[string]string // by vendor, in small letters
}

func officesOf(c *vendors.Catalogue) *offices {
	o := &offices{c, map[string]string{}}
	for _, v := range c.Vendors() {
		if key := strings.ToLower(v.Name); v.Country != "" && o.by[key] == "" {
			o.by[key] = v.Country
		}
	}
	return o
}

// of is the country of an entry's vendor: by its name, or by the first of its names whose vendor is known. "" is unknown.
func (o *offices) of(e *Entry) string {
	if country := o.by[strings.ToLower(e.Vendor)]; country != "" {
		return country
	}
	for i := range e.Destinations {
		if m := o.c.Match(strings.TrimPrefix(e.Destinations[i].Domain, "*.")); m.Country != "" {
			return m.Country
		}
	}
	return ""
}

// lintCountries holds the countries that an entry allows against that of the vendor's head office, from where its people reach what was sent.
func (r *Register) lintCountries(e *Entry, office string, say func(string, ...any)) {
	if allowed := r.allowed(e); office != "" && len(allowed) > 0 && !slices.Contains(allowed, office) {
		say("allows %s, and the head office of %s is in %s by the vendor catalogue: ask who there can reach the data", strings.Join(allowed, ", "), e.Vendor, office)
	}
}

func (r *Register) lintEntry(e *Entry, asOf time.Time, say func(string, ...any)) {
	if side, past := e.at(asOf); side > 0 {
		say("expired on %s, %s before %s", e.End.Format(time.DateOnly), days(past), asOf.Format(time.DateOnly))
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

// networks are those that count as inside with this register.
func (r *Register) networks() []netip.Prefix {
	n := flow.NewNetworks(false)
	for _, p := range r.Inside() {
		n.AddPrefix(p)
	}
	return n.Prefixes()
}

// lintInside looks for a destination that nothing can match.
func lintInside(p *Pattern, inside []netip.Prefix, say func(string, ...any)) {
	within := func(n netip.Prefix) bool { return n.Bits() <= p.CIDR.Bits() && n.Contains(p.CIDR.Addr()) }
	if p.CIDR.IsValid() && slices.ContainsFunc(inside, within) {
		say("%s is inside: what goes there does not leave, and is never held against it", p.CIDR)
	}
}

func (e *Entry) has(domain string) bool {
	return slices.ContainsFunc(e.Destinations, func(p Pattern) bool { return p.Domain == domain })
}

// lintOverlaps looks for entries after one that have a destination of its own on the same days: for other hosts, or as one is handed over to the other.
func (r *Register) lintOverlaps(i int, say func(string, ...any)) {
	e := &r.Entries[i]
	var others []int
	for k := range e.Destinations {
		for _, at := range r.index.same(&e.Destinations[k]) {
			if o := &r.Entries[at.entry]; at.entry > i && e.Status == Approved && o.Status == Approved && e.overlaps(o) {
				others = append(others, at.entry)
			}
		}
	}
	slices.Sort(others)
	for _, n := range slices.Compact(others) {
		o := &r.Entries[n]
		say("has a destination of %s (%s:%d) on the same days%s", o.ID, o.File, o.Line, succession(e, o))
	}
}

// succession says which of two entries, in the order of the register, speaks on the days of both.
func succession(e, o *Entry) string {
	c := e.compareDates(o)
	if c < 0 {
		e, o = o, e
	}
	why := "begins later"
	switch {
	case c == 0:
		why = "stands first" // for other hosts or ports, or it would be refused
	case e.Start.Equal(o.Start):
		why = "ends later"
	}
	return fmt.Sprintf("; where both fit, %s speaks: it %s", e.ID, why)
}

// Steps says how a destination of one name or address is judged: each pattern that is looked at, in order, what comes of it, and where the search stops.
func (r *Register) Steps(t *Traffic) (out []string) {
	a := newAsked(t)
	q := r.question(t, firstOf(t.Names), firstOf(t.Vendors))
	p := &a.parts[0]
	for g := range q.groups(p) {
		var fitting []*Entry
		for _, at := range g.refs {
			e, pattern := &r.Entries[at.entry], r.pattern(at)
			how := q.fits(e, pattern, g.named)
			if how == wellFits {
				fitting = append(fitting, e)
			}
			out = append(out, fmt.Sprintf("entry %s (%s:%d) has %s: %s", e.ID, e.File, e.Line, pattern.text(), how))
		}
		if best, _, ok := q.best(g, day(p.Hour)); ok {
			e := &r.Entries[best.entry]
			stop := fmt.Sprintf("the search stops at %s of entry %s: the most specific destination of an approved entry decides", r.pattern(best).text(), e.ID)
			if slices.ContainsFunc(fitting, e.succeeds) {
				stop += ", of several that fit the one whose dates are later"
			}
			return append(out, stop)
		}
	}
	if len(out) == 0 {
		return []string{"no entry has it"}
	}
	return append(out, "the search ends here: no approved entry has it")
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

// wellFits says that nothing is wrong with an entry.
const wellFits = "fits"

// fits says in words how an entry fits.
func (q *question) fits(e *Entry, p *Pattern, named bool) string {
	if e.Status != Approved {
		return "is " + string(e.Status) + ", and discloses nothing"
	}
	if q.barred(e, named) != "" {
		return "the name is not known to be of its vendor " + e.Vendor
	}
	var not []string
	switch side, past := e.at(q.t.First); side {
	case 1:
		not = append(not, fmt.Sprintf("ended on %s, %s before this traffic", e.End.Format(time.DateOnly), days(past)))
	case -1:
		not = append(not, "begins on "+e.Start.Format(time.DateOnly))
	}
	if !q.shared && !e.covers(q.t.Client) {
		not = append(not, "is for other hosts")
	}
	if !p.serves(q.t) {
		not = append(not, "is for other ports")
	}
	if len(not) == 0 {
		return wellFits
	}
	return strings.Join(not, "; ")
}
