package flow

import (
	"math"

	"phonehome/analyze/packet"
)

// entry is one open flow: what its packets touch, in three lines of a cache. It holds no pointer, so that the garbage collector passes over
// the slabs that hold millions of them; what few flows need (a head in naming, and what is extra) lies beside it under an index, 0 for none.
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
	recent   copies
	first    int64
	isn      [2]uint32 // TCP: initial sequence number, or the number before the first seen
	extra    uint32
	macs     [2]packet.MAC
	vlan     uint16
	ttl      [2]uint8
	protocol uint16 // number of its name
	count    uint8  // Conv.Count of a flow without a head
}

// entryFlags hold what is known of a flow beside its numbers.
type entryFlags uint16

const (
	fromSecond  entryFlags = 1 << iota // the first packet went from the key's second end to its first
	synFirst                           // a SYN without ACK was sent by the key's first end
	synSecond                          // ... by its second end
	snapped                            // payload was cut by the snapshot length
	namingEnded                        // no Namer wants more of it
	readFirst                          // payload of its first end was read
	readSecond                         // ... of its second end
	midFirst                           // and is not known to begin at the stream's first byte
	midSecond
	belowFirst // bytes were seen below the first number that was, of its first end
	belowSecond
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
	if p.Flags&packet.SYN == 0 || e.next[dir] == 0 || p.Seq == e.isn[dir] {
		return false
	}
	other := 1 - dir
	answers := p.Flags&packet.ACK != 0 && e.next[other] != 0 && p.AckSeq == e.isn[other]+1
	return !answers
}

// countPacket adds one packet to the numbers that need no state.
func (e *entry) countPacket(p *packet.Packet, dir uint8) {
	if e.packets[dir]++; e.packets[dir] == 1 {
		e.begin(p, dir)
	}
	e.wire[dir] += uint64(p.Wire)
	if !p.Fragment { // else a silence ends with the frame that carries the payload
		e.last = max(e.last, p.Time)
	}
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

// row is what the entry says of the flow: all but what few flows have.
func (e *entry) row() Row {
	w := Row{
		Transport: e.key.transport(), V6: e.key.v6(), Orphan: e.key.orphan(),
		FromB: e.flags&fromSecond != 0, Snapped: e.flags&snapped != 0, Opener: int8(e.opened()),
		Packets: [2]uint64{uint64(e.packets[0]), uint64(e.packets[1])}, Wire: e.wire, Payload: e.payload,
		First: e.first, Last: e.last, LastFrame: e.lastFrame, FirstCapture: e.lastCap, LastCapture: e.lastCap,
		ISN: e.isn, Next: e.next, TCPFlags: e.tcpFlags, TTL: e.ttl, MACs: e.macs, VLAN: e.vlan,
	}
	w.A, w.APort = e.key.end(0)
	w.B, w.BPort = e.key.end(1)
	if e.hour != HourOf(e.first) && e.payload != [2]uint64{} {
		w.Hours = []HourCount{{e.hour, e.payload}}
	}
	return w
}
