package flow

import (
	"encoding/binary"
	"math/bits"

	"phonehome/analyze/packet"
)

// MirrorWindow is how long after a packet a second one with the same transport bytes is its mirror copy, in nanoseconds. A bridge or a
// mirror port delivers copies within microseconds; a sender repeats itself after a round trip at the earliest.
const MirrorWindow = 3_000_000

const (
	copyRing  = 4       // packets remembered: a bridge with three ports shows each up to three times, others may lie between
	copyTick  = 1 << 14 // ns, unit of the remembered times: 16 bits of them span a second
	copySpan  = copyTick << 15
	copyTicks = MirrorWindow / copyTick
	copyWords = 4 // words of payload looked at from each end

	// shortDatagram is how many bytes of payload are looked at whole where no identification tells a packet from the next: what a DHCP server
	// offers and what it acknowledges then differ in one byte in their midst. It is the datagram that every host takes (RFC 791, section 3.1).
	shortDatagram = 576
)

// copies remembers the last packets of a flow, the latest first, so that a copy of one of them is known.
type copies struct {
	mark [copyRing]uint32 // 0: none
	at   uint64           // their ticks, 16 bits each, the latest lowest
}

// seen says whether mark was there less than MirrorWindow before now, and remembers it; last is the latest time of the flow's packets before. Where
// now lies behind it, the clock was set back: how long ago the others were is not known, and none is forgotten.
func (c *copies) seen(mark uint32, now, last int64) bool {
	if now-last > copySpan {
		*c = copies{}
	}
	tick := uint16(now / copyTick)
	m := &c.mark
	if m[0] == mark || m[1] == mark || m[2] == mark || m[3] == mark {
		for i := range m {
			if d := int16(tick - uint16(c.at>>(16*i))); m[i] == mark && d >= -copyTicks && d <= copyTicks {
				return true
			}
		}
	}
	m[3], m[2], m[1], m[0] = m[2], m[1], m[0], mark
	c.at = c.at<<16 | uint64(tick)
	return false
}

// copyMark digests what a mirror copy has in common with its original and a packet sent anew has not: the IPv4 identification, the
// transport header's numbers, the length, and both ends of the payload, or all of it. It is never 0.
func copyMark(p *packet.Packet, dir uint8) uint32 {
	h := uint64(p.IPID)<<40 | uint64(p.PayloadLen)<<8 | uint64(p.Flags)<<1 | uint64(dir)
	h = mix(h, uint64(p.Seq)<<32|uint64(p.AckSeq))
	if p.IPID == 0 && p.Snapped { // IPv6 has none, and IPv4 none that says anything: what was captured may be alike in all datagrams of a flow
		h = mix(h, uint64(p.Sum))
	}
	b := p.Payload
	if p.Transport == packet.TCP {
		b = nil // sequence numbers say it
	}
	words := copyWords
	if p.IPID == 0 && len(b) <= shortDatagram {
		words = len(b)
	}
	end := uint64(0) // apart from h, so that neither waits for the other
	for i := 0; i < words && len(b) >= 8; i++ {
		h = mix(h, binary.LittleEndian.Uint64(b))
		if len(b) >= 16 {
			end = mix(end, binary.LittleEndian.Uint64(b[len(b)-8:]))
			b = b[:len(b)-8]
		}
		b = b[8:]
	}
	if end != 0 {
		h = mix(h, end)
	}
	if len(b) < 8 {
		for _, x := range b {
			h = mix(h, uint64(x)+1)
		}
	}
	return uint32(h>>32) | 1
}

func mix(h, x uint64) uint64 {
	hi, lo := bits.Mul64(h^x, 0xa0761d6478bd642f)
	return hi ^ lo ^ 0x9e3779b97f4a7c15
}
