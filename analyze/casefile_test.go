package analyze

import (
	"testing"
	"time"
	_ "time/tzdata" // for machines that have no zones
)

// TestCaseOffsets: where clocks change within the captures, each time has the offset of its side.
func TestCaseOffsets(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	change := time.Date(2018, 10, 28, 1, 0, 0, 0, time.UTC)
	c := CaseFile{Zone: zone}.at(change.Add(-time.Hour), change.Add(time.Hour))
	if len(c.Offsets) != 2 || c.Offsets[0].Seconds != 7200 || c.Offsets[1].Seconds != 3600 || !c.Offsets[1].From.Equal(change) {
		t.Fatalf("offsets %+v", c.Offsets)
	}
	for at, want := range map[time.Time]string{change.Add(-time.Minute): "02:59 CEST", change: "02:00 CET", change.Add(time.Minute): "02:01 CET"} {
		local, name, ok := c.Local(at)
		if got := local.Format("15:04 ") + name; !ok || got != want {
			t.Errorf("%s is %s, want %s", at, got, want)
		}
	}
}

// TestCaseWithoutZone: no local time where none was asked for.
func TestCaseWithoutZone(t *testing.T) {
	c := CaseFile{Title: "x"}.at(time.Unix(0, 0), time.Unix(1, 0))
	if _, _, ok := c.Local(time.Unix(0, 0)); ok || len(c.Offsets) != 0 {
		t.Errorf("offsets %+v", c.Offsets)
	}
}
