package analyze

import (
	"time"

	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
)

// Limits bound what a capture can make the program hold. This file is the one place of their values; docs/limits.md lists them.
type Limits struct {
	Packet   packet.Limits
	Flow     flow.Limits
	Hostname hostname.Limits
}

// DefaultLimits are the limits of a scan. Those of flow and hostname are per shard, of which there are 64.
func DefaultLimits() Limits {
	return Limits{
		Packet: packet.DefaultLimits(),
		Flow: flow.Limits{
			// 64 times 256 Ki flows of 200 bytes are 3.4 GB: a capture that has 16 million flows open at a time is an attack or a backbone.
			MaxActive: 256 << 10,
			// Keep-alives of TCP connections come within two hours by default, of applications within one (RFC 9293, section 3.8.4).
			IdleEstablished: int64(time.Hour),
			// A minute is longer than the gap between a SYN and its repetitions, and than any answer takes.
			IdleOther: int64(time.Minute),
			MaxHeads:  16 << 10,
			// A ClientHello fits 16 KiB in practice; HTTP headers are refused by servers beyond 64 KiB.
			MaxHeadBytes:  80 << 10,
			MaxPending:    64,
			MaxShardBytes: 2 << 20,
			// Every half minute of a day and a half; a rhythm shows in fewer.
			MaxEvents: 4096,
			// A year of hours.
			MaxHours: 366 * 24,
		},
		Hostname: hostname.DefaultLimits(),
	}
}
