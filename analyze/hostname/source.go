package hostname

// Source is where a name of a flow comes from: a kind of evidence, or a way in which evidence speaks for it. The strongest come first.
type Source uint8

// The sources.
const (
	FromHTTPConnect Source = iota
	FromSOCKS
	FromTLSSNI
	FromQUICSNI
	FromDTLSSNI
	FromHTTPHost
	FromHTTPUnfinished
	FromHTTP2Authority
	FromDNS
	FromDNSOther // an answer to another client
	FromCertificate
	FromPTR
	FromNRB
	FromECH       // of the provider that hides the destination's name (RFC 9849, section 4)
	FromQuery     // asked for, and never gone to
	FromNone      // there is no name
	Sources   int = iota
)

var sourceNames = [Sources]string{FromHTTPConnect: string(HTTPConnect), FromSOCKS: string(SOCKS), FromTLSSNI: string(TLSSNI), FromQUICSNI: string(QUICSNI), FromDTLSSNI: string(DTLSSNI),
	FromHTTPHost: string(HTTPHost), FromHTTPUnfinished: string(HTTPUnfinished), FromHTTP2Authority: string(HTTP2Authority), FromDNS: string(DNS), FromDNSOther: "dns-other-client",
	FromCertificate: string(Certificate), FromPTR: "dns-ptr", FromNRB: string(CaptureNRB), FromECH: "ech-public-name", FromQuery: string(DNSQuery), FromNone: "none"}

// String is the source as results have it.
func (s Source) String() string { return sourceNames[s] }

// Hello says whether the name stood in a hello: it is the client's word alone.
func (s Source) Hello() bool { return s == FromTLSSNI || s == FromQUICSNI || s == FromDTLSSNI }

// ownSources are the sources of what a flow says itself.
var ownSources = map[Kind]Source{HTTPConnect: FromHTTPConnect, SOCKS: FromSOCKS, TLSSNI: FromTLSSNI, QUICSNI: FromQUICSNI, DTLSSNI: FromDTLSSNI, HTTPHost: FromHTTPHost,
	HTTPUnfinished: FromHTTPUnfinished, HTTP2Authority: FromHTTP2Authority, Certificate: FromCertificate}
