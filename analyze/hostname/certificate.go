package hostname

import (
	"bytes"
	"net/netip"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"phonehome/analyze/flow"
)

// maxCertificateNames is how many names of one certificate are reported: public authorities allow 100, and a few certificates of content
// networks hold more. One that has so many names no flow.
const maxCertificateNames = 256

// Identifiers in DER: id-at-commonName (RFC 5280, appendix A.1) and id-ce-subjectAltName (section 4.2.1.6).
var (
	oidCommonName = []byte{0x55, 4, 3}
	oidSAN        = []byte{0x55, 29, 17}
)

// Context-specific tags of RFC 5280, sections 4.1 and 4.2.1.6: 0x80 and the number, and 0x20 where constructed.
const (
	tagVersion    asn1.Tag = 0xa0
	tagIssuerID   asn1.Tag = 0x81
	tagSubjectID  asn1.Tag = 0x82
	tagExtensions asn1.Tag = 0xa3
	tagDNSName    asn1.Tag = 0x82
)

// addCertificate reports the names of a certificate that the sender of m's payload showed: the dNSNames of its subjectAltName,
// and its common name where it has the form of a host name and is not among them.
func (n *Namer) addCertificate(m *flow.Meta, der []byte) {
	subject, names, ok := certificateNames(der)
	if !ok {
		return
	}
	x := byServer(evidence(Certificate, m))
	common := commonName(subject)
	repeated, count := false, 0
	var kind asn1.Tag
	for name := (cryptobyte.String)(nil); names.ReadAnyASN1(&name, &kind); {
		if kind != tagDNSName || len(name) == 0 {
			continue
		}
		if count++; count > maxCertificateNames {
			n.hit(limitNames)
			return
		}
		repeated = repeated || bytes.EqualFold(name, common)
		x.Name = name
		n.add(x)
	}
	if looksLikeHost(common) && !repeated {
		x.Name = common
		n.add(x)
	}
}

// certificateNames walks an X.509 certificate (RFC 5280, section 4.1) to its subject and the GeneralNames of its subjectAltName. It walks
// instead of calling crypto/x509, which refuses whole certificates for oddities elsewhere in them.
func certificateNames(der cryptobyte.String) (subject, names cryptobyte.String, ok bool) {
	var certificate, tbs, extensions, list cryptobyte.String
	var hasExtensions bool
	if !der.ReadASN1(&certificate, asn1.SEQUENCE) || !certificate.ReadASN1(&tbs, asn1.SEQUENCE) ||
		!tbs.SkipOptionalASN1(tagVersion) ||
		!tbs.SkipASN1(asn1.INTEGER) || // serial number
		!tbs.SkipASN1(asn1.SEQUENCE) || // signature algorithm
		!tbs.SkipASN1(asn1.SEQUENCE) || // issuer
		!tbs.SkipASN1(asn1.SEQUENCE) || // validity
		!tbs.ReadASN1(&subject, asn1.SEQUENCE) ||
		!tbs.SkipASN1(asn1.SEQUENCE) || // public key
		!tbs.SkipOptionalASN1(tagIssuerID) || !tbs.SkipOptionalASN1(tagSubjectID) ||
		!tbs.ReadOptionalASN1(&extensions, &hasExtensions, tagExtensions) {
		return nil, nil, false
	}
	if hasExtensions && extensions.ReadASN1(&list, asn1.SEQUENCE) {
		names = findSAN(list)
	}
	return subject, names, true
}

// findSAN returns the GeneralNames of the subjectAltName among the extensions of a certificate.
func findSAN(list cryptobyte.String) cryptobyte.String {
	var extension, id, value, names cryptobyte.String
	for list.ReadASN1(&extension, asn1.SEQUENCE) {
		if extension.ReadASN1(&id, asn1.OBJECT_IDENTIFIER) && bytes.Equal(id, oidSAN) &&
			extension.SkipOptionalASN1(asn1.BOOLEAN) && extension.ReadASN1(&value, asn1.OCTET_STRING) &&
			value.ReadASN1(&names, asn1.SEQUENCE) {
			return names
		}
	}
	return nil
}

// commonName returns the last common name of a subject, the most specific one; nil where there is none.
func commonName(subject cryptobyte.String) (name []byte) {
	var set, attribute, id, value cryptobyte.String
	var kind asn1.Tag
	for subject.ReadASN1(&set, asn1.SET) {
		for set.ReadASN1(&attribute, asn1.SEQUENCE) {
			if attribute.ReadASN1(&id, asn1.OBJECT_IDENTIFIER) && bytes.Equal(id, oidCommonName) && attribute.ReadAnyASN1(&value, &kind) {
				name = value
			}
		}
	}
	return name
}

// maxHostName is the longest name in presentation form (RFC 1035, section 2.3.4, less the root's length octet and dot).
const maxHostName = 253

// looksLikeHost says whether free text, such as a common name, has the form of a host name: letters, digits, '-', '_' and a leading "*.",
// with a dot in it, and no address.
func looksLikeHost(name []byte) bool {
	if len(name) > maxHostName || !bytes.Contains(name, []byte(".")) {
		return false
	}
	plain := bytes.TrimPrefix(name, []byte("*."))
	for label := range bytes.SplitSeq(plain, []byte(".")) {
		if len(label) == 0 || len(label) > 63 {
			return false
		}
		for _, b := range label {
			if !isAlphanumeric(b) && b != '-' && b != '_' {
				return false
			}
		}
	}
	_, err := netip.ParseAddr(string(name))
	return err != nil
}
