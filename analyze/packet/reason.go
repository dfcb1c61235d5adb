package packet

// Reason says why a record could not be decoded; its String is the key in undecoded{}.
type Reason uint8
