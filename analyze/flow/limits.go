package flow

// Limits bound what one shard's flow table holds.
type Limits struct{}
