package judge

import "phonehome/analyze/flow"

// tallies are many tallies in one store. Each sums by key, in the order in which the keys came. Most have one key.
type tallies[K comparable] struct {
	flow.Chains[sum[K]]
	index map[tallied[K]]uint32 // links of the keys that come late in a tally
}

type sum[K comparable] struct {
	n   uint64
	key K
}

// tallied is a key of the tally that begins with a link.
type tallied[K comparable] struct {
	first uint32
	key   K
}

// indexFrom is the number of keys from which on an index is faster than to look at all.
const indexFrom = 16

// sum adds n to the sum of a key. A sum of nothing is kept too: the key was seen.
func (t *tallies[K]) sum(to *flow.Chain, k K, n uint64) {
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

// sumLate is sum for a key that is none of the first.
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
