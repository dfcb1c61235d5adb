package report

import (
	"math"
	"strconv"
	"time"

	"phonehome/analyze/judge"
)

// picture is an inline drawing with its text and its table. Across, positions are shares of the width, so that the same drawing fits a telephone, a screen and paper, and
// its letters keep their size; down, they are pixels.
type picture struct {
	ID, Title string
	Desc      string // what it shows, for those who don't see it
	Height    int
	Shapes    []shape
	Legend    []legend
	Note      string
	Table     *htmlTable
}

// shape is a part of a picture.
type shape struct {
	Kind      string // "rect", "line", "text"
	X, W      string // of a line W is where it ends
	Y, H      int    // of a line H is where it ends
	Class     string
	Text, Tip string
}

type legend struct{ Class, Text string }

// share writes a part of the width.
func share(x float64) string {
	const all = 100
	return strconv.FormatFloat(math.Round(all*min(max(x, 0), 1)*all)/all, 'f', -1, 64) + "%"
}

func (p *picture) rect(x, w float64, y, h int, class, tip string) {
	p.Shapes = append(p.Shapes, shape{Kind: "rect", X: share(x), W: share(w), Y: y, H: h, Class: class, Tip: tip})
}

func (p *picture) line(x1, x2 float64, y1, y2 int, class string) {
	p.Shapes = append(p.Shapes, shape{Kind: "line", X: share(x1), W: share(x2), Y: y1, H: y2, Class: class})
}

// text writes at x; class says on which side of it: "s", "m" or "e" for start, middle, end.
func (p *picture) text(x float64, y int, class, text string) {
	p.Shapes = append(p.Shapes, shape{Kind: "text", X: share(x), Y: y, Class: class, Text: text})
}

// seriesClasses is how many colours of series there are; what is beyond shares the last.
const seriesClasses = 6

// buckets are even parts of a time.
type buckets struct {
	from time.Time
	step time.Duration
	n    int
}

// bucketsOf parts a time into few buckets of whole hours, or days.
func bucketsOf(from, to time.Time) buckets {
	const most = 72
	steps := []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour}
	for _, step := range steps {
		start := from.UTC().Truncate(step)
		if n := int(to.Sub(start)/step) + 1; n <= most || step == steps[len(steps)-1] {
			return buckets{start, step, min(n, 10*most)}
		}
	}
	return buckets{}
}

// at is where a time lies, as a share of the width; it may lie outside.
func (b buckets) at(t time.Time) float64 {
	return float64(t.Sub(b.from)) / float64(time.Duration(b.n)*b.step)
}

func (b buckets) end() time.Time { return b.from.Add(time.Duration(b.n) * b.step) }

// index is the bucket of a time, within the first and the last.
func (b buckets) index(t time.Time) int { return min(max(int(t.Sub(b.from)/b.step), 0), b.n-1) }

func (b buckets) stepText() string {
	if b.step >= 24*time.Hour {
		return judge.Plural(int(b.step/(24*time.Hour)), "day", "days")
	}
	return judge.Plural(int(b.step/time.Hour), "hour", "hours")
}
