package packet

import (
	"encoding/binary"
	"math/bits"
)

// Odd constants of the 64-bit golden ratio and of wyhash's mixing step: any odd, bit-rich values would do. They
// are fixed, not seeded, because the shard of an address pair decides which limits it shares, and that must not change between runs.
const (
	mixA = 0x9e3779b97f4a7c15
	mixB = 0xa0761d6478bd642f
)

func addrHash(a *Addr) uint64 {
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(a[:8])^mixA, binary.LittleEndian.Uint64(a[8:])^mixB)
	return hi ^ lo
}

// PairHash is the hash of an address pair, the same in both orders.
func PairHash(a, b *Addr) uint64 {
	hi, lo := bits.Mul64(addrHash(a)+addrHash(b), mixA)
	return hi ^ lo
}
