package judge

import "phonehome/analyze/disclosure"

// traits are what rules ask of every destination to find the few that they are about: told once, and looked at without the destinations.
type traits uint8

const (
	isMachinery traits = 1 << iota // see machinery
	isUnnamed                      // nothing names it, see unnamed
	isHiding                       // see hides
	isCovered                      // the register covers it; never without one
)

func traitsOf(d *Destination) (t traits) {
	if machinery(d) {
		t |= isMachinery
	}
	if unnamed(d) {
		t |= isUnnamed
	}
	if hides(d) != "" {
		t |= isHiding
	}
	if d.Disclosure.Verdict == disclosure.Disclosed {
		t |= isCovered
	}
	return t
}

// is says whether a destination has one of some traits.
func (c *Case) is(i int, t traits) bool { return c.details[i].traits&t != 0 }
