package judge

import (
	"fmt"
	"net/netip"
	"testing"
)

func TestProposeInternal(t *testing.T) {
	for _, c := range []struct {
		payload map[string]uint64
		want    string
	}{
		{map[string]uint64{}, "[]"},
		{map[string]uint64{"198.51.100.0/24": 0}, "[]"},
		{map[string]uint64{"198.51.100.0/24": 10}, "[198.51.100.0/24]"},
		{map[string]uint64{"198.51.100.0/24": 9, "192.0.2.0/24": 90, "203.0.113.0/24": 5}, "[192.0.2.0/24]"},
		{map[string]uint64{"198.51.100.0/24": 25, "192.0.2.0/24": 25, "203.0.113.0/24": 25, "2001:db8::/48": 25}, "[192.0.2.0/24 198.51.100.0/24 203.0.113.0/24]"},
	} {
		b := &Builder{outsiders: candidates{}}
		for p, n := range c.payload {
			b.outsiders[netip.MustParsePrefix(p)] = n
			b.Direction.OutsideOutside += n
		}
		if got := fmt.Sprint(b.ProposeInternal()); got != c.want {
			t.Errorf("%v: %s, want %s", c.payload, got, c.want)
		}
	}
}
