package flow

// maxHoles is how many gaps in one direction of a TCP flow are remembered. Loss comes in bursts of a few; a ninth gap pushes out the
// oldest, and bytes that fill that one later are not counted.
const maxHoles = 8

// hole is a run of sequence numbers that was passed over and not seen yet, [from, to).
type hole struct{ from, to uint64 }

// holes are the gaps below the next sequence number of one direction, in no order.
type holes struct {
	gap [maxHoles]hole
	n   uint8
}

// add remembers a gap; it reports false if one had to be forgotten.
func (h *holes) add(from, to uint64) bool {
	if h.n == maxHoles {
		copy(h.gap[:], h.gap[1:])
		h.gap[maxHoles-1] = hole{from, to}
		return false
	}
	h.gap[h.n] = hole{from, to}
	h.n++
	return true
}

// fill takes [from, to) out of the gaps and returns how many bytes of it were missing.
func (h *holes) fill(from, to uint64) (filled uint64) {
	var left holes
	for _, g := range h.gap[:h.n] {
		lo, hi := max(g.from, from), min(g.to, to)
		if lo >= hi {
			left.add(g.from, g.to)
			continue
		}
		filled += hi - lo
		if g.from < lo {
			left.add(g.from, lo)
		}
		if hi < g.to {
			left.add(hi, g.to)
		}
	}
	*h = left
	return filled
}

// halfNumbers is how far a sequence number can be told from those after it (RFC 9293, section 3.4).
const halfNumbers = 1 << 31

// firstNumber is the 64-bit number of the first byte of a direction, whose sequence number is seq: there is room below for segments that come late.
func firstNumber(seq uint32) uint64 { return 1<<32 | uint64(seq) }

// unwrap returns the 64-bit number nearest to next whose low half is seq (RFC 9293, section 3.4: numbers wrap at 2^32).
func unwrap(next uint64, seq uint32) uint64 {
	return next + uint64(int64(int32(seq-uint32(next))))
}
