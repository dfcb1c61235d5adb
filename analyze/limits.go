package analyze

import (
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
