package flow

import (
	"math"

	"phonehome/analyze/packet"
)

// entry is one open flow: what its packets touch, in three lines of a cache. It holds no pointer, so that the garbage collector passes over
// the slabs that hold millions of them; what few flows need (hours and exchanges, a head in naming) lies beside it under an index, 0 for none.
type entry struct {
	// What says which flow it is, and whether it goes on.
	key      key
	last     int64
	packets  [2]uint32
	hour     int32 // hour since 1970 that payload is being counted in
	tcpFlags [2]packet.TCPFlags
	flags    entryFlags

	// What every packet adds to.
	wire, payload [2]uint64
	next          [2]uint64 // TCP: 64-bit sequence number behind the last byte seen, by direction
	lastFrame     uint64
	lastCap       uint32
	head          uint32

	// What payload is compared with, and what seldom changes.
	recent        copies
	isn           [2]uint32 // TCP: initial sequence number, or the number before the first seen
	macs          [2]packet.MAC
	vlan          uint16
	ttl           [2]uint8
	protocol      uint8
	duplicates    uint32
	retransmitted uint32 // segments that brought no new byte
	long          uint32
}

// margin is what is noted of an open flow when it begins, and seldom touched before it ends. It lies beside the entry, under the same number.
type margin struct {
	first      int64
	firstFrame uint64
	firstCap   uint32
	tunnel     packet.TunnelID
	holes      [2]uint32
}

// entryFlags hold what is known of a flow beside its numbers.
type entryFlags uint8

const (
	fromSecond  entryFlags = 1 << iota // the first packet went from the key's second end to its first
	synFirst                           // a SYN without ACK was sent by the key's first end
	synSecond                          // ... by its second end
	snapped                            // payload was cut by the snapshot length
	namingEnded                        // no Namer wants more of it
)

// opened says which end sent the SYN that is known to open the flow: 0 or 1, or -1. A SYN+ACK tells as well.
func (e *entry) opened() int {
	switch {
	case e.flags&synFirst != 0 && e.flags&synSecond == 0:
		return 0
	case e.flags&synSecond != 0 && e.flags&synFirst == 0:
		return 1
	}
	return -1
}

// established says whether both ends took part in a TCP flow that nobody has closed.
func (e *entry) established() bool {
	return e.key.transport() == packet.TCP && e.packets[0] > 0 && e.packets[1] > 0 &&
		(e.tcpFlags[0]|e.tcpFlags[1])&(packet.FIN|packet.RST) == 0
}

// reopens says whether a SYN begins another connection on the same ports: its initial sequence number is not the one that the flow
// has. A SYN+ACK that answers the flow's own SYN never does.
func (e *entry) reopens(p *packet.Packet, dir uint8) bool {
	if p.Flags&packet.SYN == 0 || e.packets[dir] == 0 || p.Seq == e.isn[dir] {
		return false
	}
	other := 1 - dir
	answers := p.Flags&packet.ACK != 0 && e.packets[other] > 0 && p.AckSeq == e.isn[other]+1
	return !answers
}

// countPacket adds one packet to the numbers that need no state.
func (e *entry) countPacket(p *packet.Packet, dir uint8) {
	if e.packets[dir]++; e.packets[dir] == 1 {
		e.begin(p, dir)
	}
	e.wire[dir] += uint64(p.Wire)
	e.last = max(e.last, p.Time)
	e.lastFrame, e.lastCap = p.Frame, p.Capture
	if p.Snapped {
		e.flags |= snapped
	}
}

// begin notes what the first packet of a direction tells.
func (e *entry) begin(p *packet.Packet, dir uint8) {
	e.macs[dir], e.macs[1-dir] = p.SrcMAC, keepMAC(e.macs[1-dir], p.DstMAC)
	e.ttl[dir] = p.TTL
}

func keepMAC(known, seen packet.MAC) packet.MAC {
	if known != (packet.MAC{}) {
		return known
	}
	return seen
}

// full says whether a counter of the row is at its end, so that another row must begin.
func (e *entry) full() bool {
	return e.packets[0] == math.MaxUint32 || e.packets[1] == math.MaxUint32
}
