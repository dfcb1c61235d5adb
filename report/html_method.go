package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"phonehome/analyze"
	"phonehome/analyze/judge"
)

// Tool is the program that made the result.
func (p *htmlPage) Tool() string {
	t := &p.r.Tool
	s := show(t.Name) + " " + show(t.Version)
	if t.Commit != "" {
		s += ", commit " + show(t.Commit)
	}
	return s
}

// Inputs are what the judgement rests on beside the captures, each with its date and digest.
func (p *htmlPage) Inputs() *htmlTable {
	s := &p.r.Settings
	t := newTable("inputs", "What the judgement rests on beside the captures", "What", "Which", "Date=", "SHA-256")
	for _, g := range []struct {
		what string
		dbs  []analyze.Database
	}{{"country database", s.Geo.Country}, {"network database", s.Geo.ASN}} {
		for _, d := range g.dbs {
			t.row(td(g.what), td(d.Type, d.Source), td(d.Built), tdCode(d.SHA256))
		}
	}
	t.row(td("catalogue of vendors"), td(cmp.Or(s.Catalogue.Version, unknown)), td(""), tdCode(s.Catalogue.SHA256))
	for _, f := range s.Register {
		t.row(td("register"), td(f.Path), td(""), tdCode(f.SHA256))
	}
	for i := range s.Intel {
		l := &s.Intel[i]
		name := []string{l.Name, l.Path}
		t.row(td("list of indicators"), td(append(slices.Compact(name), judge.Plural(l.Indicators, "indicator", "indicators"))...), td(cmp.Or(l.Date, "no date")), tdCode(l.SHA256))
	}
	for _, b := range s.Baseline {
		t.row(td("baseline"), td(b), td(""), td(""))
	}
	return t
}

// Settings are the other settings that the result depends on.
func (p *htmlPage) Settings() (out []pair) {
	s := &p.r.Settings
	add := func(name string, text ...string) { out = append(out, pair{name, shows(text)}) }
	add("Day of the report", cmp.Or(s.AsOf, unknown)+": for the expiry of suppressions and the date of letters; packets are judged at their own time")
	add("Findings fail the run", failText(s.FailOn))
	if s.Since != nil {
		add("Packets from", p.when(*s.Since))
	}
	if s.Until != nil {
		add("Packets before", p.when(*s.Until))
	}
	if !s.InferInternal {
		add("Inside networks", "are not inferred")
	}
	for _, r := range s.Rules {
		add("Rule "+r.Rule, "set to "+r.Set)
	}
	add("Command line", cmp.Or(s.Command, "not kept"))
	return out
}

// failText says which findings make a run end with exit 1.
func failText(failOn string) string {
	switch failOn {
	case "", analyze.FailNever:
		return "never"
	case analyze.FailNew:
		return "where a destination is not in the baseline"
	}
	return "from " + failOn + " on"
}

// Thresholds are those of the rules.
func (p *htmlPage) Thresholds() *htmlTable {
	t := newTable("thresholds", "Rules and their thresholds", "Rule=", "Threshold", "Value", "Why")
	for _, r := range judge.Rules() {
		for _, b := range r.Bounds {
			t.row(td(r.ID), td(b.Name), td(b.Value), td(b.Why))
		}
	}
	return t.closed("Thresholds of the rules")
}

// Rules are what fires each rule.
func (p *htmlPage) Rules() *htmlTable {
	t := newTable("rules", "What the rules look for, and cannot see", "Rule=", "What fires it", "What it cannot see")
	for _, r := range judge.Rules() {
		t.row(td(r.ID+p.ruleChange(r.ID)), td(r.Fires), td(r.Blind))
	}
	return t.closed("Rules")
}

func (p *htmlPage) ruleChange(id string) string {
	for _, s := range p.r.Settings.Rules {
		if s.Rule == id {
			return " (settings: " + s.Set + ")"
		}
	}
	return ""
}

// Words are the terms of this page.
func (p *htmlPage) Words() []pair {
	return []pair{
		{"Payload", []string{"what connections and datagrams carry, without headers, repetitions and copies. Sizes are decimal: 1 MB is 1,000,000 bytes"}},
		{"Client", []string{"the inside end of a transfer, whichever end began it"}},
		{"Destination", []string{"all traffic of one client to one name (or address, where nothing names it), port and transport"}},
		{"Recipient, vendor", []string{"the company behind a destination, as far as a register, a catalogue or the domain tells. The owner of a network is not the recipient"}},
		{"Register", []string{"the list, supplied by the customer, of transfers that vendors disclosed and somebody approved"}},
		{"Country", []string{"the opinion of the database named under Method, at its date. An anycast address is in many places"}},
		{"Frame", []string{"a packet of a capture, numbered as Wireshark numbers it; a display filter selects frames there"}},
		{"tls-sni, quic-sni", []string{"the name that a client asked for when it opened an encrypted connection: the client's claim"}},
		{"http-host", []string{"the name in an unencrypted request"}},
		{"dns, dns-other-client", []string{"the name of which an answer of DNS gave this address, to this client or another"}},
		{"certificate", []string{"a name in the certificate that the server showed"}},
		{"transferred, connected, attempted, looked-up", []string{"payload went out; there was an answer and no payload went out; nobody answered; only the name was asked for"}},
		{"Fact, inference, not known", []string{"what the packets and the register say; what may follow from it; what neither says"}},
		{"Confidence", []string{"how sure the evidence is, not how grave the matter would be"}},
		{"Severity", []string{"how soon a person should look. It says nothing of intent"}},
	}
}

// Captures is the chain of custody's table.
func (p *htmlPage) Captures() *htmlTable {
	t := newTable("captures", "Captures", "No.>", "File", "SHA-256", "Size>", "Packets>", "First and last packet=", "State=")
	for i := range p.r.Captures {
		c := &p.r.Captures[i]
		when := []string{unknown}
		if !c.First.IsZero() {
			when = p.betweenLines(c.First, c.Last)
		}
		state := "whole"
		if c.Truncated {
			state = "cut short"
		} else if len(c.Damage) > 0 {
			state = "damaged"
		}
		t.row(td(strconv.Itoa(i)), tdCode(c.Path), tdCode(cmp.Or(c.SHA256, "not taken")), td(humanize.Comma(c.Bytes)+" bytes"), td(humanize.Comma(int64(c.Packets))), td(when...), td(state))
	}
	return t.folded()
}

// CustodyLog is the table to sign.
func (p *htmlPage) CustodyLog() *htmlTable {
	const rows = 5
	t := newTable("custody-log", "Custody log, to be filled in and signed", "No.", "Date and time", "Handed over by", "Received by", "Purpose", "Signatures")
	t.Blank = true
	for i := range rows {
		t.row(td(strconv.Itoa(i+1)), td(""), td(""), td(""), td(""), td(""))
	}
	return t
}

// maxDestinationRows bounds the table of destinations: with it a page of 500 findings opens within two seconds on a slow machine, with 20,000 within four.
const maxDestinationRows = 5000

// htmlDestination is a row of the table of destinations, which has too many to go through cells.
type htmlDestination struct {
	ID, Client, To, Known, Service, Vendor, Country, Out, Verdict, Time string
	More                                                                bool // of the times, the day of the last
}

// Destinations are the rows of the table of all destinations.
func (p *htmlPage) Destinations() []htmlDestination {
	const layout = "2006-01-02 15:04:05"
	ds := p.r.Destinations[:min(len(p.r.Destinations), maxDestinationRows)]
	out := make([]htmlDestination, len(ds))
	for i, d := range ds {
		end := d.Last.Time().Format(layout)
		if day(d.First.Time()) == day(d.Last.Time()) {
			end = end[len("2006-01-02 "):]
		}
		out[i] = htmlDestination{ID: d.ID.String(), Client: show(d.Client.String()), To: show(whatOf(d)), Known: show(d.NameSource), Service: portOf(d), Vendor: cmp.Or(show(d.Vendor), unknown), Country: show(countriesOf(d)),
			Out: outText(d), Verdict: string(d.Disclosure.Verdict), Time: d.First.Time().Format(layout) + "–" + end}
		if d.ClientLabel != "" {
			out[i].Client += " " + show(d.ClientLabel)
		}
	}
	return out
}

// DestinationCount says how many destinations there are, and how many of them the table has.
func (p *htmlPage) DestinationCount() string {
	s := judge.Plural(len(p.r.Destinations), "destination", "destinations")
	if n := len(p.r.Destinations) - maxDestinationRows; n > 0 {
		s += "; " + humanize.Comma(int64(n)) + " with the least payload are in the JSON result alone"
	}
	return s
}

// outText is the payload out; where nothing could go, how far it got.
func outText(d *judge.Destination) string {
	switch d.State {
	case judge.Attempted:
		return "attempted"
	case judge.LookedUp:
		return "looked up"
	}
	return humanize.Bytes(d.PayloadOut)
}

// countriesOf are the countries of a destination's addresses, each once.
func countriesOf(d *judge.Destination) string {
	var out []string
	for i := range d.Servers {
		if c := cmp.Or(d.Servers[i].Country, unknown); !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return strings.Join(out, ", ")
}

// VendorRows is the table of all vendors.
func (p *htmlPage) VendorRows() *htmlTable {
	t := newTable("vendor-table", "Vendors", "Vendor", "Known by", "Clients>", "Payload out>", "Payload in>", "First and last=", "Days>", "Verdicts=")
	for i := range p.r.Vendors {
		v := &p.r.Vendors[i]
		t.row(td(cmp.Or(v.Vendor, unknown)), td(basisText(v.Basis)), td(humanize.Comma(int64(v.Clients))), td(humanize.Bytes(v.PayloadOut)), td(humanize.Bytes(v.PayloadIn)), td(p.betweenLines(v.First, v.Last)...),
			td(strconv.Itoa(v.ActiveDays)), td(countTexts(v.Verdicts)...))
	}
	return t.closed("All vendors: " + judge.Plural(len(t.Rows), "row", "rows"))
}

// countTexts are counts by word, in the alphabet's order.
func countTexts(m map[string]int) (out []string) {
	for k, n := range m {
		out = append(out, humanize.Comma(int64(n))+" "+k)
	}
	slices.SortFunc(out, func(a, b string) int {
		_, x, _ := strings.Cut(a, " ")
		_, y, _ := strings.Cut(b, " ")
		return cmp.Compare(x, y)
	})
	return out
}

// basisText says how a vendor is known.
func basisText(basis string) string {
	switch basis {
	case "register":
		return "the register supplied"
	case "catalogue":
		return "the program's catalogue"
	case "catalogue-unverified":
		return "the program's catalogue, not verified"
	case "third-party-web":
		return "a public list of web trackers"
	case "registrable-domain":
		return "the domain alone: who is behind it is not known"
	}
	return "not known"
}

// AnnexFacts are the technical facts for the annex.
func (p *htmlPage) AnnexFacts() []pair {
	clients, countries, kinds := map[string]bool{}, tally{}, tally{}
	for _, d := range p.r.Destinations {
		if d.State != judge.Transferred {
			continue
		}
		clients[d.Client.String()] = true
		for _, s := range d.Servers {
			countries.add(cmp.Or(s.Country, unknown), 1)
		}
	}
	for i := range p.r.Findings {
		if f := &p.r.Findings[i]; f.Rule == "cleartext-personal-data" {
			kinds.add(show(f.Title)+" ["+f.ID+"]", 1)
		}
	}
	seen := []string{"None was recognised in what was sent in clear. What was sent encrypted was not seen."}
	if len(kinds) > 0 {
		seen = append(kinds.sorted(), "What was sent encrypted was not seen.")
	}
	when := unknown
	if !p.from.IsZero() {
		when = p.between(p.from, p.to) + " (the captures; what happened before and after is not known)"
	}
	return []pair{
		{"What left", []string{p.totals.verdict()}},
		{"When", []string{when}},
		{"Clients that sent", []string{humanize.Comma(int64(len(clients)))}},
		{"Countries, in the opinion of the database", shows(countries.sorted())},
		{"Personal data recognised in clear", seen},
	}
}

// minute is how letters and cards show a time.
func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// numberText is a rule's number as people read it.
func numberText(v float64) string {
	const (
		exact = 1e15
		long  = 100 // from here on three digits would lose what is before the point, or show it as a power of ten
	)
	switch {
	case v == float64(int64(v)) && v < exact:
		return humanize.Comma(int64(v))
	case v >= long && v < exact:
		return humanize.CommafWithDigits(v, 1)
	}
	return fmt.Sprintf("%.3g", v)
}
