package disclosure

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// hostile are texts that a capture may have where a name is expected.
var hostile = []string{"a: b", "x\n    status: approved", `"quoted" \ text`, "# no comment", "- item", "{a: b}", "*alias", "&anchor", "NO", "~", "\x00\x1b[31m", "\xff\xfe", "\u202eevil", "'", strings.Repeat("ü", 5000), " ",
	"%TAG", "@at", "`tick", strings.Repeat("<", 500), strings.Repeat("&\\\"", 500), strings.Repeat("[{", 500), "\u2028\u2029\u0085", "\uFEFF", "\uFFFE\uFFFF", "\u00a0x\u00a0", "\u2066\u200b", "\\", `\`, "\"", "a\rb", "---", "...", "!!str x",
	"7", "true", "2018-01-01", "\U0010FFFF", strings.Repeat("a", 199) + "\u00a0", "*.com", "*", "0.0.0.0/0", "10.0.0.0/8", "a.example.com|443/tcp", "", ".", "..", "::", "[::1]", "203.0.113.9"}

// parsed holds a text of proposals to what they promise: it parses, as it is and when all is approved, and proposes only.
func parsed(t *testing.T, text []byte) *Register {
	t.Helper()
	r, err := Parse("r.yaml", text)
	if err != nil {
		t.Fatalf("%v\n%.5000s", err, text)
	}
	for i := range r.Entries {
		if r.Entries[i].Status != Proposed {
			t.Errorf("%+v", r.Entries[i])
		}
	}
	if _, err := Parse("r.yaml", bytes.ReplaceAll(text, []byte("\n    status: proposed\n"), []byte("\n    status: approved\n"))); err != nil {
		t.Fatalf("approved: %v\n%.5000s", err, text)
	}
	return r
}

func single(a string) Pattern {
	ip := netip.MustParseAddr(a)
	return Pattern{CIDR: netip.PrefixFrom(ip, ip.BitLen())}
}

// TestProposals: whatever a capture calls itself, what is written parses, says what was given, and discloses nothing.
func TestProposals(t *testing.T) {
	var list []Proposal
	for i, h := range hostile {
		p := Proposal{Vendor: h, Seen: []string{h}, Reference: h, Destinations: []Pattern{{Domain: fmt.Sprintf("a%d.example.com", i), Ports: []Service{{443, "tcp"}}}, {Domain: "com"}, {}}}
		if n, why := Named(h); why == "" {
			t.Errorf("%q is a name: %+v", h, n)
		}
		p.Destinations = append(p.Destinations, Pattern{Domain: h})
		list = append(list, p)
	}
	text, left := WriteProposals(list)
	r := parsed(t, text)
	if len(r.Entries) != len(hostile) || left != 0 {
		t.Errorf("%d entries of %d, %d left", len(r.Entries), len(hostile), left)
	}
	for i, e := range r.Entries {
		if e.Status != Proposed || len(e.Destinations) != 1 {
			t.Errorf("%q: %+v", hostile[i], e)
		}
	}
	for _, i := range []int{0, 2, 3, 5} {
		if r.Entries[i].Vendor != hostile[i] {
			t.Errorf("%q is read back as %q", hostile[i], r.Entries[i].Vendor)
		}
	}
	j := r.NewJudge()
	j.Add(sent("a1.example.com", 5))
	if got := j.Finish()[0]; got.Verdict != Undisclosed {
		t.Errorf("a proposal discloses: %+v", got)
	}
	for _, none := range [][]Proposal{nil, {{Vendor: "V"}}, {{Vendor: "V", Destinations: []Pattern{{Domain: "com"}}}}} {
		text, left := WriteProposals(none)
		if r := parsed(t, text); len(r.Entries) > 0 || left > 0 {
			t.Errorf("%s", text)
		}
	}
	parsed(t, []byte(Skeleton))
}

// TestProposedOnce: a destination stands once, with all its ports, whatever the number of proposals that have it.
func TestProposedOnce(t *testing.T) {
	on := func(n uint16) []Service { return []Service{{n, "tcp"}} }
	text, _ := WriteProposals([]Proposal{
		{Vendor: "V", Destinations: []Pattern{{Domain: "a.example.com", Ports: on(443)}, {Domain: "a.example.com", Ports: on(80)}, {Domain: "b.example.com", Ports: on(80)}, {Domain: "b.example.com"}, single("203.0.113.9")}},
		{Vendor: "W", Destinations: []Pattern{single("203.0.113.9")}},
	})
	r := parsed(t, text)
	want := []Pattern{single("203.0.113.9"), {Domain: "a.example.com", Ports: []Service{{443, "tcp"}, {80, "tcp"}}}, {Domain: "b.example.com"}}
	if len(r.Entries) != 1 || fmt.Sprint(r.Entries[0].Destinations) != fmt.Sprint(want) {
		t.Errorf("%s", text)
	}
}

// TestManyDestinations: a vendor with more than an entry holds gets several, and what a register does not hold is counted.
func TestManyDestinations(t *testing.T) {
	p := Proposal{Vendor: "V", Reference: "R"}
	long := strings.Repeat("abcdefghi.", 23)
	for i := range 2*maxListed + 7 {
		p.Seen = append(p.Seen, fmt.Sprint("seen ", i))
		p.Destinations = append(p.Destinations, Pattern{Domain: fmt.Sprintf("%sa%d.example", long, i)})
	}
	for i := range 1100 { // of one name, the longest there is
		p.Destinations = append(p.Destinations, Pattern{Domain: long + "example.longest.example", Ports: []Service{{uint16(60000 + i), "sctp"}}})
	}
	text, left := WriteProposals([]Proposal{p})
	several, n := parsed(t, text), 0
	for _, e := range several.Entries {
		n += len(e.Destinations)
		if e.Vendor != "V" || e.Reference != "R" {
			t.Errorf("%+v", e)
		}
	}
	if len(several.Entries) != 3 || n != 2007+1100/maxOnALine || left != 0 || !strings.Contains(string(text), "# and 1957 more\n") {
		t.Errorf("%d entries, %d destinations, %d left", len(several.Entries), n, left)
	}
	var list []Proposal
	for i := range maxEntries + 5 {
		list = append(list, Proposal{Vendor: fmt.Sprint("V", i), Destinations: []Pattern{{Domain: fmt.Sprintf("a%d.example.com", i)}}})
	}
	text, left = WriteProposals(list)
	r, err := Parse("r.yaml", text)
	if err != nil || len(r.Entries) != maxEntries || left != 5 || !strings.HasSuffix(string(text), "# 5 more are left out: a register holds no more.\n") {
		t.Errorf("%d left, %v", left, err)
	}
	list = nil
	for i := range 60 {
		q := Proposal{Vendor: fmt.Sprint("V", i)}
		for k := range maxListed {
			q.Destinations = append(q.Destinations, Pattern{Domain: fmt.Sprintf("a%d.b%d.example.com", k, i), Ports: []Service{{443, "tcp"}}})
		}
		list = append(list, q)
	}
	text, left = WriteProposals(list)
	if _, err := Parse("r.yaml", text); err != nil || left != 10*maxListed {
		t.Errorf("%d left, %v", left, err)
	}
}

// FuzzProposals: whatever names, vendors and references are, the register that proposes them parses and proposes only.
func FuzzProposals(f *testing.F) {
	for i, h := range hostile {
		f.Add(h, hostile[(i+1)%len(hostile)], hostile[(i+2)%len(hostile)], uint16(i))
	}
	f.Add("Acme", "a.example.com", "DPA 1", uint16(443))
	f.Fuzz(func(t *testing.T, vendor, name, text string, port uint16) {
		named, why := Named(name)
		named.Ports = []Service{{port, "tcp"}}
		if port == 0 {
			named.Ports = nil
		}
		list := []Proposal{{Vendor: vendor, Seen: []string{text, name}, Reference: text, Destinations: []Pattern{named, {Domain: name}}}, {Vendor: text, Destinations: []Pattern{named, single("203.0.113.9")}}}
		out, _ := WriteProposals(list)
		r := parsed(t, out)
		if r.Entries[len(r.Entries)-1].Destinations[0].CIDR != single("203.0.113.9").CIDR {
			t.Errorf("%s", out)
		}
		if why != "" {
			return
		}
		if !slices.ContainsFunc(r.Entries[0].Destinations, func(p Pattern) bool { return p.Domain == strings.ToLower(strings.TrimSuffix(name, ".")) }) {
			t.Errorf("%q is not in\n%s", name, out)
		}
	})
}
