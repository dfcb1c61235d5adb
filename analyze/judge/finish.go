package judge

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

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
	matches   map[string]vendors.Match
}

func (a *Attributor) match(name string) vendors.Match {
	m, ok := a.matches[name]
	if !ok {
		if a.matches == nil {
			a.matches = map[string]vendors.Match{}
		}
		m = a.Catalogue.Match(name)
		a.matches[name] = m
	}
	return m
}

const (
	maxServers = 64 // addresses listed of one destination: a name behind a CDN may have thousands
	maxFrames  = 64 // frames cited of one destination and capture
)

// Finish returns the destinations, most payload out first, and those that were only looked up. Nothing can be added afterwards.
func (b *Builder) Finish(a *Attributor) *Case {
	b.markProxyLegs()
	tunnels, domains := b.tunnels()
	b.addLookups(tunnels, domains)
	b.addTunnels(tunnels)
	b.namedValues()
	all := make([]*dest, 0, len(b.index))
	for _, d := range b.index {
		all = append(all, d)
	}
	b.index, b.names = nil, nil
	slices.SortFunc(all, b.compare)
	out := make([]Destination, len(all))
	for i, d := range all {
		b.finish(d, &out[i], a)
		out[i].ID = "d" + strconv.Itoa(i+1)
	}
	c := &Case{Destinations: out, details: all, b: b}
	c.Countries, _ = a.Geo.Databases()
	if a.Register != nil {
		c.disclose(a.Register, a)
	}
	return c
}

// compare orders destinations: most payload out first, then by key.
func (b *Builder) compare(x, y *dest) int {
	if x.payloadOut != y.payloadOut {
		return cmp.Compare(y.payloadOut, x.payloadOut)
	}
	if c := bytes.Compare(x.key.client[:], y.key.client[:]); c != 0 {
		return c
	}
	return cmp.Or(b.compareWhat(x.key, y.key), cmp.Compare(x.key.port, y.key.port), cmp.Compare(x.key.transport, y.key.transport),
		strings.Compare(b.texts.texts[x.key.via], b.texts.texts[y.key.via]), compareBool(x.key.orphan, y.key.orphan), compareBool(x.key.v6, y.key.v6))
}

// compareWhat puts addresses, by number, before names, by letter.
func (b *Builder) compareWhat(x, y destKey) int {
	switch {
	case x.named != y.named:
		return compareBool(x.named, y.named)
	case x.what == y.what:
		return 0
	case x.named:
		return strings.Compare(b.texts.texts[x.what], b.texts.texts[y.what])
	}
	return b.servers.list[x.what].Compare(b.servers.list[y.what])
}

func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}

// markProxyLegs marks destinations reached through a proxy that is itself seen to connect to the same name.
func (b *Builder) markProxyLegs() {
	type outer struct {
		client netip.Addr
		what   uint32
		named  bool
	}
	legs := map[outer]bool{}
	proxies, own := map[uint32]netip.Addr{}, map[netip.Addr]bool{}
	for k := range b.index {
		if k.via == 0 {
			continue
		}
		if p, err := netip.ParseAddrPort(b.texts.texts[k.via]); err == nil {
			proxies[k.via], own[p.Addr()] = p.Addr(), true
		}
	}
	if len(proxies) == 0 {
		return
	}
	for k := range b.index {
		if client := k.client.Netip(k.v6); k.via == 0 && own[client] {
			legs[outer{client, k.what, k.named}] = true
		}
	}
	for k, d := range b.index {
		if proxy, ok := proxies[k.via]; ok && legs[outer{proxy, k.what, k.named}] {
			d.notes |= noteBothLegs
		}
	}
}

// insideNames are the names that answers put at inside addresses, and at no other.
func (b *Builder) insideNames() map[string]bool {
	inside, outside := map[string]bool{}, map[string]bool{}
	b.names.Located(func(name string, at netip.Addr) {
		if b.networks.Side(at) == flow.Outside {
			outside[name] = true
		} else {
			inside[name] = true
		}
	})
	for name := range inside {
		if outside[name] {
			delete(inside, name)
		}
	}
	return inside
}

// addLookups adds the names that a client asked for and never went to, but for those that are a tunnel's and those of inside hosts.
func (b *Builder) addLookups(tunnels map[carrier]*carried, domains map[string]string) {
	type visited struct {
		client packet.Addr
		name   string
	}
	seen := make(map[visited]bool, len(b.names.Queries))
	for _, d := range b.index {
		if d.name.Name != "" {
			seen[visited{d.key.client, d.name.Name}] = true
		}
		for _, n := range d.others {
			seen[visited{d.key.client, n.Name}] = true
		}
	}
	inside := b.insideNames()
	for q, l := range b.names.Queries {
		if !l.Address || seen[visited{q.Client, q.Name}] || inside[q.Name] || !publicName(q.Name) || b.networks.Side(q.Client.Netip(q.V6)) != flow.Inside ||
			tunnels[carrier{q.Client, q.V6, domains[q.Name]}] != nil {
			continue
		}
		k := destKey{client: q.Client, v6: q.V6, named: true, what: b.texts.number(q.Name), transport: lookedUp}
		d := b.newDest(k)
		d.name = hostname.Named{Name: q.Name, Source: string(hostname.DNSQuery), At: l.First, Frame: l.Frame, Capture: l.Capture}
		d.first, d.last = l.First, l.Last
		d.frames = append(d.frames, frame{capture: l.Capture, number: l.Frame})
	}
}

// lookedUp stands for the transport of a destination that was only asked for: IP protocol 255, which IANA reserves.
const lookedUp packet.Transport = 255

func (k *destKey) transportName() string {
	switch {
	case k.transport == lookedUp && k.port == 0 && k.named:
		return "dns"
	case k.orphan:
		return "fragment"
	}
	return flow.TransportName(k.transport)
}

func (b *Builder) finish(d *dest, o *Destination, a *Attributor) {
	o.Flows, o.PacketsOut, o.PacketsIn, o.WireOut, o.WireIn, o.PayloadOut, o.PayloadIn = d.flows, d.packetsOut, d.packetsIn, d.wireOut, d.wireIn, d.payloadOut, d.payloadIn
	o.Client, o.Port, o.Transport, o.Via = d.key.client.Netip(d.key.v6), d.key.port, d.key.transportName(), b.texts.texts[d.key.via]
	o.Name, o.NameSource, o.State = d.name.Name, cmp.Or(d.name.Source, "none"), states[d.state]
	o.OtherNames = []OtherName{}
	for _, n := range d.others {
		o.OtherNames = append(o.OtherNames, OtherName{n.Name, n.Source})
	}
	o.First, o.Last = time.Unix(0, d.first).UTC(), time.Unix(0, d.last).UTC()
	o.OpenedBy = d.openedBy()
	o.Protocol = most(&d.protocols)
	for _, n := range noteTexts {
		if d.notes&n.note != 0 {
			o.Notes = append(o.Notes, n.text)
		}
	}
	o.Disclosure = disclosure.Judgement{Verdict: disclosure.NoRegister, Reason: "no register was given"}
	d.attribute(o, a)
	b.listServers(d, o, a.Geo)
	o.Evidence = b.evidence(d)
	o.CommunityIDs = d.ids
	o.Hours = b.hourLists.take(len(d.parts.list))[:0]
	for _, p := range d.parts.list {
		if p.n > 0 {
			o.Hours = append(o.Hours, HourOut{p.key.hour, p.n})
		}
	}
}

func (d *dest) openedBy() string {
	switch {
	case d.openers[1] == 0:
		return "client"
	case d.openers[0] == 0:
		return "server"
	}
	return "both"
}

// most returns the key with the greatest sum, the first in the alphabet of equals.
func most(t *tally[string]) string {
	best := sum[string]{}
	for _, s := range t.list {
		if s.n > best.n || s.n == best.n && s.key < best.key {
			best = s
		}
	}
	return best.key
}

// attribute sets the vendor: of the name, or of all names that fit, where they agree.
func (d *dest) attribute(o *Destination, a *Attributor) {
	if o.Name != "" {
		o.setVendor(a.match(o.Name))
		return
	}
	for i, n := range d.others {
		m := a.match(n.Name)
		if i > 0 && m.Vendor != o.Vendor {
			o.setVendor(vendors.Match{Basis: "none"})
			return
		}
		o.setVendor(m)
	}
	if len(d.others) == 0 {
		o.VendorBasis = "none"
	}
}

func (o *Destination) setVendor(m vendors.Match) {
	o.Vendor, o.Product, o.Purpose, o.VendorBasis = m.Vendor, m.Product, m.Purpose, m.Basis
	o.Hoster, o.Tenant, o.RegistrableDomain = m.Hoster, m.Tenant, m.RegistrableDomain
}

// listServers lists the addresses, most payload out first.
func (b *Builder) listServers(d *dest, o *Destination, geo *vendors.Geo) {
	list := b.byServer(d)
	o.ServersTotal = len(list)
	o.Servers = b.serverLists.take(min(len(list), maxServers))
	for i := range o.Servers {
		n := list[i].key
		p := b.servers.place(n, geo)
		o.Servers[i] = Server{IP: b.servers.list[n], Country: p.Country, ASN: p.ASN, Network: p.Network}
	}
}

// byServer sums the payload out of a destination by server, most first.
func (b *Builder) byServer(d *dest) []sum[uint32] {
	if len(d.parts.list) == 1 {
		p := &d.parts.list[0]
		b.only[0] = sum[uint32]{p.key.server, p.n}
		return b.only[:]
	}
	var by tally[uint32]
	for _, p := range d.parts.list {
		by.add(p.key.server, p.n)
	}
	slices.SortFunc(by.list, func(x, y sum[uint32]) int {
		return cmp.Or(cmp.Compare(y.n, x.n), b.servers.list[x.key].Compare(b.servers.list[y.key]))
	})
	return by.list
}

// whatDestination says which frames a destination cites.
const whatDestination = "first and last frames of its flows, and those that name it"

// evidence cites the frames, by capture, at most maxFrames of each.
func (b *Builder) evidence(d *dest) []Evidence {
	slices.SortFunc(d.frames, compareFrames)
	captures := 0
	for i, f := range d.frames {
		if i == 0 || f.capture != d.frames[i-1].capture {
			captures++
		}
	}
	out := b.evidenceLists.take(captures)[:0]
	for i, f := range d.frames {
		if i == 0 || f.capture != d.frames[i-1].capture {
			out = append(out, Evidence{Capture: int(f.capture), What: whatDestination, Frames: b.frameLists.take(min(len(d.frames)-i, maxFrames))[:0]})
		}
		e := &out[len(out)-1]
		if n := len(e.Frames); n < maxFrames && (n == 0 || e.Frames[n-1] != f.number) {
			e.Frames = append(e.Frames, f.number)
		}
	}
	return out
}

// frameFilter is the Wireshark display filter that selects the frames, which are in order: "frame.number in {1,3,5..9}".
func frameFilter(frames []uint64) string {
	var b strings.Builder
	b.WriteString("frame.number in {")
	for i := 0; i < len(frames); {
		j := i
		for j+1 < len(frames) && frames[j+1] == frames[j]+1 {
			j++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		if j > i {
			fmt.Fprintf(&b, "%d..%d", frames[i], frames[j])
		} else {
			fmt.Fprintf(&b, "%d", frames[i])
		}
		i = j + 1
	}
	b.WriteByte('}')
	return b.String()
}

// CountedElsewhere says whether the destination's bytes stand on the proxy's own leg too, so that sums leave them out here.
func (o *Destination) CountedElsewhere() bool { return slices.Contains(o.Notes, textBothLegs) }
