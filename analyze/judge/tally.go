package judge

import (
	"iter"

	"phonehome/analyze/flow"
)

// tally sums by key, in the order in which the keys came. Most have one key, which lies in it. The zero key is none.
type tally[K comparable] struct {
	first sum[K]
	more  flow.Chain // of its tallies
}

type sum[K comparable] struct {
	n   uint64
	key K
}

// tallies are many tallies whose further keys lie in one store.
type tallies[K comparable] struct {
	further flow.Chains[further[K]]
	index   flow.Numbering[tallied[K]] // numbers of links
}

// further is a sum of a key that is not the first of its tally.
type further[K comparable] struct {
	sum[K]
	tally uint32
}

// tallied is a key of a tally, which is told by the first link of its further keys.
type tallied[K comparable] struct {
	tally uint32
	key   K
}

func newTallies[K comparable]() *tallies[K] {
	t := &tallies[K]{}
	t.index = flow.NewNumbering(func(n uint32) tallied[K] {
		f := t.further.At(n)
		return tallied[K]{f.tally, f.key}
	})
	return t
}

// sum adds n to the sum of a key. A sum of nothing is kept too: the key was seen.
func (t *tallies[K]) sum(to *tally[K], k K, n uint64) {
	var none K
	switch to.first.key {
	case k:
		to.first.n += n
	case none:
		to.first = sum[K]{n, k}
	default:
		t.sumFurther(to, k, n)
	}
}

// sumFurther is sum for a key that is not the first.
func (t *tallies[K]) sumFurther(to *tally[K], k K, n uint64) {
	at := tallied[K]{to.more.First(), k}
	if at.tally != 0 {
		if l := t.index.Find(at); l != 0 {
			t.further.At(l).n += n
			return
		}
	}
	l := t.further.Add(&to.more, further[K]{sum: sum[K]{n, k}})
	at.tally = to.more.First()
	t.further.At(l).tally = at.tally
	t.index.Add(at, l)
}

// seal gives back what only adding needs.
func (t *tallies[K]) seal() { t.index = flow.Numbering[tallied[K]]{} }

// sums are the sums of a tally, by turns.
func (t *tallies[K]) sums(of *tally[K]) iter.Seq[*sum[K]] {
	return func(yield func(*sum[K]) bool) {
		var none K
		if of.first.key == none || !yield(&of.first) || of.more.First() == 0 {
			return
		}
		for f := range t.further.Of(of.more) {
			if !yield(&f.sum) {
				return
			}
		}
	}
}
