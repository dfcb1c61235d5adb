package judge

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"phonehome/analyze/disclosure"
	"phonehome/analyze/intel"
	"phonehome/analyze/vendors"
)

// Case is all that the rules see: the destinations, with what is not in the result, and what the user gave.
type Case struct {
	Destinations []*Destination
	Citations    *Citations
	From, To     time.Time           // of the captures, first and last packet
	Intel        *intel.Set          // lists of indicators; nil for none
	Baseline     *Baseline           // what was there before; nil for none
	Roles        map[netip.Addr]Role // of clients
	Countries    []vendors.Database  // whose opinion a country is

	register *disclosure.Register // nil for none
	shares   [][]disclosure.Share // of each destination, by verdict, but for strangers: see sharesOf; nil without a register
	exceeded []disclosure.Excess
	observed []disclosure.Observed
	details  []detail // of each destination
	rare     []int    // those that have rare things, in order
	to       []int32  // of each destination, the number of its recipient

	recipients []recipient
	picked     []int    // what byRecipient picked latest
	some       gathered // of the latest finding
	b          *Builder
}

// gathered is what a finding is made of, in room that the next one uses too: see kept.
type gathered struct {
	number           int             // of the finding
	met              map[*Inside]int // for which finding each client was met latest
	clients, servers []netip.Addr
	names            []string
	frames           []frame
}

// maxListed is how many addresses and names a finding lists.
const maxListed = 64

// finding begins a Finding about some destinations of one recipient: whatever the rule, it says where, when, how much, and what is cited.
func (c *Case) finding(g *group) Finding {
	f := Finding{Vendor: g.to.vendor, VendorBasis: g.to.basis, Network: g.to.network, group: g, Status: Open, Confidence: sure, PayloadOut: c.payloadOut(g), Facts: []string{}, Unknown: []string{}}
	clients, servers, names, frames := c.some.clients[:0], c.some.servers[:0], c.some.names[:0], c.some.frames[:0]
	if len(g.members) > maxRoom {
		servers = make([]netip.Addr, 0, len(g.members)) // most have one
	}
	c.some.number++
	nameless := 0
	var reached *Reached
	f.Destinations = make([]DestinationID, 0, len(g.members))
	first, last := Instant(math.MaxInt64), Instant(math.MinInt64)
	for _, i := range g.members {
		d := c.Destinations[i]
		f.Destinations = append(f.Destinations, d.ID)
		if c.some.met[d.Inside] != c.some.number {
			c.some.met[d.Inside] = c.some.number
			clients = append(clients, d.Client)
		}
		if d.Reached != reached { // many have the same one after the other
			for _, s := range d.Servers {
				servers = append(servers, s.IP)
			}
		}
		reached = d.Reached
		if d.nameless() {
			nameless++
		}
		if d.Name != "" {
			names = append(names, d.Name)
		}
		for _, o := range d.OtherNames {
			names = append(names, o.Name)
		}
		f.FramesTotal += d.PacketsOut + d.PacketsIn
		first, last = min(first, d.First), max(last, d.Last)
	}
	f.First, f.Last = first.Time(), last.Time()
	clients, servers = sortedAddrs(clients), sortedAddrs(servers)
	f.Clients, clients = kept(clients)
	f.Servers, servers = kept(servers)
	f.unnamed = c.unnamedServers(&f, nameless)
	slices.Sort(names)
	f.Names, names = kept(slices.Compact(names))
	frames = c.gather(frames, g.members)
	f.Evidence = evidence(frames)
	f.FilterAll = c.filterAll(g, f.Clients, f.Servers, f.First, f.Last)
	c.some.clients, c.some.servers, c.some.names, c.some.frames = clients, servers, names, frames
	return f
}

// maxRoom is how much room findings share, in values. A longer list is its finding's own, so that it is not there twice.
const maxRoom = 1 << 14

// kept is what a finding keeps of a list, and the room for the next finding's.
func kept[T any](list []T) (own, room []T) {
	switch {
	case cap(list) <= maxRoom:
		return append([]T{}, list...), list
	case len(list) > cap(list)/2:
		return slices.Clip(list), nil
	}
	return slices.Clone(list), nil
}

// maxGathered is how many members of a finding have all their frames looked at: of more it is every second, every third ..., as a finding cites few of so many.
const maxGathered = 4096

// gather adds the frames that members of a finding may cite to a list: of each capture some, the first and the last among them.
func (c *Case) gather(frames []frame, members []int) []frame {
	step := 1 + (len(members)-1)/maxGathered
	few := map[uint32]*fewFrames{} // by capture
	for n, i := range members {
		from := len(frames)
		if frames = c.Citations.appendFrames(frames, c.Destinations[i]); n%step == 0 {
			continue
		}
		passed := frames[from:]
		frames = frames[:from]
		for _, f := range passed {
			if known(few, f.capture, newFewFrames).take(f) {
				frames = append(frames, f)
			}
		}
	}
	for _, w := range few { // in any order: they are sorted
		frames = append(frames, w.first, w.last)
	}
	return frames
}

// fewFrames are those of one capture that count although they are of members that are passed over: as many as a finding cites, the first, and the last.
type fewFrames struct {
	kept        int
	first, last frame
}

func newFewFrames(uint32) *fewFrames { return &fewFrames{first: frameOf(0, maxFrameNumber)} }

// take says whether a frame is kept.
func (w *fewFrames) take(f frame) bool {
	if f.number() <= w.first.number() {
		w.first = f
	}
	if f.number() >= w.last.number() {
		w.last = f
	}
	w.kept++
	return w.kept <= maxFrames
}

// unnamedServers are the servers of the members of a finding that have no name, of which there are so many: mostly none of the servers, or all.
func (c *Case) unnamedServers(f *Finding, members int) (out []netip.Addr) {
	switch members {
	case 0:
		return nil
	case len(f.group.members):
		return f.Servers
	}
	for _, i := range f.group.members {
		if d := c.Destinations[i]; d.nameless() {
			for _, s := range d.Servers {
				out = append(out, s.IP)
			}
		}
	}
	return out
}

func (o *Destination) nameless() bool { return o.Name == "" && len(o.OtherNames) == 0 }

// payloadOut is the payload that went to some destinations, without what stands on a proxy's own leg too, where that is one of them.
func (c *Case) payloadOut(g *group) (sum uint64) {
	counts := c.counts(g)
	for _, i := range g.members {
		if counts(i) {
			sum += c.Destinations[i].PayloadOut
		}
	}
	return sum
}

// ownLeg is a proxy's own connection to a name, or to several that fit.
type ownLeg struct {
	proxy netip.Addr
	names string
}

// counts says of each of some destinations whether its payload is not that of another of them too: of a proxy's own leg.
func (c *Case) counts(g *group) func(i int) bool {
	legs := map[ownLeg]bool{}
	for _, i := range g.members {
		if c.details[i].notes&noteRelayed != 0 {
			d := c.Destinations[i]
			legs[ownLeg{d.Client, joinedNames(d)}] = true
		}
	}
	return func(i int) bool {
		d := c.Destinations[i]
		if len(legs) == 0 || !d.CountedElsewhere() {
			return true
		}
		proxy, err := netip.ParseAddrPort(d.Via)
		return err != nil || !legs[ownLeg{proxy.Addr(), joinedNames(d)}]
	}
}

func joinedNames(d *Destination) string { return strings.Join(names(d), " ") }

// filterAll is the display filter of all packets between the clients and the servers, on the destinations' ports, in their time.
func (c *Case) filterAll(g *group, clients, servers []netip.Addr, first, last time.Time) string {
	if len(clients) > maxListed || len(servers) > maxListed || len(servers) == 0 {
		return ""
	}
	var ports []string
	var latest *Service
	for _, i := range g.members {
		d := c.Destinations[i]
		if d.ServersTotal > len(d.Servers) {
			return ""
		}
		if d.Via == "" && d.OpenedBy == "client" && d.Port != 0 && (d.Transport == "tcp" || d.Transport == "udp" || d.Transport == "sctp") {
			if d.Service != latest {
				ports = append(ports, fmt.Sprintf("%s.port == %d", d.Transport, d.Port))
			}
			latest = d.Service
			continue
		}
		ports = append(ports, "") // any port
	}
	var ends []string
	for _, family := range []struct {
		name string
		is   func(netip.Addr) bool
	}{{"ip", netip.Addr.Is4}, {"ipv6", netip.Addr.Is6}} {
		inside, outside := only(clients, family.is), only(servers, family.is)
		if len(inside) > 0 && len(outside) > 0 {
			ends = append(ends, between(family.name, inside, outside))
		}
	}
	filter := "(" + strings.Join(ends, " || ") + ")"
	slices.Sort(ports)
	if ports = slices.Compact(ports); !slices.Contains(ports, "") {
		filter += " && (" + strings.Join(ports, " || ") + ")"
	}
	return filter + fmt.Sprintf(" && frame.time_epoch >= %s && frame.time_epoch <= %s", epoch(first), epoch(last))
}

// between is the display filter of the packets between two sets of addresses. A proxy may be in both, and is then either end.
func between(family string, inside, outside []string) string {
	in, out := strings.Join(inside, ","), strings.Join(outside, ",")
	if !slices.ContainsFunc(inside, func(a string) bool { return slices.Contains(outside, a) }) {
		return fmt.Sprintf("(%s.addr in {%s} && %s.addr in {%s})", family, in, family, out)
	}
	return fmt.Sprintf("(%s.src in {%s} && %s.dst in {%s}) || (%s.src in {%s} && %s.dst in {%s})", family, in, family, out, family, out, family, in)
}

func only(addrs []netip.Addr, is func(netip.Addr) bool) (out []string) {
	for _, a := range addrs {
		if is(a) {
			out = append(out, a.String())
		}
	}
	return out
}

// epoch is a time as frame.time_epoch has it: seconds since 1970 with nanoseconds.
func epoch(t time.Time) string {
	return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond())
}

// since says when something began: where it was there from the first hour of the captures on, it may be older.
func (c *Case) since(first time.Time) string {
	at := first.UTC().Format("2006-01-02 15:04 UTC")
	if first.Sub(c.From) <= time.Hour {
		return "at least since " + at
	}
	return "since " + at
}

// volume says how much went to how many names, from how many clients.
func (c *Case) volume(f *Finding) string {
	var s string
	switch {
	case f.PayloadOut > 0:
		s = humanize.Bytes(f.PayloadOut) + " of payload left"
	default:
		s = "no payload left"
	}
	return fmt.Sprintf("%s from %s, %s, last %s", s, Plural(len(f.Clients), "client", "clients"), c.since(f.First), f.Last.UTC().Format("2006-01-02 15:04 UTC"))
}

// Plural is a count with its noun.
func Plural(n int, one, many string) string {
	return humanize.Comma(int64(n)) + " " + OneOrMany(n, one, many)
}

// OneOrMany is what stands with a count.
func OneOrMany(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// unconfirmed says that the recipient is not sure, unless the catalogue vouches for it.
func unconfirmed(to *recipient) []string {
	switch to.basis {
	case "catalogue", "register":
		return nil
	case "registrable-domain", "third-party-web", "catalogue-unverified":
		return []string{"Recipient not confirmed: who is behind the name rests on " + to.basis + "."}
	}
	return []string{"Recipient not confirmed: no name or catalogue entry says who it is."}
}

// clientText is a client with its label.
func clientText(d *Destination) string {
	switch {
	case d.ClientLabel == "":
	case d.LabelBasis == makerBasis:
		return d.Client.String() + " (hardware of " + d.ClientLabel + ")"
	default:
		return d.Client.String() + " (" + d.ClientLabel + ")"
	}
	return d.Client.String()
}
