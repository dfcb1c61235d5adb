package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"phonehome/analyze"
	"phonehome/analyze/disclosure"
	"phonehome/analyze/judge"
)

// rendered is a result in a format of one file.
func rendered(t *testing.T, name string, r *analyze.Result) string {
	t.Helper()
	f, ok := ByName(name)
	if !ok {
		t.Fatalf("no format %s", name)
	}
	var b bytes.Buffer
	if err := f.Write(&b, r, Options{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGoldens are results as each format shows them.
func TestGoldens(t *testing.T) {
	for _, f := range Formats {
		if f.Live || f.Folder != nil || f.Name == "html" { // TestHTMLOutline
			continue
		}
		for _, c := range []struct {
			name string
			r    *analyze.Result
		}{{"busy", busy()}, {"quiet", sample()}} {
			t.Run(f.Name+"/"+c.name, func(t *testing.T) { golden(t, "format-"+f.Name+"-"+c.name, rendered(t, f.Name, c.r)) })
		}
	}
}

func TestCSVIsRead(t *testing.T) {
	for _, name := range []string{"csv", "csv-findings", "csv-vendors"} {
		rows, err := csv.NewReader(strings.NewReader(rendered(t, name, busy()))).ReadAll()
		if err != nil || len(rows) < 2 {
			t.Fatalf("%s: %d rows, %v", name, len(rows), err)
		}
	}
	rows, _ := csv.NewReader(strings.NewReader(rendered(t, "csv", busy()))).ReadAll()
	out := slices.Index(rows[0], "payload_out")
	if len(rows) != 1+len(busy().Destinations) || rows[1][out] != "12345678" {
		t.Errorf("%d rows, payload_out %q", len(rows), rows[1][out])
	}
}

func TestCSVText(t *testing.T) {
	for in, want := range map[string]string{"": "", "a": "a", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\t=1": `\x09=1`, "\r=1": `\x0d=1`, "＝1": "'＝1", "a=1": "a=1", "\x1b[2J": `\x1b[2J`} {
		if got := csvText(in); got != want {
			t.Errorf("csvText(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMarkdownText(t *testing.T) {
	for in, want := range map[string]string{
		"a.b": "a.b", "*a*": `\*a\*`, "<script>": `\<script\>`, "[x](y)": `\[x\](y)`, "- a": `\- a`, "1. a": `1\. a`, "12) a": `12\) a`, "a|b": `a\|b`, "`x`": "\\`x\\`", "@user": `\\x40user`, "#1": `\#1`,
		"https://x.example": `https:\\x2f/x.example`, "www.x.example": `www\\x2ex.example`, "&amp;": `\&amp;`, "a\nb": `a\\x0ab`, "1.5 MB": "1.5 MB", "1.": `1\.`, "v1.5": "v1.5",
	} {
		if got := markdownText(in); got != want {
			t.Errorf("markdownText(%q) = %q, want %q", in, got, want)
		}
	}
	if got := markdownCode("a`b|c\nd"); got != "`a\\x60b\\x7cc\\x0ad`" {
		t.Errorf("markdownCode: %q", got)
	}
}

func TestLogText(t *testing.T) {
	for in, want := range map[string]string{"a": "a", "::error::x": `:\x3aerror:\x3ax`, ":::": `:\x3a:`, "##[group]": `#\x23[group]`, "\n::x": `\x0a:\x3ax`} {
		if got := logText(in); got != want {
			t.Errorf("logText(%q) = %q, want %q", in, got, want)
		}
	}
	if got := commandProperty("a,b:c%\n"); got != `a%2Cb%3Ac%25\x0a` {
		t.Errorf("commandProperty: %q", got)
	}
}

// TestSARIFResults: every result has what code scanning needs of it, and is told from the others.
func TestSARIFResults(t *testing.T) {
	var log sarifLog
	if err := json.Unmarshal([]byte(rendered(t, "sarif", busy())), &log); err != nil {
		t.Fatal(err)
	}
	met := map[string]bool{}
	for _, x := range log.Runs[0].Results {
		p, hash := x.Locations[0].Physical, x.Fingerprints["primaryLocationLineHash"]
		if p == nil || p.Artifact.URI == "" || p.Region.StartLine < 1 || x.Locations[0].Logical[0].Kind != "resource" || hash == "" || met[hash] || x.RuleIndex < 0 {
			t.Errorf("result %+v", x)
		}
		met[hash] = true
	}
	first := log.Runs[0].Results[0]
	if p := first.Locations[0].Physical; p.Artifact.URI != "register.yaml" || p.Region.StartLine != 7 {
		t.Errorf("an expired entry is at %+v, want its line in the register", p)
	}
	if n := len(log.Runs[0].Results); n != 5 {
		t.Errorf("%d results, want one for each destination of each finding", n)
	}
	quiet := rendered(t, "sarif", sample())
	if !strings.Contains(quiet, `"results": []`) {
		t.Error("nothing found is not an empty list of results")
	}
}

// TestAlertsAreStable: what differs between two runs of the same product leaves the digests as they are.
func TestAlertsAreStable(t *testing.T) {
	digests := func(r *analyze.Result) (out []string) {
		for _, a := range alerts(r) {
			out = append(out, a.digest())
		}
		return out
	}
	other := busy()
	for _, d := range other.Destinations {
		d.PayloadOut, d.First, d.Vendor = 7, judge.InstantOf(d.First.Time().AddDate(1, 0, 0)), "Another catalogue's word"
	}
	other.Captures[0].Path, other.Findings[0].Severity = "other.pcap", judge.Low
	if a, b := digests(busy()), digests(other); !slices.Equal(a, b) {
		t.Errorf("digests %v and %v", a, b)
	}
	renamed := busy()
	renamed.Destinations[0].Name = "new.examplesec.net"
	if a, b := digests(busy()), digests(renamed); slices.Equal(a, b) {
		t.Error("a new endpoint of a known vendor has the digests of the old ones")
	}
}

func TestPathURI(t *testing.T) {
	for in, want := range map[string]string{"a b.pcap": "a%20b.pcap", "/x/a.pcap": "file:///x/a.pcap", "c:x": "c%3Ax", "-": "-", "../x#y": "../x%23y", "a\x1b": "a%1B"} {
		got := pathURI(in)
		if _, err := url.Parse(got); err != nil || got != want {
			t.Errorf("pathURI(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
}

// TestJUnitOutcomes: the register's word, the suppressions and the gate decide.
func TestJUnitOutcomes(t *testing.T) {
	outcomes := func(r *analyze.Result) map[string]string {
		var s junitSuites
		if err := xml.Unmarshal([]byte(rendered(t, "junit", r)), &s); err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, c := range s.Suite.Cases {
			switch {
			case c.Failure != nil:
				out[c.Name] = "failure " + c.Failure.Type
			case c.Error != nil:
				out[c.Name] = "error " + c.Error.Type
			case c.Skipped != nil:
				out[c.Name] = "skipped"
			default:
				out[c.Name] = "passed"
			}
		}
		if s.Suite.Tests != len(s.Suite.Cases) || s.Suite.Failures+s.Suite.Errors+s.Suite.Skipped > s.Suite.Tests {
			t.Errorf("counts of %+v", s.Suite)
		}
		return out
	}
	got := outcomes(busy())
	for key, want := range map[string]string{"captures were read and judged": "passed", "examplesec.net sensor-* 443 -": "failure expired", "example.org a 443 -": "passed", "AS64501 - 443 -": "skipped",
		"example.com asked looked-up -": "skipped", "example.com bucket.storage 443 -": "failure undisclosed"} {
		if got[key] != want {
			t.Errorf("%s: %s, want %s (all: %v)", key, got[key], want, got)
		}
	}
	cut := sample()
	cut.Exit = analyze.Exit{Code: 3, Reasons: []string{"cut tail in x.pcap"}}
	if got := outcomes(cut); got["cut tail in x.pcap"] != "error unreadable" || len(got) != 1 {
		t.Errorf("a cut capture: %v", got)
	}
	plain := sample(destination("10.0.0.5", "a.example.org", "example.org", "registrable-domain", 9))
	if got := outcomes(plain); got["example.org a 443 -"] != "passed" {
		t.Errorf("without a register: %v", got)
	}
}

// TestGitHubAnnotations: ten at most, and no line that is a command but those.
func TestGitHubAnnotations(t *testing.T) {
	r := busy()
	for i := range 30 {
		f := r.Findings[0]
		f.ID = fmt.Sprintf("f%d", 10+i)
		r.Findings = append(r.Findings, f)
	}
	text := rendered(t, "github", r)
	commands := 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "::") {
			commands++
		}
	}
	if commands != maxAnnotations+1 || !strings.Contains(text, "23 more findings") {
		t.Errorf("%d annotations:\n%s", commands, text)
	}
	for line := range strings.Lines(rendered(t, "github", attacked())) {
		if strings.Count(line, "::") > 2 || strings.HasPrefix(line, "::") != strings.Contains(line, "::") {
			t.Errorf("line %q", line)
		}
	}
}

func TestGitHubOutputs(t *testing.T) {
	var b bytes.Buffer
	if err := WriteGitHubOutputs(&b, busy()); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		name, number, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !ok || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-") != "" || strings.Trim(number, "0123456789") != "" {
			t.Errorf("line %q", line)
		}
	}
	if !strings.Contains(b.String(), "exit-code=1\n") {
		t.Errorf("outputs %s", b.String())
	}
}

func TestGitLabFingerprints(t *testing.T) {
	var list []codeQuality
	if err := json.Unmarshal([]byte(rendered(t, "gitlab", busy())), &list); err != nil {
		t.Fatal(err)
	}
	met := map[string]bool{}
	for _, q := range list {
		if met[q.Fingerprint] || q.Severity == "" || q.Location.Path == "" || q.Location.Lines.Begin < 1 {
			t.Errorf("issue %+v", q)
		}
		met[q.Fingerprint] = true
	}
	if len(list) != 7 {
		t.Errorf("%d issues, want one for each key of each finding, and the rules that are changed", len(list))
	}
}

// TestBounds: a page has room for what matters, whatever else there is.
func TestBounds(t *testing.T) {
	r := many()
	var b bytes.Buffer
	if err := writeMarkdown(&b, r, Options{}); err != nil {
		t.Fatal(err)
	}
	if b.Len() > maxMarkdown {
		t.Errorf("a comment of %d bytes, want at most %d", b.Len(), maxMarkdown)
	}
	for _, want := range []string{"left out here", "capture.pcap is cut short", "the settings have rule beacon as off"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the comment does not say %q", want)
		}
	}
	b.Reset()
	if err := WriteGitHubSummary(&b, r); err != nil {
		t.Fatal(err)
	}
	if b.Len() > maxSummary {
		t.Errorf("a summary of %d bytes, want at most %d", b.Len(), maxSummary)
	}
}

// TestBoundsOfPaths: whoever made a folder of captures chose their names: they leave room for findings, however long they are as escapes.
func TestBoundsOfPaths(t *testing.T) {
	const paths = 30
	r := many()
	r.Exit.Code = 3
	for range paths {
		path := strings.Repeat("\x1b", maxLine)
		r.Coverage.CannotSee = append(r.Coverage.CannotSee, path+" is cut short.")
		r.Exit.Reasons = append(r.Exit.Reasons, "cut tail in "+path)
		r.Suppressions = append(r.Suppressions, judge.Suppression{File: path, Expires: "2018-01-01", Expired: true})
	}
	var b bytes.Buffer
	if err := writeMarkdown(&b, r, Options{}); err != nil {
		t.Fatal(err)
	}
	if b.Len() > maxMarkdown || !strings.Contains(b.String(), "| severity | what | rule | id |") {
		t.Errorf("a comment of %d bytes, want at most %d, with findings", b.Len(), maxMarkdown)
	}
}

// many is a result of 500 findings and 20,000 destinations.
func many() *analyze.Result {
	const findings, each = 500, 40
	var ds []*judge.Destination
	for i := range findings * each {
		d := destination(fmt.Sprintf("10.0.%d.%d", i/250%250, i%250), fmt.Sprintf("host-%c%c%c.vendor%d.example", 'a'+i%26, 'a'+i/26%26, 'a'+i/676%26, i%findings), fmt.Sprintf("Vendor %d", i%findings), "catalogue", uint64(i))
		d.Disclosure = &disclosure.Judgement{Verdict: disclosure.Undisclosed, Reason: "no entry fits"}
		ds = append(ds, d)
	}
	r := sample(ds...)
	b := busy()
	r.Settings.Rules, r.Suppressions, r.Coverage.CannotSee = b.Settings.Rules, b.Suppressions, b.Coverage.CannotSee
	for i := range findings {
		var of []int
		for k := range each {
			of = append(of, i+k*findings)
		}
		r.Findings = append(r.Findings, finding(fmt.Sprintf("f%d", i+1), "undisclosed-destination", judge.Medium, judge.Open, r, of...))
	}
	return r
}

func BenchmarkAllFormats(b *testing.B) {
	r := many()
	for b.Loop() {
		for _, f := range Formats {
			if f.Write == nil || f.Live {
				continue
			}
			var out bytes.Buffer
			if err := f.Write(&out, r, Options{Limit: 20}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
