package judge

import (
	"testing"

	"phonehome/analyze/flow"
)

// TestTallies: tallies that grow by turns keep their own sums, and the order of their keys.
func TestTallies(t *testing.T) {
	const keys = 5 * indexFrom
	var all tallies[int]
	var lists [3]flow.Chain
	for round := range 2 {
		for k := range keys {
			for i := range lists {
				all.sum(&lists[i], k*(i+1), uint64(round+k))
			}
		}
	}
	for i, list := range lists {
		k := 0
		for s := range all.Of(list) {
			if s.key != k*(i+1) || s.n != uint64(2*k+1) {
				t.Fatalf("list %d, key %d: %+v", i, k, *s)
			}
			k++
		}
		if k != keys {
			t.Errorf("list %d: %d keys, want %d", i, k, keys)
		}
	}
}
