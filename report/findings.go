package report

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/fatih/color"

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
	if len(p.r.Findings) == 0 {
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
		} else if i > 0 {
			line += " "
			at++
		}
		line += word
		at += len(word)
	}
	p.line(line)
}
