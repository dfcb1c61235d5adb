package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"phonehome/analyze"
	"phonehome/analyze/judge"
)

// answerDays is how long a vendor has to answer, from the day of the report on.
const answerDays = 14

// maxLetterRows bounds the destinations that a letter lists.
const maxLetterRows = 60

// writeLetters writes a draft letter to each vendor that has an open finding. A letter leaves the house: it names no client, no address or name of the inside, no file, and no other
// vendor. So it is made of numbers and of the vendor's own destinations, and never of sentences of findings.
func writeLetters(to Folder, r *analyze.Result, _ Options) error {
	for i, l := range letters(r) {
		if err := to.File(l.file(i+1), func(w io.Writer) error { _, err := w.Write(l.text()); return err }); err != nil {
			return err
		}
	}
	return nil
}

// letter is what a vendor is told and asked.
type letter struct {
	r            *analyze.Result
	vendor       string
	basis        string
	findings     []*judge.Finding
	destinations []*judge.Destination // of the vendor, that the findings are about
}

// letters are those to all vendors with an open finding, in the order of the findings.
func letters(r *analyze.Result) (out []*letter) {
	by := map[string]*letter{}
	at := index(r)
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Status != judge.Open || f.Vendor == "" {
			continue
		}
		l := by[f.Vendor]
		if l == nil {
			l = &letter{r: r, vendor: f.Vendor, basis: f.VendorBasis}
			by[f.Vendor] = l
			out = append(out, l)
		}
		l.findings = append(l.findings, f)
	}
	for _, l := range out {
		l.collect(at)
	}
	return out
}

func (l *letter) collect(at *indexed) {
	met := map[judge.DestinationID]bool{}
	for _, f := range l.findings {
		for _, id := range f.Destinations {
			if d := at.destinations[id]; d != nil && d.Vendor == l.vendor && !met[id] {
				met[id] = true
				l.destinations = append(l.destinations, d)
			}
		}
	}
}

// file is the name of the letter's file: its number, and the vendor where the register or the catalogue names it. No text of a capture is part of a path.
func (l *letter) file(n int) string {
	name := fmt.Sprintf("letter-%02d", n)
	if l.basis == "register" || l.basis == "catalogue" || l.basis == "catalogue-unverified" {
		name += slug(l.vendor)
	}
	return name + ".md"
}

// slug is a name in letters that every file system takes, with a hyphen in front; "" where nothing is left.
func slug(s string) string {
	const most = 40
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	name := strings.Join(append([]string{""}, words...), "-")
	return name[:min(len(name), most)]
}

// text is the letter, in Markdown.
func (l *letter) text() []byte {
	var b bytes.Buffer
	name := markdownText(show(l.vendor))
	fmt.Fprintf(&b, "# Data that reach %s: what was observed, and questions\n\n", name)
	fmt.Fprintf(&b, "*Draft of %s, made by a program from captures of network traffic. A person reads, completes and signs it before it is sent. Not legal advice.*\n\n", cmp.Or(l.r.Settings.AsOf, "[date]"))
	for _, s := range l.r.RedactedRemarks() {
		fmt.Fprintf(&b, "**Not fit to be sent.** %s\n\n", markdownText(show(s)))
	}
	fmt.Fprintf(&b, "To: %s, [contact]  \nFrom: [organisation, name, contact]  \nOur reference: %s\n\n", name, cmp.Or(markdownText(show(l.r.Case.ID)), "[reference]"))
	b.WriteString("In network traffic of our organisation, " + l.window() + ", data left to destinations that we take to be yours. " + l.known() + "\n\n")
	l.observed(&b)
	l.table(&b)
	b.WriteString("\n## What we do not know\n\n- What was sent, where it was encrypted: it was not read.\n- Whether you disclosed it in a document that we do not have.\n- What you do with it.\n")
	b.WriteString("\n## Questions\n\n")
	for i, q := range questions(l.rules()...) {
		fmt.Fprintf(&b, "%d. %s\n", i+1, q)
	}
	fmt.Fprintf(&b, "\nPlease answer by **%s**. If these destinations are not yours, please tell us so, and whose they are if you know.\n\n[signature]\n", l.answerBy())
	return b.Bytes()
}

// answerBy is the day until which an answer is asked for.
func (l *letter) answerBy() string {
	t, err := time.Parse(time.DateOnly, l.r.Settings.AsOf)
	if err != nil {
		return "[date]"
	}
	return t.AddDate(0, 0, answerDays).Format(time.DateOnly)
}

// window is the time of the vendor's traffic.
func (l *letter) window() string {
	first, last := l.findings[0].First, l.findings[0].Last
	for _, f := range l.findings {
		if f.First.Before(first) {
			first = f.First
		}
		if f.Last.After(last) {
			last = f.Last
		}
	}
	return "seen from " + minute(first) + " to " + minute(last)
}

// known says why the destinations are taken to be the vendor's.
func (l *letter) known() string {
	switch l.basis {
	case "register":
		return "Our register of disclosed transfers names them as yours."
	case "registrable-domain":
		return "That rests on their domain alone."
	}
	return "That rests on a list of the domains of vendors."
}

// rules are those of the findings, each once.
func (l *letter) rules() (out []string) {
	for _, f := range l.findings {
		if !slices.Contains(out, f.Rule) {
			out = append(out, f.Rule)
		}
	}
	return out
}

// observed lists what the findings say, in words for the vendor.
func (l *letter) observed(b *bytes.Buffer) {
	var out uint64
	for _, d := range l.destinations {
		if !d.CountedElsewhere() {
			out += d.PayloadOut
		}
	}
	b.WriteString("## What was observed\n\n")
	fmt.Fprintf(b, "- %s of payload left to %s.\n", humanize.Bytes(out), judge.Plural(len(l.rows()), "destination", "destinations"))
	for _, f := range l.findings {
		if s := l.sentence(f); s != "" {
			b.WriteString("- " + s + "\n")
		}
	}
	if s := l.countries(); s != "" {
		b.WriteString("- " + s + "\n")
	}
}

// sentence is what a finding says, made of its numbers alone.
func (l *letter) sentence(f *judge.Finding) string {
	m := f.Measures
	switch f.Rule {
	case "disclosure-expired":
		return fmt.Sprintf("Data left until %s after our agreement ended%s.", judge.Plural(int(m["days_past_end"]), "day", "days"), l.reference(f))
	case "undisclosed-destination":
		return "Our register of disclosed transfers does not cover these destinations, or not all of them."
	case "asset-egress":
		return "They were sent by systems for which our policy does not allow it."
	case "country-not-allowed":
		return "A database puts addresses in a country that our register does not allow" + l.reference(f) + "."
	case "volume-exceeded":
		return fmt.Sprintf("More was sent than was agreed: up to %s in a UTC day, where %s are agreed, on %s%s.", humanize.Bytes(uint64(m["max_day_bytes"])), humanize.Bytes(uint64(m["limit_bytes"])), judge.Plural(int(m["days_over"]), "day", "days"), l.reference(f))
	case "cleartext-personal-data":
		return "What looks like personal data or a login was sent without encryption."
	case "bulk-upload":
		return fmt.Sprintf("Up to %s left in a UTC day, much more than came back.", humanize.Bytes(uint64(m["max_day_bytes"])))
	case "beacon":
		return fmt.Sprintf("Exchanges come in a rhythm: about every %s, %s seen.", seconds(m["period_s"]), judge.Plural(int(m["events"]), "exchange", "exchanges"))
	case "dns-tunnel":
		return fmt.Sprintf("%s were looked up below a domain; their text is %s long.", judge.Plural(int(m["names"]), "name", "names"), humanize.Bytes(uint64(m["bytes"])))
	}
	return sentenceOfRule[f.Rule]
}

// sentenceOfRule is for rules without numbers.
var sentenceOfRule = map[string]string{
	"threat-intel":        "A list of indicators names a destination.",
	"unnamed-destination": "Data went to addresses that nothing names.",
	"name-mismatch":       "The name that was asked for is contradicted by other evidence.",
	"hidden-name":         "The name of a destination was hidden.",
	"new-destination":     "A destination is new: earlier captures do not have it.",
}

// seconds is a number of seconds as people say it.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second)).Round(time.Second)
	return strings.TrimSuffix(strings.TrimSuffix(strings.NewReplacer("h", " h ", "m", " min ", "s", " s").Replace(d.String()), " 0 s"), " 0 min")
}

// reference cites the vendor's own entries of the register.
func (l *letter) reference(f *judge.Finding) string {
	var out []string
	for i := range l.r.Register {
		e := &l.r.Register[i]
		if e.Vendor == l.vendor && e.Reference != "" && slices.Contains(f.Entries, e.ID) {
			out = append(out, markdownText(show(e.Reference)))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return " (" + and(out) + ")"
}

// countries are those of the destinations, in a database's opinion.
func (l *letter) countries() string {
	var out []string
	for _, d := range l.destinations {
		for _, s := range d.Servers {
			if s.Country != "" && !slices.Contains(out, s.Country) {
				out = append(out, s.Country)
			}
		}
	}
	if len(out) == 0 {
		return ""
	}
	slices.Sort(out)
	var dbs []string
	for _, d := range l.r.Settings.Geo.Country {
		dbs = append(dbs, markdownText(show(d.Type))+" of "+d.Built)
	}
	return "Countries of the addresses: " + and(out) + ", in the opinion of " + cmp.Or(and(dbs), "a database") + "."
}

// letterRow is a destination of the vendor, of all clients together.
type letterRow struct {
	name, service, state string
	out                  uint64
	first, last          judge.Instant
}

// rows are the destinations, most payload first.
func (l *letter) rows() []letterRow {
	type key struct{ name, service string }
	by := map[key]int{}
	var out []letterRow
	for _, d := range l.destinations {
		k := key{l.nameOf(d), portOf(d)}
		i, met := by[k]
		if !met {
			i = len(out)
			by[k] = i
			out = append(out, letterRow{name: k.name, service: k.service, first: d.First, last: d.Last, state: string(d.State)})
		}
		w := &out[i]
		if d.State == judge.Transferred {
			w.state = string(d.State)
		}
		if !d.CountedElsewhere() {
			w.out += d.PayloadOut
		}
		w.first, w.last = min(w.first, d.First), max(w.last, d.Last)
	}
	slices.SortStableFunc(out, func(a, b letterRow) int { return cmp.Or(cmp.Compare(b.out, a.out), cmp.Compare(a.name, b.name)) })
	return out
}

// nameOf is the destination's name, else its address. Where several names fit, one may be another's: none is told.
func (l *letter) nameOf(d *judge.Destination) string {
	switch {
	case d.Name != "":
		return d.Name
	case len(d.Servers) > 0:
		return d.Servers[0].IP.String()
	}
	return "no address"
}

func (l *letter) table(b *bytes.Buffer) {
	rows := l.rows()
	if len(rows) == 0 {
		return
	}
	b.WriteString("\n| destination | service | payload sent | first | last |\n|---|---|--:|---|---|\n")
	for _, w := range rows[:min(len(rows), maxLetterRows)] {
		sent := humanize.Bytes(w.out)
		if w.out == 0 {
			sent = "none: " + w.state
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", markdownCode(show(w.name)), w.service, sent, minute(w.first.Time()), minute(w.last.Time()))
	}
	if n := len(rows) - maxLetterRows; n > 0 {
		fmt.Fprintf(b, "\n%s.\n", more(n))
	}
}
