package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"

	"phonehome/analyze"
	"phonehome/analyze/judge"
)

// DiffFormat is one way to write a difference.
type DiffFormat struct {
	Name  string
	Write func(w io.Writer, d *analyze.Difference, o Options) error
}

// DiffFormats are the formats of a difference.
var DiffFormats = []DiffFormat{{"table", diffTable}, {"markdown", diffMarkdown}, {"json", func(w io.Writer, d *analyze.Difference, _ Options) error { return Indented(w, d) }}}

// diffPart is one list of a difference.
type diffPart struct {
	title string
	rows  []analyze.Changed
}

func diffParts(d *analyze.Difference) []diffPart {
	return []diffPart{{"New", d.New}, {"Gone", d.Gone}, {"Grown", d.Grown}, {"Changed country", d.Moved}}
}

// diffVerdict is the answer in a line.
func diffVerdict(d *analyze.Difference) string {
	return fmt.Sprintf("%d new, %d gone, %d grown, %d changed country; %s as before.", len(d.New), len(d.Gone), len(d.Grown), len(d.Moved), humanize.Comma(int64(d.Unchanged)))
}

var diffColumns = []column{{title: "Destination", least: 24}, {title: "Vendor", least: 14}, {title: "Clients", right: true}, {title: "Countries", least: 9}, {title: "Out", right: true}}

// diffCells are the cells of a row: what was, and what is, where these differ.
func diffCells(c *analyze.Changed) []string {
	return []string{c.Key, c.Vendor, change(humanize.Comma(int64(c.Old.Clients)), humanize.Comma(int64(c.New.Clients)), c),
		change(strings.Join(c.Old.Countries, " "), strings.Join(c.New.Countries, " "), c), change(humanize.Bytes(c.Old.PayloadOut), humanize.Bytes(c.New.PayloadOut), c)}
}

func change(old, new string, c *analyze.Changed) string {
	switch {
	case c.Old.Destinations == 0, old == new:
		return new
	case c.New.Destinations == 0:
		return old
	}
	return old + " → " + new
}

// diffTable writes a difference for a person at a terminal.
func diffTable(w io.Writer, d *analyze.Difference, o Options) error {
	var b bytes.Buffer
	b.WriteString(diffVerdict(d) + "\n")
	for _, s := range d.Remarks {
		b.WriteString(Terminal(s) + "\n")
	}
	for _, p := range diffParts(d) {
		if len(p.rows) == 0 {
			continue
		}
		b.WriteString("\n" + p.title + "\n")
		if err := diffGrid(p.rows, o).write(&b); err != nil {
			return fmt.Errorf("write table: %w", err)
		}
		if o.Limit > 0 && len(p.rows) > o.Limit {
			b.WriteString(more(len(p.rows)-o.Limit) + ": --limit 0 shows all\n")
		}
	}
	var trimmed bytes.Buffer
	for line := range strings.Lines(b.String()) {
		trimmed.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	_, err := w.Write(trimmed.Bytes())
	return err
}

func diffGrid(rows []analyze.Changed, o Options) *grid {
	if o.Limit > 0 && len(rows) > o.Limit {
		rows = rows[:o.Limit]
	}
	g := &grid{columns: diffColumns}
	for i := range rows {
		var line [][]string
		for _, cell := range diffCells(&rows[i]) {
			line = append(line, []string{Terminal(cell)})
		}
		g.rows = append(g.rows, line)
	}
	if o.Width > 0 {
		g.cut(g.fit(o.Width))
	}
	return g
}

// diffMarkdown writes a difference for the comment of a pull request.
func diffMarkdown(w io.Writer, d *analyze.Difference, _ Options) error {
	var b bytes.Buffer
	b.WriteString("## " + markdownText(diffVerdict(d)) + "\n")
	for _, s := range d.Remarks {
		b.WriteString("\n" + markdownText(s) + "\n")
	}
	for _, p := range diffParts(d) {
		if len(p.rows) == 0 {
			continue
		}
		b.WriteString("\n### " + p.title + "\n\n| destination | vendor | clients | countries | out |\n|---|---|--:|---|--:|\n")
		for i := range p.rows {
			row := diffRow(&p.rows[i])
			if b.Len()+len(row) > maxMarkdown {
				fmt.Fprintf(&b, "\n%s left out here.\n", judge.Plural(len(p.rows)-i, "row", "rows"))
				break
			}
			b.WriteString(row)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

func diffRow(c *analyze.Changed) string {
	cells := diffCells(c)
	cells[0] = markdownCode(clipped(cells[0]))
	for i := 1; i < len(cells); i++ {
		cells[i] = markdownText(clipped(cells[i]))
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}
