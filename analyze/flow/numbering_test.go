package flow

import "testing"

// TestNumbering: each key has its own number, and others have none.
func TestNumbering(t *testing.T) {
	const many = 10 * leastSlots
	type key struct{ a, b uint32 }
	var keys List[key]
	x := NewNumbering(func(n uint32) key { return *keys.At(n) })
	for i := range uint32(many) {
		k := key{i % 7, i}
		if x.Find(k) != 0 {
			t.Fatalf("key %d has a number", i)
		}
		at, n := keys.Add()
		*at = k
		x.Add(k, n)
	}
	for i := range uint32(many) {
		if n := x.Find(key{i % 7, i}); n != i+1 {
			t.Errorf("key %d: number %d", i, n)
		}
	}
}
