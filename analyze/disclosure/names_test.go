package disclosure

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// named gives traffic several names, each with the vendor that the catalogue has for it: "name" or "name=vendor".
func named(pairs ...[2]string) func(*Traffic) {
	return func(t *Traffic) {
		t.Names, t.Vendors = nil, nil
		for _, p := range pairs {
			t.Names, t.Vendors = append(t.Names, p[0]), append(t.Vendors, p[1])
		}
	}
}

// hours replaces the parts of traffic: so many bytes in each hour from one on.
func hours(from time.Time, out ...uint64) func(*Traffic) {
	return func(t *Traffic) {
		p := t.Parts[0]
		t.Parts = nil
		for i, n := range out {
			p.Hour, p.PayloadOut = int32(from.Unix()/3600)+int32(i), n
			t.Parts = append(t.Parts, p)
		}
		t.First, t.Last = from, from.Add(time.Duration(len(out))*time.Hour-time.Minute)
	}
}

// answer judges traffic alone, as "verdict entry also".
func answer(r *Register, t *Traffic) string {
	j := r.NewJudge()
	j.Add(t)
	got := j.Finish()[0]
	return fmt.Sprintf("%s %s %v", got.Verdict, got.Entry, got.Also)
}

// TestSeveralNamesCountOnce: whatever the number of names that fit, bytes left once.
func TestSeveralNamesCountOnce(t *testing.T) {
	r := register(t, "", "{id: e, vendor: V, max_bytes_out_per_day: 1500, destinations: [{domain: '*.example.com'}]}")
	j := r.NewJudge()
	j.Add(sent("", 5, named([2]string{"a.example.com"}, [2]string{"b.example.com"}, [2]string{"c.example.com"})))
	if got := j.Finish()[0]; got.Verdict != Disclosed || got.Entry != "e" {
		t.Errorf("1,000 bytes of 1,500: %+v", got)
	}
	j.Add(sent("a.example.com", 5))
	got := j.Finish()
	if got[0].Verdict != Exceeded || got[1].Verdict != Exceeded {
		t.Errorf("2,000 bytes of 1,500: %+v", got)
	}
	if x := j.Exceeded(); len(x) != 1 || x[0].Days[0].PayloadOut != 2000 {
		t.Errorf("%+v", x)
	}
	if o := j.Observed()[0]; o.Destinations != 2 || o.PayloadOut != 2000 {
		t.Errorf("%+v", o)
	}
}

// TestFinishTwice: asking again changes nothing.
func TestFinishTwice(t *testing.T) {
	r := register(t, "home_countries: [US]\n", "{id: e, vendor: V, end: 2018-11-05, max_bytes_out_per_day: 5, destinations: [{domain: a.example.com}]}")
	j := r.NewJudge()
	j.Add(sent("a.example.com", 5, in("GB"), hours(at(5, 22), 10, 20, 30)))
	first, over, seen := fmt.Sprint(j.Finish()), fmt.Sprint(j.Exceeded()), fmt.Sprint(j.Observed())
	if again := fmt.Sprint(j.Finish()); again != first {
		t.Errorf("first %s\nagain %s", first, again)
	}
	if x, o := fmt.Sprint(j.Exceeded()), fmt.Sprint(j.Observed()); x != over || o != seen {
		t.Errorf("%s, then %s; %s, then %s", over, x, seen, o)
	}
	if got := j.Finish()[0]; got.Verdict != Expired || !slices.Equal(got.Also, []Verdict{Country, Exceeded}) {
		t.Errorf("%+v", got)
	}
}

// TestExceededIsKnownBeforeFinish: the sums of days are those of all that was added.
func TestExceededIsKnownBeforeFinish(t *testing.T) {
	j := register(t, "", "{id: e, vendor: V, max_bytes_out_per_day: 5, destinations: [{domain: a.example.com}]}").NewJudge()
	j.Add(sent("a.example.com", 5))
	if x := j.Exceeded(); len(x) != 1 {
		t.Errorf("%+v", x)
	}
}

// TestChangeOver: what runs over the midnight at which a contract follows a trial is covered by both.
func TestChangeOver(t *testing.T) {
	trial := "{id: trial, vendor: V, end: 2018-11-05, reference: T, max_bytes_out_per_day: 50, destinations: [{domain: a.example.com}]}"
	contract := "{id: contract, vendor: V, start: 2018-11-06, max_bytes_out_per_day: 50, reference: C, destinations: [{domain: a.example.com}]}"
	gap := "{id: contract, vendor: V, start: 2018-11-07, destinations: [{domain: a.example.com}]}"
	night := func() *Traffic { return sent("a.example.com", 5, hours(at(5, 22), 10, 20, 30, 5)) }
	for _, list := range [][]string{{trial, contract}, {contract, trial}} {
		r := register(t, "", list...)
		j := r.NewJudge()
		j.Add(night())
		got := j.Finish()[0]
		if got.Verdict != Disclosed || len(got.Also) > 0 || got.Entry != r.Entries[0].ID {
			t.Errorf("%+v", got)
		}
		want := map[string]uint64{"trial": 30, "contract": 35}
		for i, o := range j.Observed() {
			if id := r.Entries[i].ID; o.PayloadOut != want[id] || o.Destinations != 1 {
				t.Errorf("%s: %+v", id, o)
			}
		}
		if x := j.Exceeded(); x != nil {
			t.Errorf("%+v", x)
		}
		j.Add(sent("a.example.com", 6, bytesOut(20)))
		if got := j.Finish(); got[0].Verdict != Exceeded || got[0].Entry != "contract" || got[0].Shares[0].PayloadOut != 35 || got[1].Verdict != Exceeded {
			t.Errorf("55 bytes of the contract's 50: %+v", got)
		}
	}
	for _, list := range [][]string{{trial, gap}, {gap, trial}} {
		j := register(t, "", list...).NewJudge()
		j.Add(night())
		got := j.Finish()[0]
		if got.Verdict != Expired || got.Entry != "trial" || got.Shares[0].PayloadOut != 35 {
			t.Errorf("a day that neither covers: %+v", got)
		}
	}
	wide := register(t, "", trial, "{id: wide, vendor: V, start: 2018-11-01, destinations: [{domain: '*.example.com'}]}")
	if got := answer(wide, night()); got != "expired trial []" {
		t.Errorf("the most specific destination wins whatever the day: %s", got)
	}
	looked := sent("a.example.com", 5)
	looked.Parts, looked.Last = nil, at(6, 10)
	if got := answer(register(t, "", trial, contract), looked); got != "disclosed trial []" {
		t.Errorf("asked for on both days: %s", got)
	}
	if got := answer(register(t, "", trial, gap), looked); got != "expired trial []" {
		t.Errorf("asked for after the trial: %s", got)
	}
}

// TestSharedAddress: an address that several vendors have is the entry's whose name it is.
func TestSharedAddress(t *testing.T) {
	const v, w = "{id: v, vendor: V, destinations: [{cidr: 203.0.113.0/24}]}", "{id: w, vendor: W, hosts: [10.0.0.0/8], destinations: [{cidr: 203.0.113.0/24}]}"
	const wide = "{id: wide, vendor: W, destinations: [{cidr: 203.0.0.0/16}]}"
	for _, c := range []struct {
		about   string
		entries []string
		t       *Traffic
		want    string
	}{
		{"both have the network", []string{v, w}, sent("a.example.com", 5, of("W")), "disclosed w []"},
		{"in another order", []string{w, v}, sent("a.example.com", 5, of("W")), "disclosed w []"},
		{"the other has a wider one", []string{v, wide}, sent("a.example.com", 5, of("W")), "disclosed wide []"},
		{"neither is the name's", []string{v, w}, sent("a.example.com", 5, of("X")), "undisclosed  []"},
		{"two names, one of another vendor", []string{v}, sent("", 5, named([2]string{"a.example.com", "V"}, [2]string{"b.example.com", "X"})), "unattributable  []"},
		{"two names, each of its own entry", []string{v, wide}, sent("", 5, named([2]string{"a.example.com", "W"}, [2]string{"b.example.com", "V"})), "disclosed v []"},
	} {
		if got := answer(register(t, "", c.entries...), c.t); got != c.want {
			t.Errorf("%s: %s, want %s", c.about, got, c.want)
		}
	}
	j := register(t, "", v).NewJudge()
	j.Add(sent("", 5, named([2]string{"b.example.com", "X"}, [2]string{"a.example.com", "V"})))
	const want = "several names fit, and the register supplied does not say the same of them: a.example.com is disclosed (entry v), b.example.com is undisclosed"
	if got := j.Finish()[0]; got.Reason != want {
		t.Errorf("%s", got.Reason)
	}
}

// TestServersOfSeveralEntries: each server of a name is held against the entry that has its address.
func TestServersOfSeveralEntries(t *testing.T) {
	r := register(t, "", "{id: one, vendor: V, destinations: [{cidr: 203.0.113.0/24}]}", "{id: two, vendor: V, destinations: [{cidr: 198.51.100.0/24}]}")
	two := sent("a.example.com", 5, of("V"))
	other := two.Parts[0]
	other.Server = netip.MustParseAddr("198.51.100.4")
	two.Parts = append(two.Parts, other)
	if got := answer(r, two); got != "disclosed one []" {
		t.Error(got)
	}
	other.Server, other.PayloadOut = netip.MustParseAddr("192.0.2.1"), 7
	two.Parts = append(two.Parts, other)
	j := r.NewJudge()
	j.Add(two)
	if got := j.Finish()[0]; got.Verdict != Undisclosed || got.Entry != "" || got.Shares[0].PayloadOut != 7 {
		t.Errorf("%+v", got)
	}
}

// TestSameVerdictOfSeveralEntries: names that get one verdict get it, whichever entries it is of, and the first of the register is cited.
func TestSameVerdictOfSeveralEntries(t *testing.T) {
	const a, b = "{id: a, vendor: V, reference: A, destinations: [{domain: a.example.com}]}", "{id: b, vendor: W, reference: B, destinations: [{domain: b.example.com}]}"
	for _, names := range [][2][2]string{{{"a.example.com"}, {"b.example.com"}}, {{"b.example.com"}, {"a.example.com"}}} {
		j := register(t, "", a, b).NewJudge()
		j.Add(sent("", 5, named(names[0], names[1])))
		got := j.Finish()[0]
		if got.Verdict != Disclosed || got.Entry != "a" || !slices.Equal(got.Shares[0].Entries, []string{"a", "b"}) || got.Reason != "entry a covers it (A); entry b covers it (B)" {
			t.Errorf("%+v", got)
		}
		if got.Shares[0].PayloadOut != 1000 {
			t.Errorf("bytes count once: %+v", got.Shares)
		}
		if o := j.Observed(); o[0].Destinations != 1 || o[1].Destinations != 1 {
			t.Errorf("%+v", o)
		}
	}
	ended := register(t, "", "{id: a, vendor: V, end: 2018-11-01, destinations: [{domain: a.example.com}]}", "{id: b, vendor: W, end: 2018-11-03, hosts: [10.9.9.9], destinations: [{domain: b.example.com}]}")
	if got := answer(ended, sent("", 5, named([2]string{"b.example.com"}, [2]string{"a.example.com"}))); got != "expired a []" {
		t.Errorf("what holds of one name alone is not said: %s", got)
	}
}

// TestLimitOfSeveralEntries: bytes that may be of either entry exceed a limit only if they do whichever it was.
func TestLimitOfSeveralEntries(t *testing.T) {
	either := sent("", 5, named([2]string{"a.example.com"}, [2]string{"b.example.com"}))
	for limits, want := range map[[2]int]string{{999, 999}: "exceeded a []", {999, 1000}: "unattributable  []", {1000, 1000}: "disclosed a []"} {
		j := register(t, "", fmt.Sprintf("{id: a, vendor: V, max_bytes_out_per_day: %d, destinations: [{domain: a.example.com}]}", limits[0]),
			fmt.Sprintf("{id: b, vendor: W, max_bytes_out_per_day: %d, destinations: [{domain: b.example.com}]}", limits[1])).NewJudge()
		j.Add(either)
		j.Add(sent("a.example.com", 6))
		got := j.Finish()
		if s := fmt.Sprintf("%s %s %v", got[0].Verdict, got[0].Entry, got[0].Also); s != want {
			t.Errorf("%v: %s, want %s", limits, s, want)
		}
		if over := len(j.Exceeded()) > 0; over != (limits[0] == 999) {
			t.Errorf("%v: %+v", limits, j.Exceeded())
		}
	}
}

// TestOrderOfParts: the order in which parts, and names, are given changes nothing.
func TestOrderOfParts(t *testing.T) {
	r := register(t, "home_countries: [US]\n", "{id: e, vendor: V, end: 2018-11-05, max_bytes_out_per_day: 5, destinations: [{domain: a.example.com}]}")
	many := sent("a.example.com", 5, in("GB"), hours(at(5, 21), 10, 20, 300, 4000))
	many.Parts[1].Server, many.Parts[1].Country = netip.MustParseAddr("198.51.100.4"), "FR"
	many.Parts[3].Server = netip.MustParseAddr("198.51.100.3")
	ask := func() string {
		j := r.NewJudge()
		j.Add(many)
		return fmt.Sprintf("%+v %+v %+v", j.Finish(), j.Exceeded()[0].Days, j.Observed())
	}
	want := ask()
	slices.Reverse(many.Parts)
	if got := ask(); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// TestGravestFirst: every pair of verdicts that can hold together stands in the order of gravity.
func TestGravestFirst(t *testing.T) {
	r := register(t, "home_countries: [US]\n", "{id: e, vendor: V, start: 2018-11-03, end: 2018-11-05, hosts: [10.9.0.0/16], max_bytes_out_per_day: 1, destinations: [{domain: a.example.com, ports: [80/tcp]}]}")
	all := sent("a.example.com", 2, in("GB"), hours(at(2, 23), 1, 2))
	later := sent("a.example.com", 5, in("GB"), hours(at(5, 23), 4, 8))
	all.Parts, all.Last = append(all.Parts, later.Parts...), later.Last
	j := r.NewJudge()
	j.Add(all)
	got := j.Finish()[0]
	if want := []Verdict{NotYetValid, Country, Host, Port, Exceeded}; got.Verdict != Expired || !slices.Equal(got.Also, want) {
		t.Errorf("%s, also %v", got.Verdict, got.Also)
	}
	bytes := map[Verdict]uint64{Expired: 8, NotYetValid: 1, Country: 15, Host: 15, Port: 15, Exceeded: 6}
	for _, s := range got.Shares {
		if s.PayloadOut != bytes[s.Verdict] {
			t.Errorf("%s: %d bytes, want %d", s.Verdict, s.PayloadOut, bytes[s.Verdict])
		}
	}
}

// TestOrderAndRepetition: in whatever order destinations, parts and names are given, and if a name is given twice, the register says the same, and what it saw adds up.
func TestOrderAndRepetition(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		r := register(t, "home_countries: [US]\n", someEntries(random)...)
		list := someTraffic(random)
		want := judgeAll(r, list)
		other := make([]*Traffic, len(list))
		for i, from := range random.Perm(len(list)) {
			c := *list[from]
			c.Parts = slices.Clone(c.Parts)
			random.Shuffle(len(c.Parts), func(x, y int) { c.Parts[x], c.Parts[y] = c.Parts[y], c.Parts[x] })
			c.Names, c.Vendors = slices.Clone(c.Names), slices.Clone(c.Vendors)
			slices.Reverse(c.Names)
			slices.Reverse(c.Vendors)
			if len(c.Names) > 0 {
				c.Names, c.Vendors = append(c.Names, c.Names[0]), append(c.Vendors, c.Vendors[0])
			}
			other[i] = &c
		}
		if got := judgeAll(r, other); !slices.Equal(got, want) {
			t.Fatalf("%v\n got %v\nwant %v", r.Entries, got, want)
		}
	}
}

// judgeAll is what a register says of traffic, in an order that does not depend on that of the traffic.
func judgeAll(r *Register, list []*Traffic) (out []string) {
	j := r.NewJudge()
	for _, t := range list {
		j.Add(t)
	}
	for i, g := range j.Finish() {
		out = append(out, fmt.Sprintf("%s %+v", list[i].Client, g))
	}
	for _, x := range j.Exceeded() {
		out = append(out, fmt.Sprint("over ", x.Entry.ID, x.Days))
	}
	slices.Sort(out)
	for _, o := range j.Observed() {
		out = append(out, fmt.Sprintf("%+v", o))
	}
	return out
}

// someEntries are entries for few destinations that overlap in every way.
func someEntries(random *rand.Rand) (out []string) {
	to := []string{"domain: a.example.com", "domain: b.example.com", "domain: '*.example.com'", "cidr: 203.0.113.0/24", "cidr: 203.0.113.9", "asn: 64500"}
	more := []string{"end: 2018-11-05", "start: 2018-11-06", "start: 2018-11-05, end: 2018-11-06", "hosts: [10.0.0.2]", "max_bytes_out_per_day: 1500", "countries: [GB]", "status: proposed"}
	for i := range 1 + random.IntN(6) {
		// Another host makes each entry's hosts its own, so that none is another's twin.
		out = append(out, fmt.Sprintf("{id: e%d, vendor: %s, destinations: [{%s, ports: [443/tcp, %d/udp]}], %s}", i, []string{"V", "W"}[random.IntN(2)], to[random.IntN(len(to))], i+1, more[random.IntN(len(more))]))
	}
	return out
}

// someTraffic is traffic of clients of their own to names and addresses of these entries.
func someTraffic(random *rand.Rand) (out []*Traffic) {
	for i := range 1 + random.IntN(5) {
		t := sent("", 5, hours(at(5, 22), 500, 500, 500, 500), from(fmt.Sprint("10.0.0.", i)))
		for k := range t.Parts {
			t.Parts[k].Server = netip.MustParseAddr([]string{"203.0.113.9", "203.0.113.8", "198.51.100.1"}[random.IntN(3)])
			t.Parts[k].Country = []string{"US", "GB", ""}[random.IntN(3)]
		}
		for _, n := range []string{"a.example.com", "b.example.com", "c.example.org"} {
			if random.IntN(2) == 0 {
				t.Names, t.Vendors = append(t.Names, n), append(t.Vendors, []string{"V", "W", ""}[random.IntN(3)])
			}
		}
		out = append(out, t)
	}
	return out
}
