package hostname

import (
	"phonehome/analyze/flow"
)

// match is what a detector says of the first bytes of a flow or stream.
type match uint8

const (
	no    match = iota // these bytes are not of this protocol
	maybe              // they may be, but more are needed to say (streams only)
	yes
)

// datagramProtocol is a protocol over UDP, SCTP or IP itself. detect decides by content; ports may only make it stricter.
type datagramProtocol struct {
	name   string // value of "protocol" in flow rows
	detect func(m *flow.Meta, payload []byte) bool
	start  func(n *Namer) datagramReader
}

// datagramReader follows one flow whose protocol is known. A stateless one may be shared by all flows of a Namer.
type datagramReader interface {
	read(n *Namer, c *flow.Conv, m *flow.Meta, payload []byte) flow.More
}

// streamProtocol is a protocol over TCP. detect gets the first bytes of one direction.
type streamProtocol struct {
	name   string
	detect func(m *flow.Meta, head []byte) match
	start  func(n *Namer) streamReader
}

// streamReader follows both directions of one TCP flow (m.Dir tells them apart). The meaning of used and more is that of
// flow.Namer's Stream, with one more answer: again.
type streamReader interface {
	read(n *Namer, c *flow.Conv, m *flow.Meta, data []byte) (used int, more flow.More)
	gap(n *Namer, c *flow.Conv, m *flow.Meta, missing int64) flow.More
}

// again, as the answer of a streamReader, says that another protocol begins behind the used bytes, in both directions
// (STARTTLS accepted, CONNECT or SOCKS granted): they are detected anew.
const again = flow.More(0xff)

// The protocols, in the order in which they are asked: the first that says yes has the flow. To add one is to write its file and
// its line here; fuzzing and the docs checks range over these slices.
var (
	datagramProtocols = []datagramProtocol{}
	streamProtocols   = []streamProtocol{}
)

// Limits bound what one Namer, which serves one shard, holds.
type Limits struct {
	// TODO(streams)
}

// Namer implements flow.Namer over the protocols of this package.
type Namer struct {
	sink   Sink
	limits Limits
}
