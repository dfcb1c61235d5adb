package disclosure

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// question is one name of a destination, or none, for which an entry is looked for.
type question struct {
	r            *Register
	t            *Traffic
	name, vendor string
	shared       bool // the client stands for many
	named        [][]ref
	server       netip.Addr // whose patterns addressed has
	asn          uint32
	addressed    [][]ref
	vendors      map[int]bool // whether the name may be of the vendor of an entry
}

func (r *Register) question(t *Traffic, name, vendor string) *question {
	q := &question{r: r, t: t, name: name, vendor: vendor, shared: r.anyHost(t)}
	if name != "" {
		q.named = r.index.byName(normal(name))
	}
	return q
}

// group is patterns of one destination, of which the best is taken.
type group struct {
	refs  []ref
	named bool // by name; else by address
}

// groups are the patterns that fit a part of the traffic, the most specific first.
func (q *question) groups(p *Part) iter.Seq[group] {
	return func(yield func(group) bool) {
		for _, l := range q.named {
			if !yield(group{l, true}) {
				return
			}
		}
		if p.Server != q.server || p.ASN != q.asn {
			q.server, q.asn, q.addressed = p.Server, p.ASN, q.r.index.byAddr(p.Server, p.ASN)
		}
		for _, l := range q.addressed {
			if !yield(group{l, false}) {
				return
			}
		}
	}
}

// find returns the most specific pattern of an approved entry that fits a part, and of those with the same destination the one that fits best in time, host and port. Where there is
// none it says why.
func (q *question) find(p *Part) (at ref, why string) {
	for g := range q.groups(p) {
		at, bar, ok := q.best(g, day(p.Hour))
		if ok {
			return at, ""
		}
		if why == "" {
			why = bar
		}
	}
	if why == "" {
		why = strange(q.subject(p))
	}
	return ref{entry: noEntry}, why
}

func (q *question) subject(p *Part) string {
	switch {
	case q.name != "":
		return q.name
	case p.Server.IsValid():
		return p.Server.String()
	}
	return "the destination"
}

// best chooses among patterns of one destination: entries that may speak, by time, then host, then port, and of those that fit alike the successor. Where none may, bar says why the first of them may not.
func (q *question) best(g group, on time.Time) (best ref, bar string, ok bool) {
	var least misfit
	for _, at := range g.refs {
		e := &q.r.Entries[at.entry]
		if not := q.barred(e, g.named); not != "" {
			if bar == "" {
				bar = not
			}
			continue
		}
		m := q.misfit(e, &e.Destinations[at.pattern], on)
		if c := slices.Compare(m[:], least[:]); !ok || c < 0 || c == 0 && e.succeeds(&q.r.Entries[best.entry]) {
			best, least, ok = at, m, true
		}
	}
	return best, bar, ok
}

// barred says why an entry may not speak for a destination that it has; "" where it may.
func (q *question) barred(e *Entry, named bool) string {
	switch {
	case e.Status != Approved:
		return fmt.Sprintf("entry %s has it as %s, and only an approved one discloses", e.ID, e.Status)
	case !named && q.name != "" && !q.sameVendor(e):
		return fmt.Sprintf("entry %s has the address, and the name %s is not known to be of its vendor %s", e.ID, q.name, e.Vendor)
	}
	return ""
}

// sameVendor says whether the name may be of an entry's vendor: the catalogue has it so, or the entry names its registrable domain.
func (q *question) sameVendor(e *Entry) bool {
	if strings.EqualFold(q.vendor, e.Vendor) {
		return true
	}
	i := q.r.index.ids[e.ID]
	same, known := q.vendors[i]
	if known {
		return same
	}
	domain := registrable(normal(q.name))
	same = domain != "" && slices.ContainsFunc(e.Destinations, func(p Pattern) bool {
		return p.Domain != "" && registrable(strings.TrimPrefix(p.Domain, "*.")) == domain
	})
	if q.vendors == nil {
		q.vendors = map[int]bool{}
	}
	q.vendors[i] = same
	return same
}

// normal is a name as the register has it: in lower case, without the last dot.
func normal(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

func registrable(name string) string {
	d, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return ""
	}
	return d
}

// misfit orders entries of one destination, the best first: by time, host and port, each 0 where it fits. Between two entries that do not fit in time the one that ended comes before the
// one that will begin, and the nearest before the others.
type misfit [5]int

func (q *question) misfit(e *Entry, p *Pattern, on time.Time) (m misfit) {
	switch side, past := e.at(on); side {
	case 1:
		m[0], m[4] = 1, past
	case -1:
		m[0], m[3], m[4] = 1, 1, daysFrom(on, e.Start)
	}
	if !q.shared && !e.covers(q.t.Client) {
		m[1] = 1
	}
	if !p.serves(q.t) {
		m[2] = 1
	}
	return m
}
