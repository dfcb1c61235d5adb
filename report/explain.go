package report

import (
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

// Explain writes why a finding was made, number by number, and how to check it against the captures.
func Explain(w io.Writer, r *analyze.Result, f *judge.Finding) error {
	p := &page{r: r, o: Options{Width: textWidth}}
	p.line(fmt.Sprintf("%s %s: %s", f.ID, f.Severity, Terminal(f.Title)))
	p.line(fmt.Sprintf("rule %s, fingerprint %s, %s, confidence %s", f.Rule, f.Fingerprint, status(f), f.Confidence))
	rule, known := judge.RuleByID(f.Rule)
	if known {
		p.section("Why this rule", rule.Fires, "Severity: "+rule.Levels)
	}
	p.section("Facts", sentences(f.Facts)...)
	p.numbers(f, &rule)
	p.section("Inference", f.Inference)
	p.section("Not known", f.Unknown...)
	p.destinations(f)
	p.check(f)
	if known {
		p.section("What the rule cannot see", rule.Blind)
		p.section("What to do", rule.Do)
	}
	_, err := w.Write(p.b.Bytes())
	return err
}

func status(f *judge.Finding) string {
	if f.Suppression != "" {
		return string(f.Status) + " by " + Terminal(f.Suppression)
	}
	return string(f.Status)
}

// section writes a heading and paragraphs; nothing where all are empty.
func (p *page) section(head string, paragraphs ...string) {
	paragraphs = slices.DeleteFunc(slices.Clone(paragraphs), func(s string) bool { return s == "" })
	if len(paragraphs) == 0 {
		return
	}
	p.line("")
	p.line(head)
	for _, s := range paragraphs {
		p.wrapped("       - ", Terminal(s))
	}
}

// numbers lists the finding's numbers and the rule's thresholds.
func (p *page) numbers(f *judge.Finding, rule *judge.Rule) {
	var out []string
	for _, n := range rule.Numbers {
		if v, ok := f.Measures[n.Name]; ok {
			out = append(out, fmt.Sprintf("%s = %s (%s): %s", n.Name, numberText(v), n.Unit, n.What))
		}
	}
	for _, b := range rule.Bounds {
		out = append(out, fmt.Sprintf("threshold, %s: %s (%s)", b.Name, b.Value, b.Why))
	}
	p.section("Numbers", out...)
}

// maxExplained is how many destinations are listed: the result has them all.
const maxExplained = 20

func (p *page) destinations(f *judge.Finding) {
	var out []string
	of := make(map[judge.DestinationID]bool, len(f.Destinations))
	for _, id := range f.Destinations {
		of[id] = true
	}
	hidden := 0
	for _, d := range p.r.Destinations {
		switch {
		case !of[d.ID]:
		case len(out) == maxExplained:
			hidden++
		default:
			out = append(out, fmt.Sprintf("%s %s to %s (%s) %s, %s bytes of payload out, %s to %s; %s: %s", d.ID, d.Client, cmp.Or(d.Name, addresses(d)), portOf(d), d.State, humanize.Comma(int64(d.PayloadOut)),
				d.First.Time().Format(time.RFC3339), d.Last.Time().Format(time.RFC3339), d.Disclosure.Verdict, d.Disclosure.Reason))
		}
	}
	if hidden > 0 { // of those that --only left
		out = append(out, fmt.Sprintf("and %d more in the result", hidden))
	}
	p.section("Destinations", out...)
}

func addresses(d *judge.Destination) string {
	if len(d.Servers) == 0 {
		return "no address"
	}
	s := d.Servers[0].IP.String()
	if d.ServersTotal > 1 {
		s += fmt.Sprintf(" and %d more", d.ServersTotal-1)
	}
	return s
}

// check says which frames show it, and how Wireshark selects them.
func (p *page) check(f *judge.Finding) {
	p.section("How to check it in Wireshark", fmt.Sprintf("Display filters; frames are numbered as Wireshark does. The destinations have %s in all.", judge.Plural(int(f.FramesTotal), "packet", "packets")))
	for _, e := range f.Evidence {
		if e.Capture < len(p.r.Captures) {
			c := &p.r.Captures[e.Capture]
			p.filter(fmt.Sprintf("in %s (SHA-256 %s), %s:", c.Path, cmp.Or(c.SHA256, "not taken"), e.What), e.DisplayFilter())
		}
	}
	if f.FilterAll != "" {
		p.filter("all packets between these ends:", f.FilterAll)
	}
}

// filter writes a display filter on a line of its own, unbroken, to be copied.
func (p *page) filter(head, filter string) {
	p.wrapped("       - ", Terminal(head))
	p.line("         " + Terminal(filter))
}

// FindFinding returns the finding of an id, or of a fingerprint or the beginning of one that no other has; nil where there is none.
func FindFinding(r *analyze.Result, what string) *judge.Finding {
	const least = 6 // digits of a fingerprint: fewer are a finding's id mistyped
	var found *judge.Finding
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.ID == what {
			return f
		}
		if len(what) >= least && strings.HasPrefix(f.Fingerprint, what) {
			if found != nil {
				return nil
			}
			found = f
		}
	}
	return found
}
