package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"phonehome/analyze/judge"
)

// column is one column of the table. A cell is one line or two, of text as it was captured: the grid escapes them.
type column struct {
	title string
	right bool
	least int // narrowest that the column may be made on a small screen; 0: it is never cut
	cell  func(g *group, s span) []string
}

// span is the time of all rows, which says how much of a date a cell needs.
type span struct{ first, last judge.Instant }

// The columns. Those that may be cut hold names, which --wide and pipes show in full.
var (
	vendorColumn  = column{title: "Vendor (purpose)", least: 14, cell: (*group).vendorCell}
	countryColumn = column{title: "Country", least: 7, cell: func(g *group, _ span) []string { return []string{g.key.text} }}
	clientColumn  = column{title: "Client", least: 15, cell: (*group).client}
	vendorsColumn = column{title: "Vendor", least: 14, cell: func(g *group, _ span) []string { return some(g.vendors) }}
	clientsColumn = column{title: "Clients", right: true, cell: func(g *group, _ span) []string { return count(len(g.clients)) }}
	namesColumn   = column{title: "Names (known by)", least: 16, cell: (*group).namesCell}
	whatColumn    = column{title: "Destination (known by)", least: 16, cell: (*group).what}
	placeColumn   = column{title: "Where", least: 8, cell: func(g *group, _ span) []string { return short(g.places) }}
	outColumn     = column{title: "Out", right: true, cell: (*group).sent}
	inColumn      = column{title: "In", right: true, cell: func(g *group, _ span) []string { return []string{humanize.Bytes(g.in)} }}
	timeColumn    = column{title: "First–last", cell: (*group).when}

	wideColumns = []column{
		{title: "Basis", cell: func(g *group, _ span) []string { return list(g.basis) }},
		{title: "Product", cell: func(g *group, _ span) []string { return list(g.products) }},
		{title: "Hoster", cell: func(g *group, _ span) []string { return list(g.hosters) }},
		{title: "Servers", right: true, cell: func(g *group, _ span) []string { return count(len(g.servers)) }},
		{title: "Network owner", cell: func(g *group, _ span) []string { return list(g.networks) }},
		{title: "Flows", right: true, cell: func(g *group, _ span) []string { return []string{humanize.Comma(int64(g.flows))} }},
	}
)

// columnsBy are the columns of each table.
func columnsBy(by string, wide bool) []column {
	var out []column
	switch by {
	case byDestination:
		out = []column{whatColumn, vendorColumn, clientColumn, placeColumn, outColumn, inColumn, timeColumn}
	case byClient:
		out = []column{clientColumn, vendorsColumn, namesColumn, placeColumn, outColumn, inColumn, timeColumn}
	case byCountry:
		out = []column{countryColumn, clientsColumn, vendorsColumn, namesColumn, outColumn, inColumn, timeColumn}
	default:
		out = []column{vendorColumn, clientsColumn, namesColumn, placeColumn, outColumn, inColumn, timeColumn}
	}
	if wide {
		out = append(slices.Clone(out), wideColumns...)
	}
	return out
}

func count(n int) []string { return []string{humanize.Comma(int64(n))} }

func more(n int) string { return "and " + humanize.Comma(int64(n)) + " more" }

// moreOf is more of what is named.
func moreOf(n int, one, many string) string {
	return more(n) + " " + judge.OneOrMany(n, one, many)
}

// some shows the heaviest of a tally, and how many more there are.
func some(t tally) []string {
	all := t.sorted()
	if len(all) <= 1 {
		return all
	}
	return []string{all[0], more(len(all) - 1)}
}

// short is some for narrow columns.
func short(t tally) []string {
	all := t.sorted()
	if len(all) <= 1 {
		return all
	}
	return []string{all[0], "+" + humanize.Comma(int64(len(all)-1))}
}

// list shows a tally in full, up to a bound.
func list(t tally) []string {
	const most = 8
	all := t.sorted()
	if len(all) > most {
		return []string{strings.Join(all[:most], ", "), more(len(all) - most)}
	}
	return []string{strings.Join(all, ", ")}
}

// vendorCell is the vendor of a row that has one, and what is known of it: its purpose, or why it is not sure. Never its network's owner.
func (g *group) vendorCell(span) []string {
	note := g.purposes.sorted()
	for _, basis := range g.basis.sorted() {
		if word, ok := weakBasis[basis]; ok {
			note = append(note, word)
		}
	}
	for _, h := range g.hosters.sorted() {
		note = append(note, "hosted by "+h)
	}
	cell := []string{cmp.Or(g.vendor, unknown)}
	if len(note) > 0 {
		cell = append(cell, "("+strings.Join(note, ", ")+")")
	}
	return cell
}

// weakBasis says of a vendor that it is less sure than the catalogue's.
var weakBasis = map[string]string{"registrable-domain": "domain", "catalogue-unverified": "unverified"}

// namesCell shows the name that got most, then how the names are known. Where there is no name, it is the address.
func (g *group) namesCell(span) []string {
	known := g.sources.sorted()
	if i := slices.Index(known, "none"); i >= 0 {
		known[i] = "no name"
	}
	note := "(" + strings.Join(known, ", ") + ")"
	all := g.names.sorted()
	switch len(all) {
	case 0:
		return []string{note}
	case 1:
		return []string{all[0], note}
	}
	return []string{all[0], more(len(all)-1) + " " + note}
}

// what is the name or address of a row that is one destination, with how it is known, and the port.
func (g *group) what(span) []string {
	cell := g.namesCell(span{})
	cell[len(cell)-1] += " " + strings.Join(g.ports.sorted(), " ")
	return cell
}

// client is the inside end: one with its label, or how many.
func (g *group) client(span) []string {
	for ip, label := range g.clients {
		switch {
		case len(g.clients) > 1:
			return []string{humanize.Comma(int64(len(g.clients))) + " clients"}
		case label != "":
			return []string{ip.String(), "(" + label + ")"}
		}
		return []string{ip.String()}
	}
	return nil
}

// sent is the payload out; where nothing could go, how far it got.
func (g *group) sent(span) []string {
	switch g.state {
	case judge.Attempted:
		return []string{"attempted"}
	case judge.LookedUp:
		return []string{"looked up"}
	}
	return []string{humanize.Bytes(g.out)}
}

// when is the time of a row, with no more of the date than tells the rows apart.
func (g *group) when(s span) []string {
	a, z := g.first.Time(), g.last.Time()
	layout := "2006-01-02"
	switch {
	case day(s.first.Time()) == day(s.last.Time()):
		layout = "15:04"
	case s.first.Time().Year() == s.last.Time().Year():
		layout = "01-02"
	}
	from, to := a.Format(layout), z.Format(layout)
	if from == to {
		return []string{from}
	}
	return []string{from + "–" + to}
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// portOf is "443/tcp", or the transport alone where ports mean nothing.
func portOf(d *judge.Destination) string {
	if d.Port == 0 {
		return d.Transport
	}
	return strconv.Itoa(int(d.Port)) + "/" + d.Transport
}

// percent is a share, never rounded up to all or down to nothing.
func percent(part, whole uint64) string {
	const all, almost, hardly = 100, 99.95, 0.05
	p := all * float64(part) / float64(whole)
	switch {
	case part == 0:
		return "0%"
	case part == whole:
		return "100%"
	case p >= almost:
		return "99.9%"
	case p < hardly:
		return "under 0.1%"
	}
	return fmt.Sprintf("%.1f%%", p)
}
