package report

import (
	"io"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// gap is what lies between two columns.
const gap = 2

// width measures text in columns of a terminal: without regard to the locale, so that the same result looks the same everywhere.
var width = runewidth.Condition{}

// grid is a table of cells that are safe to show.
type grid struct {
	columns []column
	rows    [][][]string // lines of each cell of each row
}

// newGrid lays out the cells of all rows: each line of a cell is escaped, and cut where the screen is too narrow.
func newGrid(columns []column, rows []*group, s span, screen int) *grid {
	g := &grid{columns: columns}
	for _, r := range rows {
		line := make([][]string, len(columns))
		for i, c := range columns {
			line[i] = safeLines(c.cell(r, s))
		}
		g.rows = append(g.rows, line)
	}
	if screen > 0 {
		g.cut(g.fit(screen))
	}
	return g
}

// safeLines escapes the lines of a cell, each for itself: a line break that was captured is shown as one.
func safeLines(lines []string) []string {
	for i := range lines {
		lines[i] = Terminal(lines[i])
	}
	return lines
}

// fit returns the widths that the columns may have on a screen: those that may be cut share what is missing, the widest first.
func (g *grid) fit(screen int) []int {
	widths := make([]int, len(g.columns))
	total := gap * (len(g.columns) - 1)
	for i, c := range g.columns {
		widths[i] = width.StringWidth(c.title)
		for _, r := range g.rows {
			for _, line := range r[i] {
				widths[i] = max(widths[i], width.StringWidth(line))
			}
		}
		total += widths[i]
	}
	for ; total > screen; total-- {
		i := g.roomiest(widths)
		if i < 0 {
			break
		}
		widths[i]--
	}
	return widths
}

// roomiest is the column farthest above its least width, -1 where there is none. A title is never cut.
func (g *grid) roomiest(widths []int) int {
	best, room := -1, 0
	for i, c := range g.columns {
		if spare := widths[i] - max(c.least, width.StringWidth(c.title)); c.least > 0 && spare > room {
			best, room = i, spare
		}
	}
	return best
}

func (g *grid) cut(widths []int) {
	for _, r := range g.rows {
		for i, lines := range r {
			for k := range lines {
				lines[k] = width.Truncate(lines[k], widths[i], "…")
			}
		}
	}
}

// write draws the table: no lines but one under the titles.
func (g *grid) write(w io.Writer) error {
	titles, align := make([]string, len(g.columns)), make(tw.Alignment, len(g.columns))
	for i, c := range g.columns {
		titles[i], align[i] = c.title, tw.AlignLeft
		if c.right {
			align[i] = tw.AlignRight
		}
	}
	apart := slices.Repeat([]tw.Padding{{Right: strings.Repeat(" ", gap), Overwrite: true}}, len(g.columns))
	apart[len(apart)-1].Right = ""
	padding := tw.CellPadding{Global: apart[0], PerColumn: apart}
	wrap := tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off}
	t := tablewriter.NewTable(w,
		tablewriter.WithEastAsian(tw.Off),
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Symbols:  tw.NewSymbols(tw.StyleLight),
			Settings: tw.Settings{Separators: tw.Separators{ShowHeader: tw.On, BetweenColumns: tw.Off, BetweenRows: tw.Off}, Lines: tw.Lines{ShowHeaderLine: tw.On}},
		})),
		tablewriter.WithConfig(tablewriter.Config{
			Header: tw.CellConfig{Formatting: wrap, Padding: padding, Alignment: tw.CellAlignment{PerColumn: align}},
			Row:    tw.CellConfig{Formatting: wrap, Padding: padding, Alignment: tw.CellAlignment{PerColumn: align}},
		}),
	)
	t.Header(titles)
	for _, r := range g.rows {
		cells := make([]string, len(r))
		for i, lines := range r {
			cells[i] = strings.Join(lines, "\n")
		}
		if err := t.Append(cells); err != nil {
			return err
		}
	}
	return t.Render()
}
