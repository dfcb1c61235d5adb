package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"phonehome/analyze"
	"phonehome/analyze/capture"
	"phonehome/analyze/disclosure"
	"phonehome/analyze/judge"
)

// pages is where TestCrowdedPage leaves its page for a browser (.ci/browser).
var pages = flag.String("pages", "", "folder to keep the HTML report of many findings in")

// full is a result of which every part of the page has something to say.
func full() *analyze.Result {
	r := busy()
	r.Case = analyze.CaseFile{Title: "Audit", ID: "2018-17", Analyst: "R. Analyst", Tap: "core switch", ClockOffset: "1.5s", Timezone: "Europe/Berlin",
		Offsets: []analyze.Offset{{From: noon, Seconds: 3600, Name: "CET"}}}
	r.Captures = append(r.Captures, r.Captures[0])
	r.Captures[1].Path, r.Captures[1].First, r.Captures[1].Last = "second.pcap", noon.Add(5*time.Hour), noon.Add(6*time.Hour)
	r.Register[0].Owner, r.Register[0].Reference, r.Register[0].Start = "owner@example.com", "DPA 7", "2018-01-01"
	r.Register = append(r.Register, judge.Observed{ID: "idle", Vendor: "Idle", File: "register.yaml", Line: 20, Status: "approved"},
		judge.Observed{ID: "today", Vendor: "example.org", File: "register.yaml", Line: 30, Status: "approved", End: "2018-11-04", Observed: true})
	r.Clients = []analyze.Client{{IP: netip.MustParseAddr("10.0.0.5"), Labels: []analyze.Label{{Name: "BEN-PC", Basis: "dhcp-host", From: noon, To: noon}}, Role: "workstation", RoleBasis: "register"}}
	for i := range r.Vendors {
		r.Vendors[i].Series = []analyze.Hour{{Hour: noon, PayloadOut: 1000}, {Hour: noon.Add(5 * time.Hour), PayloadOut: 500}}
	}
	r.Findings = append(r.Findings, beacon(r, "f5", 5))
	r.Summary.Destinations = map[string]int{"expired": 2, "disclosed": 1, "undisclosed": 5}
	r.Summary.Bytes = map[string]uint64{"expired": 12_745_678, "disclosed": 5_000, "undisclosed": 54_700}
	r.Settings.Geo.Country = []analyze.Database{{Type: "DBIP-Country-Lite", Built: "2018-11-01", SHA256: "ef", Source: "embedded"}}
	return r
}

// beacon is a finding with a rhythm of ten minutes.
func beacon(r *analyze.Result, id string, of int) judge.Finding {
	f := finding(id, "beacon", judge.Medium, judge.Open, r, of)
	f.Measures = map[string]float64{"period_s": 600, "jitter_s": 2, "events": 12, "expected": 12, "p": 1e-9, "tried": 3, "q": 1e-9}
	f.Rhythm = &judge.Rhythm{StartsTotal: 12, DaysTotal: 1, Days: []judge.RhythmDay{{Day: "2018-11-05", Hours: make([]int, 24)}}}
	for i := range 12 {
		f.Rhythm.Starts = append(f.Rhythm.Starts, noon.Add(time.Duration(i)*10*time.Minute))
		f.Rhythm.Days[0].Hours[12+i/6]++
	}
	return f
}

func parsed(t *testing.T, text string) *html.Node {
	t.Helper()
	n, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func htmlOf(t *testing.T, r *analyze.Result, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := writeHTML(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// elements are those of a name, anywhere below.
func elements(n *html.Node, name string) (out []*html.Node) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == name {
			out = append(out, d)
		}
	}
	return out
}

// textOf is the text below, without style.
func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.Data != "style" {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// outline is what a page says, a line for each heading, paragraph, item and row: for goldens that a person reads.
func outline(n *html.Node) string {
	var b strings.Builder
	marks := map[string]string{"h1": "# ", "h2": "\n## ", "h3": "### ", "h4": "#### ", "p": "", "li": "- ", "dt": "", "dd": "  = ", "tr": "| ", "caption": "", "summary": "> ", "figcaption": "picture: ", "desc": "  shows: ", "pre": ""}
	for d := range n.Descendants() {
		mark, ok := marks[d.Data]
		if d.Type != html.ElementNode || !ok {
			continue
		}
		text := textOf(d)
		if d.Data == "tr" {
			var cells []string
			for c := range d.ChildNodes() {
				if c.Type == html.ElementNode {
					cells = append(cells, textOf(c))
				}
			}
			text = strings.Join(cells, " | ")
		}
		b.WriteString(strings.TrimRight(mark+text, " ") + "\n")
	}
	return b.String()
}

func TestHTMLOutline(t *testing.T) {
	golden(t, "html-full", outline(parsed(t, htmlOf(t, full(), Options{Annex: AnnexGDPR}))))
}

// htmlResults are pages of each kind.
func htmlResults() map[string]*analyze.Result {
	limited := office()
	limited.Settings.Redacted = []string{"clients", "payload"}
	limited.Settings.Only = []string{"vendor=ExampleSec", "name=\u202eevil\x1b"}
	limited.Coverage.Outbound.PayloadBytes = 1 << 40
	return map[string]*analyze.Result{"empty": sample(), "office": office(), "busy": busy(), "full": full(), "hostile": attacked(), "limited": limited, "crowded": crowded(45, 600)}
}

// tags and attributes are all that a page may be made of: none of them runs, loads or sends anything.
var (
	tags = strings.Fields("html head meta title style body a header footer nav main section article div span p h1 h2 h3 h4 ol ul li dl dt dd table caption thead tbody tr th td details summary figure " +
		"figcaption svg desc rect line text code pre br")
	attributes = strings.Fields("lang charset http-equiv content name class id href aria-label aria-labelledby aria-hidden role scope data-label open width height x y x1 x2 y1 y2")
)

// TestHTMLIsClosed: whatever is in the result, the page loads nothing, runs nothing and links nowhere but into itself.
func TestHTMLIsClosed(t *testing.T) {
	for name, r := range htmlResults() {
		text := htmlOf(t, r, Options{Annex: AnnexGDPR})
		safe(t, name, text)
		root := parsed(t, text)
		ids := map[string]int{}
		for d := range root.Descendants() {
			if d.Type != html.ElementNode {
				continue
			}
			if !slices.Contains(tags, d.Data) {
				t.Errorf("%s: element %s", name, d.Data)
			}
			for _, a := range d.Attr {
				if !slices.Contains(attributes, a.Key) || a.Namespace != "" {
					t.Errorf("%s: %s has the attribute %s", name, d.Data, a.Key)
				}
			}
			if id := attribute(d, "id"); id != "" {
				ids[id]++
			}
		}
		for id, n := range ids {
			if n > 1 && name != "hostile" { // whose findings share ids
				t.Errorf("%s: id %s is there %d times", name, id, n)
			}
		}
		for _, a := range elements(root, "a") {
			if to, ok := strings.CutPrefix(attribute(a, "href"), "#"); !ok || ids[to] == 0 {
				t.Errorf("%s: a link to %q", name, attribute(a, "href"))
			}
		}
		closedStyle(t, name, root)
	}
}

// closedStyle: the page's policy knows its one style by the digest, and the style loads nothing.
func closedStyle(t *testing.T, name string, root *html.Node) {
	t.Helper()
	styles := elements(root, "style")
	if len(styles) != 1 {
		t.Fatalf("%s: %d styles", name, len(styles))
	}
	css := styles[0].FirstChild.Data
	sum := sha256.Sum256([]byte(css))
	policy := ""
	for _, m := range elements(root, "meta") {
		if attribute(m, "http-equiv") == "Content-Security-Policy" {
			policy = attribute(m, "content")
		}
	}
	if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) || !strings.HasPrefix(policy, "default-src 'none'; ") {
		t.Errorf("%s: policy %q, want %s", name, policy, want)
	}
	if m := regexp.MustCompile(`(?i)url\(|@import|expression|:\s*//`).FindString(css); m != "" {
		t.Errorf("the style has %s", m)
	}
}

// TestHTMLIsPure: the same bytes each time, and from the saved result.
func TestHTMLIsPure(t *testing.T) {
	for name, r := range htmlResults() {
		first := htmlOf(t, r, Options{})
		if first != htmlOf(t, r, Options{Saved: "result.json", Width: 80, Color: true, Limit: 3, By: byClient}) {
			t.Errorf("%s: the page depends on how it is shown", name)
		}
		if name == "hostile" {
			continue // JSON has no bytes that are no UTF-8: they come back as others
		}
		var saved bytes.Buffer
		if err := writeJSON(&saved, r, Options{}); err != nil {
			t.Fatal(err)
		}
		back, err := analyze.ReadResult(&saved)
		if err != nil {
			t.Fatal(err)
		}
		if first != htmlOf(t, back, Options{}) {
			t.Errorf("%s: the page of the saved result is another", name)
		}
	}
}

// TestHTMLWords: what no report says of anybody, and what each says.
func TestHTMLWords(t *testing.T) {
	for name, r := range htmlResults() {
		plain, annexed := textOf(parsed(t, htmlOf(t, r, Options{}))), textOf(parsed(t, htmlOf(t, r, Options{Annex: AnnexGDPR})))
		if m := regexp.MustCompile(`(?i)malicious|illegal|violat|exfiltrat|breach|stolen`).FindString(plain); m != "" {
			t.Errorf("%s says %q", name, m)
		}
		if !strings.Contains(plain, "not legal advice") {
			t.Errorf("%s does not say that it is no legal advice", name)
		}
		for _, want := range []string{"Art. 33(3)", "(a) Nature", "(b) Data protection officer", "(c) Likely", "(d) Measures", "Blank:"} {
			if !strings.Contains(annexed, want) || strings.Contains(plain, want) {
				t.Errorf("%s: %q belongs in the annex, and there alone", name, want)
			}
		}
	}
	limited := textOf(parsed(t, htmlOf(t, htmlResults()["limited"], Options{})))
	if !strings.Contains(limited, "limited to vendor=ExampleSec and name=\\u202eevil\\x1b") || !strings.Contains(limited, "went to other destinations, which are left out") || !strings.Contains(limited, "Left out: clients and payload.") {
		t.Error("a page of a part does not say what was left out")
	}
}

// TestHTMLPictures: each says what it shows, and has its table.
func TestHTMLPictures(t *testing.T) {
	root := parsed(t, htmlOf(t, full(), Options{}))
	found := 0
	for _, f := range elements(root, "figure") {
		svg := elements(f, "svg")[0]
		title, desc := elements(svg, "title"), elements(svg, "desc")
		if attribute(svg, "role") != "img" || len(title) == 0 || len(desc) != 1 || textOf(desc[0]) == "" || len(elements(f, "table")) != 1 {
			t.Errorf("picture %q lacks text or table", textOf(f))
			continue
		}
		if attribute(svg, "aria-labelledby") != attribute(title[0], "id")+" "+attribute(desc[0], "id") {
			t.Errorf("picture %q is named by %q", textOf(title[0]), attribute(svg, "aria-labelledby"))
		}
		found++
	}
	const want = 5 // by verdict, over time, strip, hours, matrix
	if found != want {
		t.Errorf("%d pictures, want %d", found, want)
	}
	text := textOf(root)
	for _, mark := range []string{"no capture: what was sent then is not known", "last day of today (example.org) was 2018-11-04", "no capture until"} {
		if !strings.Contains(text, mark) {
			t.Errorf("the time line lacks %q", mark)
		}
	}
}

// crowded is a result of many findings and destinations.
func crowded(findings, destinations int) *analyze.Result {
	r := manyDestinations(destinations)
	rules := judge.Rules()
	for i := range findings {
		f := finding(fmt.Sprintf("f%d", i+1), rules[i%len(rules)].ID, judge.Severity(1+i%3), judge.Open, r)
		for k := i; k < destinations; k += findings {
			d := r.Destinations[k]
			f.Destinations, f.Clients, f.Names = append(f.Destinations, d.ID), append(f.Clients, d.Client), append(f.Names, d.Name)
		}
		f.Clients, f.Names = f.Clients[:min(len(f.Clients), 64)], f.Names[:min(len(f.Names), 64)]
		f.Vendor, f.VendorBasis = r.Destinations[i].Vendor, "catalogue"
		for range 64 {
			f.Evidence[0].Frames = append(f.Evidence[0].Frames, f.Evidence[0].Frames[len(f.Evidence[0].Frames)-1]+117)
		}
		if f.Rule == "beacon" {
			b := beacon(r, f.ID, i)
			f.Rhythm, f.Measures = b.Rhythm, b.Measures
		}
		r.Findings = append(r.Findings, f)
	}
	slices.SortStableFunc(r.Findings, func(a, b judge.Finding) int { return int(b.Severity) - int(a.Severity) })
	for i := range r.Vendors {
		for h := range 24 * 14 {
			r.Vendors[i].Series = append(r.Vendors[i].Series, analyze.Hour{Hour: noon.Add(time.Duration(h) * time.Hour), PayloadOut: uint64(1000 + h*i)})
		}
	}
	r.Captures = []capture.Info{r.Captures[0]}
	r.Captures[0].Last = noon.AddDate(0, 0, 14)
	return r
}

// TestCrowdedPage: a page of many findings is of bounded length.
func TestCrowdedPage(t *testing.T) {
	const most = 15 << 20 // bytes that a browser opens within three seconds
	text := htmlOf(t, crowded(500, 20_000), Options{Annex: AnnexGDPR})
	if len(text) > most {
		t.Errorf("%d bytes, want at most %d", len(text), most)
	}
	if *pages != "" {
		if err := os.WriteFile(filepath.Join(*pages, "crowded.html"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRegisterChange: what is proposed is a register that loads, whatever the names are.
func TestRegisterChange(t *testing.T) {
	for name, r := range htmlResults() {
		text := newHTMLPage(r, Options{}, nil).RegisterChange()
		if text == "" {
			continue
		}
		path := filepath.Join(t.TempDir(), "register.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := disclosure.Load([]string{path}); err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}

// TestRulesHaveQuestions: each rule asks a vendor something, and somebody to decide.
func TestRulesHaveQuestions(t *testing.T) {
	for _, r := range judge.Rules() {
		if len(questionsOfRule[r.ID]) == 0 || decisionOfRule[r.ID] == "" {
			t.Errorf("rule %s has no question or decision", r.ID)
		}
		l := letter{r: sample(), findings: []*judge.Finding{}}
		if l.sentence(&judge.Finding{Rule: r.ID}) == "" {
			t.Errorf("letters say nothing of rule %s", r.ID)
		}
	}
}

// shelf is a Folder in memory.
type shelf map[string]string

func (s shelf) File(name string, write func(w io.Writer) error) error {
	var b bytes.Buffer
	err := write(&b)
	s[name] = b.String()
	return err
}

func lettersOf(t *testing.T, r *analyze.Result) shelf {
	t.Helper()
	out := shelf{}
	if err := writeLetters(out, r, Options{}); err != nil {
		t.Fatal(err)
	}
	for name := range out {
		checkName(t, "letter", name)
	}
	return out
}

func TestLetters(t *testing.T) {
	r := full()
	r.Findings[1].Vendor, r.Findings[1].VendorBasis = "example.net", "registrable-domain"
	got := lettersOf(t, r)
	golden(t, "letter-01-examplesec.md", got["letter-01-examplesec.md"])
	if len(got) != 2 || got["letter-02.md"] == "" {
		t.Fatalf("letters %v, want one to each vendor with an open finding", got)
	}
	for name, text := range got {
		for _, other := range []string{"10.0.0.", "BEN-PC", "capture.pcap", "register.yaml", "owner@example.com", "core switch", "Audit", "ExampleCloud", "Hosting Company"} {
			if strings.Contains(text, other) {
				t.Errorf("%s has %q", name, other)
			}
		}
		if strings.Contains(text, "ExampleSec") == strings.Contains(text, "example.net") && name == "letter-02.md" {
			t.Errorf("%s names another vendor", name)
		}
		if !strings.Contains(text, "**2018-12-15**") {
			t.Errorf("%s has no day to answer by", name)
		}
	}
}

// TestHostileLetters: no name of a capture is part of a path, or markup.
func TestHostileLetters(t *testing.T) {
	r := attacked()
	for i := range r.Findings {
		r.Findings[i].VendorBasis = []string{"catalogue", "registrable-domain"}[i%2]
	}
	for name, text := range lettersOf(t, r) {
		if !regexp.MustCompile(`^letter-[0-9]{2,}[a-z0-9-]*\.md$`).MatchString(name) || len(name) > 64 {
			t.Errorf("a file is called %q", name)
		}
		safe(t, name, text)
		for _, bad := range []string{"<script", "<svg", "](http", "https://"} {
			for at := range strings.SplitAfterSeq(text, "\n") {
				if i := strings.Index("\n"+at, bad); i > 0 && ("\n" + at)[i-1] != '\\' && !inCode("\n"+at, i) {
					t.Errorf("%q stands free in %q", bad, at)
				}
			}
		}
	}
}

// TestHTMLZone: the zone of an address, which a saved result may have, can be any text: it is made visible as any other.
func TestHTMLZone(t *testing.T) {
	r := busy()
	hostile := netip.MustParseAddr("fe80::1%\x1b\u202e")
	for _, d := range r.Destinations {
		d.Inside = &judge.Inside{Client: hostile}
	}
	for i := range r.Findings {
		r.Findings[i].Clients, r.Findings[i].Servers = []netip.Addr{hostile}, []netip.Addr{hostile}
	}
	if page := htmlOf(t, r, Options{}); strings.ContainsAny(page, "\x1b\u202e") {
		t.Error("the page has what can't be seen")
	}
}
