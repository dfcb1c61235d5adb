package analyze

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
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

// feed is one capture being read: a goroutine cuts blocks, another hashes them.
type feed struct {
	source *capture.Source
	reader *capture.Reader
	blocks chan *block
	err    error // set before blocks is closed
	sum    string
	cur    *block // block that the merge is in
	at     int    // record of cur that is next
}

// open starts reading a source; done tells when its goroutines have ended.
func (s *scan) open(ctx context.Context, src *capture.Source) *feed {
	f := &feed{source: src, blocks: make(chan *block, blocksAhead)}
	s.wait.Add(1)
	go func() {
		defer s.wait.Done()
		defer close(f.blocks)
		f.err = s.read(ctx, f)
	}()
	return f
}

// read runs in the reading goroutine of a feed.
func (s *scan) read(ctx context.Context, f *feed) error {
	r, err := f.source.Open(capture.Options{BlockSize: s.o.BlockSize, Hash: s.o.Hash})
	if err != nil {
		return err
	}
	defer r.Close()
	f.reader = r
	h := s.startHash()
	defer func() { f.sum = h.finish() }()
	for {
		b := s.pool.Get().(*block)
		err := r.Next(&b.Block)
		fresh := b.Fresh()
		if fresh != nil {
			s.bytesDone.Add(int64(len(fresh)))
		}
		last := err != nil
		if last && len(b.Records) == 0 && len(fresh) == 0 {
			s.pool.Put(b)
		} else {
			b.refs.Store(2)
			h.add(b)
			select {
			case f.blocks <- b:
			case <-ctx.Done():
				b.release()
				return ctx.Err()
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// hasher hashes the blocks of one file on a goroutine of its own.
type hasher struct {
	hash   hash.Hash
	blocks chan *block
	done   chan struct{}
}

// startHash starts a hasher; one that hashes nothing where that was not asked for.
func (s *scan) startHash() *hasher {
	h := &hasher{}
	if !s.o.Hash {
		return h
	}
	h.hash, h.blocks, h.done = sha256.New(), make(chan *block, blocksAhead), make(chan struct{})
	go func() {
		defer close(h.done)
		for b := range h.blocks {
			h.hash.Write(b.Fresh())
			b.release()
		}
	}()
	return h
}

// add hands a block on; the hasher lets go of it when it has hashed it.
func (h *hasher) add(b *block) {
	if h.hash == nil || b.Fresh() == nil {
		b.release()
		return
	}
	h.blocks <- b
}

// finish waits for the hasher and returns the sum in hexadecimal, "" where nothing was hashed.
func (h *hasher) finish() string {
	if h.hash == nil {
		return ""
	}
	close(h.blocks)
	<-h.done
	return hex.EncodeToString(h.hash.Sum(nil))
}

// next returns the record that is next in this feed, or nil at its end.
func (f *feed) next() *capture.Record {
	for f.cur == nil || f.at == len(f.cur.Records) {
		if f.cur != nil {
			f.cur.release()
			f.cur = nil
		}
		b, ok := <-f.blocks
		if !ok {
			return nil
		}
		f.cur, f.at = b, 0
	}
	return &f.cur.Records[f.at]
}
