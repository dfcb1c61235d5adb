package analyze

import (
	"cmp"
	"container/heap"
	"context"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"phonehome/analyze/capture"
	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
)

// shards is the number of logical shards, whatever the number of workers: every limit and every sweep belongs to one of them, so that
// the result does not depend on how many goroutines share the work.
const shards = 64

// shard is all state that packets of one set of address pairs touch.
type shard struct {
	table *flow.Table
	namer *hostname.Namer
	store *hostname.Store
}

// scan is one pass over a body of captures.
type scan struct {
	o       Options
	set     *capture.Set
	decoder *packet.Decoder
	shards  [shards]shard
	counts  []counts // by capture
	feeds   feeds    // by capture, once their turn was near
	workers []*worker
	near    [together]flow.Item // packets that wait, where there are no workers: the first waiting of them
	waiting int
	seen    []nrb

	pool      sync.Pool
	wait      sync.WaitGroup
	hashes    *hashes
	bytesDone atomic.Int64
	packets   uint64
	progress  uint64 // packets at which progress is told next
	path      string
	from, to  int64 // window of capture time, both inclusive
}

// counts are the four sums of one capture, and its undecoded packets by reason.
type counts struct {
	class     [4]uint64
	undecoded map[string]uint64
	outside   uint64 // records outside the window of time
}

type nrb struct {
	capture uint32
	entry   capture.NameEntry
}

func newScan(o Options, set *capture.Set) *scan {
	s := &scan{o: o, set: set, counts: make([]counts, len(set.Sources)), hashes: &hashes{of: make([]*hasher, len(set.Sources))}, from: math.MinInt64, to: math.MaxInt64}
	s.pool.New = func() any { return &block{pool: &s.pool} }
	s.decoder = packet.NewDecoder(o.Limits.Packet, s.emit)
	for i := range s.shards {
		store := hostname.NewStore(hostname.StoreLimit)
		namer := hostname.NewNamer(store, o.Limits.Hostname)
		s.shards[i] = shard{table: flow.NewTable(o.Limits.Flow, namer), namer: namer, store: store}
	}
	if !o.Since.IsZero() {
		s.from = o.Since.UnixNano()
	}
	if !o.Until.IsZero() {
		s.to = o.Until.UnixNano() - 1
	}
	return s
}

// run reads all captures in time order. Those that overlap are merged record by record. It returns what is known of each but its hash. Its error is
// errVoid, or that of ctx.
func (s *scan) run(ctx context.Context) ([]capture.Info, error) {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	s.startWorkers()
	s.merge(reading)
	s.decoder.Flush()
	s.stopWorkers()
	if ctx.Err() != nil {
		s.hashes.void.Store(true)
	}
	if s.hashes.void.Load() {
		stop() // whoever reads ahead
	}
	s.wait.Wait()
	for _, f := range s.feeds {
		if f != nil {
			f.end(ctx.Err()) // one that the consumer cuts, where it was interrupted
		}
	}
	if s.hashes.void.Load() {
		s.hashes.wait.Wait()
		return nil, cmp.Or(ctx.Err(), errVoid)
	}
	s.finish()
	for i, f := range s.feeds {
		if f != nil && f.reader != nil {
			for _, n := range f.reader.Names() {
				s.seen = append(s.seen, nrb{uint32(i), n})
			}
		}
	}
	return s.infos(), nil
}

// finish ends all flows. What that frees is taken back every so many flows, as their rows take the place of it: the collector by itself would
// let a fifth of all memory lie about, at the very moment when a scan needs most.
func (s *scan) finish() {
	const often = 256 << 10 // flows, 60 MB
	freed := 0
	for i := range s.shards {
		if freed += s.shards[i].table.Finish(); freed >= often {
			runtime.GC()
			freed = 0
		}
	}
}

// merge hands the records of all sources to the decoder, the earliest first. A source is opened when its turn is near: one ahead of
// the one being read, so that it can be decompressed meanwhile.
func (s *scan) merge(ctx context.Context) {
	all := make(feeds, len(s.set.Sources))
	s.feeds = all
	opened := 0
	openNext := func() {
		if opened < len(all) {
			all[opened] = s.open(ctx, s.set.Sources[opened])
			opened++
		}
	}
	openNext()
	openNext()
	var active feeds
	begun := 0
	for {
		// Sources are in the order of their first record: the next one begins when the earliest waiting record is not before it.
		for begun < len(all) && (len(active) == 0 || active[0].next().Time >= s.set.Sources[begun].First) {
			f := all[begun]
			begun++
			openNext()
			if f.next() != nil {
				heap.Push(&active, f)
			}
		}
		if len(active) == 0 {
			return
		}
		limit := int64(math.MaxInt64)
		if begun < len(all) {
			limit = s.set.Sources[begun].First
		}
		s.consume(&active, limit)
		if ctx.Err() != nil || s.hashes.void.Load() {
			return
		}
	}
}

// consume reads from the feed with the earliest record (of equals, of the first source) until its block ends or another feed, or a source that
// begins at limit, has its turn.
func (s *scan) consume(active *feeds, limit int64) {
	f := (*active)[0]
	for _, next := range (*active)[1:min(len(*active), 3)] { // below the root of a heap: one of them is the second
		limit = min(limit, next.next().Time)
	}
	s.path = f.source.Path
	s.take(f, limit)
	if f.next() == nil {
		heap.Pop(active)
		return
	}
	heap.Fix(active, 0)
}

// take decodes records of the feed's block: at least one, and on while they are before until.
func (s *scan) take(f *feed, until int64) {
	b := f.cur
	s.hold(b)
	for f.at < len(b.Records) {
		r := &b.Records[f.at]
		f.at++
		s.record(r)
		if f.at < len(b.Records) && b.Records[f.at].Time >= until {
			break
		}
	}
	s.dispatch(b)
	s.tell()
}

// record decodes one record, if it lies in the window of time.
func (s *scan) record(r *capture.Record) {
	s.packets++
	if r.Time < s.from || r.Time > s.to {
		s.counts[r.Capture].outside++
		return
	}
	s.decoder.Decode(r)
}

// progressEvery is the number of packets between two calls of Progress: some tenths of a second.
const progressEvery = 1 << 18

func (s *scan) tell() {
	if s.o.Progress == nil || s.packets < s.progress {
		return
	}
	s.progress = s.packets + progressEvery
	s.o.Progress(Progress{BytesDone: s.bytesDone.Load(), BytesTotal: s.set.Bytes(), Packets: s.packets, Path: s.path})
}

// emit takes one packet from the decoder: counts it, and gives it to its shard.
func (s *scan) emit(p *packet.Packet) {
	c := &s.counts[p.Capture]
	c.class[p.Class]++
	switch p.Class {
	case packet.Flow, packet.OtherIP:
		pair := p.Hash()
		shard := pair % shards
		t := s.shards[shard].table
		if len(s.workers) == 0 {
			s.put(p, pair, t)
			return
		}
		s.workers[shard%uint64(len(s.workers))].put(p, pair, t)
	case packet.Undecoded:
		if c.undecoded == nil {
			c.undecoded = map[string]uint64{}
		}
		c.undecoded[s.decoder.UndecodedKey(p)]++
	}
}

// infos completes what is known of each capture.
func (s *scan) infos() []capture.Info {
	out := make([]capture.Info, len(s.feeds))
	for i, f := range s.feeds {
		if f == nil {
			out[i] = capture.Info{Path: s.set.Sources[i].Path, Bytes: s.set.Sources[i].Size}
			continue
		}
		if f.reader != nil {
			out[i] = *f.reader.Info()
		} else {
			out[i] = capture.Info{Path: f.source.Path, Bytes: f.source.Size}
		}
		if f.err != nil {
			out[i].Unread = f.err.Error()
		}
		c := &s.counts[i]
		out[i].FlowPackets, out[i].OtherIPPackets = c.class[packet.Flow], c.class[packet.OtherIP]
		out[i].NonIPPackets, out[i].UndecodedPackets = c.class[packet.NonIP], c.class[packet.Undecoded]
		out[i].Undecoded = c.undecoded
		out[i].OutsideWindow = c.outside
	}
	return out
}

// timeOf is a time of facts as a time.Time.
func timeOf(ns int64) time.Time { return time.Unix(0, ns).UTC() }
