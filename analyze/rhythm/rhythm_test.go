package rhythm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// rita is the score that RITA's documentation describes for one pair of hosts: the mean of how even the intervals are, how alike the sizes, how flat the histogram of the
// hours and how much of the time is covered, each from 0 to 1. It is called a beacon from 0.70 on.
func rita(events []int64, sizes []float64, from, to int64) float64 {
	if len(events) < 4 {
		return 0
	}
	var intervals []float64
	for i := 1; i < len(events); i++ {
		intervals = append(intervals, float64(events[i]-events[i-1])/1e9)
	}
	return (dispersion(intervals, 30) + dispersion(sizes, 32) + histogram(events, from, to) + min(1, float64(events[len(events)-1]-events[0])/float64(to-from))) / 4
}

// dispersion is the mean of Bowley's skewness and of the median absolute deviation, both turned round.
func dispersion(x []float64, most float64) float64 {
	s := slices.Sorted(slices.Values(x))
	q := func(p float64) float64 { return s[int(math.Round(p*float64(len(s)-1)))] }
	skew := 1.0
	if d := q(0.75) - q(0.25); d > 0 && q(0.5) != q(0.25) && q(0.5) != q(0.75) {
		skew = 1 - math.Abs((q(0.75)+q(0.25)-2*q(0.5))/d)
	}
	var deviations []float64
	for _, v := range s {
		deviations = append(deviations, math.Abs(v-q(0.5)))
	}
	slices.Sort(deviations)
	mad := max(0, 1-deviations[len(deviations)/2]/most)
	return (skew + mad) / 2
}

// histogram is one less the coefficient of variation of the counts of 24 parts of the time.
func histogram(events []int64, from, to int64) float64 {
	const bins = 24
	var counts [bins]float64
	for _, e := range events {
		counts[min(bins-1, int((e-from)*bins/(to-from+1)))]++
	}
	mean := float64(len(events)) / bins
	var squares float64
	for _, c := range counts {
		squares += (c - mean) * (c - mean)
	}
	return max(0, 1-math.Sqrt(squares/bins)/mean)
}

// scenario makes series of one kind.
type scenario struct {
	name   string
	hours  float64
	random bool                                        // nothing in it is a rhythm
	most   float64                                     // the greatest share that may be called, of random ones
	least  float64                                     // the smallest share that must be found, of rhythms
	make   func(r *rand.Rand, hours float64) []float64 // seconds
}

func poisson(rate func(t float64) float64, top float64) func(*rand.Rand, float64) []float64 {
	return func(r *rand.Rand, hours float64) (out []float64) {
		for t := r.ExpFloat64() / top; t < hours*3600; t += r.ExpFloat64() / top {
			if r.Float64() < rate(t)/top {
				out = append(out, t)
			}
		}
		return out
	}
}

func events(n float64, hours float64) func(*rand.Rand, float64) []float64 {
	rate := n / (hours * 3600)
	return poisson(func(float64) float64 { return rate }, rate)
}

// every is a rhythm around a fixed grid, or one whose jitter adds up.
func every(period, jitter, missing float64, adds, normal bool) func(*rand.Rand, float64) []float64 {
	return func(r *rand.Rand, hours float64) (out []float64) {
		shift := func() float64 {
			if normal {
				return r.NormFloat64() * jitter * period / 2 // two of three within half of it
			}
			return (2*r.Float64() - 1) * jitter * period
		}
		for t := r.Float64() * period; t < hours*3600; t += period {
			at := t + shift()
			if adds {
				t = at
			}
			if r.Float64() >= missing {
				out = append(out, at)
			}
		}
		slices.Sort(out)
		return out
	}
}

func office(t float64) float64 {
	if h := math.Mod(t/3600, 24); h >= 9 && h < 17 {
		return 1
	}
	return 0
}

func bursts(r *rand.Rand, hours float64) (out []float64) {
	for t := 0.0; t < hours*3600; t += 1200 * r.ExpFloat64() * r.ExpFloat64() {
		at := t
		for range 1 + r.IntN(12) {
			out = append(out, at)
			at += 8 * r.ExpFloat64()
		}
	}
	slices.Sort(out)
	return out
}

func both(a, b func(*rand.Rand, float64) []float64) func(*rand.Rand, float64) []float64 {
	return func(r *rand.Rand, hours float64) []float64 {
		out := append(a(r, hours), b(r, hours)...)
		slices.Sort(out)
		return out
	}
}

// then adds events some seconds after each.
func then(first func(*rand.Rand, float64) []float64, after ...float64) func(*rand.Rand, float64) []float64 {
	return func(r *rand.Rand, hours float64) (out []float64) {
		for _, t := range first(r, hours) {
			out = append(out, t)
			for _, s := range after {
				out = append(out, t+s)
			}
		}
		return out
	}
}

// pauses are events with random times between them.
func pauses(pause func(*rand.Rand) float64) func(*rand.Rand, float64) []float64 {
	return func(r *rand.Rand, hours float64) (out []float64) {
		for t := 0.0; t < hours*3600; t += pause(r) {
			out = append(out, t)
		}
		return out
	}
}

func scenarios() []scenario {
	const half = 1800.0
	out := []scenario{
		{name: "30 min, jitter 10 %", hours: 4, least: 0.95, make: every(half, 0.1, 0, true, false)},
		{name: "30 min, jitter 10 % on a grid", hours: 4, least: 0.95, make: every(half, 0.1, 0, false, false)},
		{name: "30 min, normal jitter", hours: 4, least: 0.95, make: every(half, 0.1, 0, true, true)},
		{name: "30 min, jitter 10 %, 30 % missing", hours: 12, least: 0.9, make: every(half, 0.1, 0.3, true, false)},
		{name: "30 min, jitter 10 % on a grid, 30 % missing", hours: 12, least: 0.9, make: every(half, 0.1, 0.3, false, false)},
		{name: "60 s, jitter 10 %", hours: 1, least: 0.95, make: every(60, 0.1, 0, true, false)},
		{name: "10 s, jitter 10 %", hours: 0.1, least: 0.95, make: every(10, 0.1, 0, true, false)},
		{name: "30 min, closed a minute later", hours: 6, least: 0.95, make: then(every(half, 0.1, 0, true, false), 60)},
		{name: "10 min, tried again twice", hours: 6, least: 0.95, make: then(every(600, 0.1, 0, true, false), 8, 16)},
		{name: "24 h, jitter 5 %, 14 days", hours: 336, least: 0.95, make: every(86400, 0.05, 0, false, false)},
		{name: "10 min for half of the time", hours: 8, least: 0.95, make: func(r *rand.Rand, h float64) []float64 { return every(600, 0.1, 0, true, false)(r, h/2) }},
		{name: "random in office hours, 3 days", hours: 72, random: true, most: 0.01, make: poisson(func(t float64) float64 { return office(t) / 600 }, 1.0/600)},
		{name: "random, by the time of day", hours: 72, random: true, most: 0.01, make: poisson(func(t float64) float64 { return (1 + math.Sin(2*math.Pi*t/86400)) / 1800 }, 2.0/1800)},
		{name: "silences of 0 to 100 s, all alike", hours: 2, random: true, most: 0.01, make: pauses(func(r *rand.Rand) float64 { return 100 * r.Float64() })},
		{name: "random bursts, heavy tails", hours: 24, random: true, most: 0.01, make: bursts},
		{name: "random, never closer than a minute, heavy tail", hours: 24, random: true, most: 0.01, make: pauses(func(r *rand.Rand) float64 { return 60 * math.Pow(1-r.Float64(), -1/1.5) })}, // Pareto
		{name: "random, never closer than a minute", hours: 4, random: true, most: 0.01, make: pauses(func(r *rand.Rand) float64 { return 60 + 75*r.ExpFloat64() })},
		{name: "random, log-normal silences", hours: 24, random: true, most: 0.01, make: pauses(func(r *rand.Rand) float64 { return 1800 * math.Exp(0.6*r.NormFloat64()) })},
		{name: "random, silences of three steps", hours: 24, random: true, most: 0.004, make: pauses(func(r *rand.Rand) float64 { return 1440 * (r.ExpFloat64() + r.ExpFloat64() + r.ExpFloat64()) })},
		{name: "random, never closer than 20 min, heavy tail", hours: 24, random: true, most: 0.02, make: pauses(func(r *rand.Rand) float64 { return 1200 * math.Pow(1-r.Float64(), -1/1.5) })}, // Pareto, few
		{name: "30 min, jitter 10 %, and as many random ones as a third", hours: 24, least: 0.95, make: both(every(half, 0.1, 0, true, false), events(16, 24))},
		{name: "30 min, jitter 20 %", hours: 8, least: 0.95, make: pauses(func(r *rand.Rand) float64 { return half * (0.8 + 0.4*r.Float64()) })},
		{name: "two rhythms, 30 and 47 min", hours: 24, least: 0.9, make: both(every(half, 0.02, 0, false, false), every(2820, 0.02, 0, false, false))},
	}
	for _, n := range []float64{10, 20, 50, 100, 200, 500} {
		out = append(out, scenario{name: fmt.Sprintf("random, %.0f events a day", n), hours: 24, random: true, most: 0.01, make: events(n, 24)})
	}
	return out
}

// TestRhythmTable holds the targets on simulated series, and prints what RITA's score makes of the same: go test -run RhythmTable -v.
func TestRhythmTable(t *testing.T) {
	const series = 400
	var table strings.Builder
	fmt.Fprintf(&table, "\n%-46s %8s %8s\n", "share called", "ours", "RITA")
	for k, s := range scenarios() {
		r := rand.New(rand.NewPCG(uint64(k), 7))
		var ours, theirs int
		for range series {
			at := s.make(r, s.hours)
			e, sizes := make([]int64, len(at)), make([]float64, len(at))
			for i, v := range at {
				e[i], sizes[i] = int64(v*1e9), 300
				if s.random {
					sizes[i] = 300 + 3000*r.ExpFloat64()
				}
			}
			if Test(e).Called {
				ours++
			}
			if rita(e, sizes, 0, int64(s.hours*3600e9)) >= 0.7 {
				theirs++
			}
		}
		share := float64(ours) / series
		fmt.Fprintf(&table, "%-46s %7.1f%% %7.1f%%\n", s.name, 100*share, 100*float64(theirs)/series)
		if s.random && share > s.most || share < s.least {
			t.Errorf("%s: %.1f %% called", s.name, 100*share)
		}
	}
	t.Log(table.String())
}

func TestPeriod(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, period := range []float64{60, 1800, 86400} {
		for _, missing := range []float64{0, 0.3} {
			var e []int64
			for _, v := range every(period, 0.1, missing, true, false)(r, period*60/3600) {
				e = append(e, int64(v*1e9))
			}
			got := Test(e)
			if off := math.Abs(got.Period.Seconds()/period - 1); !got.Called || off > 0.02+0.1/math.Sqrt(40) {
				t.Errorf("period %v, missing %v: called %v, period %v", period, missing, got.Called, got.Period)
			}
			if jitter := got.Jitter.Seconds() / period; jitter < 0.02 || jitter > 0.12 {
				t.Errorf("period %v: jitter %v", period, got.Jitter)
			}
			if missing == 0 && got.Expected != got.Events {
				t.Errorf("period %v: %d events of %d", period, got.Events, got.Expected)
			}
			if missing > 0 && float64(got.Events) > 0.85*float64(got.Expected) {
				t.Errorf("period %v, some missing: %d events of %d", period, got.Events, got.Expected)
			}
		}
	}
}

// One interval in sixteen may lie between the multiples of a period, and one of a few; not two of nine.
func TestTrails(t *testing.T) {
	for _, c := range []struct {
		between []float64
		want    bool
	}{
		{nil, false}, {[]float64{140}, false}, {[]float64{140, 155}, true}, {[]float64{200, 300}, false}, {[]float64{140, 155, 200, 200, 300, 300}, false},
	} {
		intervals := append([]float64{98, 99, 100, 100, 100, 101, 102}, c.between...)
		if got := trails(intervals, 100); got != c.want {
			t.Errorf("%v: %t, want %t", c.between, got, c.want)
		}
	}
}

// TestMaxHit looks for the rate at which a random silence is a hit most often: no rate may beat the bound that p rests on.
func TestMaxHit(t *testing.T) {
	cdf := func(x, rate, gap float64) float64 { return 1 - math.Exp(-rate*max(0, x-gap)) }
	for _, w := range windows {
		worst := 0.0
		for _, gap := range []float64{0, 0.05, 0.1} { // of the period
			for rate := 0.01; rate < 50; rate *= 1.02 {
				var p float64
				for k := 1.0; k <= multiple; k++ {
					p += cdf(k+w.width, rate, gap) - cdf(k-w.width, rate, gap)
				}
				worst = max(worst, p)
			}
		}
		if worst > w.maxHit || worst < w.maxHit-0.03 {
			t.Errorf("a hit within %v has a chance of up to %.3f, the bound is %.2f", w.width, worst, w.maxHit)
		}
	}
}

// TestEvenness holds the bound against what comes up: of random series one in a thousand has p <= 0.001, and no more.
func TestEvenness(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{5, 7, 20} {
		const tries = 200_000
		called := 0
		x := make([]float64, n)
		for range tries {
			for i := range x {
				x[i] = r.ExpFloat64()
			}
			if evenness(x) <= 0.001 {
				called++
			}
		}
		if share := float64(called) / tries; share > 0.0013 {
			t.Errorf("%d silences: %.4f of random series have p <= 0.001", n, share)
		}
	}
}

func TestPeriodOfTwo(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	var e []int64
	for _, v := range both(every(1800, 0.02, 0, false, false), every(2820, 0.02, 0, false, false))(r, 24) {
		e = append(e, int64(v*1e9))
	}
	got := Test(e)
	if m := got.Period.Minutes(); !got.Called || math.Abs(m-30) > 1 || got.Jitter > 3*time.Minute || got.Events < 40 || got.Events > 60 {
		t.Errorf("%+v", got)
	}
}

// TestGap: what a program does at one beat is one exchange, however long it takes; the silence between events of one is not that between two.
func TestGap(t *testing.T) {
	for _, c := range []struct {
		name  string
		after []float64
		gap   time.Duration
	}{
		{"alone", nil, Gap}, {"an answer", []float64{3}, Gap}, {"tries", []float64{8, 16}, 20 * time.Second}, {"closed", []float64{75}, 90 * time.Second},
		{"closed late", []float64{240}, 5 * time.Minute},
	} {
		var e []int64
		for _, v := range then(every(1800, 0.1, 0, true, false), c.after...)(rand.New(rand.NewPCG(1, 2)), 12) {
			e = append(e, int64(v*1e9))
		}
		got := Test(e)
		if n := len(e) / (1 + len(c.after)); !got.Called || got.Gap != c.gap || got.Events != n || len(Starts(e, got.Gap)) != n {
			t.Errorf("%s: %+v, want %d exchanges", c.name, got, n)
		}
	}
}

func TestFew(t *testing.T) {
	var e []int64
	for i := range int64(MinEvents - 1) {
		e = append(e, i*int64(time.Hour))
	}
	if got := Test(e); got.Tested || got.Called || got.P != 1 {
		t.Errorf("%+v", got)
	}
	if got := Test(append(e, int64(MinEvents-1)*int64(time.Hour))); !got.Called || got.Period != time.Hour || got.Jitter != 0 {
		t.Errorf("an exact rhythm: %+v", got)
	}
}

func TestFalseDiscovery(t *testing.T) {
	got := FalseDiscovery([]float64{0.04, 0.001, 0.5, 0.02})
	for i, want := range []float64{0.16 / 3, 0.004, 0.5, 0.04} {
		if math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("q[%d] = %v, want %v", i, got[i], want)
		}
	}
}

func FuzzTest(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e []int64
		at := int64(0)
		for i, v := range b {
			at += int64(v) << (i % 40)
			e = append(e, at)
		}
		got := Test(e)
		if math.IsNaN(got.P) || got.P < 0 || got.P > 1 || got.Called != (got.P <= Alpha) {
			t.Errorf("%+v", got)
		}
		if got.Called && got.Period < MinPeriod/2 {
			t.Errorf("%+v", got)
		}
	})
}

func BenchmarkTest(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, n := range []float64{50, 4096} {
		var e []int64
		for _, v := range events(n, 24)(r, 24) {
			e = append(e, int64(v*1e9))
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Test(e)
			}
		})
	}
}
