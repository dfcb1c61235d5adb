package judge

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dustin/go-humanize"

	"phonehome/analyze/vendors"
)

const (
	// bulkDay is the payload to one recipient in one UTC day from which on it is a bulk upload, in bytes. A client's telemetry stays below 10 MB a day.
	bulkDay = 100_000_000
	// bulkRatio is how much more must go out than comes in: software that fetches as much as it sends synchronises, or calls.
	bulkRatio = 4
	// bulkHuge is the payload of a day that makes it graver, in bytes: databases and images, not documents.
	bulkHuge = 10_000_000_000
)

var bulkRule = Rule{
	ID:       "bulk-upload",
	Severity: Low,
	Fires:    "Much more payload went to one recipient in a UTC day than came from it, whoever opened the connections.",
	Levels: "Low where no register was given and the recipient is known, as backups and file sync are like that; medium where the recipient is not known or the register supplied does not " +
		"cover the transfer; high where it does not and 10 GB went in a day.",
	Bounds: []Bound{
		{"payload of a day", "100 MB", "the telemetry of one client stays below 10 MB a day"},
		{"out against in", "4 to 1", "software that fetches as much as it sends synchronises, or calls"},
		{"much more", "10 GB a day", "databases and images, not documents"},
	},
	Numbers: []Number{
		{"max_day_bytes", "bytes", "payload out on the UTC day that had most"},
		{"payload_in", "bytes", "payload that came back, on all days"},
		{"days", "days", "UTC days on which payload went out"},
	},
	Blind: "What the register covers: there max_bytes_out_per_day says how much is agreed. What was sent, where it is encrypted. Volumes come from headers, and are right in captures that cut packets short. Where the capturing side lost packets they are lower bounds.",
	Do:    "Ask who on the client runs a backup or an export. Compare with the contract: what data, to which country, until when.",
	find:  findBulk,
}

func findBulk(c *Case) (out []Finding) {
	for _, g := range c.byRecipient(func(i int) bool { return c.details[i].state == rankTransferred && !c.covered(i) }) {
		days, in := c.daily(g)
		var most uint64
		for _, n := range days {
			most = max(most, n)
		}
		if most < bulkDay || c.payloadOut(g) < bulkRatio*in {
			continue
		}
		f := c.finding(g)
		f.Severity = c.bulkSeverity(&f, most)
		f.Title = fmt.Sprintf("%s to %s, up to %s in a day", humanize.Bytes(f.PayloadOut), g.to, humanize.Bytes(most))
		f.Facts = append(f.Facts, c.volume(&f)+".", fmt.Sprintf("%s came back.", humanize.Bytes(in)))
		for _, day := range slices.Sorted(maps.Keys(days)) {
			if days[day] >= bulkDay {
				f.Facts = append(f.Facts, fmt.Sprintf("%s: %s.", dayText(day), humanize.Bytes(days[day])))
			}
		}
		f.Inference = "This looks like stored data that is handed over, not like a program's report on itself."
		f.Unknown = append(unconfirmed(f.VendorBasis), "What was sent: "+c.content(g)+".")
		f.Measures = map[string]float64{"max_day_bytes": float64(most), "payload_in": float64(in), "days": float64(len(days))}
		out = append(out, f)
	}
	return out
}

func (c *Case) bulkSeverity(f *Finding, most uint64) Severity {
	known := f.Vendor != "" && f.VendorBasis != vendors.BasisRegistrable
	switch {
	case c.register != nil && most >= bulkHuge:
		return High
	case c.register != nil || !known:
		return Medium
	}
	return Low
}

// daily is the payload out of each UTC day, counted since 1970, and the payload in of all.
func (c *Case) daily(g *group) (days map[int32]uint64, in uint64) {
	days = map[int32]uint64{}
	counts := c.counts(g)
	for _, i := range g.members {
		d := c.Destinations[i]
		if !counts(i) {
			continue
		}
		in += d.PayloadIn
		for h := range d.ByHour() {
			days[dayOf(h.Hour)] += h.PayloadOut
		}
	}
	return days, in
}

const hoursADay = 24

// dayOf is the UTC day, since 1970, of an hour since 1970.
func dayOf(hour int32) int32 {
	day := hour / hoursADay
	if hour%hoursADay < 0 {
		day--
	}
	return day
}

func dayText(day int32) string {
	return time.Unix(int64(day)*hoursADay*int64(time.Hour/time.Second), 0).UTC().Format(time.DateOnly)
}
