package judge

import (
	"fmt"
	"slices"
	"strings"
)

var hiddenRule = Rule{
	ID:       "hidden-name",
	Severity: Low,
	Fires: "The client keeps from the capture where it goes: an encrypted hello (ECH) that is proven by the configuration in DNS, DNS over TLS, QUIC or HTTPS to a resolver outside, a VPN by its " +
		"handshake, or Tor by its made-up names.",
	Levels: "Low, as browsers and remote workers do it every day; medium for Tor.",
	Blind: "What the register covers. Resolvers over HTTPS that no list of public resolvers has, ECH whose configuration was not captured (it looks like the dummy that every browser sends), VPNs that look like TLS or like " +
		"nothing, Tor's bridges.",
	Do:   "Ask whether policy allows it. Names behind it are missing from this report: capture on the client, or switch the hidden resolver off there.",
	find: findHidden,
}

// resolvers are hosts of public resolvers that answer over HTTPS beside other ports, as their operators publish them. A name ends with one or is it.
var resolvers = []string{"dns.google", "cloudflare-dns.com", "one.one.one.one", "dns.quad9.net", "doh.opendns.com", "dns.nextdns.io", "dns.adguard-dns.com", "dns.adguard.com",
	"doh.cleanbrowsing.org", "dns.controld.com", "freedns.controld.com", "doh.dns.sb", "dns.alidns.com", "doh.pub", "dns0.eu", "doh.mullvad.net", "dns.mullvad.net", "doh.libredns.gr",
	"doh.applied-privacy.net", "odoh.cloudflare-dns.com", "doh.xfinity.com", "dns.switch.ch", "use-application-dns.net"}

// hiddenKinds are what hides a destination beside the signs of its flows, by what is seen. Ports: RFC 7858, section 3.1; RFC 9250, section 4.1.1.
var hiddenKinds = []struct {
	text string
	is   func(*Destination) bool
}{
	{"DNS over HTTPS", func(d *Destination) bool { return (d.Protocol == "tls" || d.Protocol == "quic") && isResolver(d.Name) }},
	{"DNS over TLS", func(d *Destination) bool { return d.Protocol == "tls" && d.Port == portDoT && d.OpenedBy == "client" }},
	{"DNS over QUIC", func(d *Destination) bool { return d.Protocol == "quic" && d.Port == portDoT && d.OpenedBy == "client" }},
	{"a WireGuard tunnel", func(d *Destination) bool { return d.Protocol == "wireguard" }},
	{"an OpenVPN tunnel", func(d *Destination) bool { return d.Protocol == "openvpn" }},
	{"an IPsec tunnel", func(d *Destination) bool { return d.Protocol == "ipsec-ike" || d.Transport == "esp" }},
}

const portDoT = 853

func isResolver(name string) bool {
	return slices.ContainsFunc(resolvers, func(r string) bool {
		above, ok := strings.CutSuffix(name, r)
		return ok && (above == "" || above[len(above)-1] == '.')
	})
}

// hides says how a destination hides where its client goes; "" if it does not.
func hides(d *Destination) string {
	if !encrypted(d) {
		return "" // most
	}
	for _, k := range hiddenKinds {
		if k.is(d) {
			return k.text
		}
	}
	return ""
}

func hidesName(k signKind) bool { return k == signECH || k == signTor }

const tor = "Tor"

// waysHidden says how some destinations hide where their clients go, each way once.
func (c *Case) waysHidden(g *group) (how []string) {
	for _, i := range g.members {
		if h := hides(c.Destinations[i]); h != "" {
			how = append(how, h)
		}
		for _, s := range c.b.rareOf(&c.details[i]).signs {
			switch s.kind {
			case signECH:
				how = append(how, "an encrypted hello (ECH)")
			case signTor:
				how = append(how, tor)
			}
		}
	}
	slices.Sort(how)
	return slices.Compact(how)
}

func findHidden(c *Case) (out []Finding) {
	hidden := func(i int) bool {
		return !c.covered(i) && (c.is(i, isHiding) || slices.ContainsFunc(c.b.rareOf(&c.details[i]).signs, func(s sign) bool { return hidesName(s.kind) }))
	}
	for _, g := range c.byRecipient(hidden) {
		f := c.finding(g)
		how := c.waysHidden(g)
		f.Severity = Low
		if slices.Contains(how, tor) {
			f.Severity = Medium
		}
		f.Title = fmt.Sprintf("%s to %s: names behind it are not seen", strings.Join(how, " and "), g.to)
		f.Facts = append(append(f.Facts, c.volume(&f)+"."), c.signFacts(g, hidesName)...)
		f.Inference = "Which hosts the client reaches, or asks for, by this way is not in the capture."
		f.Unknown = append(unconfirmed(f.VendorBasis), "Which names or hosts were reached.", "What was sent: content not observed, as it is encrypted.")
		out = append(out, f)
	}
	return out
}
