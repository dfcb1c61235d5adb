package report

import (
	"cmp"
	"net/netip"
	"slices"

	"phonehome/analyze"
	"phonehome/analyze/flow"
	"phonehome/analyze/judge"
)

// group is one row of the table in the making: the destinations that have its key in common.
type group struct {
	key     rowKey
	out, in uint64      // payload bytes
	state   judge.State // the strongest of all

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
	text   string
	addr   netip.Addr
	vendor bool // the text is a vendor's: a host may be called like one
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
		return rowKey{text: d.Vendor, vendor: true}
	case d.Name == "" && len(d.OtherNames) == 0 && len(d.Servers) > 0:
		return rowKey{addr: d.Servers[0].IP}
	}
	return rowKey{text: whatOf(d)}
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

// rows says in which row of a table the destinations of a result are. Rows are numbered from 0 on, in the order of their first destinations.
type rows struct {
	by    string
	of    []uint32 // by place of the destination
	first []uint32 // by row: the place of its first destination
}

func rowsBy(by string, r *analyze.Result) *rows {
	x := &rows{by: by, of: make([]uint32, len(r.Destinations))}
	numbers := flow.NewNumbering(func(n uint32) rowKey { return x.key(r, n-1) })
	vendors := map[*judge.Attribution]uint32{} // destinations whose vendor is known share what says so
	for i, d := range r.Destinations {
		shared := d.Vendor != "" && by == byVendor
		if row, ok := vendors[d.Attribution]; ok && shared {
			x.of[i] = row
			continue
		}
		key := keyOf(by, d)
		n := numbers.Find(key)
		if n == 0 {
			x.first = append(x.first, uint32(i))
			n = uint32(len(x.first))
			numbers.Add(key, n)
		}
		x.of[i] = n - 1
		if shared {
			vendors[d.Attribution] = n - 1
		}
	}
	return x
}

// key is what the destinations of a row have in common.
func (x *rows) key(r *analyze.Result, row uint32) rowKey {
	return keyOf(x.by, r.Destinations[x.first[row]])
}

// rowSum is what the order of rows depends on.
type rowSum struct {
	out, in uint64 // payload bytes
	state   uint8  // the strongest of all, see strength
}

// states are the states, strongest first, and what stands for one that a saved result may have and this version does not know.
var states = []judge.State{judge.Transferred, judge.Connected, judge.Attempted, judge.LookedUp, ""}

// strength is the place of a state in states.
func strength(s judge.State) uint8 {
	if i := slices.Index(states, s); i >= 0 {
		return uint8(i)
	}
	return uint8(len(states) - 1)
}

// groups sums the destinations of each row, most payload out first, and looks at those of the first limit rows (0: of all). It says how many are hidden, and the sum of what went there.
func groups(r *analyze.Result, x *rows, limit int) (shown []*group, hidden int, hiddenOut uint64) {
	sums := x.sums(r)
	order := make([]uint32, len(sums))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(i, j uint32) int {
		a, b := &sums[i], &sums[j]
		if c := cmp.Compare(b.out, a.out); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(a.state, b.state), cmp.Compare(b.in, a.in), cmp.Compare(i, j))
	})
	if limit > 0 && len(order) > limit {
		for _, row := range order[limit:] {
			hiddenOut += sums[row].out
		}
		order, hidden = order[:limit], len(order)-limit
	}
	byRow := make(map[uint32]*group, len(order))
	for _, row := range order {
		g := newGroup(x.key(r, row), &sums[row])
		byRow[row], shown = g, append(shown, g)
	}
	for i, row := range x.of {
		if g := byRow[row]; g != nil {
			g.look(r.Destinations[i])
		}
	}
	return shown, hidden, hiddenOut
}

func (x *rows) sums(r *analyze.Result) []rowSum {
	out := make([]rowSum, len(x.first))
	for i := range out {
		out[i].state = strength("")
	}
	for i, d := range r.Destinations {
		s := &out[x.of[i]]
		s.state = min(s.state, strength(d.State))
		if !d.CountedElsewhere() {
			s.out += d.PayloadOut
			s.in += d.PayloadIn
		}
	}
	return out
}

func newGroup(key rowKey, sum *rowSum) *group {
	return &group{key: key, out: sum.out, in: sum.in, state: states[sum.state], clients: map[netip.Addr]string{}, servers: map[netip.Addr]bool{}, vendors: tally{}, basis: tally{}, products: tally{}, purposes: tally{},
		names: tally{}, sources: tally{}, places: tally{}, networks: tally{}, hosters: tally{}, ports: tally{}}
}

// look adds what the row shows of a destination.
func (g *group) look(d *judge.Destination) {
	if g.destinations == 0 {
		g.vendor, g.first, g.last = d.Vendor, d.First, d.Last
	}
	g.destinations++
	g.first, g.last = min(g.first, d.First), max(g.last, d.Last)
	g.flows += d.Flows
	g.clients[d.Client] = d.ClientLabel
	g.vendors.add(vendorOf(d), d.PayloadOut)
	g.basis.add(d.VendorBasis, d.PayloadOut)
	g.products.add(d.Product, d.PayloadOut)
	g.purposes.add(d.Purpose, d.PayloadOut)
	g.hosters.add(d.Hoster, d.PayloadOut)
	g.sources.add(d.NameSource, d.PayloadOut)
	g.ports.add(portOf(d), d.PayloadOut)
	switch {
	case d.Name != "":
		g.names.add(d.Name, d.PayloadOut)
	case len(d.OtherNames) == 0 && len(d.Servers) > 0:
		g.names.add(d.Servers[0].IP.String(), d.PayloadOut)
	}
	for _, n := range d.OtherNames {
		g.names.add(n.Name+"?", 0) // one of several that fit
	}
	for _, s := range d.Servers {
		g.servers[s.IP] = true
		g.places.add(s.Country, d.PayloadOut)
		g.networks.add(s.Network, d.PayloadOut)
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
