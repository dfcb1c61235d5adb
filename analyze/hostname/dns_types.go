package hostname

import "strconv"

// dnsTypes are the mnemonics of record types (IANA "DNS Resource Record (RR) TYPEs") that captures hold.
var dnsTypes = [...]string{
	rrA: "A", rrNS: "NS", rrCNAME: "CNAME", 6: "SOA", 10: "NULL", 11: "WKS", rrPTR: "PTR", 13: "HINFO", rrMX: "MX", rrTXT: "TXT", 17: "RP", 18: "AFSDB",
	24: "SIG", 25: "KEY", rrAAAA: "AAAA", 29: "LOC", rrSRV: "SRV", 35: "NAPTR", 36: "KX", 37: "CERT", rrDNAME: "DNAME", rrOPT: "OPT", 42: "APL", 43: "DS", 44: "SSHFP",
	45: "IPSECKEY", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 49: "DHCID", 50: "NSEC3", 51: "NSEC3PARAM", 52: "TLSA", 53: "SMIMEA", 55: "HIP", 59: "CDS", 60: "CDNSKEY",
	61: "OPENPGPKEY", 62: "CSYNC", 63: "ZONEMD", rrSVCB: "SVCB", rrHTTPS: "HTTPS", 99: "SPF", 108: "EUI48", 109: "EUI64", 249: "TKEY", 250: "TSIG", 251: "IXFR", 252: "AXFR",
	rrAny: "ANY", rrURI: "URI", 257: "CAA", rrRESINF: "RESINFO",
}

// dnsTypeName returns the mnemonic of a record type, or "TYPE" and its number (RFC 3597, section 5).
func dnsTypeName(t uint16) string {
	if usedDNSType(t) {
		return dnsTypes[t]
	}
	return "TYPE" + strconv.Itoa(int(t))
}

// usedDNSType says whether a record type is one that captures hold.
func usedDNSType(t uint16) bool { return int(t) < len(dnsTypes) && dnsTypes[t] != "" }

// dnsRCodes are the mnemonics of response codes (IANA "DNS RCODEs").
var dnsRCodes = [...]string{
	"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE", "DSOTYPENI",
	16: "BADVERS", 17: "BADKEY", 18: "BADTIME", 19: "BADMODE", 20: "BADNAME", 21: "BADALG", 22: "BADTRUNC", 23: "BADCOOKIE",
}

// dnsUnanswered is the RCode of a question whose answer was not seen.
const dnsUnanswered = "none"

// dnsRCodeName returns the mnemonic of a response code, or "RCODE" and its number.
func dnsRCodeName(c uint16) string {
	if int(c) < len(dnsRCodes) && dnsRCodes[c] != "" {
		return dnsRCodes[c]
	}
	return "RCODE" + strconv.Itoa(int(c))
}
