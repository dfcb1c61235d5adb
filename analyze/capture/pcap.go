package capture

import (
	"encoding/binary"
	"math/bits"
)

// The magic numbers of pcap (draft-ietf-opsawg-pcap, section 4), as read in the file's byte order.
const (
	magicMicro    = 0xa1b2c3d4
	magicNano     = 0xa1b23c4d
	magicModified = 0xa1b2cd34 // Kuznetzov's: records carry 8 bytes more
)

const (
	pcapHeader         = 24
	pcapRecord         = 16
	pcapRecordModified = 24
)

// pcapFramer reads pcap. Its header was checked when the file was recognised.
type pcapFramer struct {
	order     binary.ByteOrder
	perSecond uint64
	header    int // length of a record header
	link      LinkType
	fcs       int // bytes of frame check sequence at the end of each frame
	begun     bool
}

// newPcap reads the file header; ok is false where head is no pcap.
func newPcap(head []byte) (f *pcapFramer, format string, ok bool) {
	if len(head) < pcapHeader {
		return nil, "", false
	}
	f = &pcapFramer{order: binary.LittleEndian, perSecond: 1e6, header: pcapRecord}
	magic := f.order.Uint32(head)
	if m := binary.BigEndian.Uint32(head); m == magicMicro || m == magicNano || m == magicModified {
		f.order, magic = binary.BigEndian, m
	}
	switch magic {
	case magicMicro:
		format = "pcap"
	case magicNano:
		format, f.perSecond = "pcap-ns", nsPerSecond
	case magicModified:
		format, f.header = "pcap-modified", pcapRecordModified
	default:
		return nil, "", false
	}
	f.setLink(f.order.Uint32(head[20:]))
	return f, format, true
}

// setLink reads the link type field: the type in the low 16 bits, and above, if bit 26 is set, the length of the frame check sequence in
// 16-bit words (section 4).
func (f *pcapFramer) setLink(v uint32) {
	f.link = LinkType(v)
	const fcsPresent = 1 << 26
	if v&fcsPresent != 0 {
		f.fcs = int(v>>28) * 2
	}
}

func (f *pcapFramer) begin(r *Reader, head []byte) {
	f.begun = true
	r.info.Interfaces = []Interface{{Link: f.link, SnapLen: f.order.Uint32(head[16:]), FCS: f.fcs}}
}

func (f *pcapFramer) cut(r *Reader, buf []byte, b *Block) (used int) {
	if !f.begun {
		if len(buf) < pcapHeader {
			return 0
		}
		f.begin(r, buf)
		used = pcapHeader
	}
	le := f.order == binary.LittleEndian
	most, tick := f.link.most(), int64(nsPerSecond/f.perSecond)
	for len(buf)-used >= f.header {
		h := buf[used : used+f.header]
		sec, frac := binary.LittleEndian.Uint32(h), binary.LittleEndian.Uint32(h[4:])
		caplen, wire := binary.LittleEndian.Uint32(h[8:]), binary.LittleEndian.Uint32(h[12:])
		if !le {
			sec, frac, caplen, wire = bits.ReverseBytes32(sec), bits.ReverseBytes32(frac), bits.ReverseBytes32(caplen), bits.ReverseBytes32(wire)
		}
		if caplen > most {
			r.stop("absurd captured length", r.offset+int64(used))
			return used
		}
		end := used + f.header + int(caplen)
		if end > len(buf) {
			r.need = end - used
			return used
		}
		data := buf[used+f.header : end : end]
		if f.fcs > 0 {
			data = withoutFCS(data, wire, f.fcs)
		}
		rec := r.add(b, data, wire, int64(sec)*nsPerSecond+int64(frac)*tick)
		rec.Link, rec.Offset = f.link, r.offset+int64(used)
		used = end
	}
	return used
}

// withoutFCS cuts off as much of the frame check sequence as was captured.
func withoutFCS(data []byte, wire uint32, fcs int) []byte {
	missing := int(wire) - len(data)
	if missing < 0 || missing >= fcs || len(data) < fcs-missing {
		return data
	}
	return data[:len(data)-(fcs-missing)]
}
