package packet

// Limits bound what a Decoder holds.
type Limits struct{}
