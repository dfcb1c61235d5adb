package judge

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"phonehome/analyze/disclosure"
	"phonehome/analyze/vendors"
)

// discloser asks the register about all destinations, all before any is left out: a volume is of all hosts together.
type discloser struct {
	c         *Case
	a         *Attributor
	judge     *disclosure.Judge
	asked     []int                            // destinations that the judge was asked about, in the order of its answers
	strangers map[uint32]*disclosure.Judgement // of names that the register does not have, by number
}

func newDiscloser(c *Case, a *Attributor) *discloser {
	c.register, c.shares = a.Register, make([][]disclosure.Share, len(c.Destinations))
	c.bare = make([]uint64, len(c.Destinations))
	return &discloser{c: c, a: a, judge: a.Register.NewJudge(), strangers: map[uint32]*disclosure.Judgement{}}
}

// add asks about a destination, and says whether the answer holds whatever else is added. d is what the destination was made of.
func (x *discloser) add(i int, d *dest) bool {
	o := x.c.Destinations[i]
	if j := x.stranger(o, d); j != nil {
		o.Disclosure = j
		return true
	}
	x.asked = append(x.asked, i)
	x.judge.Add(x.traffic(o, d))
	return false
}

// finish takes the answers that hold when all was added. It calls settled with each of their destinations.
func (x *discloser) finish(settled func(i int)) {
	c, r := x.c, x.c.register
	for n, answer := range x.judge.Finish() {
		i := x.asked[n]
		d := c.Destinations[i]
		own := answer.Judgement
		d.Disclosure, c.shares[i], c.bare[i] = &own, answer.Shares, answer.Uncovered
		own.Claimed = c.claimed(i)
		d.registered(r, answer.Shares[0].Entries)
		settled(i)
	}
	for _, in := range c.b.clients {
		if s := r.AssetOf(in.Client); s != nil && !r.Shared(in.Client) {
			in.Asset = s.Name
		}
	}
	c.exceeded, c.observed = x.judge.Exceeded(), x.judge.Observed()
}

// stranger is what holds of most destinations, which have one name or none: the register has neither it nor an address. Else it is nil, as it is of what a proxy was asked to take to an
// address: see goesTo.
func (x *discloser) stranger(o *Destination, d *dest) *disclosure.Judgement {
	b, r := x.c.b, x.c.register
	if len(o.OtherNames) > 0 || isAddress(o.Name) || r.HasName(o.Name) {
		return nil
	}
	var least netip.Addr
	var payload uint64
	for p := range b.parts.sums(&d.parts) {
		server := b.addr(p.key.server)
		if r.HasAddr(server, b.place(p.key.server, x.a.Geo).ASN) {
			return nil
		}
		if payload += p.n; !least.IsValid() || server.Less(least) {
			least = server
		}
	}
	switch {
	case payload != d.payloadOut: // saved facts may say so
		return nil
	case d.name != 0:
		return known(x.strangers, d.name, func(uint32) *disclosure.Judgement { return disclosure.Stranger(o.Name) })
	case least.IsValid():
		return disclosure.Stranger(least.String())
	}
	return nil
}

// sharesOf is what a destination sent under each verdict: of a stranger all that it sent.
func (c *Case) sharesOf(i int) []disclosure.Share {
	if c.shares[i] != nil {
		return c.shares[i]
	}
	d := c.Destinations[i]
	return []disclosure.Share{{Verdict: d.Disclosure.Verdict, Reason: d.Disclosure.Reason, PayloadOut: d.PayloadOut, First: d.First.Time(), Last: d.Last.Time()}}
}

// traffic is a destination as the register is asked about it.
func (x *discloser) traffic(o *Destination, d *dest) *disclosure.Traffic {
	b, geo := x.c.b, x.a.Geo
	t := &disclosure.Traffic{Client: o.Client, Port: o.Port, Transport: o.Transport, First: o.First.Time(), Last: o.Last.Time(), Parts: []disclosure.Part{},
		Relayed: d.notes&noteRelayed != 0, Elsewhere: d.notes&noteBothLegs != 0}
	if o.Name != "" {
		t.Names, t.Vendors = []string{o.Name}, []string{o.Vendor}
	}
	for _, n := range o.OtherNames {
		t.Names, t.Vendors = append(t.Names, n.Name), append(t.Vendors, x.a.match(n.Name).Vendor)
	}
	for p := range b.parts.sums(&d.parts) {
		place := b.place(p.key.server, geo)
		t.Parts = append(t.Parts, disclosure.Part{Server: b.addr(p.key.server), Country: place.Country, ASN: place.ASN, Hour: p.key.hour, PayloadOut: p.n})
	}
	if target, err := netip.ParseAddr(o.Name); err == nil {
		goesTo(t, target.Unmap(), geo)
	}
	return t
}

// goesTo makes traffic that a proxy was asked to take to an address traffic to that address: it is no name, and what the packets have is the proxy's.
func goesTo(t *disclosure.Traffic, target netip.Addr, geo *vendors.Geo) {
	place := geo.Lookup(target)
	t.Names, t.Vendors = nil, nil
	for i := range t.Parts {
		p := &t.Parts[i]
		p.Server, p.Country, p.ASN = target, place.Country, place.ASN
	}
}

// registered takes the vendor from the entries that were found for a destination: the customer approved it as that vendor's. Where they are of several vendors nobody knows
// whose it is, and what the entries agree on of product and purpose is taken alone.
func (o *Destination) registered(r *disclosure.Register, ids []string) {
	var all disclosure.Entry
	for i, id := range ids {
		e := r.Entry(id)
		if i == 0 {
			all = *e
		}
		all.Vendor, all.Product, all.Purpose = agreed(all.Vendor, e.Vendor), agreed(all.Product, e.Product), agreed(all.Purpose, e.Purpose)
	}
	if all.Vendor == "" {
		return
	}
	own := *o.Attribution
	if own.Vendor != all.Vendor {
		own.Product, own.Purpose = "", ""
	}
	own.Vendor, own.VendorBasis = all.Vendor, basisRegister
	own.Product, own.Purpose = cmp.Or(all.Product, own.Product), cmp.Or(all.Purpose, own.Purpose)
	o.Attribution = &own
}

// agreed is what two entries both say.
func agreed(x, y string) string {
	if x != y {
		return ""
	}
	return x
}

const basisRegister = "register"

// claimed says whether a disclosure rests on a name that is the client's word alone, and that other evidence could have supported and does not.
func (c *Case) claimed(i int) bool {
	d := c.Destinations[i]
	more := &c.details[i]
	if d.Disclosure.Verdict != disclosure.Disclosed || !more.source.Hello() {
		return false
	}
	return more.notes&noteNoDNS != 0 || slices.ContainsFunc(c.b.rareOf(more).signs, func(s sign) bool { return s.kind == signElsewhere || s.kind == signCertificate })
}

// has says whether a verdict holds for a destination, as the gravest or beside it.
func (c *Case) has(i int, v disclosure.Verdict) bool {
	j := c.Destinations[i].Disclosure
	return j.Verdict == v || slices.Contains(j.Also, v)
}

// covered says whether the register covers a destination; false without one.
func (c *Case) covered(i int) bool { return c.is(i, isCovered) }

// unapproved says whether what weighs went to a destination that the register does not cover; without one that is any.
func (c *Case) unapproved(i int) bool { return c.weighs(i) && !c.covered(i) }

// approved says whether the register covers all of some destinations; false without one.
func (c *Case) approved(g *group) bool {
	return !slices.ContainsFunc(g.members, func(i int) bool { return !c.covered(i) })
}

// asset is the register's asset that a client is of; nil where it is of none, or cannot be told behind an address that many share.
func (c *Case) asset(client netip.Addr) *disclosure.Asset {
	if c.register == nil || c.register.Shared(client) {
		return nil
	}
	return c.register.AssetOf(client)
}

// guarded says whether one of the clients is of an asset from which nothing may leave.
func (c *Case) guarded(g *group) bool {
	return slices.ContainsFunc(g.members, func(i int) bool {
		a := c.asset(c.Destinations[i].Client)
		return a != nil && a.Egress == disclosure.EgressNone
	})
}

// reasons lists the distinct reasons of some verdicts, the first few.
func (c *Case) reasons(g *group, of func(disclosure.Verdict) bool) (out []string) {
	const few = 5
	for _, i := range g.members {
		for _, s := range c.sharesOf(i) {
			if s.Reason == "" || !of(s.Verdict) || slices.Contains(out, s.Reason) {
				continue
			}
			if len(out) == few {
				return append(out, "Other destinations have other reasons: see each one's.")
			}
			out = append(out, s.Reason)
		}
	}
	return out
}

// countries are the countries of some destinations, "" for unknown, each once.
func (c *Case) countries(g *group) []string {
	var out []string
	for _, i := range g.members {
		for _, s := range c.Destinations[i].Servers {
			if !slices.Contains(out, s.Country) {
				out = append(out, s.Country)
			}
		}
	}
	slices.Sort(out)
	return out
}

// places says in which countries some destinations are, and in whose opinion.
func (c *Case) places(g *group) []string {
	all := c.countries(g)
	known := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == "" })
	if len(known) == 0 {
		return nil
	}
	s := "Countries: " + strings.Join(known, ", ")
	if len(known) < len(all) {
		s += " and unknown ones"
	}
	return []string{s + ", in the opinion of " + opinion(c.Countries) + "; an anycast address is in many places."}
}

func opinion(dbs []vendors.Database) string {
	if len(dbs) == 0 {
		return "a database"
	}
	out := make([]string, len(dbs))
	for i, d := range dbs {
		out[i] = d.Type + " of " + d.Built
	}
	return strings.Join(out, " and ")
}

// abroad lists the known countries of some destinations that are not among those at home; nothing where the register names none.
func (c *Case) abroad(g *group) []string {
	if c.register == nil || len(c.register.HomeCountries) == 0 {
		return nil
	}
	return slices.DeleteFunc(c.countries(g), func(s string) bool { return s == "" || slices.Contains(c.register.HomeCountries, s) })
}

// shareOf sums what some destinations sent under a verdict: bytes, from when to when, and the most days past an end.
func (c *Case) shareOf(g *group, v disclosure.Verdict) (sum disclosure.Share) {
	counts := c.counts(g)
	for _, i := range g.members {
		for _, s := range c.sharesOf(i) {
			if s.Verdict != v {
				continue
			}
			if counts(i) {
				sum.PayloadOut += s.PayloadOut
			}
			sum.Days = max(sum.Days, s.Days)
			sum.Countries = append(sum.Countries, s.Countries...)
			if sum.First.IsZero() || s.First.Before(sum.First) {
				sum.First = s.First
			}
			if s.Last.After(sum.Last) {
				sum.Last = s.Last
			}
		}
	}
	slices.Sort(sum.Countries)
	sum.Countries = slices.Compact(sum.Countries)
	return sum
}

// gravest stands for whatever verdict of a destination is the gravest.
const gravest disclosure.Verdict = ""

// entries are the ids of the entries that give some destinations a verdict, each once.
func (c *Case) entries(g *group, v disclosure.Verdict) (out []string) {
	if c.register == nil {
		return nil
	}
	for _, i := range g.members {
		for n, s := range c.sharesOf(i) {
			if s.Verdict == v || n == 0 && v == gravest {
				out = append(out, s.Entries...)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// entryText cites an entry of the register.
func (c *Case) entryText(id string) string {
	e := c.register.Entry(id)
	if e == nil {
		return id
	}
	s := fmt.Sprintf("Entry %s (%s:%d)", e.ID, e.File, e.Line)
	if e.Reference != "" {
		s += ", reference " + e.Reference
	}
	return s + "."
}

// Observed is an entry of the register with what was seen of it.
type Observed struct {
	ID           string            `json:"id"`
	Vendor       string            `json:"vendor"`
	File         string            `json:"file"`
	Line         int               `json:"line"`
	Status       disclosure.Status `json:"status"`
	Start        string            `json:"start,omitempty"` // YYYY-MM-DD, UTC
	End          string            `json:"end,omitempty"`
	Reference    string            `json:"reference,omitempty"`
	Owner        string            `json:"owner,omitempty"`
	Observed     bool              `json:"observed"`
	Destinations int               `json:"destinations"`
	PayloadOut   uint64            `json:"payload_out"`
	First        *time.Time        `json:"first,omitempty"`
	Last         *time.Time        `json:"last,omitempty"`
}

// Entries returns the entries of the register, in its order, with what was seen of each; none without a register.
func (c *Case) Entries() []Observed {
	out := []Observed{}
	for i, seen := range c.observed {
		e := &c.register.Entries[i]
		o := Observed{ID: e.ID, Vendor: e.Vendor, File: e.File, Line: e.Line, Status: e.Status, Start: dayOrNone(e.Start), End: dayOrNone(e.End), Reference: e.Reference, Owner: e.Owner,
			Observed: seen.Destinations > 0, Destinations: seen.Destinations, PayloadOut: seen.PayloadOut}
		if o.Observed {
			o.First, o.Last = &seen.First, &seen.Last
		}
		out = append(out, o)
	}
	return out
}

func dayOrNone(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(day)
}
