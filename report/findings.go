package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/fatih/color"

	"phonehome/analyze"
	"phonehome/analyze/judge"
)

// severityColors are the colours of severities, whose words say the same.
var severityColors = map[judge.Severity][]color.Attribute{
	judge.Critical: {color.Bold, color.FgRed}, judge.High: {color.FgRed}, judge.Medium: {color.FgYellow}, judge.Low: {color.Faint},
}

// findings lists the open findings, the gravest first, and counts what is not shown.
func (p *page) findings() {
	var shown []*judge.Finding
	var hidden, lighter, suppressed, known int
	for i := range p.r.Findings {
		switch f := &p.r.Findings[i]; {
		case f.Status == judge.Suppressed:
			suppressed++
		case f.Status == judge.Baselined:
			known++
		case f.Severity < p.o.Severity:
			lighter++
		case p.o.Limit > 0 && len(shown) == p.o.Limit:
			hidden++
		default:
			shown = append(shown, f)
		}
	}
	stale := staleSuppressions(p.r)
	if len(p.r.Findings)+len(stale)+len(p.r.Settings.Rules) == 0 {
		return
	}
	p.line("")
	p.line(p.style(color.Bold).Sprint("Findings"))
	for _, f := range shown {
		word := p.style(severityColors[f.Severity]...).Sprintf("%-8s", f.Severity)
		p.wrapped(word+" ", Terminal(f.Title)+" ["+f.Rule+", "+f.ID+"]")
	}
	for _, n := range []struct {
		count int
		text  string
	}{{hidden, "more: --limit 0 shows all"}, {lighter, "below " + p.o.Severity.String() + " are not shown"}, {suppressed, "suppressed"}, {known, "known from the baseline"}} {
		if n.count > 0 {
			p.line(fmt.Sprintf("         %s %s", humanize.Comma(int64(n.count)), n.text))
		}
	}
	for _, s := range stale {
		p.wrapped("         ", Terminal(s))
	}
	for _, s := range p.r.Settings.Rules {
		p.wrapped("         ", "the settings have rule "+s.Rule+" as "+s.Set)
	}
}

// staleSuppressions says which suppressions no longer do what they were written for.
func staleSuppressions(r *analyze.Result) (out []string) {
	for i := range r.Suppressions {
		switch s := &r.Suppressions[i]; {
		case s.Expired && s.Used > 0:
			out = append(out, fmt.Sprintf("the suppression at %s:%d expired on %s: %s open again", s.File, s.Line, s.Expires, judge.Plural(s.Used, "finding is", "findings are")))
		case s.Expired:
			out = append(out, fmt.Sprintf("the suppression at %s:%d expired on %s, and covers nothing", s.File, s.Line, s.Expires))
		case s.Used == 0:
			out = append(out, fmt.Sprintf("the suppression at %s:%d covers nothing", s.File, s.Line))
		}
	}
	return out
}

// textWidth is where lines of text are broken, in columns.
const textWidth = 100

// wrapped writes text behind a head of nine columns, broken between words.
func (p *page) wrapped(head, text string) {
	const indent = 9
	at := indent
	line := head
	for i, word := range strings.Fields(text) {
		if i > 0 && at+1+len(word) > textWidth && p.o.Width > 0 {
			p.line(line)
			line, at = strings.Repeat(" ", indent), indent
			word = Terminal(word) // it begins a line now
		} else if i > 0 {
			line += " "
			at++
		}
		line += word
		at += len(word)
	}
	p.line(line)
}

// sentences ends each fact with a full stop: the register's reasons, which go on from a verdict elsewhere, are facts without one, and would run into what follows.
func sentences(facts []string) []string {
	out := slices.Clone(facts)
	for i, s := range out {
		if !strings.HasSuffix(s, ".") {
			out[i] += "."
		}
	}
	return out
}
