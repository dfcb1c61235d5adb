package flow

import (
	"encoding/binary"
	"math/bits"

	"phonehome/analyze/packet"
)

const (
	copyRing  = 4       // packets remembered of each flow: a bridge with three ports shows each up to three times, others may lie between
	copyTick  = 1 << 14 // ns, unit of the remembered times: 16 bits of them span a second, 32 most of a day
	copySpan  = copyTick << 15
	copyTicks = packet.MirrorWindow / copyTick
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

// sight is a packet that was seen.
type sight struct {
	mark uint32 // 0: none
	tick uint32
}

// near says whether d ticks are within packet.MirrorWindow.
func near(d int32) bool { return d >= -copyTicks && d <= copyTicks }

// seen says whether s was there less than packet.MirrorWindow before, and remembers it; now is its time, last the latest time of the flow's packets before.
// Where now lies behind it, the clock was set back: how long ago the others were is not known, and none is forgotten. What is forgotten for s is out,
// where it is not old.
func (c *copies) seen(s sight, now, last int64) (found bool, out sight) {
	if now-last > copySpan {
		*c = copies{}
	}
	m := &c.mark
	if m[0] == s.mark || m[1] == s.mark || m[2] == s.mark || m[3] == s.mark {
		for i := range m {
			if m[i] == s.mark && near(c.since(s, i)) {
				return true, sight{}
			}
		}
	}
	if d := c.since(s, copyRing-1); near(d) {
		out = sight{m[3], s.tick - uint32(d)}
	}
	m[3], m[2], m[1], m[0] = m[2], m[1], m[0], s.mark
	c.at = c.at<<16 | uint64(uint16(s.tick))
	return false, out
}

// since is how many ticks lie between the packet at place i and s.
func (c *copies) since(s sight, i int) int32 {
	return int32(int16(uint16(s.tick) - uint16(c.at>>(16*i))))
}

// A thousand packets lie within packet.MirrorWindow where a flow has 340,000 a second; there are 64 shards, and each may need room for so many.
const (
	earlierSets = 128
	earlierWays = 8
)

// earlier remembers packets of all flows of a shard that their copies forgot too soon: where two cards or two files deliver some at a time, many of a fast flow lie between a packet
// and its copy. There are sets, so that few have to be looked at; the oldest of a set makes place.
type earlier struct {
	sets [earlierSets]struct {
		sights [earlierWays]sight
		next   uint8
	}
	last uint32 // tick of the last one
}

func (r *earlier) has(s sight) bool {
	if !near(int32(s.tick - r.last)) {
		return false
	}
	for _, o := range r.sets[s.mark>>1%earlierSets].sights {
		if o.mark == s.mark && near(int32(s.tick-o.tick)) {
			return true
		}
	}
	return false
}

func (r *earlier) add(s sight) {
	set := &r.sets[s.mark>>1%earlierSets]
	set.sights[set.next] = s
	set.next = (set.next + 1) % earlierWays
	r.last = s.tick
}

// copied says whether a datagram of the flow at a place is a mirror copy of another, and remembers it; before is the time of the flow's packet before.
func (t *Table) copied(at uint32, e *entry, p *packet.Packet, dir uint8, before int64) bool {
	s := sightOf(p, dir)
	if t.earlier != nil && tells(p) && t.earlier.has(s.of(at)) {
		return true
	}
	found, out := e.recent.seen(s, p.Time, before)
	if out.mark != 0 && tells(p) {
		if t.earlier == nil {
			t.earlier = new(earlier)
		}
		t.earlier.add(out.of(at))
	}
	return found
}

// of is s among those of all flows.
func (s sight) of(at uint32) sight { return sight{uint32(mix(uint64(s.mark), uint64(at))) | 1, s.tick} }

func sightOf(p *packet.Packet, dir uint8) sight {
	return sight{copyMark(p, dir), uint32(p.Time / copyTick)}
}

// copyMark digests what a mirror copy has in common with its original and a packet sent anew has not: the IPv4 identification, the
// transport header's numbers, the length, and both ends of the payload, or all of it. It is never 0.
func copyMark(p *packet.Packet, dir uint8) uint32 {
	h := uint64(p.IPID)<<40 | uint64(p.PayloadLen)<<8 | uint64(p.Flags)<<1 | uint64(dir)
	h = mix(h, uint64(p.Seq)<<32|uint64(p.AckSeq))
	if p.IPID == 0 && p.Snapped { // IPv6 has none, and IPv4 none that says anything: what was captured may be alike in all datagrams of a flow
		h = mix(h, uint64(p.Sum))
	}
	b := copyBytes(p)
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

const (
	tagSize = 4 // bytes that an IEEE 802.1Q tag takes of a frame
	// telling is how many bytes of payload tell a datagram from hundreds like it: more than the connection ID of QUIC, which all of a flow begin with (RFC 9000, section 17.2: at most
	// 20 bytes). A checksum, or an identification by chance, is the same in one of 65,536.
	telling = 32
	// leastTagged is how many have to be there without identification for the last ones to be left out.
	leastTagged = 12
)

// tells says whether enough of p was captured to tell it from all packets within packet.MirrorWindow, and not from the last few alone.
func tells(p *packet.Packet) bool { return !p.Snapped || len(copyBytes(p)) >= telling }

// copyBytes are the bytes of p's payload that were captured of a mirror copy too. Of TCP there are none: sequence numbers say it.
func copyBytes(p *packet.Packet) []byte {
	b := p.Payload
	switch {
	case p.Transport == packet.TCP:
		return nil
	case p.Snapped && p.VLAN == 0 && (p.IPID != 0 || len(b) >= leastTagged): // a copy with a tag was cut that much earlier
		return b[:max(len(b)-tagSize, 0)]
	}
	return b
}

func mix(h, x uint64) uint64 {
	hi, lo := bits.Mul64(h^x, 0xa0761d6478bd642f)
	return hi ^ lo ^ 0x9e3779b97f4a7c15
}
