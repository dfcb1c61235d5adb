package hostname

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"phonehome/analyze/flow"
	"phonehome/analyze/packet"
)

// Grace is how long after its time to live a DNS answer still names a flow, in nanoseconds: resolvers' caches are asked late, and
// applications keep an address for some minutes beyond its time.
const Grace = 300e9

const (
	// MaxNamed is how many names of one kind are listed for one flow: more say nothing that the first do not.
	MaxNamed = 16
	// maxLookBack is how many answers for one address are looked at for one flow, so that a capture full of made-up answers cannot make the
	// join slow.
	maxLookBack = 4096
)

// Named is one name of a flow and where it comes from.
type Named struct {
	Name    string // lower case, without a trailing dot; escaped as in facts
	Number  uint32 // of Name in Index.Names
	Capture uint32
	Frame   uint64
	At      int64
	Port    uint16 // of a proxy's target, where the request tells it beside the name; else 0
	Source  Source
}

// Naming is all that names the server end of one flow, by strength.
type Naming struct {
	Own         []Named // said by the flow itself: hello, Host, authority
	Target      []Named // what a proxy was asked for: CONNECT, absolute-form, SOCKS ("host:port" or host)
	DNS         []Named // answers to this client that cover the flow's start
	DNSOther    []Named // answers to other clients that do
	Certificate []Named
	Weak        []Named // PTR records and name-resolution blocks of the capture
	Hidden      []Named // names of providers that stand in hellos whose real name is encrypted: not the server's
	DNSSeen     bool    // answers to this client were seen before the flow
	Personal    []Value // personal data that the client sent in clear
	Elsewhere   bool    // answers gave addresses for the flow's own name, and this one's never: see Index.elsewhere
}

// Value is one value of personal data, as a row of kind Personal has it.
type Value struct {
	Kind, Masked, In string
	Bucket           uint32
	At               int64
	Frame            uint64
	Capture          uint32
}

// Index finds the names of flows when all evidence is in.
type Index struct {
	Hosts   *flow.Hosts       // numbers the addresses of all keys below
	Names   *Names            // numbers the names
	Queries flow.List[Lookup] // in the order of their first question
	// Cut counts flows for which more answers stood than were looked at.
	Cut uint64

	own     map[ends]uint32 // by sender: number in owners
	owners  flow.List[ownNames]
	said    flow.Chains[ownName]
	spoken  []bool            // by server: something stands in own
	byPair  map[pair][]answer // answers for an address to one client
	byHost  []*hostNames      // by address; nil for most
	asked   []int64           // by client: time of the first answer; never for most
	ech     map[echConfig]bool
	located map[uint32]bool  // names that answers gave addresses for
	lookups map[Query]uint32 // number in Queries
	inNames map[Query][]Value

	naming Naming // of the latest call of Flow
}

// never stands for the time of an answer that was not seen.
const never = math.MaxInt64

// hostNames is what was said of one address, whoever asked.
type hostNames struct {
	answers []answer
	numbers []uint32 // of the names in answers, sorted, each once; made when they are first asked for
	weak    []Named
}

// gave says whether an answer gave the address for a name. An address of a content network has thousands.
func (h *hostNames) gave(name uint32) bool {
	if h.numbers == nil {
		h.numbers = make([]uint32, len(h.answers))
		for i := range h.answers {
			h.numbers[i] = h.answers[i].Number
		}
		slices.Sort(h.numbers)
		h.numbers = slices.Compact(h.numbers)
	}
	_, ok := slices.BinarySearch(h.numbers, name)
	return ok
}

// ends identify a flow by client and server, which are numbers of hosts.
type ends struct {
	client, server         uint32
	clientPort, serverPort uint16
	transport              packet.Transport
}

type ownNames struct {
	names  flow.Chain // of Index.said; in the order of time once they are sorted
	clear  []Value    // personal data that the client sent, as sorted
	opened int64      // start of the last row that began with a SYN
}

type ownName struct {
	Named
	form  string
	ech   string
	echID uint8
}

type pair struct{ addr, client uint32 }

// answer gives a name from its At on.
type answer struct {
	until int64
	Named
}

type echConfig struct {
	id   uint8
	name string
}

// Query is one name that one client asked for.
type Query struct {
	Client uint32 // number of the host
	Name   uint32 // number of the name
	V6     bool   // see packet.Addr.Netip
}

// Lookup sums the questions of a Query.
type Lookup struct {
	Query
	First, Last int64
	Frame       uint64
	Capture     uint32
	Address     bool // one was for addresses: the client meant to go there
}

// NewIndex returns an empty index. Where only AddECH and ECHReal are asked, it needs no hosts.
func NewIndex(h *flow.Hosts) *Index {
	return &Index{Hosts: h, Names: NewNames(), own: map[ends]uint32{}, byPair: map[pair][]answer{}, ech: map[echConfig]bool{}, located: map[uint32]bool{},
		lookups: map[Query]uint32{}, inNames: map[Query][]Value{}}
}

// Normal returns a name in the form in which names are compared: lower case, without the trailing dot.
func Normal(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }

// Add takes one row. Rows must come in the order of facts: by capture, frame and index.
func (x *Index) Add(n *Name) {
	switch n.Kind {
	case TLSSNI, QUICSNI, DTLSSNI, HTTPHost, HTTPUnfinished, HTTPConnect, HTTP2Authority, SOCKS, Certificate:
		x.addOwn(n)
	case DNS:
		x.addAnswer(n)
	case DNSQuery:
		x.addQuery(n)
	case Personal:
		x.addValue(n, Value{Kind: n.RRType, Masked: string(n.Name), In: string(n.Value), Bucket: n.TTL, At: n.At, Frame: n.Frame, Capture: n.Capture})
	case CaptureNRB:
		x.addWeak(n.Server, x.named(n, n.Name, FromNRB))
	}
}

// addValue adds personal data: to a flow, or where it stood in a name, to that.
func (x *Index) addValue(n *Name, v Value) {
	if len(n.Query) == 0 {
		o := x.ownOf(n)
		o.clear = append(o.clear, v)
		return
	}
	k := Query{x.Hosts.Number(n.Client), x.Names.normal(n.Query), n.V6}
	if !slices.ContainsFunc(x.inNames[k], func(o Value) bool { return o.Kind == v.Kind && o.Bucket == v.Bucket }) {
		x.inNames[k] = append(x.inNames[k], v)
	}
}

// InName is the personal data in a name that a client said, each value where it stood first.
func (x *Index) InName(q Query) []Value { return x.inNames[q] }

// named is a piece of evidence for a name.
func (x *Index) named(n *Name, name []byte, source Source) Named {
	number := x.Names.normal(name)
	return Named{Name: x.Names.Text(number), Number: number, Source: source, At: n.At, Frame: n.Frame, Capture: n.Capture}
}

// host is what was said of an address, to be added to.
func (x *Index) host(number uint32) *hostNames {
	for len(x.byHost) <= int(number) {
		x.byHost = append(x.byHost, nil)
	}
	if x.byHost[number] == nil {
		x.byHost[number] = &hostNames{}
	}
	return x.byHost[number]
}

// of is what was said of an address; nil for nothing.
func (x *Index) of(number uint32) *hostNames {
	if int(number) >= len(x.byHost) {
		return nil
	}
	return x.byHost[number]
}

func (x *Index) addWeak(a packet.Addr, n Named) {
	of := x.host(x.Hosts.Number(a))
	of.weak = appendNamed(of.weak, n)
}

func appendNamed(list []Named, n Named) []Named {
	if n.Number == 0 || len(list) >= MaxNamed || slices.ContainsFunc(list, func(o Named) bool { return o.Number == n.Number && o.Source == n.Source }) {
		return list
	}
	return append(list, n)
}

// ownOf is what a flow that evidence came from says itself.
func (x *Index) ownOf(n *Name) *ownNames {
	k := ends{x.Hosts.Number(n.Client), x.Hosts.Number(n.Server), n.ClientPort, n.ServerPort, n.Transport}
	at, ok := x.own[k]
	if !ok {
		_, at = x.owners.Add()
		x.own[k] = at
		for len(x.spoken) <= int(k.server) {
			x.spoken = append(x.spoken, false)
		}
		x.spoken[k.server] = true
	}
	return x.owners.At(at)
}

func (x *Index) addOwn(n *Name) {
	o := x.ownOf(n)
	x.said.Add(&o.names, ownName{Named: x.named(n, n.Name, ownSources[n.Kind]), form: string(n.Value), ech: n.ECH, echID: n.ECHID})
}

// ECHReal says whether a hello's ECH extension is real: its configuration and public name stood in an HTTPS record (RFC 9849,
// section 4). It can say so only when all DNS rows were added.
func (x *Index) ECHReal(n *Name) bool {
	return n.ECH == ECHUndetermined && x.ech[echConfig{n.ECHID, Normal(Text(n.Kind, n.Name))}]
}

// hidden says whether the name of a hello is that of the provider which hides the destination's.
func (x *Index) hidden(w *ownName) bool {
	return w.ech == ECHReal || w.ech == ECHUndetermined && x.ech[echConfig{w.echID, w.Name}]
}

func (x *Index) addQuery(n *Name) {
	address := n.RRType == "A" || n.RRType == "AAAA" || n.RRType == "HTTPS"
	if n.RRType == "PTR" || n.RRType == "SRV" {
		return // of an address, or of a service that the client's own network offers
	}
	k := Query{x.Hosts.Number(n.Client), x.Names.normal(n.Name), n.V6}
	at, ok := x.lookups[k]
	if !ok {
		var l *Lookup
		l, at = x.Queries.Add()
		*l = Lookup{Query: k, First: n.At, Last: n.At, Frame: n.Frame, Capture: n.Capture}
		x.lookups[k] = at
	}
	l := x.Queries.At(at)
	l.First, l.Last = min(l.First, n.At), max(l.Last, n.At)
	l.Address = l.Address || address
}

func (x *Index) addAnswer(n *Name) {
	if n.Unsolicited {
		return
	}
	client := x.Hosts.Number(n.Client)
	for len(x.asked) <= int(client) {
		x.asked = append(x.asked, never)
	}
	x.asked[client] = min(x.asked[client], n.At)
	switch n.RRType {
	case "A", "AAAA":
		if a, err := netip.ParseAddr(string(n.Value)); err == nil {
			x.answer(packet.AddrFrom(a), client, n)
		}
	case "HTTPS":
		h := ParseHTTPS(string(n.Value))
		for _, a := range h.Hints {
			x.answer(packet.AddrFrom(a), client, n)
		}
		for _, c := range h.ECH {
			x.ech[echConfig{c.ID, Normal(c.PublicName)}] = true
		}
	case "PTR":
		if a, ok := reverseAddr(string(n.Name)); ok {
			x.addWeak(packet.AddrFrom(a), x.named(n, n.Value, FromPTR))
		}
	}
}

// answer remembers that client was told that the name it asked for is at a. The name is the one asked for, not the end of a
// chain of aliases.
func (x *Index) answer(a packet.Addr, client uint32, n *Name) {
	name := n.Query
	if len(name) == 0 {
		name = n.Name
	}
	e := answer{until: n.At + int64(n.TTL)*1e9 + Grace, Named: x.named(n, name, FromDNS)}
	k := pair{x.Hosts.Number(a), client}
	x.byPair[k] = extend(x.byPair[k], e)
	of := x.host(k.addr)
	of.answers = extend(of.answers, e)
	x.located[e.Number] = true
}

// extend adds an answer, or lengthens the one of the same name that it follows: a client that asks every minute makes one entry.
func extend(list []answer, e answer) []answer {
	for i := len(list) - 1; i >= 0 && i >= len(list)-MaxNamed; i-- {
		if o := &list[i]; o.Number == e.Number && e.At >= o.At && e.At <= o.until {
			o.until = max(o.until, e.until)
			return list
		}
	}
	return append(list, e)
}

// Sort makes the index ready for Flow, when all rows were added.
func (x *Index) Sort() {
	byTime := func(a, b answer) int { return cmp.Or(cmp.Compare(a.At, b.At), strings.Compare(a.Name, b.Name)) }
	for _, l := range x.byPair {
		slices.SortStableFunc(l, byTime)
	}
	for _, of := range x.byHost {
		if of != nil {
			of.numbers = nil
			slices.SortStableFunc(of.answers, byTime)
		}
	}
	for o := range x.owners.All() {
		x.sortSaid(o)
	}
}

// sortSaid puts what a flow says itself in the order of time: captures that overlap are one behind the other in facts.
func (x *Index) sortSaid(o *ownNames) {
	slices.SortStableFunc(o.clear, func(a, b Value) int { return cmp.Compare(a.At, b.At) })
	sorted, at := true, int64(math.MinInt64)
	for w := range x.said.Of(o.names) {
		sorted, at = sorted && w.At >= at, w.At
	}
	if sorted {
		return
	}
	var all []ownName
	for w := range x.said.Of(o.names) {
		all = append(all, *w)
	}
	slices.SortStableFunc(all, func(a, b ownName) int { return cmp.Compare(a.At, b.At) })
	i := 0
	for w := range x.said.Of(o.names) {
		*w = all[i]
		i++
	}
}

// covering adds the distinct names of the answers that hold at time t to out, which is empty.
func (x *Index) covering(out []Named, list []answer, t int64, source Source) []Named {
	i, _ := slices.BinarySearchFunc(list, t, func(a answer, t int64) int {
		if a.At <= t {
			return -1
		}
		return 1
	})
	for n := 0; i > 0; n++ {
		if i--; n == maxLookBack {
			x.Cut++
			break
		}
		if list[i].until >= t {
			e := list[i].Named
			e.Source = source
			out = appendNamed(out, e)
		}
	}
	slices.SortFunc(out, func(a, b Named) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Flow returns what names the server of a flow row, whose client is its end number client and whose hosts were looked up: until the next call. Rows must come in the order of
// their first packet: a row that goes on without a SYN takes over the names of the row before.
func (x *Index) Flow(r *flow.Row, client int) *Naming {
	k := ends{client: r.Hosts[client], server: r.Hosts[1-client], transport: r.Transport}
	_, k.clientPort = r.End(client)
	_, k.serverPort = r.End(1 - client)
	n := &x.naming
	*n = Naming{Own: n.Own[:0], Target: n.Target[:0], DNS: n.DNS[:0], DNSOther: n.DNSOther[:0], Certificate: n.Certificate[:0], Hidden: n.Hidden[:0],
		Personal: n.Personal[:0]}
	if int(k.server) < len(x.spoken) && x.spoken[k.server] {
		x.addSaid(n, k, r)
	}
	if of := x.of(k.server); of != nil {
		n.DNS = x.covering(n.DNS, x.byPair[pair{k.server, k.client}], r.First, FromDNS)
		if len(n.DNS) == 0 {
			n.DNSOther = x.covering(n.DNSOther, of.answers, r.First, FromDNSOther)
		}
		n.Weak = of.weak
	}
	n.Elsewhere = x.elsewhere(n.Own, k.server)
	n.DNSSeen = int(k.client) < len(x.asked) && x.asked[k.client] != never && x.asked[k.client] <= r.First
	return n
}

// addSaid adds what a flow says itself.
func (x *Index) addSaid(n *Naming, k ends, r *flow.Row) {
	at, ok := x.own[k]
	if !ok {
		return
	}
	o := x.owners.At(at)
	if r.Opener >= 0 {
		o.opened = r.First
	}
	x.fill(n, o, r)
	from, _ := slices.BinarySearchFunc(o.clear, r.First, func(v Value, t int64) int { return cmp.Compare(v.At, t) })
	for _, v := range o.clear[from:] {
		if v.At > r.Last {
			break
		}
		n.Personal = append(n.Personal, v)
	}
}

// Located calls f for each address that an answer gave for a name, by their numbers.
func (x *Index) Located(f func(name, host uint32)) {
	for host, of := range x.byHost {
		if of == nil {
			continue
		}
		for i := range of.answers {
			f(of.answers[i].Number, uint32(host))
		}
	}
}

// elsewhere says whether a flow's own name was looked up in the capture, by anyone at any time, and no answer gave the address that the flow
// goes to. Names that were never looked up say nothing: clients have caches, and other ways to ask.
func (x *Index) elsewhere(own []Named, server uint32) bool {
	for _, n := range own {
		if !x.located[n.Number] {
			continue
		}
		if of := x.of(server); of == nil || !of.gave(n.Number) {
			return true
		}
	}
	return false
}

// fill adds what was said from the opening of a flow to the end of a row. It forgets what no later row can have: what is older than the opening, and what adds nothing to
// what stands before it. A client that keeps its port would else make each row look at all names of those before.
func (x *Index) fill(n *Naming, o *ownNames, r *flow.Row) {
	x.said.Trim(&o.names, func(w *ownName) (keep, more bool) {
		switch {
		case w.At > r.Last:
			return true, false
		case w.At < o.opened:
			return false, true
		}
		list, said := x.place(n, w)
		before := len(*list)
		*list = appendNamed(*list, said)
		return len(*list) > before || w.At > r.First, true
	})
}

// place is where a name that a flow says belongs, and as what.
func (x *Index) place(n *Naming, w *ownName) (*[]Named, Named) {
	said := w.Named
	switch {
	case x.hidden(w):
		said.Source = FromECH
		return &n.Hidden, said
	case w.Source == FromCertificate:
		return &n.Certificate, said
	case w.Source == FromHTTPConnect, w.Source == FromSOCKS, w.form == AbsoluteForm:
		said.Port = w.targetPort()
		return &n.Target, said
	}
	return &n.Own, said
}

// targetPort is the port that a SOCKS request gives as its value, or that of http for a target in absolute form.
func (w *ownName) targetPort() uint16 {
	const http, portBits = 80, 16
	if w.form == AbsoluteForm {
		return http
	}
	p, err := strconv.ParseUint(w.form, 10, portBits)
	if err != nil {
		return 0
	}
	return uint16(p)
}

// reverseAddr reads the owner name of a PTR record (RFC 1035, section 3.5; RFC 3596, section 2.5).
func reverseAddr(name string) (netip.Addr, bool) {
	name = Normal(name)
	if s, ok := strings.CutSuffix(name, ".in-addr.arpa"); ok {
		parts := strings.Split(s, ".")
		slices.Reverse(parts)
		a, err := netip.ParseAddr(strings.Join(parts, "."))
		return a, err == nil && a.Is4()
	}
	s, ok := strings.CutSuffix(name, ".ip6.arpa")
	const nibbles = 32
	if parts := strings.Split(s, "."); ok && len(parts) == nibbles {
		slices.Reverse(parts)
		var b strings.Builder
		for i, p := range parts {
			if i > 0 && i%4 == 0 {
				b.WriteByte(':')
			}
			b.WriteString(p)
		}
		a, err := netip.ParseAddr(b.String())
		return a, err == nil
	}
	return netip.Addr{}, false
}

// AddECH takes from a row only what tells real ECH from GREASE: the configurations in HTTPS records.
func (x *Index) AddECH(n *Name) {
	if n.Kind == DNS && n.RRType == "HTTPS" && !n.Unsolicited {
		for _, c := range ParseHTTPS(string(n.Value)).ECH {
			x.ech[echConfig{c.ID, Normal(c.PublicName)}] = true
		}
	}
}
