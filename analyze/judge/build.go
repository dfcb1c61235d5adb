package judge

import (
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
	networks *flow.Networks
	names    *hostname.Index
	texts    *interner
	servers  *addresses
	index    map[destKey]*dest
	room     pieces[dest]
	folded   map[netip.Prefix]uint32 // texts of networks
	named    []hostname.Named        // of the leg being added
	only     [1]sum[uint32]          // what byServer returns where there is one server

	// Lists of the destinations that are made.
	serverLists   pieces[Server]
	evidenceLists pieces[Evidence]
	frameLists    pieces[uint64]
	hourLists     pieces[HourOut]
	outsiders     candidates

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
	return &Builder{networks: n, names: x, texts: newInterner(), servers: newAddresses(), index: map[destKey]*dest{}, folded: map[netip.Prefix]uint32{}, outsiders: candidates{},
		NamedBy: map[string]uint64{}}
}

// destKey is what makes flows one destination. It holds no pointer: a big capture has hundreds of thousands.
type destKey struct {
	client    packet.Addr
	what      uint32 // the name, the names of an ambiguous flow joined, the network that unanswered probes are folded to; else the server
	via       uint32 // text of the inside proxy, address:port
	port      uint16
	transport packet.Transport
	named     bool // what is a text's number, not a server's
	orphan    bool // fragments whose transport is not known
	v6        bool
}

// dest is a destination in the making.
type dest struct {
	key       destKey
	name      hostname.Named
	others    []hostname.Named
	parts     tally[part]   // payload out
	protocols tally[string] // packets by protocol recognised
	frames    []frame
	ids       []flow.CommunityID // of its first flows
	events    []int64            // starts of exchanges, ns since 1970 UTC
	counters
	first, last int64
	openers     [2]uint64 // flows opened by the client, by the server
	signs       []sign
	personal    values
	carried     *carried // of a DNS tunnel; else nil
	notes       notes
	state       stateRank

	// Where the first frames and the first event lie: most have no more.
	firstFrames [4]frame
	firstEvent  [1]int64
}

// sign is something that the evidence of a flow says beside its name: that names contradict each other, or that one is hidden.
type sign struct {
	kind  signKind
	name  string // the name in question
	other string // the one that it was held against
	frame frame
}

// maxSigns is how many different signs of one destination are kept: one would do.
const maxSigns = 8

// part is where payload of a destination went, and when.
type part struct {
	server uint32 // number in addresses
	hour   int32  // since 1970 UTC
}

// notes are what is to be said of a destination beside its numbers.
type notes uint8

const (
	noteNoDNS      notes = 1 << iota // the capture could have supported the name by an answer of DNS, and does not
	noteBothLegs                     // its bytes stand a second time, on the proxy's own leg
	noteNamesBelow                   // it stands for the names below it, which carry data
)

// noteTexts are the sentences, in the order in which they are shown.
var noteTexts = []struct {
	note notes
	text string
}{
	{noteNoDNS, "no DNS answer to this client in the capture supports this name"},
	{noteBothLegs, textBothLegs},
	{noteNamesBelow, "the names asked for below this one are so many, long and irregular that they carry data; it stands for all of them"},
}

const textBothLegs = "the proxy's own connection to this name is in the capture too: its bytes are summed there"

// stateRank orders states, the strongest first.
type stateRank uint8

const (
	rankTransferred stateRank = iota
	rankConnected
	rankAttempted
	rankLookedUp
)

var states = [...]State{rankTransferred: Transferred, rankConnected: Connected, rankAttempted: Attempted, rankLookedUp: LookedUp}

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
	client   packet.Addr
	server   netip.Addr
	number   uint32 // of the server
	port     uint16
	via      string
	openedBy int // 0 by the client, 1 by the server
	naming   *hostname.Naming
	names    []hostname.Named // those of the strongest kind: one is its name, several all fit; the builder's until the next leg
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
func (b *Builder) newLeg(r *flow.Row, inside int) leg {
	ca, _ := r.End(inside)
	sa, sp := r.End(1 - inside)
	opener, _ := r.Client()
	l := leg{row: r, inside: inside, client: ca, server: sa.Netip(r.V6), number: b.servers.number(sa, r.V6), port: sp, naming: b.names.Flow(r, inside)}
	b.named = l.chooseNames(b.named[:0])
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
		l.via = netip.AddrPortFrom(l.server, l.port).String()
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
	l.via = netip.AddrPortFrom(l.server, l.port).String()
	b.add(&l)
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
	l.count(b.dest(l))
	b.NamedBy[sourceOf(l.names)] += l.row.Payload[l.inside]
}

// sourceOf is the name source that a flow's bytes count under; a flow that several names fit is named by their kind.
func sourceOf(names []hostname.Named) string {
	if len(names) == 0 {
		return "none"
	}
	return names[0].Source
}

// chooseNames adds the names of the strongest kind that the flow has to out, each once: one is its name, several all fit. Of what the flow says itself, address
// literals are left out: a Host header that repeats the address says nothing.
func (l *leg) chooseNames(out []hostname.Named) []hostname.Named {
	n := l.naming
	const own = 1
	for i, level := range [...][]hostname.Named{n.Target, own: n.Own, n.DNS, n.DNSOther, n.Certificate, n.Weak} {
		for _, w := range level {
			if i == own && isAddress(w.Name) {
				continue
			}
			w.Name, _ = splitPort(w.Name)
			if !slices.ContainsFunc(out, func(o hostname.Named) bool { return o.Name == w.Name }) {
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
	d := b.index[k]
	if d == nil {
		d = b.newDest(k)
		d.first, d.last = l.row.First, l.row.Last
		if len(l.names) == 1 {
			d.name = l.names[0]
		} else {
			d.others = slices.Clone(l.names)
		}
	}
	if len(l.names) == 1 && sourceRank(l.names[0].Source) < sourceRank(d.name.Source) {
		d.name = l.names[0]
	}
	return d
}

// newDest adds a destination that nothing is known of yet.
func (b *Builder) newDest(k destKey) *dest {
	d := &b.room.take(1)[0]
	d.key, d.state = k, rankLookedUp
	d.frames, d.events = d.firstFrames[:0], d.firstEvent[:0]
	b.index[k] = d
	return d
}

// key says which destination a leg is of.
func (b *Builder) key(l *leg) destKey {
	k := destKey{client: l.client, v6: l.row.V6, via: b.texts.number(l.via), port: l.port, transport: l.row.Transport}
	if l.row.Orphan {
		k.orphan, k.transport = true, 0
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
	case len(l.names) > 0:
		k.named, k.what = true, b.texts.number(joined(l.names))
	case l.state() == rankAttempted:
		k.named, k.what = true, b.network(l.server)
	default:
		k.what = l.number
	}
	return k
}

// network is the number of the text of an address's network.
func (b *Builder) network(a netip.Addr) uint32 {
	p := networkOf(a)
	n, ok := b.folded[p]
	if !ok {
		n = b.texts.number(p.String())
		b.folded[p] = n
	}
	return n
}

// joined is the names as one text, the same in any order.
func joined(names []hostname.Named) string {
	if len(names) == 1 {
		return names[0].Name
	}
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = n.Name
	}
	slices.Sort(all)
	return strings.Join(all, " ")
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

// sourceRanks orders name sources by strength.
var sourceRanks = []string{string(hostname.HTTPConnect), string(hostname.SOCKS), string(hostname.TLSSNI), string(hostname.QUICSNI), string(hostname.DTLSSNI),
	string(hostname.HTTPHost), string(hostname.HTTPUnfinished), string(hostname.HTTP2Authority), string(hostname.DNS), hostname.DNSOtherClient,
	string(hostname.Certificate), hostname.DNSPTR, string(hostname.CaptureNRB)}

func sourceRank(s string) int {
	if i := slices.Index(sourceRanks, s); i >= 0 {
		return i
	}
	return len(sourceRanks)
}

// maxCited is how many flows of a destination are cited by their first frame.
const maxCited = 8

// count adds the leg's numbers to its destination.
func (l *leg) count(d *dest) {
	r, in, out := l.row, 1-l.inside, l.inside
	d.flows++
	d.packetsOut += r.Packets[out]
	d.packetsIn += r.Packets[in]
	d.wireOut += r.Wire[out]
	d.wireIn += r.Wire[in]
	d.payloadOut += r.Payload[out]
	d.payloadIn += r.Payload[in]
	d.first, d.last = min(d.first, r.First), max(d.last, r.Last)
	d.openers[l.openedBy]++
	d.state = min(d.state, l.state())
	if r.Protocol != "" {
		d.protocols.add(r.Protocol, r.Packets[0]+r.Packets[1])
	}
	for h := range r.ByHour() {
		d.parts.add(part{l.number, h.Hour}, h.Payload[out])
	}
	if len(l.naming.Own) > 0 && l.naming.DNSSeen && !supported(l.naming) {
		d.notes |= noteNoDNS
	}
	d.events = append(append(d.events, r.First), r.Events...)
	l.addSigns(d)
	for i := range l.naming.Personal {
		d.addPersonal(&l.naming.Personal[i])
	}
	l.cite(d)
}

// supported says whether a DNS answer gives one of the flow's own names.
func supported(n *hostname.Naming) bool {
	return slices.ContainsFunc(n.Own, func(o hostname.Named) bool {
		return slices.ContainsFunc(n.DNS, func(d hostname.Named) bool { return d.Name == o.Name })
	})
}

// maxCommunityIDs is how many flows of a destination are named as other tools know them: enough to find them there.
const maxCommunityIDs = 4

// cite remembers the frames that show the leg: its first and last, and those that name it.
func (l *leg) cite(d *dest) {
	if id, ok := l.row.CommunityID(); ok && len(d.ids) < maxCommunityIDs {
		d.ids = append(slices.Grow(d.ids, 1), id)
	}
	if d.flows > maxCited {
		return
	}
	d.frames = append(d.frames, frame{capture: l.row.FirstCapture, number: l.row.FirstFrame}, frame{capture: l.row.LastCapture, number: l.row.LastFrame})
	for _, n := range l.names {
		d.frames = append(d.frames, frame{capture: n.Capture, number: n.Frame})
	}
}
