package report

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"phonehome/analyze"
	"phonehome/analyze/judge"
	"phonehome/fixtures"
)

// attacks are texts that a capture can choose, each meant for another reader: a terminal, an eye, a page, a table, a spreadsheet, a CI log, XML, a file system.
var attacks = []string{
	"\x1b[2J\x1b]0;title\x07", "\x1b]8;;https://attacker.example\x1b\\click\x1b]8;;\x1b\\", "\r\n", "\u202eevil\u2066", "zero\u200bwidth\ufeff", "<script>alert(1)</script>", `"><svg onload=alert(1)>`,
	"a|b", "`code`", "=cmd|'/c calc'!A0", "+1", "-1", "@SUM(1)", "::error file=x::y", "##[error]x", "##vso[task.complete]x", "]]>", "\x00", "\xff\xfe", "../../etc/passwd", "xn--pple-43d.example",
	"[x](https://attacker.example)", "![x](https://attacker.example/x.png)", "@everyone #1 https://attacker.example www.attacker.example", "  ::warning::x", strings.Repeat("word ", 18) + "::warning::x", "{{.}}", "<!--", "\t", "\x7f\x9b", strings.Repeat("a", 64<<10),
}

// attacked is a result in which every text that a capture can choose is each of the attacks in turn.
func attacked() *analyze.Result {
	var ds []*judge.Destination
	for _, a := range attacks {
		d := destination("10.0.0.5", a, a, "registrable-domain", 10)
		d.ClientLabel, d.Tenant, d.Hoster, d.Product, d.Protocol, d.Notes = a, a, a, a, a, []string{a}
		d.OtherNames = []judge.OtherName{{Name: a, Source: "dns"}}
		d.Servers[0].Network = a
		d.Disclosure.Reason = a
		ds = append(ds, d)
	}
	r := sample(ds...)
	for i, a := range attacks {
		f := finding("f"+string(rune('1'+i%9)), "undisclosed-destination", judge.Medium, judge.Open, r, i)
		f.Title, f.Facts, f.Inference, f.Unknown = a, []string{a}, a, []string{a}
		r.Findings = append(r.Findings, f)
		r.Coverage.CannotSee = append(r.Coverage.CannotSee, a+" is cut short")
	}
	r.Captures[0].Path = strings.Join(attacks[:len(attacks)-1], "")
	r.Settings.Command = "phonehome scan '" + r.Captures[0].Path + "'"
	r.Suppressions = []judge.Suppression{{File: attacks[0], Line: 3, Rule: "beacon", Reason: attacks[5], Approver: attacks[6], Expires: "2018-01-01", Expired: true}}
	r.Exit = analyze.Exit{Code: 3, Reasons: []string{r.Captures[0].Path + " is cut"}}
	return r
}

// TestHostileText: whatever the format, no text of a capture reaches a terminal as a command.
func TestHostileText(t *testing.T) {
	r := attacked()
	for _, f := range Formats {
		if f.Live || f.Folder != nil {
			continue
		}
		text := rendered(t, f.Name, r)
		if strings.HasPrefix(f.Name, "csv") {
			text = strings.ReplaceAll(text, "\r\n", "\n")
		}
		safe(t, f.Name, text)
	}
}

// TestHostileExplain: no word of a capture begins a line of it as a command.
func TestHostileExplain(t *testing.T) {
	r := attacked()
	for i := range r.Findings {
		var b bytes.Buffer
		if err := Explain(&b, r, &r.Findings[i]); err != nil {
			t.Fatal(err)
		}
		safe(t, "explain", b.String())
	}
}

// TestHostilePath: what the file of a capture is called reaches no terminal as a command, in facts as in a result; a result that was saved has the same bytes again.
func TestHostilePath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "\u009b31m\u202e\u3164##[error]x\xff.pcap")
	if err := os.WriteFile(path, fixtures.Cases()[0].Make().Files[0].Data, 0o644); err != nil {
		t.Skip("not run: the file system has no such names: ", err)
	}
	o := analyze.DefaultOptions()
	o.AsOf, o.Inputs, o.Facts = "2018-12-01", []string{path}, true
	r, err := analyze.Scan(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"facts", "json"} {
		text := rendered(t, format, r)
		safe(t, format, text)
		if strings.Contains(text, "##") || strings.Contains(text, "\u3164") {
			t.Errorf("%s has the path as it is", format)
		}
	}
	saved, err := analyze.ReadResult(strings.NewReader(rendered(t, "json", r)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rendered(t, "json", r), rendered(t, "json", saved)); diff != "" {
		t.Error(diff)
	}
}

// TestHostileMarkdown: no markup of a capture: what begins with a mark that means something stands behind a backslash, or in code.
func TestHostileMarkdown(t *testing.T) {
	text := rendered(t, "markdown", attacked())
	for _, bad := range []string{"<script", "<svg", "<!--", "](http", "https://", " www.", " @", "\n-1", "\n="} {
		for at := range strings.SplitAfterSeq(text, "\n") {
			if i := strings.Index("\n"+at, bad); i > 0 && ("\n" + at)[i-1] != '\\' && !inCode("\n"+at, i) {
				t.Errorf("%q stands free in %q", bad, at)
			}
		}
	}
}

// inCode says whether what stands at i of a line is between backticks.
func inCode(line string, i int) bool {
	return strings.Count(strings.ReplaceAll(line[:i], "\\`", ""), "`")%2 == 1
}

// TestHostileSheets: no cell is a formula.
func TestHostileSheets(t *testing.T) {
	for _, name := range []string{"csv", "csv-findings", "csv-vendors"} {
		rows, err := csv.NewReader(strings.NewReader(rendered(t, name, attacked()))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "+") || strings.HasPrefix(cell, "-") || strings.HasPrefix(cell, "@") {
					t.Errorf("%s has the cell %q", name, cell)
				}
			}
		}
	}
}
