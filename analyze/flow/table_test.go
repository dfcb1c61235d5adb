package flow

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"phonehome/analyze/packet"
)

// testLimits are wide enough that no test meets them by accident.
func testLimits() Limits {
	return Limits{MaxActive: 1000, IdleEstablished: 3600e9, IdleOther: 60e9, MaxHeads: 100, MaxHeadBytes: 1 << 16, MaxPending: 32, MaxShardBytes: 1 << 20, MaxHours: 100, MaxEvents: 100}
}

// transcript is a Namer that notes what it is shown.
type transcript struct {
	stream [2]string
	log    []string
	stop   int // Stop after so many calls, 0 for never
	calls  int
	closed int
	used   func(data []byte) int
}

func (n *transcript) answer() More {
	n.calls++
	if n.stop > 0 && n.calls >= n.stop {
		return Stop
	}
	return Go
}

func (n *transcript) Datagram(c *Conv, _ *Meta, p []byte) More {
	n.log = append(n.log, string(p))
	c.Protocol = "test"
	return n.answer()
}

func (n *transcript) Stream(c *Conv, m *Meta, data []byte) (int, More) {
	used := len(data)
	if n.used != nil {
		used = n.used(data)
	}
	n.stream[m.Dir] += string(data[:min(used, len(data))])
	c.Protocol = "test"
	return used, n.answer()
}

func (n *transcript) Gap(*Conv, *Meta, int64) More {
	n.log = append(n.log, "gap")
	return Go
}

func (n *transcript) Close(*Conv) { n.closed++ }

var (
	addrA = packet.Addr{10: 0xff, 11: 0xff, 12: 10, 15: 1}
	addrB = packet.Addr{10: 0xff, 11: 0xff, 12: 192, 13: 0, 14: 2, 15: 1}
)

// seg is one TCP segment of A (dir 0) or B.
func seg(dir int, seq uint32, flags packet.TCPFlags, payload string) *packet.Packet {
	p := &packet.Packet{Src: addrA, Dst: addrB, SrcPort: 50000, DstPort: 443, Transport: packet.TCP, Class: packet.Flow, Seq: seq, Flags: flags,
		Payload: []byte(payload), PayloadLen: uint32(len(payload)), Wire: uint32(54 + len(payload))}
	if dir == 1 {
		p.Src, p.Dst, p.SrcPort, p.DstPort = addrB, addrA, 443, 50000
	}
	return p
}

// answer is a SYN+ACK of B.
func answer(seq, ack uint32) *packet.Packet {
	p := seg(1, seq, packet.SYN|packet.ACK, "")
	p.AckSeq = ack
	return p
}

// noSeq is a segment of which the capture holds no more than the ports.
func noSeq(p *packet.Packet) *packet.Packet {
	p.NoSeq, p.Payload = true, nil
	return p
}

// feed adds packets a millisecond times 10 apart, frames from 1.
func feed(t *Table, ps ...*packet.Packet) []Row {
	for i, p := range ps {
		if p.Time == 0 {
			p.Time = int64(i) * 10e6
		}
		p.Frame, p.IPID = uint64(i+1), uint16(i+1)
		t.Add(p, p.Hash())
	}
	t.Finish()
	return rowsOf(t)
}

func rowsOf(t *Table) (out []Row) {
	t.Rows().Each(func(_ Ref, r *Row) {
		c := *r
		c.Hours = append([]HourCount(nil), r.Hours...)
		out = append(out, c)
	})
	return out
}

func TestPayloadCountsEachByteOnce(t *testing.T) {
	for _, c := range []struct {
		name    string
		packets []*packet.Packet
		want    [2]uint64
	}{
		{"in order", []*packet.Packet{seg(0, 100, packet.SYN, ""), seg(0, 101, packet.ACK, "hello"), seg(0, 106, packet.ACK, "world")}, [2]uint64{10, 0}},
		{"retransmitted", []*packet.Packet{seg(0, 101, packet.ACK, "hello"), seg(0, 101, packet.ACK, "hello"), seg(0, 103, packet.ACK, "lloXY")}, [2]uint64{7, 0}},
		{"out of order", []*packet.Packet{seg(0, 101, packet.ACK, "a"), seg(0, 112, packet.ACK, "12345"), seg(0, 102, packet.ACK, "0123456789")}, [2]uint64{16, 0}},
		{"hole filled twice", []*packet.Packet{seg(0, 1, packet.ACK, "a"), seg(0, 12, packet.ACK, "b"), seg(0, 4, packet.ACK, "cc"), seg(0, 2, packet.ACK, "0123456789")}, [2]uint64{12, 0}},
		{"wraps", []*packet.Packet{seg(0, 0xfffffffe, packet.ACK, "abcd"), seg(0, 2, packet.ACK, "ef")}, [2]uint64{6, 0}},
		{"keep-alive byte", []*packet.Packet{seg(0, 50, packet.ACK, "abc"), seg(0, 52, packet.ACK, "c")}, [2]uint64{3, 0}},
		{"cut before the sequence number", []*packet.Packet{noSeq(seg(0, 0, 0, "abc")), noSeq(seg(0, 0, 0, "def")), noSeq(seg(0, 0, 0, ""))}, [2]uint64{6, 0}},
		{"begun in the middle, overtaken", []*packet.Packet{seg(0, 111, packet.ACK, "bbbbb"), seg(0, 101, packet.ACK, "aaaaaaaaaa"), seg(0, 101, packet.ACK, "aaaaaaaaaa"), seg(0, 116, packet.ACK, "c")}, [2]uint64{16, 0}},
		{"begun in the middle, across zero", []*packet.Packet{seg(0, 3, packet.ACK, "bb"), seg(0, 0xfffffffd, packet.ACK, "aaaaaa"), seg(0, 0xfffffffd, packet.ACK, "aaaaaa")}, [2]uint64{8, 0}},
		{"begun in the middle, keep-alive byte", []*packet.Packet{seg(0, 111, packet.ACK, ""), seg(0, 110, packet.ACK, "x"), seg(0, 110, packet.ACK, "x")}, [2]uint64{}},
		{"before the first byte", []*packet.Packet{seg(0, 100, packet.SYN, ""), seg(0, 100, packet.ACK, "x"), seg(0, 90, packet.ACK, "0123456789"), seg(0, 101, packet.ACK, "abc")}, [2]uint64{3, 0}},
		{"two answers, the first one holds", []*packet.Packet{seg(0, 9, packet.SYN, ""), answer(500, 10), answer(9000, 10), seg(1, 501, packet.ACK, "abc"), seg(1, 504, packet.ACK, "d"), seg(1, 501, packet.ACK, "abc")}, [2]uint64{0, 4}},
		{"two answers, the second one holds", []*packet.Packet{seg(0, 9, packet.SYN, ""), answer(9000, 10), answer(500, 10), seg(1, 501, packet.ACK, "abc"), seg(1, 504, packet.ACK, "d"), seg(1, 501, packet.ACK, "abc")}, [2]uint64{0, 4}},
		{"a refusal, then an answer", []*packet.Packet{seg(0, 9, packet.SYN, ""), seg(1, 0, 4|packet.ACK, ""), seg(0, 9, packet.SYN, ""), answer(500, 10), seg(1, 501, packet.ACK, "abc")}, [2]uint64{0, 3}},
		{"both ways", []*packet.Packet{seg(0, 50, packet.ACK, "abc"), seg(1, 9, packet.ACK, "de")}, [2]uint64{3, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := feed(NewTable(testLimits(), &transcript{}), c.packets...)
			if len(rows) != 1 || rows[0].Payload != c.want {
				t.Errorf("got %d rows, payload %v; want 1, %v", len(rows), rows[0].Payload, c.want)
			}
		})
	}
}

func TestMirrorCopiesCountOnce(t *testing.T) {
	first, copied, again := seg(0, 0, 0, "data"), seg(0, 0, 0, "data"), seg(0, 0, 0, "data")
	for i, p := range []*packet.Packet{first, copied, again} {
		p.Transport, p.Frame, p.TTL = packet.UDP, uint64(i+1), uint8(64-i)
	}
	copied.Time, again.Time = 100e3, 500e6
	tab := NewTable(testLimits(), &transcript{})
	for _, p := range []*packet.Packet{first, copied, again} {
		tab.Add(p, p.Hash())
	}
	tab.Finish()
	r := rowsOf(tab)[0]
	if r.Packets[0] != 3 || r.Payload[0] != 8 || r.Duplicates != 1 {
		t.Errorf("packets %d, payload %d, duplicates %d; want 3, 8, 1", r.Packets[0], r.Payload[0], r.Duplicates)
	}
}

// TestCopiesOfBursts: two cards, or two files, deliver some packets at a time, so that many lie between a datagram and its copy.
func TestCopiesOfBursts(t *testing.T) {
	for _, burst := range []int{1, 4, 5, 12, 30} {
		tab := NewTable(testLimits(), &transcript{})
		for i := range 20 * burst * 2 {
			round, n := i/(2*burst), i%burst
			p := seg(0, 0, 0, fmt.Sprintf("datagram %d of burst %d", n, round))
			p.Transport, p.Frame, p.IPID = packet.UDP, uint64(i+1), uint16(1000*round+n)
			p.Time = int64(round)*50e6 + int64(i%(2*burst))*20e3
			tab.Add(p, p.Hash())
		}
		tab.Finish()
		if r := rowsOf(tab)[0]; r.Duplicates != uint64(20*burst) {
			t.Errorf("bursts of %d: %d of %d are copies, want half", burst, r.Duplicates, r.Packets[0])
		}
	}
}

// TestWhatIsLongAgoIsNoCopy: datagrams that are alike, each the first of a burst, count each time, whatever the time between.
func TestWhatIsLongAgoIsNoCopy(t *testing.T) {
	const burst, rounds = 16, 5
	for _, after := range []int64{4e6, 500e6, copyTick << 16, 3 * copyTick << 16, 59e9} {
		tab := NewTable(testLimits(), &transcript{})
		for i := range rounds * burst {
			p := seg(0, 0, 0, fmt.Sprintf("datagram %02d", i%burst))
			p.Transport, p.Frame, p.Time = packet.UDP, uint64(i+1), int64(i/burst)*after+int64(i%burst)*1e3
			tab.Add(p, p.Hash())
		}
		tab.Finish()
		if r := rowsOf(tab)[0]; r.Duplicates != 0 || r.Payload[0] != rounds*burst*11 {
			t.Errorf("after %d ns: %d copies, payload %d", after, r.Duplicates, r.Payload[0])
		}
	}
}

// TestDatagramsWithoutIdentificationAreComparedWhole: what a DHCP server offers and what it acknowledges a millisecond later differ in the midst.
func TestDatagramsWithoutIdentificationAreComparedWhole(t *testing.T) {
	offer := bytes.Repeat([]byte{7}, 300)
	ack := bytes.Clone(offer)
	ack[242] = 5
	var heard transcript
	tab := NewTable(testLimits(), &heard)
	for i, b := range [][]byte{offer, ack, ack} {
		p := seg(0, 0, 0, string(b))
		p.Transport, p.Frame, p.Time = packet.UDP, uint64(i+1), int64(i)*1e6
		tab.Add(p, p.Hash())
	}
	tab.Finish()
	if r := rowsOf(tab)[0]; r.Payload[0] != 600 || r.Duplicates != 1 || len(heard.log) != 2 {
		t.Errorf("payload %d, duplicates %d, %d read; want 600, 1, 2", r.Payload[0], r.Duplicates, len(heard.log))
	}
}

// TestCopiesBehindTheClock: where the clock was set back, copies are known though the flow's last packet lies ahead.
func TestCopiesBehindTheClock(t *testing.T) {
	tab := NewTable(testLimits(), &transcript{})
	for i, at := range []int64{10e9, 1e9, 1e9 + 5e3, 2e9, 2e9 + 5e3} {
		p := seg(0, 0, 0, string(rune('a'+at/1e9)))
		p.Transport, p.Frame, p.Time = packet.UDP, uint64(i+1), at
		tab.Add(p, p.Hash())
	}
	tab.Finish()
	if r := rowsOf(tab)[0]; r.Payload[0] != 3 || r.Duplicates != 2 {
		t.Errorf("payload %d, duplicates %d; want 3, 2", r.Payload[0], r.Duplicates)
	}
}

// TestManySnappedDatagramsAreNoCopies: of a fast flow over IPv6 that was cut short, hundreds lie within the time of a copy, and many have the same checksum. Where that alone tells them
// apart, because what differs may be gone in a copy with a tag, only the last few are looked at: that is two datagrams of these.
func TestManySnappedDatagramsAreNoCopies(t *testing.T) {
	const n, each = 30_000, 1200
	for _, alike := range []string{"", "\x40 a connection ID of so many"} {
		chance, tab := rand.New(rand.NewPCG(1, 2)), NewTable(testLimits(), &transcript{})
		for i := range n {
			p := seg(0, 0, 0, alike+string([]byte{byte(chance.Uint32()), byte(chance.Uint32())}))
			p.Transport, p.Frame, p.Time, p.PayloadLen, p.Snapped, p.V6, p.Sum = packet.UDP, uint64(i+1), int64(i)*1e4, each, true, true, uint16(chance.Uint32())
			tab.Add(p, p.Hash())
		}
		tab.Finish()
		if r := rowsOf(tab)[0]; r.Payload[0] < n*each-2*each || len(alike) == 0 && r.Duplicates != 0 {
			t.Errorf("%d bytes alike: payload %d, duplicates %d; want %d, none", len(alike), r.Payload[0], r.Duplicates, n*each)
		}
	}
}

// TestTaggedCopiesOfSnappedDatagrams: a tag takes four bytes of what the snapshot length leaves of the payload. Without identification, too little may be left to tell a copy.
func TestTaggedCopiesOfSnappedDatagrams(t *testing.T) {
	for captured := 4; captured < 90; captured++ {
		tab := NewTable(testLimits(), &transcript{})
		for i, vlan := range []uint16{0, 7, 0} {
			p := seg(0, 0, 0, strings.Repeat("0123456789", 9)[:captured])
			p.Transport, p.Frame, p.Time, p.PayloadLen, p.Snapped, p.VLAN = packet.UDP, uint64(i+1), int64(i)*1e3, 1200, true, vlan
			if captured < leastTagged {
				p.IPID = 1
			}
			if vlan != 0 {
				p.Payload = p.Payload[:captured-4]
			}
			tab.Add(p, p.Hash())
		}
		tab.Finish()
		if r := rowsOf(tab)[0]; r.Payload[0] != 1200 || r.Duplicates != 2 {
			t.Errorf("%d bytes captured: payload %d, duplicates %d; want 1200, 2", captured, r.Payload[0], r.Duplicates)
		}
	}
}

// TestDatagramsWithoutPayloadAreNoCopies: IPv6 has no identification, and of a datagram that a snapshot cut there may be nothing that tells it from
// the next.
func TestDatagramsWithoutPayloadAreNoCopies(t *testing.T) {
	tab := NewTable(testLimits(), &transcript{})
	for i, sum := range []uint16{7, 8, 7} {
		p := seg(0, 0, 0, "")
		p.Transport, p.Frame, p.Time, p.PayloadLen, p.Snapped, p.Sum = packet.UDP, uint64(i+1), int64(i)*100e3, 1200, true, sum
		tab.Add(p, p.Hash())
	}
	tab.Finish()
	if r := rowsOf(tab)[0]; r.Payload[0] != 2400 || r.Duplicates != 1 {
		t.Errorf("payload %d, duplicates %d; want 2400, 1", r.Payload[0], r.Duplicates)
	}
}

func TestRowsBeginAndEnd(t *testing.T) {
	late := seg(0, 60, packet.ACK, "x")
	late.Time = 3601e9 + 20e6
	for _, c := range []struct {
		name    string
		packets []*packet.Packet
		rows    int
	}{
		{"SYN sent again", []*packet.Packet{seg(0, 9, packet.SYN, ""), seg(0, 9, packet.SYN, "")}, 1},
		{"port used again", []*packet.Packet{seg(0, 9, packet.SYN, ""), seg(0, 10, packet.ACK, "x"), seg(0, 77, packet.SYN, "")}, 2},
		{"SYN+ACK before SYN", []*packet.Packet{seg(1, 500, packet.SYN|packet.ACK, ""), seg(0, 9, packet.SYN, "")}, 1},
		{"idle", []*packet.Packet{seg(0, 50, packet.ACK, "abc"), seg(1, 9, packet.ACK, "d"), late}, 2},
		{"data captured before its SYN", []*packet.Packet{seg(0, 10, packet.ACK, "x"), seg(0, 9, packet.SYN, "")}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if rows := feed(NewTable(testLimits(), &transcript{}), c.packets...); len(rows) != c.rows {
				t.Errorf("got %d rows, want %d", len(rows), c.rows)
			}
		})
	}
}

func TestOpener(t *testing.T) {
	for _, c := range []struct {
		name    string
		packets []*packet.Packet
		end     int
		basis   string
	}{
		{"SYN", []*packet.Packet{seg(1, 1, packet.SYN, "")}, 1, "syn"},
		{"SYN+ACK alone", []*packet.Packet{seg(0, 1, packet.SYN|packet.ACK, "")}, 1, "syn"},
		{"system port", []*packet.Packet{seg(1, 1, packet.ACK, "x")}, 0, "port"},
	} {
		rows := feed(NewTable(testLimits(), &transcript{}), c.packets...)
		if end, basis := rows[0].Client(); end != c.end || basis != c.basis {
			t.Errorf("%s: client is end %d by %s, want %d by %s", c.name, end, basis, c.end, c.basis)
		}
	}
}

// TestStreamsInAnyOrder sends a text in random segments, shuffled, repeated and overlapping: the Namer sees it once and in order.
func TestStreamsInAnyOrder(t *testing.T) {
	const text = "The quick brown fox jumps over the lazy dog, twice: the quick brown fox jumps over the lazy dog."
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		n := &transcript{used: func(b []byte) int { return r.IntN(len(b) + 1) }}
		ps := []*packet.Packet{seg(0, 99, packet.SYN, "")}
		var body []*packet.Packet
		for at := 0; at < len(text); {
			end := min(len(text), at+1+r.IntN(12))
			body = append(body, seg(0, uint32(100+at), packet.ACK, text[at:end]))
			if r.IntN(4) == 0 {
				body = append(body, seg(0, uint32(100+at), packet.ACK, text[at:end]))
			}
			at = max(at+1, end-r.IntN(3))
		}
		r.Shuffle(len(body), func(i, j int) { body[i], body[j] = body[j], body[i] })
		last := seg(0, uint32(100+len(text)), packet.ACK, "")
		rows := feed(NewTable(testLimits(), n), append(append(ps, body...), last)...)
		if got := n.stream[0]; got != text[:len(got)] || len(n.log) > 0 {
			t.Fatalf("seed %d: the Namer saw %q, gaps %v", seed, got, n.log)
		}
		if rows[0].Payload[0] != uint64(len(text)) || rows[0].Protocol != "test" || n.closed != 1 {
			t.Fatalf("seed %d: payload %d of %d, protocol %q, closed %d times", seed, rows[0].Payload[0], len(text), rows[0].Protocol, n.closed)
		}
	}
}

// plain is a Namer that keeps no more of a flow than a count, or also something that needs a head.
type plain struct {
	transcript
	headed bool
}

func (n *plain) Stream(c *Conv, m *Meta, data []byte) (int, More) {
	n.log = append(n.log, fmt.Sprintf("%d %t %d %s", m.Dir, m.Start, c.Count, data))
	c.Count++
	return len(data), Go
}

func (n *plain) Gap(_ *Conv, m *Meta, missing int64) More {
	n.log = append(n.log, fmt.Sprintf("%d gap %d", m.Dir, missing))
	return Go
}

// readPlain returns what is shown of the packets, and how many heads and halves that took. A headed flow is made to have both from its first packet on.
func readPlain(headed bool, ps []*packet.Packet) (log []string, heads, halves int) {
	n := &plain{headed: headed}
	tab := NewTable(testLimits(), n)
	for i, p := range ps {
		p.Frame, p.Time = uint64(i+1), int64(i)*10e6
		tab.Add(p, p.Hash())
		if e := tab.slab.at(1); headed && e.head == 0 {
			h := &head{conv: Conv{State: n, Count: e.count}, halves: tab.heads.halves.take()}
			*tab.heads.halves.at(h.halves) = [2]half{e.half(0), e.half(1)}
			tab.keepHead(1, e, h)
		}
	}
	heads, halves = tab.heads.slab.size(), tab.heads.halves.size()
	tab.Finish()
	return n.log, heads, halves
}

func TestFlowsOfWhichNothingIsKeptHaveNoHead(t *testing.T) {
	inOrder := []*packet.Packet{
		seg(0, 100, packet.SYN, ""), seg(1, 500, packet.SYN|packet.ACK, ""),
		seg(0, 101, packet.ACK, "abc"), seg(0, 101, packet.ACK, "abc"), seg(1, 501, packet.ACK, "xy"), seg(0, 103, packet.ACK, "cde"), seg(1, 503, packet.ACK, "z"),
	}
	log, heads, halves := readPlain(false, inOrder)
	if want := []string{"0 true 0 abc", "1 true 1 xy", "0 true 2 de", "1 true 3 z"}; !slices.Equal(log, want) || heads != 0 || halves != 0 {
		t.Errorf("shown: %q, with %d heads and %d halves; want %q with none", log, heads, halves, want)
	}
}

// An open flow is 192 bytes, its first frame and its place in the index: 5 million of them fit 250 bytes each.
func TestEntryIsThreeLinesOfACache(t *testing.T) {
	if n := unsafe.Sizeof(entry{}); n != 3*64 {
		t.Errorf("an entry has %d bytes, want 192", n)
	}
}

// segments makes the packets of one connection out of bytes, three each: which end and flags, where, how long. Of a sequence number there is one byte ever.
func segments(b []byte) (ps []*packet.Packet) {
	for ; len(b) >= 3; b = b[3:] {
		dir, from := int(b[0]&1), uint32(b[1])
		flags := packet.ACK
		if b[0]&0xe == 0xe {
			flags |= packet.SYN
		}
		payload := make([]byte, b[2]%32)
		for i := range payload {
			payload[i] = 'a' + byte((from+uint32(i))%26)
		}
		p := seg(dir, 1000+from, flags, string(payload))
		if b[0]&0x70 == 0x70 {
			p.Payload = p.Payload[:len(p.Payload)/2] // snapped
		}
		ps = append(ps, p)
	}
	return ps
}

// A flow without a head is read as one that has one, however its segments come.
func FuzzStreamsWithoutHeads(f *testing.F) {
	f.Add([]byte{0xe, 100, 0, 0xf, 50, 0, 0, 101, 5, 0, 101, 5, 1, 51, 9, 0, 110, 5, 0, 106, 4})
	f.Add([]byte{0, 110, 0, 0, 101, 9, 0, 103, 3, 0x70, 110, 8, 0, 118, 2, 0, 112, 2})
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		b := make([]byte, 3*(2+rng.IntN(12)))
		for i := range b {
			b[i] = byte(rng.IntN(256))
			if i%3 == 1 {
				b[i] = 100 + b[i]%16
			}
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, _, _ := readPlain(false, segments(b))
		want, _, _ := readPlain(true, segments(b))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-with a head +without):\n%s", diff)
		}
	})
}

func TestSkippedBytesAreNotShown(t *testing.T) {
	n := &transcript{}
	n.used = func(b []byte) int {
		n.used = nil
		return len(b) + 4
	}
	feed(NewTable(testLimits(), n), seg(0, 100, packet.SYN, ""), seg(0, 101, packet.ACK, "ab"), seg(0, 103, packet.ACK, "12"), seg(0, 105, packet.ACK, "34cd"))
	if n.stream[0] != "abcd" {
		t.Errorf("the Namer saw %q, want %q", n.stream[0], "abcd")
	}
}

func TestGapsAreToldWhenTheFlowEnds(t *testing.T) {
	n := &transcript{}
	feed(NewTable(testLimits(), n), seg(0, 100, packet.SYN, ""), seg(0, 101, packet.ACK, "ab"), seg(0, 110, packet.ACK, "cd"))
	if n.stream[0] != "abcd" || len(n.log) != 1 {
		t.Errorf("the Namer saw %q and gaps %v; want abcd and one gap", n.stream[0], n.log)
	}
}

// TestTinyLimits counts every packet and byte, and stays within bounds, whatever is pushed out.
func TestTinyLimits(t *testing.T) {
	l := Limits{MaxActive: 2, IdleEstablished: 1e9, IdleOther: 1e9, MaxHeads: 1, MaxHeadBytes: 4, MaxPending: 1, MaxShardBytes: 6, MaxHours: 1, MaxEvents: 1}
	tab := NewTable(l, &transcript{used: func([]byte) int { return 0 }})
	r := rand.New(rand.NewPCG(3, 4))
	var packets, wire uint64
	for i := range 5000 {
		p := seg(r.IntN(2), uint32(r.IntN(200)), packet.ACK, "payload"[:r.IntN(8)])
		p.SrcPort, p.DstPort = p.SrcPort+uint16(r.IntN(5)), p.DstPort+uint16(r.IntN(5))
		p.Time, p.Frame = int64(i)*int64(r.IntN(1e12)), uint64(i+1)
		tab.Add(p, p.Hash())
		packets, wire = packets+1, wire+uint64(p.Wire)
		if tab.slab.used() > l.MaxActive || tab.heads.slab.used() > l.MaxHeads || tab.heads.waiting > l.MaxShardBytes+7 {
			t.Fatalf("packet %d: %d flows, %d heads, %d bytes waiting", i, tab.slab.used(), tab.heads.slab.used(), tab.heads.waiting)
		}
	}
	tab.Finish()
	for _, row := range rowsOf(tab) {
		packets -= row.Packets[0] + row.Packets[1]
		wire -= row.Wire[0] + row.Wire[1]
	}
	if packets != 0 || wire != 0 || tab.heads.waiting != 0 {
		t.Errorf("%d packets, %d bytes not in rows; %d bytes still waiting", packets, wire, tab.heads.waiting)
	}
	for _, k := range []string{"active-flows", "stream-heads", "stream-bytes"} {
		if tab.LimitsHit()[k] == 0 {
			t.Errorf("limit %s did not bite", k)
		}
	}
}

func TestHoursOfLongFlows(t *testing.T) {
	var ps []*packet.Packet
	for i, at := range []int64{0, 30e9, 3000e9, 3700e9, 7250e9} {
		p := seg(i%2, uint32(1000+i*10), packet.ACK, "0123456789")
		p.Time = at + 1
		ps = append(ps, p)
	}
	rows := feed(NewTable(testLimits(), &transcript{}), ps...)
	want := []HourCount{{0, [2]uint64{20, 10}}, {1, [2]uint64{0, 10}}, {2, [2]uint64{10, 0}}}
	if d := cmp.Diff(want, rows[0].Hours); d != "" {
		t.Errorf("hours (-want +got):\n%s", d)
	}
}

// TestFlowsInFragments: the frames before the one that completes a datagram have neither numbers nor payload. They begin no flow and end no silence.
func TestFlowsInFragments(t *testing.T) {
	var ps []*packet.Packet
	for i, flags := range []packet.TCPFlags{packet.SYN, packet.ACK, packet.FIN | packet.ACK} {
		whole := seg(0, uint32(99+i), flags, strings.Repeat("x", i%2))
		whole.Time = int64(i)*10e9 + 1e3
		held := noSeq(seg(0, 0, 0, ""))
		held.Time, held.Fragment = int64(i)*10e9+1, true
		ps = append(ps, held, whole)
	}
	rows := feed(NewTable(testLimits(), &transcript{}), ps...)
	if len(rows) != 1 {
		t.Fatalf("%d rows, want 1", len(rows))
	}
	r := rows[0]
	if _, basis := r.Client(); basis != "syn" || r.TCPFlags[0] != packet.SYN|packet.ACK|packet.FIN || r.Packets[0] != 6 || r.Payload[0] != 1 {
		t.Errorf("client by %s, %+v", basis, r)
	}
	if d := cmp.Diff([]int64{10e9 + 1e3}, r.Events); d != "" {
		t.Errorf("starts of exchanges (-want +got):\n%s", d)
	}
}

func TestExchangesOfLongFlows(t *testing.T) {
	var ps []*packet.Packet
	for i, at := range []int64{0, 4e9, 9e9, 13.9e9, 100e9} {
		p := seg(i%2, uint32(1000+i*10), packet.ACK, "0123456789")
		p.Time = at + 1
		ps = append(ps, p)
	}
	again, bare := *ps[4], *ps[4]
	again.Time = 200e9 // sent again: nothing new
	bare.Time, bare.Payload, bare.PayloadLen = 300e9, nil, 0
	rows := feed(NewTable(testLimits(), &transcript{}), append(ps, &again, &bare)...)
	if d := cmp.Diff([]int64{9e9 + 1, 100e9 + 1}, rows[0].Events); d != "" {
		t.Errorf("starts of exchanges (-want +got):\n%s", d)
	}
}

// TestRowsSurviveEncoding writes rows of all shapes and reads them back.
func TestRowsSurviveEncoding(t *testing.T) {
	rows := []Row{
		{A: addrA, B: addrB, APort: 1, BPort: 2, Transport: packet.UDP, Opener: -1, Packets: [2]uint64{1, 2}, Wire: [2]uint64{3, 4}, Payload: [2]uint64{5, 6}, First: -7, Last: 8, FirstFrame: 9, LastFrame: 10},
		{A: packet.Addr{1}, B: packet.Addr{2}, V6: true, Transport: packet.TCP, Opener: 1, FromB: true, Snapped: true, First: -1 << 63, Last: 1<<63 - 1, FirstCapture: 3, LastCapture: 5,
			ISN: [2]uint32{1, 1<<32 - 1}, Next: [2]uint64{1, 1 << 40}, TCPFlags: [2]packet.TCPFlags{3, 4}, TTL: [2]uint8{64, 128}, MACs: [2]packet.MAC{{1}, {2}},
			VLAN: 4095, Tunnel: 7, Duplicates: 8, Retransmitted: 9, Protocol: "tls", Hours: []HourCount{{-5, [2]uint64{1, 2}}, {6, [2]uint64{3, 1 << 50}}}, Events: []int64{-1 << 62, 0, 5}},
		{A: addrA, B: addrB, Orphan: true, Transport: 50, Opener: 0},
	}
	var store Rows
	for i := range rows {
		store.Add(&rows[i])
	}
	i := 0
	store.Each(func(at Ref, got *Row) {
		var again Row
		store.At(at, &again)
		for _, g := range []*Row{got, &again} {
			if d := cmp.Diff(&rows[i], g, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("row %d (-want +got):\n%s", i, d)
			}
		}
		i++
	})
	if i != len(rows) {
		t.Errorf("read %d rows of %d", i, len(rows))
	}
}

// However many names somebody makes up, each row keeps its own.
func TestProtocolsOfRowsAreNeverLost(t *testing.T) {
	var rows Rows
	for i := range mostProtocols + 10 {
		rows.Add(&Row{Protocol: fmt.Sprint("p", i%(mostProtocols+5))})
	}
	i := 0
	rows.Each(func(_ Ref, row *Row) {
		if want := fmt.Sprint("p", i%(mostProtocols+5)); row.Protocol != want {
			t.Errorf("row %d has protocol %q, want %q", i, row.Protocol, want)
		}
		i++
	})
	if n := len(rows.protocols.texts); n != mostProtocols {
		t.Errorf("%d names are numbered, want %d", n, mostProtocols)
	}
}

func BenchmarkAddEstablished(b *testing.B) {
	tab := NewTable(testLimits(), &transcript{stop: 1})
	p := seg(0, 100, packet.ACK, "payload of a segment in the middle of a long transfer")
	b.ReportAllocs()
	for i := range b.N {
		p.Time, p.Seq, p.Frame = int64(i)*1000, 100+uint32(i)*53, uint64(i)
		tab.Add(p, p.Hash())
	}
}

func BenchmarkAddNewFlows(b *testing.B) {
	l := testLimits()
	l.MaxActive = 1 << 18
	tab := NewTable(l, &transcript{stop: 1})
	p := seg(0, 100, packet.SYN, "")
	b.ReportAllocs()
	for i := range b.N {
		p.Time, p.SrcPort, p.DstPort, p.Frame = int64(i)*1000, uint16(i), uint16(i>>16), uint64(i)
		tab.Add(p, p.Hash())
	}
}
