package capture

import "encoding/binary"

// snoop is the capture format of Solaris (RFC 1761).
const (
	snoopMagic  = "snoop\x00\x00\x00"
	snoopHeader = 16
	snoopRecord = 24
)

// snoopLinks maps the datalink types of RFC 1761, section 4, to link types.
var snoopLinks = map[uint32]LinkType{0: Ethernet, 2: TokenRing, 4: Ethernet, 8: FDDI}

type snoopFramer struct {
	link  LinkType
	begun bool
}

func (f *snoopFramer) cut(r *Reader, buf []byte, b *Block) (used int) {
	if !f.begun {
		if len(buf) < snoopHeader {
			return 0
		}
		var ok bool
		if f.link, ok = snoopLinks[binary.BigEndian.Uint32(buf[12:])]; !ok {
			f.link = unknownLink
		}
		f.begun, used = true, snoopHeader
		r.info.Interfaces = []Interface{{Link: f.link}}
	}
	for len(buf)-used >= snoopRecord {
		h := buf[used:]
		wire, caplen, total := binary.BigEndian.Uint32(h), binary.BigEndian.Uint32(h[4:]), binary.BigEndian.Uint32(h[8:])
		if total < snoopRecord || caplen > total-snoopRecord || total > snoopRecord+maxCaptured {
			r.stop("absurd captured length", r.offset+int64(used))
			return used
		}
		end := used + int(total)
		if end > len(buf) {
			r.need = int(total)
			return used
		}
		sec, micro := binary.BigEndian.Uint32(h[16:]), binary.BigEndian.Uint32(h[20:])
		data := h[snoopRecord : snoopRecord+caplen : snoopRecord+caplen]
		rec := r.add(b, data, wire, int64(sec)*nsPerSecond+int64(micro)*1000)
		rec.Link, rec.Offset = f.link, r.offset+int64(used)
		used = end
	}
	return used
}
