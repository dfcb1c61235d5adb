package flow

// An Arena allocates an eighth of what it holds at a time, between these numbers of bytes: there are some in each of 64 shards, and what is not filled
// of the last piece is lost.
const (
	leastChunk = 1 << 10
	mostChunk  = 1 << refBits
)

// Arena is an append-only store of byte strings without pointers in them. Where finished flows will be spilled to disk one day, this is
// the place.
type Arena struct {
	chunks [][]byte
	wanted []uint32 // by chunk, how many of its strings are not done with
	bytes  int
}

// Ref is the place of a byte string in an Arena: the number of its chunk, and in the lower bits where it begins there. Chunks longer than mostChunk hold
// one string.
type Ref uint32

const (
	refBits   = 15
	maxChunks = 1 << (32 - refBits) // 4 GiB of one shard
)

func (r Ref) chunk() int { return int(r >> refBits) }
func (r Ref) at() int    { return int(r & (mostChunk - 1)) }

// Add copies b into the arena.
func (a *Arena) Add(b []byte) Ref {
	n := len(a.chunks)
	if n == 0 || len(a.chunks[n-1])+len(b) > cap(a.chunks[n-1]) {
		if n == maxChunks {
			panic("arena is full")
		}
		a.chunks = append(a.chunks, make([]byte, 0, max(min(max(a.bytes/8, leastChunk), mostChunk), len(b))))
		a.wanted = append(a.wanted, 0)
		n++
	}
	c := &a.chunks[n-1]
	r := Ref(n-1)<<refBits | Ref(len(*c))
	*c = append(*c, b...)
	a.wanted[n-1]++
	a.bytes += len(b)
	return r
}

// Done says of one of the strings that it is not read again. The memory of a piece is given back when all of its strings are done with.
func (a *Arena) Done(r Ref) {
	if a.wanted[r.chunk()]--; a.wanted[r.chunk()] == 0 {
		a.chunks[r.chunk()] = nil
	}
}

// At returns the bytes from r on, as far as they are in one piece. It is a view.
func (a *Arena) At(r Ref) []byte { return a.chunks[r.chunk()][r.at():] }

// Bytes is the sum of the lengths that were added.
func (a *Arena) Bytes() int { return a.bytes }

// Chunks calls each with a first place and all bytes of each piece, in order.
func (a *Arena) Chunks(each func(r Ref, b []byte)) {
	for i, c := range a.chunks {
		each(Ref(i)<<refBits, c)
	}
}

// Plus returns the place n bytes behind r in the same piece.
func (r Ref) Plus(n int) Ref { return r + Ref(n) }
