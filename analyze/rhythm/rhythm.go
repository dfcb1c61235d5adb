// Package rhythm tests whether events come in a rhythm.
//
// The null hypothesis: events come at random, each silence between two of them exponential with a rate of its own, whatever that rate is (a Poisson process whose rate
// may change from event to event: with the time of day, with the user). Two tests look at the silences (the second with two windows), and what is reported is the smallest p, times the number of tests:
//
//   - Evenness, for rhythms without gaps. Under one common rate the silences, divided by their sum, are uniform on a simplex (Greenwood 1946), so the chance that their
//     coefficient of variation is at most c is at most that of the ball of that size in it. Rates that differ make even silences less likely still. Many events can be
//     more even than chance and still keep no time: nearly all intervals must be near the period, or many events must be followed by another after the same time, as in
//     two rhythms that interleave.
//   - Multiples, for rhythms with missing or additional events. However the rates are, the chance that a silence lies near one, two or three times a given period is
//     bounded (windows); so hits are at most binomial. Each interval is tried as the period, and paid for.
//
// Random events that never come closer than some time are outside the null hypothesis, and no rhythm either: their intervals trail off behind the shortest (trails).
package rhythm

import (
	"math"
	"slices"
	"time"
)

const (
	// Alpha is the greatest p at which a series is called a rhythm.
	Alpha = 0.001
	// Gap is the shortest silence that parts two exchanges: what comes sooner belongs to the one before. It is longer than the retransmissions and the answers of one, and
	// the same that flows are looked at with.
	Gap = 5 * time.Second
	// MinPeriod is the shortest period that is told: below, times that a capture rounds to seconds, and the silence that parts events, would look like one. It is 10 s
	// with the tenth by which the mean of a few intervals may stray.
	MinPeriod = 9 * time.Second
	// MinEvents is the fewest events with which a rhythm can be called: with fewer no p can be small enough unless they are exact.
	MinEvents = 6
)

// gaps are the silences that part exchanges, in the order in which they are tried, each with its share of Alpha. A program may try again for some seconds, or hold its
// connection open until whoever grows tired of it says goodbye, and both are of the same exchange. Of an exponential what is left beyond any silence is exponential, so the
// null hypothesis stays the same.
var gaps = [...]struct {
	silence time.Duration
	share   float64
}{{Gap, 0.9}, {20 * time.Second, 0.04}, {90 * time.Second, 0.03}, {5 * time.Minute, 0.03}}

// Result is what a series shows.
type Result struct {
	Gap              time.Duration // the silence that parts its exchanges
	Period, Jitter   time.Duration // jitter: standard deviation of the intervals around the period
	Events, Expected int           // after merging, of two rhythms those of one; by the period, from the first to the last
	P                float64       // of the null hypothesis
	Called           bool          // P <= Alpha
	Tested           bool          // there were enough events to test
}

// Test tests a series: starts of events in nanoseconds, in order.
func Test(events []int64) Result {
	best := Result{P: math.Inf(1)}
	for _, g := range gaps {
		if g.silence > Gap && !parts(events, g.silence) {
			continue
		}
		r := test(events, g.silence)
		if r.P = min(1, r.P/g.share); r.P < best.P {
			best = r
		}
	}
	best.Called = best.P <= Alpha
	return best
}

// parts says whether a silence parts exchanges otherwise than Gap does, and better than a shorter or a longer one would: hardly any silence of the series is like it.
func parts(events []int64, gap time.Duration) bool {
	const most = 0.05
	merged, alike := 0, 0
	for i := 1; i < len(events); i++ {
		switch silent := time.Duration(events[i] - events[i-1]); {
		case silent < Gap || silent >= 2*gap:
		case silent < gap:
			merged++
		default:
			alike++
		}
	}
	return merged > 0 && float64(alike) <= most*float64(len(events))
}

// test tests a series whose exchanges a silence parts.
func test(events []int64, gap time.Duration) Result {
	starts, silences := exchanges(events, gap)
	r := Result{Gap: gap, Events: len(starts), P: 1}
	if r.Events < MinEvents {
		return r
	}
	r.Tested = true
	intervals := make([]float64, len(starts)-1)
	for i := range intervals {
		intervals[i] = float64(starts[i+1] - starts[i])
	}
	p, period := 1.0, float64(starts[len(starts)-1]-starts[0])/float64(len(intervals))
	interleaved := 0.0 // the period where the rhythm is one of two
	if even := evenness(silences); nearShare(intervals, period) >= leastNear {
		p = even
	} else if even <= Alpha {
		if interleaved = lag(starts, period); interleaved > 0 {
			p = even
		}
	}
	for _, w := range windows {
		if q, candidate := multiples(intervals, gap, w.width, w.maxHit); q < p {
			p, period, interleaved = q, candidate, 0
		}
	}
	const tests = float64(1 + len(windows))
	if period < float64(MinPeriod) || interleaved == 0 && trails(intervals, period) {
		return r
	}
	r.P = min(1, tests*p)
	if interleaved > 0 {
		intervals = followers(starts, interleaved, lagWindow)
		period, r.Events = interleaved, len(intervals)+1
	}
	period, jitter := refine(intervals, period)
	r.Period, r.Jitter = time.Duration(period), time.Duration(jitter)
	r.Expected = int(math.Round(float64(starts[len(starts)-1]-starts[0])/period)) + 1
	if interleaved > 0 {
		r.Events = min(r.Events, r.Expected) // some of the others' follow by chance
	}
	return r
}

// Starts are the starts of the exchanges that events, in order, belong to, where a silence parts them.
func Starts(events []int64, gap time.Duration) []int64 {
	starts, _ := exchanges(events, gap)
	return starts
}

// exchanges merges events that follow each other within a silence. silences are from the end of one exchange to the start of the next, less that silence: under the
// null hypothesis what is left of an exponential is exponential.
func exchanges(events []int64, gap time.Duration) (starts []int64, silences []float64) {
	for i, t := range events {
		if i > 0 {
			silent := t - events[i-1] - int64(gap)
			if silent < 0 {
				continue
			}
			silences = append(silences, float64(silent))
		}
		starts = append(starts, t)
	}
	return starts, silences
}

// leastNear is the share of intervals that must be within a quarter of the period, or of two or three of them, to be called even. Random events that keep a distance are more
// even than chance too, and fewer of their intervals are alike.
const leastNear = 0.85

func nearShare(intervals []float64, period float64) float64 {
	n := 0
	for _, v := range intervals {
		if near(v, period, widest) {
			n++
		}
	}
	return float64(n) / float64(len(intervals))
}

// trails says whether intervals that are longer than the period trail off, as those of random events that are never closer than some time do. In a rhythm they are two or
// three times as long, but for a few.
func trails(intervals []float64, period float64) bool {
	const few = 0.0625
	period, _ = refine(intervals, period)
	multiples, between := 0, 0
	for _, v := range intervals {
		switch k := v / period; {
		case k <= 1+widest || k > multiple+widest:
		case near(v, period, widest):
			multiples++
		default:
			between++
		}
	}
	return float64(between) > max(1, math.Floor(few*float64(len(intervals))), float64(multiples)/2)
}

const (
	lagWindow = 0.1 // how far from the lag a follower may be, as a share of it
	lagExcess = 0.3 // the share of events that must have a follower beyond those that would have one by chance: of two rhythms one has half of the events
	maxLag    = 3   // events ahead that a lag is taken from
)

// lag finds the time after which the most events are followed by another, and by one more after as long again, for a rhythm between whose events those of another lie; 0 where
// there is none. Events whose intervals are merely alike lose the beat at the second.
func lag(starts []int64, mean float64) (best float64) {
	most := lagExcess
	step := max(1, len(starts)/maxTried)
	for i := 0; i < len(starts); i += step {
		for _, to := range starts[i+1 : min(len(starts), i+1+maxLag)] {
			candidate := float64(to - starts[i])
			once := float64(len(followers(starts, candidate, lagWindow))) / float64(len(starts)-1)
			twice := float64(len(followers(starts, 2*candidate, lagWindow/2))) / float64(len(starts)-2)
			if excess := min(once, twice) - (1 - math.Exp(-2*lagWindow*candidate/mean)); excess > most {
				most, best = excess, candidate
			}
		}
	}
	return best
}

// followers are the times from events to the event nearest to a period later, of those within the window.
func followers(starts []int64, period, window float64) (out []float64) {
	next := 0
	for _, t := range starts {
		for next < len(starts)-1 && float64(starts[next]-t) < period {
			next++
		}
		after, before := float64(starts[next]-t), float64(starts[max(0, next-1)]-t)
		if math.Abs(before-period) < math.Abs(after-period) {
			after = before
		}
		if math.Abs(after-period) <= window*period {
			out = append(out, after)
		}
	}
	return out
}

// evenness bounds the chance that n exponentials of one rate vary as little as these.
func evenness(x []float64) float64 {
	n := float64(len(x))
	var sum, squares float64
	for _, v := range x {
		sum += v
	}
	mean := sum / n
	if mean == 0 {
		return 1
	}
	for _, v := range x {
		squares += (v/mean - 1) * (v/mean - 1)
	}
	// The shares x/sum lie within radius r of the simplex's centre, in n-1 dimensions. Volume of that ball over that of the simplex, sqrt(n)/(n-1)!.
	r := math.Sqrt(squares) / n
	if r == 0 {
		return 0
	}
	d := n - 1
	ball, _ := math.Lgamma(d/2 + 1)
	simplex, _ := math.Lgamma(n)
	return math.Exp(min(0, d/2*math.Log(math.Pi)-ball+d*math.Log(r)+simplex-math.Log(n)/2))
}

const (
	multiple = 3  // the greatest that is tried: with three of ten events missing it leaves out one interval in forty
	leastGap = 10 // times the silence that parts exchanges is the shortest period
	maxTried = 32 // periods tried, evenly over the intervals in order of length
)

// windows are how far from a multiple an interval may be, as a share of the period, with the greatest chance of that over all rates, where the silence that parts
// exchanges is up to a tenth of the period. The narrow one has more power for small jitter, the wide one sees a larger.
var windows = [...]struct{ width, maxHit float64 }{{0.15, 0.21}, {0.25, 0.35}}

// multiples returns the smallest p over the periods tried, that of the period which the most intervals hit, with the period.
func multiples(intervals []float64, gap time.Duration, window, maxHit float64) (p, period float64) {
	sorted := slices.Sorted(slices.Values(intervals))
	n, most := len(sorted), 0
	for i := range min(n, maxTried) {
		candidate := sorted[i*(n-1)/max(1, min(n, maxTried)-1)]
		if candidate < leastGap*float64(gap) {
			continue
		}
		hits := 0
		for _, v := range intervals {
			if near(v, candidate, window) {
				hits++
			}
		}
		if hits > most {
			most, period = hits, candidate
		}
	}
	// The candidate hits itself. Whichever of the n intervals had been best would have been taken.
	return min(1, float64(n)*binomialTail(n-1, most-1, maxHit)), period
}

func near(interval, period, window float64) bool {
	k := math.Round(interval / period)
	return k >= 1 && k <= multiple && math.Abs(interval/period-k) <= window
}

// widest is the window in which intervals make the period more exact.
const widest = 0.25

// refine returns the mean and the standard deviation of a period, over the intervals that are near one, two or three times it.
func refine(intervals []float64, period float64) (mean, deviation float64) {
	for range 3 { // the mean moves the window: it settles at once
		var sum, count float64
		for _, v := range intervals {
			if near(v, period, widest) {
				sum += v
				count += math.Round(v / period)
			}
		}
		if count == 0 {
			return period, 0
		}
		period = sum / count
	}
	var squares, n float64
	for _, v := range intervals {
		if near(v, period, widest) {
			e := v - math.Round(v/period)*period
			squares += e * e
			n++
		}
	}
	if n == 0 {
		return period, 0
	}
	return period, math.Sqrt(squares / n)
}

// binomialTail is the chance of at least k hits in n tries.
func binomialTail(n, k int, p float64) float64 {
	if k <= 0 {
		return 1
	}
	if k > n {
		return 0
	}
	var sum float64
	for i := n; i >= k; i-- { // the smallest first
		sum += math.Exp(logChoose(n, i) + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return min(1, sum)
}

func logChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// FalseDiscovery returns for each p the q of Benjamini and Hochberg (1995): the share of false calls to expect among all series called at its p or a smaller one.
func FalseDiscovery(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	q := make([]float64, len(p))
	least := 1.0
	for rank := len(order); rank > 0; rank-- {
		i := order[rank-1]
		least = min(least, p[i]*float64(len(p))/float64(rank))
		q[i] = least
	}
	return q
}
