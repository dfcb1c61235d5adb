package flow

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"strconv"
	"strings"

	"phonehome/analyze/packet"
)

// Row is one flow when it has ended: a run of packets of one key without a silence longer than the idle time and without a SYN that has a new
// initial sequence number. Pairs are by end: index 0 belongs to (A, APort), and of counts, to what it sent.
type Row struct {
	A, B         packet.Addr
	APort, BPort uint16
	Transport    packet.Transport
	Hosts        [2]uint32 // numbers of A and B, once Hosts.Look looked them up
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
	Events        []int64     // starts of exchanges after the first, ns since 1970 UTC: payload after a silence of EventGap
}

// Rows keeps ended flows, encoded, at 50 to 100 bytes each.
type Rows struct {
	arena     Arena
	count     int
	scratch   []byte
	protocols protocols
}

// Len is the number of rows.
func (r *Rows) Len() int { return r.count }

// Add keeps a copy of a row.
func (r *Rows) Add(row *Row) {
	r.scratch = row.append(r.scratch[:0], &r.protocols)
	r.arena.Add(r.scratch)
	r.count++
}

// Each calls f with each row in turn and its place; the Row is reused.
func (r *Rows) Each(f func(Ref, *Row)) {
	var row Row
	r.arena.Chunks(func(ref Ref, b []byte) {
		for at := 0; at < len(b); {
			n := row.decode(b[at:], &r.protocols)
			f(ref.Plus(at), &row)
			at += n
		}
	})
}

// At reads the row at a place that Each has given.
func (r *Rows) At(ref Ref, row *Row) { row.decode(r.arena.At(ref), &r.protocols) }

// Done says that the row at a place, which is read no more, may be forgotten.
func (r *Rows) Done(ref Ref) { r.arena.Done(ref) }

const (
	rowV6 = 1 << iota
	rowOrphan
	rowFromB
	rowSnapped
	rowTCP     // sequence numbers and flags follow
	rowRare    // VLAN, tunnel, duplicates, retransmissions, hours, exchanges follow
	rowOwnLast // the last frame is of another capture than the first
)

// append adds the encoded row to b.
func (w *Row) append(b []byte, ps *protocols) []byte {
	bits := w.bits()
	b = append(b, bits, byte(w.Transport), byte(w.Opener), w.TTL[0], w.TTL[1])
	b = AppendAddr(AppendAddr(b, w.A, w.V6), w.B, w.V6)
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, w.APort), w.BPort)
	b = append(append(b, w.MACs[0][:]...), w.MACs[1][:]...)
	for i := range 2 {
		b = binary.AppendUvarint(b, w.Packets[i])
		b = binary.AppendUvarint(b, w.Wire[i])
		b = binary.AppendUvarint(b, w.Payload[i])
	}
	b = binary.AppendUvarint(binary.BigEndian.AppendUint64(b, uint64(w.First)), uint64(w.Last-w.First))
	b = binary.AppendVarint(binary.AppendUvarint(b, w.FirstFrame), int64(w.LastFrame-w.FirstFrame))
	b = binary.AppendUvarint(b, uint64(w.FirstCapture))
	if bits&rowOwnLast != 0 {
		b = binary.AppendUvarint(b, uint64(w.LastCapture))
	}
	protocol := ps.number(w.Protocol)
	if b = binary.AppendUvarint(b, uint64(protocol)); protocol == 0 {
		b = append(append(b, byte(len(w.Protocol))), w.Protocol...)
	}
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
	set(w.VLAN != 0 || w.Tunnel != 0 || w.Duplicates != 0 || w.Retransmitted != 0 || len(w.Hours) > 0 || len(w.Events) > 0, rowRare)
	set(w.LastCapture != w.FirstCapture, rowOwnLast)
	return bits
}

func (w *Row) appendTCP(b []byte) []byte {
	for i := range 2 {
		b = append(b, byte(w.TCPFlags[i]))
		b = binary.BigEndian.AppendUint32(b, w.ISN[i])
		b = binary.AppendVarint(b, int64(w.Next[i]-w.firstNumber(i)))
	}
	return b
}

// firstNumber is the 64-bit sequence number of the first payload byte of an end that sent anything.
func (w *Row) firstNumber(i int) uint64 {
	if w.Packets[i] == 0 {
		return 0
	}
	return firstNumber(w.ISN[i] + 1)
}

func (w *Row) appendRare(b []byte) []byte {
	for _, v := range [...]uint64{uint64(w.VLAN), uint64(w.Tunnel), w.Duplicates, w.Retransmitted, uint64(len(w.Hours)), uint64(len(w.Events))} {
		b = binary.AppendUvarint(b, v)
	}
	for _, h := range w.Hours {
		b = binary.AppendVarint(b, int64(h.Hour))
		b = binary.AppendUvarint(binary.AppendUvarint(b, h.Payload[0]), h.Payload[1])
	}
	last := w.First
	for _, at := range w.Events {
		b = binary.AppendVarint(b, at-last)
		last = at
	}
	return b
}

// decode reads one row and returns how many bytes it took.
func (w *Row) decode(b []byte, ps *protocols) int {
	r := NewDecoder(b)
	bits := r.Byte()
	w.V6, w.Orphan, w.FromB, w.Snapped = bits&rowV6 != 0, bits&rowOrphan != 0, bits&rowFromB != 0, bits&rowSnapped != 0
	w.Transport, w.Opener = packet.Transport(r.Byte()), int8(r.Byte())
	w.TTL[0], w.TTL[1] = r.Byte(), r.Byte()
	w.A, w.B = r.Addr(w.V6), r.Addr(w.V6)
	w.APort, w.BPort = binary.BigEndian.Uint16(r.Take(2)), binary.BigEndian.Uint16(r.Take(2))
	copy(w.MACs[0][:], r.Take(6))
	copy(w.MACs[1][:], r.Take(6))
	for i := range 2 {
		w.Packets[i], w.Wire[i], w.Payload[i] = r.Uvarint(), r.Uvarint(), r.Uvarint()
	}
	w.First = int64(binary.BigEndian.Uint64(r.Take(8)))
	w.Last = w.First + int64(r.Uvarint())
	w.FirstFrame = r.Uvarint()
	w.LastFrame = w.FirstFrame + uint64(r.Varint())
	w.FirstCapture = uint32(r.Uvarint())
	w.LastCapture = w.FirstCapture
	if bits&rowOwnLast != 0 {
		w.LastCapture = uint32(r.Uvarint())
	}
	if n := r.Uvarint(); n != 0 {
		w.Protocol = ps.text(uint16(n))
	} else {
		w.Protocol = string(r.Take(int(r.Byte())))
	}
	w.Hosts, w.ISN, w.Next, w.TCPFlags = [2]uint32{}, [2]uint32{}, [2]uint64{}, [2]packet.TCPFlags{}
	if bits&rowTCP != 0 {
		w.decodeTCP(r)
	}
	w.VLAN, w.Tunnel, w.Duplicates, w.Retransmitted, w.Hours, w.Events = 0, 0, 0, 0, w.Hours[:0], w.Events[:0]
	if bits&rowRare != 0 {
		w.decodeRare(r)
	}
	return r.Used()
}

func (w *Row) decodeTCP(r *Decoder) {
	for i := range 2 {
		w.TCPFlags[i] = packet.TCPFlags(r.Byte())
		w.ISN[i] = binary.BigEndian.Uint32(r.Take(4))
		w.Next[i] = w.firstNumber(i) + uint64(r.Varint())
	}
}

func (w *Row) decodeRare(r *Decoder) {
	w.VLAN, w.Tunnel = uint16(r.Uvarint()), packet.TunnelID(r.Uvarint())
	w.Duplicates, w.Retransmitted = r.Uvarint(), r.Uvarint()
	hours, events := r.Uvarint(), r.Uvarint()
	for range hours {
		w.Hours = append(w.Hours, HourCount{int32(r.Varint()), [2]uint64{r.Uvarint(), r.Uvarint()}})
	}
	at := w.First
	for range events {
		at += r.Varint()
		w.Events = append(w.Events, at)
	}
}

// wellKnown is the first port that is not a system port (RFC 6335, section 6): servers listen below.
const wellKnown = 1024

// Client returns which end opened the flow, and how that is known: "syn", "port" (the other end is on a system port), or
// "first" (it sent the first packet seen).
func (w *Row) Client() (end int, basis string) {
	if w.Opener >= 0 {
		return int(w.Opener), "syn"
	}
	if low := w.APort < wellKnown; low != (w.BPort < wellKnown) && (w.APort != 0 || w.BPort != 0) {
		if low {
			return 1, "port"
		}
		return 0, "port"
	}
	if w.FromB {
		return 1, "first"
	}
	return 0, "first"
}

// End returns the address and port of an end, 0 or 1.
func (w *Row) End(i int) (packet.Addr, uint16) {
	if i == 0 {
		return w.A, w.APort
	}
	return w.B, w.BPort
}

// ByHour is the row's payload by UTC hour: at least one hour, that of First where Hours is empty.
func (w *Row) ByHour() iter.Seq[HourCount] {
	return func(yield func(HourCount) bool) {
		if len(w.Hours) == 0 {
			yield(HourCount{Hour: HourOf(w.First), Payload: w.Payload})
			return
		}
		for _, h := range w.Hours {
			if !yield(h) {
				return
			}
		}
	}
}

// TransportName is the "transport" of a flow row: an IANA protocol keyword in lower case, "fragment" for orphans, or "ip-N".
func (w *Row) TransportName() string {
	if w.Orphan {
		return "fragment"
	}
	return TransportName(w.Transport)
}

// TransportName names an IP protocol (IANA "Assigned Internet Protocol Numbers").
func TransportName(t packet.Transport) string {
	if n := transports[t]; n != "" {
		return n
	}
	return "ip-" + strconv.Itoa(int(t))
}

var transports = [1 << 8]string{
	0: "hopopt", 1: "icmp", 2: "igmp", 4: "ipv4", packet.TCP: "tcp", 8: "egp", 9: "igp", packet.UDP: "udp", 27: "rdp", 33: "dccp", 41: "ipv6", 46: "rsvp",
	47: "gre", 50: "esp", 51: "ah", 55: "mobile", icmp6: "icmpv6", 59: "ipv6-nonxt", 88: "eigrp", 89: "ospf", 94: "ipip", 97: "etherip", 103: "pim",
	108: "ipcomp", 112: "vrrp", 115: "l2tp", packet.SCTP: "sctp", 135: "mobility", 136: "udplite", 137: "mpls-in-ip",
}

// Compare orders rows of the same first time and frame: by ends, ports and transport.
func (w *Row) Compare(o *Row) int {
	return cmp.Or(bytes.Compare(w.A[:], o.A[:]), bytes.Compare(w.B[:], o.B[:]), cmp.Compare(w.APort, o.APort), cmp.Compare(w.BPort, o.BPort),
		cmp.Compare(w.Transport, o.Transport), cmp.Compare(w.FirstCapture, o.FirstCapture), cmp.Compare(w.LastFrame, o.LastFrame))
}

// TransportOf is the inverse of TransportName; "fragment" is no transport.
func TransportOf(name string) (packet.Transport, bool) {
	for t, n := range transports {
		if n == name && n != "" {
			return packet.Transport(t), true
		}
	}
	if digits, ok := strings.CutPrefix(name, "ip-"); ok {
		n, err := strconv.ParseUint(digits, 10, 8)
		return packet.Transport(n), err == nil
	}
	return 0, false
}

// SetEnds sets the two ends: the client is end c.
func (w *Row) SetEnds(c int, client packet.Addr, clientPort uint16, server packet.Addr, serverPort uint16) {
	if c == 1 {
		client, clientPort, server, serverPort = server, serverPort, client, clientPort
	}
	w.A, w.APort, w.B, w.BPort = client, clientPort, server, serverPort
}
