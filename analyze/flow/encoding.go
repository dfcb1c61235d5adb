package flow

import (
	"encoding/binary"

	"phonehome/analyze/packet"
)

// AppendAddr adds an address in 4 bytes, or 16 where v6 says so.
func AppendAddr(b []byte, a packet.Addr, v6 bool) []byte {
	if v6 {
		return append(b, a[:]...)
	}
	return append(b, a[12:]...)
}

// Decoder reads rows that this program encoded itself in this run: a short read cannot be, and panics.
type Decoder struct {
	b  []byte
	at int
}

// NewDecoder returns a Decoder at the start of b.
func NewDecoder(b []byte) *Decoder { return &Decoder{b: b} }

// Used is the number of bytes read.
func (d *Decoder) Used() int { return d.at }

// Byte reads one byte.
func (d *Decoder) Byte() byte { return d.Take(1)[0] }

// Take reads n bytes: a view.
func (d *Decoder) Take(n int) []byte {
	d.at += n
	return d.b[d.at-n : d.at]
}

// Uvarint reads what binary.AppendUvarint wrote.
func (d *Decoder) Uvarint() uint64 {
	if v := d.b[d.at]; v < 1<<7 {
		d.at++
		return uint64(v) // most
	}
	v, n := binary.Uvarint(d.b[d.at:])
	d.at += n
	return v
}

// Varint reads what binary.AppendVarint wrote.
func (d *Decoder) Varint() int64 {
	v, n := binary.Varint(d.b[d.at:])
	d.at += n
	return v
}

// Addr reads what AppendAddr wrote.
func (d *Decoder) Addr(v6 bool) (a packet.Addr) {
	if v6 {
		copy(a[:], d.Take(len(a)))
		return a
	}
	a[10], a[11] = 0xff, 0xff // RFC 4291, section 2.5.5.2
	copy(a[12:], d.Take(4))
	return a
}
