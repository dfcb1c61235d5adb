package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"

	"phonehome/analyze/disclosure"
	"phonehome/analyze/judge"
)

// Title is the case's title, or what the page is.
func (p *htmlPage) Title() string {
	return show(cmp.Or(p.r.Case.Title, "Outbound transfers"))
}

// PageTitle is what a browser's tab and the printed pages call the page.
func (p *htmlPage) PageTitle() string {
	if p.r.Case.Title == "" {
		return p.Title()
	}
	return p.Title() + ": outbound transfers"
}

// Case is what the user said of the case.
func (p *htmlPage) Case() (out []pair) {
	c := &p.r.Case
	for _, x := range []pair{{"Case", []string{c.ID}}, {"Title", []string{c.Title}}, {"Analyst", []string{c.Analyst}}, {"Captured at", []string{c.Tap}}, {"Clock of the capture", []string{clockText(c.ClockOffset)}},
		{"Time zone shown beside UTC", []string{c.Timezone}}} {
		if x.Text[0] != "" {
			out = append(out, pair{x.Name, shows(x.Text)})
		}
	}
	return out
}

// CaseHead is the case without its title, which stands above it.
func (p *htmlPage) CaseHead() []pair {
	return slices.DeleteFunc(p.Case(), func(x pair) bool { return x.Name == "Title" })
}

func clockText(offset string) string {
	if offset == "" {
		return ""
	}
	return "ahead of true time by " + offset + ", as the analyst says; times on this page are not corrected by it"
}

// AsOf is the day of the report.
func (p *htmlPage) AsOf() string { return show(cmp.Or(p.r.Settings.AsOf, unknown)) }

// Notices say what a reader must know before anything else: what was left out, and what kept the evidence from being whole.
func (p *htmlPage) Notices() (out []string) {
	if only := p.r.Settings.Only; len(only) > 0 {
		out = append(out, "This report is limited to "+and(shows(only))+". "+p.leftOut()+" Sums, findings, vendors and clients below are of what is left; findings speak of all destinations that they were made of.")
	}
	if left := p.r.Settings.Redacted; len(left) > 0 {
		out = append(out, "The result was redacted before it was shared. Left out: "+and(shows(left))+".")
	}
	if reasons := p.r.Exit.Reasons; p.r.Exit.Code == exitIncomplete && len(reasons) > 0 {
		out = append(out, "The evidence is not whole: "+strings.Join(shows(reasons), "; ")+".")
	}
	return out
}

// exitIncomplete is the exit code of a scan whose captures could not be read in full (help exit-codes).
const exitIncomplete = 3

// leftOut says how much a filter leaves out.
func (p *htmlPage) leftOut() string {
	var shown uint64
	for _, d := range p.r.Destinations {
		shown += d.PayloadOut
	}
	all := p.r.Coverage.Outbound.PayloadBytes
	if shown >= all {
		return "That is all the payload that left."
	}
	return fmt.Sprintf("Of %s of payload that left, %s went to other destinations, which are left out.", humanize.Bytes(all), humanize.Bytes(all-shown))
}

// Answer is the paragraph that says it all.
func (p *htmlPage) Answer() string {
	remarks := shows(p.totals.remarks(p.r))
	if p.HasRegister() && len(p.r.Destinations) > 0 {
		remarks[len(remarks)-1] = p.registerWords() // what the table of a terminal says in the words of verdicts
	}
	parts := slices.Concat([]string{p.totals.verdict()}, p.most(), remarks, []string{p.findingCount(), readLine(p.r)})
	return strings.Join(parts, " ")
}

// most names those that got most.
func (p *htmlPage) most() []string {
	const few = 3
	var named []string
	all := p.sums
	for _, s := range all[:min(len(all), few)] {
		named = append(named, cutShort(s.name, inSentence)+" ("+humanize.Bytes(s.all)+")")
	}
	switch {
	case len(all) == 0:
		return nil
	case len(all) <= few:
		return []string{"It went to " + and(named) + "."}
	}
	return []string{"Most of it went to " + and(named) + "."}
}

// registerWords says in a sentence what the register makes of the destinations.
func (p *htmlPage) registerWords() string {
	var parts []string
	for _, v := range disclosure.Verdicts() {
		if n := p.r.Summary.Destinations[string(v)]; n > 0 {
			of := humanize.Comma(int64(n))
			if len(parts) == 0 {
				of = judge.Plural(n, "destination", "destinations")
			}
			parts = append(parts, fmt.Sprintf("%s %s (%s)", of, verdictWords[v], humanize.Bytes(p.r.Summary.Bytes[string(v)])))
		}
	}
	return "Held against the register supplied: " + and(parts) + "."
}

// verdictWords go on from a number of destinations.
var verdictWords = map[disclosure.Verdict]string{
	disclosure.Expired:        "after the last day of the entry",
	disclosure.NotYetValid:    "before the first day of the entry",
	disclosure.Undisclosed:    "not covered by it",
	disclosure.Country:        "in a country that the entry does not allow",
	disclosure.Host:           "from a client that the entry is not for",
	disclosure.Port:           "on a port that the entry is not for",
	disclosure.Exceeded:       "above the entry's limit of a day",
	disclosure.Unattributable: "of which it is not known which of several names was meant",
	disclosure.Disclosed:      "covered by it",
	disclosure.NoRegister:     "not judged",
}

// findingCount counts the findings by severity, and those that don't count.
func (p *htmlPage) findingCount() string {
	var parts []string
	open := 0
	for _, s := range slices.Backward(judge.Severities()) {
		n := 0
		for i := range p.r.Findings {
			if f := &p.r.Findings[i]; f.Status == judge.Open && f.Severity.String() == s {
				n++
			}
		}
		if open += n; n > 0 {
			parts = append(parts, strconv.Itoa(n)+" "+s)
		}
	}
	text := "No finding is open."
	if open > 0 {
		text = judge.Plural(open, "finding is open: ", "findings are open: ") + and(parts) + "."
	}
	for _, s := range statusCounts(p.r) {
		if s.count > 0 {
			text += " " + judge.Plural(s.count, "finding is ", "findings are ") + s.text + "."
		}
	}
	return text
}

// verdictMeaning says what a verdict means, in words of the register.
var verdictMeaning = map[disclosure.Verdict]string{
	disclosure.Expired:        "sent after the last day of the register's entry",
	disclosure.NotYetValid:    "sent before the first day of the register's entry",
	disclosure.Undisclosed:    "no approved entry of the register supplied fits; what other documents say is not known",
	disclosure.Country:        "covered by an entry, but to an address that a database puts in a country that the entry does not allow",
	disclosure.Host:           "the entry is for other hosts",
	disclosure.Port:           "the entry is for other ports",
	disclosure.Exceeded:       "more in a UTC day than the entry allows",
	disclosure.Unattributable: "several names fit, and the register does not say the same of them",
	disclosure.Disclosed:      "an approved entry of the register supplied covers it",
	disclosure.NoRegister:     "no register was given: nothing can be called disclosed or undisclosed",
}

// Verdicts is the table of what the register says, empty without one.
func (p *htmlPage) Verdicts() *htmlTable {
	t := newTable("verdicts", "What the register supplied says of the destinations", "Verdict=", "Meaning", "Destinations>", "Payload out>")
	for _, v := range disclosure.Verdicts() {
		if n := p.r.Summary.Destinations[string(v)]; n > 0 && v != disclosure.NoRegister {
			t.row(td(string(v)), td(verdictMeaning[v]), td(humanize.Comma(int64(n))), td(humanize.Bytes(p.r.Summary.Bytes[string(v)])))
		}
	}
	return t
}
