package analyze

import "time"

// CaseFile is what the user says of the case that the captures belong to: reports show it, and nothing depends on it.
type CaseFile struct {
	Title       string `json:"title,omitempty"`
	ID          string `json:"id,omitempty"`
	Analyst     string `json:"analyst,omitempty"`
	Tap         string `json:"tap,omitempty"`          // where the captures were taken
	ClockOffset string `json:"clock_offset,omitempty"` // of the capturing clock, ahead of true time, as a duration; times are not corrected by it
	Timezone    string `json:"timezone,omitempty"`     // whose time is shown beside UTC: an IANA name or "+02:00"; "" for none
	// Offsets are those of the time zone, from the first packet to the last: whoever reads the result needs no rules of time zones.
	Offsets []Offset `json:"offsets,omitempty"`

	Zone *time.Location `json:"-"` // of Timezone, in a scan
}

// Offset is how far a time zone is ahead of UTC from some time on.
type Offset struct {
	From    time.Time `json:"from"`
	Seconds int       `json:"seconds"`
	Name    string    `json:"name"` // "CET"
}

// maxOffsets bounds the changes of a zone's time that are listed: two a year.
const maxOffsets = 64

// at is the case with the offsets of its zone between two times.
func (c CaseFile) at(from, to time.Time) CaseFile {
	if c.Zone == nil || from.IsZero() {
		return c
	}
	for t := from.In(c.Zone); len(c.Offsets) < maxOffsets; {
		name, seconds := t.Zone()
		c.Offsets = append(c.Offsets, Offset{From: t.UTC(), Seconds: seconds, Name: name})
		_, end := t.ZoneBounds()
		if end.IsZero() || end.After(to) {
			break
		}
		t = end
	}
	return c
}

// Local is a time in the case's zone with the zone's short name; false where no zone was given.
func (c *CaseFile) Local(t time.Time) (time.Time, string, bool) {
	if len(c.Offsets) == 0 {
		return t, "", false
	}
	o := c.Offsets[0]
	for _, next := range c.Offsets[1:] {
		if !t.Before(next.From) {
			o = next
		}
	}
	return t.In(time.FixedZone(o.Name, o.Seconds)), o.Name, true
}
