// Package slice writes slices of captures: pcapng of the frames that somebody cites, each as it was captured or as its headers alone.
package slice

import (
	"encoding/binary"
	"math"
	"strings"

	"phonehome/analyze/capture"
)

// The blocks and options that are written (draft-ietf-opsawg-pcapng, sections 3.5 and 4).
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 6

	optEnd        = 0
	optComment    = 1
	optProgram    = 4  // shb_userappl
	optName       = 2  // if_name
	optResolution = 9  // if_tsresol
	optFCS        = 13 // if_fcslen
	optOffset     = 14 // if_tsoffset
)

var le = binary.LittleEndian

const (
	byteOrderMagic = 0x1a2b3c4d
	// nanoseconds is the resolution of all times: what the program reads, and what Wireshark shows.
	nanoseconds = 9
	nsPerSecond = 1_000_000_000
	// earliest is the offset of the clock of interfaces with times before 1970, seconds: times of pcapng have no sign. It is the earliest second whose nanoseconds
	// an int64 holds.
	earliest = math.MinInt64/nsPerSecond - 1
)

// AppendSection begins a pcapng file.
func AppendSection(b []byte, comment string) []byte {
	const major, unknownLength = 1, math.MaxUint64
	b, at := begin(b, blockSection)
	b = le.AppendUint32(b, byteOrderMagic)
	b = le.AppendUint32(b, major)
	b = le.AppendUint64(b, unknownLength)
	b = option(b, optComment, []byte(comment))
	b = option(b, optProgram, []byte("phonehome"))
	return end(b, at)
}

// Interface is one interface of a slice.
type Interface struct {
	Link    capture.LinkType
	SnapLen uint32
	Name    string // "" for none
	FCS     int    // bytes of frame check sequence at the end of frames
	Early   bool   // some times lie before 1970
	Comment string
}

// AppendInterface appends the description of an interface. They are numbered in order, from 0.
func AppendInterface(b []byte, i *Interface) []byte {
	b, at := begin(b, blockInterface)
	b = le.AppendUint32(b, uint32(i.Link))
	b = le.AppendUint32(b, i.SnapLen)
	if i.Comment != "" {
		b = option(b, optComment, []byte(i.Comment))
	}
	if i.Name != "" {
		b = option(b, optName, []byte(strings.ToValidUTF8(i.Name, "\ufffd")))
	}
	b = option(b, optResolution, []byte{nanoseconds})
	if i.FCS > 0 {
		b = option(b, optFCS, []byte{byte(i.FCS)})
	}
	if i.Early {
		offset := int64(earliest)
		b = option(b, optOffset, le.AppendUint64(nil, uint64(offset)))
	}
	return end(b, at)
}

// Frame is one frame of a slice.
type Frame struct {
	Interface uint32
	Early     bool   // as its interface has it
	Time      int64  // ns since 1970 UTC
	Wire      uint32 // original length, bytes
	Data      []byte
	Comment   string
}

// AppendFrame appends a frame.
func AppendFrame(b []byte, f *Frame) []byte {
	ticks := uint64(f.Time)
	if f.Early {
		ticks = sinceEarliest(f.Time)
	}
	b, at := begin(b, blockPacket)
	b = le.AppendUint32(b, f.Interface)
	b = le.AppendUint32(b, uint32(ticks>>32))
	b = le.AppendUint32(b, uint32(ticks))
	b = le.AppendUint32(b, uint32(len(f.Data)))
	b = le.AppendUint32(b, f.Wire)
	b = pad(append(b, f.Data...), len(f.Data))
	if f.Comment != "" {
		b = option(b, optComment, []byte(f.Comment))
	}
	return end(b, at)
}

// sinceEarliest is a time in nanoseconds since the second earliest.
func sinceEarliest(ns int64) uint64 {
	sec, frac := ns/nsPerSecond, ns%nsPerSecond
	if frac < 0 {
		sec, frac = sec-1, frac+nsPerSecond
	}
	return uint64(sec-earliest)*nsPerSecond + uint64(frac)
}

// begin begins a block; end, with what it returned, ends it.
func begin(b []byte, kind uint32) ([]byte, int) {
	at := len(b)
	b = le.AppendUint32(b, kind)
	return le.AppendUint32(b, 0), at
}

func end(b []byte, at int) []byte {
	b = le.AppendUint32(b, optEnd)
	n := uint32(len(b)-at) + 4
	le.PutUint32(b[at+4:], n)
	return le.AppendUint32(b, n)
}

func option(b []byte, code uint16, v []byte) []byte {
	b = le.AppendUint16(b, code)
	b = le.AppendUint16(b, uint16(len(v)))
	return pad(append(b, v...), len(v))
}

// pad fills up what has n bytes to a multiple of four.
func pad(b []byte, n int) []byte {
	for ; n%4 != 0; n++ {
		b = append(b, 0)
	}
	return b
}
