package flow

import "testing"

// TestArenaGivesBack: a piece is kept until all of its strings are done with.
func TestArenaGivesBack(t *testing.T) {
	var a Arena
	var refs []Ref
	for i := range 3 * leastChunk {
		refs = append(refs, a.Add([]byte{byte(i)}))
	}
	for i, r := range refs {
		if got := a.At(r)[0]; got != byte(i) {
			t.Fatalf("string %d is %d", i, got)
		}
		a.Done(r)
		last := i == len(refs)-1 || refs[i+1].chunk() != r.chunk()
		if gone := a.chunks[r.chunk()] == nil; gone != last {
			t.Fatalf("string %d: its piece is gone: %v, it was the last: %v", i, gone, last)
		}
	}
}
