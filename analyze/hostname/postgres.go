package hostname

import (
	"encoding/binary"

	"phonehome/analyze/flow"
)

// Messages that a client of PostgreSQL may begin with (PostgreSQL documentation, "Message Formats"): length 8 and
// a code, or a length and the protocol version 3.
const (
	postgresSSL     = 80877103
	postgresGSS     = 80877104
	postgresVersion = 3 << 16
	// maxPostgresStartup is the longest startup packet that a server reads (MAX_STARTUP_PACKET_LENGTH of its source).
	maxPostgresStartup = 10000
)

func detectPostgres(_ *flow.Meta, head []byte) match {
	if len(head) > 1 && (head[0] != 0 || head[1] != 0) || len(head) == 1 && head[0] != 0 {
		return no
	}
	if len(head) < 8 {
		return maybe
	}
	switch length := binary.BigEndian.Uint32(head); binary.BigEndian.Uint32(head[4:]) {
	case postgresSSL, postgresGSS:
		return yesIf(length == 8)
	case postgresVersion:
		return yesIf(length > 8 && length <= maxPostgresStartup)
	}
	return no
}

func yesIf(b bool) match {
	if b {
		return yes
	}
	return no
}

// postgresReader passes the client's request for encryption and the one byte that answers it.
type postgresReader struct {
	client uint8 // direction
	begun  bool
}

func startPostgres(*Namer) streamReader { return new(postgresReader) }

func (r *postgresReader) gap(*Namer, *flow.Conv, *flow.Meta, int64) flow.More { return flow.Stop }

func (r *postgresReader) read(_ *Namer, _ *flow.Conv, m *flow.Meta, data []byte) (int, flow.More) {
	if !r.begun {
		r.begun, r.client = true, m.Dir
		if binary.BigEndian.Uint32(data[4:]) == postgresVersion {
			return 0, flow.Stop
		}
		return 8, again
	}
	if m.Dir == r.client {
		return rest, flow.Go
	}
	return 1, again
}
