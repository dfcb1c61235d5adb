package packet

// Types of IEEE 802.11 frames, and bits of subtypes, as they stand in the first byte behind the version (IEEE 802.11-2020, section 9.2.4.1.3).
const (
	dot11Mgmt     = 0
	dot11Ctrl     = 1
	dot11Data     = 2
	dot11NoData   = 0x10 // of data frames
	dot11QoS      = 0x20 // of data frames
	dot11Reserved = 0x36 // a data frame of no known form
)

// Flags of the second byte (section 9.2.4.1).
const (
	dot11ToDS      = 0x01
	dot11FromDS    = 0x02
	dot11Protected = 0x40
	dot11Order     = 0x80
)

// dot11 reads the data frames that are not encrypted. Padded frames have their body at a multiple of four bytes.
func (d *Decoder) dot11(l layer, hasFCS, padded bool) Reason {
	const fcs = 4
	b := l.b
	if hasFCS && len(b) >= l.wire {
		b = b[:max(len(b)-fcs, 0)]
	}
	if len(b) < 2 {
		return CutLink
	}
	kind, flags := b[0]>>2, b[1]
	head := dot11Header(kind, flags)
	switch {
	case len(b) < head || kind == dot11Reserved:
		return CutLink
	case kind&3 != dot11Data || kind&dot11NoData != 0 || flags&dot11Protected != 0:
		return notIP
	}
	d.p.DstMAC, d.p.SrcMAC = stations(b, flags)
	if skip := -head & 3; padded && skip <= len(b)-head {
		head += skip
	}
	switch body := b[head:]; {
	case len(body) < 3 && len(l.b) < l.wire:
		return CutLink
	case len(body) < 3:
		return notIP
	default:
		return d.llc(layer{body, max(l.wire-head, 0)})
	}
}

// dot11Header is the length of a frame's header (sections 9.3.1 to 9.3.3).
func dot11Header(kind, flags byte) int {
	const (
		acknowledgement, oneMore, three, four = 10, 6, 14, 6 // bytes of addresses, and of what stands before and among them
		qosControl, htControl                 = 2, 4
		psPoll, rts, cfEnd, cfEndAck          = 0x29, 0x2d, 0x39, 0x3d
	)
	n := acknowledgement
	qos := kind&(3|dot11QoS) == dot11Data|dot11QoS
	switch kind & 3 {
	case dot11Ctrl:
		if kind == psPoll || kind == rts || kind == cfEnd || kind == cfEndAck {
			n += oneMore
		}
	case dot11Mgmt:
		n += three
	case dot11Data:
		n += three
		if flags&dot11ToDS != 0 && flags&dot11FromDS != 0 {
			n += four
		}
	}
	if qos {
		n += qosControl
	}
	if flags&dot11Order != 0 && (qos || kind&3 == dot11Mgmt) {
		n += htControl
	}
	return n
}

// stations are the destination and the source of a data frame (IEEE 802.11-2020, table 9-30).
func stations(b []byte, flags byte) (dst, src MAC) {
	address1, address2, address3 := MAC(b[4:]), MAC(b[10:]), MAC(b[16:])
	switch flags & (dot11ToDS | dot11FromDS) {
	case dot11ToDS:
		return address3, address2
	case dot11FromDS:
		return address1, address3
	case dot11ToDS | dot11FromDS:
		return address3, MAC(b[24:])
	}
	return address1, address2
}
