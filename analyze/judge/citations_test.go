package judge

import (
	"slices"
	"testing"

	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
	"phonehome/analyze/vendors"
)

// TestCommunityIDsOfADestination: the first eight, each once, and none of what has none.
func TestCommunityIDsOfADestination(t *testing.T) {
	hosts := flow.NewHosts(flow.NewNetworks(false))
	b := NewBuilder(hostname.NewIndex(hosts))
	add := func(r flow.Row) {
		r.Packets, r.Payload = [2]uint64{1, 1}, [2]uint64{1, 1}
		hosts.Look(&r)
		b.Add(&r)
	}
	row := flow.Row{Transport: packet.UDP, A: ipv4(203<<24 + 1), APort: 443, B: ipv4(10<<24 + 1), Opener: 1}
	var want []flow.CommunityID
	for port := range uint16(2 * maxCommunityIDs) {
		row.BPort = 1 + port
		id, _ := row.CommunityID()
		want = append(want, id)
		add(row)
		add(row) // the same ends and ports, later
	}
	row.Orphan = true
	add(row)
	c := b.Finish(&Attributor{Catalogue: vendors.Default(), Geo: &vendors.Geo{}})
	if len(c.Destinations) != 2 {
		t.Fatalf("%d destinations, want 2", len(c.Destinations))
	}
	for _, d := range c.Destinations {
		ids := c.Citations.Of(d).CommunityIDs
		if d.Transport == "fragment" {
			if len(ids) != 0 {
				t.Errorf("fragments have %v", ids)
			}
			continue
		}
		if len(ids) != maxCommunityIDs {
			t.Fatalf("%d ids, want %d", len(ids), maxCommunityIDs)
		}
		for i, id := range ids {
			if id != want[i] {
				t.Errorf("id %d is %s, want %s", i, id, want[i])
			}
		}
	}
}

// TestGather: of a finding about very many destinations, in three captures, each capture is cited with its first and its last frame, and with as many as of a finding about few.
func TestGather(t *testing.T) {
	const n, captures = 3*maxGathered + 1, 3
	hosts := flow.NewHosts(flow.NewNetworks(false))
	b := NewBuilder(hostname.NewIndex(hosts))
	for i := range uint64(n) {
		r := flow.Row{A: ipv4(10<<24 + 1), B: ipv4(198<<24 + uint32(i)), APort: 1, BPort: 443, Transport: packet.UDP, Packets: [2]uint64{1, 1}, Payload: [2]uint64{9, 9},
			First: int64(i), Last: int64(i) + 1, FirstFrame: 2*i + 1, LastFrame: 2*i + 2, FirstCapture: uint32(i % captures), LastCapture: uint32(i % captures)}
		hosts.Look(&r)
		b.Add(&r)
	}
	c := b.Finish(&Attributor{Catalogue: vendors.Default(), Geo: &vendors.Geo{}})
	members := make([]int, len(c.Destinations))
	for i := range members {
		members[i] = i
	}
	if len(members) != n {
		t.Fatalf("%d destinations, want %d", len(members), n)
	}
	all := evidence(c.gather(nil, members))
	if len(all) != captures {
		t.Fatalf("%d captures are cited, want %d", len(all), captures)
	}
	for i, e := range all {
		last := uint64(n - 1)
		for last%captures != uint64(i) {
			last--
		}
		if len(e.Frames) != maxFrames || e.Frames[0] != uint64(2*i+1) || e.Frames[maxFrames-1] != 2*last+2 {
			t.Errorf("capture %d: %d frames, %d to %d; want %d, %d to %d", i, len(e.Frames), e.Frames[0], e.Frames[len(e.Frames)-1], maxFrames, 2*i+1, 2*last+2)
		}
	}
	if got := len(c.gather(nil, members)); got > 2*maxGathered+captures*(maxFrames+2) {
		t.Errorf("%d frames are held", got)
	}
}

// destinationOf is one destination of as many flows, an hour apart, of which the nth (from 0) has frames 10n+1 to 10n+2; the one before the last ends last, in frame 7.
func destinationOf(t *testing.T, flows uint64, more func(*Builder, *dest)) *Case {
	t.Helper()
	const hour = 3_600_000_000_000
	hosts := flow.NewHosts(flow.NewNetworks(false))
	b := NewBuilder(hostname.NewIndex(hosts))
	for i := range flows {
		r := flow.Row{A: ipv4(10<<24 + 1), B: ipv4(198<<24 + 1), APort: uint16(i), BPort: 443, Transport: packet.UDP, Packets: [2]uint64{1, 1}, Payload: [2]uint64{9, 9},
			First: int64(i) * hour, Last: int64(i)*hour + 1, FirstFrame: 10*i + 1, LastFrame: 10*i + 2}
		if i == flows-2 {
			r.Last, r.LastFrame = int64(flows)*hour, 1_000_007
		}
		hosts.Look(&r)
		b.Add(&r)
	}
	if more != nil {
		for d := range b.dests.All() {
			more(b, d)
		}
	}
	c := b.Finish(&Attributor{Catalogue: vendors.Default(), Geo: &vendors.Geo{}})
	if len(c.Destinations) != 1 {
		t.Fatalf("%d destinations, want one", len(c.Destinations))
	}
	if c.Destinations[0].Cited = c.Citations.Of(c.Destinations[0]); len(c.Destinations[0].Evidence) != 1 {
		t.Fatalf("%d captures are cited, want one", len(c.Destinations[0].Evidence))
	}
	return c
}

// TestFlowsAreCitedEvenly: however many flows there are, a few of them all along are cited, and the frame that came last.
func TestFlowsAreCitedEvenly(t *testing.T) {
	for _, flows := range []uint64{2, 8, 9, 16, 17, 144, 1000} {
		frames := destinationOf(t, flows, nil).Destinations[0].Evidence[0].Frames
		if frames[0] != 1 || frames[len(frames)-1] != 1_000_007 {
			t.Errorf("%d flows: frames %d do not begin and end with the destination", flows, frames)
		}
		var cited []uint64
		for _, f := range frames {
			if f%10 == 1 {
				cited = append(cited, f/10)
			}
		}
		if few := min(flows, maxCited/2); uint64(len(cited)) < few || len(cited) > maxCited {
			t.Errorf("%d flows: flows %d are cited", flows, cited)
		}
		step := cited[1] - cited[0]
		for i, n := range cited {
			if n != uint64(i)*step {
				t.Errorf("%d flows: flows %d are cited, which are not evenly apart", flows, cited)
			}
		}
		if end := cited[len(cited)-1] + step; end < flows {
			t.Errorf("%d flows: none is cited from %d on", flows, end)
		}
	}
}

// TestWhatShowsIsCited: frames that something is said of are cited however late they come, and however many others there are.
func TestWhatShowsIsCited(t *testing.T) {
	show := func(b *Builder, d *dest) {
		for n := range uint64(2 * maxFrames) {
			b.cited.frames.Push(&b.cited.of.At(d.number).frames, frame{low: uint32(20_000 + n), worth: always})
		}
		b.cited.show(d.number, frameOf(0, 20_050))
		b.cited.show(d.number, frameOf(0, 900_000))
	}
	c := destinationOf(t, 40, show)
	for what, cites := range map[string][]Evidence{"destination": c.Destinations[0].Evidence, "finding": c.finding(&group{to: &recipient{}, members: []int{0}}).Evidence} {
		frames := cites[0].Frames
		if len(frames) != maxFrames || !slices.IsSorted(frames) || frames[0] != 1 || frames[maxFrames-1] != 1_000_007 {
			t.Errorf("the %s cites %d", what, frames)
		}
		for _, want := range []uint64{20_050, 900_000} {
			if !slices.Contains(frames, want) {
				t.Errorf("the %s does not cite frame %d, but %d", what, want, frames)
			}
		}
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		n    int
		want []int
	}{{0, []int{}}, {1, []int{0}}, {2, []int{0, 9}}, {4, []int{0, 3, 6, 9}}, {10, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}} {
		if got := spread([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, c.n); !slices.Equal(got, c.want) {
			t.Errorf("%d of ten: %d, want %d", c.n, got, c.want)
		}
	}
}
