package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/dustin/go-humanize"

	"phonehome/analyze/disclosure"
	"phonehome/analyze/judge"
)

// verdictClass gives verdicts of one kind one colour: there are more than eyes tell apart.
func verdictClass(v disclosure.Verdict) string {
	switch v {
	case disclosure.Disclosed:
		return "v-ok"
	case disclosure.Undisclosed:
		return "v-un"
	case disclosure.Expired, disclosure.NotYetValid:
		return "v-time"
	case disclosure.Country, disclosure.Host, disclosure.Port, disclosure.Exceeded:
		return "v-terms"
	}
	return "v-none"
}

// verdictLegend explains the colours.
var verdictLegend = []legend{
	{"v-ok", "disclosed"}, {"v-un", "undisclosed"}, {"v-time", "expired, not yet valid"}, {"v-terms", "country, host, port, exceeded"}, {"v-none", "unattributable, no register"},
}

// barRows is how many recipients the bars show.
const barRows = 12

// recipientSums are bytes by recipient and verdict, most first.
type recipientSum struct {
	name     string
	key      rowKey
	all      uint64
	verdicts map[disclosure.Verdict]uint64
	clients  map[string]uint64
}

// sumUp sums the recipients to which payload went, most first.
func (p *htmlPage) sumUp() (out []*recipientSum) {
	by := map[rowKey]*recipientSum{}
	for _, d := range p.r.Destinations {
		if d.CountedElsewhere() || d.PayloadOut == 0 {
			continue
		}
		k := recipientOf(d)
		s := by[k]
		if s == nil {
			s = &recipientSum{name: cmp.Or(d.Vendor, whatOf(d)), key: k, verdicts: map[disclosure.Verdict]uint64{}, clients: map[string]uint64{}}
			by[k] = s
			out = append(out, s)
		}
		s.all += d.PayloadOut
		s.verdicts[d.Disclosure.Verdict] += d.PayloadOut
		s.clients[d.Client.String()] += d.PayloadOut
	}
	slices.SortStableFunc(out, func(a, b *recipientSum) int { return cmp.Or(cmp.Compare(b.all, a.all), cmp.Compare(a.name, b.name)) })
	return out
}

// ByVerdict is the payload by recipient and verdict.
func (p *htmlPage) ByVerdict() *picture {
	const row = 40
	all := p.sums
	if len(all) == 0 || len(all) == 1 && len(all[0].verdicts) == 1 {
		return nil // one bar says nothing
	}
	shown := all[:min(len(all), barRows)]
	pic := &picture{ID: "by-verdict", Title: "Payload out by recipient and verdict", Height: len(shown)*row + 4}
	pic.Desc = fmt.Sprintf("A bar for each of %s. The longest is %s with %s.", judge.Plural(len(shown), "recipient", "recipients"), show(shown[0].name), humanize.Bytes(shown[0].all))
	pic.Table = newTable("", pic.Title, "Recipient", "Verdict", "Payload out>")
	met := map[string]bool{}
	for i, s := range shown {
		pic.verdictBar(i*row, s, shown[0].all, met)
	}
	if !p.HasRegister() {
		pic.Title, met = "Payload out by recipient", nil
	}
	for _, l := range verdictLegend {
		if met[l.Class] {
			pic.Legend = append(pic.Legend, l)
		}
	}
	for _, s := range all {
		for _, v := range disclosure.Verdicts() {
			if n := s.verdicts[v]; n > 0 {
				pic.Table.row(td(s.name), td(string(v)), td(humanize.Bytes(n)))
			}
		}
	}
	if n := len(all) - barRows; n > 0 {
		pic.Note = moreOf(n, "recipient with less is in the table.", "recipients with less are in the table.")
	}
	pic.Table = pic.Table.closed("Table of this picture")
	return pic
}

// verdictBar draws a recipient's bar, parted by verdict, with the name above; met is which colours there are.
func (p *picture) verdictBar(y int, s *recipientSum, longest uint64, met map[string]bool) {
	const bar, seen = 14, 0.002 // what is next to nothing is seen
	p.text(0, y+14, "s", cutShort(s.name, besideNumber))
	p.text(1, y+14, "e b", humanize.Bytes(s.all))
	x := 0.0
	for _, v := range disclosure.Verdicts() {
		n := s.verdicts[v]
		if n == 0 {
			continue
		}
		w := float64(n) / float64(longest)
		p.rect(x, max(w, seen), y+20, bar, verdictClass(v), string(v)+": "+humanize.Bytes(n))
		x += w
		met[verdictClass(v)] = true
	}
}

// Runes that names are cut to.
const (
	besideNumber = 32 // what fits on a telephone beside a number
	inSentence   = 64
)

// cutShort is a name of at most some runes.
func cutShort(s string, most int) string {
	r := []rune(show(s))
	if len(r) <= most {
		return string(r)
	}
	return string(r[:most-1]) + "…"
}

const (
	matrixClients = 16
	matrixVendors = 8
	shades        = 5 // of one colour, by orders of magnitude
)

// Matrix is clients against recipients.
func (p *htmlPage) Matrix() *picture {
	const row, top = 40, 18
	all := p.sums
	if len(all) == 0 {
		return nil
	}
	to := all[:min(len(all), matrixVendors)]
	clients := p.heaviest(all)
	if len(all) == 1 && len(clients) == 1 {
		return nil // one cell says nothing
	}
	from := p.heaviest(to) // who sends to none of those shown would be an empty row
	from = from[:min(len(from), matrixClients)]
	pic := &picture{ID: "matrix", Title: "Who sends to whom", Height: top + len(from)*row}
	pic.Desc = fmt.Sprintf("A row for each of %s, a column for each of %s; a cell is the darker the more payload went.", judge.Plural(len(from), "client", "clients"), judge.Plural(len(to), "recipient", "recipients"))
	pic.Table = newTable("", pic.Title, "Client", "Recipient", "Payload out>")
	for k := range to {
		pic.text((float64(k)+0.5)/float64(len(to)), 12, "m b", strconv.Itoa(k+1))
		pic.Legend = append(pic.Legend, legend{"", strconv.Itoa(k+1) + ": " + show(to[k].name)})
	}
	pic.Legend = append(pic.Legend, shadeLegend(from, to)...)
	for i, c := range from {
		pic.cells(top+i*row, c, to)
	}
	sentTo := recipientsOf(all)
	for _, c := range clients {
		for _, s := range sentTo[c] {
			pic.Table.row(td(c), td(s.name), td(humanize.Bytes(s.clients[c])))
		}
	}
	if len(clients) > len(from) || len(all) > len(to) {
		pic.Note = fmt.Sprintf("The picture has the %s and %s with most payload; the table has more.", judge.Plural(len(from), "client", "clients"), judge.Plural(len(to), "recipient", "recipients"))
	}
	pic.Table = pic.Table.closed("Table of this picture")
	return pic
}

// recipientsOf are the recipients that each client sent payload to, in their order: most clients send to few of thousands.
func recipientsOf(all []*recipientSum) map[string][]*recipientSum {
	out := map[string][]*recipientSum{}
	for _, s := range all {
		for c, n := range s.clients {
			if n > 0 {
				out[c] = append(out[c], s)
			}
		}
	}
	return out
}

// cells draws what a client sent to each recipient, a shade each, with the client above.
func (p *picture) cells(y int, client string, to []*recipientSum) {
	const gap = 0.02 // of a cell
	width := 1 / float64(len(to))
	p.text(0, y+12, "s", show(client))
	for k, s := range to {
		n := s.clients[client]
		shade := strconv.Itoa(shadeOf(n))
		p.rect(float64(k)*width, width*(1-gap), y+16, 18, "h"+shade, "")
		if n > 0 {
			p.text((float64(k)+0.5)*width, y+29, "m t"+shade+narrow(len(to)), humanize.Bytes(n))
		}
	}
}

// narrow hides text in cells that are too small for it on a telephone.
func narrow(columns int) string {
	const fit = 4
	if columns > fit {
		return " w"
	}
	return ""
}

// heaviest are the clients, those that sent most first.
func (p *htmlPage) heaviest(all []*recipientSum) []string {
	t := tally{}
	for _, s := range all {
		for c, n := range s.clients {
			t.add(c, n)
		}
	}
	return t.sorted()
}

// shadeLegend says what the shades of a matrix stand for, those that it has.
func shadeLegend(from []string, to []*recipientSum) (out []legend) {
	has := map[int]bool{}
	for _, s := range to {
		for _, c := range from {
			has[shadeOf(s.clients[c])] = true
		}
	}
	for i, text := range []string{"nothing", "up to 1 kB", "up to 100 kB", "up to 10 MB", "up to 1 GB", "more than 1 GB"} {
		if has[i] {
			out = append(out, legend{"h" + strconv.Itoa(i), text})
		}
	}
	return out
}

// shadeOf is how dark a cell is: none, up to 1 kB, 100 kB, 10 MB, 1 GB, more.
func shadeOf(n uint64) int {
	const first, step = 1000, 100
	if n == 0 {
		return 0
	}
	shade := 1
	for limit := uint64(first); n > limit && shade < shades; limit *= step {
		shade++
	}
	return shade
}
