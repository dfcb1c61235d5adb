package analyze

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestBucketSorted: any numbers are sorted, however they lie, and equals among them.
func TestBucketSorted(t *testing.T) {
	type value struct{ number, rest int64 }
	compare := func(a, b value) int { return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.rest, b.rest)) }
	r := rand.New(rand.NewPCG(1, 2))
	for name, number := range map[string]func() int64{
		"even":   func() int64 { return r.Int64N(1e12) },
		"few":    func() int64 { return r.Int64N(3) },
		"same":   func() int64 { return -7 },
		"uneven": func() int64 { return 1 << r.IntN(62) },
		"ends":   func() int64 { return []int64{math.MinInt64, math.MaxInt64, 0}[r.IntN(3)] },
	} {
		for _, n := range []int{0, 1, 2, 100, 10_000} {
			list := make([]value, n)
			for i := range list {
				list[i] = value{number(), r.Int64N(50)}
			}
			want := slices.SortedFunc(slices.Values(list), compare)
			if got := bucketSorted(list, func(v *value) int64 { return v.number }, compare); !slices.Equal(got, want) {
				t.Errorf("%s, %d: not in order", name, n)
			}
		}
	}
}
