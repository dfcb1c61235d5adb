// Package docs holds the documentation to the program: what exists is documented, and nothing else.
package docs

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"phonehome/analyze"
	"phonehome/analyze/disclosure"
	"phonehome/analyze/hostname"
	"phonehome/analyze/judge"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// section is the text below a heading.
func section(t *testing.T, path, heading string) string {
	t.Helper()
	_, text, ok := strings.Cut(read(t, path), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("%s has no section %q", path, heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// firstCells are the words in code quotes in the first cells of the tables of a text.
func firstCells(text string) (out []string) {
	for line := range strings.Lines(text) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[1], -1) {
				out = append(out, m[1])
			}
		}
	}
	return out
}

// sameSet wants what exists to be documented, and what is documented to exist.
func sameSet(t *testing.T, what string, exist, documented []string) {
	t.Helper()
	for _, x := range exist {
		if !slices.Contains(documented, x) {
			t.Errorf("%s %q is not documented", what, x)
		}
	}
	for _, x := range documented {
		if !slices.Contains(exist, x) {
			t.Errorf("%s %q is documented and does not exist", what, x)
		}
	}
}

// sources parses the Go files of a folder that are no tests.
func sources(t *testing.T, folder string) (out []*ast.File) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no sources in %s: %v", folder, err)
	}
	for _, p := range paths {
		if strings.HasSuffix(p, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

// text is the value of a string literal.
func text(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
}

// kinds are the constants of type Kind in package hostname.
func kinds(t *testing.T) (out []string) {
	for _, f := range sources(t, "../analyze/hostname") {
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if id, ok := v.Type.(*ast.Ident); ok && id.Name == "Kind" {
				for _, x := range v.Values {
					if s, ok := text(x); ok {
						out = append(out, s)
					}
				}
			}
			return true
		})
	}
	return out
}

func TestNameKinds(t *testing.T) {
	exist := kinds(t)
	if !slices.Contains(exist, string(hostname.TLSSNI)) {
		t.Fatal("the kinds were not found in the sources")
	}
	sameSet(t, "name kind", exist, firstCells(section(t, "facts.md", "Name rows")))
}

// protocols are the names in the slices of protocols in namers.go.
func protocols(t *testing.T) (out []string) {
	for _, f := range sources(t, "../analyze/hostname") {
		ast.Inspect(f, func(n ast.Node) bool {
			l, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			a, ok := l.Type.(*ast.ArrayType)
			if !ok {
				return true
			}
			if id, ok := a.Elt.(*ast.Ident); !ok || id.Name != "datagramProtocol" && id.Name != "streamProtocol" {
				return true
			}
			for _, e := range l.Elts {
				if row, ok := e.(*ast.CompositeLit); ok && len(row.Elts) > 0 {
					if s, ok := text(row.Elts[0]); ok && !slices.Contains(out, s) {
						out = append(out, s)
					}
				}
			}
			return false
		})
	}
	slices.Sort(out)
	return out
}

func TestProtocols(t *testing.T) {
	var documented []string
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(section(t, "facts.md", "Protocols"), -1) {
		documented = append(documented, m[1])
	}
	exist := protocols(t)
	if !slices.Contains(exist, "tls") {
		t.Fatal("the protocols were not found in the sources")
	}
	sameSet(t, "protocol", exist, documented)
}

// captureFormat is how the sources of capture write the name of a format.
var captureFormat = regexp.MustCompile(`"(pcap[a-z-]*|snoop|erf|btsnoop)"`)

func TestCaptureFormats(t *testing.T) {
	exist := stringsIn(t, "../analyze/capture", captureFormat)
	if len(exist) < 4 {
		t.Fatal("the formats were not found in the sources")
	}
	var documented []string
	for line := range strings.Lines(section(t, "facts.md", "Capture rows")) {
		if rest, ok := strings.CutPrefix(line, "Formats of captures: "); ok {
			for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(rest, -1) {
				documented = append(documented, m[1])
			}
		}
	}
	sameSet(t, "capture format", exist, documented)
}

var comment = regexp.MustCompile(`//.*`)

// stringsIn are the groups of what matches in the sources of a folder, comments left out.
func stringsIn(t *testing.T, folder string, pattern *regexp.Regexp) (out []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		if strings.HasSuffix(p, "_test.go") {
			continue
		}
		for _, m := range pattern.FindAllStringSubmatch(comment.ReplaceAllString(read(t, p), ""), -1) {
			for _, s := range m[1:] {
				if s != "" && !slices.Contains(out, s) {
					out = append(out, s)
				}
			}
		}
	}
	return out
}

// TestLimits holds the table of limits against the limits of a scan: each of them, with its value.
func TestLimits(t *testing.T) {
	page := read(t, "limits.md")
	l := analyze.DefaultLimits()
	n := 0
	for _, stage := range []struct {
		name   string
		limits any
	}{{"packet", l.Packet}, {"flow", l.Flow}, {"hostname", l.Hostname}} {
		v := reflect.ValueOf(stage.limits)
		for i := range v.NumField() {
			n++
			row := fmt.Sprintf("\n| %s.%s | %v | ", stage.name, v.Type().Field(i).Name, v.Field(i).Interface())
			if !strings.Contains(page, row) {
				t.Errorf("limits.md has no row %q", row)
			}
		}
	}
	if rows := len(regexp.MustCompile(`(?m)^\| (packet|flow|hostname)\.`).FindAllString(page, -1)); rows != n {
		t.Errorf("limits.md has %d limits, the program %d", rows, n)
	}
}

// limitName is how the sources write the name under which a limit is counted.
var limitName = regexp.MustCompile(`(?i)(?:limits|limitsHit|hit|hits|sum)\["([a-z-]+)"\]|limit[A-Z][A-Za-z]*\s*=\s*"([a-z-]+)"`)

func TestLimitNames(t *testing.T) {
	page := read(t, "limits.md")
	var exist []string
	for _, folder := range []string{"capture", "packet", "flow", "hostname", "judge", "."} {
		exist = append(exist, stringsIn(t, filepath.Join("../analyze", folder), limitName)...)
	}
	if len(exist) < 10 {
		t.Fatalf("only %v were found in the sources", exist)
	}
	for _, x := range exist {
		if !strings.Contains(page, "| "+x+" |") {
			t.Errorf("limit %q is not documented", x)
		}
	}
	for _, m := range regexp.MustCompile(`\| ([a-z]+-[a-z-]+) \|`).FindAllStringSubmatch(page, -1) {
		if !slices.Contains(exist, m[1]) {
			t.Errorf("limit %q is documented and does not exist", m[1])
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)#]*)(#[^)]*)?\)`)

// TestLinks: links between pages lead somewhere.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	decisions, err := filepath.Glob("decisions/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(append(pages, decisions...), "../README.md") {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			if strings.Contains(m[1], "://") || m[1] == "" {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: link to %s: %v", page, m[1], err)
			}
		}
	}
}

var update = flag.Bool("update", false, "rewrite the pages that are made from the program")

// rulesHead begins the page of rules.
const rulesHead = `# Rules

Each rule makes one finding of a recipient: the vendor, or the registrable domain where no vendor is known, or the network where nothing names it. ` + "`phonehome explain RULE`" + ` prints a section of
this page; ` + "`--rules RULE=off`" + ` switches a rule off, and ` + "`--rules RULE=low`" + ` gives its findings another severity: the report says so. Facts, inference and what is not known stand apart in a finding.
A severity says how soon a person should look, and nothing of intent. Sizes are decimal.

`

// TestRulesPage: the page of rules is what the rules say of themselves. `go test ./docs -update` rewrites it.
func TestRulesPage(t *testing.T) {
	var b strings.Builder
	b.WriteString(rulesHead)
	for i, r := range judge.Rules() {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(r.Text())
	}
	if *update {
		if err := os.WriteFile("rules.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, "rules.md") != b.String() {
		t.Error("rules.md is not what the rules say: go test ./docs -update")
	}
}

// TestRegisterPage: the page lists every verdict, key and word of a register, and no other.
func TestRegisterPage(t *testing.T) {
	var verdicts []string
	for _, v := range disclosure.Verdicts() {
		verdicts = append(verdicts, string(v))
	}
	sameSet(t, "verdict", verdicts, firstCells(section(t, "register.md", "Verdicts")))
	sameSet(t, "key of an entry", disclosure.EntryKeys(), firstCells(section(t, "register.md", "Entries")))
	for _, w := range slices.Concat(disclosure.Purposes(), disclosure.Kinds()) {
		if !strings.Contains(section(t, "register.md", "Entries"), "`"+w+"`") {
			t.Errorf("word %q of an entry is not documented", w)
		}
	}
}
