package capture

import (
	"bytes"
	"encoding/binary"
	"math"
	"net/netip"
)

// Block types of pcapng (draft-ietf-opsawg-pcapng, section 4; the obsolete packet block stands in its appendix).
const (
	blockSection    = 0x0a0d0d0a
	blockInterface  = 1
	blockPacket     = 2
	blockSimple     = 3
	blockNames      = 4
	blockStatistics = 5
	blockEnhanced   = 6
	blockJournal    = 9
	blockSecrets    = 10
	blockCustom     = 0xbad
	blockCustomNo   = 0x40000bad

	// Events of Sysdig, as Wireshark knows them.
	blockEvent       = 0x204
	blockEvent2      = 0x216
	blockEvent2Large = 0x221
)

const (
	byteOrderMagic = 0x1a2b3c4d
	blockOverhead  = 12 // type, length, and the length again
	// maxBlock bounds a block: the greatest that Wireshark reads, and room for the longest record.
	maxBlock = maxCapturedBus + 64<<10
	// minSection is the length of a section header block without options.
	minSection = 28
)

// iface is what the records of one interface need.
type iface struct {
	link      LinkType
	snap      uint32
	perSecond uint64
	offset    int64 // seconds
	fcs       int
	at        int // in Info.Interfaces
}

// ngFramer reads pcapng.
type ngFramer struct {
	order      binary.ByteOrder
	interfaces []iface // of the present section
	drops      map[int]uint64
}

func (f *ngFramer) cut(r *Reader, buf []byte, b *Block) (used int) {
	for len(buf)-used >= blockOverhead {
		at := buf[used:]
		offset := r.offset + int64(used)
		if binary.BigEndian.Uint32(at) == blockSection && !f.section(r, at, offset) {
			return used
		}
		if f.order == nil {
			r.stop("no section header", offset)
			return used
		}
		total := f.order.Uint32(at[4:])
		if total < blockOverhead || total > maxBlock {
			r.stop("bad block length", offset)
			return used
		}
		size := int(total+3) &^ 3 // some writers leave the padding out of the length
		if size > len(at) {
			if int(total) > len(at) || !r.eof {
				r.need = size
				return used
			}
			size = int(total)
		}
		if f.order.Uint32(at[total-4:]) != total && f.order.Uint32(at[size-4:]) != total {
			r.damage("block lengths differ", offset)
		}
		f.block(r, b, f.order.Uint32(at), at[8:total-4], offset)
		if r.stopped {
			return used
		}
		used += size
	}
	return used
}

// section takes the byte order from a section header block. It reports false where more bytes are needed or the block is none.
func (f *ngFramer) section(r *Reader, at []byte, offset int64) bool {
	if len(at) < minSection {
		r.need = minSection
		return false
	}
	switch {
	case binary.LittleEndian.Uint32(at[8:]) == byteOrderMagic:
		f.order = binary.LittleEndian
	case binary.BigEndian.Uint32(at[8:]) == byteOrderMagic:
		f.order = binary.BigEndian
	default:
		r.stop("bad byte-order magic", offset)
		return false
	}
	if f.order.Uint32(at[4:]) < minSection {
		r.stop("bad block length", offset)
		return false
	}
	return true
}

// block takes one block without its type and lengths.
func (f *ngFramer) block(r *Reader, b *Block, kind uint32, body []byte, offset int64) {
	switch kind {
	case blockSection:
		f.interfaces = f.interfaces[:0]
		f.drops = map[int]uint64{}
		if major := f.order.Uint16(body[4:]); major != 1 {
			r.stop("unknown major version", offset)
		}
	case blockInterface:
		f.addInterface(r, body, offset)
	case blockEnhanced:
		f.enhanced(r, b, body, offset)
	case blockPacket:
		f.obsolete(r, b, body, offset)
	case blockSimple:
		f.simple(r, b, body, offset)
	case blockNames:
		f.nameBlock(r, body, offset)
	case blockStatistics:
		f.statistics(r, body, offset)
	case blockSecrets:
		r.info.Secrets++
	case blockCustom, blockCustomNo:
		r.info.CustomBlocks++
		r.pass()
	case blockJournal, blockEvent, blockEvent2, blockEvent2Large:
		r.info.UnknownBlocks++
		r.pass()
	default:
		r.info.UnknownBlocks++
	}
}

// maxInterfaces bounds the interfaces of a section: their descriptions are kept.
const maxInterfaces = 1 << 16

// maxInterfaceName is how many bytes are kept of an interface's name: the longest in use, those of Windows, have about 50.
const maxInterfaceName = 256

func (f *ngFramer) addInterface(r *Reader, body []byte, offset int64) {
	const fixed = 8
	if len(body) < fixed || len(f.interfaces) == maxInterfaces {
		r.damage("bad interface block", offset)
		return
	}
	i := iface{link: LinkType(f.order.Uint16(body)), snap: f.order.Uint32(body[4:]), perSecond: 1e6}
	about := Interface{Link: i.link, SnapLen: i.snap}
	f.options(body[fixed:], func(code uint16, v []byte) {
		switch {
		case code == 2: // if_name
			about.Name = string(v[:min(len(v), maxInterfaceName)])
		case code == 9 && len(v) >= 1: // if_tsresol
			var ok bool
			if i.perSecond, ok = resolution(v[0]); !ok {
				r.damage("absurd time resolution", offset)
			}
		case code == 13 && len(v) >= 1: // if_fcslen
			i.fcs = fcsBytes(v[0])
		case code == 14 && len(v) >= 8: // if_tsoffset
			i.offset = int64(f.order.Uint64(v))
		}
	})
	about.FCS = i.fcs
	i.at = -1
	if len(r.info.Interfaces) < maxInterfaces {
		i.at = len(r.info.Interfaces)
		r.info.Interfaces = append(r.info.Interfaces, about)
	}
	f.interfaces = append(f.interfaces, i)
}

// fcsBytes is the length of an if_fcslen: bits as the draft says (section 4.2), or bytes as its example and most programs have it. No check
// sequence has more than four bytes.
func fcsBytes(v byte) int {
	const most = 4
	if v > most {
		return min(int(v)/8, most)
	}
	return int(v)
}

// resolution is the ticks a second of an if_tsresol (section 4.2): a negative power of 10, or of 2 where the top bit is set. One too fine
// for 64 bits, which no clock has, is not ok, and the finest that is not.
func resolution(v byte) (perSecond uint64, ok bool) {
	const most2, most10 = 63, 19
	n := int(v &^ 0x80)
	if v&0x80 != 0 {
		return 1 << min(n, most2), n <= most2
	}
	p := uint64(1)
	for range min(n, most10) {
		p *= 10
	}
	return p, n <= most10
}

// options calls each with every option of a block; a broken list ends where it breaks.
func (f *ngFramer) options(b []byte, each func(code uint16, v []byte)) {
	for len(b) >= 4 {
		code, n := f.order.Uint16(b), int(f.order.Uint16(b[2:]))
		if code == 0 || len(b)-4 < n {
			return
		}
		each(code, b[4:4+n])
		b = b[min(len(b), 4+(n+3)&^3):]
	}
}

// packetOf finds the interface of a packet block; a block that names none is damage.
func (f *ngFramer) packetOf(r *Reader, number uint32, offset int64) *iface {
	if uint64(number) >= uint64(len(f.interfaces)) {
		r.damage("unknown interface", offset)
		return nil
	}
	return &f.interfaces[number]
}

func (f *ngFramer) enhanced(r *Reader, b *Block, body []byte, offset int64) {
	const fixed = 20
	if len(body) < fixed {
		r.damage("short packet block", offset)
		return
	}
	i := f.packetOf(r, f.order.Uint32(body), offset)
	f.timed(r, b, i, body, offset)
}

// timed adds the packet of a block whose time, lengths and bytes stand behind four bytes.
func (f *ngFramer) timed(r *Reader, b *Block, i *iface, body []byte, offset int64) {
	const fixed = 20
	if i == nil {
		return
	}
	ticks := uint64(f.order.Uint32(body[4:]))<<32 | uint64(f.order.Uint32(body[8:]))
	f.record(r, b, i, r.stamp(ticks, i.perSecond, i.offset), f.order.Uint32(body[12:]), f.order.Uint32(body[16:]), body[fixed:], offset)
}

// obsolete reads the packet block of the first drafts; it may report drops.
func (f *ngFramer) obsolete(r *Reader, b *Block, body []byte, offset int64) {
	const fixed = 20
	if len(body) < fixed {
		r.damage("short packet block", offset)
		return
	}
	i := f.packetOf(r, uint32(f.order.Uint16(body)), offset)
	if d := f.order.Uint16(body[2:]); d != math.MaxUint16 { // all ones: not known
		r.info.Drops += uint64(d)
	}
	f.timed(r, b, i, body, offset)
}

// simple reads a simple packet block: no captured length (section 4.4), and no time: it has that of the record before.
func (f *ngFramer) simple(r *Reader, b *Block, body []byte, offset int64) {
	if len(body) < 4 {
		r.damage("short packet block", offset)
		return
	}
	i := f.packetOf(r, 0, offset)
	if i == nil {
		return
	}
	wire := f.order.Uint32(body)
	caplen := wire
	if i.snap > 0 {
		caplen = min(caplen, i.snap)
	}
	caplen = min(caplen, uint32(len(body)-4))
	f.record(r, b, i, r.last, caplen, wire, body[4:], offset)
}

// record adds a packet.
func (f *ngFramer) record(r *Reader, b *Block, i *iface, ns int64, caplen, wire uint32, data []byte, offset int64) {
	if uint64(caplen) > uint64(len(data)) || caplen > i.link.most() {
		r.damage("absurd captured length", offset)
		return
	}
	data = data[:caplen:caplen]
	if i.fcs > 0 {
		data = withoutFCS(data, wire, i.fcs)
	}
	rec := r.add(b, data, wire, ns)
	rec.Link, rec.Offset = i.link, offset
	if rec.Interface = NoInterface; i.at >= 0 {
		rec.Interface = uint32(i.at)
		r.info.Interfaces[i.at].Packets++
	}
}

// statistics takes the drops that an interface statistics block reports (section 4.6): the last report of an interface counts.
func (f *ngFramer) statistics(r *Reader, body []byte, offset int64) {
	const fixed = 12
	if len(body) < fixed {
		r.damage("short statistics block", offset)
		return
	}
	i := f.packetOf(r, f.order.Uint32(body), offset)
	if i == nil {
		return
	}
	const ifDrop, osDrop = 5, 7
	var drops uint64
	f.options(body[fixed:], func(code uint16, v []byte) {
		if (code == ifDrop || code == osDrop) && len(v) >= 8 {
			drops += min(f.order.Uint64(v), math.MaxUint32) // more is no count, and the sum must hold
		}
	})
	n := int(f.order.Uint32(body))
	r.info.Drops += drops - min(drops, f.drops[n])
	f.drops[n] = max(drops, f.drops[n])
}

// maxNameEntries and maxName bound the names kept of one capture: their number, and the bytes of each, which are 253 in DNS (RFC 1035,
// section 2.3.4). What is beyond is counted as damage.
const (
	maxNameEntries = 1 << 16
	maxName        = 255
)

// nameBlock reads the IPv4 and IPv6 records of a name-resolution block (section 4.5).
func (f *ngFramer) nameBlock(r *Reader, body []byte, offset int64) {
	const ipv4, ipv6 = 1, 2
	for len(body) >= 4 {
		kind, n := f.order.Uint16(body), int(f.order.Uint16(body[2:]))
		if kind == 0 || len(body)-4 < n {
			return
		}
		v := body[4 : 4+n]
		body = body[min(len(body), 4+(n+3)&^3):]
		size := map[uint16]int{ipv4: 4, ipv6: 16}[kind]
		if size == 0 || len(v) < size {
			continue
		}
		addr, _ := netip.AddrFromSlice(v[:size])
		for name := range bytes.SplitSeq(v[size:], []byte{0}) {
			switch {
			case len(name) == 0:
			case len(name) > maxName || len(r.names) == maxNameEntries:
				r.damage("names beyond the memory for them", offset)
			default:
				r.names = append(r.names, NameEntry{Name: string(name), Addr: addr, Frame: r.frame, Offset: offset})
			}
		}
	}
}
