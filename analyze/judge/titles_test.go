package judge

import (
	"slices"
	"testing"

	"phonehome/analyze/intel"
)

// TestDestinationsOf: a vendor has destinations, and a name has none: they are at it.
func TestDestinationsOf(t *testing.T) {
	for _, x := range []struct {
		to   recipient
		n    int
		want string
	}{
		{recipient{vendor: "ExampleSec"}, 1, "1 destination of ExampleSec"},
		{recipient{vendor: "ExampleSec"}, 1500, "1,500 destinations of ExampleSec"},
		{recipient{domain: "example.com"}, 1, "1 destination at example.com"},
		{recipient{domain: "example.com"}, 2, "2 destinations at example.com"},
		{recipient{domain: "cloud.example", hosted: true}, 2, "2 destinations of an unnamed tenant of cloud.example"},
		{recipient{network: "AS64500 Hosting"}, 2, "2 destinations of an unnamed recipient in AS64500 Hosting"},
		{recipient{}, 1, "1 destination of an unnamed recipient in an unknown network"},
	} {
		g := &group{to: &x.to, members: make([]int, x.n)}
		if got := g.String(); got != x.want {
			t.Errorf("%q, want %q", got, x.want)
		}
	}
}

// TestCitedIndicators: of what lists have, a title names the first, and facts a bounded number; how many more there are is said.
func TestCitedIndicators(t *testing.T) {
	set, err := intel.Read([]intel.Input{{Path: "list.txt", Data: []byte("203.0.113.1\n")}})
	if err != nil {
		t.Fatal(err)
	}
	c := &Case{Intel: set}
	some := func(n int) (out []listed) {
		for i := range n {
			out = append(out, listed{intel.Hit{Indicator: "203.0.113.1", Kind: intel.Address}, string(rune('a' + i))})
		}
		return out
	}
	for n, want := range map[int]string{1: "a", 2: "a with 1 other", 3: "a with 2 others"} {
		if got := cited(some(n)); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	for more, want := range map[int]string{1: "1 more indicator fits.", 2: "2 more indicators fit."} {
		got := c.citations(some(maxListed + more))
		if len(got) != maxListed+1 || got[maxListed] != want {
			t.Errorf("%q, want %d and %q", got, maxListed, want)
		}
	}
	if got := c.citations(some(maxListed)); len(got) != maxListed || slices.Contains(got, "") {
		t.Errorf("%q", got)
	}
}
