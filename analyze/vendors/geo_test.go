package vendors

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func openGeo(t testing.TB, o GeoOptions) *Geo {
	t.Helper()
	g, err := OpenGeo(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

const (
	fixtureCountry = fixtureData + "country.mmdb"
	fixtureASN     = fixtureData + "asn.mmdb"
)

func TestLookup(t *testing.T) {
	g := openGeo(t, GeoOptions{Country: []string{fixtureCountry}, ASN: []string{fixtureASN}})
	for addr, want := range map[string]Place{
		"192.0.2.1":         {"US", 64496, "Example Networks"},
		"::ffff:192.0.2.1":  {"US", 64496, "Example Networks"},
		"198.51.100.255":    {"CN", 64497, "Example Telecom"},
		"203.0.113.0":       {"GB", 64500, "ExampleSec"},
		"2001:db8:1::1":     {"DE", 64498, "Example Hosting"},
		"2001:db8:3::1":     {"", 64511, "Example Transit"},
		"2001:db8:ffff::1":  {},
		"192.0.3.1":         {},
		"fe80::1%eth0":      {},
		"255.255.255.255":   {},
		"2001:db8:1:ffff::": {"DE", 64498, "Example Hosting"},
	} {
		if got := *g.Lookup(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %+v, want %+v", addr, got, want)
		}
	}
	if got := *g.Lookup(netip.Addr{}); got != (Place{}) {
		t.Errorf("no address: %+v", got)
	}
}

func TestDatabases(t *testing.T) {
	g := openGeo(t, GeoOptions{Country: []string{fixtureCountry}, Embedded: true})
	country, asn := g.Databases()
	want := []Database{
		{"DBIP-Country-Lite", "2018-11-01", sumOf(t, fixtureCountry), fixtureCountry},
		{"DBIP-Country-Lite", countryDate, sumOf(t, "data/country.mmdb"), "embedded"},
	}
	if diff := cmp.Diff(want, country); diff != "" {
		t.Errorf("country (-want +got):\n%s", diff)
	}
	want = []Database{{"DBIP-ASN-Lite (compat=GeoLite2-ASN)", asnDate, sumOf(t, "data/asn.mmdb"), "embedded"}}
	if diff := cmp.Diff(want, asn); diff != "" {
		t.Errorf("asn (-want +got):\n%s", diff)
	}
}

func sumOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// TestFieldByField: what the user's database does not know, the next one may.
func TestFieldByField(t *testing.T) {
	g := openGeo(t, GeoOptions{ASN: []string{fixtureASN}, Embedded: true})
	if got := *g.Lookup(netip.MustParseAddr("192.0.2.1")); got != (Place{"", 64496, "Example Networks"}) {
		t.Errorf("an address of the user's database alone: %+v", got)
	}
	if got := *g.Lookup(netip.MustParseAddr("8.8.8.8")); got != (Place{"US", 15169, "Google LLC"}) {
		t.Errorf("an address of the embedded databases alone: %+v", got)
	}
}

// TestWellKnownNetworks is the spot check of docs/decisions/0004: the embedded list must at least know these.
func TestWellKnownNetworks(t *testing.T) {
	g := openGeo(t, GeoOptions{Embedded: true})
	for addr, want := range map[string]uint32{
		"8.8.8.8": 15169, "1.1.1.1": 13335, "9.9.9.9": 19281, "140.82.112.4": 36459, "13.107.42.14": 8068, "17.253.144.10": 714, "31.13.66.35": 32934,
		"52.94.236.248": 16509, "185.199.108.153": 54113, "151.101.1.69": 54113, "104.16.132.229": 13335, "23.0.0.1": 20940, "162.125.1.1": 19679,
		"208.67.222.222": 36692, "149.154.167.99": 62041, "87.250.250.242": 13238, "47.88.0.1": 45102, "2606:4700:4700::1111": 13335,
		"2001:4860:4860::8888": 15169, "2620:fe::fe": 19281, "2a03:2880:f10c:83:face:b00c:0:25de": 32934, "2620:1ec:c11::200": 8068,
	} {
		if got := g.Lookup(netip.MustParseAddr(addr)); got.ASN != want || got.Network == "" || got.Country == "" {
			t.Errorf("%s: %+v, want AS%d", addr, got, want)
		}
	}
	for _, private := range []string{"10.0.0.1", "192.168.1.1", "127.0.0.1", "fe80::1", "fd00::1", "224.0.0.1"} {
		if got := *g.Lookup(netip.MustParseAddr(private)); got != (Place{}) {
			t.Errorf("%s: %+v, want nothing", private, got)
		}
	}
	if err := g.Err(); err != nil {
		t.Error(err)
	}
}

func TestOpenGeoRefuses(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.mmdb")
	if err := os.WriteFile(broken, []byte("not a database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    GeoOptions
		want string
	}{
		{GeoOptions{Country: []string{fixtureASN}}, "has no countries"},
		{GeoOptions{ASN: []string{fixtureCountry}}, "has no networks"},
		{GeoOptions{Country: []string{broken}}, "broken.mmdb"},
		{GeoOptions{ASN: []string{filepath.Join(t.TempDir(), "absent.mmdb")}}, "absent.mmdb"},
	} {
		if _, err := OpenGeo(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.o, err, c.want)
		}
	}
}

// TestDamagedDatabase: a damaged database may open, but then says that it could not answer.
func TestDamagedDatabase(t *testing.T) {
	text, err := os.ReadFile(fixtureASN)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(text, []byte("Example Networks"))
	text[at-1] = 0xff // the control byte of the string: another type, and a length that is not there
	path := filepath.Join(t.TempDir(), "damaged.mmdb")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	g := openGeo(t, GeoOptions{ASN: []string{path}})
	if got := *g.Lookup(netip.MustParseAddr("192.0.2.1")); got != (Place{}) {
		t.Errorf("%+v, want nothing", got)
	}
	if g.Err() == nil || !strings.Contains(g.Err().Error(), "192.0.2.1") {
		t.Errorf("error %v, want one that names the address", g.Err())
	}
}

func TestData(t *testing.T) {
	for _, d := range Data() {
		if d.Name == "" || len(d.Date) != len("2006-01-02") || d.Licence == "" || d.Source == "" {
			t.Errorf("%+v: incomplete", d)
		}
	}
	notice, err := os.ReadFile("../../NOTICE")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range Data() {
		if !strings.Contains(string(notice), d.Date) || !strings.Contains(string(notice), d.Licence) {
			t.Errorf("NOTICE lacks the date %s or the licence %s of %s", d.Date, d.Licence, d.Name)
		}
	}
}

func TestEmbeddedHashes(t *testing.T) {
	for file, want := range map[string]string{"country.mmdb": countrySHA256, "asn.mmdb": asnSHA256, "makers.bin": makersSHA256, "trackers.txt": trackersSHA256} {
		if got := sumOf(t, "data/"+file); got != want {
			t.Errorf("data/%s: SHA-256 %s, fetched.go says %s: build both with internal/gen", file, got, want)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	g := openGeo(b, GeoOptions{Embedded: true})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		g.Lookup(netip.AddrFrom4([4]byte{byte(i*37)%200 + 1, byte(i >> 8), byte(i), 1}))
	}
}

func BenchmarkOpenGeo(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		g, err := OpenGeo(GeoOptions{Embedded: true})
		if err != nil {
			b.Fatal(err)
		}
		g.Close()
	}
}
