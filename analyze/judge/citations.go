package judge

import (
	"cmp"
	"slices"

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
	frames flow.Chains[frame]
	ends   flow.Chains[flowEnds]
	of     []citing // by destination
	sorted []frame  // of the latest of Of
}

// citing is what one destination cites.
type citing struct {
	frames flow.Stack
	ends   flow.Stack // of its first flows, each once
	known  uint8      // how many these are
}

// flowEnds tells a flow of a destination from its others.
type flowEnds struct {
	server                 end
	clientPort, serverPort uint16
}

// frame is a frame worth citing.
type frame struct {
	number  uint64
	capture uint32
}

func compareFrames(a, b frame) int {
	return cmp.Or(cmp.Compare(a.capture, b.capture), cmp.Compare(a.number, b.number))
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
	of := &c.of[o.number]
	out := &Cited{Evidence: []Evidence{}}
	frames := c.sorted[:0]
	for f := range c.frames.Down(of.frames) {
		frames = append(frames, *f)
	}
	c.sorted = frames
	slices.SortFunc(frames, compareFrames)
	for i, f := range frames {
		if i == 0 || f.capture != frames[i-1].capture {
			out.Evidence = append(out.Evidence, Evidence{Capture: int(f.capture), What: whatDestination})
		}
		e := &out.Evidence[len(out.Evidence)-1]
		if n := len(e.Frames); n < maxFrames && (n == 0 || e.Frames[n-1] != f.number) {
			e.Frames = append(e.Frames, f.number)
		}
	}
	for i := range out.Evidence {
		out.Evidence[i].Filter = out.Evidence[i].DisplayFilter()
	}
	transport, _ := flow.TransportOf(o.Transport)
	for f := range c.ends.Down(of.ends) {
		out.CommunityIDs = append(out.CommunityIDs, flow.CommunityIDOf(transport, packet.AddrFrom(o.Client), f.clientPort, c.hosts.Addr(f.server.host()), f.serverPort, f.server.v6()))
	}
	slices.Reverse(out.CommunityIDs)
	return out
}

const (
	// maxFrames is how many frames of one capture a destination cites.
	maxFrames = 64
	// whatDestination says which frames a destination cites.
	whatDestination = "first and last frames of its flows, and those that name it"
)
