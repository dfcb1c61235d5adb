package hostname

import (
	"encoding/binary"
	"math"

	"phonehome/analyze/flow"
	"phonehome/analyze/packet"
)

// Store is the Sink of one shard: it keeps name evidence, encoded, at 25 to 60 bytes a row beside the distinct texts.
type Store struct {
	rows    flow.Arena
	texts   texts
	words   words
	count   int
	most    int // bytes of rows and texts, see StoreLimit
	dropped uint64
	scratch []byte
	hosts   hosts
}

// StoreLimit is the most bytes of name evidence that one shard keeps: 64 of them, 4 GiB, are more than 50 million DNS answers. Rows
// beyond it are dropped and counted as "name-rows".
const StoreLimit = 64 << 20

// NewStore returns an empty store that keeps at most limit bytes.
func NewStore(limit int) *Store { return &Store{most: limit} }

// Len is the number of rows kept.
func (s *Store) Len() int { return s.count }

// Dropped is the number of rows that the limit kept out.
func (s *Store) Dropped() uint64 { return s.dropped }

const (
	nameV6 = 1 << iota
	nameUnsolicited
	nameDNS
	nameHello
	nameWide // addresses in 16 bytes each
)

// Add implements Sink.
func (s *Store) Add(n *Name) {
	if s.rows.Bytes()+s.texts.arena.Bytes() >= s.most {
		s.dropped++
		return
	}
	s.put(n)
	if len(s.hosts.veiled) > 0 {
		s.addValues(n)
	}
}

func (s *Store) put(n *Name) {
	s.scratch = s.append(s.scratch[:0], n)
	s.rows.Add(s.scratch)
	s.count++
}

func (s *Store) append(b []byte, n *Name) []byte {
	dns := n.RRType != "" || n.RCode != "" || len(n.Value) > 0 || len(n.Query) > 0 || n.TTL != 0
	hello := n.JA4 != "" || n.Version != "" || n.ECH != "" || len(n.ALPN) > 0
	wide := n.V6 || !mapped(n.Client) || !mapped(n.Server) // a label may be for an address of the other family
	var bits byte
	for i, on := range [...]bool{n.V6, n.Unsolicited, dns, hello, wide} {
		if on {
			bits |= 1 << i
		}
	}
	b = append(b, bits, byte(n.Transport))
	b = binary.BigEndian.AppendUint16(b, n.ClientPort)
	b = binary.BigEndian.AppendUint16(b, n.ServerPort)
	b = flow.AppendAddr(flow.AppendAddr(b, n.Client, wide), n.Server, wide)
	b = binary.AppendUvarint(b, uint64(s.words.id(string(n.Kind))))
	b = binary.AppendUvarint(b, uint64(n.Capture))
	b = binary.AppendUvarint(b, n.Frame)
	b = binary.AppendVarint(b, n.At)
	b = binary.AppendUvarint(b, uint64(s.host(n.Kind, n.Name)))
	if dns {
		b = binary.AppendUvarint(b, uint64(s.words.id(n.RRType)))
		b = binary.AppendUvarint(b, uint64(s.words.id(n.RCode)))
		b = binary.AppendUvarint(b, uint64(s.value(n)))
		b = binary.AppendUvarint(b, uint64(s.host(n.Kind, n.Query)))
		b = binary.AppendUvarint(b, uint64(n.TTL))
	}
	if hello {
		b = binary.AppendUvarint(b, uint64(s.texts.id(n.ALPN)))
		b = binary.AppendUvarint(b, uint64(s.texts.idOf(n.JA4)))
		b = binary.AppendUvarint(b, uint64(s.words.id(n.Version)))
		b = binary.AppendUvarint(b, uint64(s.words.id(n.ECH)))
		b = append(b, n.ECHID)
	}
	return b
}

// mapped says whether a is an IPv4 address in its 16-byte form; the zero address is as good as one.
func mapped(a packet.Addr) bool {
	return a[10] == 0xff && a[11] == 0xff && binary.BigEndian.Uint64(a[:8]) == 0 && a[8] == 0 && a[9] == 0
}

// Each calls f with each row, in the order in which they were added, and its place. The Name is reused; its byte slices are views
// that live as long as the store.
func (s *Store) Each(f func(flow.Ref, *Name)) {
	var n Name
	s.rows.Chunks(func(r flow.Ref, b []byte) {
		for at := 0; at < len(b); {
			k := s.decode(b[at:], &n)
			f(r.Plus(at), &n)
			at += k
		}
	})
}

// At reads the row at a place that Each has given.
func (s *Store) At(r flow.Ref, n *Name) { s.decode(s.rows.At(r), n) }

func (s *Store) decode(b []byte, n *Name) int {
	r := flow.NewDecoder(b)
	bits := r.Byte()
	*n = Name{V6: bits&nameV6 != 0, Unsolicited: bits&nameUnsolicited != 0, Transport: packet.Transport(r.Byte())}
	n.ClientPort, n.ServerPort = binary.BigEndian.Uint16(r.Take(2)), binary.BigEndian.Uint16(r.Take(2))
	n.Client, n.Server = r.Addr(bits&nameWide != 0), r.Addr(bits&nameWide != 0)
	n.Kind = Kind(s.words.texts[r.Uvarint()])
	n.Capture, n.Frame, n.At = uint32(min(r.Uvarint(), math.MaxUint32)), r.Uvarint(), r.Varint()
	n.Name = s.texts.text(uint32(r.Uvarint()))
	if bits&nameDNS != 0 {
		n.RRType, n.RCode = s.words.texts[r.Uvarint()], s.words.texts[r.Uvarint()]
		n.Value, n.Query, n.TTL = s.texts.text(uint32(r.Uvarint())), s.texts.text(uint32(r.Uvarint())), uint32(r.Uvarint())
	}
	if bits&nameHello != 0 {
		n.ALPN, n.JA4 = s.texts.text(uint32(r.Uvarint())), string(s.texts.text(uint32(r.Uvarint())))
		n.Version, n.ECH = s.words.texts[r.Uvarint()], s.words.texts[r.Uvarint()]
		n.ECHID = r.Byte()
	}
	return r.Used()
}
