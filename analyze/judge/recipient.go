package judge

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"

	"phonehome/analyze/vendors"
)

// recipient is whom a finding is about: the vendor; where that is not known, the registrable domain; where nothing names it, the network.
type recipient struct {
	vendor  string
	domain  string
	hosted  bool   // domain is of a cloud or content network whose tenant the name does not tell
	network string // "AS64500 Example Hosting", or a prefix where no database knows it
}

// recipientOf tells the recipient of a destination.
func recipientOf(d *Destination) recipient {
	switch {
	case d.Vendor != "":
		return recipient{vendor: d.Vendor}
	case d.Tenant != "":
		return recipient{domain: d.Name}
	case d.RegistrableDomain != "":
		return recipient{domain: d.RegistrableDomain, hosted: d.Hoster != ""}
	case d.Name != "":
		return recipient{domain: d.Name}
	case len(d.OtherNames) > 0:
		return recipient{domain: d.OtherNames[0].Name + " or another"}
	case len(d.Servers) == 0:
		return recipient{}
	}
	return recipient{network: networkText(&d.Servers[0])}
}

func networkText(s *Server) string {
	if s.ASN == 0 {
		return networkOf(s.IP).String()
	}
	as := "AS" + strconv.FormatUint(uint64(s.ASN), 10)
	if s.Network == "" {
		return as
	}
	return as + " " + s.Network
}

// key is what a fingerprint holds of a recipient.
func (r recipient) key() string { return cmp.Or(r.vendor, r.domain, r.network) }

// String is how a title calls a recipient.
func (r recipient) String() string {
	switch {
	case r.vendor == "" && r.domain == "":
		return "an unnamed recipient in " + cmp.Or(r.network, "an unknown network")
	case r.hosted:
		return "an unnamed tenant of " + r.domain // who owns the cloud receives for somebody
	}
	return cmp.Or(r.vendor, r.domain)
}

// group is the destinations of one recipient, by their place in Case.Destinations.
type group struct {
	to      *recipient
	members []int
}

// bases are what a vendor can rest on, the surest first.
var bases = []string{basisRegister, vendors.BasisCatalogue, vendors.BasisUnverified, vendors.BasisThirdParty, vendors.BasisRegistrable, vendors.BasisNone}

// basis is what the vendor of some destinations rests on where that is least sure.
func (c *Case) basis(g *group) (least string) {
	for n, i := range g.members {
		if b := c.Destinations[i].VendorBasis; n == 0 || b != least && slices.Index(bases, b) > slices.Index(bases, least) {
			least = b
		}
	}
	return least
}

// only is the part of a group that pick takes.
func (g *group) only(pick func(i int) bool) *group {
	part := &group{to: g.to}
	for _, i := range g.members {
		if pick(i) {
			part.members = append(part.members, i)
		}
	}
	return part
}

// String is how a title calls the destinations of a group: a vendor or a tenant has them, and a name has none: they are at it.
func (g *group) String() string {
	link := " of "
	if g.to.vendor == "" && g.to.domain != "" && !g.to.hosted {
		link = " at "
	}
	return Plural(len(g.members), "destination", "destinations") + link + g.to.String()
}

// byRecipient groups the destinations that pick takes, in the order of their first one: most payload first.
func (c *Case) byRecipient(pick func(i int) bool) []*group {
	picked := slices.Grow(c.picked[:0], len(c.Destinations))
	for i := range c.Destinations {
		if pick(i) {
			picked = append(picked, i)
		}
	}
	c.picked = picked
	return c.grouped(picked)
}

// rareByRecipient is byRecipient of the few destinations that have rare things.
func (c *Case) rareByRecipient(pick func(r rare) bool) []*group {
	picked := c.picked[:0]
	for _, i := range c.rare {
		if pick(c.b.rareOf(&c.details[i])) {
			picked = append(picked, i)
		}
	}
	c.picked = picked
	return c.grouped(picked)
}

// grouped groups destinations by recipient.
func (c *Case) grouped(picked []int) (out []*group) {
	if len(picked) == 0 {
		return nil
	}
	sizes := map[int32]int{}
	for _, i := range picked {
		sizes[c.to[i]]++
	}
	members := make([]int, len(picked)) // of all groups
	index := make(map[int32]*group, len(sizes))
	for _, i := range picked {
		n := c.to[i]
		g := index[n]
		if g == nil {
			g = &group{to: &c.recipients[n], members: members[:0:sizes[n]]}
			members = members[sizes[n]:]
			index[n] = g
			out = append(out, g)
		}
		g.members = append(g.members, i)
	}
	return out
}

// recipientFinder numbers recipients. Most are told by what a destination shares with others.
type recipientFinder struct {
	c       *Case
	byName  map[*Attribution]int32
	byPlace map[*vendors.Place]int32
	numbers map[recipient]int32
}

func newRecipientFinder(c *Case) *recipientFinder {
	return &recipientFinder{c: c, byName: map[*Attribution]int32{}, byPlace: map[*vendors.Place]int32{}, numbers: map[recipient]int32{}}
}

func (f *recipientFinder) find(d *Destination) int32 {
	switch {
	case d.Vendor != "" || d.Tenant == "" && d.RegistrableDomain != "":
		return known(f.byName, d.Attribution, func(*Attribution) int32 { return f.number(recipientOf(d)) })
	case d.nameless() && d.Tenant == "" && len(d.Servers) > 0 && d.Servers[0].ASN != 0:
		return known(f.byPlace, d.Servers[0].Place, func(*vendors.Place) int32 { return f.number(recipientOf(d)) })
	}
	return f.number(recipientOf(d))
}

func (f *recipientFinder) number(to recipient) int32 {
	return known(f.numbers, to, func(recipient) int32 {
		f.c.recipients = append(f.c.recipients, to)
		return int32(len(f.c.recipients) - 1)
	})
}

// recipient is the recipient of a destination.
func (c *Case) recipient(i int) *recipient { return &c.recipients[c.to[i]] }

// sortedAddrs lists addresses, each once.
func sortedAddrs(set []netip.Addr) []netip.Addr {
	slices.SortFunc(set, netip.Addr.Compare)
	return slices.Compact(set)
}
