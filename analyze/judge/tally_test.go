package judge

import "testing"

// TestTallies: tallies that grow by turns keep their own sums, and the order of their keys.
func TestTallies(t *testing.T) {
	const keys = 80
	all := newTallies[int]()
	var lists [3]tally[int]
	for round := range 2 {
		for k := range keys {
			for i := range lists {
				all.sum(&lists[i], (k+1)*(i+1), uint64(round+k))
			}
		}
	}
	for i := range lists {
		k := 0
		for s := range all.sums(&lists[i]) {
			if s.key != (k+1)*(i+1) || s.n != uint64(2*k+1) {
				t.Fatalf("list %d, key %d: %+v", i, k, *s)
			}
			k++
		}
		if k != keys {
			t.Errorf("list %d: %d keys, want %d", i, k, keys)
		}
	}
}
