package judge

import (
	"testing"
	"time"

	"phonehome/analyze/rhythm"
)

// TestRhythmIsBounded: a year of exchanges every quarter of an hour is as long as two months of them.
func TestRhythmIsBounded(t *testing.T) {
	var events []int64
	begin := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)
	for at := begin; at.Year() == 2018; at = at.Add(15 * time.Minute) {
		events = append(events, at.UnixNano(), at.Add(time.Second).UnixNano()) // an exchange of two packets
	}
	r := rhythmOf(events, rhythm.Gap)
	if len(r.Starts) != maxStarts || r.StartsTotal != 365*24*4 || !r.Starts[1].Equal(begin.Add(15*time.Minute)) {
		t.Errorf("%d starts of %d, the second at %s", len(r.Starts), r.StartsTotal, r.Starts[1])
	}
	if len(r.Days) != maxRhythmDays || r.DaysTotal != 365 || r.Days[0].Day != "2018-01-01" || r.Days[61].Hours[23] != 4 {
		t.Errorf("%d days of %d, the last %v", len(r.Days), r.DaysTotal, r.Days[len(r.Days)-1])
	}
}

// TestRhythmLeavesOutQuietDays: a day without an exchange has no row.
func TestRhythmLeavesOutQuietDays(t *testing.T) {
	at := time.Date(2018, 11, 5, 23, 59, 0, 0, time.UTC)
	r := rhythmOf([]int64{at.UnixNano(), at.Add(48 * time.Hour).UnixNano()}, rhythm.Gap)
	if len(r.Days) != 2 || r.Days[1].Day != "2018-11-07" || r.Days[0].Hours[23] != 1 {
		t.Errorf("days %v", r.Days)
	}
}
