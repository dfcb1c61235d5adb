package hostname

import (
	"bytes"
	"slices"
)

// assembly puts pieces of a message together that come in any order, overlap and repeat: CRYPTO frames of QUIC, fragments of DTLS. It
// holds no more bytes than it was given, wherever these claim to belong.
type assembly struct {
	spans []span // in order of offset, apart from each other
	data  []byte // what the spans hold, in order of arrival
	// broken: two pieces said different things of the same bytes, or there were too many. Which of them the receiver
	// believed cannot be known.
	broken bool
}

// span is a piece of the message: length bytes at offset, kept at data[at:].
type span struct{ offset, length, at int }

func (s span) end() int { return s.offset + s.length }

// maxSpans bounds the pieces that are kept apart: browsers that shuffle their hello make some ten of a packet.
const maxSpans = 256

// add takes a piece; the caller bounds offset.
func (a *assembly) add(offset int, piece []byte) {
	for len(piece) > 0 && !a.broken {
		i, _ := slices.BinarySearchFunc(a.spans, offset+1, func(s span, at int) int { return s.end() - at })
		var k int
		if i < len(a.spans) && a.spans[i].offset <= offset {
			k = a.compare(a.spans[i], offset, piece)
		} else {
			k = len(piece)
			if i < len(a.spans) {
				k = min(k, a.spans[i].offset-offset)
			}
			a.insert(i, offset, piece[:k])
		}
		offset, piece = offset+k, piece[k:]
	}
}

// compare holds a piece against the span that its first byte falls in. It returns how many bytes were compared.
func (a *assembly) compare(s span, offset int, piece []byte) int {
	k := min(len(piece), s.end()-offset)
	had := a.data[s.at+offset-s.offset:][:k]
	a.broken = !bytes.Equal(had, piece[:k])
	return k
}

// insert keeps a piece of which nothing was known as the span i, or as the end of the span before it.
func (a *assembly) insert(i, offset int, piece []byte) {
	at := len(a.data)
	a.data = append(a.data, piece...)
	if i > 0 && a.spans[i-1].end() == offset && a.spans[i-1].at+a.spans[i-1].length == at {
		a.spans[i-1].length += len(piece)
		return
	}
	if len(a.spans) == maxSpans {
		a.broken = true
		return
	}
	a.spans = slices.Insert(a.spans, i, span{offset, len(piece), at})
}

// first returns the first n bytes of the message where they are all there: a view of the assembly, or of scratch.
func (a *assembly) first(scratch *[]byte, n int) ([]byte, bool) {
	if a.broken || len(a.spans) == 0 || a.spans[0].offset != 0 {
		return nil, false
	}
	if s := a.spans[0]; s.length >= n {
		return a.data[s.at : s.at+n], true
	}
	*scratch = (*scratch)[:0]
	for _, s := range a.spans {
		if s.offset != len(*scratch) {
			break
		}
		*scratch = append(*scratch, a.data[s.at:s.at+s.length]...)
	}
	if len(*scratch) < n {
		return nil, false
	}
	return (*scratch)[:n], true
}

// empty says whether nothing was added.
func (a *assembly) empty() bool { return len(a.spans) == 0 && !a.broken }

// size is the memory that an assembly holds, in bytes.
func (a *assembly) size() int { return len(a.data) + len(a.spans)*spanSize }

const (
	spanSize = 24 // bytes of a span
	// maxSpareData and maxSpareSpans are the most memory that an assembly keeps for the next flow: two Initial packets full.
	maxSpareData  = 4 << 10
	maxSpareSpans = 32
	// maxWaiting is the most memory, in bytes, of all hellos of a Namer that are not complete: 2 MiB are some 400 at a time, where those
	// of ordinary traffic are complete within a few packets. All 64 shards together stay under 128 MiB.
	maxWaiting = 2 << 20
)

// reset makes an assembly as new, but for its memory.
func (a *assembly) reset() {
	if cap(a.data) > maxSpareData {
		a.data = nil
	}
	if cap(a.spans) > maxSpareSpans {
		a.spans = nil
	}
	*a = assembly{spans: a.spans[:0], data: a.data[:0]}
}

// charge notes that a flow whose incomplete hellos held so many bytes holds now as many. It says whether there is room for them.
func (n *Namer) charge(held *int, now int) bool {
	n.waiting += now - *held
	*held = now
	return n.waiting <= maxWaiting
}
