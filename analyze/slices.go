package analyze

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"phonehome/analyze/capture"
	"phonehome/analyze/judge"
	"phonehome/analyze/slice"
)

// Slice says what the slice of one finding holds: the frames that the finding cites, in the order in which it cites them.
type Slice struct {
	Finding string      `json:"finding"`
	Frames  []SlicePart `json:"frames"`
}

// SlicePart is the frames of one capture: each by its number in the capture, and by its number in the slice.
type SlicePart struct {
	Capture int      `json:"capture"`
	Source  []uint64 `json:"source"`
	Slice   []uint64 `json:"slice"`
	Filter  string   `json:"filter"` // Wireshark display filter that selects them in the slice
}

// Slices lists the slices of the findings: what Cut writes.
func (r *Result) Slices() []Slice {
	out := make([]Slice, len(r.Findings))
	for i := range r.Findings {
		f := &r.Findings[i]
		out[i] = Slice{Finding: f.ID, Frames: []SlicePart{}}
		next := uint64(1)
		for k := range f.Evidence {
			p := SlicePart{Capture: f.Evidence[k].Capture, Source: f.Evidence[k].Frames}
			for range p.Source {
				p.Slice = append(p.Slice, next)
				next++
			}
			p.Filter = (&judge.Evidence{Frames: p.Slice}).DisplayFilter()
			out[i].Frames = append(out[i].Frames, p)
		}
	}
	return out
}

// ChangedError is a capture that is not what it was when it was scanned: no evidence can be cut out of it.
type ChangedError struct{ Path, Why string }

func (e *ChangedError) Error() string {
	return fmt.Sprintf("%s changed since it was scanned (%s)", e.Path, e.Why)
}

// Cut reads the captures of a scan again, one after the other, and hands the pieces of each finding's slice to put, in order; pieces of several findings
// alternate. Memory is bounded by pendingBytes, the longest frame and the list of frames cited, whatever the captures are. A capture that changed since the scan
// is a ChangedError: what was put must then not be kept. With a redactor, frames are redacted.
func (r *Result) Cut(ctx context.Context, o Options, red *Redactor, put func(finding string, piece []byte) error) error {
	if r.evidence == nil {
		return errors.New("a saved result has no captures to cut: scan them again")
	}
	c := &cutter{r: r, o: o, red: red, put: put, pending: map[int][]byte{}, interfaces: map[sliceInterface]uint32{}, known: map[int]uint32{}}
	for i := range r.Findings {
		if err := c.add(i, slice.AppendSection(c.pending[i], "phonehome: frames that finding "+r.Findings[i].ID+" cites")); err != nil {
			return err
		}
	}
	wanted := r.wanted()
	for _, src := range r.evidence.sources {
		if len(wanted[int(src.Ordinal)]) > 0 {
			c.told.BytesTotal += src.Size
		}
	}
	for _, src := range r.evidence.sources {
		if w := wanted[int(src.Ordinal)]; len(w) > 0 {
			if err := c.capture(ctx, src, w); err != nil {
				return err
			}
		}
	}
	return c.flush()
}

// wantedFrame is a frame that a finding cites.
type wantedFrame struct {
	frame   uint64
	finding int // place in Result.Findings
}

// wanted lists, by capture, the frames that findings cite, in order.
func (r *Result) wanted() map[int][]wantedFrame {
	out := map[int][]wantedFrame{}
	for i := range r.Findings {
		for _, e := range r.Findings[i].Evidence {
			for _, f := range e.Frames {
				out[e.Capture] = append(out[e.Capture], wantedFrame{f, i})
			}
		}
	}
	for _, w := range out {
		slices.SortFunc(w, func(a, b wantedFrame) int {
			return cmp.Or(cmp.Compare(a.frame, b.frame), cmp.Compare(a.finding, b.finding))
		})
	}
	return out
}

// pendingBytes is how much of all slices is held until it is handed on: enough that a file is not opened for each frame.
const pendingBytes = 8 << 20

// cutter cuts frames out of captures.
type cutter struct {
	r          *Result
	o          Options
	told       Progress
	red        *Redactor // nil for none
	put        func(finding string, piece []byte) error
	pending    map[int][]byte // by finding
	held       int            // bytes pending
	interfaces map[sliceInterface]uint32
	known      map[int]uint32 // interfaces that a finding's slice has so far
}

// sliceInterface is an interface that the slice of a finding has.
type sliceInterface struct {
	finding, capture int
	number           uint32 // in the capture
	link             capture.LinkType
}

// capture cuts the wanted frames out of one capture, and holds it against what was scanned.
func (c *cutter) capture(ctx context.Context, src *capture.Source, wanted []wantedFrame) error {
	r, err := src.Open(capture.Options{BlockSize: c.o.BlockSize, Hash: true})
	if err != nil {
		return err
	}
	defer r.Close() // read only
	h := sha256.New()
	var b capture.Block
	for end := error(nil); end == nil && ctx.Err() == nil; {
		if end = r.Next(&b); end != nil && end != io.EOF {
			return end
		}
		h.Write(b.Fresh())
		c.tell(&b, src.Path)
		if wanted, err = c.block(&b, r.Info(), wanted); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	sum := cmp.Or(r.Info().SHA256, hex.EncodeToString(h.Sum(nil)))
	return unchanged(&c.r.Captures[src.Ordinal], r.Info().Packets, sum, len(wanted))
}

// tell tells progress. Of compressed captures, only the frames are counted.
func (c *cutter) tell(b *capture.Block, path string) {
	if c.o.Progress == nil {
		return
	}
	c.told.Path = path
	c.told.BytesDone += int64(len(b.Fresh()))
	c.told.Packets += uint64(len(b.Records))
	c.o.Progress(c.told)
}

// unchanged holds what was read of a capture against what was scanned; missing is the number of frames that were not found.
func unchanged(was *capture.Info, packets uint64, sum string, missing int) error {
	switch {
	case was.SHA256 != sum:
		return &ChangedError{was.Path, fmt.Sprintf("SHA-256 was %s and is %s", was.SHA256, sum)}
	case was.Packets != packets:
		return &ChangedError{was.Path, fmt.Sprintf("it had %d packets and has %d", was.Packets, packets)}
	case missing > 0:
		return &ChangedError{was.Path, fmt.Sprintf("%d frames are missing", missing)}
	}
	return nil
}

// block cuts the wanted frames out of a block, and returns those that are still wanted.
func (c *cutter) block(b *capture.Block, in *capture.Info, wanted []wantedFrame) ([]wantedFrame, error) {
	for i := range b.Records {
		rec := &b.Records[i]
		for len(wanted) > 0 && wanted[0].frame == rec.Frame {
			if err := c.frame(wanted[0].finding, rec, in); err != nil {
				return nil, err
			}
			wanted = wanted[1:]
		}
	}
	return wanted, nil
}

// frame adds one frame to the slice of a finding. What it says in comments is made of ids, numbers and hashes alone: text of a capture has no place there.
func (c *cutter) frame(finding int, rec *capture.Record, in *capture.Info) error {
	was := &c.r.Captures[rec.Capture]
	early := was.First.UnixNano() < 0
	b, number := c.interfaceOf(finding, rec, in, early)
	f := slice.Frame{Interface: number, Early: early, Time: rec.Time, Wire: rec.Wire, Data: rec.Captured(),
		Comment: fmt.Sprintf("phonehome: finding %s, capture %d, frame %d", c.r.Findings[finding].ID, rec.Capture, rec.Frame)}
	if c.red != nil {
		f.Data = c.red.Frame(rec.Link, rec.Data)
	}
	return c.add(finding, slice.AppendFrame(b, &f))
}

// interfaceOf returns what is pending of a finding's slice, with the interface of a record, and the interface's number there.
func (c *cutter) interfaceOf(finding int, rec *capture.Record, in *capture.Info, early bool) (pending []byte, number uint32) {
	pending = c.pending[finding]
	key := sliceInterface{finding, int(rec.Capture), rec.Interface, rec.Link}
	number, ok := c.interfaces[key]
	if ok {
		return pending, number
	}
	number = c.known[finding]
	c.interfaces[key], c.known[finding] = number, number+1
	i := slice.Interface{Link: rec.Link, Early: early, Comment: fmt.Sprintf("phonehome: capture %d, SHA-256 %s", rec.Capture, c.r.Captures[rec.Capture].SHA256)}
	if rec.Interface != capture.NoInterface {
		about := &in.Interfaces[rec.Interface]
		i.SnapLen, i.Name, i.FCS = about.SnapLen, about.Name, about.FCS
	}
	if c.red != nil {
		i.Name, i.FCS = "", 0
	}
	return slice.AppendInterface(pending, &i), number
}

// add replaces what is pending of a finding's slice, and hands all on where it is much.
func (c *cutter) add(finding int, pending []byte) error {
	c.held += len(pending) - len(c.pending[finding])
	c.pending[finding] = pending
	if c.held < pendingBytes {
		return nil
	}
	return c.flush()
}

// flush hands on what is pending, by finding.
func (c *cutter) flush() error {
	for _, i := range slices.Sorted(maps.Keys(c.pending)) {
		if err := c.put(c.r.Findings[i].ID, c.pending[i]); err != nil {
			return err
		}
	}
	clear(c.pending)
	c.held = 0
	return nil
}
