package report

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"phonehome/analyze"
	"phonehome/analyze/disclosure"
	"phonehome/analyze/judge"
)

func table(t *testing.T, r *analyze.Result, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := writeTable(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (- golden, + got):\n%s", path, cmp.Diff(string(want), got))
	}
}

func TestTable(t *testing.T) {
	empty := sample()
	outside := sample()
	outside.Coverage.Direction.OutsideOutside = 1000
	outside.Coverage.ProposeInternal = []string{"198.51.100.0/24", "192.0.2.0/24"}
	mostlyOutside := office()
	mostlyOutside.Coverage.Direction.OutsideOutside = 1 << 30
	for _, c := range []struct {
		name string
		r    *analyze.Result
		o    Options
	}{
		{"vendor", office(), Options{By: "vendor", Limit: 20}},
		{"vendor-100-columns", office(), Options{By: "vendor", Limit: 20, Width: 100}},
		{"vendor-wide", office(), Options{By: "vendor", Limit: 20, Width: 100, Wide: true}},
		{"vendor-limit", office(), Options{By: "vendor", Limit: 2}},
		{"vendor-color", office(), Options{By: "vendor", Limit: 2, Color: true}},
		{"destination", office(), Options{By: "destination", Limit: 20, Width: 100}},
		{"client", office(), Options{By: "client", Limit: 20, Width: 100}},
		{"country", office(), Options{By: "country", Limit: 20, Width: 100}},
		{"saved", office(), Options{By: "vendor", Limit: 1, Saved: "my result.json"}},
		{"empty", empty, Options{}},
		{"outside-only", outside, Options{}},
		{"mostly-outside", mostlyOutside, Options{Limit: 1}},
		{"hostile", hostile(), Options{By: "destination", Width: 100}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := table(t, c.r, c.o)
			golden(t, c.name+".txt", got)
			if c.o.Width > 0 && !c.o.Wide {
				fits(t, got, c.o.Width)
			}
		})
	}
}

// fits wants the rows of a table, which are all of several columns, to fit the screen. Sentences are wrapped by the terminal.
func fits(t *testing.T, text string, columns int) {
	t.Helper()
	_, rows, _ := strings.Cut(text, "\n\n")
	rows, _, _ = strings.Cut(rows, "\n\n")
	for line := range strings.Lines(rows) {
		if w := width.StringWidth(strings.TrimSuffix(line, "\n")); w > columns {
			t.Errorf("%d columns, want at most %d: %s", w, columns, line)
		}
	}
}

// hostile is a result whose every text that a capture can choose is an attack.
func hostile() *analyze.Result {
	const attack = "a\x1b[2J\x1b]0;t\x07\r\n\u202eb\u200b\xff,=cmd"
	d := destination("10.0.0.5", attack, attack, "registrable-domain", 10)
	d.ClientLabel, d.Purpose, d.Product, d.Hoster, d.Protocol, d.NameSource, d.Transport = attack, attack, attack, attack, attack, attack, attack
	d.OtherNames = []judge.OtherName{{Name: attack, Source: attack}}
	d.Servers[0].Country, d.Servers[0].Network = attack, attack
	r := sample(d)
	r.Coverage.CannotSee = []string{attack + " is cut short"}
	r.Settings.Command = "phonehome scan '" + attack + "'"
	r.Captures[0].Path = attack
	return r
}

// TestHostile looks for what must not reach a terminal in every table and in JSON.
func TestHostile(t *testing.T) {
	r := hostile()
	for _, by := range By() {
		for _, o := range []Options{{By: by}, {By: by, Wide: true}, {By: by, Width: 80}, {By: by, Saved: "x\x1b[2J"}} {
			safe(t, fmt.Sprintf("%+v", o), table(t, r, o))
		}
	}
	var b bytes.Buffer
	if err := writeJSON(&b, r, Options{}); err != nil {
		t.Fatal(err)
	}
	safe(t, "json", b.String())
}

func safe(t *testing.T, what, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s: no UTF-8", what)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && dangerous(r) }); i >= 0 {
		t.Errorf("%s: %q", what, text[i:])
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") && what != "github" {
			t.Errorf("%s: the line %q is a command", what, line)
		}
	}
}

// TestOneVendorOneRow: fifty end points of one vendor and three thousand clients are one row.
func TestOneVendorOneRow(t *testing.T) {
	const endPoints, clients = 50, 3000
	var ds []*judge.Destination
	for c := range clients {
		client := fmt.Sprintf("10.0.%d.%d", c>>8, c&255)
		ds = append(ds, destination(client, fmt.Sprintf("ts%02d.examplesec.net", c%endPoints), "ExampleSec", "catalogue", 1000))
	}
	r := sample(ds...)
	shown, hidden, _ := groups(r, rowsBy(byVendor, r), 20)
	if len(shown) != 1 || hidden != 0 {
		t.Fatalf("%d rows, want 1", len(shown)+hidden)
	}
	if g := shown[0]; len(g.clients) != clients || len(g.names) != endPoints || g.out != clients*1000 {
		t.Errorf("%d clients, %d names, %d bytes", len(g.clients), len(g.names), g.out)
	}
}

// TestNetworkOwnerIsNoVendor: the owner of an address's network never stands as the recipient.
func TestNetworkOwnerIsNoVendor(t *testing.T) {
	r := sample(unnamed("10.0.0.40", "198.51.100.77", 1800))
	if got := table(t, r, Options{}); strings.Contains(got, "Telecom") || !strings.Contains(got, "unknown") || !strings.Contains(got, "198.51.100.77") {
		t.Errorf("table:\n%s", got)
	}
	if got := table(t, r, Options{Wide: true}); !strings.Contains(got, "Network owner") || !strings.Contains(got, "Telecom Backbone") {
		t.Errorf("wide table:\n%s", got)
	}
}

// TestUnknownState: a saved result may have a state of a later version. It counts as the weakest, and breaks nothing.
func TestUnknownState(t *testing.T) {
	later, sent := destination("10.0.0.5", "a.example.org", "example.org", "registrable-domain", 0), destination("10.0.0.6", "b.example.org", "example.org", "registrable-domain", 1000)
	later.Course = &judge.Course{State: "teleported", OpenedBy: "client"}
	for want, r := range map[judge.State]*analyze.Result{"": sample(later), judge.Transferred: sample(later, sent)} {
		shown, _, _ := groups(r, rowsBy(byVendor, r), 0)
		if len(shown) != 1 || shown[0].state != want {
			t.Errorf("%d rows, state %q; want 1, %q", len(shown), shown[0].state, want)
		}
	}
}

// TestSumsOnce: bytes that stand on a proxy's outer leg too are summed once.
func TestSumsOnce(t *testing.T) {
	outer := destination("10.0.0.80", "a.example.org", "example.org", "registrable-domain", 1000)
	inner := destination("10.0.0.5", "a.example.org", "example.org", "registrable-domain", 1000)
	inner.Via, inner.Notes = "10.0.0.80:3128", []string{"the proxy's own connection to this name is in the capture too: its bytes are summed there"}
	if !inner.CountedElsewhere() {
		t.Fatal("the note is not the one that marks such a destination")
	}
	r := sample(outer, inner)
	shown, _, _ := groups(r, rowsBy(byVendor, r), 0)
	if len(shown) != 1 || shown[0].out != 1000 {
		t.Errorf("%d bytes out, want 1000", shown[0].out)
	}
}

// TestNextIsNoTrap: a name that a capture made up is not put into a command that people paste.
func TestNextIsNoTrap(t *testing.T) {
	for _, vendor := range []string{"$(reboot).example", "a;b", "a`b`", "--help", "a\nb", "\u202e", "'"} {
		d := destination("10.0.0.5", "x", vendor, "registrable-domain", 10)
		if got := next(sample(d), Options{}); strings.Contains(got, "--only") {
			t.Errorf("vendor %q: %s", vendor, got)
		}
	}
}

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		part, whole uint64
		want        string
	}{{1, 1, "100%"}, {99_999, 100_000, "99.9%"}, {1, 1_000_000, "under 0.1%"}, {1, 3, "33.3%"}, {0, 3, "0%"}} {
		if got := percent(c.part, c.whole); got != c.want {
			t.Errorf("percent(%d, %d) = %s, want %s", c.part, c.whole, got, c.want)
		}
	}
}

func BenchmarkTable(b *testing.B) {
	r := manyDestinations(100_000)
	b.ReportAllocs()
	for b.Loop() {
		if err := writeTable(&bytes.Buffer{}, r, Options{Limit: 20}); err != nil {
			b.Fatal(err)
		}
	}
}

// Numbers stand before people who decide: none as a power of ten where it need not be.
func TestNumberText(t *testing.T) {
	for v, want := range map[float64]string{1: "1", 300000433: "300,000,433", 1800.28: "1,800.2", 47.974: "48", 0.001: "0.001", 6.772384466055336e-199: "6.77e-199"} {
		if got := numberText(v); got != want {
			t.Errorf("%v: %s, not %s", v, got, want)
		}
	}
}

// A tab is called by the case, and not twice by what the page is.
func TestPageTitle(t *testing.T) {
	for title, want := range map[string]string{"": "Outbound transfers", "Cameras": "Cameras: outbound transfers"} {
		r := &analyze.Result{}
		r.Case.Title = title
		if got := (&htmlPage{r: r}).PageTitle(); got != want {
			t.Errorf("%q: %s, not %s", title, got, want)
		}
	}
}

// A verdict that is called by what was broken is not to be read as a count of it.
func TestVerdictInLine(t *testing.T) {
	for _, v := range []disclosure.Verdict{disclosure.Country, disclosure.Host, disclosure.Port} {
		if got := verdictInLine(v); got == string(v) || got == "" {
			t.Errorf("%s is shown as %q", v, got)
		}
	}
	if got := verdictInLine(disclosure.Undisclosed); got != "undisclosed" {
		t.Errorf("undisclosed is shown as %q", got)
	}
}
