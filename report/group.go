package report

import (
	"cmp"
	"net/netip"
	"slices"

	"phonehome/analyze"
	"phonehome/analyze/judge"
)

// group is one row of the table in the making: the destinations that have its key in common.
type group struct {
	key     rowKey
	out, in uint64      // payload bytes
	state   judge.State // the strongest of all
	*detail
}

// detail is what only a row that is shown needs.
type detail struct {
	vendor       string // of its first destination
	first, last  judge.Instant
	destinations int

	clients  map[netip.Addr]string // label
	servers  map[netip.Addr]bool
	vendors  tally
	basis    tally
	products tally
	purposes tally
	names    tally
	sources  tally
	places   tally
	networks tally
	hosters  tally
	ports    tally
	flows    uint64
}

// Names of what a row of the table can be.
const (
	byVendor      = "vendor"
	byDestination = "destination"
	byClient      = "client"
	byCountry     = "country"
)

// By are the values of Options.By.
func By() []string { return []string{byVendor, byDestination, byClient, byCountry} }

// rowKey is what the destinations of one row have in common: a text, or an address where that says more.
type rowKey struct {
	text string
	addr netip.Addr
}

// keyOf says which row a destination belongs to.
func keyOf(by string, d *judge.Destination) rowKey {
	switch by {
	case byDestination:
		return rowKey{text: d.ID.String()}
	case byClient:
		return rowKey{addr: d.Client}
	case byCountry:
		return rowKey{text: countryOf(d)}
	}
	return recipientOf(d)
}

// recipientOf tells recipients apart: by vendor; where that is not known, by name or address.
func recipientOf(d *judge.Destination) rowKey {
	switch {
	case d.Vendor != "":
		return rowKey{text: d.Vendor}
	case d.Name == "" && len(d.OtherNames) == 0 && len(d.Servers) > 0:
		return rowKey{addr: d.Servers[0].IP}
	}
	return rowKey{text: "(" + whatOf(d)}
}

// unknown stands where nothing is known: a word, so that nobody reads a meaning into an empty cell.
const unknown = "unknown"

// vendorOf names whose a destination is, for a cell with others. Where that is not known, what is known of it stands in brackets: never its
// network's owner.
func vendorOf(d *judge.Destination) string {
	if d.Vendor == "" {
		return unknown + " (" + whatOf(d) + ")"
	}
	if word, ok := weakBasis[d.VendorBasis]; ok {
		return d.Vendor + " (" + word + ")"
	}
	return d.Vendor
}

// whatOf is what a destination is called: its name, the names that fit, or an address.
func whatOf(d *judge.Destination) string {
	switch {
	case d.Name != "":
		return d.Name
	case len(d.OtherNames) > 0:
		return d.OtherNames[0].Name + " or another"
	case len(d.Servers) > 0:
		return d.Servers[0].IP.String()
	}
	return "no address"
}

// countryOf is the country that got most; the servers of a destination are in that order.
func countryOf(d *judge.Destination) string {
	if len(d.Servers) > 0 && d.Servers[0].Country != "" {
		return d.Servers[0].Country
	}
	return unknown
}

// groups sums the destinations by row, most payload out first, and fills in the detail of the first limit rows (0: of all).
func groups(r *analyze.Result, by string, limit int) (shown []*group, hidden []*group) {
	x := grouping{by: by, byKey: map[rowKey]*group{}, byVendor: map[*judge.Attribution]*group{}}
	of := make([]*group, len(r.Destinations))
	for i, d := range r.Destinations {
		of[i] = x.of(d)
		of[i].add(d)
	}
	all := x.all
	slices.SortStableFunc(all, func(a, b *group) int {
		if c := cmp.Compare(b.out, a.out); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(strength(a.state), strength(b.state)), cmp.Compare(b.in, a.in))
	})
	if limit > 0 && len(all) > limit {
		all, hidden = all[:limit], all[limit:]
	}
	for _, g := range all {
		g.detail = newDetail()
	}
	for i, g := range of {
		if g.detail != nil {
			g.look(r.Destinations[i])
		}
	}
	return all, hidden
}

// grouping finds the rows of destinations.
type grouping struct {
	by       string
	byKey    map[rowKey]*group
	byVendor map[*judge.Attribution]*group // of destinations whose vendor is known: they share what says so
	all      []*group
}

func (x *grouping) of(d *judge.Destination) *group {
	shared := d.Vendor != "" && x.by == byVendor
	if g := x.byVendor[d.Attribution]; g != nil && shared {
		return g
	}
	key := keyOf(x.by, d)
	g := x.byKey[key]
	if g == nil {
		g = &group{key: key, state: d.State}
		x.byKey[key] = g
		x.all = append(x.all, g)
	}
	if shared {
		x.byVendor[d.Attribution] = g
	}
	return g
}

// strength orders states, the strongest first.
func strength(s judge.State) int {
	return slices.Index([]judge.State{judge.Transferred, judge.Connected, judge.Attempted, judge.LookedUp}, s)
}

func (g *group) add(d *judge.Destination) {
	if d.State != g.state && strength(d.State) < strength(g.state) {
		g.state = d.State
	}
	if !d.CountedElsewhere() {
		g.out += d.PayloadOut
		g.in += d.PayloadIn
	}
}

func newDetail() *detail {
	return &detail{clients: map[netip.Addr]string{}, servers: map[netip.Addr]bool{}, vendors: tally{}, basis: tally{}, products: tally{}, purposes: tally{},
		names: tally{}, sources: tally{}, places: tally{}, networks: tally{}, hosters: tally{}, ports: tally{}}
}

// look adds what the row shows of a destination.
func (t *detail) look(d *judge.Destination) {
	if t.destinations == 0 {
		t.vendor, t.first, t.last = d.Vendor, d.First, d.Last
	}
	t.destinations++
	t.first, t.last = min(t.first, d.First), max(t.last, d.Last)
	t.flows += d.Flows
	t.clients[d.Client] = d.ClientLabel
	t.vendors.add(vendorOf(d), d.PayloadOut)
	t.basis.add(d.VendorBasis, d.PayloadOut)
	t.products.add(d.Product, d.PayloadOut)
	t.purposes.add(d.Purpose, d.PayloadOut)
	t.hosters.add(d.Hoster, d.PayloadOut)
	t.sources.add(d.NameSource, d.PayloadOut)
	t.ports.add(portOf(d), d.PayloadOut)
	switch {
	case d.Name != "":
		t.names.add(d.Name, d.PayloadOut)
	case len(d.OtherNames) == 0 && len(d.Servers) > 0:
		t.names.add(d.Servers[0].IP.String(), d.PayloadOut)
	}
	for _, n := range d.OtherNames {
		t.names.add(n.Name+"?", 0) // one of several that fit
	}
	for _, s := range d.Servers {
		t.servers[s.IP] = true
		t.places.add(s.Country, d.PayloadOut)
		t.networks.add(s.Network, d.PayloadOut)
	}
}

// tally is a set of texts with their weight.
type tally map[string]uint64

func (t tally) add(s string, weight uint64) {
	if s != "" {
		t[s] += weight
	}
}

// sorted lists the texts, the heaviest first.
func (t tally) sorted() []string {
	out := make([]string, 0, len(t))
	for s := range t {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(t[b], t[a]), cmp.Compare(a, b)) })
	return out
}
