package flow

// Limits bound what the flow table of one shard holds, and how long. All times are capture time in nanoseconds. A limit
// that bites is counted under its name in Table.LimitsHit and shown in coverage.limits_hit of the result.
type Limits struct {
	// MaxActive is how many flows a shard keeps open. One more ends the flow that was opened first: its row is kept, and packets that
	// follow make a row of their own. Counted as "active-flows".
	MaxActive int

	// IdleEstablished ends a TCP flow that both ends took part in and nobody closed, after that much silence.
	IdleEstablished int64
	// IdleOther ends every other flow: datagrams, attempts that nobody answered, connections that were closed.
	IdleOther int64

	// MaxHeads is how many flows of a shard may be in naming at a time: those of which a protocol was recognised, or bytes wait. One more
	// ends the naming of the flow that has been longest in it; it keeps its counts. Counted as "stream-heads".
	MaxHeads int
	// MaxHeadBytes bounds the bytes that wait for a namer in one direction of one flow: in order but not yet enough, and out of order. Beyond it
	// the missing bytes are given up. Counted as "stream-bytes".
	MaxHeadBytes int
	// MaxPending bounds the segments that wait out of order in one direction of one flow. Counted as "stream-bytes" too.
	MaxPending int
	// MaxShardBytes bounds the waiting bytes of all flows of a shard. Beyond it the naming of the flow that needs more ends. Counted
	// as "shard-bytes".
	MaxShardBytes int

	// MaxEvents bounds the exchanges of one flow row whose start is kept; those beyond it are counted as "flow-events".
	MaxEvents int
	// MaxHours bounds the hours of one flow row whose payload is kept apart; what follows is added to the last. Counted as "flow-hours".
	MaxHours int
}
