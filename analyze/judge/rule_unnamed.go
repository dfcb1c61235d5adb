package judge

import (
	"fmt"

	"github.com/dustin/go-humanize"
)

const (
	// leastUnnamed is the payload to unnamed addresses of one network from which on it is a finding, in bytes: less is a ping, a probe, or the end of a
	// connection that was there before the capture.
	leastUnnamed = 1000
	// muchUnnamed is the payload that makes it graver, in bytes: more than a device says of itself in a month.
	muchUnnamed = 100_000_000
)

var unnamedRule = Rule{
	ID:       "unnamed-destination",
	Severity: Low,
	Fires:    "Payload went to addresses that nothing names: no hello, no request, no DNS answer, no certificate in the capture, and no entry of the register.",
	Levels:   "Low, as peer-to-peer software, old connections and devices with fixed addresses do it every day; medium from 100 MB on.",
	Bounds: []Bound{
		{"least payload", "1 kB a network", "less is a probe, or the end of a connection that was there before the capture"},
		{"much payload", "100 MB a network", "more than a device says of itself in a month"},
	},
	Blind: "Who is behind an address. The network's owner, shown with it, is not the recipient.",
	Do:    "Find the process on the client that holds the connection, or ask the maker of the device. Capture from before the device starts, so that its look-ups are seen.",
	find:  findUnnamed,
}

func findUnnamed(c *Case) (out []Finding) {
	for _, g := range c.byRecipient(func(i int) bool { return c.is(i, isUnnamed) && c.details[i].state == rankTransferred }) {
		if c.payloadOut(g) < leastUnnamed {
			continue
		}
		f := c.finding(g)
		f.Severity = Low
		if f.PayloadOut >= muchUnnamed {
			f.Severity = Medium
		}
		f.Title = fmt.Sprintf("%s to %s that nothing names, in %s", humanize.Bytes(f.PayloadOut), Plural(len(f.Servers), "address", "addresses"), g.to.network)
		f.Facts = append(f.Facts, c.volume(&f)+".", "The network's owner is "+g.to.network+", in the opinion of a database; the owner of a network is not the recipient.")
		f.Inference = "Software on the client knows the address without asking for it."
		f.Unknown = append(unconfirmed(f.VendorBasis), "What was sent: "+c.content(g)+".")
		out = append(out, f)
	}
	return out
}

// unnamed says whether nothing names a destination. Ordinary machinery that goes to addresses by design is known by its protocol: time, DNS, and
// what holds a path open.
func unnamed(d *Destination) bool {
	return d.VendorBasis != basisRegister && d.nameless() && !machinery(d)
}

// machinery says whether a destination is of a protocol with which hosts keep themselves going: its rhythm and its addresses are by design.
func machinery(d *Destination) bool {
	switch d.Protocol {
	case "dns", "ntp", "dhcp", "dhcpv6", "stun", "icmpv6-ra":
		return true
	}
	return d.Transport == "icmp" || d.Transport == "icmpv6" || d.Transport == "igmp"
}

// content says what is known of what was sent.
func (c *Case) content(g *group) string {
	for _, i := range g.members {
		if !encrypted(c.Destinations[i]) {
			return "not read by this rule; the frames show it where it is not encrypted"
		}
	}
	return "content not observed, as it is encrypted"
}

// encrypted says whether a destination's protocol hides its content.
func encrypted(d *Destination) bool {
	switch d.Protocol {
	case "tls", "quic", "dtls", "ssh", "wireguard", "openvpn", "ipsec-ike", "gquic":
		return true
	}
	return d.Transport == "esp"
}
