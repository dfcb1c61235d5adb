package judge

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// proxied is a recipient reached through one proxy under many names, each by the host that asked and by the proxy.
func proxied(names int) (*Case, *group) {
	c, g := &Case{}, &group{}
	client, proxy := &Inside{Client: netip.MustParseAddr("10.0.0.2")}, &Inside{Client: netip.MustParseAddr("10.0.0.9")}
	through, direct := &Course{Via: "10.0.0.9:3128"}, &Course{}
	said, plain := &Naming{Notes: []string{textBothLegs}}, &Naming{}
	for i := range names {
		name := fmt.Sprintf("%d.example.com", i)
		c.Destinations = append(c.Destinations, &Destination{Name: name, Inside: client, Course: through, Naming: said, PayloadOut: 100},
			&Destination{Name: name, Inside: proxy, Course: direct, Naming: plain, PayloadOut: 7})
		c.details = append(c.details, detail{notes: noteBothLegs}, detail{notes: noteRelayed})
		g.members = append(g.members, 2*i, 2*i+1)
	}
	return c, g
}

func TestPayloadOfBothLegs(t *testing.T) {
	c, all := proxied(3)
	for _, x := range []struct {
		what    string
		members []int
		want    uint64
	}{
		{"both legs of each: the proxy's own", all.members, 21},
		{"those who asked alone", []int{0, 2, 4}, 300},
		{"the proxy's own alone", []int{1, 3, 5}, 21},
		{"one asked for, and the leg to another name", []int{0, 3}, 107},
	} {
		if got := c.payloadOut(&group{members: x.members}); got != x.want {
			t.Errorf("%s: %d bytes, want %d", x.what, got, x.want)
		}
	}
	c.Destinations[0].Course = &Course{Via: "10.0.0.8:3128"}
	if got := c.payloadOut(&group{members: []int{0, 1}}); got != 107 {
		t.Errorf("the leg of another proxy: %d bytes, want 107", got)
	}
}

// TestPayloadOfManyLegs: who has a proxy asked for names without end makes no work that grows with their square. Were each looked for among all, these
// would take more than ten seconds.
func TestPayloadOfManyLegs(t *testing.T) {
	const names, most = 200_000, 5 * time.Second
	c, g := proxied(names)
	began := time.Now()
	if got := c.payloadOut(g); got != 7*names {
		t.Errorf("%d bytes, want %d", got, 7*names)
	}
	if took := time.Since(began); took > most {
		t.Errorf("took %s", took)
	}
}
