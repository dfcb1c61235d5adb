package main

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"phonehome/analyze/vendors"
)

func TestFixturesAreOfTheGenerator(t *testing.T) {
	files, err := fixtures()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("../../../../fixtures/data", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("fixtures/data/%s is not what gen writes: run make generate", name)
		}
	}
}

// fetched lays a data set into a folder, as fetch.sh does.
func fetched(t *testing.T, files map[string]string) source {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return source{folder: dir, version: "1", date: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}
}

func TestOpen(t *testing.T) {
	s := fetched(t, map[string]string{"VERSION": "2.3.4 2026-06-17\n"})
	got, err := open(s.folder)
	if err != nil || got.version != "2.3.4" || got.date.Format(time.DateOnly) != "2026-06-17" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, text := range []string{"", "2.3.4\n", "2.3.4 yesterday\n"} {
		if _, err := open(fetched(t, map[string]string{"VERSION": text}).folder); err == nil {
			t.Errorf("VERSION %q: no error", text)
		}
	}
}

// TestASN: ranges that are no prefixes, reserved networks left out, quoted names, the same bytes twice.
func TestASN(t *testing.T) {
	s := fetched(t, map[string]string{
		"asn-ipv4.csv": "9.0.0.0,9.0.2.255,64500,\"Example, Inc.\"\n10.0.0.0,10.255.255.255,64501,Private\n",
		"asn-ipv6.csv": "2600::,2600:0:ffff:ffff:ffff:ffff:ffff:ffff,64502,Six\n",
	})
	one, err := asn(s)
	if err != nil {
		t.Fatal(err)
	}
	two, err := asn(s)
	if err != nil || !bytes.Equal(one, two) {
		t.Fatalf("two builds of one source differ (error %v)", err)
	}
	path := filepath.Join(t.TempDir(), "asn.mmdb")
	if err := os.WriteFile(path, one, 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := vendors.OpenGeo(vendors.GeoOptions{ASN: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for addr, want := range map[string]vendors.Place{
		"9.0.0.0": {ASN: 64500, Network: "Example, Inc."}, "9.0.2.255": {ASN: 64500, Network: "Example, Inc."}, "9.0.3.0": {}, "10.0.0.1": {},
		"2600::1": {ASN: 64502, Network: "Six"}, "2601::1": {},
	} {
		if got := *g.Lookup(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %+v, want %+v", addr, got, want)
		}
	}
	if _, built := g.Databases(); built[0].Built != "2026-01-02" {
		t.Errorf("built %s, want the day of the source", built[0].Built)
	}
}

func TestASNRefuses(t *testing.T) {
	for _, row := range []string{"9.0.0.0,9.0.0.255,64500\n", "9.0.0.0,8.0.0.0,64500,A\n", "9.0.0.0,9.0.0.255,AS1,A\n", "9.0.0.0,9.0.0.255,4294967296,A\n"} {
		if _, err := asn(fetched(t, map[string]string{"asn-ipv4.csv": row, "asn-ipv6.csv": ""})); err == nil {
			t.Errorf("%q: no error", row)
		}
	}
}

func TestMakers(t *testing.T) {
	data, err := makers(fetched(t, map[string]string{"index.json": `{"A0B1C2": "Maker  One\nStreet", "A0B1C3": "Private\n", "A0B1C4": "IEEE Registration Authority\nx"}`}))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte("\x09Maker One")) || bytes.Contains(data, []byte("Street")) || bytes.Contains(data, []byte("Private")) ||
		bytes.Contains(data, []byte("IEEE")) {
		t.Errorf("%q", data)
	}
	if _, err := makers(fetched(t, map[string]string{"index.json": "{}"})); err == nil {
		t.Error("no assignments: no error")
	}
}

func TestTrackers(t *testing.T) {
	got, err := trackers(fetched(t, map[string]string{"dist/entities-nostats.json": `[
		{"name": "Ads One", "company": "One", "category": "ad", "domains": ["*.ads.one.com", "both.com", "co.uk"]},
		{"name": "One", "category": "analytics", "domains": ["stats.one.com"]},
		{"name": "Two", "category": "hosting", "domains": ["two.com", "*.both.com"]}]`}))
	if err != nil {
		t.Fatal(err)
	}
	want := "phonehome-catalogue/1\t1\nV\tOne\t\t\t\nP\tAds One (advertising)\tother\tthird-party-web\tlist\t\nD\tads.one.com\n" +
		"P\tweb analytics\tanalytics\tthird-party-web\tlist\t\nD\tstats.one.com\n"
	if string(got) != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
