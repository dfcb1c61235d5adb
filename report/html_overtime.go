package report

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"
)

// OverTime is the payload that left, over time, by vendor. nil where nothing left.
func (p *htmlPage) OverTime() *picture {
	var most uint64
	if p.from.IsZero() {
		return nil
	}
	b := bucketsOf(p.from, p.to)
	names, sums := p.series(b)
	totals := make([]uint64, b.n)
	for _, s := range sums {
		for i, n := range s {
			totals[i] += n
			most = max(most, totals[i])
		}
	}
	if most == 0 {
		return nil
	}
	pic := &picture{ID: "over-time", Title: "Payload out by time and vendor", Height: 252}
	pic.Desc = fmt.Sprintf("Bars of %s each, from %s to %s. The tallest is %s.", b.stepText(), minute(b.from), minute(b.end()), humanize.Bytes(most))
	for s := range sums {
		pic.Legend = append(pic.Legend, legend{"s" + strconv.Itoa(s), show(names[s])})
	}
	for i := range b.n {
		drawStack(pic, b, i, sums, most)
	}
	p.drawAxes(pic, b, most)
	p.drawMarks(pic, b)
	pic.Note = "A bar is the payload of " + b.stepText() + "."
	pic.Table = overTimeTable(b, names, sums)
	return pic
}

// series are the payload of each bucket, of the vendors that got most, and of all others together.
func (p *htmlPage) series(b buckets) (names []string, sums [][]uint64) {
	for i := range p.r.Vendors {
		v := &p.r.Vendors[i]
		at := min(i, seriesClasses-1)
		if at == len(sums) {
			sums = append(sums, make([]uint64, b.n))
			names = append(names, cmp.Or(v.Vendor, "recipients of no known vendor"))
		} else if at == seriesClasses-1 {
			names[at] = "all others"
		}
		for _, h := range v.Series {
			sums[at][b.index(h.Hour)] += h.PayloadOut
		}
	}
	return names, sums
}

// letter12 is how wide a letter is at most, in pixels.
const letter12 = 8

const (
	plotTop    = 36
	plotBottom = 210
)

// drawAxes draws three lines across with what they stand for, and times below.
func (p *htmlPage) drawAxes(pic *picture, b buckets, most uint64) {
	const lines = 2
	for i := range lines + 1 {
		y := plotBottom - i*(plotBottom-plotTop)/lines
		pic.line(0, 1, y, y, "g")
		if i > 0 {
			label := humanize.Bytes(most * uint64(i) / lines)
			pic.Shapes = append(pic.Shapes, shape{Kind: "rect", X: "0", W: strconv.Itoa(letter12 * len(label)), Y: y - 15, H: 14, Class: "paper"}) // the bars behind would hide it
			pic.text(0, y-4, "s", label)
		}
	}
	layout := "01-02 15:04"
	if b.step >= 24*time.Hour {
		layout = time.DateOnly
	}
	for i, class := range []string{"s", "m w", "m", "m w", "e"} {
		const parts = 4
		x := float64(i) / parts
		t := b.from.Add(time.Duration(x * float64(time.Duration(b.n)*b.step)))
		pic.line(x, x, plotBottom, plotBottom+5, "a")
		pic.text(x, plotBottom+20, class, t.Format(layout))
	}
	pic.text(1, plotBottom+36, "e", "UTC")
}

// drawStack draws the bars of one bucket, one upon the other.
func drawStack(pic *picture, b buckets, i int, sums [][]uint64, most uint64) {
	const space = 0.12 // between bars, of a bucket
	var below uint64
	scale := func(n uint64) int {
		return int(math.Round(float64(n) * (plotBottom - plotTop) / float64(most)))
	}
	for s := range sums {
		n := sums[s][i]
		if n == 0 {
			continue
		}
		low, high := scale(below), scale(below+n)
		below += n
		if high == low && low == 0 {
			high = 1 // little is not nothing
		}
		x := (float64(i) + space/2) / float64(b.n)
		pic.rect(x, (1-space)/float64(b.n), plotBottom-high, high-low, "s"+strconv.Itoa(s), "")
	}
}

// maxMarks bounds the marks of entries' ends: more can't be told apart.
const maxMarks = 9

// drawMarks marks the times that no capture covers, and the ends of the register's entries.
func (p *htmlPage) drawMarks(pic *picture, b buckets) {
	for _, g := range p.gaps() {
		pic.rect(b.at(g.from), b.at(g.to)-b.at(g.from), plotTop, plotBottom-plotTop, "gap", "no capture")
	}
	if len(p.gaps()) > 0 {
		pic.Legend = append(pic.Legend, legend{"gap", "no capture: what was sent then is not known"})
	}
	n := 0
	for i := range p.r.Register {
		e := &p.r.Register[i]
		last, err := time.Parse(time.DateOnly, e.End)
		if !e.Observed || err != nil || n == maxMarks {
			continue
		}
		end := last.Add(24 * time.Hour)
		if !end.Before(b.end()) {
			continue
		}
		n++
		mark := strconv.Itoa(n)
		x := max(b.at(end), 0)
		text := fmt.Sprintf("%s: last day of %s (%s) was %s", mark, e.ID, e.Vendor, e.End)
		if end.Before(b.from) {
			text += ", before this picture begins"
			mark = "◀ " + mark
		}
		pic.line(x, x, plotTop-12, plotBottom, "end")
		class := "s"
		if x > 0.5 {
			class = "e"
		}
		pic.text(x, plotTop-22, class+" b", mark)
		pic.Legend = append(pic.Legend, legend{"end", show(text)})
	}
}

func overTimeTable(b buckets, names []string, sums [][]uint64) *htmlTable {
	t := newTable("", "Payload out by time and vendor", "From (UTC)", "Vendor", "Payload out>")
	for i := range b.n {
		for s := range sums {
			if n := sums[s][i]; n > 0 {
				t.row(td(minute(b.from.Add(time.Duration(i)*b.step))), td(names[s]), td(humanize.Bytes(n)))
			}
		}
	}
	return t.closed("Table of this picture")
}
