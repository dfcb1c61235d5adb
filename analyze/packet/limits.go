package packet

import "time"

// Limits bound what a Decoder holds. A limit that bites is counted under its name in LimitsHit.
type Limits struct {
	// Datagrams is how many incomplete datagrams wait for their fragments. One more gives up the oldest, whose frames are counted without
	// the datagram's content: "fragment-datagrams".
	Datagrams int
	// Bytes is how many bytes of fragments, and of what is known of their frames, wait, beyond which the oldest datagrams are given up: "fragment-bytes".
	Bytes int
	// Timeout is how long a datagram waits, in ns of capture time.
	Timeout int64
}

// DefaultLimits are the limits of a scan: 4,096 datagrams are more than a busy link has in flight, 16 MiB are 256 of the longest, and a minute is
// what RFC 8200, section 4.5, gives fragments to arrive.
func DefaultLimits() Limits {
	return Limits{Datagrams: 4096, Bytes: 16 << 20, Timeout: int64(time.Minute)}
}

// maxDepth is how many headers of IP or tunnels may be nested: real ones stop at four or five, and each costs time. A packet with more is
// counted as what was read of it: "nesting".
const maxDepth = 12
