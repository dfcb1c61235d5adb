package judge

import (
	"net/netip"

	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
)

// end is the number of a host from 1 on, twice, and one more where packets carry its address as IPv6. 0 is none.
type end uint32

func endOf(host uint32, v6 bool) end {
	e := end(host+1) << 1
	if v6 {
		e |= 1
	}
	return e
}

func (e end) host() uint32 { return uint32(e>>1) - 1 }
func (e end) v6() bool     { return e&1 != 0 }

// addr is the address of an end.
func (b *Builder) addr(e end) netip.Addr { return b.hosts.Addr(e.host()).Netip(e.v6()) }

// destKey is what makes flows one destination.
type destKey struct {
	client    end
	what      uint32 // text of the name, of the names of an ambiguous flow joined, or of the network that unanswered probes are folded to; else the server, an end
	via       uint32 // text of the inside proxy, address:port
	port      uint16
	transport packet.Transport
	kind      keyKind
}

// keyKind says what a key stands for.
type keyKind uint8

const (
	keyNamed  keyKind = 1 << iota // what is a text, not a server
	keyOrphan                     // fragments whose transport is not known
	keyFolded                     // the text is a network's: a client may name one so, and means no probes by it
)

// dest is a destination in the making.
type dest struct {
	key destKey
	counters
	detail
	first, last int64
	others      flow.Chain // names that all fit
	protocols   tally[uint32]
	parts       tally[part]
	number      uint32 // in Builder.dests, and in Citations
	name        uint32 // text; 0 where there is none, or several
	openers     openers
}

// detail is what rules want to know of a destination that it does not have when it is made.
type detail struct {
	events flow.Stack
	rare   uint32          // number in Builder.rare; 0 for most
	source hostname.Source // of its one name
	state  stateRank
	notes  notes
	traits traits
	later  uint8 // how many events, or as many as it holds: most have too few to ask for more
}

// rare is what few destinations have.
type rare struct {
	signs    []sign
	personal values
	carried  *carried // of a DNS tunnel; else nil
}

// rareOf is what a destination has of rare things, to be read.
func (b *Builder) rareOf(d *detail) rare {
	if d.rare == 0 {
		return rare{}
	}
	return *b.rare.At(d.rare)
}

// makeRare is what a destination has of rare things, to be added to.
func (b *Builder) makeRare(d *dest) *rare {
	if d.rare == 0 {
		_, d.rare = b.rare.Add()
	}
	return b.rare.At(d.rare)
}

// otherName is one of several names that fit.
type otherName struct {
	text   uint32
	source hostname.Source
}

// sign is something that the evidence of a flow says beside its name: that names contradict each other, or that one is hidden.
type sign struct {
	kind  signKind
	name  string // the name in question
	other string // the one that it was held against
	frame frame
}

// maxSigns is how many different signs of one destination are kept: one would do.
const maxSigns = 8

// part is where payload of a destination went, and when.
type part struct {
	server end
	hour   int32 // since 1970 UTC
}

// notes are what is to be said of a destination beside its numbers.
type notes uint8

const (
	noteNoDNS      notes = 1 << iota // the capture could have supported the name by an answer of DNS, and does not
	noteBothLegs                     // its bytes stand a second time, on the proxy's own leg
	noteNamesBelow                   // it stands for the names below it, which carry data
	noteRelayed                      // it is a proxy's own leg, and who asked for it is seen too

	allNotes = noteNoDNS | noteBothLegs | noteNamesBelow | noteRelayed
)

// openers says who opened flows of a destination.
type openers uint8

const (
	byClient openers = 1 << iota
	byServer
)

// noteTexts are the sentences, in the order in which they are shown.
var noteTexts = []struct {
	note notes
	text string
}{
	{noteNoDNS, "no DNS answer to this client in the capture supports this name"},
	{noteBothLegs, textBothLegs},
	{noteNamesBelow, "the names asked for below this one are so many, long and irregular that they carry data; it stands for all of them"},
	{noteRelayed, "the client is a proxy, and those who asked it for this name are in the capture too"},
}

const textBothLegs = "the proxy's own connection to this name is in the capture too: its bytes are summed there"

// stateRank orders states, the strongest first.
type stateRank uint8

const (
	rankTransferred stateRank = iota
	rankConnected
	rankAttempted
	rankLookedUp
)

var states = [...]State{rankTransferred: Transferred, rankConnected: Connected, rankAttempted: Attempted, rankLookedUp: LookedUp}

// counters are the sums of a destination.
type counters struct {
	flows, packetsOut, packetsIn, wireOut, wireIn, payloadOut, payloadIn uint64
}
