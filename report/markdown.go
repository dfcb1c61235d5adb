package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"phonehome/analyze"
	"phonehome/analyze/judge"
)

// maxMarkdown bounds the page, in bytes: GitHub takes comments of 65,536 characters.
const maxMarkdown = 60_000

// writeMarkdown writes the comment of a pull request.
func writeMarkdown(w io.Writer, r *analyze.Result, _ Options) error {
	return markdownPage(w, r, maxMarkdown)
}

// markdownPage writes a page of at most some bytes: the verdict, what could not be seen and what the settings leave out always, then findings, the gravest first, and recipients
// as they fit.
func markdownPage(w io.Writer, r *analyze.Result, most int) error {
	m := &markdown{r: r, most: most}
	m.head()
	tail := m.tail()
	m.most -= len(tail) + 2*noticeRoom
	m.findings()
	m.recipients()
	m.b.WriteString(tail)
	_, err := w.Write(m.b.Bytes())
	return err
}

// markdown is a page in the making.
type markdown struct {
	r    *analyze.Result
	most int
	b    bytes.Buffer
}

// head is the answer. It is made of numbers and words of ours, and short.
func (m *markdown) head() {
	t := countTotals(m.r, rowsBy(byVendor, m.r))
	m.b.WriteString("## " + markdownText(t.verdict()) + "\n\n")
	for _, s := range t.remarks(m.r) {
		m.b.WriteString(markdownText(s) + "\n")
	}
	m.b.WriteString(markdownText(readLine(m.r)) + "\n")
	if len(m.r.Exit.Reasons) > 0 {
		fmt.Fprintf(&m.b, "\n**Exit %d**: %s\n", m.r.Exit.Code, clipped(markdownText(strings.Join(slices.Concat(m.r.Exit.Reasons, m.r.Exit.Also), "; "))))
	}
}

// maxLine bounds a line of text that a capture may have lengthened, in bytes.
const maxLine = 2000

// clipped cuts a line that is too long, and says so.
func clipped(s string) string {
	if len(s) <= maxLine {
		return s
	}
	end := maxLine
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + " …"
}

// noticeRoom is kept for each line that says how much was left out, in bytes.
const noticeRoom = 64

// fits adds a part if it leaves room for the end.
func (m *markdown) fits(part string) bool {
	if m.b.Len()+len(part) > m.most {
		return false
	}
	m.b.WriteString(part)
	return true
}

// findings lists the open findings in a table, then what each rests on.
func (m *markdown) findings() {
	var open []*judge.Finding
	for i := range m.r.Findings {
		if f := &m.r.Findings[i]; f.Status == judge.Open {
			open = append(open, f)
		}
	}
	if len(open) == 0 {
		return
	}
	m.fits("\n### Findings\n\n| severity | what | rule | id |\n|---|---|---|---|\n")
	const share = 2 // of the room, for the table: the details of the first are worth more than the rows of the last
	room := m.most
	m.most = m.b.Len() + (m.most-m.b.Len())/share
	for i, f := range open {
		if !m.fits(fmt.Sprintf("| %s | %s | `%s` | %s |\n", f.Severity, markdownText(clipped(f.Title)), f.Rule, f.ID)) {
			fmt.Fprintf(&m.b, "\n%s left out here.\n", judge.Plural(len(open)-i, "finding", "findings"))
			break
		}
	}
	m.most = room
	for _, f := range open {
		if !m.fits(detailOf(f)) {
			return
		}
	}
}

// detailOf is what a finding rests on, folded.
func detailOf(f *judge.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n<details><summary>%s: facts, inference, what is not known</summary>\n\n", f.ID)
	for _, part := range []struct {
		head  string
		lines []string
	}{{"Facts", sentences(f.Facts)}, {"Inference", []string{f.Inference}}, {"Not known", f.Unknown}} {
		b.WriteString("**" + part.head + "**\n\n")
		for _, s := range part.lines {
			b.WriteString("- " + markdownText(clipped(s)) + "\n")
		}
		b.WriteByte('\n')
	}
	if f.FilterAll != "" {
		b.WriteString("Display filter: " + markdownCode(clipped(f.FilterAll)) + "\n\n")
	}
	b.WriteString("</details>\n")
	return b.String()
}

// recipients is the table by vendor.
func (m *markdown) recipients() {
	if len(m.r.Destinations) == 0 {
		return
	}
	shown, _, _ := groups(m.r, rowsBy(byVendor, m.r), 0)
	if !m.fits("\n### Recipients\n\n| vendor | names | clients | countries | out | in | first to last (UTC) |\n|---|---|--:|---|--:|--:|---|\n") {
		return
	}
	for i, g := range shown {
		if !m.fits(recipientRow(g)) {
			fmt.Fprintf(&m.b, "\n%s left out here.\n", judge.Plural(len(shown)-i, "recipient", "recipients"))
			return
		}
	}
}

func recipientRow(g *group) string {
	const layout = "2006-01-02 15:04"
	cells := []string{markdownText(strings.Join(g.vendors.sorted(), ", ")), codes(g.names), humanize.Comma(int64(len(g.clients))), codes(g.places), humanize.Bytes(g.out), humanize.Bytes(g.in),
		g.first.Time().Format(layout) + " to " + g.last.Time().Format(layout)}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// codes are the heaviest of a tally, as code.
func codes(t tally) string {
	const most, longest = 3, 253 // a host name has no more octets (RFC 1035, section 2.3.4)
	all := t.sorted()
	var out []string
	for _, s := range all[:min(len(all), most)] {
		if len(s) > longest {
			s = s[:longest] + "…"
		}
		out = append(out, markdownCode(s))
	}
	if len(all) > most {
		out = append(out, more(len(all)-most))
	}
	return strings.Join(out, ", ")
}

// tail is what stands on every page, whatever is left out above it.
func (m *markdown) tail() string {
	var b strings.Builder
	m.list(&b, "What could not be seen", m.r.Coverage.CannotSee)
	m.list(&b, "What does not count", append(statusLines(m.r), settingsRemarks(m.r)...))
	if m.r.Settings.Command != "" {
		b.WriteString("\n" + markdownCode(clipped(m.r.Settings.Command)) + "\n")
	}
	return b.String()
}

// listRoom bounds a list that stands on every page, in bytes: two of them, and what is around them, leave room for findings.
const listRoom = 15_000

// list writes a heading and lines. They are cut as they are written: an escape takes five times the room of what it stands for.
func (m *markdown) list(b *strings.Builder, head string, lines []string) {
	const most = 20
	if len(lines) == 0 {
		return
	}
	end := b.Len() + listRoom
	b.WriteString("\n### " + head + "\n\n")
	for i, s := range lines {
		line := "- " + clipped(markdownText(s)) + "\n"
		if i == most || b.Len()+len(line) > end {
			b.WriteString("- " + more(len(lines)-i) + "\n")
			return
		}
		b.WriteString(line)
	}
}
