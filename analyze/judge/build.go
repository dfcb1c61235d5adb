package judge

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
)

// Builder joins flows and names into destinations. Rows come in the order of facts: by time of the first packet.
type Builder struct {
	networks  *flow.Networks
	names     *hostname.Index
	dests     map[destKey]*dest
	outsiders candidates

	// Direction sums the transport payload of all rows, both ways.
	Direction Direction
	// NamedBy sums the payload out of outbound rows by name source.
	NamedBy map[string]uint64
	// WireOut is the sum of original frame lengths that went out.
	WireOut uint64
	// InboundOnly counts flows that an outside end opened and on which nothing was sent back.
	InboundOnly uint64
}

// Direction is transport payload in bytes, both ways, by where the ends are.
type Direction struct {
	Outbound       uint64 `json:"outbound"`
	InsideInside   uint64 `json:"inside_inside"`
	OutsideOutside uint64 `json:"outside_outside"`
	Local          uint64 `json:"local"`
}

// NewBuilder returns an empty Builder.
func NewBuilder(n *flow.Networks, x *hostname.Index) *Builder {
	return &Builder{networks: n, names: x, dests: map[destKey]*dest{}, outsiders: candidates{}, NamedBy: map[string]uint64{}}
}

// destKey is what makes flows one destination. what is the name, the names of an ambiguous flow joined, an address, or the network that
// unanswered probes are folded to.
type destKey struct {
	client    netip.Addr
	what      string
	via       string
	port      uint16
	transport string
}

// dest is a destination in the making.
type dest struct {
	key       destKey
	name      hostname.Named
	others    []hostname.Named
	servers   tally[netip.Addr] // payload out
	protocols tally[string]     // packets by protocol recognised
	notes     []string
	openers   [2]uint64    // flows opened by the client, by the server
	hours     tally[int32] // payload out
	frames    []frame
	state     State
	d         counters
	firstNS   int64
	lastNS    int64
}

// counters are the sums of a destination.
type counters struct {
	flows, packetsOut, packetsIn, wireOut, wireIn, payloadOut, payloadIn uint64
}

// frame is a frame worth citing.
type frame struct {
	number  uint64
	capture uint32
}

// leg is one row seen from its inside end.
type leg struct {
	row      *flow.Row
	inside   int // end of the row
	client   netip.Addr
	server   netip.Addr
	port     uint16
	via      string
	openedBy int // 0 by the client, 1 by the server
	naming   hostname.Naming
}

// Add takes one row.
func (b *Builder) Add(r *flow.Row) {
	payload := r.Payload[0] + r.Payload[1]
	a, z := r.A.Netip(r.V6), r.B.Netip(r.V6)
	sa, sz := b.networks.Side(a), b.networks.Side(z)
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
func (b *Builder) newLeg(r *flow.Row, inside int) *leg {
	ca, _ := r.End(inside)
	sa, sp := r.End(1 - inside)
	opener, _ := r.Client()
	l := &leg{row: r, inside: inside, client: ca.Netip(r.V6), server: sa.Netip(r.V6), port: sp, naming: b.names.Flow(r, inside)}
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
		l.via = netip.AddrPortFrom(l.server, l.port).String()
	}
	b.WireOut += r.Wire[inside]
	b.add(l)
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
	l.via = netip.AddrPortFrom(l.server, l.port).String()
	b.add(l)
}

// outsideTarget says whether a proxy's target lies outside: an address by its network, a name unless it is of a private kind.
func (b *Builder) outsideTarget(n hostname.Named) bool {
	host, _ := splitPort(n.Name)
	if a, err := netip.ParseAddr(host); err == nil {
		return b.networks.Side(a) == flow.Outside
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
	names := l.chooseNames()
	d := b.dest(l, names)
	l.count(d)
	b.NamedBy[sourceOf(names)] += l.row.Payload[l.inside]
}

// sourceOf is the name source that a flow's bytes count under; a flow that several names fit is named by their kind.
func sourceOf(names []hostname.Named) string {
	if len(names) == 0 {
		return "none"
	}
	return names[0].Source
}

// chooseNames returns the names of the strongest kind that the flow has: one is its name, several all fit.
func (l *leg) chooseNames() []hostname.Named {
	n := &l.naming
	for _, level := range [][]hostname.Named{n.Target, withoutAddresses(n.Own), n.DNS, n.DNSOther, n.Certificate, n.Weak} {
		if len(level) > 0 {
			return distinct(level)
		}
	}
	return nil
}

// withoutAddresses drops names that are address literals: a Host header that repeats the address says nothing.
func withoutAddresses(names []hostname.Named) []hostname.Named {
	return slices.DeleteFunc(slices.Clone(names), func(n hostname.Named) bool {
		_, err := netip.ParseAddr(strings.Trim(n.Name, "[]"))
		return err == nil
	})
}

// distinct drops what is the same name from another source; the first stays.
func distinct(names []hostname.Named) (out []hostname.Named) {
	for _, n := range names {
		n.Name, _ = splitPort(n.Name)
		if !slices.ContainsFunc(out, func(o hostname.Named) bool { return o.Name == n.Name }) {
			out = append(out, n)
		}
	}
	return out
}

// answered says whether the outside end sent anything, or the flow shows by TCP payload that it must have.
func (l *leg) answered() bool {
	r := l.row
	return r.Packets[1-l.inside] > 0 || r.Transport == packet.TCP && r.Payload[l.inside] > 0
}

func (l *leg) state() State {
	switch {
	case !l.answered():
		return Attempted
	case l.row.Payload[l.inside] > 0:
		return Transferred
	}
	return Connected
}

// dest returns the destination of a leg, making it where it is new.
func (b *Builder) dest(l *leg, names []hostname.Named) *dest {
	k := destKey{client: l.client, via: l.via, port: l.port, transport: l.row.TransportName(), what: b.what(l, names)}
	if len(l.naming.Target) == 1 {
		t := l.naming.Target[0]
		if _, p := splitPort(t.Name); p != 0 {
			t.Port = p
		}
		if t.Port != 0 {
			k.port = t.Port
		}
	}
	d := b.dests[k]
	if d == nil {
		d = &dest{key: k, state: LookedUp, firstNS: l.row.First, lastNS: l.row.Last}
		if len(names) == 1 {
			d.name = names[0]
		} else {
			d.others = names
		}
		b.dests[k] = d
	}
	if len(names) == 1 && sourceRank(names[0].Source) < sourceRank(d.name.Source) {
		d.name = names[0]
	}
	return d
}

// what is the part of the key that says where a leg goes.
func (b *Builder) what(l *leg, names []hostname.Named) string {
	switch {
	case len(names) == 1:
		return names[0].Name
	case len(names) > 1:
		all := make([]string, len(names))
		for i, n := range names {
			all[i] = n.Name
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	case l.state() == Attempted:
		return networkOf(l.server).String()
	}
	return l.server.String()
}

// networkOf is the network that unanswered probes of unnamed addresses are folded to: a /24, or a /48 (RFC 6177), the sizes that are
// routed on their own.
func networkOf(a netip.Addr) netip.Prefix {
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, _ := a.Prefix(bits)
	return p
}

// sourceRank orders name sources by strength.
func sourceRank(s string) int {
	order := []string{string(hostname.HTTPConnect), string(hostname.SOCKS), string(hostname.TLSSNI), string(hostname.QUICSNI), string(hostname.DTLSSNI),
		string(hostname.HTTPHost), string(hostname.HTTPUnfinished), string(hostname.HTTP2Authority), string(hostname.DNS), "dns-other-client", string(hostname.Certificate), "dns-ptr", string(hostname.CaptureNRB)}
	if i := slices.Index(order, s); i >= 0 {
		return i
	}
	return len(order)
}

const (
	// maxCited is how many flows of a destination are cited by their first frame.
	maxCited = 8
	// noteNoDNS marks a claim that the capture could have supported and does not.
	noteNoDNS = "no DNS answer to this client in the capture supports this name"
)

// count adds the leg's numbers to its destination.
func (l *leg) count(d *dest) {
	r, in, out := l.row, 1-l.inside, l.inside
	d.d.flows++
	d.d.packetsOut += r.Packets[out]
	d.d.packetsIn += r.Packets[in]
	d.d.wireOut += r.Wire[out]
	d.d.wireIn += r.Wire[in]
	d.d.payloadOut += r.Payload[out]
	d.d.payloadIn += r.Payload[in]
	d.firstNS, d.lastNS = min(d.firstNS, r.First), max(d.lastNS, r.Last)
	d.servers.add(l.server, r.Payload[out])
	d.openers[l.openedBy]++
	if s := l.state(); stateRank(s) < stateRank(d.state) {
		d.state = s
	}
	if r.Protocol != "" {
		d.protocols.add(r.Protocol, r.Packets[0]+r.Packets[1])
	}
	for _, h := range r.HourOf() {
		if p := h.Payload[out]; p > 0 {
			d.hours.add(h.Hour, p)
		}
	}
	if len(l.naming.Own) > 0 && l.naming.DNSSeen && !supported(l.naming) {
		d.note(noteNoDNS)
	}
	l.cite(d)
}

// supported says whether a DNS answer gives one of the flow's own names.
func supported(n hostname.Naming) bool {
	return slices.ContainsFunc(n.Own, func(o hostname.Named) bool {
		return slices.ContainsFunc(n.DNS, func(d hostname.Named) bool { return d.Name == o.Name })
	})
}

// cite remembers the frames that show the leg: its first and last, and those that name it.
func (l *leg) cite(d *dest) {
	if d.d.flows > maxCited {
		return
	}
	d.frames = append(d.frames, frame{capture: l.row.FirstCapture, number: l.row.FirstFrame}, frame{capture: l.row.LastCapture, number: l.row.LastFrame})
	for _, n := range l.chooseNames() {
		d.frames = append(d.frames, frame{capture: n.Capture, number: n.Frame})
	}
}

func stateRank(s State) int {
	return slices.Index([]State{Transferred, Connected, Attempted, LookedUp}, s)
}

// compareDest orders destinations: most payload out first, then by key.
func compareDest(a, b *dest) int {
	return cmp.Or(cmp.Compare(b.d.payloadOut, a.d.payloadOut), a.key.client.Compare(b.key.client), cmp.Compare(a.key.what, b.key.what),
		cmp.Compare(a.key.port, b.key.port), cmp.Compare(a.key.transport, b.key.transport), cmp.Compare(a.key.via, b.key.via))
}
