package hostname

import (
	"strconv"
	"testing"
)

// TestTexts: a text has the number of its first coming, however much the index has grown since.
func TestTexts(t *testing.T) {
	const n = 10 * minTexts
	var x texts
	numbers := make([]uint32, n)
	for i := range n {
		numbers[i] = x.id([]byte(strconv.Itoa(i)))
		if i > 0 && numbers[i] <= numbers[i-1] {
			t.Fatalf("text %d has the number %d, behind %d", i, numbers[i], numbers[i-1])
		}
	}
	for i := range n {
		if got := x.id([]byte(strconv.Itoa(i))); got != numbers[i] {
			t.Fatalf("text %d has the numbers %d and %d", i, numbers[i], got)
		}
	}
	if x.id(nil) != 0 || x.text(0) != nil {
		t.Error("the empty text is not 0")
	}
	for i := range n {
		if got := string(x.text(numbers[i])); got != strconv.Itoa(i) {
			t.Fatalf("number %d is %q", numbers[i], got)
		}
	}
}

// TestTextsOfStrings: a string and its bytes are one text.
func TestTextsOfStrings(t *testing.T) {
	var x texts
	for i, s := range []string{"t13d1516h2_8daaf6152771_e5627efa2ab1", "", "a", "b", "c", "d", "a"} {
		n := x.idOf(s)
		if got := string(x.text(n)); got != s {
			t.Errorf("%d: %q, want %q", i, got, s)
		}
		if m := x.id([]byte(s)); m != n {
			t.Errorf("%q has two numbers, %d and %d", s, n, m)
		}
	}
}
