package report

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/dustin/go-humanize"

	"phonehome/analyze/judge"
)

// htmlFinding is a finding as the page shows it.
type htmlFinding struct {
	p *htmlPage
	*judge.Finding
	Fold     bool // its details are folded: there are too many findings to leave all open
	Pictures bool // it is one of the first with a rhythm
}

const (
	openFindings   = 40 // findings whose details stand open: nobody reads more in one go
	drawnRhythms   = 20 // beacons that get pictures
	shownEvidence  = 10 // captures of which a finding's frames are listed
	shownOfFinding = 12 // destinations that a finding lists
)

// Findings are all findings, the gravest first; those that don't count say so.
func (p *htmlPage) Findings() []htmlFinding {
	out := make([]htmlFinding, len(p.r.Findings))
	drawn := 0
	for i := range p.r.Findings {
		f := &p.r.Findings[i]
		out[i] = htmlFinding{p: p, Finding: f, Fold: i >= openFindings}
		if f.Rhythm != nil && drawn < drawnRhythms {
			out[i].Pictures = true
			drawn++
		}
	}
	return out
}

// Level is the severity's word.
func (f htmlFinding) Level() string { return f.Severity.String() }

// Head is the finding's title.
func (f htmlFinding) Head() string { return show(f.Title) }

// State says whether the finding counts.
func (f htmlFinding) State() string { return show(statusText(f.Finding)) }

// Sure is the confidence.
func (f htmlFinding) Sure() string { return show(cmp.Or(f.Confidence, unknown)) }

// When is the time of the traffic.
func (f htmlFinding) When() string { return f.p.between(f.First, f.Last) }

// FactList are the facts.
func (f htmlFinding) FactList() []string { return sentences(shows(f.Facts)) }

// Inferred is the inference.
func (f htmlFinding) Inferred() string { return show(f.Inference) }

// UnknownList is what is not known.
func (f htmlFinding) UnknownList() []string { return shows(f.Unknown) }

// Who are the ends: clients, the recipient's names and addresses.
func (f htmlFinding) Who() []pair {
	const most = 6
	out := []pair{{"Clients", someOf(judge.Texts(f.Clients), most)}}
	if len(f.Names) > 0 {
		out = append(out, pair{"Names", someOf(f.Names, most)})
	}
	if len(f.Servers) > 0 {
		out = append(out, pair{"Addresses", someOf(judge.Texts(f.Servers), most)})
	}
	return append(out, pair{"Payload out", []string{humanize.Bytes(f.PayloadOut) + " (" + humanize.Comma(int64(f.PayloadOut)) + " bytes)"}})
}

// someOf are the first of a list, and how many more there are.
func someOf(list []string, most int) []string {
	if len(list) > most {
		return append(shows(list[:most]), more(len(list)-most))
	}
	return shows(list)
}

// entriesOf are the entries that a finding is about.
func (p *htmlPage) entriesOf(f *judge.Finding) (out []*judge.Observed) {
	ids := slices.Clone(f.Entries)
	for _, id := range f.Destinations {
		if d := p.at.destinations[id]; d != nil {
			ids = append(ids, d.Disclosure.Entry)
		}
	}
	for i := range p.r.Register {
		if e := &p.r.Register[i]; slices.Contains(ids, e.ID) {
			out = append(out, e)
		}
	}
	return out
}

// Entries is the table of the entries of the register that the finding is about.
func (f htmlFinding) Entries() *htmlTable {
	t := newTable("", "Entries of the register", "Entry", "Vendor", "Days=", "Status=", "Reference", "Owner")
	for _, e := range f.p.entriesOf(f.Finding) {
		t.row(td(e.ID, e.File+":"+strconv.Itoa(e.Line)), td(e.Vendor), td(entryDays(e)...), td(string(e.Status)), td(cmp.Or(e.Reference, "none")), td(cmp.Or(e.Owner, "none")))
	}
	return t.folded()
}

// Reasons say what the register makes of the destinations, and why.
func (f htmlFinding) Reasons() []string {
	if !f.p.HasRegister() {
		return nil
	}
	var order []string
	counts := map[string]int{}
	for _, id := range f.Destinations {
		if d := f.p.at.destinations[id]; d != nil {
			s := string(d.Disclosure.Verdict) + ": " + d.Disclosure.Reason
			if counts[s]++; counts[s] == 1 {
				order = append(order, s)
			}
		}
	}
	const most = 6
	for i, s := range order {
		order[i] = show(s) + " (" + judge.Plural(counts[s], "destination", "destinations") + ")"
	}
	return someOf(order, most)
}

// citation is the frames of one capture, with what selects them.
type citation struct{ Capture, Digest, What, Count, Filter string }

// Citations are the frames that the finding cites.
func (f htmlFinding) Citations() (out []citation) {
	for i := range f.Evidence[:min(len(f.Evidence), shownEvidence)] {
		e := &f.Evidence[i]
		c := citation{Capture: show(f.p.capturePath(e.Capture)), What: show(e.What), Count: judge.Plural(len(e.Frames), "frame", "frames"), Filter: visible(e.DisplayFilter())}
		if e.Capture >= 0 && e.Capture < len(f.p.r.Captures) {
			c.Digest = show(cmp.Or(f.p.r.Captures[e.Capture].SHA256, "not taken"))
		}
		out = append(out, c)
	}
	return out
}

// MoreCitations says how many captures are cited beside those listed.
func (f htmlFinding) MoreCitations() string {
	if n := len(f.Evidence) - shownEvidence; n > 0 {
		return moreOf(n, "capture", "captures") + " cited, in the JSON result"
	}
	return ""
}

// All is the display filter of all the packets.
func (f htmlFinding) All() string { return visible(f.FilterAll) }

// Total is the number of packets of the destinations.
func (f htmlFinding) Total() string { return judge.Plural(int(f.FramesTotal), "packet", "packets") }

// Numbers are the rule's numbers.
func (f htmlFinding) Numbers() *htmlTable {
	t := newTable("", "Numbers of the rule", "Number=", "Value>", "Unit=", "What it is")
	for _, n := range f.p.rules[f.Rule].Numbers {
		if v, ok := f.Measures[n.Name]; ok {
			t.row(td(n.Name), td(numberText(v)), td(n.Unit), td(n.What))
		}
	}
	return t.folded()
}

// Remedy is what to do.
func (f htmlFinding) Remedy() string {
	return f.p.rules[f.Rule].Do
}

// Blind is what the rule cannot see.
func (f htmlFinding) Blind() string {
	return f.p.rules[f.Rule].Blind
}

// Questions are those of the finding's rule: those to all are said once.
func (f htmlFinding) Questions() []string { return questionsOfRule[f.Rule] }

// QuestionsToAll are asked of every vendor.
func (p *htmlPage) QuestionsToAll() []string { return questionsToAll }

// Rows is the table of the finding's destinations.
func (f htmlFinding) Rows() *htmlTable {
	t := newTable("", "Destinations of "+show(f.ID), "No.=", "Client", "To", "Service=", "Country=", "Payload out>", "Verdict=")
	n := 0
	for _, id := range f.Destinations {
		d := f.p.at.destinations[id]
		if d == nil {
			continue
		}
		if n++; n > shownOfFinding {
			continue
		}
		no := td(d.ID.String())
		if f.p.listed[d.ID] {
			no = tdRefs([]string{d.ID.String()})
		}
		t.row(no, td(d.Client.String()), td(whatOf(d)), td(portOf(d)), td(countriesOf(d)), td(outText(d)), td(string(d.Disclosure.Verdict)))
	}
	if n > shownOfFinding {
		t.More = more(n-shownOfFinding) + ", in the table of all destinations or the JSON result"
	}
	return t.closed(judge.Plural(n, "destination", "destinations"))
}

// card is what is known of a vendor or a client.
type card struct {
	Head  string
	Note  string
	Pairs []pair
	Refs  []string // findings
}

const maxCards = 60 // of vendors and of clients: the tables have the rest

// Vendors are a card a recipient: those with findings first, then those that got most.
func (p *htmlPage) Vendors() (out []card) {
	shown, _, _ := groups(p.r, p.recipients, 0)
	refs := p.refsBy(func(d *judge.Destination) rowKey { return recipientOf(d) })
	slices.SortStableFunc(shown, func(a, b *group) int {
		return cmp.Compare(min(1, len(refs[b.key])), min(1, len(refs[a.key])))
	})
	for _, g := range shown[:min(len(shown), maxCards)] {
		out = append(out, p.vendorCard(g, refs[g.key]))
	}
	return out
}

// MoreVendors says how many recipients have no card.
func (p *htmlPage) MoreVendors() string {
	if n := len(p.recipients.first) - maxCards; n > 0 {
		return moreOf(n, "recipient without a card here: it is", "recipients without a card here: they are") + " in the tables below"
	}
	return ""
}

// refsBy are the findings of each group of destinations.
func (p *htmlPage) refsBy(key func(d *judge.Destination) rowKey) map[rowKey][]string {
	out := map[rowKey][]string{}
	for _, d := range p.r.Destinations {
		k := key(d)
		for _, f := range p.found[d.ID] {
			if !slices.Contains(out[k], f.ID) {
				out[k] = append(out[k], f.ID)
			}
		}
	}
	for _, ids := range out {
		slices.SortFunc(ids, func(a, b string) int { return cmp.Compare(p.order[a], p.order[b]) })
	}
	return out
}

func (p *htmlPage) vendorCard(g *group, refs []string) card {
	const most = 8
	c := card{Head: show(g.vendor), Refs: refs[:min(len(refs), maxTodos)]}
	if g.vendor == "" {
		c.Head = "Unknown recipient: " + show(firstOf(g.names.sorted(), "no name"))
	}
	add := func(name string, list []string) {
		if len(list) > 0 {
			c.Pairs = append(c.Pairs, pair{name, someOf(list, most)})
		}
	}
	var known []string
	for _, b := range g.basis.sorted() {
		known = append(known, basisText(b))
	}
	add("Known by", known)
	add("Products", g.products.sorted())
	add("Purposes (of the catalogue or register)", g.purposes.sorted())
	add("Names or addresses", g.names.sorted())
	add("Names known by", knownBy(g.sources.sorted()))
	add("Hosted by (not the recipient)", g.hosters.sorted())
	add("Network owners (not the recipient)", g.networks.sorted())
	add("Countries (a database's opinion)", g.places.sorted())
	add("Clients", clientTexts(g))
	add("Payload", []string{payloadText(g)})
	add("Seen", []string{p.between(g.first.Time(), g.last.Time())})
	return c
}

// payloadText is how much went to and came from a group; where nothing could go, how far it got.
func payloadText(g *group) string {
	of := judge.Plural(g.destinations, "destination", "destinations")
	if g.out == 0 && g.in == 0 {
		return "none, " + string(g.state) + " only, " + of
	}
	return humanize.Bytes(g.out) + " out, " + humanize.Bytes(g.in) + " in, " + of
}

// knownBy has words for what no source names.
func knownBy(sources []string) []string {
	if i := slices.Index(sources, "none"); i >= 0 {
		sources[i] = "nothing: there is no name"
	}
	return sources
}

func firstOf(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return list[0]
}

// clientTexts are a group's clients with their labels, by address.
func clientTexts(g *group) (out []string) {
	ips := make([]netip.Addr, 0, len(g.clients))
	for ip := range g.clients {
		ips = append(ips, ip)
	}
	slices.SortFunc(ips, netip.Addr.Compare)
	for _, ip := range ips {
		s := ip.String()
		if label := g.clients[ip]; label != "" {
			s += " (" + label + ")"
		}
		out = append(out, s)
	}
	return out
}

// Clients are a card a client that has findings.
func (p *htmlPage) Clients() (out []card) {
	refs := p.refsBy(func(d *judge.Destination) rowKey { return rowKey{addr: d.Client} })
	shown, _, _ := groups(p.r, rowsBy(byClient, p.r), 0)
	for _, g := range shown {
		if len(refs[g.key]) > 0 && len(out) < maxCards {
			out = append(out, p.clientCard(g, refs[g.key]))
		}
	}
	return out
}

// MoreClients says how many clients with findings have no card.
func (p *htmlPage) MoreClients() string {
	met := map[netip.Addr]bool{}
	for _, d := range p.r.Destinations {
		if len(p.found[d.ID]) > 0 {
			met[d.Client] = true
		}
	}
	if n := len(met) - maxCards; n > 0 {
		return moreOf(n, "client with findings: it is", "clients with findings: they are") + " in the table of all destinations"
	}
	return ""
}

func (p *htmlPage) clientCard(g *group, refs []string) card {
	const most = 8
	c := card{Head: show(g.key.addr.String()), Refs: refs[:min(len(refs), maxTodos)]}
	for i := range p.r.Clients {
		k := &p.r.Clients[i]
		if k.IP != g.key.addr {
			continue
		}
		var labels []string
		for _, l := range k.Labels {
			labels = append(labels, fmt.Sprintf("%s (%s, %s to %s)", l.Name, l.Basis, minute(l.From), minute(l.To)))
		}
		if len(labels) > 0 {
			c.Pairs = append(c.Pairs, pair{"Called", someOf(labels, most)})
		}
		if k.Role != "" {
			c.Pairs = append(c.Pairs, pair{"Role", []string{show(k.Role + ", " + roleText(k.RoleBasis))}})
		}
	}
	c.Pairs = append(c.Pairs, pair{"Sends to", someOf(g.vendors.sorted(), most)},
		pair{"Payload", []string{payloadText(g)}},
		pair{"Seen", []string{p.between(g.first.Time(), g.last.Time())}})
	return c
}

func roleText(basis string) string {
	if basis == "register" {
		return "in the register supplied"
	}
	return "inferred: " + basis
}
