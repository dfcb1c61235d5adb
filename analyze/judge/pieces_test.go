package judge

import "testing"

// TestPieces: lists that were cut side by side do not grow into each other, and none is nil: JSON tells an empty list from none.
func TestPieces(t *testing.T) {
	var p pieces[int]
	if l := p.take(0); l == nil {
		t.Error("an empty list is nil")
	}
	a, b := p.take(2), p.take(3)
	a = append(a, 7)
	if len(a) != 3 || len(b) != 3 || b[0] != 0 {
		t.Errorf("%v and %v: one grew into the other", a, b)
	}
	if l := p.take(2 * pieceRoom); len(l) != 2*pieceRoom {
		t.Errorf("%d values, want %d", len(l), 2*pieceRoom)
	}
}
