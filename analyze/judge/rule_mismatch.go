package judge

import (
	"fmt"
	"slices"
	"strings"
)

var mismatchRule = Rule{
	ID:       "name-mismatch",
	Severity: Low,
	Fires: "What a flow calls its server is contradicted by other evidence in the capture: DNS gave other addresses for the name and never this one, the hello inside a proxy's tunnel has another name " +
		"than the tunnel was asked for, or no name in the server's certificate covers it.",
	Levels: "Low: caches from before the capture, content networks and lazy certificates do this every day. Medium where the register covers the destination by that name.",
	Blind:  "Names without other evidence in the capture: they are neither supported nor contradicted. Certificates in TLS 1.3 are encrypted.",
	Do:     "Compare the name with the address's network and with the certificate. A client that names one host and reaches another hides where it goes.",
	find:   findMismatch,
}

// signTexts say what each sign means.
var signTexts = map[signKind]string{
	signElsewhere:   "NAME is the name that the client gave; DNS answers in the capture have other addresses for it, and this one never.",
	signTarget:      "NAME is the name in the hello; the proxy was asked for OTHER.",
	signCertificate: "NAME is the name that the client gave; the server's certificate is for OTHER.",
	signECH:         "The hello hides the server's name (ECH); NAME is the provider that can read it.",
	signTor:         "The hello names NAME and the certificate OTHER: both are made up in the way of Tor's link protocol.",
}

func contradicts(k signKind) bool {
	return k == signElsewhere || k == signTarget || k == signCertificate
}

func findMismatch(c *Case) []Finding {
	return c.bySigns(contradicts, func(g *group, f *Finding) {
		f.Severity, f.Confidence = Low, likely
		if slices.ContainsFunc(g.members, func(i int) bool { return c.Destinations[i].Disclosure.Claimed }) {
			f.Severity = Medium
			f.Facts = append(f.Facts, "The register covers a destination by this name alone.")
		}
		f.Title = fmt.Sprintf("%s: other evidence contradicts what the client calls the server", g.to)
		f.Inference = "The client may name another server than the one it reaches."
		f.Unknown = append(unconfirmed(f.VendorBasis), "Whether the client had the address from an answer before the capture, or from a resolver that was not captured.")
	})
}

// bySigns makes a finding of each recipient with signs of some kinds; finish says what they mean.
func (c *Case) bySigns(pick func(signKind) bool, finish func(*group, *Finding)) (out []Finding) {
	for _, g := range c.rareByRecipient(func(r rare) bool {
		return slices.ContainsFunc(r.signs, func(s sign) bool { return pick(s.kind) })
	}) {
		f := c.finding(g)
		f.Facts = append(append(f.Facts, c.volume(&f)+"."), c.signFacts(g, pick)...)
		finish(g, &f)
		out = append(out, f)
	}
	return out
}

func (c *Case) signFacts(g *group, pick func(signKind) bool) (out []string) {
	for _, i := range g.members {
		for _, s := range c.b.rareOf(&c.details[i]).signs {
			if !pick(s.kind) {
				continue
			}
			text := strings.NewReplacer("NAME", s.name, "OTHER", s.other).Replace(signTexts[s.kind])
			if len(out) < maxSigns && !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	return out
}
