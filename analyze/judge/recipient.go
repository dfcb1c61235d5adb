package judge

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
)

// recipient is whom a finding is about: the vendor; where that is not known, the registrable domain; where nothing names it, the network.
type recipient struct {
	vendor, basis string
	domain        string
	network       string // "AS64500 Example Hosting", or a prefix where no database knows it
}

// recipientOf tells the recipient of a destination.
func recipientOf(d *Destination) recipient {
	switch {
	case d.Vendor != "":
		return recipient{vendor: d.Vendor, basis: d.VendorBasis}
	case d.Tenant != "":
		return recipient{basis: "none", domain: d.Name}
	case d.RegistrableDomain != "":
		return recipient{basis: "none", domain: d.RegistrableDomain}
	case d.Name != "":
		return recipient{basis: "none", domain: d.Name}
	case len(d.OtherNames) > 0:
		return recipient{basis: "none", domain: d.OtherNames[0].Name + " or another"}
	case len(d.Servers) == 0:
		return recipient{basis: "none"}
	}
	return recipient{basis: "none", network: networkText(&d.Servers[0])}
}

func networkText(s *Server) string {
	if s.ASN == 0 {
		return networkOf(s.IP).String()
	}
	as := "AS" + strconv.FormatUint(uint64(s.ASN), 10)
	if s.Network == "" {
		return as
	}
	return as + " " + s.Network
}

// key is what a fingerprint holds of a recipient.
func (r recipient) key() string { return cmp.Or(r.vendor, r.domain, r.network) }

// String is how a title calls a recipient.
func (r recipient) String() string {
	if r.vendor == "" && r.domain == "" {
		return "an unnamed recipient in " + cmp.Or(r.network, "an unknown network")
	}
	return cmp.Or(r.vendor, r.domain)
}

// group is the destinations of one recipient, by their place in Case.Destinations.
type group struct {
	to               recipient
	members          []int
	clients, unnamed []netip.Addr // set by finding: of all members, and the servers that no name stands for
}

// byRecipient groups the destinations that pick takes, in the order of their first one: most payload first.
func (c *Case) byRecipient(pick func(i int) bool) []*group {
	c.findRecipients()
	index := make([]*group, len(c.recipients))
	var out []*group
	for i := range c.Destinations {
		if !pick(i) {
			continue
		}
		n := c.to[i]
		if index[n] == nil {
			index[n] = &group{to: c.recipients[n]}
			out = append(out, index[n])
		}
		index[n].members = append(index[n].members, i)
	}
	return out
}

// findRecipients numbers the recipients of all destinations, once.
func (c *Case) findRecipients() {
	if c.to != nil {
		return
	}
	numbers := map[recipient]int32{}
	c.to = make([]int32, len(c.Destinations))
	for i := range c.Destinations {
		to := recipientOf(&c.Destinations[i])
		n, ok := numbers[to]
		if !ok {
			n = int32(len(c.recipients))
			numbers[to] = n
			c.recipients = append(c.recipients, to)
		}
		c.to[i] = n
	}
}

// recipient is the recipient of a destination.
func (c *Case) recipient(i int) recipient {
	c.findRecipients()
	return c.recipients[c.to[i]]
}

// sortedAddrs lists addresses, each once.
func sortedAddrs(set []netip.Addr) []netip.Addr {
	slices.SortFunc(set, netip.Addr.Compare)
	return slices.Compact(set)
}
