package analyze

import (
	"cmp"
	"context"
	"io"
	"sync"
	"sync/atomic"

	"phonehome/analyze/capture"
)

// block is a capture.Block that several goroutines look at: the last to let go gives it back.
type block struct {
	capture.Block
	refs atomic.Int32
	pool *sync.Pool
}

func (b *block) release() {
	if b.refs.Add(-1) == 0 {
		b.pool.Put(b)
	}
}

// blocksAhead is how many blocks a reader may be ahead of its consumer: enough to hide a late disk, few enough for a cache.
const blocksAhead = 4

// feed is one capture being read: a goroutine cuts blocks, another hashes them. Where one goroutine is to do it all, the consumer cuts the blocks of a
// plain file itself: their headers are in its cache then.
type feed struct {
	scan   *scan
	source *capture.Source
	reader *capture.Reader
	hash   *hasher     // nil where no hash is asked for, or the file can't be opened
	blocks chan *block // nil where the consumer cuts them
	ended  bool        // the last block was cut
	err    error       // set before blocks is closed
	cur    *block      // block that the merge is in
	at     int         // record of cur that is next
}

// open starts reading a source, or leaves that to the consumer.
func (s *scan) open(ctx context.Context, src *capture.Source) *feed {
	f := &feed{scan: s, source: src}
	if s.o.Workers <= 1 && src.Plain() {
		return f
	}
	f.blocks = make(chan *block, blocksAhead)
	s.wait.Add(1)
	go func() {
		defer s.wait.Done()
		defer close(f.blocks)
		f.read(ctx)
	}()
	return f
}

// read runs in the reading goroutine of a feed.
func (f *feed) read(ctx context.Context) {
	for b := f.cut(); b != nil; b = f.cut() {
		select {
		case f.blocks <- b:
		case <-ctx.Done():
			b.release()
			f.end(ctx.Err())
			return
		}
	}
}

// cut reads the next block; nil at the end of the capture, and where it can't be read.
func (f *feed) cut() *block {
	if f.ended {
		return nil
	}
	if f.reader == nil {
		r, err := f.source.Open(capture.Options{BlockSize: f.scan.o.BlockSize, Hash: f.scan.o.Hash})
		if err != nil {
			f.ended, f.err = true, err
			return nil
		}
		f.reader = r
		if f.scan.o.Hash {
			f.hash = f.scan.hashes.start(f.source.Ordinal, r, &f.scan.o)
		}
	}
	b := f.scan.pool.Get().(*block)
	err := f.reader.Next(&b.Block)
	f.scan.bytesDone.Add(int64(len(b.Fresh())))
	if err != nil && len(b.Records) == 0 && len(b.Fresh()) == 0 {
		f.scan.pool.Put(b)
		b = nil
	} else {
		b.refs.Store(2)
		f.hash.add(b)
	}
	if err != nil {
		f.end(err)
	}
	return b
}

// end ends the capture. It may have ended, or not begun.
func (f *feed) end(err error) {
	if f.ended || f.reader == nil {
		return
	}
	f.ended = true
	if err != io.EOF {
		f.err = err
	}
	if f.hash.end() {
		f.reader.Close()
	}
}

// next returns the record that is next in this feed, or nil at its end.
func (f *feed) next() *capture.Record {
	for f.cur == nil || f.at == len(f.cur.Records) {
		if f.cur != nil {
			f.cur.release()
			f.cur = nil
		}
		if f.cur, f.at = f.nextBlock(), 0; f.cur == nil {
			return nil
		}
	}
	return &f.cur.Records[f.at]
}

func (f *feed) nextBlock() *block {
	if f.blocks == nil {
		return f.cut()
	}
	return <-f.blocks
}

// feeds are captures that are read side by side: a heap by their next records, of which none is at its end but the one that is taken out.
type feeds []*feed

func (f feeds) Len() int      { return len(f) }
func (f feeds) Swap(i, j int) { f[i], f[j] = f[j], f[i] }

func (f feeds) Less(i, j int) bool {
	a, b := f[i].next(), f[j].next()
	return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Capture, b.Capture)) < 0
}

func (f *feeds) Push(x any) { *f = append(*f, x.(*feed)) }

func (f *feeds) Pop() any {
	n := len(*f) - 1
	last := (*f)[n]
	*f = (*f)[:n]
	return last
}
