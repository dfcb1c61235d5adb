package hostname

import (
	"strconv"
	"testing"
)

// TestTexts: a text has the number of its first coming, however much the index has grown since.
func TestTexts(t *testing.T) {
	const n = 10 * minTexts
	var x texts
	for range 2 {
		for i := range n {
			if got := x.id([]byte(strconv.Itoa(i))); got != uint32(i+1) {
				t.Fatalf("text %d has the number %d", i, got)
			}
		}
	}
	if x.id(nil) != 0 || x.text(0) != nil {
		t.Error("the empty text is not 0")
	}
	for i := range n {
		if got := string(x.text(uint32(i + 1))); got != strconv.Itoa(i) {
			t.Fatalf("number %d is %q", i+1, got)
		}
	}
}
