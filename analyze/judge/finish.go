package judge

import (
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
	"phonehome/analyze/vendors"
)

// Attributor says whose a destination is.
type Attributor struct {
	Catalogue *vendors.Catalogue
	Geo       *vendors.Geo
	matches   map[string]vendors.Match
	places    map[netip.Addr]vendors.Place
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

func (a *Attributor) place(ip netip.Addr) vendors.Place {
	p, ok := a.places[ip]
	if !ok {
		if a.places == nil {
			a.places = map[netip.Addr]vendors.Place{}
		}
		p = a.Geo.Lookup(ip)
		a.places[ip] = p
	}
	return p
}

const (
	maxServers = 64 // addresses listed of one destination: a name behind a CDN may have thousands
	maxFrames  = 64 // frames cited of one destination and capture
)

// Finish returns the destinations, most payload out first, and those that were only looked up. The Builder is empty afterwards.
func (b *Builder) Finish(a *Attributor) []Destination {
	b.markProxyLegs()
	b.addLookups()
	all := make([]*dest, 0, len(b.dests))
	for _, d := range b.dests {
		all = append(all, d)
	}
	b.dests = nil
	slices.SortFunc(all, compareDest)
	out := make([]Destination, len(all))
	for i, d := range all {
		out[i] = d.finish(a)
		out[i].ID = "d" + strconv.Itoa(i+1)
		all[i] = nil
	}
	return out
}

// noteBothLegs marks a destination whose bytes stand a second time, on the proxy's own leg.
const noteBothLegs = "the proxy's own connection to this name is in the capture too: its bytes are summed there"

// markProxyLegs marks destinations reached through a proxy that is itself seen to connect to the same name.
func (b *Builder) markProxyLegs() {
	type outer struct {
		client netip.Addr
		name   string
	}
	legs := map[outer]bool{}
	for k := range b.dests {
		if k.via == "" {
			legs[outer{k.client, k.what}] = true
		}
	}
	for k, d := range b.dests {
		proxy, err := netip.ParseAddrPort(k.via)
		if err == nil && legs[outer{proxy.Addr(), k.what}] {
			d.note(noteBothLegs)
		}
	}
}

// addLookups adds the names that a client asked for and never went to.
func (b *Builder) addLookups() {
	type visited struct {
		client netip.Addr
		name   string
	}
	seen := map[visited]bool{}
	for _, d := range b.dests {
		for _, n := range append(d.others, d.name) {
			seen[visited{d.key.client, n.Name}] = true
		}
	}
	for q, l := range b.names.Queries {
		if seen[visited{q.Client, q.Name}] || b.networks.Side(q.Client) != flow.Inside || !publicName(q.Name) {
			continue
		}
		k := destKey{client: q.Client, what: q.Name, transport: "dns"}
		n := hostname.Named{Name: q.Name, Source: string(hostname.DNSQuery), At: l.First, Frame: l.Frame, Capture: l.Capture}
		b.dests[k] = &dest{key: k, name: n, state: LookedUp, firstNS: l.First, lastNS: l.Last,
			frames: []frame{{capture: l.Capture, number: l.Frame}}}
	}
}

func (d *dest) finish(a *Attributor) Destination {
	c := &d.d
	o := Destination{Flows: c.flows, PacketsOut: c.packetsOut, PacketsIn: c.packetsIn, WireOut: c.wireOut, WireIn: c.wireIn, PayloadOut: c.payloadOut, PayloadIn: c.payloadIn}
	o.Client, o.Port, o.Transport, o.Via = d.key.client, d.key.port, d.key.transport, d.key.via
	o.Name, o.NameSource, o.State = d.name.Name, cmp.Or(d.name.Source, "none"), d.state
	o.OtherNames = []OtherName{}
	for _, n := range d.others {
		o.OtherNames = append(o.OtherNames, OtherName{n.Name, n.Source})
	}
	o.First, o.Last = time.Unix(0, d.firstNS).UTC(), time.Unix(0, d.lastNS).UTC()
	o.OpenedBy = d.openedBy()
	o.Protocol = most(&d.protocols)
	slices.Sort(d.notes)
	o.Notes = d.notes
	o.Disclosure = disclosure.Judgement{Verdict: disclosure.NoRegister, Reason: "no register was given"}
	d.attribute(&o, a)
	d.listServers(&o, a)
	o.Evidence = d.evidence()
	for _, h := range d.hours.keys() {
		o.Hours = append(o.Hours, HourOut{h, d.hours.of(h)})
	}
	return o
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
	best := ""
	for _, k := range slices.Sorted(slices.Values(t.keys())) {
		if best == "" || t.of(k) > t.of(best) {
			best = k
		}
	}
	return best
}

// note adds a note, once.
func (d *dest) note(s string) {
	if !slices.Contains(d.notes, s) {
		d.notes = append(d.notes, s)
	}
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
func (d *dest) listServers(o *Destination, a *Attributor) {
	ips := d.servers.keys()
	slices.SortFunc(ips, func(x, y netip.Addr) int {
		return cmp.Or(cmp.Compare(d.servers.of(y), d.servers.of(x)), x.Compare(y))
	})
	o.ServersTotal = len(ips)
	o.Servers = make([]Server, 0, min(len(ips), maxServers))
	for _, ip := range ips[:min(len(ips), maxServers)] {
		p := a.place(ip)
		o.Servers = append(o.Servers, Server{IP: ip, Country: p.Country, ASN: p.ASN, Network: p.Network})
	}
}

// evidence cites the frames, by capture, at most maxFrames of each.
func (d *dest) evidence() []Evidence {
	slices.SortFunc(d.frames, func(a, b frame) int {
		return cmp.Or(cmp.Compare(a.capture, b.capture), cmp.Compare(a.number, b.number))
	})
	out := []Evidence{}
	for i, f := range d.frames {
		if i == 0 || f.capture != d.frames[i-1].capture {
			out = append(out, Evidence{Capture: int(f.capture), What: "first and last frames of its flows, and those that name it"})
		}
		e := &out[len(out)-1]
		if n := len(e.Frames); n < maxFrames && (n == 0 || e.Frames[n-1] != f.number) {
			e.Frames = append(e.Frames, f.number)
		}
	}
	for i := range out {
		out[i].Filter = frameFilter(out[i].Frames)
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
func (o *Destination) CountedElsewhere() bool { return slices.Contains(o.Notes, noteBothLegs) }
