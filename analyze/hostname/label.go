package hostname

import (
	"phonehome/analyze/packet"
)

// labelSlots is how many labels a shard remembers to have reported: 8 KiB of memory, 512 KiB for all shards.
const labelSlots = 1024

// labelHour is the time, in nanoseconds, in which a label that is said again is not reported again.
const labelHour = 3600e9

// labelFilter forgets nothing that was said, only how often: devices announce the same every few seconds for days, and each
// address has to be bound to its label by time to the hour. Hours are those of UTC, so that it does not matter where a capture begins.
type labelFilter struct {
	said []uint64 // digests of labels with their hour, each in the slot of its low bits
}

// label reports what a device is called, unless the same was said of the same address in the same hour.
func (n *Namer) label(x Name) {
	f := &n.labels
	if f.said == nil {
		f.said = make([]uint64, labelSlots)
	}
	d := digestLabel(&x)
	if slot := &f.said[d%labelSlots]; *slot != d {
		*slot = d
		n.add(x)
	}
}

// digestLabel is FNV-1a over what makes two labels the same. It must not differ from run to run.
func digestLabel(x *Name) uint64 {
	d := uint64(14695981039346656037)
	for _, part := range [...][]byte{x.Client[:], x.Server[:], x.Name, x.Value, x.Query} {
		d = digest(digest(d, part), []byte{0xff})
	}
	for _, part := range [...]string{string(x.Kind), x.RRType, x.RCode} {
		for i := range len(part) {
			d = (d ^ uint64(part[i])) * fnvPrime
		}
	}
	return (d^uint64(x.At/labelHour))*fnvPrime | 1 // never the zero of an empty slot
}

const fnvPrime = 1099511628211

func digest(d uint64, b []byte) uint64 {
	for _, c := range b {
		d = (d ^ uint64(c)) * fnvPrime
	}
	return d
}

// of makes a label that of an address; the other end stays only where it is of the same family, since a row has one.
func (x Name) of(a packet.Addr, v6 bool) Name {
	if x.V6 != v6 {
		x.Server, x.ServerPort = anyAddr(v6), 0
	}
	x.Client, x.V6 = a, v6
	return x
}

// anyAddr is the unspecified address.
func anyAddr(v6 bool) (a packet.Addr) {
	if !v6 {
		a[10], a[11] = 0xff, 0xff // RFC 4291, section 2.5.5.2
	}
	return a
}

// addrOf turns an address of 4 or 16 bytes into a packet.Addr; ok is false for other lengths.
func addrOf(raw []byte) (a packet.Addr, v6, ok bool) {
	switch len(raw) {
	case 4:
		a = anyAddr(false)
		copy(a[12:], raw)
		return a, false, true
	case 16:
		return packet.Addr(raw), true, true
	}
	return a, false, false
}
