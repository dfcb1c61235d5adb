package flow

import (
	"encoding/binary"
	"math/bits"

	"phonehome/analyze/packet"
)

// key identifies a flow: both ends, the smaller (address, port) first, and the transport. Ends and rest are kept as
// words, addresses big-endian, because comparing words in turn is the cheapest comparison that ends early.
type key struct {
	a0, a1, b0, b1 uint64
	rest           uint64 // a's port, b's port, transport, v6: 16, 16, 8 and 1 bits from the top down
}

// set makes k the flow key of a packet and returns the direction of the packet in it: 0 from the key's first end to its second.
func (k *key) set(p *packet.Packet) (dir uint8) {
	s0, s1 := binary.BigEndian.Uint64(p.Src[:8]), binary.BigEndian.Uint64(p.Src[8:])
	d0, d1 := binary.BigEndian.Uint64(p.Dst[:8]), binary.BigEndian.Uint64(p.Dst[8:])
	sp, dp := p.SrcPort, p.DstPort
	// Which end is smaller is as good as chance, and a processor that guesses half of all packets wrong loses more than an exchange costs that may be of nothing.
	dir = behind(s0, s1, sp, d0, d1, dp)
	swap := -uint64(dir)
	x0, x1, xp := (s0^d0)&swap, (s1^d1)&swap, (sp^dp)&uint16(swap)
	s0, s1, sp, d0, d1, dp = s0^x0, s1^x1, sp^xp, d0^x0, d1^x1, dp^xp
	rest := uint64(sp)<<48 | uint64(dp)<<32 | uint64(p.Transport)<<24
	if p.Orphan {
		rest |= orphanBit
	}
	if p.V6 {
		rest |= v6Bit
	}
	k.a0, k.a1, k.b0, k.b1, k.rest = s0, s1, d0, d1, rest
	return dir
}

// behind is 1 where the first of two ends is behind the second, and else 0: the borrow of a subtraction.
func behind(s0, s1 uint64, sp uint16, d0, d1 uint64, dp uint16) uint8 {
	_, b := bits.Sub64(uint64(dp), uint64(sp), 0)
	_, b = bits.Sub64(d1, s1, b)
	_, b = bits.Sub64(d0, s0, b)
	return uint8(b)
}

const (
	v6Bit     = 1
	orphanBit = 2
)

// end returns one end of the key, 0 or 1.
func (k *key) end(i uint8) (a packet.Addr, port uint16) {
	hi, lo, port := k.a0, k.a1, uint16(k.rest>>48)
	if i == 1 {
		hi, lo, port = k.b0, k.b1, uint16(k.rest>>32)
	}
	binary.BigEndian.PutUint64(a[:8], hi)
	binary.BigEndian.PutUint64(a[8:], lo)
	return a, port
}

func (k *key) transport() packet.Transport { return packet.Transport(k.rest >> 24) }
func (k *key) v6() bool                    { return k.rest&v6Bit != 0 }
func (k *key) orphan() bool                { return k.rest&orphanBit != 0 }

// hash spreads the flows of one address pair, whose hash is pair, over a table.
func (k *key) hash(pair uint64) uint32 {
	hi, lo := bits.Mul64(pair^k.rest, 0x9e3779b97f4a7c15)
	return uint32(hi ^ lo)
}
