// Package capture reads capture files: it cuts records out of blocks, counts damage, and finds and orders the files.
package capture

import "math"

// LinkType is a link-layer type as registered for pcap and pcapng (the LINKTYPE_ values).
type LinkType uint16

// Record is one packet record of a capture file. Data is a view into the block the record was cut
// from and lives as long as that block; whoever keeps bytes longer copies them.
type Record struct {
	Data    []byte   // captured bytes, from the first byte of the link layer, frame check sequence cut off (see Captured)
	Time    int64    // nanoseconds since 1970-01-01 UTC; saturated where the file's value leaves int64
	Frame   uint64   // number of the record in its file, from 1, as Wireshark counts
	Offset  int64    // offset of the record (or block) header in the decompressed file, bytes
	Wire    uint32   // original length of the frame in bytes, as the file claims
	Capture uint32   // ordinal of the capture, see Set
	Link    LinkType // link type of the interface that saw it
	// Interface is the place of that interface in Info.Interfaces, NoInterface where it is not among them.
	Interface uint32
}

// NoInterface stands for an interface beyond those that Info lists.
const NoInterface = math.MaxUint32

// Captured is all that was captured of the frame: Data, and what was captured of the frame check sequence behind it.
func (r *Record) Captured() []byte { return r.Data[:cap(r.Data)] }
