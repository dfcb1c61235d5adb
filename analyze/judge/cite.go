package judge

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

const (
	maxFrames = 64 // frames cited of one capture, by a destination or a finding: a person looks at a few
	// maxCited is how many flows of a destination are cited: all up to this, then every second, then every fourth, so that it is never fewer than half as many, and they
	// lie evenly over the time that they took.
	maxCited = 8
)

// whatDestination says which frames a destination cites.
const whatDestination = "first and last frames of its flows, and those that name it"

// frame is a frame worth citing.
type frame struct {
	number  uint64
	capture uint32
	worth   uint8 // it is cited of a destination whose thinning is no more than this
	shows   bool  // what is said rests on it, rather than on many like it
}

// always is the worth of a frame that is not thinned out.
const always = 64

// thinning says how many flows of a destination that has so many are cited: one of 1<<thinning.
func thinning(flows uint64) uint8 {
	return uint8(bits.Len64((max(flows, 1) - 1) / maxCited))
}

// cite remembers the frames of a leg: its first and last, and those that name it.
func (b *Builder) cite(l *leg, d *dest) {
	b.addID(d, l.row)
	before := d.flows - 1
	worth := uint8(bits.TrailingZeros64(before)) // always, of the first flow
	if worth < thinning(d.flows) {
		return
	}
	b.frames.Add(&d.frames, frame{capture: l.row.FirstCapture, number: l.row.FirstFrame, worth: worth})
	b.frames.Add(&d.frames, frame{capture: l.row.LastCapture, number: l.row.LastFrame, worth: worth})
	for _, n := range l.names {
		b.frames.Add(&d.frames, frame{capture: n.Capture, number: n.Frame, worth: worth, shows: before == 0})
	}
}

// show remembers a frame that what is said of a destination rests on.
func (b *Builder) show(d *dest, f frame) {
	b.frames.Add(&d.frames, frame{capture: f.capture, number: f.number, worth: always, shows: true})
}

// shown counts the frames that what is said of a destination rests on.
func (b *Builder) shown(d *dest) (n int) {
	for f := range b.frames.Of(d.frames) {
		if f.shows {
			n++
		}
	}
	return n
}

// appendFrames adds the frames that a destination may cite to a list.
func (b *Builder) appendFrames(frames []frame, d *dest) []frame {
	thin := thinning(d.flows)
	for f := range b.frames.Of(d.frames) {
		if f.worth >= thin {
			frames = append(frames, *f)
		}
	}
	if d.flows > 0 {
		frames = append(frames, d.end)
	}
	return frames
}

// evidence cites frames, by capture. The list is changed.
func (b *Builder) evidence(frames []frame) []Evidence {
	slices.SortFunc(frames, compareFrames)
	frames = slices.CompactFunc(frames, func(x, y frame) bool { return x.number == y.number && x.capture == y.capture })
	captures := 0
	for i, f := range frames {
		if i == 0 || f.capture != frames[i-1].capture {
			captures++
		}
	}
	out := b.evidenceLists.take(captures)[:0]
	for len(frames) > 0 {
		n := 1
		for n < len(frames) && frames[n].capture == frames[0].capture {
			n++
		}
		few := fewer(frames[:n], maxFrames)
		e := Evidence{Capture: int(frames[0].capture), What: whatDestination, Frames: b.frameLists.take(len(few))}
		for i, f := range few {
			e.Frames[i] = f.number
		}
		out = append(out, e)
		frames = frames[n:]
	}
	return out
}

// compareFrames orders frames; of two entries of one, that comes first which shows something.
func compareFrames(x, y frame) int {
	c := cmp.Or(cmp.Compare(x.capture, y.capture), cmp.Compare(x.number, y.number))
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
	var b strings.Builder
	b.WriteString("frame.number in {")
	for i := 0; i < len(frames); {
		j := i
		for j+1 < len(frames) && frames[j+1] == frames[j]+1 {
			j++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		if j > i {
			fmt.Fprintf(&b, "%d..%d", frames[i], frames[j])
		} else {
			fmt.Fprintf(&b, "%d", frames[i])
		}
		i = j + 1
	}
	b.WriteByte('}')
	return b.String()
}
