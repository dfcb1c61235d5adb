package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"phonehome/analyze/disclosure"
	"phonehome/analyze/judge"
)

// Title is the case's title, or what the page is.
func (p *htmlPage) Title() string {
	return show(cmp.Or(p.r.Case.Title, "Outbound transfers"))
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
	for i := range p.r.Destinations {
		shown += p.r.Destinations[i].PayloadOut
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
				of = plural(n, "destination", "destinations")
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
		text = plural(open, "finding is open: ", "findings are open: ") + and(parts) + "."
	}
	for _, s := range statusCounts(p.r) {
		if s.count > 0 {
			text += " " + plural(s.count, "finding is ", "findings are ") + s.text + "."
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

// todo is one thing to do, with the findings that ask for it.
type todo struct {
	Text string
	Refs []string
}

const maxTodos = 12 // of a kind: who has more works through the findings

// Contain lists what should not go on until somebody answers for it: open findings that are high or graver, by recipient.
func (p *htmlPage) Contain() []todo {
	return p.byRecipient(func(f *judge.Finding) bool { return f.Severity >= judge.High }, func(f *judge.Finding) string {
		return fmt.Sprintf("%s to %s", someText(f.Clients, 3, "client"), cutShort(p.recipientText(f), inSentence))
	})
}

// Decide lists what somebody has to decide: open findings that are medium or graver, by rule.
func (p *htmlPage) Decide() (out []todo) {
	for _, r := range judge.Rules() {
		d := todo{Text: decisionOfRule[r.ID]}
		for i := range p.r.Findings {
			if f := &p.r.Findings[i]; f.Rule == r.ID && f.Status == judge.Open && f.Severity >= judge.Medium {
				d.Refs = append(d.Refs, f.ID)
			}
		}
		if len(d.Refs) > 0 {
			out = append(out, d.bounded())
		}
	}
	return out
}

// Ask lists whom to ask: recipients with an open finding that is medium or graver.
func (p *htmlPage) Ask() []todo {
	return p.byRecipient(func(f *judge.Finding) bool { return f.Severity >= judge.Medium }, func(f *judge.Finding) string {
		owners := p.owners(f)
		switch {
		case len(owners) > 0:
			return fmt.Sprintf("%s, who answers for the register's entry of %s", and(shows(owners)), show(p.recipientText(f)))
		case f.Vendor != "":
			return "The owner of the software or device, and " + show(f.Vendor)
		}
		return "The owner of the client: which software or device sends to " + show(p.recipientText(f))
	})
}

// byRecipient is one entry for each text, with all findings of which pick says that they belong here.
func (p *htmlPage) byRecipient(pick func(f *judge.Finding) bool, text func(f *judge.Finding) string) (out []todo) {
	at := map[string]int{}
	for i := range p.r.Findings {
		f := &p.r.Findings[i]
		if f.Status != judge.Open || !pick(f) {
			continue
		}
		s := text(f)
		i, met := at[s]
		if !met {
			i = len(out)
			at[s] = i
			out = append(out, todo{Text: s})
		}
		out[i].Refs = append(out[i].Refs, f.ID)
	}
	for i := range out {
		out[i] = out[i].bounded()
	}
	if n := len(out) - maxTodos; n > 0 {
		out = append(out[:maxTodos], todo{Text: more(n) + ": see the findings"})
	}
	return out
}

func (t todo) bounded() todo {
	t.Refs = t.Refs[:min(len(t.Refs), maxTodos)]
	return t
}

// owners answer for the entries that a finding is about.
func (p *htmlPage) owners(f *judge.Finding) (out []string) {
	for _, e := range p.entriesOf(f) {
		if e.Owner != "" && !slices.Contains(out, e.Owner) {
			out = append(out, e.Owner)
		}
	}
	return out
}

// recipientText is how a sentence calls a finding's recipient. A network's owner is never the recipient.
func (p *htmlPage) recipientText(f *judge.Finding) string {
	switch {
	case f.Vendor != "":
		return f.Vendor
	case len(f.Names) > 0:
		return f.Names[0]
	case len(f.Servers) > 0:
		return "the unnamed address " + f.Servers[0]
	}
	return "an unknown recipient"
}

// someText is the first of a list, and how many there are.
func someText(list []string, most int, one string) string {
	if len(list) <= most {
		return and(shows(list))
	}
	return plural(len(list), one, one+"s")
}

// Bounds of the register change: a person reads it.
const (
	maxProposed     = 40
	maxProposedSeen = 4
)

// RegisterChange is YAML for the register: entries that could be added, all proposed, and what to change in those that are there.
func (p *htmlPage) RegisterChange() string {
	var b strings.Builder
	for i := range p.r.Register {
		if s := p.amend(&p.r.Register[i]); s != "" {
			b.WriteString(s)
		}
	}
	list, _ := Proposals(p.r, func(d *judge.Destination) bool {
		open := slices.ContainsFunc(p.found[d.ID], func(f *judge.Finding) bool { return f.Status == judge.Open })
		return open && d.State == judge.Transferred && (d.Disclosure.Entry == "" || d.Disclosure.Verdict == disclosure.NotYetValid)
	})
	if len(list) == 0 && b.Len() == 0 {
		return ""
	}
	if n := len(list) - maxProposed; n > 0 {
		fmt.Fprintf(&b, "# %s: phonehome register learn RESULT.json writes all of them.\n", more(n))
		list = list[:maxProposed]
	}
	for i := range list {
		if seen := list[i].Seen; len(seen) > maxProposedSeen {
			list[i].Seen = append(seen[:maxProposedSeen:maxProposedSeen], more(len(seen)-maxProposedSeen))
		}
	}
	if len(list) > 0 {
		text, _ := disclosure.WriteProposals(list)
		b.Write(text)
	}
	return visibleLines(b.String())
}

// amend says what could be changed in an entry that does not cover what was seen, as comments: only those who agreed know the new text.
func (p *htmlPage) amend(e *judge.Observed) string {
	var said []string
	for i := range p.r.Destinations {
		d := &p.r.Destinations[i]
		if d.Disclosure.Entry != e.ID || d.Disclosure.Verdict == disclosure.Disclosed {
			continue
		}
		for _, v := range append([]disclosure.Verdict{d.Disclosure.Verdict}, d.Disclosure.Also...) {
			if s := amendments[v]; s != "" && !slices.Contains(said, s) {
				said = append(said, s)
			}
		}
	}
	if len(said) == 0 {
		return ""
	}
	return fmt.Sprintf("# %s:%d, entry %s: %s.\n", e.File, e.Line, e.ID, strings.Join(said, "; "))
}

var amendments = map[disclosure.Verdict]string{
	disclosure.Expired:     "if the agreement was renewed, set its end to the new last day",
	disclosure.NotYetValid: "if it was agreed earlier, set its start to that day",
	disclosure.Country:     "if the countries seen are agreed, add them to its countries",
	disclosure.Host:        "if these clients are agreed, add them to its hosts",
	disclosure.Port:        "if these ports are agreed, add them to its ports",
	disclosure.Exceeded:    "if more is agreed, raise its max_bytes_out_per_day",
}

// visibleLines makes each line visible.
func visibleLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = visible(lines[i])
	}
	return strings.Join(lines, "\n")
}

// Named says how much of what left has a name.
func (p *htmlPage) Named() string {
	c := &p.r.Coverage.Outbound
	if c.PayloadBytes == 0 {
		return "No payload left."
	}
	var by []string
	t := tally{}
	for k, n := range c.NamedBy {
		if k != "none" && n > 0 {
			t[k] = n
		}
	}
	for _, k := range t.sorted() {
		by = append(by, show(k)+" "+percent(t[k], c.PayloadBytes))
	}
	s := percent(c.PayloadBytes-c.NamedBy["none"], c.PayloadBytes) + " of the payload that left went to destinations that have a name"
	if len(by) > 0 {
		s += " (known by " + and(by) + ")"
	}
	return s + "."
}

// Directions is the table of where payload went.
func (p *htmlPage) Directions() *htmlTable {
	d := p.r.Coverage.Direction
	t := newTable("directions", "Where payload went, in the whole captures", "Direction", "Payload, both ways>")
	for _, x := range []struct {
		what string
		n    uint64
	}{{"between inside and outside: judged on this page", d.Outbound}, {"inside to inside: not judged", d.InsideInside}, {"outside to outside: not judged", d.OutsideOutside}, {"local (broadcast, multicast): not judged", d.Local}} {
		t.row(td(x.what), td(humanize.Bytes(x.n)))
	}
	return t
}

// Inside are the networks that count as inside.
func (p *htmlPage) Inside() *htmlTable {
	t := newTable("inside", "Networks that count as inside", "Network", "Why")
	for _, n := range p.r.Settings.Internal {
		t.row(tdCode(n), td("built in, or given by flag or register"))
	}
	for _, n := range p.r.Settings.InternalInferred {
		t.row(tdCode(n.Prefix), td(fmt.Sprintf("inferred: %s, in frame %d of %s", n.Basis, n.Frame, p.capturePath(n.Capture))))
	}
	return t.closed(plural(len(t.Rows), "network counts", "networks count") + " as inside")
}

func (p *htmlPage) capturePath(i int) string {
	if i < 0 || i >= len(p.r.Captures) {
		return "an unknown capture"
	}
	return p.r.Captures[i].Path
}

// CannotSee are sentences on what these captures cannot show.
func (p *htmlPage) CannotSee() []string { return shows(p.r.Coverage.CannotSee) }

// Ignored are the files that were met and not read.
func (p *htmlPage) Ignored() *htmlTable {
	t := newTable("ignored", "Files that were met and not read", "File", "Why")
	for _, f := range p.r.Ignored {
		t.row(tdCode(f.Path), td(f.Reason))
	}
	return t.folded()
}

// event is something on the time line.
type event struct {
	at   time.Time
	day  bool // a whole UTC day
	what string
	refs []string
}

// Timeline is what happened when, in the order of time.
func (p *htmlPage) Timeline() *htmlTable {
	var all []event
	for i := range p.r.Captures {
		if c := &p.r.Captures[i]; c.Packets > 0 && !c.First.IsZero() && i < openRows {
			all = append(all, event{at: c.First, what: "capture " + c.Path + " begins"}, event{at: c.Last, what: "capture " + c.Path + " ends"})
		}
	}
	for _, g := range p.gaps() {
		all = append(all, event{at: g.from, what: fmt.Sprintf("no capture until %s: what happened is not known", p.when(g.to))})
	}
	for i := range p.r.Register {
		all = append(all, p.entryEvents(&p.r.Register[i])...)
	}
	all = append(all, p.traffic()...)
	slices.SortStableFunc(all, func(a, b event) int { return a.at.Compare(b.at) })
	t := newTable("timeline-table", "Time line", "When=", "What", "Findings=")
	for _, e := range all {
		when := p.whenLines(e.at)
		if e.day {
			when = []string{day(e.at) + ", a UTC day"}
		}
		t.row(td(when...), td(e.what), tdRefs(e.refs[:min(len(e.refs), maxTodos)]))
	}
	return t.folded()
}

// traffic is the first and the last traffic of each recipient with findings, with those that say so.
func (p *htmlPage) traffic() (out []event) {
	type key struct {
		what string
		at   time.Time
	}
	met := map[key]int{}
	for i := range p.r.Findings {
		f := &p.r.Findings[i]
		for _, e := range []event{{at: f.First, what: "first traffic seen to "}, {at: f.Last, what: "last traffic seen to "}} {
			k := key{e.what + p.recipientText(f), e.at.UTC()}
			n, ok := met[k]
			if !ok {
				n = len(out)
				met[k] = n
				out = append(out, event{at: e.at, what: k.what})
			}
			out[n].refs = append(out[n].refs, f.ID)
		}
	}
	return out
}

// entryEvents are the first and the last day of an entry that was held against traffic.
func (p *htmlPage) entryEvents(e *judge.Observed) (out []event) {
	if !e.Observed {
		return nil
	}
	for _, x := range []struct{ day, what string }{{e.Start, "first"}, {e.End, "last"}} {
		if t, err := time.Parse(time.DateOnly, x.day); err == nil {
			out = append(out, event{at: t, day: true, what: fmt.Sprintf("%s day of the register's entry %s (%s)", x.what, e.ID, e.Vendor)})
		}
	}
	return out
}

// uncovered is a time that no capture covers.
type uncovered struct{ from, to time.Time }

// leastGap is how long nothing must be captured between two captures to be called a gap: files of one rotation follow each other within seconds.
const leastGap = time.Minute

// gaps are the times between the first and the last packet that no capture covers.
func (p *htmlPage) gaps() (out []uncovered) {
	for i := 1; i < len(p.spans); i++ {
		out = append(out, uncovered{p.spans[i-1].last, p.spans[i].first})
	}
	return out
}

// stretch is a time that captures cover.
type stretch struct{ first, last time.Time }

// stretches are the times that the captures cover, in order; those that a moment parts are one.
func (p *htmlPage) stretches() (out []stretch) {
	var all []stretch
	for i := range p.r.Captures {
		if c := &p.r.Captures[i]; c.Packets > 0 && !c.First.IsZero() {
			all = append(all, stretch{c.First, c.Last})
		}
	}
	slices.SortFunc(all, func(a, b stretch) int { return a.first.Compare(b.first) })
	for _, s := range all {
		if n := len(out); n == 0 || s.first.Sub(out[n-1].last) >= leastGap {
			out = append(out, s)
		} else if s.last.After(out[n-1].last) {
			out[n-1].last = s.last
		}
	}
	return out
}

// captured says whether captures cover some of a time.
func (p *htmlPage) captured(from, to time.Time) bool {
	return slices.ContainsFunc(p.spans, func(s stretch) bool { return s.first.Before(to) && !s.last.Before(from) })
}

// RegisterSeen is what the register has and the captures show.
func (p *htmlPage) RegisterSeen() *htmlTable {
	t := newTable("register-seen", "Entries of which something was seen", "Entry", "Vendor", "Days=", "Status=", "Reference", "Destinations>", "Payload out>", "First and last=")
	for i := range p.r.Register {
		if e := &p.r.Register[i]; e.Observed {
			t.row(td(e.ID, e.File+":"+strconv.Itoa(e.Line)), td(e.Vendor), td(entryDays(e)...), td(string(e.Status)), td(e.Reference), td(humanize.Comma(int64(e.Destinations))), td(humanize.Bytes(e.PayloadOut)), td(p.seen(e)...))
		}
	}
	return t.folded()
}

func (p *htmlPage) seen(e *judge.Observed) []string {
	if e.First == nil || e.Last == nil {
		return []string{unknown}
	}
	return p.betweenLines(*e.First, *e.Last)
}

// RegisterUnseen is what the register has and the captures don't show.
func (p *htmlPage) RegisterUnseen() *htmlTable {
	t := newTable("register-unseen", "Entries of which nothing was seen", "Entry", "Vendor", "Days=", "Status=", "Reference")
	for i := range p.r.Register {
		if e := &p.r.Register[i]; !e.Observed {
			t.row(td(e.ID, e.File+":"+strconv.Itoa(e.Line)), td(e.Vendor), td(entryDays(e)...), td(string(e.Status)), td(e.Reference))
		}
	}
	return t.folded()
}

// entryDays is the time of an entry.
func entryDays(e *judge.Observed) []string {
	switch {
	case e.Start == "" && e.End == "":
		return []string{"no dates: always"}
	case e.End == "":
		return []string{"from " + e.Start + " on"}
	case e.Start == "":
		return []string{"until " + e.End}
	}
	return []string{e.Start + " to", e.End}
}

// HasRegister says whether a register was given.
func (p *htmlPage) HasRegister() bool { return len(p.r.Settings.Register) > 0 }

// Suppressions are what somebody answers for.
func (p *htmlPage) Suppressions() *htmlTable {
	t := newTable("suppressions-table", "Suppressions", "Where", "What", "Reason", "Approved by", "Holds until", "Findings>")
	for i := range p.r.Suppressions {
		s := &p.r.Suppressions[i]
		what := []string{"rule " + s.Rule}
		for _, x := range []struct{ of, text string }{{"vendor", s.Vendor}, {"destination", s.Destination}, {"client", s.Client}} {
			if x.text != "" {
				what = append(what, x.of+" "+x.text)
			}
		}
		until := s.Expires
		if s.Expired {
			until += ": expired, does not count"
		}
		t.row(td(s.File+":"+strconv.Itoa(s.Line)), td(what...), td(s.Reason), td(s.Approver), td(until), td(strconv.Itoa(s.Used)))
	}
	return t.folded()
}

// Remarks say which rules the settings change, and which suppressions do nothing.
func (p *htmlPage) Remarks() []string { return shows(settingsRemarks(p.r)) }

// NotCounted are the findings that do not count, and why.
func (p *htmlPage) NotCounted() *htmlTable {
	t := newTable("not-counted", "Findings that do not count", "Finding=", "Title", "Why")
	for i := range p.r.Findings {
		f := &p.r.Findings[i]
		switch s := suppressionOf(p.r, f); {
		case f.Status == judge.Open:
		case s != nil:
			t.row(tdRefs([]string{f.ID}), td(f.Title), td("suppressed: "+approval(s)))
		default:
			t.row(tdRefs([]string{f.ID}), td(f.Title), td(statusText(f)))
		}
	}
	return t.folded()
}

func statusText(f *judge.Finding) string {
	switch f.Status {
	case judge.Suppressed:
		return "suppressed at " + f.Suppression
	case judge.Baselined:
		return "known from the baseline"
	}
	return string(f.Status)
}
