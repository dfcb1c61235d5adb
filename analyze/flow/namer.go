package flow

import "phonehome/analyze/packet"

// Meta says where a piece of payload was seen, and who sent it to whom.
type Meta struct {
	Time             int64 // ns since 1970 UTC, capture time
	Frame            uint64
	Capture          uint32
	Src, Dst         packet.Addr // sender and receiver of this payload
	SrcPort, DstPort uint16
	Transport        packet.Transport
	V6               bool
	Dir              uint8 // 0 or 1: constant for a sender within a flow, without meaning of its own
	SrcMAC           packet.MAC
	// Start is true where a stream's bytes are known to start at its first byte (the SYN was seen); false
	// for a stream that was running when the capture began.
	Start bool
	// Held is how many of a stream's bytes, the first ones, were shown before and not used.
	Held int
	// Full is the length of a datagram by its headers; it is more than len(payload) where the record was snapped.
	Full int
}

// More is what a Namer wants of a flow after it has read a piece.
type More uint8

// What a Namer may want.
const (
	Stop More = iota // nothing more of this flow: from now on it costs nothing but counting
	Go               // the next datagram, or the next bytes of the stream
)

// Namer reads payload and reports what it names to a sink of its own (hostname implements it; analyze wires it).
// A Namer belongs to one shard and is called by one goroutine at a time, in the order of that shard's packets.
type Namer interface {
	// Datagram reads the payload of one UDP, SCTP or other IP packet; payload may be cut short (Meta.Full).
	Datagram(c *Conv, m *Meta, payload []byte) More
	// Stream reads the in-order unread bytes of one direction of a TCP stream. It returns how many of them
	// it has used: those it did not use come again, with more behind them. It may return more than len(data), and
	// then the bytes up to there are passed over when they come (a body whose length is known). data is a view, valid during the call.
	// For a segment that completes what it needs without a copy, data is the packet's own payload.
	Stream(c *Conv, m *Meta, data []byte) (used int, more More)
	// Gap says that bytes of this direction are missing and will not come; n is their number, or 0 if unknown.
	// The next Stream call starts behind them.
	Gap(c *Conv, m *Meta, n int64) More
	// Close is called once for a Conv that holds state, when the flow ends, is evicted, or was answered with Stop.
	Close(c *Conv)
}

// Conv is what a Namer keeps on one flow while it reads it. The flow table owns it; the zero value is a new flow's.
type Conv struct {
	State any // the Namer's own
	// Count is the Namer's own too: a flow of which nothing else is kept has no head, and millions that nobody recognises cost no more than those
	// that nobody reads.
	Count uint8
	// Protocol is the application protocol that was recognised by content, "" if none: "tls", "quic", "dns",
	// "http", "smtp", "ssh" ... The flow row keeps the last value set.
	Protocol string
}
