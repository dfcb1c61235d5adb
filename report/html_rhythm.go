package report

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	"phonehome/analyze/judge"
)

// Strip is when the exchanges of a beacon were.
func (f htmlFinding) Strip() *picture {
	r := f.Rhythm
	if r == nil || len(r.Starts) < 2 {
		return nil
	}
	first, last := r.Starts[0], r.Starts[len(r.Starts)-1]
	pic := &picture{ID: f.ID + "-strip", Title: "When the exchanges of " + f.ID + " began", Height: 78}
	pic.Desc = fmt.Sprintf("A stroke for each of %s, from %s to %s.", judge.Plural(len(r.Starts), "exchange", "exchanges"), minute(first), minute(last))
	span := float64(last.Sub(first))
	for _, t := range r.Starts {
		x := float64(t.Sub(first)) / span
		pic.line(x, x, 6, 38, "tick")
	}
	f.drawPeriods(pic, first, span)
	pic.line(0, 1, 52, 52, "a")
	pic.text(0, 70, "s", first.UTC().Format("01-02 15:04:05"))
	pic.text(1, 70, "e", last.UTC().Format("01-02 15:04:05")+" UTC")
	pic.Legend = []legend{{"tick", "an exchange"}, {"beat", "where each would be if none came early or late"}}
	if n := r.StartsTotal - len(r.Starts); n > 0 {
		pic.Note = fmt.Sprintf("The first %d of %s exchanges.", len(r.Starts), humanize.Comma(int64(r.StartsTotal)))
	}
	pic.Table = newTable("", pic.Title, "Exchange>", "Began (UTC)", "Seconds after the one before>")
	for i, t := range r.Starts {
		after := "–"
		if i > 0 {
			after = strconv.FormatFloat(t.Sub(r.Starts[i-1]).Seconds(), 'f', 1, 64)
		}
		pic.Table.row(td(strconv.Itoa(i+1)), td(t.UTC().Format(time.DateTime)), td(after))
	}
	pic.Table = pic.Table.closed("Table of this picture")
	return pic
}

// drawPeriods marks the period below the strokes.
func (f htmlFinding) drawPeriods(pic *picture, first time.Time, span float64) {
	const most = 300
	period := f.Measures["period_s"] * float64(time.Second)
	if period <= 0 || span/period > most {
		return
	}
	for t := 0.0; t <= span; t += period {
		pic.line(t/span, t/span, 44, 52, "beat")
	}
}

// HeatMap is how many exchanges of a beacon began in each hour of each day.
func (f htmlFinding) HeatMap() *picture {
	const row, left = 16, 0.14
	r := f.Rhythm
	if r == nil || len(r.Days) == 0 {
		return nil
	}
	most := 0
	for i := range r.Days {
		most = max(most, slices.Max(append([]int{0}, r.Days[i].Hours...)))
	}
	pic := &picture{ID: f.ID + "-hours", Title: "Exchanges of " + f.ID + " by day and hour", Height: len(r.Days)*row + 24}
	pic.Desc = fmt.Sprintf("A row for each of %s, 24 columns for the hours in UTC; a cell is the darker the more exchanges began in that hour, %d at most.", judge.Plural(len(r.Days), "day", "days"), most)
	pic.Table = newTable("", pic.Title, "Day (UTC)", "Hour", "Exchanges>")
	for i := range r.Days {
		d := &r.Days[i]
		pic.text(0, i*row+12, "s", show(d.Day))
		f.drawHours(pic, d, i*row, left, most)
		for h, n := range d.Hours {
			if n > 0 {
				pic.Table.row(td(d.Day), td(fmt.Sprintf("%02d", h)), td(strconv.Itoa(n)))
			}
		}
	}
	for h := 0; h < 24; h += 6 {
		pic.text(left+(1-left)*float64(h)/24, len(r.Days)*row+16, "s", fmt.Sprintf("%02d", h))
	}
	pic.text(1, len(r.Days)*row+16, "e", "hour, UTC")
	for s := 1; s <= min(shades, most); s++ {
		pic.Legend = append(pic.Legend, legend{heatClass(s, most), heatText(s, most)})
	}
	pic.Legend = append(pic.Legend, legend{"h0", "none"}, legend{"gap", "hour not captured"})
	if n := r.DaysTotal - len(r.Days); n > 0 {
		pic.Note = fmt.Sprintf("The first %d of %s days with exchanges.", len(r.Days), humanize.Comma(int64(r.DaysTotal)))
	}
	pic.Table = pic.Table.closed("Table of this picture")
	return pic
}

func (f htmlFinding) drawHours(pic *picture, d *judge.RhythmDay, y int, left float64, most int) {
	const space, all = 0.06, 24
	w := (1 - left) / all
	begin, err := time.Parse(time.DateOnly, d.Day)
	for h, n := range d.Hours[:min(len(d.Hours), all)] {
		class := heatClass(heatOf(n, most), most)
		if at := begin.Add(time.Duration(h) * time.Hour); n == 0 && err == nil && !f.p.captured(at, at.Add(time.Hour)) {
			class = "gap"
		}
		pic.rect(left+float64(h)*w, w*(1-space), y, 14, class, "")
	}
}

// heatOf is the step of a cell, from none to the most of all.
func heatOf(n, most int) int {
	if n == 0 || most == 0 {
		return 0
	}
	return (n*min(shades, most) + most - 1) / most
}

// heatClass is the shade of a step: few steps are far apart.
func heatClass(step, most int) string {
	steps := max(1, min(shades, most))
	return "h" + strconv.Itoa((step*shades+steps-1)/steps)
}

// heatText says which numbers a shade stands for.
func heatText(shade, most int) string {
	steps := min(shades, most)
	low, high := (shade-1)*most/steps+1, shade*most/steps
	if low == high {
		return judge.Plural(low, "exchange", "exchanges")
	}
	return fmt.Sprintf("%d to %d exchanges", low, high)
}
