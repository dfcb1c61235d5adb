package judge

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const ignoreExample = `# accepted in review
version: 1
suppressions:
  - rule: undisclosed-destination
    vendor: ExampleSec
    destination: example.com
    reason: "trial, ticket 17"
    approver: someone@example.org
    expires: 2026-12-31
  - client: 10.0.0.0/24
    rule: beacon
    reason: >
      monitoring
      of our own
    approver: someone
    expires: "2026-01-01"
`

func mustParse(t *testing.T, text string) []Suppression {
	t.Helper()
	s, err := ParseSuppressions("ignore.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSuppressions(t *testing.T) {
	s := mustParse(t, ignoreExample)
	if len(s) != 2 {
		t.Fatalf("%+v", s)
	}
	a, b := s[0], s[1]
	if a.Line != 4 || a.Vendor != "ExampleSec" || a.Destination != "example.com" || a.Reason != "trial, ticket 17" || a.Expires != "2026-12-31" || a.File != "ignore.yaml" {
		t.Errorf("%+v", a)
	}
	if b.Line != 10 || b.Client != "10.0.0.0/24" || b.Reason != "monitoring of our own" || b.Expires != "2026-01-01" {
		t.Errorf("%+v", b)
	}
	for at, want := range map[string]bool{"2026-12-31T23:59:59Z": false, "2027-01-01T00:00:00Z": true, "2026-12-31T23:00:00-02:00": true} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if a.ExpiredAt(when) != want {
			t.Errorf("expired at %s: %v", at, !want)
		}
	}
}

func entryOf(fields string) string {
	return "version: 1\nsuppressions:\n  - rule: beacon\n    reason: r\n    approver: a\n    expires: 2026-12-31\n" + fields
}

func TestCovers(t *testing.T) {
	addrs := func(text string) (out []netip.Addr) {
		for a := range strings.FieldsSeq(text) {
			out = append(out, netip.MustParseAddr(a))
		}
		return out
	}
	for _, c := range []struct {
		fields, rule, vendor, names, servers, clients string
		want                                          bool
	}{
		{"    vendor: ExampleSec\n", "beacon", "examplesec", "x.example.com", "192.0.2.1", "10.0.0.1", true},
		{"    vendor: ExampleSec\n", "beacon", "", "x.example.com", "", "10.0.0.1", false},
		{"    vendor: ExampleSec\n", "bulk-upload", "ExampleSec", "x.example.com", "", "10.0.0.1", false},
		{"    destination: example.com\n", "beacon", "V", "x.example.com EXAMPLE.com.", "", "10.0.0.1", true},
		{"    destination: example.com\n", "beacon", "V", "x.example.com notexample.com", "", "10.0.0.1", false},
		{"    destination: example.com\n", "beacon", "V", "x.example.com", "192.0.2.1", "10.0.0.1", false},
		{"    destination: example.com\n", "beacon", "V", "", "192.0.2.1", "10.0.0.1", false},
		{"    destination: a.example.com\n", "beacon", "V", "a.example.com", "", "10.0.0.1", true},
		{"    destination: a.example.com\n", "beacon", "V", "b.a.example.com", "", "10.0.0.1", false},
		{"    destination: tenant.github.io\n", "beacon", "V", "www.tenant.github.io", "", "10.0.0.1", true},
		{"    destination: 192.0.2.0/24\n", "beacon", "", "", "192.0.2.1 ::ffff:192.0.2.2", "10.0.0.1", true},
		{"    destination: 192.0.2.1\n", "beacon", "", "", "192.0.2.1 192.0.2.2", "10.0.0.1", false},
		{"    destination: 192.0.2.1\n", "beacon", "", "x.example.com", "192.0.2.1", "10.0.0.1", false},
		{"    client: 10.0.0.0/30\n", "beacon", "V", "x.example.com", "", "10.0.0.1 10.0.0.2", true},
		{"    client: 10.0.0.0/30\n", "beacon", "V", "x.example.com", "", "10.0.0.1 10.0.0.9", false},
		{"    client: 10.0.0.0/30\n", "beacon", "V", "x.example.com", "", "", false},
		{"    client: 10.0.0.1\n    vendor: V\n", "beacon", "W", "x.example.com", "", "10.0.0.1", false},
	} {
		s := mustParse(t, entryOf(c.fields))[0]
		if got := s.Covers(c.rule, c.vendor, strings.Fields(c.names), addrs(c.servers), addrs(c.clients)); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestSuppressionErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "ignore.yaml:1:1: must be a mapping"},
		{"version: 2\nsuppressions: []\n", "ignore.yaml:1:10: version must be 1"},
		{"version: 1\n", "ignore.yaml:1:1: suppressions must be a list"},
		{"version: 1\nsuppressions: []\nother: 1\n", `ignore.yaml:3:1: unknown key "other": there are version, suppressions`},
		{entryOf(""), "one of vendor, destination and client is needed"},
		{entryOf("    vender: x\n"), `ignore.yaml:7:5: unknown key "vender"`},
		{entryOf("    vendor: x\n    vendor: y\n"), "ignore.yaml:8:5: "},
		{entryOf("    vendor: [x]\n"), "ignore.yaml:7:13: vendor must be a text"},
		{entryOf("    vendor: &a x\n"), "ignore.yaml:7:13: vendor must be a text"},
		{entryOf("    vendor:\n"), "vendor must be a text"},
		{entryOf("    client: ten\n"), "ignore.yaml:7:13: client must be an address or a network"},
		{entryOf("    destination: co.uk\n"), "ignore.yaml:7:18: destination is a public suffix"},
		{entryOf("    destination: \"*.example.com\"\n"), "ignore.yaml:7:18: destination has a *"},
		{entryOf("    destination: a b\n"), "ignore.yaml:7:18: destination must be a name"},
		{strings.Replace(entryOf("    vendor: x\n"), "2026-12-31", "2026-02-30", 1), "ignore.yaml:6:14: expires must be a day"},
		{strings.Replace(entryOf("    vendor: x\n"), "    approver: a\n", "", 1), "approver is missing"},
		{strings.Replace(entryOf("    vendor: x\n"), "reason: r", "reason: \"\"", 1), "ignore.yaml:4:13: reason must be a text"},
		{strings.Replace(entryOf("    vendor: x\n"), "rule: beacon", "rule: Beacon", 1), "ignore.yaml:3:11: rule must be the id"},
		{"a: [\n", "ignore.yaml:1:4: "},
		{strings.Repeat("[", 2000), "ignore.yaml:1:1000: the line is longer"},
		{strings.Repeat("[\n", 2000), "ignore.yaml:1001:1: more than 1000 brackets"},
		{strings.Repeat("#\n", ignoreBounds.Bytes), "ignore.yaml:1:1: longer than"},
	} {
		_, err := ParseSuppressions("ignore.yaml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "ignore.yaml:") {
			t.Errorf("%.200s\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
}

// TestIgnoreSchema: the schema and the parser agree.
func TestIgnoreSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(IgnoreSchema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("ignore.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("ignore.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{ignoreExample, "version: 1\nsuppressions: []\n", "version: 2\nsuppressions: []\n", entryOf(""), entryOf("    vendor: x\n"), entryOf("    other: x\n"),
		strings.Replace(entryOf("    vendor: x\n"), "    approver: a\n", "", 1)} {
		asJSON, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(asJSON)))
		if err != nil {
			t.Fatal(err)
		}
		_, parsed := ParseSuppressions("x", []byte(text))
		if valid := schema.Validate(v); (valid == nil) != (parsed == nil) {
			t.Errorf("%s\nschema: %v\nparser: %v", text, valid, parsed)
		}
	}
}

// FuzzSuppressions: an error says where; what passes has all that is mandatory, and covers nothing that has no client, name or server.
func FuzzSuppressions(f *testing.F) {
	f.Add([]byte(ignoreExample))
	for _, x := range []string{"", "    vendor: x\n", "    destination: 192.0.2.0/24\n", "    client: ::1\n", "    vendor: *a\n", "    vendor: !!str x\n", "    ? a\n", "    <<: x\n"} {
		f.Add([]byte(entryOf(x)))
	}
	at := regexp.MustCompile(`^x:\d+:\d+: `)
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ParseSuppressions("x", b)
		if err != nil {
			if !at.MatchString(err.Error()) {
				t.Fatal(err)
			}
			return
		}
		for _, s := range list {
			if s.Rule == "" || s.Reason == "" || s.Approver == "" || len(s.Expires) != len(time.DateOnly) || s.Line < 1 {
				t.Fatalf("%+v", s)
			}
			if s.Covers(s.Rule, "", nil, nil, nil) {
				t.Fatalf("%+v covers nothing at all", s)
			}
		}
	})
}

// TestIgnoreFileCost: what is as long as an ignore file may be is read in moderate time, however it is made.
func TestIgnoreFileCost(t *testing.T) {
	for _, piece := range []string{"- ", "? ", "!a ", "&a ", "a: b\n", "- a\n", "a:\n ", "a\n", "\"", "|\n", "{a: b}\n", "- - - - - - - - - - - - - - - - a\n", "a: &a *a\n"} {
		var b strings.Builder
		for line := 0; b.Len()+len(piece) <= ignoreBounds.Bytes; {
			if line+len(piece) >= 1000-1 {
				b.WriteByte('\n')
				line = 0
			}
			b.WriteString(piece)
			if line += len(piece); strings.HasSuffix(piece, "\n") {
				line = 0
			}
		}
		start := time.Now()
		_, err := ParseSuppressions("x", []byte(b.String()))
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%q: %v", piece, d)
		} else {
			t.Log(fmt.Sprintf("%q", piece), d.Round(time.Millisecond), err != nil)
		}
	}
}
