package disclosure

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func ids(r *Register) (out []string) {
	for _, e := range r.Entries {
		out = append(out, e.ID)
	}
	return out
}

// TestIDs: an id that is made is never one that is given, nor another's that is made.
func TestIDs(t *testing.T) {
	r := register(t, "", "{vendor: A B, product: C, destinations: [{domain: a.example.com}]}", "{vendor: A, product: B  C, destinations: [{domain: b.example.com}]}",
		"{vendor: W, id: a-b-c, destinations: [{domain: c.example.com}]}", "{vendor: A-B, product: c!, destinations: [{domain: d.example.com}]}", "{vendor: W, id: a-b-c-3, destinations: [{domain: e.example.com}]}",
		"{vendor: 公司, destinations: [{domain: f.example.com}]}", "{vendor: 公司, destinations: [{domain: g.example.com}]}")
	want := []string{"a-b-c-2", "a-b-c-4", "a-b-c", "a-b-c-5", "a-b-c-3", "entry", "entry-2"}
	if got := ids(r); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for i := range r.Entries {
		if e := &r.Entries[i]; r.Entry(e.ID) != e {
			t.Errorf("%s is not found by its id", e.ID)
		}
	}
}

// TestManyAlike: thousands of entries of one vendor get their ids at once.
func TestManyAlike(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("version: 1\nvendors:\n")
	for i := range maxEntries {
		fmt.Fprintf(&b, "- {vendor: V, destinations: [{domain: a%d.example.com}]}\n", i)
	}
	r, err := Parse("r.yaml", b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if last := r.Entries[maxEntries-1].ID; last != fmt.Sprint("v-", maxEntries) {
		t.Errorf("the last is %s", last)
	}
}

// TestTwins: the same destination, dates and hosts, however they are listed, are refused; what differs in one of them is not.
func TestTwins(t *testing.T) {
	const head = "version: 1\nassets:\n  - {name: one, hosts: [10.0.0.1, 10.0.0.2]}\nvendors:\n"
	const dates = "start: 2018-01-01, end: 2018-06-30, "
	const x = "  - {id: x, vendor: V, " + dates + "hosts: [10.0.0.1, 10.0.0.2], destinations: [{domain: a.example.com, ports: [443/tcp, 80/tcp]}, {cidr: 203.0.113.9}]}\n"
	for keys, twins := range map[string]bool{
		dates + "hosts: [10.0.0.2, 10.0.0.1], destinations: [{domain: a.example.com, ports: [80/tcp, 443/tcp]}]":              true,
		dates + "hosts: [10.0.0.2/32, 10.0.0.1, 10.0.0.1], destinations: [{domain: b.example.com}, {cidr: 203.0.113.9/32}]":   true,
		dates + "hosts: [one], destinations: [{domain: A.example.com., ports: [80/tcp, 443/tcp, 80/tcp]}]":                    true,
		"start: 2018-01-01, end: 2018-07-01, hosts: [one], destinations: [{domain: a.example.com, ports: [80/tcp, 443/tcp]}]": false,
		"start: 2018-06-30, hosts: [one], destinations: [{domain: a.example.com, ports: [80/tcp, 443/tcp]}]":                  false,
		"hosts: [one], destinations: [{domain: a.example.com, ports: [80/tcp, 443/tcp]}]":                                     false,
		dates + "hosts: [10.0.0.1], destinations: [{domain: a.example.com, ports: [80/tcp, 443/tcp]}]":                        false,
		dates + "destinations: [{domain: a.example.com, ports: [80/tcp, 443/tcp]}]":                                           false,
		dates + "hosts: [one], destinations: [{domain: a.example.com, ports: [80/tcp]}]":                                      false,
		dates + "hosts: [one], destinations: [{domain: '*.a.example.com', ports: [80/tcp, 443/tcp]}]":                         false,
		dates + "hosts: [one], status: proposed, destinations: [{domain: a.example.com, ports: [80/tcp, 443/tcp]}]":           false,
	} {
		_, err := Parse("r.yaml", []byte(head+x+"  - {id: y, vendor: V, "+keys+"}\n"))
		if twins != (err != nil) || twins && !strings.HasPrefix(err.Error(), "r.yaml:6:10: entry y has the same destination, dates and hosts as x (r.yaml:5:10): ") {
			t.Errorf("%s: %v", keys, err)
		}
	}
	const three = "  - {id: z, vendor: V, destinations: [{asn: 2}]}\n  - {id: y, vendor: V, destinations: [{asn: 1}]}\n  - {id: w, vendor: V, destinations: [{asn: 1}]}\n  - {id: v, vendor: V, destinations: [{asn: 2}]}\n"
	if _, err := Parse("r.yaml", []byte("version: 1\nvendors:\n"+three)); err == nil || err.Error() != "r.yaml:5:10: entry w has the same destination, dates and hosts as y (r.yaml:4:10): AS1" {
		t.Errorf("of two pairs not the first is told: %v", err)
	}
}

// TestMemory: a register costs memory by its length, not by what its entries share.
func TestMemory(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("version: 1\nassets:\n- name: a\n  hosts:\n")
	for i := range maxListed {
		fmt.Fprintf(&b, "  - 10.0.%d.%d\n", i/256, i%256)
	}
	b.WriteString("vendors:\n")
	for n := range 30 {
		fmt.Fprintf(&b, "- vendor: V\n  hosts: [%s]\n  destinations:\n", strings.TrimSuffix(strings.Repeat("a, ", 300), ", "))
		for i := range maxListed {
			fmt.Fprintf(&b, "  - domain: a%d.b%d.example.com\n", i, n)
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Parse("r.yaml", b.Bytes()); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	const most = 200 // bytes that are allocated for a byte of the file
	if n := (after.TotalAlloc - before.TotalAlloc) / uint64(b.Len()); n > most {
		t.Errorf("%d bytes for each of %d", n, b.Len())
	}
}
