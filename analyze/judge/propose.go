package judge

import (
	"cmp"
	"net/netip"
	"slices"

	"phonehome/analyze/flow"
)

const (
	maxProposed   = 3       // networks that are proposed: a person reads them
	maxCandidates = 1 << 16 // networks that are looked at: a backbone has more, and nothing to propose
	leastShare    = 10      // a proposed network opened a tenth of the payload at least
)

// candidates are the networks that opened flows between two outside addresses, with the payload of these.
type candidates map[netip.Prefix]uint64

func (c candidates) add(r *flow.Row, payload uint64) {
	client, _ := r.Client()
	a, _ := r.End(client)
	p := networkOf(a.Netip(r.V6))
	if _, known := c[p]; known || len(c) < maxCandidates {
		c[p] += payload
	}
}

// ProposeInternal returns the networks that most flows between outside addresses were opened from, most payload first: those that a user could
// have meant as inside.
func (b *Builder) ProposeInternal() []netip.Prefix {
	var out []netip.Prefix
	for p, n := range b.outsiders {
		if n > 0 && n >= b.Direction.OutsideOutside/leastShare {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(x, y netip.Prefix) int {
		return cmp.Or(cmp.Compare(b.outsiders[y], b.outsiders[x]), x.Addr().Compare(y.Addr()))
	})
	return out[:min(len(out), maxProposed)]
}
