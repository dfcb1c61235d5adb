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

// TestListTake: all values, and a list that has none of them any more.
func TestListTake(t *testing.T) {
	const n = 2*listChunk + 3
	var l List[int]
	for i := range n {
		v, _ := l.Add()
		*v = i
	}
	next := 0
	for v := range l.Take() {
		if *v != next {
			t.Fatalf("value %d is %d", next, *v)
		}
		next++
	}
	if next != n || l.Len() != 0 {
		t.Errorf("%d values were taken of %d, %d are left", next, n, l.Len())
	}
}

// TestStacks: stacks that grow by turns have each their own values, the latest first.
func TestStacks(t *testing.T) {
	const high = 5
	var c Chains[int]
	var stacks [3]Stack
	for i := range high {
		for s := range stacks {
			c.Push(&stacks[s], 10*s+i)
		}
	}
	for s := range stacks {
		want := 10*s + high - 1
		for v := range c.Down(stacks[s]) {
			if *v != want {
				t.Errorf("stack %d: %d, want %d", s, *v, want)
			}
			want--
		}
		if want != 10*s-1 {
			t.Errorf("stack %d ends before %d", s, want)
		}
	}
}

// TestTrim: values are taken out of a list wherever they stand, the walk ends when it is told to, and what is added comes last.
func TestTrim(t *testing.T) {
	for _, c := range []struct {
		out   []int // values taken out
		until int   // the last one looked at
		want  []int
	}{
		{[]int{0, 1}, 4, []int{2, 3, 4, 9}}, {[]int{2}, 4, []int{0, 1, 3, 4, 9}}, {[]int{3, 4}, 4, []int{0, 1, 2, 9}}, {[]int{0, 1, 2, 3, 4}, 4, []int{9}}, {[]int{1, 4}, 2, []int{0, 2, 3, 4, 9}},
	} {
		var all Chains[int]
		var list Chain
		for i := range 5 {
			all.Add(&list, i)
		}
		last := -1
		all.Trim(&list, func(v *int) (keep, more bool) {
			last = *v
			return !slices.Contains(c.out, *v), *v < c.until
		})
		all.Add(&list, 9)
		var got []int
		for v := range all.Of(list) {
			got = append(got, *v)
		}
		if !slices.Equal(got, c.want) || last != c.until {
			t.Errorf("%v out: %v, up to %d; want %v", c.out, got, last, c.want)
		}
	}
}
