package disclosure

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// register parses a register whose vendors are given, one a line.
func register(t testing.TB, head string, vendors ...string) *Register {
	t.Helper()
	text := "version: 1\n" + head
	if len(vendors) > 0 {
		text += "vendors:\n  - " + strings.Join(vendors, "\n  - ") + "\n"
	}
	r, err := Parse("r.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// at is a moment of November 2018, as day and hour.
func at(day, hour int) time.Time { return time.Date(2018, 11, day, hour, 0, 0, 0, time.UTC) }

// sent is traffic to a server in an hour of a day, of 1,000 bytes.
func sent(name string, day int, more ...func(*Traffic)) *Traffic {
	from := at(day, 12)
	t := &Traffic{Client: netip.MustParseAddr("10.0.0.5"), Port: 443, Transport: "tcp", First: from, Last: from.Add(time.Minute),
		Parts: []Part{{Server: netip.MustParseAddr("203.0.113.9"), Country: "US", ASN: 64500, Hour: int32(from.Unix() / 3600), PayloadOut: 1000}}}
	if name != "" {
		t.Names, t.Vendors = []string{name}, []string{""}
	}
	for _, f := range more {
		f(t)
	}
	return t
}

func from(client string) func(*Traffic) {
	return func(t *Traffic) { t.Client = netip.MustParseAddr(client) }
}
func in(country string) func(*Traffic) { return func(t *Traffic) { t.Parts[0].Country = country } }
func on(port uint16, transport string) func(*Traffic) {
	return func(t *Traffic) { t.Port, t.Transport = port, transport }
}
func toNobody(t *Traffic)              { t.Parts = nil }
func of(vendor string) func(*Traffic)  { return func(t *Traffic) { t.Vendors = []string{vendor} } }
func bytesOut(n uint64) func(*Traffic) { return func(t *Traffic) { t.Parts[0].PayloadOut = n } }

func TestVerdicts(t *testing.T) {
	const head = "home_countries: [US]\nnat: [10.0.0.99]\nassets:\n  - {name: servers, hosts: [10.0.1.0/24]}\n"
	seen := map[Verdict]bool{NoRegister: true} // what there is without a register
	for _, c := range []struct {
		about   string
		vendors string
		t       *Traffic
		want    string // verdict entry: reason
	}{
		{"in its days", "{id: e, vendor: V, start: 2018-11-01, end: 2018-11-30, reference: DPA 7, destinations: [{domain: a.example.com}]}", sent("a.example.com", 5), "disclosed e: entry e covers it (DPA 7)"},
		{"on its last day", "{id: e, vendor: V, end: 2018-11-05, destinations: [{domain: a.example.com}]}", sent("a.example.com", 5), "disclosed e: entry e covers it"},
		{"after it", "{id: e, vendor: V, end: 2018-11-04, destinations: [{domain: a.example.com}]}", sent("a.example.com", 6), "expired e: entry e ended on 2018-11-04, 2 days before this traffic"},
		{"the day after it", "{id: e, vendor: V, end: 2018-11-05, destinations: [{domain: a.example.com}]}", sent("a.example.com", 6), "expired e: entry e ended on 2018-11-05, 1 day before this traffic"},
		{"a thousand years after it", "{id: e, vendor: V, end: 1018-11-05, destinations: [{domain: a.example.com}]}", sent("a.example.com", 6), "expired e: entry e ended on 1018-11-05, 365,244 days before this traffic"},
		{"before the first", "{id: e, vendor: V, start: 2018-11-07, destinations: [{domain: a.example.com}]}", sent("a.example.com", 6), "not-yet-valid e: entry e begins on 2018-11-07"},
		{"another name", "{id: e, vendor: V, destinations: [{domain: a.example.com}]}", sent("b.example.com", 5), "undisclosed : b.example.com is not in the register supplied"},
		{"capitals", "{id: e, vendor: V, destinations: [{domain: A.Example.com}]}", sent("a.example.com", 5), "disclosed e: entry e covers it"},
		{"a wildcard", "{id: e, vendor: V, destinations: [{domain: '*.example.com'}]}", sent("x.y.example.com", 5), "disclosed e: entry e covers it"},
		{"a wildcard does not cover its own domain", "{id: e, vendor: V, destinations: [{domain: '*.example.com'}]}", sent("example.com", 5), "undisclosed : example.com is not in the register supplied"},
		{"nor a name that ends alike", "{id: e, vendor: V, destinations: [{domain: '*.example.com'}]}", sent("badexample.com", 5), "undisclosed : badexample.com is not in the register supplied"},
		{"proposed", "{id: e, vendor: V, status: proposed, destinations: [{domain: a.example.com}]}", sent("a.example.com", 5), "undisclosed : entry e has it as proposed, and only an approved one discloses"},
		{"revoked", "{id: e, vendor: V, status: revoked, destinations: [{domain: a.example.com}]}", sent("a.example.com", 5), "undisclosed : entry e has it as revoked, and only an approved one discloses"},
		{"another port", "{id: e, vendor: V, destinations: [{domain: a.example.com, ports: [443/tcp]}]}", sent("a.example.com", 5, on(443, "udp")), "port e: entry e is for other ports than 443/udp"},
		{"a look-up is for no port", "{id: e, vendor: V, destinations: [{domain: a.example.com, ports: [443/tcp]}]}", sent("a.example.com", 5, on(0, "dns"), toNobody), "disclosed e: entry e covers it"},
		{"what has no ports is for none", "{id: e, vendor: V, destinations: [{domain: a.example.com, ports: [443/tcp]}]}", sent("a.example.com", 5, on(0, "icmp")), "port e: entry e is for other ports than 0/icmp"},
		{"another host", "{id: e, vendor: V, hosts: [servers, 10.0.2.1], destinations: [{domain: a.example.com}]}", sent("a.example.com", 5), "host e: entry e is for other hosts than 10.0.0.5"},
		{"a host of the asset", "{id: e, vendor: V, hosts: [servers], destinations: [{domain: a.example.com}]}", sent("a.example.com", 5, from("10.0.1.7")), "disclosed e: entry e covers it"},
		{"a host behind a shared address", "{id: e, vendor: V, hosts: [servers], destinations: [{domain: a.example.com}]}", sent("a.example.com", 5, from("10.0.0.99")), "disclosed e: entry e covers it; for which host cannot be judged, as many share the address"},
		{"home", "{id: e, vendor: V, destinations: [{domain: a.example.com}]}", sent("a.example.com", 5, in("GB")), "country e: entry e allows US, and 203.0.113.9 is in GB by the country database"},
		{"the entry's countries", "{id: e, vendor: V, countries: [IE, GB], destinations: [{domain: a.example.com}]}", sent("a.example.com", 5, in("GB")), "disclosed e: entry e covers it"},
		{"any country", "{id: e, vendor: V, countries: [any], destinations: [{domain: a.example.com}]}", sent("a.example.com", 5, in("GB")), "disclosed e: entry e covers it"},
		{"an unknown country", "{id: e, vendor: V, destinations: [{domain: a.example.com}]}", sent("a.example.com", 5, in("")), "disclosed e: entry e covers it; the country of an address is not known, and is not judged"},
		{"too much", "{id: e, vendor: V, max_bytes_out_per_day: 999, destinations: [{domain: a.example.com}]}", sent("a.example.com", 5), "exceeded e: entry e allows 999 bytes a day of all hosts together, and on 2018-11-05 1,000 bytes left"},
		{"just enough", "{id: e, vendor: V, max_bytes_out_per_day: 1000, destinations: [{domain: a.example.com}]}", sent("a.example.com", 5), "disclosed e: entry e covers it"},
		{"an address", "{id: e, vendor: V, destinations: [{cidr: 203.0.113.0/24}]}", sent("", 5), "disclosed e: entry e covers it"},
		{"a network's number", "{id: e, vendor: V, destinations: [{asn: 64500}]}", sent("", 5), "disclosed e: entry e covers it"},
		{"another address", "{id: e, vendor: V, destinations: [{cidr: 203.0.112.0/24}]}", sent("", 5), "undisclosed : 203.0.113.9 is not in the register supplied"},
		{"an address and another vendor's name", "{id: e, vendor: V, destinations: [{cidr: 203.0.113.0/24}]}", sent("a.example.com", 5, of("W")), "undisclosed : entry e has the address, and the name a.example.com is not known to be of its vendor V"},
		{"an address and the vendor's own name", "{id: e, vendor: V, destinations: [{cidr: 203.0.113.0/24}]}", sent("a.example.com", 5, of("v")), "disclosed e: entry e covers it"},
		{"an address and a name of the entry's domain", "{id: e, vendor: V, destinations: [{cidr: 203.0.113.0/24}, {domain: b.example.com}]}", sent("a.example.com", 5), "disclosed e: entry e covers it"},
	} {
		j := register(t, head, c.vendors).NewJudge()
		j.Add(c.t)
		got := j.Finish()[0]
		seen[got.Verdict] = true
		if s := fmt.Sprintf("%s %s: %s", got.Verdict, got.Entry, got.Reason); s != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.about, s, c.want)
		}
	}
	several := sent("", 5)
	several.Names, several.Vendors = []string{"a.example.com", "b.example.com"}, []string{"", ""}
	j := register(t, head, "{id: e, vendor: V, destinations: [{domain: a.example.com}]}").NewJudge()
	j.Add(several)
	got := j.Finish()[0]
	seen[got.Verdict] = true
	if got.Verdict != Unattributable || got.Entry != "" {
		t.Errorf("names with different verdicts: %+v", got)
	}
	j = register(t, head, "{id: e, vendor: V, destinations: [{domain: '*.example.com'}]}").NewJudge()
	j.Add(several)
	if got := j.Finish()[0]; got.Verdict != Disclosed {
		t.Errorf("names with the same verdict: %+v", got)
	}
	for _, v := range Verdicts() {
		if !seen[v] {
			t.Errorf("verdict %s did not come up", v)
		}
	}
}

// TestSpecificity: of several patterns that fit, the narrowest holds.
func TestSpecificity(t *testing.T) {
	all := []string{
		"{id: asn, vendor: V, destinations: [{asn: 64500}]}", "{id: wide, vendor: V, destinations: [{cidr: 203.0.0.0/16}]}", "{id: narrow, vendor: V, destinations: [{cidr: 203.0.113.0/24}]}",
		"{id: short, vendor: V, destinations: [{domain: '*.example.com'}]}", "{id: long, vendor: V, destinations: [{domain: '*.a.example.com'}]}", "{id: exact, vendor: V, destinations: [{domain: x.a.example.com}]}",
	}
	for n := len(all); n > 0; n-- {
		list := slices.Clone(all[:n])
		slices.Reverse(list) // the order of the file does not matter
		j := register(t, "", list...).NewJudge()
		j.Add(sent("x.a.example.com", 5, of("V")))
		want := []string{"asn", "wide", "narrow", "short", "long", "exact"}[n-1]
		if got := j.Finish()[0].Entry; got != want {
			t.Errorf("of %d entries %s holds, want %s", n, got, want)
		}
	}
}

// TestTrialThenContract: of entries for the same destination the one holds that is valid then.
func TestTrialThenContract(t *testing.T) {
	r := register(t, "", "{id: trial, vendor: V, end: 2018-11-05, destinations: [{domain: a.example.com}]}", "{id: contract, vendor: V, start: 2018-11-10, destinations: [{domain: a.example.com}]}")
	for day, want := range map[int]string{4: "trial disclosed", 7: "", 12: "contract disclosed"} {
		j := r.NewJudge()
		j.Add(sent("a.example.com", day))
		got := j.Finish()[0]
		if s := got.Entry + " " + string(got.Verdict); want != "" && s != want || want == "" && got.Verdict == Disclosed {
			t.Errorf("day %d: %s, want %s", day, s, want)
		}
	}
}

// TestHandover: where several entries hold, the one that begins last speaks, of those the one that ends last, in whatever order they stand; and its limit alone is that of the day.
func TestHandover(t *testing.T) {
	entries := []string{"{id: always, vendor: V, destinations: [{domain: a.example.com}]}",
		"{id: trial, vendor: V, start: 2018-11-01, end: 2018-11-08, max_bytes_out_per_day: 5000, destinations: [{domain: a.example.com}]}",
		"{id: longer, vendor: V, start: 2018-11-01, end: 2018-11-09, max_bytes_out_per_day: 5000, destinations: [{domain: a.example.com}]}",
		"{id: contract, vendor: V, start: 2018-11-05, max_bytes_out_per_day: 10, destinations: [{domain: a.example.com}]}",
		"{id: next, vendor: V, start: 2018-11-12, end: 2018-11-14, max_bytes_out_per_day: 2000, destinations: [{domain: a.example.com}]}"}
	for range 2 {
		r := register(t, "", entries...)
		for day, want := range map[int]string{4: "longer disclosed", 5: "contract exceeded", 9: "contract exceeded", 12: "next disclosed", 14: "next disclosed", 15: "contract exceeded"} {
			j := r.NewJudge()
			j.Add(sent("a.example.com", day))
			got := j.Finish()[0]
			if s := got.Entry + " " + string(got.Verdict); s != want {
				t.Errorf("day %d: %s, want %s", day, s, want)
			}
			for i, o := range j.Observed() {
				if seen := o.Destinations > 0; seen != (r.Entries[i].ID == got.Entry) {
					t.Errorf("day %d: of %s something was seen: %t", day, r.Entries[i].ID, seen)
				}
			}
		}
		slices.Reverse(entries)
	}
}

// TestOverTheEnd: what runs past the last day is parted by the hour.
func TestOverTheEnd(t *testing.T) {
	r := register(t, "", "{id: e, vendor: V, end: 2018-11-05, max_bytes_out_per_day: 50, destinations: [{domain: a.example.com}]}")
	long := sent("a.example.com", 5)
	long.First, long.Last = at(5, 22), at(6, 3)
	server := long.Parts[0].Server
	long.Parts = nil
	for h, n := range []uint64{10, 20, 300, 4000} { // 22, 23, 0, 1 o'clock
		long.Parts = append(long.Parts, Part{Server: server, Hour: int32(at(5, 22).Unix()/3600) + int32(h), PayloadOut: n})
	}
	j := r.NewJudge()
	j.Add(long)
	got := j.Finish()[0]
	if got.Verdict != Expired || len(got.Shares) != 1 || got.Shares[0].PayloadOut != 4300 || got.Shares[0].Days != 1 || !got.Shares[0].First.Equal(at(6, 0)) {
		t.Errorf("%+v", got)
	}
	if x := j.Exceeded(); x != nil {
		t.Errorf("30 bytes of a day count against 50: %+v", x)
	}
	if o := j.Observed()[0]; o.Destinations != 1 || o.PayloadOut != 4330 || !o.First.Equal(at(5, 22)) || !o.Last.Equal(at(6, 3)) {
		t.Errorf("observed %+v", o)
	}
}

// TestDays: the limit of a day is of all hosts and destinations together.
func TestDays(t *testing.T) {
	r := register(t, "", "{id: e, vendor: V, max_bytes_out_per_day: 1500, destinations: [{domain: '*.example.com'}]}")
	j := r.NewJudge()
	j.Add(sent("a.example.com", 5, from("10.0.0.1")))
	j.Add(sent("b.example.com", 5, from("10.0.0.2"), bytesOut(700)))
	j.Add(sent("a.example.com", 6))
	got := j.Finish()
	if got[0].Verdict != Exceeded || got[1].Verdict != Exceeded || got[2].Verdict != Disclosed {
		t.Errorf("%v %v %v", got[0].Verdict, got[1].Verdict, got[2].Verdict)
	}
	x := j.Exceeded()
	if len(x) != 1 || len(x[0].Days) != 1 || x[0].Days[0] != (DayOut{time.Date(2018, 11, 5, 0, 0, 0, 0, time.UTC), 1700, 1500}) {
		t.Errorf("%+v", x)
	}
}

// TestAlso: the gravest verdict speaks, the others stand beside it.
func TestAlso(t *testing.T) {
	r := register(t, "home_countries: [US]\n", "{id: e, vendor: V, end: 2018-11-01, hosts: [10.9.0.0/16], destinations: [{domain: a.example.com, ports: [80/tcp]}]}")
	j := r.NewJudge()
	j.Add(sent("a.example.com", 5, in("GB")))
	got := j.Finish()[0]
	if got.Verdict != Expired || !slices.Equal(got.Also, []Verdict{Country, Host, Port}) {
		t.Errorf("%v, also %v", got.Verdict, got.Also)
	}
}

func TestAssets(t *testing.T) {
	r := register(t, "nat: [10.0.0.99]\nassets:\n  - {name: wide, hosts: [10.0.0.0/8]}\n  - {name: narrow, egress: none, hosts: [10.0.1.0/24]}\n")
	for ip, want := range map[string]string{"10.0.1.5": "narrow", "10.7.7.7": "wide", "192.168.0.1": ""} {
		got := ""
		if a := r.AssetOf(netip.MustParseAddr(ip)); a != nil {
			got = a.Name
		}
		if got != want {
			t.Errorf("%s is of %q, want %q", ip, got, want)
		}
	}
	if !r.Shared(netip.MustParseAddr("10.0.0.99")) || r.Shared(netip.MustParseAddr("10.0.0.98")) {
		t.Error("nat")
	}
}

// BenchmarkJudge holds 10,000 destinations against 1,000 entries.
func BenchmarkJudge(b *testing.B) {
	r, err := Parse("r.yaml", many(1000))
	if err != nil {
		b.Fatal(err)
	}
	var all []*Traffic
	for i := range 10_000 {
		all = append(all, sent(fmt.Sprintf("x.v%d.example.com", i%2000), 5))
	}
	b.ReportAllocs()
	for b.Loop() {
		j := r.NewJudge()
		for _, t := range all {
			j.Add(t)
		}
		j.Finish()
	}
}

// TestUncovered: payload that is for another host and another port is not covered once, and what an entry covered before is not among it.
func TestUncovered(t *testing.T) {
	r := register(t, "", "{id: before, vendor: V, end: 2018-11-05, destinations: [{domain: a.example.com}]}",
		"{id: after, vendor: V, start: 2018-11-06, hosts: [10.9.0.0/16], destinations: [{domain: a.example.com, ports: [80/tcp]}]}")
	traffic := sent("a.example.com", 5)
	next := traffic.Parts[0]
	next.Hour += 24
	next.PayloadOut = 70
	traffic.Parts, traffic.Last = append(traffic.Parts, next), at(6, 12)
	j := r.NewJudge()
	j.Add(traffic)
	if got := j.Finish()[0]; got.Uncovered != 70 || got.Verdict != Host {
		t.Errorf("%d bytes, %+v", got.Uncovered, got.Judgement)
	}
}
