package analyze

import (
	"io"
	"net/netip"
	"time"

	"phonehome/analyze/judge"
	"phonehome/analyze/vendors"
)

// Options are what a scan is asked to do. The zero value reads nothing; see DefaultOptions.
type Options struct {
	Inputs []string  // files, directories, globs, or "-" alone
	Stdin  io.Reader // read for "-"
	Twice  bool      // the captures are to be cut as well: what can't be read again is refused
	Facts  bool      // the facts are kept when they are judged, for WriteFacts and its like: else their memory is given back
	// Located says where files lie now that a scan named so, captures and what was given beside them: one that is done again shows the names that the first one did.
	// With it, Inputs are names of captures alone.
	Located map[string]string

	Workers   int  // shard workers, from 1; the result does not depend on it
	BlockSize int  // bytes read at a time; the result does not depend on it
	Hash      bool // SHA-256 of each input

	Internal      []netip.Prefix // counts as inside, beside the built-in networks
	InternalNone  bool           // empties the built-in networks first
	InferInternal bool           // infer more from router advertisements, leases and MACs

	GeoCountry, GeoASN []string // .mmdb files asked before the embedded ones
	Catalogue          *vendors.Catalogue
	GeoEmbedded        bool // ask the embedded databases last

	Since, Until time.Time                   // half-open window of capture time [Since, Until); zero is open
	AsOf         string                      // date, UTC, "2006-01-02"
	FailOn       string                      // FailNever, FailNew, or the least severity of a finding that makes the run end with exit 1
	Rules        map[string]judge.RuleChange // by id, what the settings change
	Register     []string                    // files of the register, merged
	Intel        []string                    // lists of indicators
	Ignore       []string                    // files of suppressions
	Baseline     []string                    // lock files and results: what was there before
	FailOnUnused bool                        // a suppression that covers nothing makes the run end with exit 1
	Strict       bool
	AllowCutTail bool
	Expect       []string // names of which each must have been seen
	Only         []Only   // keep only these destinations

	Case    CaseFile // what the user says of the case; its Offsets are made by the scan
	Limits  Limits
	Tool    Tool
	Command string // as quoted in reports

	// HashApart is from how many bytes on a file is read a second time for its hash, beside the pass, which then does not wait for it; 0 for never. The result does not
	// depend on it.
	HashApart int64

	// Progress is called from time to time by one goroutine; nil for none.
	Progress func(Progress)
	// WhenRead is called when all captures of a pass were read, before what they say is judged; nil for nothing.
	WhenRead func()
}

// Only is one --only filter; those of one field are alternatives, different fields must all hold.
type Only struct {
	Field string // "vendor", "client", "name"
	Value string // a vendor; an address or prefix; a name, "*." in front for all below it
}

// Progress is how far a scan is.
type Progress struct {
	BytesDone, BytesTotal int64 // of the files as given; total 0 where unknown (standard input)
	Packets               uint64
	Path                  string // the capture being read
}
