package intel

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// samples are one file a format, by the format's name.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(f), filepath.Ext(f))] = b
	}
	return out
}

// mustRead reads texts as lists whose names say nothing.
func mustRead(t testing.TB, texts ...[]byte) *Set {
	t.Helper()
	var files []Input
	for i, b := range texts {
		files = append(files, Input{fmt.Sprintf("list%d", i), b})
	}
	s, err := Read(files)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestBracketed: a list that begins with an IPv6 address in brackets is no JSON.
func TestBracketed(t *testing.T) {
	h, err := newHead([]byte("[2001:db8::20]:8443\n"))
	if err != nil {
		t.Fatal(err)
	}
	if f, ok := recognise(h); !ok || f.name != "plain" {
		t.Errorf("it is of format %q", f.name)
	}
}

// TestFormats: each format is known by what it holds, and all of its rows are accounted for.
func TestFormats(t *testing.T) {
	want := map[string]List{
		"plain":         {Name: "Example watch list", Date: "2026-03-04", Indicators: 20, Ignored: 7, NotUnderstood: 2, Examples: []string{"line 24: two words", "line 31: 203.0.113.70-203.0.113.69"}},
		"netset":        {Name: "example_level1", Date: "2026-05-02", Indicators: 2, Ignored: 3},
		"spamhaus-drop": {Name: "Spamhaus DROP List 2026/10/08 - (c) 2026 The Spamhaus Project SLU", Date: "2026-10-07", Indicators: 2},
		"hosts":         {Name: "Example hosts", Date: "2026-03-02", Indicators: 3, Ignored: 3, NotUnderstood: 1, Examples: []string{"line 5: 0.0.0.0 0.0.0.0"}},
		"feodo": {Name: "abuse.ch Feodo Tracker Botnet C2 IP Blocklist (CSV)", Date: "2026-03-04", Indicators: 2, Ignored: 1, NotUnderstood: 1,
			Examples: []string{`line 10: "2025-12-30 13:56:31","not an address","443","online","2026-03-12","OtherBot"`}},
		"threatfox": {Name: "ThreatFox IOCs: recent additions - CSV format", Date: "2026-07-04", Indicators: 3, Unusable: 1, NotUnderstood: 1,
			Examples: []string{`line 11: "2026-07-01 10:00:00", "5", "x", "of_tomorrow", "payload", "win.invented", "None", "InventedBot", "", "100", "False", ""…`}},
		"urlhaus":             {Name: "abuse.ch URLhaus Database Dump (CSV - recent URLs only)", Date: "2026-02-26", Indicators: 3},
		"suricata-iprep":      {Name: "list0", Indicators: 3, Ignored: 1},
		"suricata-categories": {Name: "list0", Ignored: 2},
		"zeek-intel":          {Name: "list0", Indicators: 4, Ignored: 1, Unusable: 1, NotUnderstood: 1, Examples: []string{"line 8: x Intel::NEWER source one - -"}},
		"misp":                {Name: "Invented campaign", Date: "2026-05-01", Indicators: 5, Ignored: 2, Unusable: 2},
		"misp-manifest":       {Name: "list0", Date: "2026-05-01"},
		"stix": {Name: "list0", Date: "2026-02-03", Indicators: 7, Ignored: 1, Unusable: 1, NotUnderstood: 3, Examples: []string{`[url:value = 'https://it\'s.example.net/']`,
			"[domain-name:value = 'a.example.net'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.72']", "alert ip any any -> 192.0.2.73 any"}},
		"misp-warninglist": {Name: "List of known ranges of ExampleCDN", Date: "2026-03-01", Indicators: 3, Warnings: true},
	}
	all := samples(t)
	for _, f := range formats {
		text, ok := all[f.name]
		if !ok {
			t.Errorf("no sample of %s", f.name)
			continue
		}
		for _, variant := range [][]byte{text, []byte("\ufeff" + strings.ReplaceAll(string(text), "\n", "\r\n"))} {
			got := mustRead(t, variant).Lists()[0]
			w := want[f.name]
			w.Format, w.Path, w.SHA256 = f.name, "list0", got.SHA256
			if diff := cmp.Diff(w, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", f.name, diff)
			}
		}
	}
}

// TestHits: what all the samples say together of an address or a name.
func TestHits(t *testing.T) {
	all := samples(t)
	var texts [][]byte
	for _, f := range formats {
		texts = append(texts, all[f.name])
	}
	s := mustRead(t, texts...)
	for _, c := range []struct {
		what string
		port uint16
		want []string
	}{
		{"192.0.2.10", 443, []string{"plain address 192.0.2.10 | List of known ranges of ExampleCDN"}},
		{"192.0.2.20", 8443, []string{"plain address 192.0.2.20:8443 port 8443 | List of known ranges of ExampleCDN"}},
		{"192.0.2.20", 443, nil},
		{"2001:db8::20", 8443, []string{"plain address [2001:db8::20]:8443 port 8443 | List of known ranges of ExampleCDN"}},
		{"198.51.100.9", 443, []string{
			"feodo address 198.51.100.9:443 port 443 | 2025-12-30 | OtherBot, online",
			"plain network 198.51.100.0/25 | a network, with a tab",
			"suricata-iprep network 198.51.100.0/24 | category 6, score 88 of 127",
		}},
		{"198.51.100.9", 0, []string{
			"plain network 198.51.100.0/25 | a network, with a tab",
			"suricata-iprep network 198.51.100.0/24 | category 6, score 88 of 127",
		}},
		{"2001:db8:bad:1::1", 1, []string{"plain network 2001:db8:bad::/48"}},
		{"tracker.example.net", 0, []string{"plain domain tracker.example.net"}},
		{"a.tracker.example.net", 0, nil},
		{"MIXED.example.org.", 0, []string{"plain domain mixed.example.org | shouting, and the root"}},
		{"below.example.com", 0, nil},
		{"a.b.below.example.com", 0, []string{"plain wildcard *.below.example.com"}},
		{"within.example.com", 0, []string{"plain wildcard .within.example.com"}},
		{"x.within.example.com", 0, []string{"plain wildcard .within.example.com"}},
		{"xn--bcher-kva.example", 0, []string{"plain domain xn--bcher-kva.example"}},
		{"bücher.example", 0, []string{"plain domain xn--bcher-kva.example"}},
		{"harmless.example.com", 443, []string{"plain domain harmless.example.com"}},
		{"paper.example.net", 443, []string{"plain url-host https://paper.example.net/x?y=."}},
		{"x.filtered.example.org", 443, []string{"plain wildcard .filtered.example.org"}},
		{"2001:db9::30", 443, []string{"plain address 2001:db9::30"}},
		{"203.0.113.41", 443, []string{"plain address 203.0.113.41", "spamhaus-drop network 203.0.113.0/24 | SBL100001", "netset network 203.0.113.0/24"}},
		{"203.0.113.51", 443, []string{"plain network 203.0.113.50-203.0.113.52", "spamhaus-drop network 203.0.113.0/24 | SBL100001", "netset network 203.0.113.0/24"}},
		{"203.0.113.60", 443, []string{"plain address 203.0.113.60 - 203.0.113.60", "spamhaus-drop network 203.0.113.0/24 | SBL100001", "netset network 203.0.113.0/24"}},
		{"shared.example.com", 443, []string{
			"zeek-intel url-host shared.example.com/path?x=1 | source two, a page | List of known ranges of ExampleCDN",
			"urlhaus url-host https://shared.example.com/one.exe | 2026-02-25 | malware_download, exe | List of known ranges of ExampleCDN",
			"urlhaus url-host https://shared.example.com/two.exe | 2026-02-24 | malware_download | List of known ranges of ExampleCDN",
			"plain url-host http://shared.example.com/a/b.exe#part | List of known ranges of ExampleCDN",
		}},
		{"203.0.113.7", 8080, []string{
			"spamhaus-drop network 203.0.113.0/24 | SBL100001",
			"netset network 203.0.113.0/24",
			"plain url-host https://user@203.0.113.7:8080/x port 8080",
		}},
		{"203.0.113.7", 80, []string{
			"spamhaus-drop network 203.0.113.0/24 | SBL100001",
			"netset network 203.0.113.0/24",
		}},
		{"10.1.2.3", 0, nil},
		{"10.9.8.7", 443, nil},
		{"198.18.0.1", 0, nil},
		{"ads.example.net", 0, []string{"hosts domain ads.example.net"}},
		{"metrics.example.net", 0, []string{"hosts domain metrics.example.net"}},
		{"c2.example.net", 0, []string{"threatfox domain c2.example.net | 2026-07-04 | InventedBot, botnet_cc"}},
		{"192.0.2.31", 4443, []string{"threatfox address 192.0.2.31:4443 port 4443 | 2026-07-03 | InventedBot, botnet_cc | List of known ranges of ExampleCDN"}},
		{"192.0.2.150", 58801, []string{"urlhaus url-host http://192.0.2.150:58801/i port 58801 | 2026-02-26 | malware_download, 32-bit,elf"}},
		{"192.0.2.40", 0, []string{"suricata-iprep address 192.0.2.40 | category BadHosts, score 101 of 127 | List of known ranges of ExampleCDN"}},
		{"198.51.100.77", 0, []string{
			"zeek-intel network 198.51.100.64/26 | source one, a network",
			"plain network 198.51.100.0/25 | a network, with a tab",
			"suricata-iprep network 198.51.100.0/24 | category 6, score 88 of 127",
		}},
		{"192.0.2.60", 0, []string{"misp address 192.0.2.60 | 2026-05-28 | Invented campaign: first stage | List of known ranges of ExampleCDN"}},
		{"192.0.2.61", 0, nil},
		{"192.0.2.62", 4444, []string{"misp address 192.0.2.62:4444 port 4444 | 2026-05-01 | Invented campaign | List of known ranges of ExampleCDN"}},
		{"192.0.2.63", 0, []string{"misp address pair.example.net|192.0.2.63 | 2026-05-01 | Invented campaign | List of known ranges of ExampleCDN"}},
		{"pair.example.net", 0, []string{"misp domain pair.example.net|192.0.2.63 | 2026-05-01 | Invented campaign"}},
		{"page.example.net", 8443, []string{"misp url-host https://page.example.net:8443/login port 8443 | 2026-05-01 | Invented campaign"}},
		{"page.example.net", 443, nil},
		{"192.0.2.70", 0, []string{"stix address 192.0.2.70 | 2026-01-02 | One address; malicious-activity; valid until 2026-12-31"}},
		{"stix.example.net", 0, []string{"stix domain stix.example.net | 2026-01-02 | One address; malicious-activity; valid until 2026-12-31"}},
		{"203.0.113.200", 0, []string{
			"stix network 203.0.113.128/25 | 2026-01-03",
			"spamhaus-drop network 203.0.113.0/24 | SBL100001",
			"netset network 203.0.113.0/24",
		}},
		{"2001:db8::71", 0, []string{"stix address 2001:db8::71 | 2026-01-03 | List of known ranges of ExampleCDN"}},
		{"192.0.2.71", 9001, []string{"stix address 192.0.2.71:9001 port 9001 | 2026-01-04"}},
		{"192.0.2.71", 0, nil},
		{"files.example.org", 0, []string{"threatfox url-host http://files.example.org/x, y.bin | 2026-07-02 | InventedBot, payload_delivery"}},
		{"page.example.org", 0, []string{"stix url-host https://page.example.org/it's | 2026-01-05"}},
	} {
		if got := say(s, c.what, c.port); !slices.Equal(got, c.want) {
			t.Errorf("%s, port %d:\ngot  %q\nwant %q", c.what, c.port, got, c.want)
		}
	}
}

// say writes hits in short: format, kind, indicator, date, description, annotations.
func say(s *Set, what string, port uint16) (out []string) {
	hits := s.Host(what, port)
	if a, err := netip.ParseAddr(what); err == nil {
		hits = s.Addr(a, port)
	}
	for _, h := range hits {
		text := fmt.Sprintf("%s %s %s", s.lists[h.List].Format, h.Kind, h.Indicator)
		if h.Port != 0 {
			text += fmt.Sprintf(" port %d", h.Port)
		}
		for _, x := range append([]string{h.Date, h.Description}, h.Annotations...) {
			if x != "" {
				text += " | " + x
			}
		}
		if h.More > 0 {
			text += fmt.Sprintf(" +%d", h.More)
		}
		out = append(out, text)
	}
	return out
}

// TestErrors: what is no list is an error that says where.
func TestErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "intel: list0:1: the file is empty"},
		{"\n \n", "intel: list0:1: the file is empty"},
		{"# a comment\n\n<html>not found</html>\n", "intel: list0:3: not a list of indicators in a format that is known (misp-warninglist, stix,"},
		{"a.example.com\nb\x00\n", "intel: list0:2: a NUL byte: not a list in text"},
		{`{"a": 1}`, "intel: list0:1: not a list"},
		{"{\"Event\": {\n\"info\": \"x\",,", "intel: list0:2: JSON: invalid character ','"},
		{"{\"objects\": [\n{\"type\": \"indicator\"", "intel: list0:2: JSON: unexpected EOF"},
		{strings.Repeat("[", 100), "intel: list0:1: JSON: values lie more than 16 deep"},
		{"# id,dateadded,url,url_status\n\n1,2026-01-01,no url,x\n", "intel: list0:3: read as urlhaus, but no row of it was understood"},
	} {
		_, err := Read([]Input{{"list0", []byte(c.text)}})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%.40q: %v, want %s", c.text, err, c.want)
		}
	}
}

// TestTruncated: JSON that was cut never passes; lines that were cut lose at most the last.
func TestTruncated(t *testing.T) {
	for name, text := range samples(t) {
		text := []byte(strings.TrimSpace(string(text)))
		whole := mustRead(t, text).Lists()[0]
		for n := range text {
			s, err := Read([]Input{{"x", text[:n]}})
			if text[0] == '{' && err == nil {
				t.Fatalf("%s: %d bytes of %d pass", name, n, len(text))
			}
			if err == nil && s.Lists()[0].Indicators > whole.Indicators+1 {
				t.Fatalf("%s: %d bytes have %d indicators, all have %d", name, n, s.Lists()[0].Indicators, whole.Indicators)
			}
		}
	}
}

// TestLoad reads files, whatever their names; the same bytes given twice count once.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for name, text := range map[string]string{"a.json": "a.example.com\n", "b.csv": "a.example.com\n", "c": "{\"objects\": []}"} {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, p)
	}
	slices.Sort(paths)
	s, err := Load(paths)
	if err != nil {
		t.Fatal(err)
	}
	l := s.Lists()
	if len(l) != 2 || l[0].Name != "a.json" || l[0].Format != "plain" || l[1].Format != "stix" {
		t.Errorf("%+v", l)
	}
	if _, err := Load([]string{filepath.Join(dir, "none")}); err == nil {
		t.Error("a file that does not exist is read")
	}
}

// TestWarnings: warning lists annotate, each in its way, and make no hit.
func TestWarnings(t *testing.T) {
	warning := func(name, kind, value string) []byte {
		return fmt.Appendf(nil, `{"name": %q, "type": %q, "version": 1, "list": [%q]}`, name, kind, value)
	}
	lists := [][]byte{
		[]byte("a.cdn.example.net\ncdn.example.net\nxcdn.example.net\nhttps://tool.example.org/x\n192.0.2.9\n"),
		warning("exact", "string", "cdn.example.net"), warning("below", "hostname", ".cdn.example.net"), warning("part", "substring", "CDN"),
		warning("network", "cidr", "192.0.2.0/24"), warning("regex", "string", "no.example.net"),
	}
	s := mustRead(t, lists...)
	for what, want := range map[string]string{"a.cdn.example.net": "below part", "cdn.example.net": "exact below part", "xcdn.example.net": "part",
		"tool.example.org": "", "192.0.2.9": "network"} {
		hits := s.Host(what, 0)
		if a, err := netip.ParseAddr(what); err == nil {
			hits = s.Addr(a, 0)
		}
		if len(hits) != 1 || strings.Join(hits[0].Annotations, " ") != want {
			t.Errorf("%s: %+v, want %q", what, hits, want)
		}
	}
	if hits := s.Addr(netip.MustParseAddr("192.0.2.10"), 0); hits != nil {
		t.Errorf("a warning list makes %+v", hits)
	}
	hashes := mustRead(t, []byte(`{"name": "hashes", "type": "string", "list": ["00"], "matching_attributes": ["md5"]}`)).Lists()[0]
	regex := mustRead(t, []byte(`{"name": "r", "type": "regex", "list": ["/x/"]}`), lists[0])
	if hashes.Unusable != 1 || regex.Lists()[0].NotUnderstood != 1 {
		t.Errorf("%+v, %+v", hashes, regex.Lists())
	}
}

// TestFormatsAreDocumented: the page has each format.
func TestFormatsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/intel.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Formats() {
		if !strings.Contains(string(page), "`"+f+"`") {
			t.Errorf("format %s is not in docs/intel.md", f)
		}
	}
}
