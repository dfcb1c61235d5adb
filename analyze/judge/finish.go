package judge

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"phonehome/analyze/disclosure"
	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
	"phonehome/analyze/vendors"
)

// Attributor says whose a destination is.
type Attributor struct {
	Catalogue *vendors.Catalogue
	Geo       *vendors.Geo
	Register  *disclosure.Register // nil for none
	matches   map[string]*Attribution
}

// match says whose a name is.
func (a *Attributor) match(name string) *Attribution {
	if a.matches == nil {
		a.matches = map[string]*Attribution{}
	}
	known := a.matches[name]
	if known == nil {
		m := a.Catalogue.Match(name)
		known = &Attribution{Vendor: m.Vendor, Product: m.Product, Purpose: m.Purpose, VendorBasis: m.Basis, Hoster: m.Hoster, Tenant: m.Tenant, RegistrableDomain: m.RegistrableDomain}
		a.matches[name] = known
	}
	return known
}

// maxServers is how many addresses of a destination are listed: a name behind a CDN may have thousands.
const maxServers = 64

// Finish returns the destinations, most payload out first, and those that were only looked up. Nothing can be added afterwards.
func (b *Builder) Finish(a *Attributor) *Case {
	b.markProxyLegs()
	tunnels, domains := b.tunnels()
	b.addLookups(tunnels, domains)
	b.addTunnels(tunnels)
	b.namedValues()
	b.index, b.names, b.folded = flow.Numbering[destKey]{}, nil, nil // nothing is looked up any more, nor added
	b.hosts.Seal()
	b.parts.seal()
	b.protocols.seal()
	n, places := b.dests.Len(), b.order()
	c := &Case{Destinations: make([]*Destination, n), details: make([]detail, n), to: make([]int32, n), Citations: b.cited, some: gathered{met: map[*Inside]int{}}, b: b}
	var register *discloser
	if a.Register != nil {
		register = newDiscloser(c, a)
	}
	recipients := newRecipientFinder(c)
	settled := func(i int) {
		o := c.Destinations[i]
		c.details[i].traits, c.to[i] = traitsOf(o), recipients.find(o)
	}
	for d := range b.dests.Take() { // in the order in which they were made: what one is made of is given back before the next
		i := int(places[d.number-1])
		o := b.finish(d, a)
		o.ID = DestinationID(i + 1)
		c.Destinations[i], c.details[i] = o, d.detail
		if d.rare != 0 {
			c.rare = append(c.rare, i)
		}
		if register == nil || register.add(i, d) {
			settled(i)
		}
	}
	if register != nil {
		register.finish(settled)
	}
	b.arrange(c.Destinations, places)
	slices.Sort(c.rare)
	c.Countries, _ = a.Geo.Databases()
	b.drop()
	return c
}

// arrange moves the destinations that were made to their places in the result: whoever goes through them goes through memory. places is used up.
func (b *Builder) arrange(to []*Destination, places []uint32) {
	for i := range places {
		at := b.made.At(uint32(i + 1))
		for places[i] != uint32(i) {
			j := places[i]
			o := b.made.At(j + 1)
			*at, *o = *o, *at
			places[i], places[j] = places[j], j
		}
		to[i] = at
	}
}

// drop gives the memory of what the destinations have now back.
func (b *Builder) drop() {
	b.parts, b.protocols = nil, nil
	b.others, b.places, b.single = flow.Chains[otherName]{}, nil, nil
}

// ordered is what the order of destinations mostly depends on.
type ordered struct {
	payloadOut uint64
	what       uint64 // see head
	client     uint32 // rank of its address
	number     uint32 // in Builder.dests
}

// order are the places of destinations, by number: most payload out first, then by key.
func (b *Builder) order() []uint32 {
	ranks := b.rankClients()
	out := make([]ordered, 0, b.dests.Len())
	for d := range b.dests.All() {
		out = append(out, ordered{d.payloadOut, b.head(&d.key), ranks[d.key.client.host()], uint32(len(out) + 1)})
	}
	slices.SortFunc(out, func(x, y ordered) int {
		switch {
		case x.payloadOut != y.payloadOut:
			return cmp.Compare(y.payloadOut, x.payloadOut)
		case x.client != y.client:
			return cmp.Compare(x.client, y.client)
		case x.what != y.what:
			return cmp.Compare(x.what, y.what)
		}
		return b.compare(&b.dests.At(x.number).key, &b.dests.At(y.number).key)
	})
	places := make([]uint32, len(out))
	for i, o := range out {
		places[o.number-1] = uint32(i)
	}
	return places
}

// rankClients are the places of clients in the order of their addresses, by their numbers.
func (b *Builder) rankClients() map[uint32]uint32 {
	ranks := map[uint32]uint32{}
	for d := range b.dests.All() {
		ranks[d.key.client.host()] = 0
	}
	all := slices.SortedFunc(maps.Keys(ranks), func(x, y uint32) int {
		ax, ay := b.hosts.Addr(x), b.hosts.Addr(y)
		return bytes.Compare(ax[:], ay[:])
	})
	for rank, host := range all {
		ranks[host] = uint32(rank)
	}
	return ranks
}

// compare orders keys of one client.
func (b *Builder) compare(x, y *destKey) int {
	return cmp.Or(b.compareWhat(x, y), cmp.Compare(x.port, y.port), cmp.Compare(x.transport, y.transport),
		strings.Compare(b.texts.Text(x.via), b.texts.Text(y.via)), cmp.Compare(x.kind, y.kind), cmp.Compare(x.client, y.client))
}

// head is a number that orders keys as compareWhat does, as far as it tells them apart: most are not looked at for it.
func (b *Builder) head(k *destKey) uint64 {
	const named, v6, shift = 1 << 63, 1 << 62, 2
	if k.kind&keyNamed != 0 {
		var first [8]byte
		copy(first[:], b.texts.Text(k.what))
		return named | binary.BigEndian.Uint64(first[:])>>shift
	}
	a := b.hosts.Addr(end(k.what).host())
	if end(k.what).v6() {
		return v6 | binary.BigEndian.Uint64(a[:])>>shift
	}
	return uint64(binary.BigEndian.Uint32(a[12:]))
}

// compareWhat puts addresses, by number, before names, by letter.
func (b *Builder) compareWhat(x, y *destKey) int {
	named := x.kind&keyNamed != 0
	switch {
	case named != (y.kind&keyNamed != 0):
		return cmp.Compare(x.kind&keyNamed, y.kind&keyNamed)
	case x.what == y.what:
		return 0
	case named:
		return strings.Compare(b.texts.Text(x.what), b.texts.Text(y.what))
	}
	return b.addr(end(x.what)).Compare(b.addr(end(y.what)))
}

// markProxyLegs marks destinations reached through a proxy that is itself seen to connect to the same name, and those of the proxy.
func (b *Builder) markProxyLegs() {
	type outer struct {
		client netip.Addr
		what   uint32
		named  keyKind
	}
	asked, legs := map[outer]bool{}, map[outer]bool{}
	proxies, own := map[uint32]netip.Addr{}, map[netip.Addr]bool{}
	for d := range b.dests.All() {
		via := d.key.via
		if via == 0 || proxies[via].IsValid() {
			continue
		}
		if p, err := netip.ParseAddrPort(b.texts.Text(via)); err == nil {
			proxies[via], own[p.Addr()] = p.Addr(), true
		}
	}
	if len(proxies) == 0 {
		return
	}
	for d := range b.dests.All() {
		if proxy, ok := proxies[d.key.via]; ok {
			asked[outer{proxy, d.key.what, d.key.kind & keyNamed}] = true
		}
	}
	for d := range b.dests.All() {
		if client := b.addr(d.key.client); d.key.via == 0 && own[client] {
			leg := outer{client, d.key.what, d.key.kind & keyNamed}
			legs[leg] = true
			if asked[leg] {
				d.notes |= noteRelayed
			}
		}
	}
	for d := range b.dests.All() {
		if proxy, ok := proxies[d.key.via]; ok && legs[outer{proxy, d.key.what, d.key.kind & keyNamed}] {
			d.notes |= noteBothLegs
		}
	}
}

// insideNames are the names that answers put at inside addresses, and at no other, by number.
func (b *Builder) insideNames() map[uint32]bool {
	inside, outside := map[uint32]bool{}, map[uint32]bool{}
	b.names.Located(func(name, host uint32) {
		if b.hosts.Side(host) == flow.Outside {
			outside[name] = true
		} else {
			inside[name] = true
		}
	})
	for name := range outside {
		delete(inside, name)
	}
	return inside
}

// addLookups adds the names that a client asked for and never went to, but for those that are a tunnel's and those of inside hosts.
func (b *Builder) addLookups(tunnels map[carrier]*carried, domains map[uint32]uint32) {
	type visited struct{ host, name uint32 }
	seen := map[visited]bool{}
	for d := range b.dests.All() {
		if d.name != 0 {
			seen[visited{d.key.client.host(), d.name}] = true
		}
		for n := range b.others.Of(d.others) {
			seen[visited{d.key.client.host(), n.text}] = true
		}
	}
	inside := b.insideNames()
	for q := range b.names.Queries.All() {
		client := endOf(q.Client, q.V6)
		if !q.Address || seen[visited{q.Client, q.Name}] || inside[q.Name] || !publicName(b.texts.Text(q.Name)) || b.hosts.Side(q.Client) != flow.Inside ||
			tunnels[carrier{client, domains[q.Name]}] != nil {
			continue
		}
		d := b.newDest(destKey{client: client, kind: keyNamed, what: q.Name, transport: lookedUp})
		d.name, d.source, d.first, d.last = q.Name, hostname.FromQuery, q.First, q.Last
		b.cited.show(d.number, frameOf(q.Capture, q.Frame))
	}
}

// lookedUp stands for the transport of a destination that was only asked for: IP protocol 255, which IANA reserves.
const lookedUp packet.Transport = 255

// finish makes a destination.
func (b *Builder) finish(d *dest, a *Attributor) *Destination {
	o, _ := b.made.Add()
	o.number = d.number
	o.Flows, o.PacketsOut, o.PacketsIn, o.WireOut, o.WireIn, o.PayloadOut, o.PayloadIn = d.flows, d.packetsOut, d.packetsIn, d.wireOut, d.wireIn, d.payloadOut, d.payloadIn
	o.First, o.Last = Instant(d.first), Instant(d.last)
	o.Inside, o.Name, o.Naming, o.Disclosure = b.inside(d.key.client), b.texts.Text(d.name), b.naming(d), b.unjudged
	o.Service = known(b.services, serviceKey{b.mostOf(&d.protocols), d.key.port, d.key.transport, d.key.kind}, b.service)
	b.attribute(o, a)
	o.Reached = b.reached(d, a.Geo)
	if d.oneWay(o) {
		d.state = rankTransferred
	}
	o.Course = b.course(d)
	return o
}

// naming is shared by all that have no other names.
func (b *Builder) naming(d *dest) *Naming {
	if d.others.First() == 0 {
		n := &b.namings[d.source][d.notes]
		if *n == nil {
			*n = d.newNaming()
		}
		return *n
	}
	n := d.newNaming()
	for o := range b.others.Of(d.others) {
		n.OtherNames = append(n.OtherNames, OtherName{b.texts.Text(o.text), o.source.String()})
	}
	return n
}

func (d *dest) newNaming() *Naming {
	out := &Naming{NameSource: d.source.String(), OtherNames: []OtherName{}}
	for _, n := range noteTexts {
		if d.notes&n.note != 0 {
			out.Notes = append(out.Notes, n.text)
		}
	}
	return out
}

// serviceKey tells services apart.
type serviceKey struct {
	protocol  uint32 // text
	port      uint16
	transport packet.Transport
	kind      keyKind
}

func (b *Builder) service(k serviceKey) *Service {
	return &Service{Port: k.port, Transport: k.transportName(), Protocol: b.texts.Text(k.protocol)}
}

func (k *serviceKey) transportName() string {
	switch {
	case k.transport == lookedUp && k.port == 0 && k.kind&keyNamed != 0:
		return "dns"
	case k.kind&keyOrphan != 0:
		return "fragment"
	}
	return flow.TransportName(k.transport)
}

// courseKey tells courses apart.
type courseKey struct {
	via     uint32 // text
	state   stateRank
	openers openers
}

// course is shared by all of which all payload went in the hour in which they began.
func (b *Builder) course(d *dest) *Course {
	shared := known(b.courses, courseKey{d.key.via, d.state, d.openers}, func(k courseKey) *Course {
		return &Course{State: states[k.state], OpenedBy: k.openers.String(), Via: b.texts.Text(k.via), hours: []HourOut{}}
	})
	hours, allInFirst := b.hours(d)
	if allInFirst {
		return shared
	}
	own := *shared
	own.hours = hours
	return &own
}

// repeated is how many datagrams to an address are no attempt any more: a program that wants an answer gives up, or does not say all it has to say. They may be half as many, where
// a mirror shows each twice.
const repeated = 20

// persistent is how many datagrams of a flow no protocol sends in vain: handshakes are given up after ten or so.
const persistent = 100

// oneWay says whether an outside end that never answers, or whose answers were not captured, is still sent to.
func (d *dest) oneWay(o *Destination) bool {
	least := persistent * uint64(max(1, d.flows))
	switch o.Protocol {
	case "", "syslog", "rtp", "rtcp": // nothing is waited for, or it is not known
		least = min(least, repeated*uint64(max(1, len(o.Servers))))
	}
	return d.state == rankAttempted && d.key.transport == packet.UDP && d.payloadOut > 0 && d.packetsOut >= least
}

// inside is a client: one for all its destinations.
func (b *Builder) inside(client end) *Inside {
	return known(b.clients, client, func(client end) *Inside { return &Inside{Client: b.addr(client)} })
}

// hours are the payload out of a destination by hour and server, without those in which nothing went. There are none where all went in the hour in which it began, and where no hour
// has any: saved facts may have payload without its hours.
func (b *Builder) hours(d *dest) (out []HourOut, allInFirst bool) {
	first, inFirst := flow.HourOf(d.first), uint64(0)
	for p := range b.parts.sums(&d.parts) {
		if p.key.hour == first {
			inFirst += p.n
		}
	}
	if inFirst == d.payloadOut {
		return nil, true
	}
	for p := range b.parts.sums(&d.parts) {
		if p.n > 0 {
			out = append(out, HourOut{p.key.hour, p.n})
		}
	}
	return out, false
}

func (o openers) String() string {
	switch o {
	case byServer:
		return "server"
	case byClient | byServer:
		return "both"
	}
	return "client"
}

// mostOf returns the text with the greatest sum, the first in the alphabet of equals; "" where all sums are nothing.
func (b *Builder) mostOf(list *tally[uint32]) (best uint32) {
	var most uint64
	for s := range b.protocols.sums(list) {
		if s.n > most || s.n == most && b.texts.Text(s.key) < b.texts.Text(best) {
			best, most = s.key, s.n
		}
	}
	return best
}

// attribute sets the vendor: of the name, or of all names that fit, where they agree.
func (b *Builder) attribute(o *Destination, a *Attributor) {
	o.Attribution = b.nobody
	if o.Name != "" {
		o.Attribution = a.match(o.Name)
		return
	}
	for i, n := range o.OtherNames {
		m := a.match(n.Name)
		if i > 0 && m.Vendor != o.Vendor {
			o.Attribution = b.nobody
			return
		}
		o.Attribution = m
	}
}

// reached lists the addresses of a destination, most payload out first. Most have one, and share it with all that are there.
func (b *Builder) reached(d *dest, geo *vendors.Geo) *Reached {
	list := b.byServer(d)
	if len(list) != 1 {
		return b.newReached(list, geo)
	}
	if b.single == nil {
		b.single = make([]*Reached, b.hosts.Len())
	}
	at := &b.single[list[0].key.host()]
	if *at == nil || (*at).Servers[0].IP.Is4() == list[0].key.v6() { // an IPv4 address may be met in IPv6 too
		*at = b.newReached(list, geo)
	}
	return *at
}

func (b *Builder) newReached(list []sum[end], geo *vendors.Geo) *Reached {
	r := &b.reachedRoom.take(1)[0]
	r.ServersTotal, r.Servers = len(list), b.serverLists.take(min(len(list), maxServers))
	for i := range r.Servers {
		r.Servers[i] = Server{b.addr(list[i].key), b.place(list[i].key, geo)}
	}
	return r
}

// place is where a server is, in a database's opinion.
func (b *Builder) place(server end, geo *vendors.Geo) *vendors.Place {
	if b.places == nil {
		b.places = make([]*vendors.Place, b.hosts.Len())
	}
	at := &b.places[server.host()]
	if *at == nil {
		*at = geo.Lookup(b.addr(server))
	}
	return *at
}

// byServer sums the payload out of a destination by server, most first. The list is good until the next call.
func (b *Builder) byServer(d *dest) []sum[end] {
	b.ranked = b.ranked[:0]
	for p := range b.parts.sums(&d.parts) {
		b.ranked = append(b.ranked, sum[end]{p.n, p.key.server})
	}
	if len(b.ranked) < 2 {
		return b.ranked
	}
	slices.SortFunc(b.ranked, func(x, y sum[end]) int { return cmp.Compare(x.key, y.key) })
	servers := b.ranked[:1]
	for _, s := range b.ranked[1:] {
		if last := &servers[len(servers)-1]; last.key == s.key {
			last.n += s.n
		} else {
			servers = append(servers, s)
		}
	}
	slices.SortFunc(servers, func(x, y sum[end]) int {
		return cmp.Or(cmp.Compare(y.n, x.n), b.addr(x.key).Compare(b.addr(y.key)))
	})
	return servers
}

// CountedElsewhere says whether the destination's bytes stand on the proxy's own leg too, so that sums leave them out here.
func (o *Destination) CountedElsewhere() bool { return slices.Contains(o.Notes, textBothLegs) }
