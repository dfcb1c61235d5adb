package judge

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// strongest is the strongest state of some destinations.
func (c *Case) strongest(g *group) stateRank {
	s := rankLookedUp
	for _, i := range g.members {
		s = min(s, c.details[i].state)
	}
	return s
}

// weighs says whether payload went to a destination that is more than time and DNS: nothing less makes a finding more than low.
func (c *Case) weighs(i int) bool {
	return c.details[i].state == rankTransferred && !c.is(i, isMachinery)
}

// unanswered says whether payload went to some destinations, and not one packet of theirs came back.
func (c *Case) unanswered(g *group) bool {
	return c.strongest(g) == rankTransferred && !slices.ContainsFunc(g.members, func(i int) bool { return c.Destinations[i].PacketsIn > 0 })
}

// assets are the names of the register's assets that a finding's clients belong to.
func (c *Case) assets(f *Finding) (out []string) {
	for _, i := range f.group.members {
		if a := c.Destinations[i].Asset; a != "" {
			out = append(out, a)
		}
	}
	return out
}

// maxHosts is how many clients a finding says something of: a person looks at a few.
const maxHosts = 8

// hosts says what the clients are, where the register or an inference tells.
func (c *Case) hosts(g *group) (out []string) {
	said := map[netip.Addr]bool{}
	for _, i := range g.members {
		d := c.Destinations[i]
		if said[d.Client] || len(said) == maxHosts {
			continue
		}
		said[d.Client] = true
		switch role := c.Roles[d.Client]; {
		case d.Asset != "":
			out = append(out, fmt.Sprintf("%s is of the register's asset %q.", clientText(d), d.Asset))
		case role.Name != "":
			out = append(out, fmt.Sprintf("%s seems to be a %s: %s.", clientText(d), role.Name, strings.TrimSuffix(role.Basis, ".")))
		case d.ClientLabel != "":
			out = append(out, d.called())
		}
	}
	return out
}

// makerBasis is the basis of a label that is the maker of a hardware address, which is no name of the host.
const makerBasis = "mac-maker"

// called says what a client is called, or who made its network card.
func (o *Destination) called() string {
	if o.LabelBasis == makerBasis {
		return fmt.Sprintf("%s has a hardware address of %s.", o.Client, quoted(o.ClientLabel))
	}
	return fmt.Sprintf("%s is called %s.", o.Client, quoted(o.ClientLabel))
}

func minuteText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// quoted is somebody else's text in quotation marks.
func quoted(s string) string { return "“" + s + "”" }

// sent is what left, for a title: bytes, or how far it got.
func (c *Case) sent(g *group, f *Finding) string {
	if f.PayloadOut > 0 {
		return fmt.Sprintf("%s from %s", humanize.Bytes(f.PayloadOut), Plural(len(f.Clients), "client", "clients"))
	}
	switch c.strongest(g) {
	case rankLookedUp:
		return "names looked up only"
	case rankAttempted:
		return "attempts only"
	}
	return "connected, no payload seen to leave"
}
