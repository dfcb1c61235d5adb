package analyze

import (
	"slices"

	"phonehome/analyze/flow"
	"phonehome/analyze/packet"
)

// worker owns the shards whose number is its own modulo the number of workers.
type worker struct {
	in    chan batch
	spare chan []flow.Item
	next  []flow.Item
	done  chan struct{}
}

// batch is what one block has for one worker. The packets' payloads lie in the block.
type batch struct {
	items []flow.Item
	block *block
}

const (
	batchesAhead = 4   // batches that wait for a worker
	batchLen     = 512 // items that a new batch has room for
	together     = 16  // items that are looked up at once
)

// startWorkers starts the shard workers, unless one goroutine is to do it all: handing packets on costs more than counting them, so that
// it pays only where cores are idle.
func (s *scan) startWorkers() {
	if s.o.Workers <= 1 {
		return
	}
	for range min(s.o.Workers, shards) {
		w := &worker{in: make(chan batch, batchesAhead), spare: make(chan []flow.Item, batchesAhead+2), done: make(chan struct{})}
		s.workers = append(s.workers, w)
		go s.work(w)
	}
}

func (s *scan) work(w *worker) {
	defer close(w.done)
	for b := range w.in {
		for some := range slices.Chunk(b.items, together) {
			flow.Count(some)
		}
		if b.block != nil {
			b.block.release()
		}
		clear(b.items)
		select {
		case w.spare <- b.items[:0]:
		default:
		}
	}
}

func (w *worker) put(p *packet.Packet, pair uint64, t *flow.Table) {
	if w.next == nil {
		select {
		case w.next = <-w.spare:
		default:
			w.next = make([]flow.Item, 0, batchLen)
		}
	}
	w.next = slices.Grow(w.next, 1)[:len(w.next)+1]
	it := &w.next[len(w.next)-1] // in place, as a packet is not small
	it.Packet, it.Pair, it.Table = *p, pair, t
}

// put is worker.put where one goroutine does it all. Most packets are in their place already.
func (s *scan) put(p *packet.Packet, pair uint64, t *flow.Table) {
	it := &s.near[s.waiting]
	if p != &it.Packet {
		it.Packet = *p
	}
	it.Pair, it.Table = pair, t
	if s.waiting++; s.waiting == len(s.near) {
		s.settle()
		return
	}
	s.decoder.Into(&s.near[s.waiting].Packet)
}

// settle gives the packets that wait to their shards: payload lives no longer than its block.
func (s *scan) settle() {
	flow.Count(s.near[:s.waiting])
	s.waiting = 0
	s.decoder.Into(&s.near[0].Packet)
}

// hold keeps a block while its records are decoded.
func (s *scan) hold(b *block) { b.refs.Add(1) }

// dispatch hands what a block gave to the workers, each of which lets go of the block when it is done.
func (s *scan) dispatch(b *block) {
	s.settle()
	for _, w := range s.workers {
		if len(w.next) > 0 {
			b.refs.Add(1)
			w.in <- batch{w.next, b}
			w.next = nil
		}
	}
	b.release()
}

// stopWorkers hands on what is left and waits for the workers.
func (s *scan) stopWorkers() {
	s.settle()
	for _, w := range s.workers {
		if len(w.next) > 0 {
			w.in <- batch{w.next, nil}
			w.next = nil
		}
		close(w.in)
		<-w.done
	}
}
