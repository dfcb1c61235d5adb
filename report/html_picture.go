package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	"phonehome/analyze/disclosure"
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
		return plural(int(b.step/(24*time.Hour)), "day", "days")
	}
	return plural(int(b.step/time.Hour), "hour", "hours")
}

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

// verdictClass gives verdicts of one kind one colour: there are more than eyes tell apart.
func verdictClass(v disclosure.Verdict) string {
	switch v {
	case disclosure.Disclosed:
		return "v-ok"
	case disclosure.Undisclosed:
		return "v-un"
	case disclosure.Expired, disclosure.NotYetValid:
		return "v-time"
	case disclosure.Country, disclosure.Host, disclosure.Port, disclosure.Exceeded:
		return "v-terms"
	}
	return "v-none"
}

// verdictLegend explains the colours.
var verdictLegend = []legend{
	{"v-ok", "disclosed"}, {"v-un", "undisclosed"}, {"v-time", "expired, not yet valid"}, {"v-terms", "country, host, port, exceeded"}, {"v-none", "unattributable, no register"},
}

// barRows is how many recipients the bars show.
const barRows = 12

// recipientSums are bytes by recipient and verdict, most first.
type recipientSum struct {
	name     string
	key      rowKey
	all      uint64
	verdicts map[disclosure.Verdict]uint64
	clients  map[string]uint64
}

// sumUp sums the recipients to which payload went, most first.
func (p *htmlPage) sumUp() (out []*recipientSum) {
	by := map[rowKey]*recipientSum{}
	for i := range p.r.Destinations {
		d := &p.r.Destinations[i]
		if d.CountedElsewhere() || d.PayloadOut == 0 {
			continue
		}
		k := recipientOf(d)
		s := by[k]
		if s == nil {
			s = &recipientSum{name: cmp.Or(d.Vendor, whatOf(d)), key: k, verdicts: map[disclosure.Verdict]uint64{}, clients: map[string]uint64{}}
			by[k] = s
			out = append(out, s)
		}
		s.all += d.PayloadOut
		s.verdicts[d.Disclosure.Verdict] += d.PayloadOut
		s.clients[d.Client.String()] += d.PayloadOut
	}
	slices.SortStableFunc(out, func(a, b *recipientSum) int { return cmp.Or(cmp.Compare(b.all, a.all), cmp.Compare(a.name, b.name)) })
	return out
}

// ByVerdict is the payload by recipient and verdict.
func (p *htmlPage) ByVerdict() *picture {
	const row, bar = 40, 14
	all := p.sums
	if len(all) == 0 || len(all) == 1 && len(all[0].verdicts) == 1 {
		return nil // one bar says nothing
	}
	shown := all[:min(len(all), barRows)]
	pic := &picture{ID: "by-verdict", Title: "Payload out by recipient and verdict", Height: len(shown)*row + 4}
	pic.Desc = fmt.Sprintf("A bar for each of %s. The longest is %s with %s.", plural(len(shown), "recipient", "recipients"), show(shown[0].name), humanize.Bytes(shown[0].all))
	pic.Table = newTable("", pic.Title, "Recipient", "Verdict", "Payload out>")
	met := map[string]bool{}
	for i, s := range shown {
		y := i * row
		pic.text(0, y+14, "s", cutShort(s.name, besideNumber))
		pic.text(1, y+14, "e b", humanize.Bytes(s.all))
		x := 0.0
		for _, v := range disclosure.Verdicts() {
			n := s.verdicts[v]
			if n == 0 {
				continue
			}
			w := float64(n) / float64(shown[0].all)
			pic.rect(x, max(w, 0.002), y+20, bar, verdictClass(v), string(v)+": "+humanize.Bytes(n))
			x += w
			met[verdictClass(v)] = true
		}
	}
	if !p.HasRegister() {
		pic.Title, met = "Payload out by recipient", nil
	}
	for _, l := range verdictLegend {
		if met[l.Class] {
			pic.Legend = append(pic.Legend, l)
		}
	}
	for _, s := range all {
		for _, v := range disclosure.Verdicts() {
			if n := s.verdicts[v]; n > 0 {
				pic.Table.row(td(s.name), td(string(v)), td(humanize.Bytes(n)))
			}
		}
	}
	if n := len(all) - barRows; n > 0 {
		pic.Note = more(n) + " recipients with less are in the table."
	}
	pic.Table = pic.Table.closed("Table of this picture")
	return pic
}

// Runes that names are cut to.
const (
	besideNumber = 32 // what fits on a telephone beside a number
	inSentence   = 64
)

// cutShort is a name of at most some runes.
func cutShort(s string, most int) string {
	r := []rune(show(s))
	if len(r) <= most {
		return string(r)
	}
	return string(r[:most-1]) + "…"
}

const (
	matrixClients = 16
	matrixVendors = 8
	shades        = 5 // of one colour, by orders of magnitude
)

// Matrix is clients against recipients.
func (p *htmlPage) Matrix() *picture {
	const row, top = 40, 18
	all := p.sums
	if len(all) == 0 {
		return nil
	}
	to := all[:min(len(all), matrixVendors)]
	clients := p.heaviest(all)
	if len(all) == 1 && len(clients) == 1 {
		return nil // one cell says nothing
	}
	from := p.heaviest(to) // who sends to none of those shown would be an empty row
	from = from[:min(len(from), matrixClients)]
	pic := &picture{ID: "matrix", Title: "Who sends to whom", Height: top + len(from)*row}
	pic.Desc = fmt.Sprintf("A row for each of %s, a column for each of %s; a cell is the darker the more payload went.", plural(len(from), "client", "clients"), plural(len(to), "recipient", "recipients"))
	pic.Table = newTable("", pic.Title, "Client", "Recipient", "Payload out>")
	width := 1 / float64(len(to))
	for k := range to {
		pic.text((float64(k)+0.5)*width, 12, "m b", strconv.Itoa(k+1))
		pic.Legend = append(pic.Legend, legend{"", strconv.Itoa(k+1) + ": " + show(to[k].name)})
	}
	pic.Legend = append(pic.Legend, shadeLegend(from, to)...)
	for i, c := range from {
		y := top + i*row
		pic.text(0, y+12, "s", show(c))
		for k, s := range to {
			n := s.clients[c]
			pic.rect(float64(k)*width, width*0.98, y+16, 18, "h"+strconv.Itoa(shadeOf(n)), "")
			if n > 0 {
				pic.text((float64(k)+0.5)*width, y+29, "m t"+strconv.Itoa(shadeOf(n))+narrow(len(to)), humanize.Bytes(n))
			}
		}
	}
	for _, c := range clients {
		for _, s := range all {
			if n := s.clients[c]; n > 0 {
				pic.Table.row(td(c), td(s.name), td(humanize.Bytes(n)))
			}
		}
	}
	if len(clients) > len(from) || len(all) > len(to) {
		pic.Note = fmt.Sprintf("The picture has the %s and %s with most payload; the table has more.", plural(len(from), "client", "clients"), plural(len(to), "recipient", "recipients"))
	}
	pic.Table = pic.Table.closed("Table of this picture")
	return pic
}

// narrow hides text in cells that are too small for it on a telephone.
func narrow(columns int) string {
	const fit = 4
	if columns > fit {
		return " w"
	}
	return ""
}

// heaviest are the clients, those that sent most first.
func (p *htmlPage) heaviest(all []*recipientSum) []string {
	t := tally{}
	for _, s := range all {
		for c, n := range s.clients {
			t.add(c, n)
		}
	}
	return t.sorted()
}

// shadeLegend says what the shades of a matrix stand for, those that it has.
func shadeLegend(from []string, to []*recipientSum) (out []legend) {
	has := map[int]bool{}
	for _, s := range to {
		for _, c := range from {
			has[shadeOf(s.clients[c])] = true
		}
	}
	for i, text := range []string{"nothing", "up to 1 kB", "up to 100 kB", "up to 10 MB", "up to 1 GB", "more than 1 GB"} {
		if has[i] {
			out = append(out, legend{"h" + strconv.Itoa(i), text})
		}
	}
	return out
}

// shadeOf is how dark a cell is: none, up to 1 kB, 100 kB, 10 MB, 1 GB, more.
func shadeOf(n uint64) int {
	const first, step = 1000, 100
	if n == 0 {
		return 0
	}
	shade := 1
	for limit := uint64(first); n > limit && shade < shades; limit *= step {
		shade++
	}
	return shade
}

// Strip is when the exchanges of a beacon were.
func (f htmlFinding) Strip() *picture {
	r := f.Rhythm
	if r == nil || len(r.Starts) < 2 {
		return nil
	}
	first, last := r.Starts[0], r.Starts[len(r.Starts)-1]
	pic := &picture{ID: f.ID + "-strip", Title: "When the exchanges of " + f.ID + " began", Height: 78}
	pic.Desc = fmt.Sprintf("A stroke for each of %s, from %s to %s.", plural(len(r.Starts), "exchange", "exchanges"), minute(first), minute(last))
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
	pic.Desc = fmt.Sprintf("A row for each of %s, 24 columns for the hours in UTC; a cell is the darker the more exchanges began in that hour, %d at most.", plural(len(r.Days), "day", "days"), most)
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
		return plural(low, "exchange", "exchanges")
	}
	return fmt.Sprintf("%d to %d exchanges", low, high)
}
