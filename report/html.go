package report

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"phonehome/analyze"
	"phonehome/analyze/judge"
)

// htmlFiles are the page's templates and its style.
//
//go:embed html/*.tmpl html/style.css
var htmlFiles embed.FS

// AnnexGDPR is the annex with the headings of Art. 33(3) GDPR.
const AnnexGDPR = "gdpr"

// Annexes are the values of Options.Annex that add one.
func Annexes() []string { return []string{AnnexGDPR} }

// writeHTML writes the page that people read and hand over: one file, no script, nothing from outside.
func writeHTML(w io.Writer, r *analyze.Result, o Options) error {
	const buffer = 256 << 10
	t, err := template.ParseFS(htmlFiles, "html/*.tmpl")
	if err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	style, err := htmlFiles.ReadFile("html/style.css")
	if err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	b := bufio.NewWriterSize(w, buffer)
	if err := t.ExecuteTemplate(b, "page", newHTMLPage(r, o, style)); err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	return b.Flush()
}

// htmlPage is the result as the templates read it: each section is a method. Texts are made visible here, and escaped by html/template.
type htmlPage struct {
	r          *analyze.Result
	at         *indexed
	found      map[judge.DestinationID][]*judge.Finding // by destination
	recipients *rows
	totals     totals
	order      map[string]int // of findings
	spans      []stretch      // that captures cover
	from, to   time.Time      // of all captures
	sums       []*recipientSum
	listed     map[judge.DestinationID]bool // destinations that have a row in the table of all
	rules      map[string]judge.Rule
	Style      template.CSS
	Annex      bool
}

func newHTMLPage(r *analyze.Result, o Options, style []byte) *htmlPage {
	p := &htmlPage{r: r, at: index(r), found: map[judge.DestinationID][]*judge.Finding{}, rules: map[string]judge.Rule{}, listed: map[judge.DestinationID]bool{}, order: map[string]int{}, recipients: rowsBy(byVendor, r), Style: template.CSS(style), Annex: o.Annex == AnnexGDPR}
	p.totals = countTotals(r, p.recipients)
	for i := range r.Findings {
		f := &r.Findings[i]
		p.order[f.ID] = i
		for _, id := range f.Destinations {
			p.found[id] = append(p.found[id], f)
		}
	}
	for _, rule := range judge.Rules() {
		p.rules[rule.ID] = rule
	}
	p.sums = p.sumUp()
	for i := range r.Destinations[:min(len(r.Destinations), maxDestinationRows)] {
		p.listed[r.Destinations[i].ID] = true
	}
	if p.spans = p.stretches(); len(p.spans) > 0 {
		p.from, p.to = p.spans[0].first, p.spans[len(p.spans)-1].last
	}
	return p
}

// Policy is the page's Content-Security-Policy: nothing is loaded, nothing runs, and the one style is known by its digest.
func (p *htmlPage) Policy() string {
	sum := sha256.Sum256([]byte(p.Style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}

// maxShown bounds a text of others on the page, in bytes: a name has at most 253 (RFC 1035, section 2.3.4), a path a few hundred.
const maxShown = 600

// show is a text as the page shows it: visible, and of bounded length.
func show(s string) string {
	if len(s) > maxShown {
		s = strings.ToValidUTF8(s[:maxShown], "") + " …"
	}
	return visible(s)
}

func shows(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = show(s)
	}
	return out
}

// when is a time in UTC, and beside it in the case's zone.
func (p *htmlPage) when(t time.Time) string { return strings.Join(p.whenLines(t), " ") }

// whenLines is a time in UTC, then in the case's zone.
func (p *htmlPage) whenLines(t time.Time) []string {
	if t.IsZero() {
		return []string{unknown}
	}
	out := []string{t.UTC().Format(time.DateTime) + " UTC"}
	if l, name, ok := p.r.Case.Local(t); ok {
		out = append(out, "("+l.Format(time.DateTime)+" "+show(name)+")")
	}
	return out
}

// between is two times in UTC, and beside them in the case's zone.
func (p *htmlPage) between(a, z time.Time) string { return strings.Join(p.betweenLines(a, z), " ") }

func (p *htmlPage) betweenLines(a, z time.Time) []string {
	out := []string{fromTo(a.UTC(), z.UTC()) + " UTC"}
	l, name, ok := p.r.Case.Local(a)
	if !ok {
		return out
	}
	m, other, _ := p.r.Case.Local(z)
	if other != name {
		name += " and " + other
	}
	return append(out, "("+fromTo(l, m)+" "+show(name)+")")
}

// fromTo is two times of one zone, the second without its day where that is the first's.
func fromTo(a, z time.Time) string {
	from, to := a.Format(time.DateTime), z.Format(time.DateTime)
	switch {
	case from == to:
		return from
	case from[:len(time.DateOnly)] == to[:len(time.DateOnly)]:
		to = to[len(time.DateOnly)+1:]
	}
	return from + " to " + to
}

// pair is a word and what it is.
type pair struct {
	Name string
	Text []string
}

// htmlTable is a table of the page.
type htmlTable struct {
	ID      string
	Caption string
	Columns []htmlColumn
	Rows    [][]htmlCell
	Fold    string // what stands on the fold; "" where the table is open
	More    string // what is left out
	Blank   bool   // the cells are for a pen
}

type htmlColumn struct {
	Title string
	Class string // "n" over numbers, "k" over words that are not broken
}

// htmlCell is lines of text, or links to parts of the page.
type htmlCell struct {
	Label string // of its column, for narrow screens
	Class string
	Lines []string
	Refs  []string
}

// newTable is a table without rows. A title that ends in ">" stands over numbers, one that ends in "=" over words of ours, which are not broken.
func newTable(id, caption string, titles ...string) *htmlTable {
	t := &htmlTable{ID: id, Caption: caption}
	for _, title := range titles {
		c := htmlColumn{Title: strings.TrimRight(title, ">=")}
		switch title[len(c.Title):] {
		case ">":
			c.Class = "n"
		case "=":
			c.Class = "k"
		}
		t.Columns = append(t.Columns, c)
	}
	return t
}

func (t *htmlTable) row(cells ...htmlCell) {
	for i := range cells {
		cells[i].Label = t.Columns[i].Title
		if class := t.Columns[i].Class; class != "" {
			cells[i].Class = class
		}
	}
	t.Rows = append(t.Rows, cells)
}

const (
	openRows = 30  // rows of a table that stands open
	maxRows  = 500 // rows of a table: what is beyond is in the JSON
)

// folded cuts the table at maxRows, and folds it where it is long.
func (t *htmlTable) folded() *htmlTable {
	if n := len(t.Rows); n > openRows {
		t.Fold = t.Caption + ": " + judge.Plural(n, "row", "rows")
		if n > maxRows {
			t.Rows, t.More = t.Rows[:maxRows], more(n-maxRows)+", in the JSON result"
		}
	}
	return t
}

// closed folds the table, whatever its length.
func (t *htmlTable) closed(what string) *htmlTable {
	t.folded()
	t.Fold = what
	return t
}

func td(lines ...string) htmlCell { return htmlCell{Lines: shows(lines)} }

func tdCode(lines ...string) htmlCell { return htmlCell{Lines: shows(lines), Class: "c"} }

func tdRefs(ids []string) htmlCell { return htmlCell{Refs: ids} }
