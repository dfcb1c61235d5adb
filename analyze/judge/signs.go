package judge

import (
	"slices"
	"strings"

	"phonehome/analyze/hostname"
)

// signKind is a kind of sign.
type signKind uint8

const (
	signElsewhere   signKind = iota // DNS has other addresses for the flow's own name
	signTarget                      // the hello inside a proxy's tunnel has another name than the tunnel was asked for
	signCertificate                 // no name of the server's certificate covers the hello's
	signECH                         // the hello's real name is encrypted, by proof
	signTor                         // hello and certificate have the made-up names of Tor's link protocol
)

// addSigns adds what the leg's evidence says beside its name. Most legs have one name, and nothing to hold it against.
func (b *Builder) addSigns(l *leg, d *dest) {
	n := l.naming
	for _, h := range n.Hidden {
		b.sign(d, signECH, h, "")
	}
	if len(n.Own) == 0 {
		return
	}
	own := n.Own[0]
	if n.Elsewhere && l.via == "" { // the address of a proxy is never the name's
		b.sign(d, signElsewhere, own, "")
	}
	if !own.Source.Hello() {
		return
	}
	for _, t := range n.Target {
		if host, _ := splitPort(t.Name); host != own.Name && publicName(host) && !isAddress(host) {
			b.sign(d, signTarget, own, host)
		}
	}
	if len(n.Certificate) == 0 {
		return
	}
	switch {
	case torNames(own.Name, n.Certificate):
		b.sign(d, signTor, own, n.Certificate[0].Name)
	case len(n.Certificate) < hostname.MaxNamed && !covered(own.Name, n.Certificate):
		b.sign(d, signCertificate, own, n.Certificate[0].Name)
	}
}

// sign keeps a sign, each once.
func (b *Builder) sign(d *dest, kind signKind, n hostname.Named, other string) {
	s := sign{kind: kind, name: n.Name, other: other, frame: frameOf(n.Capture, n.Frame)}
	more := b.makeRare(d)
	if len(more.signs) < maxSigns && !slices.ContainsFunc(more.signs, func(o sign) bool { return o.kind == s.kind && o.name == s.name && o.other == s.other }) {
		more.signs = append(more.signs, s)
		b.cited.show(d.number, s.frame)
	}
}

// covered says whether a certificate's names cover a host (RFC 9525, section 6.3): a wildcard stands for one label.
func covered(host string, certificate []hostname.Named) bool {
	_, above, _ := strings.Cut(host, ".")
	return slices.ContainsFunc(certificate, func(c hostname.Named) bool {
		return c.Name == host || above != "" && c.Name == "*."+above
	})
}

// Bounds of the random part of the names in Tor's link handshake, in letters (tor-spec, "negotiating and initializing connections").
const (
	torShortest = 8
	torLongest  = 20
)

// torNames says whether a hello asks for www.RANDOM.com and the certificate answers with www.RANDOM.net, both of the letters of Base32: each end makes
// its own up.
func torNames(host string, certificate []hostname.Named) bool {
	return len(certificate) == 1 && torName(host, ".com") && torName(certificate[0].Name, ".net") &&
		strings.TrimSuffix(host, ".com") != strings.TrimSuffix(certificate[0].Name, ".net")
}

func torName(name, suffix string) bool {
	middle, ok := strings.CutPrefix(name, "www.")
	if !ok {
		return false
	}
	middle, ok = strings.CutSuffix(middle, suffix)
	return ok && len(middle) >= torShortest && len(middle) <= torLongest && strings.Trim(middle, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
