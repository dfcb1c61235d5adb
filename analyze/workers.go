package analyze

import "phonehome/analyze/packet"

// worker owns the shards whose number is its own modulo the number of workers.
type worker struct {
	in    chan batch
	spare chan []item
	next  []item
	done  chan struct{}
}

// item is a packet on its way to a shard.
type item struct {
	packet packet.Packet
	pair   uint64
}

// batch is what one block has for one worker. The packets' payloads lie in the block.
type batch struct {
	items []item
	block *block
}

const (
	batchesAhead = 4   // batches that wait for a worker
	batchLen     = 512 // items that a new batch has room for
)

// startWorkers starts the shard workers, unless one goroutine is to do it all: handing packets on costs more than counting them, so that
// it pays only where cores are idle.
func (s *scan) startWorkers() {
	if s.o.Workers <= 1 {
		return
	}
	for range min(s.o.Workers, shards) {
		w := &worker{in: make(chan batch, batchesAhead), spare: make(chan []item, batchesAhead+2), done: make(chan struct{})}
		s.workers = append(s.workers, w)
		go s.work(w)
	}
}

func (s *scan) work(w *worker) {
	defer close(w.done)
	for b := range w.in {
		for i := range b.items {
			it := &b.items[i]
			s.shards[it.pair%shards].table.Add(&it.packet, it.pair)
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

func (w *worker) put(p *packet.Packet, pair uint64) {
	if w.next == nil {
		select {
		case w.next = <-w.spare:
		default:
			w.next = make([]item, 0, batchLen)
		}
	}
	w.next = append(w.next, item{*p, pair})
}

// hold keeps a block while its records are decoded.
func (s *scan) hold(b *block) { b.refs.Add(1) }

// dispatch hands what a block gave to the workers, each of which lets go of the block when it is done.
func (s *scan) dispatch(b *block) {
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
	for _, w := range s.workers {
		if len(w.next) > 0 {
			w.in <- batch{w.next, nil}
			w.next = nil
		}
		close(w.in)
		<-w.done
	}
}
