package flow

import (
	"encoding/binary"
	"math/bits"

	"phonehome/analyze/packet"
)

const (
	copyRing  = 4       // packets remembered: a bridge with three ports shows each up to three times, others may lie between
	copyTick  = 1 << 14 // ns, unit of the remembered times: 16 bits of them span a second
	copySpan  = copyTick << 15
	copyTicks = packet.MirrorWindow / copyTick
	copyWords = 4 // words of payload looked at from each end
)

// copies remembers the last packets of a flow, the latest first, so that a copy of one of them is known.
type copies struct {
	mark [copyRing]uint32 // 0: none
	at   uint64           // their ticks, 16 bits each, the latest lowest
}

// seen says whether mark was there less than packet.MirrorWindow before now, and remembers it; last is the time of the flow's packet before.
func (c *copies) seen(mark uint32, now, last int64) bool {
	if d := now - last; d > copySpan || d < -copySpan {
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
// transport header's numbers, the length, and both ends of the payload, or all of it where there is no identification. It is never 0.
func copyMark(p *packet.Packet, dir uint8) uint32 {
	h := uint64(p.IPID)<<40 | uint64(p.PayloadLen)<<8 | uint64(p.Flags)<<1 | uint64(dir)
	h = mix(h, uint64(p.Seq)<<32|uint64(p.AckSeq))
	if p.IPID == 0 && p.Snapped { // IPv6 has none, and IPv4 none that says anything: what was captured may be alike in all datagrams of a flow
		h = mix(h, uint64(p.Sum))
	}
	b := copyBytes(p)
	if p.IPID == 0 && !p.Snapped { // datagrams may begin and end alike: an offer of DHCP and its acknowledgement
		h = mix(h, sum(b))
	}
	for i := 0; i < copyWords && len(b) >= 8; i++ {
		h = mix(h, binary.LittleEndian.Uint64(b))
		if len(b) >= 16 {
			h = mix(h, binary.LittleEndian.Uint64(b[len(b)-8:]))
			b = b[:len(b)-8]
		}
		b = b[8:]
	}
	if len(b) < 8 {
		for _, x := range b {
			h = mix(h, uint64(x)+1)
		}
	}
	return uint32(h>>32) | 1
}

// tagSize is what an IEEE 802.1Q tag takes of a frame.
const tagSize = 4

// copyBytes are the bytes of p's payload that were captured of a mirror copy too. Of TCP there are none: sequence numbers say it.
func copyBytes(p *packet.Packet) []byte {
	b := p.Payload
	switch {
	case p.Transport == packet.TCP:
		return nil
	case p.Snapped && p.VLAN == 0: // a copy with a tag was cut that much earlier
		return b[:max(len(b)-tagSize, 0)]
	}
	return b
}

// sum adds the whole words of b, whatever their order: to digest all of them as below would take ten times as long.
func sum(b []byte) (s uint64) {
	for len(b) >= 32 {
		s += binary.LittleEndian.Uint64(b) + binary.LittleEndian.Uint64(b[8:]) + binary.LittleEndian.Uint64(b[16:]) + binary.LittleEndian.Uint64(b[24:])
		b = b[32:]
	}
	for ; len(b) >= 8; b = b[8:] {
		s += binary.LittleEndian.Uint64(b)
	}
	return s
}

func mix(h, x uint64) uint64 {
	hi, lo := bits.Mul64(h^x, 0xa0761d6478bd642f)
	return hi ^ lo ^ 0x9e3779b97f4a7c15
}
