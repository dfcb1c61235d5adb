package hostname

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
	"phonehome/analyze/packet"
)

// piece is some bytes that one end of a conversation sends: 0 the one that opened it, 1 the other. A lost piece was not captured.
type piece struct {
	dir  uint8
	data string
	lost bool
}

func up(data string) piece   { return piece{dir: 0, data: data} }
func down(data string) piece { return piece{dir: 1, data: data} }

// heard is a sink that keeps rows as text: kind, name, which end is the client, and what else is told.
type heard struct {
	rows []string
	at   []uint64 // frames
}

func (h *heard) Add(n *Name) {
	row := fmt.Sprintf("%s %s", n.Kind, n.Name)
	if n.ClientPort == serverPort {
		row += " (from the server's end)"
	}
	for _, s := range []string{string(n.ALPN), n.Version, string(n.Value)} {
		if s != "" {
			row += " " + s
		}
	}
	if n.ECH != "" && n.ECH != ECHAbsent {
		row += fmt.Sprintf(" ech=%s:%d", n.ECH, n.ECHID)
	}
	h.rows = append(h.rows, row)
	h.at = append(h.at, n.Frame)
}

const (
	clientPort = 40000
	serverPort = 8000 // no protocol's own: everything is found by content
)

// table plays the part of the flow table for one TCP flow.
type table struct {
	n      *Namer
	c      flow.Conv
	rest   [2][]byte
	skip   [2]int
	frame  uint64
	port   uint16
	ends   [2]packet.Addr // client and server
	stop   bool
	middle bool // the capture began in the middle
}

func (t *table) meta(dir uint8) *flow.Meta {
	m := &flow.Meta{
		Time: int64(t.frame), Frame: t.frame, Src: t.ends[0], Dst: t.ends[1],
		SrcPort: clientPort, DstPort: t.port, Transport: packet.TCP, Dir: dir, Start: !t.middle,
	}
	if dir == 1 {
		m.Src, m.Dst, m.SrcPort, m.DstPort = m.Dst, m.Src, m.DstPort, m.SrcPort
	}
	return m
}

func (t *table) send(p piece) {
	t.frame++
	if t.stop {
		return
	}
	d := p.dir
	if p.lost {
		t.gap(d, len(p.data))
		return
	}
	k := min(t.skip[d], len(p.data))
	t.skip[d] -= k
	m := t.meta(d)
	m.Held = len(t.rest[d])
	t.rest[d] = append(t.rest[d], p.data[k:]...)
	if k == len(p.data) {
		return
	}
	// As the real table does, with memory that is not kept.
	view := slices.Clip(slices.Clone(t.rest[d]))
	used, more := t.n.Stream(&t.c, m, view)
	if used < 0 || more != flow.Go && more != flow.Stop {
		panic(fmt.Sprint("Stream answered ", used, more))
	}
	clear(view)
	t.skip[d] = max(0, used-len(t.rest[d]))
	t.rest[d] = t.rest[d][min(used, len(t.rest[d])):]
	t.end(more)
}

func (t *table) gap(d uint8, n int) {
	t.rest[d] = nil
	if t.skip[d] >= n {
		t.skip[d] -= n
		return
	}
	n -= t.skip[d]
	t.skip[d] = 0
	t.end(t.n.Gap(&t.c, t.meta(d), int64(n)))
}

func (t *table) end(more flow.More) {
	if more == flow.Stop && !t.stop {
		t.stop = true
		t.n.Close(&t.c)
	}
}

// hear sends pieces through a new Namer, and returns the rows and the protocol.
func hear(pieces ...piece) (rows []string, protocol string) {
	h := &heard{}
	return hearWith(NewNamer(h, Limits{}), h, serverPort, pieces)
}

func hearWith(n *Namer, h *heard, port uint16, pieces []piece) ([]string, string) {
	return hearBetween([2]packet.Addr{outside, inside}, n, h, port, pieces)
}

// Where the ends of a conversation are: what an inside server says to who comes from outside is read as far as anything is.
var (
	outside = packet.AddrFrom(netip.MustParseAddr("198.51.100.7"))
	inside  = packet.AddrFrom(netip.MustParseAddr("10.0.0.5"))
)

func hearBetween(ends [2]packet.Addr, n *Namer, h *heard, port uint16, pieces []piece) ([]string, string) {
	t := &table{n: n, port: port, ends: ends}
	for _, p := range pieces {
		t.send(p)
	}
	t.end(flow.Stop)
	return h.rows, t.c.Protocol
}

// split cuts every piece of a conversation into segments of size bytes.
func split(pieces []piece, size int) (out []piece) {
	for _, p := range pieces {
		for len(p.data) > size {
			out = append(out, piece{p.dir, p.data[:size], p.lost})
			p.data = p.data[size:]
		}
		out = append(out, p)
	}
	return out
}

// splitAt cuts the conversation in two at byte at of all that is sent.
func splitAt(pieces []piece, at int) (out []piece) {
	for _, p := range pieces {
		if 0 < at && at < len(p.data) {
			out = append(out, piece{p.dir, p.data[:at], p.lost}, piece{p.dir, p.data[at:], p.lost})
		} else {
			out = append(out, p)
		}
		at -= len(p.data)
	}
	return out
}

func size(pieces []piece) (n int) {
	for _, p := range pieces {
		n += len(p.data)
	}
	return n
}

// splitAtRandom cuts each piece at random places.
func splitAtRandom(pieces []piece, r *rand.Rand) (out []piece) {
	for _, p := range pieces {
		for len(p.data) > 1 && r.IntN(4) > 0 {
			k := 1 + r.IntN(len(p.data)-1)
			out = append(out, piece{p.dir, p.data[:k], p.lost})
			p.data = p.data[k:]
		}
		out = append(out, p)
	}
	return out
}

// check hears a conversation whole and in every other cut, and wants the same rows of each.
func check(t *testing.T, pieces []piece, protocol string, want ...string) {
	t.Helper()
	rows, got := hear(pieces...)
	if !slices.Equal(rows, want) || got != protocol {
		t.Errorf("protocol %q, rows\n\t%s\nwant %q\n\t%s", got, strings.Join(rows, "\n\t"), protocol, strings.Join(want, "\n\t"))
		return
	}
	for _, size := range []int{1, 2, 3, 7, 100} {
		if rows, _ := hear(split(pieces, size)...); !slices.Equal(rows, want) {
			t.Errorf("in segments of %d bytes: %q", size, rows)
		}
	}
	for at := range size(pieces) {
		if rows, _ := hear(splitAt(pieces, at)...); !slices.Equal(rows, want) {
			t.Fatalf("cut at byte %d: %q", at, rows)
		}
	}
}

// helloOf are the fields of a hello made by hand.
type helloOf struct {
	version    uint16
	name       string
	alpn       []string
	ciphers    []uint16
	extensions []extension
}

type extension struct {
	kind uint16
	data string
}

// message returns the hello as a handshake message.
func (h helloOf) message() string {
	var b cryptobyte.Builder
	b.AddUint8(msgClientHello)
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint16(max(h.version, 0x0303))
		b.AddBytes([]byte(strings.Repeat("R", 32)))
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(strings.Repeat("S", 32))) })
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, c := range append([]uint16{0x1301}, h.ciphers...) {
				b.AddUint16(c)
			}
		})
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddUint8(0) })
		b.AddUint16LengthPrefixed(h.addExtensions)
	})
	return string(b.BytesOrPanic())
}

func (h helloOf) addExtensions(b *cryptobyte.Builder) {
	if h.name != "" {
		b.AddUint16(extServerName)
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddUint8(0)
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(h.name)) })
			})
		})
	}
	if h.alpn != nil {
		b.AddUint16(extALPN)
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				for _, p := range h.alpn {
					b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(p)) })
				}
			})
		})
	}
	for _, e := range h.extensions {
		b.AddUint16(e.kind)
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(e.data)) })
	}
}

// record wraps part of a stream of handshake messages into records of at most size bytes.
func record(message string, size int) (out string) {
	for len(message) > 0 {
		k := min(size, len(message))
		out += fmt.Sprintf("\x16\x03\x01%c%c", byte(k>>8), byte(k))[:3] + string([]byte{byte(k >> 8), byte(k)}) + message[:k]
		message = message[k:]
	}
	return out
}

func hello(name string) string { return record(helloOf{name: name}.message(), 1<<14) }

const helloSaid = " TLS1.2"
