// Package hostname finds what the ends of a flow are called: one file a protocol, each turning bytes into name evidence.
package hostname

import (
	"phonehome/analyze/packet"
)

// Kind is the kind of name evidence: who told whom, and how. The values are those of the "kind" field of facts.
type Kind string

// The kinds of name evidence.
const (
	TLSSNI         Kind = "tls-sni"
	QUICSNI        Kind = "quic-sni"
	DTLSSNI        Kind = "dtls-sni"
	TLSHello       Kind = "tls-hello" // a hello without a name: Name is empty
	QUICHello      Kind = "quic-hello"
	DTLSHello      Kind = "dtls-hello"
	HTTPHost       Kind = "http-host"
	HTTPUnfinished Kind = "http-host-unfinished" // the Host of a request of which the capture lacks a part
	HTTPConnect    Kind = "http-connect"
	HTTP2Authority Kind = "http2-authority"
	SOCKS          Kind = "socks"
	Certificate    Kind = "certificate"
	DNS            Kind = "dns"
	DNSQuery       Kind = "dns-query"
	MDNS           Kind = "mdns"
	LLMNR          Kind = "llmnr"
	NBNS           Kind = "nbns"
	DHCPHost       Kind = "dhcp-host"
	DHCPVendor     Kind = "dhcp-vendor-class"
	DHCPLease      Kind = "dhcp-lease"
	SSDP           Kind = "ssdp"
	RAPrefix       Kind = "ra-prefix"
	CaptureNRB     Kind = "capture-nrb"
	// Personal is a value of personal data that Client sent to Server in clear: Name masks it, RRType is its kind, Value where it stood, TTL a hash that many values
	// share, Query the name in which it stood, if any. It is a row of its own type in facts.
	Personal Kind = "personal"
)

// Name is one piece of name evidence, as its parser reports it. The byte slices are views that live during the
// call of Sink.Add; a sink copies what it keeps.
//
// Client and Server are the ends the evidence is about: for a hello, who sent it and to whom; for a DNS row, who
// asked and who answered; for a label (dhcp-host, mdns ...), Client is the address that the label is for.
type Name struct {
	Kind   Kind
	Name   []byte // raw bytes as on the wire (DNS: presentation form with \DDD); empty for a hello without a name
	Client packet.Addr
	Server packet.Addr

	ClientPort, ServerPort uint16
	Transport              packet.Transport
	V6                     bool

	At      int64 // time of the frame that completed the message
	Frame   uint64
	Capture uint32

	// DNS rows.
	RRType string // "A", "AAAA", "CNAME", "HTTPS" ..., or "TYPE65280"
	Value  []byte // address, name or presentation form
	Query  []byte // the question that the answer belongs to
	TTL    uint32 // seconds
	RCode  string // dns-query rows: "NOERROR", "NXDOMAIN" ..., "none" while unanswered
	// Unsolicited marks an answer whose question was not seen: it may not name a flow.
	Unsolicited bool

	// Hellos.
	ALPN    []byte // protocol names joined with ','
	JA4     string
	Version string // "TLS1.3", "TLS1.2" ..., highest offered; QUIC: "v1", "v2", "draft-29", "Q043"
	ECH     string // "absent", "undetermined", "real"
	ECHID   uint8  // config id of an outer ECH extension, for the join with HTTPS records
}

// Sink takes name evidence, in the order in which one shard's packets complete it.
type Sink interface {
	Add(n *Name)
}

// AbsoluteForm is the Value of an http-host row whose request named its target in full, as one asks a proxy (RFC 9112,
// section 3.2.2).
const AbsoluteForm = "absolute-form"

// The values of Name.ECH (RFC 9849): a hello alone cannot tell a real ECH extension from GREASE, which is built to look like it.
const (
	ECHAbsent       = "absent"
	ECHUndetermined = "undetermined"
	ECHReal         = "real" // its configuration and public name stood in an HTTPS record of the capture
)
