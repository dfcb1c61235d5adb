package analyze

import (
	"slices"
	"testing"

	"phonehome/analyze/capture"
)

// TestCannotSeeCounts: what can't be seen is said of one as of several, and not at all where there is none.
func TestCannotSeeCounts(t *testing.T) {
	for _, c := range []struct {
		n    uint64
		want []string
	}{
		{0, []string{}},
		{1, []string{
			"The capturing side reports 1 packet lost: volumes are lower bounds.",
			"1 of 9 packets was captured in part: volumes are right, content beyond the cut was not seen.",
			"1 of 1 TCP connection with payload shows one direction only: answers, or what was sent, lie outside the capture.",
			"1 of 1 TCP connection was running before the capture began, or the start was lost: a name may be missing, and more may have been sent.",
			"1 packet is a copy of another (a mirror port or several interfaces): payload is counted once.",
			"Time steps back 1 time within a capture: order and durations there are not certain.",
			"1 record carries a time that no calendar holds: shown at the calendar's ends.",
			"1 packet could not be decoded (short).",
			"1 packet lies outside the time asked for.",
		}},
		{2, []string{
			"The capturing side reports 2 packets lost: volumes are lower bounds.",
			"2 of 9 packets were captured in part: volumes are right, content beyond the cut was not seen.",
			"2 of 2 TCP connections with payload show one direction only: answers, or what was sent, lie outside the capture.",
			"2 of 2 TCP connections were running before the capture began, or the start was lost: a name may be missing, and more may have been sent.",
			"2 packets are copies of others (a mirror port or several interfaces): payload is counted once.",
			"Time steps back 2 times within a capture: order and durations there are not certain.",
			"2 records carry times that no calendar holds: shown at the calendar's ends.",
			"2 packets could not be decoded (short).",
			"2 packets lie outside the time asked for.",
		}},
	} {
		e := &evidence{captures: []capture.Info{{Path: "a.pcap", SnappedPackets: c.n, Drops: c.n, BackwardSteps: c.n, SaturatedTimes: c.n, OutsideWindow: c.n}}}
		seen := &Coverage{Packets: 9, FlowPackets: 9, UndecodedPackets: c.n, Undecoded: map[string]uint64{"short": c.n}}
		got := e.cannotSee(seen, &coverageSums{tcp: c.n, oneWay: c.n, unstarted: c.n, duplicates: c.n, dns: 1})
		if !slices.Equal(got, c.want) {
			t.Errorf("of %d:\n%q\nwant\n%q", c.n, got, c.want)
		}
	}
}
