package analyze

import "slices"

// bucketSorted sorts a list by numbers that lie more or less evenly, as times and frames do: each value is put close to its place at once. compare orders as the numbers do, and
// values of equal numbers.
func bucketSorted[T any](list []T, number func(*T) int64, compare func(a, b T) int) []T {
	if len(list) == 0 {
		return list
	}
	least, most := number(&list[0]), number(&list[0])
	for i := range list {
		n := number(&list[i])
		least, most = min(least, n), max(most, n)
	}
	width := (uint64(most)-uint64(least))/uint64(len(list)) + 1
	heap := func(v *T) uint64 { return (uint64(number(v)) - uint64(least)) / width }
	ends := make([]uint32, len(list)+1) // of heaps, each a place later: so they begin as the starts of the heaps, and become their ends as these are filled
	for i := range list {
		ends[heap(&list[i])+1]++
	}
	for i := range list {
		ends[i+1] += ends[i]
	}
	out := make([]T, len(list))
	for i := range list {
		end := &ends[heap(&list[i])]
		out[*end] = list[i]
		*end++
	}
	from := uint32(0)
	for _, to := range ends[:len(list)] {
		if to-from > 1 {
			slices.SortFunc(out[from:to], compare)
		}
		from = to
	}
	return out
}
