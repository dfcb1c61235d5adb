package judge

import (
	"iter"

	"phonehome/analyze/flow"
)

// tally sums by key, in the order in which the keys came. Most have one key, which lies in it. The zero key is none.
type tally[K comparable] struct {
	first sum[K]
	more  flow.Chain // of sums, in its tallies
}

type sum[K comparable] struct {
	n   uint64
	key K
}

// tallies are many tallies whose further keys lie in one store.
type tallies[K comparable] struct {
	flow.Chains[sum[K]]
	index map[tallied[K]]uint32 // links of the keys that come late in a tally
}

// tallied is a key of the tally whose further keys begin with a link.
type tallied[K comparable] struct {
	first uint32
	key   K
}

// indexFrom is the number of further keys from which on an index is faster than to look at all.
const indexFrom = 16

// sum adds n to the sum of a key. A sum of nothing is kept too: the key was seen.
func (t *tallies[K]) sum(to *tally[K], k K, n uint64) {
	var none K
	switch to.first.key {
	case k:
		to.first.n += n
	case none:
		to.first = sum[K]{n, k}
	default:
		t.sumMore(&to.more, k, n)
	}
}

// sumMore is sum for a key that is not the first.
func (t *tallies[K]) sumMore(to *flow.Chain, k K, n uint64) {
	looked := 0
	for s := range t.Of(*to) {
		if s.key == k {
			s.n += n
			return
		}
		if looked++; looked == indexFrom {
			t.sumLate(to, k, n)
			return
		}
	}
	t.Add(to, sum[K]{n, k})
}

// sumLate is sumMore for a key that is none of the first.
func (t *tallies[K]) sumLate(to *flow.Chain, k K, n uint64) {
	at := tallied[K]{to.First(), k}
	if l, ok := t.index[at]; ok {
		t.At(l).n += n
		return
	}
	if t.index == nil {
		t.index = map[tallied[K]]uint32{}
	}
	t.index[at] = t.Add(to, sum[K]{n, k})
}

// sums are the sums of a tally, by turns.
func (t *tallies[K]) sums(of *tally[K]) iter.Seq[*sum[K]] {
	return func(yield func(*sum[K]) bool) {
		var none K
		if of.first.key == none || !yield(&of.first) || of.more.First() == 0 {
			return
		}
		for s := range t.Of(of.more) {
			if !yield(s) {
				return
			}
		}
	}
}
