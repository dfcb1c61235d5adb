package judge

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"phonehome/analyze/disclosure"
	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
	"phonehome/analyze/vendors"
)

// Builder joins flows and names into destinations. Rows come in the order of facts: by time of the first packet. What it keeps of destinations in the making lies in lists without
// pointers: a big capture has hundreds of thousands.
type Builder struct {
	hosts  *flow.Hosts
	names  *hostname.Index
	texts  *hostname.Names
	index  flow.Numbering[destKey]
	dests  flow.List[dest]
	folded map[foldedNet]uint32 // texts of networks
	named  []hostname.Named     // of the leg being added
	ranked []sum[end]           // what byServer returns, until the next call

	namedBy   [hostname.Sources]named
	outsiders candidates

	// Lists of the destinations in the making.
	parts     *tallies[part]   // payload out
	protocols *tallies[uint32] // packets by protocol recognised, a text
	others    flow.Chains[otherName]
	cited     *Citations
	events    flow.Chains[int64] // starts of exchanges after the first, ns since 1970 UTC
	rare      flow.List[rare]

	// Lists of the destinations that are made, and what they share.
	made        flow.List[Destination]
	serverLists pieces[Server]
	reachedRoom pieces[Reached]
	single      []*Reached // by number of the host, of destinations that have no other
	clients     map[end]*Inside
	namings     [hostname.Sources][allNotes + 1]*Naming // of destinations that have no other names
	services    map[serviceKey]*Service
	courses     map[courseKey]*Course
	places      []*vendors.Place      // by number of the host
	nobody      *Attribution          // of destinations that have no vendor
	unjudged    *disclosure.Judgement // of all, where there is no register

	// Direction sums the transport payload of all rows, both ways.
	Direction Direction
	// WireOut is the sum of original frame lengths that went out.
	WireOut uint64
	// InboundOnly counts flows that an outside end opened and on which nothing was sent back.
	InboundOnly uint64
}

// named is what one name source names.
type named struct{ rows, payload uint64 }

// Direction is transport payload in bytes, both ways, by where the ends are.
type Direction struct {
	Outbound       uint64 `json:"outbound"`
	InsideInside   uint64 `json:"inside_inside"`
	OutsideOutside uint64 `json:"outside_outside"`
	Local          uint64 `json:"local"`
}

// NewBuilder returns an empty Builder.
func NewBuilder(x *hostname.Index) *Builder {
	b := &Builder{hosts: x.Hosts, names: x, texts: x.Names, cited: &Citations{hosts: x.Hosts}, parts: newTallies[part](), protocols: newTallies[uint32](), folded: map[foldedNet]uint32{}, outsiders: candidates{},
		clients: map[end]*Inside{}, services: map[serviceKey]*Service{}, courses: map[courseKey]*Course{},
		nobody: &Attribution{VendorBasis: "none"}, unjudged: &disclosure.Judgement{Verdict: disclosure.NoRegister, Reason: "no register was given"}}
	b.index = flow.NewNumbering(func(n uint32) destKey { return b.dests.At(n).key })
	return b
}

// NamedBy sums the payload out of outbound rows by name source.
func (b *Builder) NamedBy() map[string]uint64 {
	out := map[string]uint64{}
	for source, seen := range b.namedBy {
		if seen.rows > 0 {
			out[hostname.Source(source).String()] = seen.payload
		}
	}
	return out
}

// leg is one row seen from its inside end.
type leg struct {
	row      *flow.Row
	inside   int // end of the row
	client   end
	server   end
	port     uint16
	via      string
	openedBy int // 0 by the client, 1 by the server
	naming   *hostname.Naming
	names    []hostname.Named // those of the strongest kind: one is its name, several all fit; the builder's until the next leg
}

// Add takes one row, whose hosts were looked up.
func (b *Builder) Add(r *flow.Row) {
	payload := r.Payload[0] + r.Payload[1]
	sa, sz := b.hosts.Side(r.Hosts[0]), b.hosts.Side(r.Hosts[1])
	switch {
	case sa == flow.Local || sz == flow.Local:
		b.Direction.Local += payload
	case sa == flow.Inside && sz == flow.Outside:
		b.outbound(r, 0, payload)
	case sa == flow.Outside && sz == flow.Inside:
		b.outbound(r, 1, payload)
	case sa == flow.Outside:
		b.Direction.OutsideOutside += payload
		b.outsiders.add(r, payload)
	default:
		b.insideInside(r, payload)
	}
}

// newLeg looks at r from one of its ends.
func (b *Builder) newLeg(r *flow.Row, inside int) leg {
	_, sp := r.End(1 - inside)
	opener, _ := r.Client()
	l := leg{row: r, inside: inside, client: endOf(r.Hosts[inside], r.V6), server: endOf(r.Hosts[1-inside], r.V6), port: sp, naming: b.names.Flow(r, inside)}
	b.named = b.chooseNames(b.named[:0], l.naming)
	l.names = b.named
	if opener != inside {
		l.openedBy = 1
		_, l.port = r.End(inside) // the port that was asked for lies inside
	}
	return l
}

func (b *Builder) outbound(r *flow.Row, inside int, payload uint64) {
	b.Direction.Outbound += payload
	l := b.newLeg(r, inside)
	if l.openedBy == 1 && r.Payload[inside] == 0 {
		b.InboundOnly++ // a probe from outside: nothing left
		return
	}
	if len(l.naming.Target) > 0 {
		l.via = b.proxy(&l)
	}
	b.WireOut += r.Wire[inside]
	b.add(&l)
}

// insideInside counts a row between two inside ends: outbound to its target where one end is a proxy and the target lies outside.
func (b *Builder) insideInside(r *flow.Row, payload uint64) {
	end, _ := r.Client()
	l := b.newLeg(r, end)
	if len(l.naming.Target) == 0 || !slices.ContainsFunc(l.naming.Target, b.outsideTarget) {
		b.Direction.InsideInside += payload
		return
	}
	b.Direction.Outbound += payload
	l.via = b.proxy(&l)
	b.add(&l)
}

// proxy is the text of the server that was asked to go on to a target.
func (b *Builder) proxy(l *leg) string { return netip.AddrPortFrom(b.addr(l.server), l.port).String() }

// outsideTarget says whether a proxy's target lies outside: an address by its network, a name unless it is of a private kind.
func (b *Builder) outsideTarget(n hostname.Named) bool {
	host, _ := splitPort(n.Name)
	if a, err := netip.ParseAddr(host); err == nil {
		return b.hosts.SideOf(a) == flow.Outside
	}
	return publicName(host)
}

// publicName says whether a name can be of a host outside: it has a dot and no top-level domain reserved for private use (RFC 6761,
// RFC 6762, RFC 8375, and .internal as reserved by ICANN in 2024).
func publicName(name string) bool {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return false
	}
	switch tld := name[i+1:]; tld {
	case "local", "localhost", "internal", "lan", "home", "corp", "arpa", "intranet", "localdomain", "invalid":
		return false
	}
	return true
}

// splitPort takes the port off "host:port"; "[v6]:port" loses its brackets.
func splitPort(s string) (host string, port uint16) {
	if !strings.ContainsAny(s, ":[]") {
		return s, 0 // most names
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().String(), ap.Port()
	}
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return a.String(), 0
	}
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, 0
	}
	const portBits = 16
	p, err := strconv.ParseUint(s[i+1:], 10, portBits)
	if err != nil {
		return s, 0
	}
	return s[:i], uint16(p)
}

// add counts a leg on its destination.
func (b *Builder) add(l *leg) {
	b.count(l, b.dest(l))
	by := &b.namedBy[sourceOf(l.names)]
	by.rows++
	by.payload += l.row.Payload[l.inside]
}

// sourceOf is the name source that a flow's bytes count under; a flow that several names fit is named by their kind.
func sourceOf(names []hostname.Named) hostname.Source {
	if len(names) == 0 {
		return hostname.FromNone
	}
	return names[0].Source
}

// chooseNames adds the names of the strongest kind that a flow has to out, each once: one is its name, several all fit. Of what the flow says itself, address
// literals are left out: a Host header that repeats the address says nothing.
func (b *Builder) chooseNames(out []hostname.Named, n *hostname.Naming) []hostname.Named {
	const own = 1
	for i, level := range [...][]hostname.Named{n.Target, own: n.Own, n.DNS, n.DNSOther, n.Certificate, n.Weak} {
		for _, w := range level {
			if i == own && isAddress(w.Name) {
				continue
			}
			if host, _ := splitPort(w.Name); host != w.Name {
				w.Name, w.Number = host, b.texts.Number(host)
			}
			if !slices.ContainsFunc(out, func(o hostname.Named) bool { return o.Number == w.Number }) {
				out = append(out, w)
			}
		}
		if len(out) > 0 {
			break
		}
	}
	return out
}

// isAddress says whether a name is an address literal. Most names end with a letter and have no colon: they are told without a look at the rest.
func isAddress(name string) bool {
	name = strings.Trim(name, "[]")
	if name == "" || !isDigit(name[len(name)-1]) && strings.IndexByte(name, ':') < 0 {
		return false
	}
	_, err := netip.ParseAddr(name)
	return err == nil
}

// answered says whether the outside end sent anything, or the flow shows by TCP payload that it must have.
func (l *leg) answered() bool {
	r := l.row
	return r.Packets[1-l.inside] > 0 || r.Transport == packet.TCP && r.Payload[l.inside] > 0
}

func (l *leg) state() stateRank {
	switch {
	case !l.answered():
		return rankAttempted
	case l.row.Payload[l.inside] > 0:
		return rankTransferred
	}
	return rankConnected
}

// dest returns the destination of a leg, making it where it is new.
func (b *Builder) dest(l *leg) *dest {
	k := b.key(l)
	n := b.index.Find(k)
	if n == 0 && k.kind&keyNamed == 0 {
		n = b.unfold(k)
	}
	if n != 0 {
		d := b.dests.At(n)
		if len(l.names) == 1 && l.names[0].Source < d.source {
			d.name, d.source = l.names[0].Number, l.names[0].Source
		}
		return d
	}
	d := b.addDest(k)
	d.first, d.last = l.row.First, l.row.Last
	if len(l.names) == 1 {
		d.name, d.source = l.names[0].Number, l.names[0].Source
		return d
	}
	for _, n := range l.names {
		b.others.Add(&d.others, otherName{n.Number, n.Source})
	}
	return d
}

// newDest adds a destination that nothing is known of yet. It takes the place of one of the same key.
func (b *Builder) newDest(k destKey) *dest {
	n := b.index.Find(k)
	if n == 0 {
		return b.addDest(k)
	}
	d := b.dests.At(n)
	d.reset(k)
	b.cited.forget(n)
	return d
}

// addDest adds a destination, of whose key there is none.
func (b *Builder) addDest(k destKey) *dest {
	d, n := b.dests.Add()
	d.number = n
	d.reset(k)
	b.cited.add()
	b.index.Add(k, n)
	return d
}

// reset makes a destination one that nothing is known of.
func (d *dest) reset(k destKey) {
	*d = dest{number: d.number, key: k, detail: detail{source: hostname.FromNone, state: rankLookedUp}}
}

// key says which destination a leg is of.
func (b *Builder) key(l *leg) destKey {
	k := destKey{client: l.client, via: b.texts.Number(l.via), port: l.port, transport: l.row.Transport}
	if l.row.Orphan {
		k.kind, k.transport = keyOrphan, 0
	}
	if len(l.naming.Target) == 1 {
		t := l.naming.Target[0]
		if _, p := splitPort(t.Name); p != 0 {
			t.Port = p
		}
		if t.Port != 0 {
			k.port = t.Port
		}
	}
	switch {
	case len(l.names) == 1:
		k.kind |= keyNamed
		k.what = l.names[0].Number
	case len(l.names) > 0:
		k.kind |= keyNamed
		k.what = b.texts.Number(joined(l.names))
	default:
		k.what = uint32(l.server)
		if l.state() == rankAttempted && b.index.Find(k) == 0 {
			k.kind |= keyNamed | keyFolded
			k.what = b.network(l.server)
		}
	}
	return k
}

// unfold returns the destination that the unanswered probes of a client to a server were folded to, now that the server answers: it is the server's from now on. There is none where
// probes to other servers of the network stand in it too.
func (b *Builder) unfold(k destKey) uint32 {
	server, folded := end(k.what), k
	text, ok := b.folded[b.foldedNet(server)]
	if !ok {
		return 0
	}
	folded.kind |= keyNamed | keyFolded
	folded.what = text
	n := b.index.Find(folded)
	if n == 0 {
		return 0
	}
	d := b.dests.At(n)
	for p := range b.parts.sums(&d.parts) {
		if p.key.server != server {
			return 0
		}
	}
	d.key = k
	b.index.Add(k, n)
	return n
}

// foldedNet is the network that an address is folded to: its first address.
type foldedNet struct {
	first packet.Addr
	v6    bool
}

func (b *Builder) foldedNet(e end) foldedNet {
	k := foldedNet{b.hosts.Addr(e.host()), e.v6()}
	if k.v6 {
		clear(k.first[networkBits6/8:])
	} else {
		clear(k.first[len(k.first)-(32-networkBits4)/8:])
	}
	return k
}

// network is the number of the text of an address's network.
func (b *Builder) network(e end) uint32 {
	k := b.foldedNet(e)
	n, ok := b.folded[k]
	if !ok {
		n = b.texts.Number(networkOf(b.addr(e)).String())
		b.folded[k] = n
	}
	return n
}

// joined is the names as one text, the same in any order.
func joined(names []hostname.Named) string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = n.Name
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// Lengths of the networks that are routed on their own: RFC 6177 has that of IPv6.
const (
	networkBits4 = 24
	networkBits6 = 48
)

// networkOf is the network that unanswered probes of unnamed addresses are folded to.
func networkOf(a netip.Addr) netip.Prefix {
	bits := networkBits4
	if a.Is6() {
		bits = networkBits6
	}
	p, _ := a.Prefix(bits)
	return p
}

// count adds the leg's numbers to its destination.
func (b *Builder) count(l *leg, d *dest) {
	r, in, out := l.row, 1-l.inside, l.inside
	d.flows++
	d.packetsOut += r.Packets[out]
	d.packetsIn += r.Packets[in]
	d.wireOut += r.Wire[out]
	d.wireIn += r.Wire[in]
	d.payloadOut += r.Payload[out]
	d.payloadIn += r.Payload[in]
	if d.first = min(d.first, r.First); d.last <= r.Last {
		d.last = r.Last
		b.cited.endsWith(d.number, frameOf(r.LastCapture, r.LastFrame))
	}
	d.openers |= 1 << l.openedBy
	d.state = min(d.state, l.state())
	if r.Protocol != "" {
		b.protocols.sum(&d.protocols, b.texts.Number(r.Protocol), r.Packets[0]+r.Packets[1])
	}
	for h := range r.ByHour() {
		b.parts.sum(&d.parts, part{l.server, h.Hour}, h.Payload[out])
	}
	if len(l.naming.Own) > 0 && l.naming.DNSSeen && l.via == "" && !supported(l.naming) {
		d.notes |= noteNoDNS
	}
	b.addEvents(d, r)
	b.addSigns(l, d)
	for i := range l.naming.Personal {
		b.addPersonal(d, &l.naming.Personal[i])
	}
	b.cited.addLeg(d.number, l, d.flows)
}

// addEvents adds the starts of a flow's exchanges, but for the destination's first, which is where it begins.
func (b *Builder) addEvents(d *dest, r *flow.Row) {
	if d.flows > 1 {
		b.addEvent(d, r.First)
	}
	for _, at := range r.Events {
		b.addEvent(d, at)
	}
}

func (b *Builder) addEvent(d *dest, at int64) {
	b.events.Push(&d.events, at)
	if d.later < math.MaxUint8 {
		d.later++
	}
}

// supported says whether a DNS answer gives one of the flow's own names.
func supported(n *hostname.Naming) bool {
	return slices.ContainsFunc(n.Own, func(o hostname.Named) bool {
		return slices.ContainsFunc(n.DNS, func(d hostname.Named) bool { return d.Number == o.Number })
	})
}
