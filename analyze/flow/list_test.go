package flow

import (
	"slices"
	"testing"
)

// TestList: what a list holds stays where it is.
func TestList(t *testing.T) {
	var l List[int]
	var at []*int
	for i := range 3 * listChunk {
		v, n := l.Add()
		*v = i
		at = append(at, v)
		if int(n) != i+1 || l.Len() != i+1 {
			t.Fatalf("number %d of %d, want %d", n, l.Len(), i+1)
		}
	}
	if got := slices.Collect(l.All()); !slices.Equal(got, at) {
		t.Error("values were moved")
	}
}
