package report

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/fatih/color"

	"phonehome/analyze"
	"phonehome/analyze/disclosure"
	"phonehome/analyze/judge"
)

// writeTable writes the result for a person: the verdict, the rows, what could not be seen, and what to do next.
func writeTable(w io.Writer, r *analyze.Result, o Options) error {
	p := &page{r: r, o: o}
	recipients := rowsBy(byVendor, r)
	t := countTotals(r, recipients)
	p.line(p.style(color.Bold).Sprint(t.verdict()))
	for _, s := range t.remarks(r) {
		p.line(Terminal(s))
	}
	p.line(readLine(r))
	p.findings()
	if len(r.Destinations) > 0 {
		if err := p.rows(recipients); err != nil {
			return fmt.Errorf("write table: %w", err)
		}
	}
	p.unseen()
	p.line("")
	p.line(coverageLine(&r.Coverage, len(r.Settings.Only) > 0))
	p.line(p.style(color.Bold).Sprint("Next: ") + next(r, o))
	if _, err := w.Write(p.b.Bytes()); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

// page is the text in the making. It is short: a row is a vendor, and --limit bounds the rows.
type page struct {
	r *analyze.Result
	o Options
	b bytes.Buffer
}

func (p *page) line(s string) {
	p.b.WriteString(s)
	p.b.WriteByte('\n')
}

func (p *page) style(a ...color.Attribute) *color.Color {
	c := color.New(a...)
	if p.o.Color {
		c.EnableColor()
	} else {
		c.DisableColor()
	}
	return c
}

func (p *page) rows(recipients *rows) error {
	x := recipients
	if p.o.By != byVendor {
		x = rowsBy(p.o.By, p.r)
	}
	screen := p.o.Width
	if p.o.Wide {
		screen = 0
	}
	shown, hidden, hiddenOut := groups(p.r, x, p.o.Limit)
	g := newGrid(columnsBy(p.o.By, p.o.Wide), shown, times(p.r), screen)
	var text bytes.Buffer
	if err := g.write(&text); err != nil {
		return err
	}
	p.line("")
	for line := range strings.Lines(text.String()) {
		p.line(strings.TrimRight(line, " \n"))
	}
	if hidden > 0 {
		p.line(fmt.Sprintf("and %s more, with %s out: --limit 0 shows all", humanize.Comma(int64(hidden)), humanize.Bytes(hiddenOut)))
	}
	return nil
}

// times is the time from the first to the last packet of any destination.
func times(r *analyze.Result) span {
	s := span{first: r.Destinations[0].First, last: r.Destinations[0].Last}
	for _, d := range r.Destinations {
		s.first, s.last = min(s.first, d.First), max(s.last, d.Last)
	}
	return s
}

// totals are what the verdict counts.
type totals struct {
	part       bool // what is not asked for (--only) is left out
	transfers  int
	recipients [len(recipientKinds)]int
	clients    map[netip.Addr]bool
	states     map[judge.State]int
	proxied    bool // some bytes stand on a proxy's outer leg too
	out        uint64
}

// recipientKinds are what a recipient can be, as the verdict says it.
var recipientKinds = [...]struct{ one, many string }{{"vendor", "vendors"}, {"domain of no known vendor", "domains of no known vendor"}, {"unknown recipient", "unknown recipients"}}

// recipientKind is the place in recipientKinds of what a destination's recipient is.
func recipientKind(d *judge.Destination) int {
	const vendor, domain, other = 0, 1, 2
	switch {
	case d.Vendor == "":
		return other
	case d.VendorBasis == "registrable-domain":
		return domain
	}
	return vendor
}

// countTotals counts the destinations of a result, whose recipients are the rows.
func countTotals(r *analyze.Result, recipients *rows) totals {
	t := totals{part: len(r.Settings.Only) > 0, clients: map[netip.Addr]bool{}, states: map[judge.State]int{}}
	counted := make([]uint8, len(recipients.first)) // by row: a bit for each kind
	for i, d := range r.Destinations {
		t.states[d.State]++
		if d.CountedElsewhere() {
			t.proxied = true
			continue
		}
		if d.State != judge.Transferred {
			continue
		}
		t.transfers++
		t.out += d.PayloadOut
		t.clients[d.Client] = true
		if kind, of := recipientKind(d), &counted[recipients.of[i]]; *of&(1<<kind) == 0 {
			*of |= 1 << kind
			t.recipients[kind]++
		}
	}
	return t
}

// verdict says in one line what left.
func (t *totals) verdict() string {
	if t.transfers == 0 {
		if t.part {
			return "No transfer of the part that was asked for was seen to leave."
		}
		return "No transfer was seen to leave."
	}
	var to []string
	for kind, n := range t.recipients {
		if n > 0 {
			to = append(to, judge.Plural(n, recipientKinds[kind].one, recipientKinds[kind].many))
		}
	}
	return fmt.Sprintf("%s left: %s from %s, to %s.",
		judge.Plural(t.transfers, "transfer", "transfers"), humanize.Bytes(t.out), judge.Plural(len(t.clients), "client", "clients"), and(to))
}

// and joins the parts of a sentence.
func and(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}

// remarks are what a reader must know before believing the verdict.
func (t *totals) remarks(r *analyze.Result) (out []string) {
	d := r.Coverage.Direction
	sum := d.Outbound + d.InsideInside + d.OutsideOutside + d.Local
	if sum > 0 && d.OutsideOutside > sum/2 {
		out = append(out, percent(d.OutsideOutside, sum)+" of all payload is between outside addresses, and was not judged: name your networks, for instance with "+internalFlags(r)+".")
	}
	if s := onlyText(r); s != "" {
		out = append(out, strings.ToUpper(s[:1])+s[1:]+".")
	}
	if s := windowText(r); s != "" {
		out = append(out, s)
	}
	if len(r.Destinations) == 0 {
		return out
	}
	if s := weaker(t.states); s != "" {
		out = append(out, "Beside them: "+s+".")
	}
	if t.proxied {
		out = append(out, "A proxy was seen from both sides: bytes are summed once, on its outer side.")
	}
	if len(r.Settings.Register) == 0 {
		return append(out, "No register was given: nothing can be called disclosed or undisclosed.")
	}
	return append(out, verdicts(r))
}

// windowText says which packets were counted where a time was asked for: what is read is still the whole capture.
func windowText(r *analyze.Result) string {
	var parts []string
	if t := r.Settings.Since; t != nil {
		parts = append(parts, "from "+t.UTC().Format("2006-01-02 15:04:05"))
	}
	if t := r.Settings.Until; t != nil {
		parts = append(parts, "before "+t.UTC().Format("2006-01-02 15:04:05"))
	}
	if len(parts) == 0 {
		return ""
	}
	return "Only packets " + and(parts) + " UTC were counted."
}

// verdicts says what the register supplied makes of the destinations, the gravest first.
func verdicts(r *analyze.Result) string {
	var parts []string
	for _, v := range disclosure.Verdicts() {
		if n := r.Summary.Destinations[string(v)]; n > 0 {
			parts = append(parts, humanize.Comma(int64(n))+" "+verdictInLine(v)+" ("+humanize.Bytes(r.Summary.Bytes[string(v)])+")")
		}
	}
	return "By the register supplied: " + and(parts) + "."
}

// verdictInLine is a verdict that stands behind a number. Those that are the name of what was broken would be read as a count of it: "1 country".
func verdictInLine(v disclosure.Verdict) string {
	switch v {
	case disclosure.Country, disclosure.Host, disclosure.Port:
		return verdictWords[v]
	}
	return string(v)
}

// weaker counts the destinations that nothing went to.
func weaker(states map[judge.State]int) string {
	var parts []string
	for _, s := range []struct {
		state     judge.State
		one, many string
	}{
		{judge.Connected, "connection that sent nothing", "connections that sent nothing"},
		{judge.Attempted, "attempt without an answer", "attempts without an answer"},
		{judge.LookedUp, "name only looked up", "names only looked up"},
	} {
		if n := states[s.state]; n > 0 {
			parts = append(parts, judge.Plural(n, s.one, s.many))
		}
	}
	return and(parts)
}

// readLine says what was read.
func readLine(r *analyze.Result) string {
	first, last := "", ""
	for _, c := range r.Captures {
		if c.Packets == 0 || c.First.IsZero() {
			continue
		}
		f, l := c.First.UTC().Format("2006-01-02 15:04:05"), c.Last.UTC().Format("2006-01-02 15:04:05")
		if first == "" || f < first {
			first = f
		}
		last = max(last, l)
	}
	s := fmt.Sprintf("Read: %s packets of %s", humanize.Comma(int64(r.Coverage.Packets)), judge.Plural(len(r.Captures), "capture", "captures"))
	if first == "" {
		return s + "."
	}
	if first[:len("2006-01-02")] == last[:len("2006-01-02")] {
		last = last[len("2006-01-02 "):]
	}
	return s + ", " + first + " to " + last + " UTC."
}

func (p *page) unseen() {
	if len(p.r.Coverage.CannotSee) == 0 {
		return
	}
	p.line("")
	p.line(p.style(color.Bold, color.FgYellow).Sprint("What could not be seen"))
	for _, s := range p.r.Coverage.CannotSee {
		p.line("- " + Terminal(s))
	}
}

// coverageLine says how much of what left has a name, and by which evidence. It is of the whole captures, also where a part is shown, and then says so.
func coverageLine(c *analyze.Coverage, part bool) string {
	all := c.Outbound.PayloadBytes
	if all == 0 {
		return "Named: no payload left."
	}
	named := tally{}
	for k, n := range c.Outbound.NamedBy {
		if k != "none" && n > 0 {
			named[k] = n
		}
	}
	s := "Named: " + percent(all-c.Outbound.NamedBy["none"], all) + " of outbound payload bytes"
	if part {
		s += " in the whole captures"
	}
	var parts []string
	for _, k := range named.sorted() {
		parts = append(parts, Terminal(k)+" "+percent(named[k], all))
	}
	if len(parts) > 0 {
		s += " (" + strings.Join(parts, ", ") + ")"
	}
	return s + "."
}
