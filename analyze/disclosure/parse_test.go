package disclosure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
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
	{"vendors: []\n", `r.yaml:1:1: version must be 1`},
	{"version: 1\nvendor: []\n", `r.yaml:2:1: unknown key "vendor": there are version, organisation, internal, home_countries, nat, assets, vendors`},
	{"version: 1\nnat: [10.0.0.0/8]\n", `r.yaml:2:6: nat must be a list of addresses`},
	{"version: 1\ninternal: [10.0.0.1/8]\n", `r.yaml:2:12: internal: "10.0.0.1/8" must be an address or a network without bits beyond its prefix`},
	{"version: 1\nhome_countries: [us]\n", `r.yaml:2:18: home_countries: "us" must be a country of two capital letters, such as US (quote NO: it is a word of YAML)`},
	{"version: 1\nhome_countries: [any]\n", `r.yaml:2:18: home_countries: "any" must be a country of two capital letters, such as US (quote NO: it is a word of YAML)`},
	{"version: 1\nassets:\n  - {name: a, egress: some, hosts: [10.0.0.1]}\n", `r.yaml:3:23: egress "some" is not one of none, disclosed, any`},
	{"version: 1\nassets:\n  - {name: a}\n", `r.yaml:3:5: hosts is missing: an asset is a list of addresses and networks`},
	{"version: 1\nassets:\n  - {hosts: [10.0.0.1]}\n", `r.yaml:3:5: name is missing`},
	{"version: 1\nassets:\n  - {name: a, hosts: [10.0.0.1]}\n  - {name: a, hosts: [10.0.0.2]}\n", `r.yaml:4:12: there are two assets "a": the other is at r.yaml:3:5`},
	{"version: 1\nvendors:\n  - product: P\n    destinations: [{domain: a.example.com}]\n", `r.yaml:3:5: vendor is missing`},
	{"version: 1\nvendors:\n  - vendor: V\n", `r.yaml:3:5: destinations must be a list of 1 to 1000`},
	{entry("purpose: spying"), `r.yaml:5:14: purpose "spying" is not one of telemetry, update, crash, licence, cloud-storage, remote-access, security-cloud, device-management, analytics, business, other`},
	{entry("kind: gift"), `r.yaml:5:11: kind "gift" is not one of contract, trial, free`},
	{entry("status: ok"), `r.yaml:5:13: status "ok" is not one of approved, proposed, revoked`},
	{entry("start: 2018-13-01"), `r.yaml:5:12: start "2018-13-01" must be a day, YYYY-MM-DD`},
	{entry("start: 2018-12-01", "end: 2018-11-30"), `r.yaml:6:10: end 2018-11-30 is before start 2018-12-01`},
	{entry("countries: [US, any]"), `r.yaml:5:16: countries: any stands alone`},
	{entry("countries: [Germany]"), `r.yaml:5:17: countries: "Germany" must be a country of two capital letters, such as US (quote NO: it is a word of YAML)`},
	{entry("max_bytes_out_per_day: lots"), `r.yaml:5:28: max_bytes_out_per_day "lots" must be a size such as 50MB (10^6 bytes) or 50MiB`},
	{entry("max_bytes_out_per_day: 0"), `r.yaml:5:28: max_bytes_out_per_day "0" must be a size such as 50MB (10^6 bytes) or 50MiB`},
	{entry("hosts: [printers]"), `r.yaml:5:13: hosts of V: "printers" is no address, no network and no asset`},
	{entry("colour: red"), `r.yaml:5:5: unknown key "colour": there are id, vendor, product, purpose, start, end, kind, status, destinations, countries, hosts, data, max_bytes_out_per_day, reference, owner`},
	{entry("vendor: W"), `r.yaml:5:5: mapping key "vendor" already defined at [3:5]`},
	{to("domain: com"), `r.yaml:4:29: domain "com" is a public suffix: names below it have nothing in common`},
	{to(`domain: "*.co.uk"`), `r.yaml:4:29: domain "*.co.uk" is a public suffix: names below it have nothing in common`},
	{to("domain: a.*.example.com"), `r.yaml:4:29: domain "a.*.example.com" must be a name, or *. and a name: *.example.com covers all names below example.com, and not example.com itself`},
	{to("domain: a.."), `r.yaml:4:29: domain "a.." is no host name (names of other letters are written as xn--)`},
	{to("domain: münchen.example"), `r.yaml:4:29: domain "münchen.example" is no host name (names of other letters are written as xn--)`},
	{to("cidr: 203.0.113.1/24"), `r.yaml:4:27: cidr "203.0.113.1/24" must be an address or a network without bits beyond its prefix`},
	{to("cidr: 0.0.0.0/0"), `r.yaml:4:27: cidr "0.0.0.0/0" is every address there is`},
	{to("asn: AS"), `r.yaml:4:26: asn "AS" must be a number such as 64500`},
	{to("asn: 64500, domain: a.example.com"), `r.yaml:4:20: a destination is one of domain, cidr and asn`},
	{to("ports: [443/tcp]"), `r.yaml:4:20: a destination is one of domain, cidr and asn`},
	{to("domain: a.example.com, ports: [443]"), `r.yaml:4:52: ports: "443" must be a port such as 443/tcp`},
	{to("domain: a.example.com, ports: [0/udp]"), `r.yaml:4:52: ports: "0/udp" must be a port such as 443/tcp`},
	{to("domain: &x a.example.com"), `r.yaml:4:29: domain must be a text`},
	{entry("id: x") + "  - vendor: W\n    id: x\n    destinations: [{domain: b.example.com}]\n", `r.yaml:7:9: id "x" is that of r.yaml:5:9 too: give one of them another`},
	{entry("id: x") + "  - vendor: W\n    id: y\n    destinations: [{domain: a.example.com}]\n", `r.yaml:7:9: entry y has the same destination, dates and hosts as x (r.yaml:5:9): a.example.com`},
	{"version: 1\n---\nversion: 1\n", `r.yaml:2:1: must be one YAML document, this has 2`},
	{"version: 1\nvendors: " + strings.Repeat(" ", 2000) + "[]\n", `r.yaml:2:1000: the line is longer than 1000 bytes`},
	{"version: 1\nx:\n" + strings.Repeat(" ", 70) + "y: 1\n", `r.yaml:3:64: the line is indented by more than 64 bytes`},
	{"version: 1\n" + strings.Repeat(strings.Repeat("[", 900)+"\n", 120), `r.yaml:113:1: more than 100000 brackets`},
	{`version: "1"` + "\n", `r.yaml:1:10: version must be 1, without quotation marks`},
	{"version: true\n", `r.yaml:1:10: version must be 1`},
	{"", `r.yaml:1:1: must be a mapping with the keys version, organisation, internal, home_countries, nat, assets, vendors`},
	{"# nothing\n", `r.yaml:1:1: must be a mapping with the keys version, organisation, internal, home_countries, nat, assets, vendors`},
	{"version: 1\norganisation: \"\"\n", `r.yaml:2:15: organisation must be a text`},
	{"version: 1\norganisation: ' '\n", `r.yaml:2:15: organisation must be a text`},
	{"version: 1\norganisation:\nnat: []\n", `r.yaml:2:14: organisation must be a text`},
	{"version: 1\norganisation: [a]\n", `r.yaml:2:15: organisation must be a text`},
	{"version: 1\norganisation: 7\n", `r.yaml:2:15: organisation must be a text: put 7 in quotation marks`},
	{"version: 1\norganisation: Bü\x00ro\n", `r.yaml:2:17: the control character U+0000 is not allowed in YAML`},
	{"version: 1\norganisation: \"a\\0b\"\n", `r.yaml:2:15: organisation has the control character U+0000`},
	{"version: 1\n# \x1b[31m\n", `r.yaml:2:3: the control character U+001B is not allowed in YAML`},
	{"version: 1\norganisation: Bü\xfcro\n", `r.yaml:2:17: the byte 0xfc is no UTF-8: save the file as UTF-8`},
	{"\xff\xfev\x00", `r.yaml:1:1: the byte 0xff is no UTF-8: save the file as UTF-8`},
	{"\uFEFFversion: 2\n", `r.yaml:1:10: version must be 1`},
	{"\uFEFFversion: \x00\n", `r.yaml:1:10: the control character U+0000 is not allowed in YAML`},
	{"version: 1\r\norganisation: 7\r\n", `r.yaml:2:15: organisation must be a text: put 7 in quotation marks`},
	{"version: 1\nvendors: " + strings.Repeat("[", 17) + strings.Repeat("]", 17) + "\n", `r.yaml:2:26: brackets lie more than 16 deep`},
	{"version: 1\nvendors:\n" + strings.Repeat(" [\n", 20000), `r.yaml:19:2: brackets lie more than 16 deep`},
	{"version: 1\nvendors:\n" + strings.Repeat("{a: \n", 20000), `r.yaml:19:1: brackets lie more than 16 deep`},
	{"version: 1\nvendors: " + strings.Repeat("- ", 40) + "a\n", `r.yaml:2:10: block sequence entries are not allowed in this context`},
	{"version: 1\nvendors:\n" + strings.Repeat("- ", 40) + "a\n", `r.yaml:3:64: the line is indented by more than 64 bytes`},
	{"version: 1\nvendors: [\n", `r.yaml:2:10: sequence end token ']' not found`},
	{"version: 1\nvendors: *x\n", `r.yaml:2:10: vendors must be a list`},
	{"version: 1\nvendors:\n", `r.yaml:2:10: vendors must be a list`},
	{"version: 1\nvendors: [7]\n", `r.yaml:2:11: must be a mapping with the keys ` + strings.Join(entryKeys, ", ")},
	{"version: 1\nnat: ['::ffff:10.0.0.1']\n", `r.yaml:2:7: nat: "::ffff:10.0.0.1" is IPv4 written as IPv6: write 10.0.0.1`},
	{"version: 1\ninternal: ['fe80::1%eth0']\n", `r.yaml:2:12: internal: "fe80::1%eth0" must be an address or a network without bits beyond its prefix`},
	{"version: 1\ninternal: [[a]]\n", `r.yaml:2:12: internal must be a list of texts`},
	{"version: 1\nassets:\n  - {name: 5, hosts: [10.0.0.1]}\n", `r.yaml:3:12: name must be a text: put 5 in quotation marks`},
	{entry("product: 365"), `r.yaml:5:14: product must be a text: put 365 in quotation marks`},
	{entry("owner: true"), `r.yaml:5:12: owner must be a text: put true in quotation marks`},
	{entry("data: [5]"), `r.yaml:5:12: data must be a text: put 5 in quotation marks`},
	{entry("hosts: [5]"), `r.yaml:5:13: hosts must be a text: put 5 in quotation marks`},
	{entry("hosts: ['::ffff:10.0.0.0/104']"), `r.yaml:5:13: hosts: "::ffff:10.0.0.0/104" is IPv4 written as IPv6: write 10.0.0.0/8`},
	{entry("end: 0001-01-01"), `r.yaml:5:10: end "0001-01-01" must be a day, YYYY-MM-DD`},
	{entry("end: 2018-11-31"), `r.yaml:5:10: end "2018-11-31" must be a day, YYYY-MM-DD`},
	{entry("start: 2018-09-01T00:00:00Z"), `r.yaml:5:12: start "2018-09-01T00:00:00Z" must be a day, YYYY-MM-DD`},
	{entry("max_bytes_out_per_day: 99999999999TB"), `r.yaml:5:28: max_bytes_out_per_day "99999999999TB" must be a size such as 50MB (10^6 bytes) or 50MiB`},
	{entry("max_bytes_out_per_day: 1.5"), `r.yaml:5:28: max_bytes_out_per_day "1.5" must be a size such as 50MB (10^6 bytes) or 50MiB`},
	{to("cidr: '::ffff:203.0.113.0/120'"), `r.yaml:4:27: cidr "::ffff:203.0.113.0/120" is IPv4 written as IPv6: write 203.0.113.0/24`},
	{to("cidr: '::ffff:203.0.113.9'"), `r.yaml:4:27: cidr "::ffff:203.0.113.9" is IPv4 written as IPv6: write 203.0.113.9`},
	{to("domain: 203.0.113.9"), `r.yaml:4:29: domain "203.0.113.9" is an address, no name: write cidr: in place of domain:`},
	{to("domain: '2001:db8::1'"), `r.yaml:4:29: domain "2001:db8::1" is an address, no name: write cidr: in place of domain:`},
	{to("domain: '[2001:db8::1]'"), `r.yaml:4:29: domain "[2001:db8::1]" is an address, no name: write cidr: in place of domain:`},
	{to("domain: '*.203.0.113.9'"), `r.yaml:4:29: domain "*.203.0.113.9" is an address, no name: write cidr: in place of domain:`},
	{to("domain: 203.0.113.0/24"), `r.yaml:4:29: domain "203.0.113.0/24" is an address, no name: write cidr: in place of domain:`},
	{to("domain: '::ffff:203.0.113.9'"), `r.yaml:4:29: domain "::ffff:203.0.113.9" is an address, no name: write cidr: in place of domain:`},
	{to("domain: 5"), `r.yaml:4:29: domain must be a text: put 5 in quotation marks`},
	{to("asn: 0"), `r.yaml:4:26: asn "0" must be a number such as 64500`},
	{to("asn: 4294967296"), `r.yaml:4:26: asn "4294967296" must be a number such as 64500`},
	{to("domain: a.example.com}, {domain: A.EXAMPLE.com."), `r.yaml:3:5: entry v lists a.example.com twice`},
	{"version: 1\nvendors:\n  - vendor: V\n    destinations:\n" + strings.Repeat("      - asn: 1\n", maxListed+1), `r.yaml:5:7: destinations must be a list of 1 to 1000`},
	{entry("hosts:" + strings.Repeat("\n      - 10.0.0.1", maxListed+1)), `r.yaml:6:7: hosts has more than 1000 values`},
	{"version: 1\nvendors:\n" + strings.Repeat("- vendor: V\n", maxEntries+1), `r.yaml:3:1: more than 20000 entries`},
	{strings.Repeat("#\n", bounds.Bytes/2+1), `r.yaml:1:1: longer than 8388608 bytes`},
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
	got := fmt.Sprint(e.ID, e.Vendor, e.Purpose, e.Kind, e.Status, e.Start.Format(time.DateOnly), e.End.Format(time.DateOnly), e.Destinations, e.Countries, slices.Concat(e.networks...), e.Data, e.MaxBytesOutPerDay, e.Reference, e.Owner, e.Line)
	want := "sensorExampleSecsecurity-cloudtrialapproved2018-09-012018-11-30[{*.example.net invalid Prefix 0 []} { 203.0.113.0/24 0 [{443 tcp} {443 udp}]} { invalid Prefix 64500 []} { 2001:db8::/32 0 []}]" +
		"[US NO][10.1.0.0/16 10.20.0.0/24 10.21.0.1/32][diagnostics]50000000DPA 2018-17a@example.org9"
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

// TestByteOrderMark: an editor's mark at the start is no part of the text, and the hash is of the file as it is.
func TestByteOrderMark(t *testing.T) {
	plain, err := Parse("r.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	marked, err := Parse("r.yaml", []byte("\uFEFF"+whole))
	if err != nil {
		t.Fatal(err)
	}
	if rewritten(marked) != rewritten(plain) || marked.Files[0] == plain.Files[0] {
		t.Errorf("%+v", marked)
	}
}

// rewritten writes a register that was read, each value in one way.
func rewritten(r *Register) string {
	var b strings.Builder
	list := func(key string, texts ...string) string {
		if len(texts) == 0 {
			return ""
		}
		for i := range texts {
			texts[i] = quoted(texts[i])
		}
		return fmt.Sprintf("%s: [\n%s]\n", key, strings.Join(texts, ",\n"))
	}
	texts := func(pairs ...string) (out string) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i+1] != "" {
				out += fmt.Sprintf("%s: %s\n", pairs[i], quoted(pairs[i+1]))
			}
		}
		return out
	}
	item := func(lines string) {
		b.WriteString("  - " + strings.ReplaceAll(strings.TrimSuffix(lines, "\n"), "\n", "\n    ") + "\n")
	}
	b.WriteString("version: 1\n" + texts("organisation", r.Organisation) + list("internal", words(r.Internal)...) + list("home_countries", slices.Clone(r.HomeCountries)...) + list("nat", words(r.NAT)...))
	if len(r.Assets) > 0 {
		b.WriteString("assets:\n")
	}
	for _, a := range r.Assets {
		item(texts("name", a.Name, "role", a.Role, "egress", string(a.Egress)) + list("hosts", words(a.Hosts)...))
	}
	if len(r.Entries) > 0 {
		b.WriteString("vendors:\n")
	}
	for _, e := range r.Entries {
		size := ""
		if e.MaxBytesOutPerDay > 0 {
			size = fmt.Sprint(e.MaxBytesOutPerDay)
		}
		to := "destinations:\n"
		for _, p := range e.Destinations {
			to += "- " + strings.ReplaceAll(strings.TrimSuffix(p.rewritten()+list("ports", ports(p)...), "\n"), "\n", "\n  ") + "\n"
		}
		item(texts("id", e.ID, "vendor", e.Vendor, "product", e.Product, "purpose", e.Purpose, "kind", e.Kind, "status", string(e.Status), "start", dateOf(e.Start), "end", dateOf(e.End),
			"max_bytes_out_per_day", size, "reference", e.Reference, "owner", e.Owner) + list("countries", slices.Clone(e.Countries)...) + list("hosts", slices.Clone(e.Hosts)...) + list("data", slices.Clone(e.Data)...) + to)
	}
	return b.String()
}

func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err)
	}
	return strings.TrimSpace(b.String())
}

func words[T fmt.Stringer](list []T) (out []string) {
	for _, x := range list {
		out = append(out, x.String())
	}
	return out
}

func ports(p Pattern) (out []string) {
	for _, s := range p.Ports {
		out = append(out, fmt.Sprintf("%d/%s", s.Port, s.Transport))
	}
	return out
}

func (p *Pattern) rewritten() string {
	switch {
	case p.Domain != "":
		return fmt.Sprintf("domain: %q\n", p.Domain)
	case p.CIDR.IsValid():
		return fmt.Sprintf("cidr: %q\n", p.CIDR)
	}
	return fmt.Sprintf("asn: %d\n", p.ASN)
}

func dateOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// FuzzRegister: an error says where, and what parses and is written back parses to the same.
func FuzzRegister(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(Skeleton))
	for _, c := range mistakes {
		if len(c.text) < 500 {
			f.Add([]byte(c.text))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse("r.yaml", b)
		if err != nil {
			if !regexp.MustCompile(`^r\.yaml:[0-9]+:[0-9]+: `).MatchString(err.Error()) {
				t.Errorf("an error without a place: %v", err)
			}
			return
		}
		for i := range r.Entries {
			if e := &r.Entries[i]; e.ID == "" || e.Vendor == "" || len(e.Destinations) == 0 || r.Entry(e.ID) != e || !slices.Contains(statuses, string(e.Status)) {
				t.Errorf("%+v", e)
			}
		}
		text := rewritten(r)
		again, err := Parse("r.yaml", []byte(text))
		if err != nil {
			if !strings.Contains(err.Error(), "the line is longer") {
				t.Fatalf("%v\n%s", err, text)
			}
			return
		}
		if second := rewritten(again); second != text {
			t.Errorf("\n got %s\nwant %s", second, text)
		}
	})
}

// TestLoad: files are merged; what is in two of them is told with the place of both, and an asset may be in another file than the entry that names it.
func TestLoad(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte("version: 1\n"+text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	a := write("a.yaml", "vendors:\n  - {vendor: V, hosts: [desks], destinations: [{domain: a.example.com}]}\n")
	b := write("b.yaml", "assets:\n  - {name: desks, hosts: [10.0.0.0/24]}\nvendors:\n  - {vendor: V, id: v, destinations: [{domain: b.example.com}]}\n")
	c := write("c.yaml", "assets:\n  - {name: desks, hosts: [10.0.0.0/24]}\n")
	d := write("d.yaml", "vendors:\n  - {vendor: V, id: v, destinations: [{domain: c.example.com}]}\n")
	r, err := Load([]string{a, b})
	if err != nil || r.Entries[0].ID != "v-2" || !r.Entries[0].covers(netip.MustParseAddr("10.0.0.9")) || r.Entries[0].covers(netip.MustParseAddr("10.0.1.9")) {
		t.Errorf("%v %+v", err, r)
	}
	for _, x := range []struct {
		files []string
		want  string
	}{
		{[]string{a}, a + `:3:25: hosts of V: "desks" is no address, no network and no asset`},
		{[]string{b, c}, c + `:3:12: there are two assets "desks": the other is at ` + b + ":3:5"},
		{[]string{b, d}, d + `:3:21: id "v" is that of ` + b + ":5:21 too: give one of them another"},
		{[]string{b, b}, b + `:3:12: there are two assets "desks": the other is at ` + b + ":3:5"},
	} {
		if _, err := Load(x.files); err == nil || err.Error() != x.want {
			t.Errorf("\n got %v\nwant %s", err, x.want)
		}
	}
}

// TestRewritten: what the fuzz target holds, of the register that has every key.
func TestRewritten(t *testing.T) {
	r, err := Parse("r.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse("r.yaml", []byte(rewritten(r)))
	if err != nil {
		t.Fatalf("%v\n%s", err, rewritten(r))
	}
	if got, want := rewritten(again), rewritten(r); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
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
