package hostname

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"phonehome/analyze/flow"
	"phonehome/analyze/packet"
)

// datagrams plays the part of the flow table for one UDP flow.
type datagrams struct {
	n     *Namer
	c     flow.Conv
	frame uint64
	stop  bool
}

// send shows a datagram to the Namer, of which only the first captured bytes are there; less than 0: all.
func (d *datagrams) send(p piece, captured int) {
	d.frame++
	if d.stop {
		return
	}
	m := &flow.Meta{Time: int64(d.frame), Frame: d.frame, Src: packet.Addr{15: 1}, Dst: packet.Addr{15: 2}, SrcPort: clientPort,
		DstPort: serverPort, Transport: packet.UDP, Dir: p.dir, Full: len(p.data)}
	if p.dir == 1 {
		m.Src, m.Dst, m.SrcPort, m.DstPort = m.Dst, m.Src, m.DstPort, m.SrcPort
	}
	view := []byte(p.data)
	if captured >= 0 {
		view = view[:min(captured, len(view))]
	}
	more := d.n.Datagram(&d.c, m, view)
	if string(view) != p.data[:len(view)] {
		panic("a payload was written to")
	}
	clear(view) // a view does not outlive the call
	d.stop = more == flow.Stop
}

// exchange sends datagrams through a new Namer, and returns the rows and the protocol.
func exchange(pieces ...piece) (rows []string, protocol string) {
	h := &heard{}
	return exchangeWith(NewNamer(h, Limits{}), h, pieces)
}

func exchangeWith(n *Namer, h *heard, pieces []piece) ([]string, string) {
	d := &datagrams{n: n}
	for _, p := range pieces {
		d.send(p, -1)
	}
	n.Close(&d.c)
	return h.rows, d.c.Protocol
}

func checkDatagrams(t *testing.T, what string, pieces []piece, protocol string, want ...string) {
	t.Helper()
	rows, got := exchange(pieces...)
	if !slices.Equal(rows, want) || got != protocol {
		t.Errorf("%s: protocol %q, rows %q; want %q, %q", what, got, rows, protocol, want)
	}
}

// checkPrefixes cuts one datagram after each of its bytes, as a snapshot does and as a shorter one.
func checkPrefixes(t *testing.T, p piece) {
	t.Helper()
	for k := range len(p.data) {
		for _, full := range []string{p.data, p.data[:k]} {
			h := &heard{}
			d := &datagrams{n: NewNamer(h, Limits{})}
			d.send(piece{dir: p.dir, data: full}, k)
			if len(h.rows) > 0 {
				t.Fatalf("%d of %d bytes (datagram of %d): %q", k, len(p.data), len(full), h.rows)
			}
		}
	}
}

// sealer makes Initial packets of a client.
type sealer struct {
	version   quicVersion
	profile   int    // of those of the version
	id        string // connection ID that the keys are made of
	dest      string // connection ID in the header; id where empty
	token     string
	number    uint32
	numberLen int // 1 to 4; 0: 1
}

const someID = "\x83\x94\xc8\xf0\x3e\x51\x57\x08"

func appendVarint(b []byte, v int) []byte {
	switch {
	case v < 1<<6:
		return append(b, byte(v))
	case v < 1<<14:
		return binary.BigEndian.AppendUint16(b, uint16(v)|1<<14)
	}
	return binary.BigEndian.AppendUint32(b, uint32(v)|1<<31)
}

// seal returns an Initial packet with the frames given, padded so that header protection has its sample.
func (s sealer) seal(frames string) string {
	f := &s.version.profiles()[s.profile]
	k, ok := deriveInitialKeys(f, []byte(s.id))
	if !ok {
		panic("no keys")
	}
	for len(frames) < 4 {
		frames += "\x00"
	}
	dest, numberLen := s.dest, max(s.numberLen, 1)
	if dest == "" {
		dest = s.id
	}
	head := []byte{quicLongHeader | quicFixedBit | f.initial<<quicTypeShift | byte(numberLen-1)}
	head = binary.BigEndian.AppendUint32(head, uint32(s.version))
	head = append(append(head, byte(len(dest))), dest...)
	head = append(head, 4, 's', 'c', 'i', 'd')
	head = append(appendVarint(head, len(s.token)), s.token...)
	head = appendVarint(head, numberLen+len(frames)+k.aead.Overhead())
	at := len(head)
	number := binary.BigEndian.AppendUint32(nil, s.number)
	head = append(head, number[4-numberLen:]...)
	nonce := slices.Clone(k.iv[:quicNonceLen])
	for i, b := range number {
		nonce[quicNonceLen-4+i] ^= b
	}
	out := k.aead.Seal(slices.Clone(head), nonce, []byte(frames), head)
	var mask [quicSampleLen]byte
	k.header.Encrypt(mask[:], out[at+quicSample:][:quicSampleLen])
	out[0] ^= mask[0] & 0x0f
	for i := range numberLen {
		out[at+i] ^= mask[1+i]
	}
	return string(out)
}

// crypto is a CRYPTO frame.
func crypto(offset int, data string) string {
	return string(append(appendVarint(appendVarint([]byte{frameCrypto}, offset), len(data)), data...))
}

// pad fills a payload so that the datagram is as long as a client's first must be.
func pad(frames string) string {
	return frames + strings.Repeat("\x00", max(0, minInitialSize-len(frames)))
}

// hexFile reads a file of hexadecimal digits.
func hexFile(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// recording reads what two ends of quic-go said to each other, as recorded for the fixtures.
func recording(t testing.TB, name string) (pieces []piece) {
	t.Helper()
	text, err := os.ReadFile("../../fixtures/recorded/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var r struct{ Pieces []struct{ From, Hex string } }
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Pieces {
		raw, err := hex.DecodeString(p.Hex)
		if err != nil {
			t.Fatal(err)
		}
		if p.From == "client" {
			pieces = append(pieces, up(string(raw)))
		} else {
			pieces = append(pieces, down(string(raw)))
		}
	}
	return pieces
}

// untilStop returns how many times a datagram is read before its flow is not read any more.
func untilStop(n *Namer, p piece) int {
	d := &datagrams{n: n}
	for !d.stop && d.frame < 1000 {
		d.send(p, -1)
	}
	n.Close(&d.c)
	return int(d.frame)
}

// orders are ways in which two datagrams may come.
func orders(a, b piece) [][]piece {
	return [][]piece{{a, b}, {b, a}, {a, a, b}, {b, a, a}, {b, b, a, a}, {a, b, a, b}}
}

// named is what an exchange names. Personal data is told of each datagram that has it, whatever it is of.
func named(order ...piece) []string {
	rows, _ := exchange(order...)
	return slices.DeleteFunc(rows, func(row string) bool { return strings.HasPrefix(row, "personal ") })
}

// checkOrders holds that no order of two datagrams, nor repeating them, names what another order does not, unless
// each of the two names something by itself.
func checkOrders(t *testing.T, a, b piece) {
	alone := [2]string{}
	for i, p := range []piece{a, b} {
		alone[i] = strings.Join(named(p), ";")
	}
	if alone[0] != "" && alone[1] != "" {
		return
	}
	seen := ""
	for _, order := range orders(a, b) {
		rows := named(order...)
		got := strings.Join(rows, ";")
		if len(rows) > 1 || seen != "" && got != "" && got != seen {
			t.Errorf("%q and %q", seen, got)
		}
		seen = max(seen, got)
	}
}

func benchmarkDatagram(b *testing.B, data []byte, want flow.More) {
	n := NewNamer(nobody{}, Limits{})
	m := &flow.Meta{Transport: packet.UDP, Full: len(data), SrcPort: clientPort, DstPort: 443}
	var c flow.Conv
	b.ReportAllocs()
	for b.Loop() {
		c = flow.Conv{}
		if n.Datagram(&c, m, data) != want {
			b.Fatal("another answer")
		}
		n.Close(&c)
	}
}
