package judge

// tally sums by key. Most have one key, for which no map is made.
type tally[K comparable] struct {
	first K
	sum   uint64
	used  bool
	more  map[K]uint64
}

func (t *tally[K]) add(k K, n uint64) {
	switch {
	case !t.used:
		t.first, t.sum, t.used = k, n, true
	case t.first == k:
		t.sum += n
	default:
		if t.more == nil {
			t.more = map[K]uint64{}
		}
		t.more[k] += n
	}
}

// of returns the sum of a key.
func (t *tally[K]) of(k K) uint64 {
	if t.used && t.first == k {
		return t.sum
	}
	return t.more[k]
}

// keys returns the keys, in no order.
func (t *tally[K]) keys() []K {
	if !t.used {
		return nil
	}
	out := append(make([]K, 0, 1+len(t.more)), t.first)
	for k := range t.more {
		out = append(out, k)
	}
	return out
}
