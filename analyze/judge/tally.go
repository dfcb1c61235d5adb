package judge

// tally sums by key, in the order in which the keys came. Most have one key; one with many gets an index. It must not be copied.
type tally[K comparable] struct {
	list  []sum[K]
	index map[K]int32
	first [1]sum[K] // where the list begins
}

type sum[K comparable] struct {
	key K
	n   uint64
}

// indexFrom is the number of keys from which on an index is faster than to look at all.
const indexFrom = 16

// add adds n to the sum of a key. A sum of nothing is kept too: the key was seen.
func (t *tally[K]) add(k K, n uint64) {
	if i := t.find(k); i >= 0 {
		t.list[i].n += n
		return
	}
	if t.list == nil {
		t.list = t.first[:0]
	}
	t.list = append(t.list, sum[K]{k, n})
	switch last := len(t.list) - 1; {
	case last == indexFrom:
		t.index = make(map[K]int32, 2*indexFrom)
		for i := range t.list {
			t.index[t.list[i].key] = int32(i)
		}
	case last > indexFrom:
		t.index[k] = int32(last)
	}
}

func (t *tally[K]) find(k K) int {
	if t.index != nil {
		if i, ok := t.index[k]; ok {
			return int(i)
		}
		return -1
	}
	for i := range t.list {
		if t.list[i].key == k {
			return i
		}
	}
	return -1
}
