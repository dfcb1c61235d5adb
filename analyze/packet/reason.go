package packet

// Reason says why a record could not be decoded; its String is the key in undecoded{}.
type Reason uint8

// The reasons.
const (
	OK           Reason = iota
	UnknownLink         // a link type that is not read
	CutLink             // captured bytes end in the link layer
	CutIP               // ... in an IP header
	BadIP               // an IP header that contradicts itself
	CutTransport        // captured bytes end before the ports
	BadTransport        // a transport header that contradicts itself
	BadLink             // a link layer that contradicts itself
	notIP               // not a failure: read, and no IP in it
	fragmentHeld        // not a failure: a fragment that waits for its datagram
)

// Reasons are the texts of all reasons.
var Reasons = map[Reason]string{
	UnknownLink: "link-type", CutLink: "cut-in-link-header", CutIP: "cut-in-ip-header", BadIP: "bad-ip-header",
	CutTransport: "cut-in-transport-header", BadTransport: "bad-transport-header", BadLink: "bad-link-header",
}

// String is the key in undecoded{}.
func (r Reason) String() string { return Reasons[r] }
