package disclosure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// entry is a register of one entry with more lines.
func entry(lines ...string) string {
	return "version: 1\nvendors:\n  - vendor: V\n    destinations: [{domain: a.example.com}]\n" + indented(lines)
}

func indented(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString("    " + l + "\n")
	}
	return b.String()
}

// to is a register of one entry with one destination.
func to(destination string) string {
	return "version: 1\nvendors:\n  - vendor: V\n    destinations: [{" + destination + "}]\n"
}

var mistakes = []struct{ text, want string }{
	{"version: 2\n", `r.yaml:1:10: version must be 1`},
	{"vendors: []\n", `r.yaml:1:8: version must be 1`},
	{"version: 1\nvendor: []\n", `r.yaml:2:1: unknown key "vendor": there are version, organisation, internal, home_countries, nat, assets, vendors`},
	{"version: 1\nnat: [10.0.0.0/8]\n", `r.yaml:2:6: nat must be a list of addresses`},
	{"version: 1\ninternal: [10.0.0.1/8]\n", `r.yaml:2:12: internal: "10.0.0.1/8" must be an address or a network without bits beyond its prefix`},
	{"version: 1\nhome_countries: [us]\n", `r.yaml:2:18: home_countries: "us" must be a country of two capital letters, such as US (quote NO: it is a word of YAML)`},
	{"version: 1\nhome_countries: [any]\n", `r.yaml:2:18: home_countries: "any" must be a country of two capital letters, such as US (quote NO: it is a word of YAML)`},
	{"version: 1\nassets:\n  - {name: a, egress: some, hosts: [10.0.0.1]}\n", `r.yaml:3:23: egress "some" is not one of none, disclosed, any`},
	{"version: 1\nassets:\n  - {name: a}\n", `r.yaml:3:5: hosts is missing: an asset is a list of addresses and networks`},
	{"version: 1\nassets:\n  - {hosts: [10.0.0.1]}\n", `r.yaml:3:5: name is missing`},
	{"version: 1\nassets:\n  - {name: a, hosts: [10.0.0.1]}\n  - {name: a, hosts: [10.0.0.2]}\n", `r.yaml:4:12: there are two assets "a"`},
	{"version: 1\nvendors:\n  - product: P\n    destinations: [{domain: a.example.com}]\n", `r.yaml:3:12: vendor is missing`},
	{"version: 1\nvendors:\n  - vendor: V\n", `r.yaml:3:11: destinations must be a list of 1 to 1000`},
	{entry("purpose: spying"), `r.yaml:5:14: purpose "spying" is not one of telemetry, update, crash, licence, cloud-storage, remote-access, security-cloud, device-management, analytics, business, other`},
	{entry("kind: gift"), `r.yaml:5:11: kind "gift" is not one of contract, trial, free`},
	{entry("status: ok"), `r.yaml:5:13: status "ok" is not one of approved, proposed, revoked`},
	{entry("start: 2018-13-01"), `r.yaml:5:12: start "2018-13-01" must be a day, YYYY-MM-DD`},
	{entry("start: 2018-12-01", "end: 2018-11-30"), `r.yaml:6:10: end 2018-11-30 is before start 2018-12-01`},
	{entry("countries: [US, any]"), `r.yaml:5:16: countries: any stands alone`},
	{entry("countries: [Germany]"), `r.yaml:5:17: countries: "Germany" must be a country of two capital letters, such as US (quote NO: it is a word of YAML)`},
	{entry("max_bytes_out_per_day: lots"), `r.yaml:5:28: max_bytes_out_per_day "lots" must be a size such as 50MB (10^6 bytes) or 50MiB`},
	{entry("max_bytes_out_per_day: 0"), `r.yaml:5:28: max_bytes_out_per_day "0" must be a size such as 50MB (10^6 bytes) or 50MiB`},
	{entry("hosts: [printers]"), `r.yaml:3:1: hosts of V: "printers" is no address, no network and no asset`},
	{entry("colour: red"), `r.yaml:5:5: unknown key "colour": there are id, vendor, product, purpose, start, end, kind, status, destinations, countries, hosts, data, max_bytes_out_per_day, reference, owner`},
	{entry("vendor: W"), `r.yaml:5:5: mapping key "vendor" already defined at [3:5]`},
	{to("domain: com"), `r.yaml:4:29: domain "com" is a public suffix: names below it have nothing in common`},
	{to(`domain: "*.co.uk"`), `r.yaml:4:29: domain "*.co.uk" is a public suffix: names below it have nothing in common`},
	{to("domain: a.*.example.com"), `r.yaml:4:29: domain "a.*.example.com" must be a name, or *. and a name: *.example.com covers all names below example.com, and not example.com itself`},
	{to("domain: a.."), `r.yaml:4:29: domain "a.." is no host name (names of other letters are written as xn--)`},
	{to("domain: münchen.example"), `r.yaml:4:29: domain "münchen.example" is no host name (names of other letters are written as xn--)`},
	{to("cidr: 203.0.113.1/24"), `r.yaml:4:27: cidr "203.0.113.1/24" must be an address or a network without bits beyond its prefix`},
	{to("cidr: 0.0.0.0/0"), `r.yaml:4:27: cidr "0.0.0.0/0" must be an address or a network without bits beyond its prefix`},
	{to("asn: AS"), `r.yaml:4:26: asn "AS" must be a number such as 64500`},
	{to("asn: 64500, domain: a.example.com"), `r.yaml:4:20: a destination is one of domain, cidr and asn`},
	{to("ports: [443/tcp]"), `r.yaml:4:20: a destination is one of domain, cidr and asn`},
	{to("domain: a.example.com, ports: [443]"), `r.yaml:4:52: ports: "443" must be a port such as 443/tcp`},
	{to("domain: a.example.com, ports: [0/udp]"), `r.yaml:4:52: ports: "0/udp" must be a port such as 443/tcp`},
	{to("domain: &x a.example.com"), `r.yaml:4:29: domain must be a text`},
	{entry("id: x") + "  - vendor: W\n    id: x\n    destinations: [{domain: b.example.com}]\n", `r.yaml:6:1: id "x" is that of r.yaml:3 too`},
	{entry("id: x") + "  - vendor: W\n    id: y\n    destinations: [{domain: a.example.com}]\n", `r.yaml:6:1: entry y has the same destination, days and hosts as x (r.yaml:3)`},
	{"version: 1\n---\nversion: 1\n", `r.yaml:1:1: must be one YAML document, this has 2`},
	{"version: 1\nvendors: " + strings.Repeat(" ", 2000) + "[]\n", `r.yaml:2:1000: the line is longer than 1000 bytes`},
	{"version: 1\nx:\n" + strings.Repeat(" ", 70) + "y: 1\n", `r.yaml:3:64: the line is indented by more than 64 bytes`},
	{"version: 1\n" + strings.Repeat(strings.Repeat("[", 900)+"\n", 120), `r.yaml:113:1: more than 100000 brackets`},
	{"- version: 1\n", `r.yaml:1:1: must be a mapping with the keys version, organisation, internal, home_countries, nat, assets, vendors`},
}

func TestMistakes(t *testing.T) {
	for _, c := range mistakes {
		_, err := Parse("r.yaml", []byte(c.text))
		if err == nil || err.Error() != c.want {
			t.Errorf("%.80q:\n got %v\nwant %s", c.text, err, c.want)
		}
	}
}

// whole has every key.
const whole = `version: 1
organisation: Example Bank
internal: [10.0.0.0/8]
home_countries: [US]
nat: [198.51.100.7]
assets:
  - {name: dcs, role: domain-controller, hosts: [10.20.0.0/24, 10.21.0.1], egress: none}
vendors:
  - id: sensor
    vendor: ExampleSec
    product: Endpoint Sensor
    purpose: security-cloud
    start: 2018-09-01
    end: 2018-11-30
    kind: trial
    status: approved
    destinations: [{domain: "*.Example.net."}, {cidr: 203.0.113.0/24, ports: [443/tcp, 443/udp]}, {asn: AS64500}, {cidr: "2001:db8::/32"}]
    countries: [US, "NO"]
    hosts: [dcs, 10.1.0.0/16]
    data: [diagnostics]
    max_bytes_out_per_day: 50MB
    reference: "DPA 2018-17"
    owner: a@example.org
  - vendor: ExampleSec
    destinations: [{domain: example.net}]
    countries: [any]
`

func TestParse(t *testing.T) {
	r, err := Parse("r.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	e := r.Entries[0]
	got := fmt.Sprint(e.ID, e.Vendor, e.Purpose, e.Kind, e.Status, e.Start.Format(time.DateOnly), e.End.Format(time.DateOnly), e.Destinations, e.Countries, e.networks, e.Data, e.MaxBytesOutPerDay, e.Reference, e.Owner, e.Line)
	want := "sensorExampleSecsecurity-cloudtrialapproved2018-09-012018-11-30[{*.example.net invalid Prefix 0 []} { 203.0.113.0/24 0 [{443 tcp} {443 udp}]} { invalid Prefix 64500 []} { 2001:db8::/32 0 []}]" +
		"[US NO][10.20.0.0/24 10.21.0.1/32 10.1.0.0/16][diagnostics]50000000DPA 2018-17a@example.org9"
	if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if r.Entries[1].ID != "examplesec" || r.Entries[1].Status != Approved || len(r.Files[0].SHA256) != 64 {
		t.Errorf("%+v", r.Entries[1])
	}
	for text, want := range map[string]uint64{"1": 1, "50MiB": 50 << 20, "3 GB": 3e9, "2TB": 2e12, "1kB": 1000} {
		if got, ok := parseSize(text); !ok || got != want {
			t.Errorf("%s: %d %v", text, got, ok)
		}
	}
}

// TestSchema: the JSON Schema takes what the parser takes, knows the same keys and words, and refuses what is built wrongly.
func TestSchema(t *testing.T) {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("register.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("register.json")
	if err != nil {
		t.Fatal(err)
	}
	valid := func(text string) error {
		b, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		return s.Validate(v)
	}
	if err := valid(whole); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"version: 2\n", "version: 1\nvendor: []\n", entry("purpose: spying"), entry("kind: gift"), entry("status: ok"), entry("colour: red"), entry("countries: [us]"),
		to("asn: 1, domain: a.example.com"), to("ports: [443/tcp]"), to("domain: a.example.com, ports: [443]"), "version: 1\nvendors: [{vendor: V}]\n", "version: 1\nassets: [{name: a, hosts: [10.0.0.1], egress: x}]\n"} {
		if _, err := Parse("r.yaml", []byte(text)); err == nil {
			t.Errorf("the parser takes %q", text)
		}
		if valid(text) == nil {
			t.Errorf("the schema takes %q", text)
		}
	}
	var all map[string]any
	if err := json.Unmarshal([]byte(Schema), &all); err != nil {
		t.Fatal(err)
	}
	text := Schema
	for _, list := range [][]string{registerKeys, assetKeys, entryKeys, patternKeys, purposes, kinds, statuses, egresses} {
		for _, w := range list {
			if !strings.Contains(text, `"`+w+`"`) {
				t.Errorf("the schema does not have %q", w)
			}
		}
	}
}

func FuzzRegister(f *testing.F) {
	f.Add([]byte(whole))
	for _, c := range mistakes {
		if len(c.text) < 500 {
			f.Add([]byte(c.text))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse("r.yaml", b)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "r.yaml:") {
				t.Errorf("an error without a place: %v", err)
			}
			return
		}
		for i := range r.Entries {
			if e := &r.Entries[i]; e.ID == "" || e.Vendor == "" || len(e.Destinations) == 0 || r.Entry(e.ID) != e || !slices.Contains(statuses, string(e.Status)) {
				t.Errorf("%+v", e)
			}
		}
	})
}

// many is a register of n entries.
func many(n int) []byte {
	var b bytes.Buffer
	b.WriteString("version: 1\nhome_countries: [US]\nvendors:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - vendor: Vendor %d\n    purpose: telemetry\n    start: 2018-01-01\n    end: 2018-12-31\n    destinations: [{domain: \"*.v%d.example.com\"}, {cidr: 203.0.%d.%d/32}]\n    reference: contract %d\n    owner: it@example.org\n",
			i, i, i/256, i%256, i)
	}
	return b.Bytes()
}

// BenchmarkParse reads a register of 1,000 entries.
func BenchmarkParse(b *testing.B) {
	text := many(1000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("r.yaml", text); err != nil {
			b.Fatal(err)
		}
	}
}
