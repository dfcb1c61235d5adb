package flow

import (
	"encoding/binary"

	"phonehome/analyze/packet"
)

// Row is one flow when it has ended: a run of packets of one key without a silence longer than the idle time and without a SYN that has a new
// initial sequence number. Pairs are by end: index 0 belongs to (A, APort), and of counts, to what it sent.
type Row struct {
	A, B         packet.Addr
	APort, BPort uint16
	Transport    packet.Transport
	V6           bool
	Orphan       bool // fragments whose first one was not seen
	FromB        bool // the first packet seen was sent by B
	Snapped      bool
	Opener       int8 // end that sent the opening SYN, as far as SYN or SYN+ACK were seen; -1 unknown

	Packets, Wire, Payload    [2]uint64
	First, Last               int64 // ns since 1970 UTC
	FirstFrame, LastFrame     uint64
	FirstCapture, LastCapture uint32

	ISN           [2]uint32 // TCP: initial sequence number, or the number before the first one seen
	Next          [2]uint64 // TCP: 64-bit sequence number behind the last byte seen
	TCPFlags      [2]packet.TCPFlags
	TTL           [2]uint8
	MACs          [2]packet.MAC
	VLAN          uint16
	Tunnel        packet.TunnelID
	Duplicates    uint64
	Retransmitted uint64
	Protocol      string      // recognised by content, "" if not
	Hours         []HourCount // nil: all payload in the hour of First
}

// Rows keeps ended flows, encoded, at 70 to 110 bytes each.
type Rows struct {
	arena   Arena
	count   int
	scratch []byte
}

// Len is the number of rows.
func (r *Rows) Len() int { return r.count }

func (r *Rows) add(e *entry, hours []HourCount, protocol string) {
	row := Row{
		APort: uint16(e.key.rest >> 48), BPort: uint16(e.key.rest >> 32),
		Transport: e.key.transport(), V6: e.key.v6(), Orphan: e.key.orphan(),
		FromB: e.flags&fromSecond != 0, Snapped: e.flags&snapped != 0, Opener: int8(e.opened()),
		Packets: [2]uint64{uint64(e.packets[0]), uint64(e.packets[1])}, Wire: e.wire, Payload: e.payload,
		First: e.first, Last: e.last, FirstFrame: e.firstFrame, LastFrame: e.lastFrame, FirstCapture: e.firstCap, LastCapture: e.lastCap,
		ISN: e.isn, Next: e.next, TCPFlags: e.tcpFlags, TTL: e.ttl, MACs: e.macs, VLAN: e.vlan, Tunnel: e.tunnel,
		Duplicates: uint64(e.duplicates), Retransmitted: uint64(e.retransmitted), Protocol: protocol, Hours: hours,
	}
	row.A, _ = e.key.end(0)
	row.B, _ = e.key.end(1)
	r.Add(&row)
}

// Add keeps a copy of a row.
func (r *Rows) Add(row *Row) {
	r.scratch = row.append(r.scratch[:0])
	r.arena.Add(r.scratch)
	r.count++
}

// Each calls f with each row in turn and its place; the Row is reused.
func (r *Rows) Each(f func(Ref, *Row)) {
	var row Row
	r.arena.Chunks(func(ref Ref, b []byte) {
		for at := 0; at < len(b); {
			n := row.decode(b[at:])
			f(ref.Plus(at), &row)
			at += n
		}
	})
}

// At reads the row at a place that Each has given.
func (r *Rows) At(ref Ref, row *Row) { row.decode(r.arena.At(ref)) }

const (
	rowV6 = 1 << iota
	rowOrphan
	rowFromB
	rowSnapped
	rowTCP     // sequence numbers and flags follow
	rowRare    // VLAN, tunnel, duplicates, retransmissions, hours follow
	rowOwnLast // the last frame is of another capture than the first
)

// append adds the encoded row to b.
func (w *Row) append(b []byte) []byte {
	bits := w.bits()
	b = append(b, bits, byte(w.Transport), byte(w.Opener), w.TTL[0], w.TTL[1])
	b = appendAddr(appendAddr(b, w.A, w.V6), w.B, w.V6)
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, w.APort), w.BPort)
	b = append(append(b, w.MACs[0][:]...), w.MACs[1][:]...)
	for i := range 2 {
		b = binary.AppendUvarint(b, w.Packets[i])
		b = binary.AppendUvarint(b, w.Wire[i])
		b = binary.AppendUvarint(b, w.Payload[i])
	}
	b = binary.AppendUvarint(binary.AppendVarint(b, w.First), uint64(w.Last-w.First))
	b = binary.AppendUvarint(binary.AppendUvarint(b, w.FirstFrame), w.LastFrame)
	b = binary.AppendUvarint(b, uint64(w.FirstCapture))
	if bits&rowOwnLast != 0 {
		b = binary.AppendUvarint(b, uint64(w.LastCapture))
	}
	b = append(append(b, byte(len(w.Protocol))), w.Protocol...)
	if bits&rowTCP != 0 {
		b = w.appendTCP(b)
	}
	if bits&rowRare != 0 {
		b = w.appendRare(b)
	}
	return b
}

func (w *Row) bits() byte {
	var bits byte
	set := func(on bool, bit byte) {
		if on {
			bits |= bit
		}
	}
	set(w.V6, rowV6)
	set(w.Orphan, rowOrphan)
	set(w.FromB, rowFromB)
	set(w.Snapped, rowSnapped)
	set(w.Transport == packet.TCP, rowTCP)
	set(w.VLAN != 0 || w.Tunnel != 0 || w.Duplicates != 0 || w.Retransmitted != 0 || len(w.Hours) > 0, rowRare)
	set(w.LastCapture != w.FirstCapture, rowOwnLast)
	return bits
}

func (w *Row) appendTCP(b []byte) []byte {
	for i := range 2 {
		b = append(b, byte(w.TCPFlags[i]))
		b = binary.BigEndian.AppendUint32(b, w.ISN[i])
		b = binary.AppendUvarint(b, w.Next[i])
	}
	return b
}

func (w *Row) appendRare(b []byte) []byte {
	for _, v := range [...]uint64{uint64(w.VLAN), uint64(w.Tunnel), w.Duplicates, w.Retransmitted, uint64(len(w.Hours))} {
		b = binary.AppendUvarint(b, v)
	}
	for _, h := range w.Hours {
		b = binary.AppendVarint(b, int64(h.Hour))
		b = binary.AppendUvarint(binary.AppendUvarint(b, h.Payload[0]), h.Payload[1])
	}
	return b
}

func appendAddr(b []byte, a packet.Addr, v6 bool) []byte {
	if v6 {
		return append(b, a[:]...)
	}
	return append(b, a[12:]...)
}

// rowReader reads what append wrote. The bytes are our own, so that a short read cannot be.
type rowReader struct {
	b  []byte
	at int
}

func (r *rowReader) byte() byte {
	r.at++
	return r.b[r.at-1]
}

func (r *rowReader) take(n int) []byte {
	r.at += n
	return r.b[r.at-n : r.at]
}

func (r *rowReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b[r.at:])
	r.at += n
	return v
}

func (r *rowReader) varint() int64 {
	v, n := binary.Varint(r.b[r.at:])
	r.at += n
	return v
}

func (r *rowReader) addr(v6 bool) (a packet.Addr) {
	if v6 {
		copy(a[:], r.take(16))
		return a
	}
	a[10], a[11] = 0xff, 0xff
	copy(a[12:], r.take(4))
	return a
}

// decode reads one row and returns how many bytes it took.
func (w *Row) decode(b []byte) int {
	r := rowReader{b: b}
	bits := r.byte()
	*w = Row{V6: bits&rowV6 != 0, Orphan: bits&rowOrphan != 0, FromB: bits&rowFromB != 0, Snapped: bits&rowSnapped != 0, Hours: w.Hours[:0], Protocol: w.Protocol}
	w.Transport, w.Opener = packet.Transport(r.byte()), int8(r.byte())
	w.TTL[0], w.TTL[1] = r.byte(), r.byte()
	w.A, w.B = r.addr(w.V6), r.addr(w.V6)
	w.APort, w.BPort = binary.BigEndian.Uint16(r.take(2)), binary.BigEndian.Uint16(r.take(2))
	copy(w.MACs[0][:], r.take(6))
	copy(w.MACs[1][:], r.take(6))
	for i := range 2 {
		w.Packets[i], w.Wire[i], w.Payload[i] = r.uvarint(), r.uvarint(), r.uvarint()
	}
	w.First = r.varint()
	w.Last = w.First + int64(r.uvarint())
	w.FirstFrame, w.LastFrame = r.uvarint(), r.uvarint()
	w.FirstCapture = uint32(r.uvarint())
	w.LastCapture = w.FirstCapture
	if bits&rowOwnLast != 0 {
		w.LastCapture = uint32(r.uvarint())
	}
	if p := r.take(int(r.byte())); string(p) != w.Protocol {
		w.Protocol = string(p)
	}
	if bits&rowTCP != 0 {
		w.decodeTCP(&r)
	}
	if bits&rowRare != 0 {
		w.decodeRare(&r)
	}
	return r.at
}

func (w *Row) decodeTCP(r *rowReader) {
	for i := range 2 {
		w.TCPFlags[i] = packet.TCPFlags(r.byte())
		w.ISN[i] = binary.BigEndian.Uint32(r.take(4))
		w.Next[i] = r.uvarint()
	}
}

func (w *Row) decodeRare(r *rowReader) {
	w.VLAN, w.Tunnel = uint16(r.uvarint()), packet.TunnelID(r.uvarint())
	w.Duplicates, w.Retransmitted = r.uvarint(), r.uvarint()
	for range r.uvarint() {
		w.Hours = append(w.Hours, HourCount{int32(r.varint()), [2]uint64{r.uvarint(), r.uvarint()}})
	}
}
