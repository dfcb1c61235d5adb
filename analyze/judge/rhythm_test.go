package judge

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
	"phonehome/analyze/rhythm"
	"phonehome/analyze/vendors"
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

// beats are clients that each go to one server every minute.
func beats(t *testing.T, clients int) *Case {
	t.Helper()
	const times, minute = 20, 60_000_000_000
	hosts := flow.NewHosts(flow.NewNetworks(false))
	b := NewBuilder(hostname.NewIndex(hosts))
	for n := range times {
		for i := range clients {
			r := flow.Row{A: ipv4(10<<24 + uint32(i)), B: ipv4(198<<24 + 1), APort: uint16(20_000 + n), BPort: 443, Transport: packet.UDP, Packets: [2]uint64{1, 1}, Payload: [2]uint64{9, 9},
				First: int64(n)*minute + int64(i), FirstFrame: uint64(n*clients + i), LastFrame: uint64(n*clients + i)}
			r.Last = r.First
			hosts.Look(&r)
			b.Add(&r)
		}
	}
	return b.Finish(&Attributor{Catalogue: vendors.Default(), Geo: &vendors.Geo{}})
}

// TestManyRhythms: of a recipient with many rhythms there is one finding, and eight times as many take eight times the room to make: not what grows with their square.
func TestManyRhythms(t *testing.T) {
	took := func(clients int) uint64 {
		c := beats(t, clients)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		found := findBeacons(c)
		runtime.ReadMemStats(&after)
		if len(found) != 1 || len(found[0].Destinations) != clients || found[0].PayloadOut != uint64(clients)*20*9 || !strings.HasPrefix(found[0].Title, "Every 1 min") {
			t.Fatalf("%d findings of %d clients: %+v", len(found), clients, found)
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	if few, many := took(250), took(2000); many > 12*few {
		t.Errorf("%d bytes for 250 rhythms, %d for 2,000", few, many)
	}
}
