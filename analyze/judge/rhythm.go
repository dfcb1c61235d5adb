package judge

import (
	"time"

	"phonehome/analyze/rhythm"
)

// Rhythm is when the exchanges of a beacon were, for those who want to see it.
type Rhythm struct {
	Starts      []time.Time `json:"starts"` // of the first exchanges, maxStarts at most
	StartsTotal int         `json:"starts_total"`
	Days        []RhythmDay `json:"days"` // UTC days from the first with an exchange on, without those that have none; maxRhythmDays at most
	DaysTotal   int         `json:"days_total"`
}

// RhythmDay is how many exchanges began in each hour of one UTC day.
type RhythmDay struct {
	Day   string `json:"day"`
	Hours []int  `json:"hours"` // 24
}

const (
	maxStarts     = 256 // what a strip of a screen's width can show apart
	hoursOfDay    = 24
	maxRhythmDays = 62 // two months: more rows nobody looks at
)

// rhythmOf tells when exchanges were that a silence parts: events are in order, nanoseconds since 1970.
func rhythmOf(events []int64, gap time.Duration) *Rhythm {
	starts := rhythm.Starts(events, gap)
	r := &Rhythm{StartsTotal: len(starts)}
	last := ""
	for i, n := range starts {
		t := time.Unix(0, n).UTC()
		if i < maxStarts {
			r.Starts = append(r.Starts, t)
		}
		if d := t.Format(day); d != last {
			last = d
			r.DaysTotal++
			if len(r.Days) < maxRhythmDays {
				r.Days = append(r.Days, RhythmDay{Day: d, Hours: make([]int, hoursOfDay)})
			}
		}
		if r.DaysTotal <= maxRhythmDays {
			r.Days[len(r.Days)-1].Hours[t.Hour()]++
		}
	}
	return r
}
