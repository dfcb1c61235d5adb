package analyze

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"phonehome/analyze/capture"
	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/judge"
	"phonehome/analyze/packet"
)

// coverageSums are sums over flow rows that say what a capture can show.
type coverageSums struct {
	duplicates uint64
	tcp        uint64 // TCP rows with payload
	oneWay     uint64 // of them, those with packets of one end only
	unstarted  uint64 // of them, those whose start was not seen
	dns        uint64 // rows recognised as DNS
	snapped    uint64
}

func (c *coverageSums) add(r *flow.Row) {
	c.duplicates += r.Duplicates
	if r.Protocol == "dns" {
		c.dns++
	}
	if r.Snapped {
		c.snapped++
	}
	if r.Transport != packet.TCP || r.Payload[0]+r.Payload[1] == 0 {
		return
	}
	c.tcp++
	if r.Packets[0] == 0 || r.Packets[1] == 0 {
		c.oneWay++
	}
	if r.Opener < 0 {
		c.unstarted++
	}
}

func (e *evidence) coverage(b *judge.Builder, sums *coverageSums, cut uint64) Coverage {
	c := Coverage{Undecoded: map[string]uint64{}, Duplicates: sums.duplicates, Direction: b.Direction, LimitsHit: maps.Clone(e.limits), ProposeInternal: []string{}}
	for i := range e.captures {
		in := &e.captures[i]
		c.Packets += in.Packets
		c.FlowPackets += in.FlowPackets
		c.OtherIPPackets += in.OtherIPPackets
		c.NonIPPackets += in.NonIPPackets
		c.UndecodedPackets += in.UndecodedPackets
		for k, v := range in.Undecoded {
			c.Undecoded[k] += v
		}
	}
	if cut > 0 {
		c.LimitsHit["dns-candidates"] += cut
	}
	c.Outbound = Outbound{WireBytes: b.WireOut, NamedBy: b.NamedBy()}
	for _, n := range c.Outbound.NamedBy {
		c.Outbound.PayloadBytes += n
	}
	for _, p := range b.ProposeInternal() {
		c.ProposeInternal = append(c.ProposeInternal, p.String())
	}
	c.CannotSee = e.cannotSee(&c, sums)
	return c
}

// cannotSee says, in sentences, what these captures cannot show: each only where it is true.
func (e *evidence) cannotSee(c *Coverage, sums *coverageSums) []string {
	out := []string{}
	say := func(when bool, format string, args ...any) {
		if when {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	var total capture.Info
	for i := range e.captures {
		in := &e.captures[i]
		total.SnappedPackets += in.SnappedPackets
		total.Drops += in.Drops
		total.BackwardSteps += in.BackwardSteps
		total.SaturatedTimes += in.SaturatedTimes
		total.OutsideWindow += in.OutsideWindow
		say(in.Unread != "", "Not read: %s.", in.Unread)
		say(in.Truncated, "%s is cut short: what came after is not known.", in.Path)
		for _, d := range in.Damage {
			say(!in.Truncated, "%s is damaged at offset %d (%s): packets there may be lost.", in.Path, d.FirstOffset, d.Reason)
		}
	}
	say(total.Drops > 0, "The capturing side reports %s lost: volumes are lower bounds.", packets(total.Drops))
	say(total.SnappedPackets > 0, "%s captured in part: volumes are right, content beyond the cut was not seen.", share(total.SnappedPackets, packets(c.Packets), "was", "were"))
	say(sums.tcp > 0 && sums.oneWay*2 > sums.tcp, "%s one direction only: answers, or what was sent, lie outside the capture.", share(sums.oneWay, connections(sums.tcp)+" with payload", "shows", "show"))
	say(sums.unstarted > 0, "%s running before the capture began, or the start was lost: a name may be missing, and more may have been sent.", share(sums.unstarted, connections(sums.tcp), "was", "were"))
	say(sums.dns == 0 && c.FlowPackets > 0, "No DNS was seen: names rest on what connections say of themselves.")
	say(sums.duplicates > 0, "%s (a mirror port or several interfaces): payload is counted once.", plural(sums.duplicates, "packet is a copy of another", "packets are copies of others"))
	say(total.BackwardSteps > 0, "Time steps back %s within a capture: order and durations there are not certain.", plural(total.BackwardSteps, "time", "times"))
	say(total.SaturatedTimes > 0, "%s that no calendar holds: shown at the calendar's ends.", plural(total.SaturatedTimes, "record carries a time", "records carry times"))
	say(c.UndecodedPackets > 0, "%s could not be decoded (%s).", packets(c.UndecodedPackets), strings.Join(slices.Sorted(maps.Keys(c.Undecoded)), ", "))
	say(len(c.LimitsHit) > 0, "Limits were hit (%s): some naming or counting was given up there.", strings.Join(slices.Sorted(maps.Keys(c.LimitsHit)), ", "))
	say(total.OutsideWindow > 0, "%s outside the time asked for.", plural(total.OutsideWindow, "packet lies", "packets lie"))
	return out
}

// number, plural, share, packets and connections write counts as every output does.
func number(n uint64) string { return humanize.Comma(int64(n)) }

func plural(n uint64, one, many string) string { return judge.Plural(int(n), one, many) }

// share is n of a whole, and what they do.
func share(n uint64, whole, one, many string) string {
	return number(n) + " of " + whole + " " + judge.OneOrMany(int(n), one, many)
}

func packets(n uint64) string { return plural(n, "packet", "packets") }

func connections(n uint64) string { return plural(n, "TCP connection", "TCP connections") }

// unjudged says why nothing could be judged: all traffic is between outside addresses.
func (r *Result) unjudged() []string {
	d := r.Coverage.Direction
	if len(r.Destinations) == 0 && d.OutsideOutside > 0 && d.Outbound+d.InsideInside == 0 {
		return []string{"nothing was judged: all traffic is between outside addresses; name yours with --internal"}
	}
	return nil
}

// exit says how a run ends (help exit-codes): problems are those that are known already, unseen the expected names that are missing.
func (e *evidence) exit(o Options, problems, unseen []string) Exit {
	reasons := slices.Clone(problems)
	var read, outside uint64
	for i := range e.captures {
		in := &e.captures[i]
		read += in.Packets
		outside += in.OutsideWindow
		reasons = append(reasons, captureProblems(o, in)...)
	}
	if read == 0 && len(reasons) == 0 {
		reasons = append(reasons, "no packet in any capture")
	}
	if read > 0 && outside == read { // a gate with a mistaken --since must not pass
		reasons = append(reasons, "nothing was analysed: all packets lie outside --since and --until")
	}
	if o.Strict {
		for _, k := range slices.Sorted(maps.Keys(e.limits)) {
			reasons = append(reasons, fmt.Sprintf("limit %s hit %s", k, plural(e.limits[k], "time", "times")))
		}
	}
	reasons = append(reasons, unseen...)
	if len(reasons) > 0 {
		return Exit{Code: 3, Reasons: reasons}
	}
	return Exit{Code: 0, Reasons: []string{}}
}

// captureProblems says what keeps one capture from counting as read.
func captureProblems(o Options, in *capture.Info) (out []string) {
	if in.Unread != "" {
		out = append(out, in.Unread)
	}
	if in.Truncated && !o.AllowCutTail {
		out = append(out, "cut tail in "+in.Path)
	}
	for _, d := range in.Damage {
		if !in.Truncated {
			out = append(out, fmt.Sprintf("damage in %s at offset %d: %s", in.Path, d.FirstOffset, d.Reason))
		}
	}
	if o.Strict && in.Drops > 0 {
		out = append(out, fmt.Sprintf("%s lost while capturing %s", packets(in.Drops), in.Path))
	}
	if o.Strict && in.SnappedPackets > 0 {
		out = append(out, fmt.Sprintf("%s captured in part in %s", packets(in.SnappedPackets), in.Path))
	}
	if in.Packets > 0 && in.Packets == in.UndecodedPackets {
		out = append(out, "nothing in "+in.Path+" could be decoded")
	}
	return out
}

// unseen lists the expected names that no evidence gives.
func (e *evidence) unseen(expect []string) (out []string) {
	if len(expect) == 0 {
		return nil
	}
	seen := map[string]bool{}
	_ = e.eachName(func(n *hostname.Name) error { // the function returns no error
		seen[hostname.Normal(hostname.Text(n.Kind, n.Name))] = true
		return nil
	})
	for _, x := range expect {
		if !seen[hostname.Normal(x)] {
			out = append(out, "expected name "+x+" was not seen")
		}
	}
	return out
}

// keepOnly applies --only: alternatives within a field, all fields together.
func keepOnly(ds []*judge.Destination, only []Only) []*judge.Destination {
	fields := map[string][]string{}
	for _, o := range only {
		fields[o.Field] = append(fields[o.Field], o.Value)
	}
	return slices.DeleteFunc(ds, func(d *judge.Destination) bool {
		for field, values := range fields {
			if !slices.ContainsFunc(values, func(v string) bool { return matches(d, field, v) }) {
				return true
			}
		}
		return false
	})
}

func matches(d *judge.Destination, field, value string) bool {
	switch field {
	case "vendor":
		return strings.EqualFold(d.Vendor, value)
	case "client":
		if p, err := netip.ParsePrefix(value); err == nil {
			return p.Contains(d.Client)
		}
		return d.Client.String() == value || d.ClientLabel == value
	case "name":
		value = hostname.Normal(value)
		if below, ok := strings.CutPrefix(value, "*."); ok {
			return strings.HasSuffix(d.Name, "."+below)
		}
		return d.Name == value
	}
	return false
}
