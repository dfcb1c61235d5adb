package capture

import "time"

// Info is what is known of one capture when it has been read: the capture row of facts, and captures[] of the result.
type Info struct {
	Path          string `json:"path"`                  // as given, or found below the directory given
	SHA256        string `json:"sha256"`                // of every byte of the file as given; "" with --hash none
	Bytes         int64  `json:"bytes"`                 // size of the file as given
	Format        string `json:"format"`                // "pcap", "pcap-ns", "pcap-modified", "pcapng", "snoop"
	Compression   string `json:"compression,omitempty"` // "gzip", "zstd", "lz4", "xz"
	Packets       uint64 `json:"packets"`
	WireBytes     uint64 `json:"wire_bytes"`
	CapturedBytes uint64 `json:"captured_bytes"`

	// Filled by the stages behind: every record is in exactly one of the four.
	FlowPackets      uint64            `json:"flow_packets"`
	OtherIPPackets   uint64            `json:"other_ip_packets"`
	NonIPPackets     uint64            `json:"non_ip_packets"`
	UndecodedPackets uint64            `json:"undecoded_packets"`
	Undecoded        map[string]uint64 `json:"undecoded"`

	OutsideWindow uint64 `json:"outside_window,omitempty"` // records outside --since and --until: in none of the four

	First          time.Time   `json:"first,omitzero"` // least and greatest record time, UTC
	Last           time.Time   `json:"last,omitzero"`
	Truncated      bool        `json:"truncated"`        // cut in the middle of a record, or its last bytes unreadable
	Unread         string      `json:"unread,omitempty"` // why it, or the rest of it, could not be read
	Damage         []Damage    `json:"damage"`
	Interfaces     []Interface `json:"interfaces"`
	SnappedPackets uint64      `json:"snapped_packets"`          // records with fewer bytes captured than were on the wire
	BackwardSteps  uint64      `json:"backward_steps"`           // records earlier than the one before them
	SaturatedTimes uint64      `json:"saturated_times"`          // records whose time leaves the range of int64 nanoseconds
	Drops          uint64      `json:"drops"`                    // packets that the capturing side reports as lost
	Secrets        uint64      `json:"secrets,omitempty"`        // decryption secrets blocks, noted and not used
	UnknownBlocks  uint64      `json:"unknown_blocks,omitempty"` // pcapng blocks of unknown type, passed over
	CustomBlocks   uint64      `json:"custom_blocks,omitempty"`
}

// Damage is one kind of damage to a capture file, counted.
type Damage struct {
	Reason      string `json:"reason"`
	Count       uint64 `json:"count"`
	FirstOffset int64  `json:"first_offset"` // in the decompressed file, bytes
	FirstFrame  uint64 `json:"first_frame"`  // the frame that was, or would have been, there
}

// Interface is one capture interface.
type Interface struct {
	Link     LinkType `json:"link"`
	LinkName string   `json:"link_name"`
	Name     string   `json:"name,omitempty"`
	SnapLen  uint32   `json:"snaplen"`
	Packets  uint64   `json:"packets"`
	FCS      int      `json:"-"` // bytes of frame check sequence that its frames end with, as far as they were captured
}

// Ignored is a file that was met in a directory and not read.
type Ignored struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}
