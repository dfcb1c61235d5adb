package judge

import (
	"fmt"
	"testing"
	"time"

	"phonehome/analyze/disclosure"
	"phonehome/fixtures"
)

// TestCited: the title has the first of what is listed, and how many more there are, each once, however many.
func TestCited(t *testing.T) {
	growth := fixtures.Growth(4000, func(n int) time.Duration {
		var all []listed
		for i := range n {
			all = append(all, listed{what: fmt.Sprintf("h%d.example.com", i%(n/2))})
		}
		begun := time.Now()
		if got, want := cited(all), "h0.example.com with "+Plural(n/2-1, "other", "others"); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
		return time.Since(begun)
	})
	if growth > fixtures.MostGrowth {
		t.Errorf("8 times as many hits take %.0f times as long", growth)
	}
	if got := cited([]listed{{what: "a"}, {what: "a"}}); got != "a" {
		t.Errorf("%q, want a", got)
	}
}

// TestVolumeGrowth: a register of which many entries were exceeded does not look at all destinations for each.
func TestVolumeGrowth(t *testing.T) {
	growth := fixtures.Growth(4000, func(n int) time.Duration {
		c := &Case{}
		for range n {
			c.Destinations = append(c.Destinations, &Destination{Disclosure: &disclosure.Judgement{Verdict: disclosure.Disclosed}})
			c.shares = append(c.shares, []disclosure.Share{{Verdict: disclosure.Disclosed}})
			c.exceeded = append(c.exceeded, disclosure.Excess{Entry: &disclosure.Entry{ID: "e"}})
		}
		begun := time.Now()
		findVolume(c)
		return time.Since(begun)
	})
	if growth > fixtures.MostGrowth {
		t.Errorf("8 times as many entries and destinations take %.0f times as long", growth)
	}
}
