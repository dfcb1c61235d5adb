package analyze

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"phonehome/analyze/capture"
)

// The hash of a file takes longer than all that is made of its packets. A big file is read a second time for it, beside the pass, which then need not wait: not for
// its turn in the processor's cache, and not in the end, since judging does not need the hash. Both have seen the same bytes if nobody has changed the file
// meanwhile. Where somebody has, the pass is void: it is thrown away, and another one hashes the very bytes that it looks at.

// errVoid is the error of a pass that is void.
var errVoid = errors.New("a capture changed while it was read")

// hashApart runs a pass that may hash files apart, and another one that does not where the first is void.
func hashApart[T any](o Options, in *input, pass func(Options) (T, error)) (T, error) {
	if !in.again() {
		o.HashApart = 0
	}
	v, err := pass(o)
	if errors.Is(err, errVoid) {
		o.HashApart = 0
		v, err = pass(o)
	}
	return v, err
}

// again says whether all of the input is captures that can be read again.
func (in *input) again() bool {
	return len(in.facts) == 0 && !slices.ContainsFunc(in.set.Sources, func(s *capture.Source) bool { return !s.Twice() })
}

// hashes are those of the captures of one pass. They outlive it.
type hashes struct {
	of   []*hasher // by capture; nil where there is none
	wait sync.WaitGroup
	void atomic.Bool // nothing of the pass is of use: a file that is hashed apart has changed, or the pass was interrupted
}

// put waits for the hashes and puts them to what is known of each capture. Its error is errVoid.
func (h *hashes) put(infos []capture.Info) error {
	h.wait.Wait()
	if h.void.Load() {
		return errVoid
	}
	for i, one := range h.of {
		if one != nil && infos[i].SHA256 == "" { // a compressed file's is known already
			infos[i].SHA256 = hex.EncodeToString(one.hash.Sum(nil))
		}
	}
	h.of = nil // they are taken up
	return nil
}

// hasher hashes one file as given, on a goroutine of its own.
type hasher struct {
	hash   hash.Hash
	blocks chan *block // of a file that is hashed as it is read; the hasher lets go of them
	pieces chan extent // of a file that is hashed apart
	done   chan struct{}
}

// extent is a part of a file, in bytes.
type extent struct{ at, n int64 }

const (
	// aheadOfHash is how many bytes a hash apart may be behind: what a disk has given a second ago need not be asked of it again.
	aheadOfHash = 1 << 30
	// readForHash is how many bytes a hash apart reads at a time: they should be in the nearest cache still when they are hashed.
	readForHash = 64 << 10
)

// start starts the hasher of a capture, which is hashed apart where that pays.
func (h *hashes) start(capture uint32, r *capture.Reader, o *Options) *hasher {
	one := &hasher{hash: sha256.New(), done: make(chan struct{})}
	h.of[capture] = one
	work := one.hashBlocks
	if o.HashApart > 0 && r.Again() && r.Info().Bytes >= o.HashApart {
		one.pieces = make(chan extent, 1+aheadOfHash/max(1, o.BlockSize))
		work = func() { one.readPieces(r, &h.void) }
	} else {
		one.blocks = make(chan *block, blocksAhead)
	}
	h.wait.Add(1)
	go func() {
		defer h.wait.Done()
		defer close(one.done)
		work()
	}()
	return one
}

func (h *hasher) hashBlocks() {
	for b := range h.blocks {
		h.hash.Write(b.Fresh())
		b.release()
	}
}

// readPieces hashes a file apart, and closes it.
func (h *hasher) readPieces(r *capture.Reader, void *atomic.Bool) {
	buf := make([]byte, readForHash)
	for p := range h.pieces {
		if void.Load() {
			continue
		}
		if n, err := io.CopyBuffer(h.hash, r.Bytes(p.at, p.n), buf); err != nil || n < p.n {
			void.Store(true)
		}
	}
	if r.Changed() {
		void.Store(true)
	}
	r.Close()
}

// add hands a block on. h is nil where no hash is asked for.
func (h *hasher) add(b *block) {
	switch {
	case h == nil || b.Fresh() == nil:
		b.release()
	case h.pieces != nil:
		h.pieces <- extent{b.FreshAt(), int64(len(b.Fresh()))}
		b.release()
	default:
		h.blocks <- b
	}
}

// end says that no more comes, and reports whether the file is to be closed: a hash apart may take longer, and does that itself.
func (h *hasher) end() (closable bool) {
	switch {
	case h == nil:
		return true
	case h.pieces != nil:
		close(h.pieces)
		return false
	}
	close(h.blocks)
	<-h.done
	return true
}
