package judge

import (
	"cmp"
	"math/bits"
	"slices"
	"strconv"

	"phonehome/analyze/flow"
	"phonehome/analyze/packet"
)

// Cited is what the result has of a destination and no rule asks for: frames that show it, and the names that other tools have for its flows.
type Cited struct {
	Evidence     []Evidence         `json:"evidence"`
	CommunityIDs []flow.CommunityID `json:"community_ids,omitempty"` // of its first flows, each once, at most 8: as other tools name them
}

// Citations are what the Cited of destinations is made of, in a fraction of its room: most are never asked for.
type Citations struct {
	hosts  *flow.Hosts
	spans  flow.Chains[span]
	frames flow.Chains[frame]
	ends   flow.Chains[flowEnds]
	of     flow.List[citing] // by number of the destination in the making
	some   []frame           // of the latest of Of
}

// citing is what one destination cites.
type citing struct {
	spans  flow.Stack
	frames flow.Stack
	ends   flow.Stack // of its first flows, each once
	end    frame      // in which it ended; none of one without flows
	known  uint8      // how many ends these are
}

// flowEnds tells a flow of a destination from its others.
type flowEnds struct {
	server                 end
	clientPort, serverPort uint16
}

const (
	maxFrames = 64 // frames cited of one capture, by a destination or a finding: a person looks at a few
	// maxCited is how many flows of a destination are cited: all up to this, then every second, then every fourth, so that it is never fewer than half as many, and they
	// lie evenly over the time that they took.
	maxCited = 8
	// whatDestination says which frames a destination cites.
	whatDestination = "first and last frames of its flows, and those that name it"
)

// frame is a frame worth citing.
type frame struct {
	low, capture uint32 // of the number, the lower half
	high         uint16
	worth        uint8 // it is cited of a destination whose thinning is no more than this
	shows        bool  // what is said rests on it, rather than on many like it
}

// maxFrameNumber is the highest number that a frame can have: a file of so many frames would have 4 petabytes of headers alone.
const maxFrameNumber = 1<<48 - 1

func frameOf(capture uint32, number uint64) frame {
	number = min(number, maxFrameNumber)
	return frame{low: uint32(number), high: uint16(number >> 32), capture: capture}
}

func (f frame) number() uint64 { return uint64(f.high)<<32 | uint64(f.low) }

// span is the first and the last frame of a flow. Its worth is that of the first.
type span struct{ first, last frame }

// always is the worth of a frame that is not thinned out.
const always = 64

// thinning says how many flows of a destination that has so many are cited: one of 1<<thinning.
func thinning(flows uint64) uint8 { return uint8(bits.Len64((max(flows, 1) - 1) / maxCited)) }

// add adds a destination that cites nothing. The numbers are those of Builder.dests.
func (c *Citations) add() { c.of.Add() }

// forget makes a destination one that cites nothing.
func (c *Citations) forget(n uint32) { *c.of.At(n) = citing{} }

// endsWith says in which frame a destination ended, so far.
func (c *Citations) endsWith(n uint32, f frame) { c.of.At(n).end = f }

// addLeg keeps the frames of a destination's latest leg of so many, its first and last and those that name it, and what its Community ID is made of.
func (c *Citations) addLeg(n uint32, l *leg, flows uint64) {
	to := c.of.At(n)
	c.addFlow(to, l)
	before := flows - 1
	worth := uint8(bits.TrailingZeros64(before)) // always, of the first
	if worth < thinning(flows) {
		return
	}
	first := frameOf(l.row.FirstCapture, l.row.FirstFrame)
	first.worth = worth
	c.spans.Push(&to.spans, span{first, frameOf(l.row.LastCapture, l.row.LastFrame)})
	for _, n := range l.names {
		f := frameOf(n.Capture, n.Frame)
		f.worth, f.shows = worth, before == 0
		c.frames.Push(&to.frames, f)
	}
}

// show keeps a frame that what is said of a destination rests on.
func (c *Citations) show(n uint32, f frame) {
	f.worth, f.shows = always, true
	c.frames.Push(&c.of.At(n).frames, f)
}

// shown counts the frames that what is said of a destination rests on.
func (c *Citations) shown(n uint32) (frames int) {
	for f := range c.frames.Down(c.of.At(n).frames) {
		if f.shows {
			frames++
		}
	}
	return frames
}

// maxCommunityIDs is how many flows of a destination are named as other tools know them: enough to find them there, at most 160 bytes a destination.
const maxCommunityIDs = 8

// addFlow keeps what the Community ID of a leg's flow is made of, once.
func (c *Citations) addFlow(to *citing, l *leg) {
	if to.known == maxCommunityIDs || !l.row.HasCommunityID() {
		return // before they are looked through: a destination may have a million flows
	}
	ends := flowEnds{server: l.server}
	_, ends.clientPort = l.row.End(l.inside)
	_, ends.serverPort = l.row.End(1 - l.inside)
	for had := range c.ends.Down(to.ends) {
		if *had == ends {
			return
		}
	}
	c.ends.Push(&to.ends, ends)
	to.known++
}

// Of makes what a destination cites. It is for one goroutine.
func (c *Citations) Of(o *Destination) *Cited {
	c.some = c.appendFrames(c.some[:0], o)
	out := &Cited{Evidence: evidence(c.some)}
	transport, _ := flow.TransportOf(o.Transport)
	for f := range c.ends.Down(c.of.At(o.number).ends) {
		out.CommunityIDs = append(out.CommunityIDs, flow.CommunityIDOf(transport, packet.AddrFrom(o.Client), f.clientPort, c.hosts.Addr(f.server.host()), f.serverPort, f.server.v6()))
	}
	slices.Reverse(out.CommunityIDs)
	return out
}

// appendFrames adds the frames that a destination may cite to a list.
func (c *Citations) appendFrames(frames []frame, o *Destination) []frame {
	of, thin := c.of.At(o.number), thinning(o.Flows)
	ends := of.end == (frame{}) // the list has the last frame
	for f := range c.spans.Down(of.spans) {
		if f.first.worth >= thin {
			frames = append(frames, f.first, f.last)
			ends = ends || f.last == of.end
		}
	}
	for f := range c.frames.Down(of.frames) {
		if f.worth >= thin {
			frames = append(frames, *f)
		}
	}
	if !ends {
		frames = append(frames, of.end)
	}
	return frames
}

// evidence cites frames, by capture. The list is changed.
func evidence(frames []frame) []Evidence {
	slices.SortFunc(frames, compareFrames)
	frames = slices.CompactFunc(frames, func(x, y frame) bool { return x.number() == y.number() && x.capture == y.capture })
	out := []Evidence{}
	for len(frames) > 0 {
		n := 1
		for n < len(frames) && frames[n].capture == frames[0].capture {
			n++
		}
		e := Evidence{Capture: int(frames[0].capture), What: whatDestination}
		for _, f := range fewer(frames[:n], maxFrames) {
			e.Frames = append(e.Frames, f.number())
		}
		e.Filter = e.DisplayFilter()
		out = append(out, e)
		frames = frames[n:]
	}
	return out
}

// compareFrames orders frames; of two entries of one, that comes first which shows something.
func compareFrames(x, y frame) int {
	c := cmp.Or(cmp.Compare(x.capture, y.capture), cmp.Compare(x.number(), y.number()))
	if c == 0 && x.shows != y.shows {
		c = 1
		if x.shows {
			c = -1
		}
	}
	return c
}

// fewer takes at most n of the frames of one capture, which are in order: the first and the last, those that show something, and others evenly between.
func fewer(frames []frame, n int) []frame {
	if len(frames) <= n {
		return frames
	}
	var shows, others []frame
	for _, f := range frames[1 : len(frames)-1] {
		if f.shows {
			shows = append(shows, f)
		} else {
			others = append(others, f)
		}
	}
	out := []frame{frames[0], frames[len(frames)-1]}
	out = append(out, spread(shows, n-len(out))...)
	out = append(out, spread(others, n-len(out))...)
	slices.SortFunc(out, compareFrames)
	return out
}

// spread takes at most n of a list: the first, the last, and others evenly between.
func spread[T any](list []T, n int) []T {
	if len(list) <= n {
		return list
	}
	out := make([]T, n)
	for i := range out {
		out[i] = list[i*(len(list)-1)/max(1, n-1)]
	}
	return out
}

// frameFilter is the Wireshark display filter that selects the frames, which are in order: "frame.number in {1,3,5..9}".
func frameFilter(frames []uint64) string {
	b := append(make([]byte, 0, 64), "frame.number in {"...)
	for i := 0; i < len(frames); {
		j := i
		for j+1 < len(frames) && frames[j+1] == frames[j]+1 {
			j++
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, frames[i], 10)
		if j > i {
			b = strconv.AppendUint(append(b, ".."...), frames[j], 10)
		}
		i = j + 1
	}
	return string(append(b, '}'))
}
