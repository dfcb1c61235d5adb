package main

import (
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"

	"phonehome/analyze"
)

// The values of --progress beside auto.
const (
	progressBar  = "bar"
	progressLog  = "log"
	progressNone = "none"
)

const (
	barEvery = 100 * time.Millisecond // what the eye follows
	logEvery = 10 * time.Second       // what a log bears
)

// progress tells how far a scan is. It never touches what is reported.
type progress struct {
	app  *app
	mode string
	bar  *progressbar.ProgressBar
	last time.Time
}

func (a *app) newProgress(mode string) *progress {
	if mode == auto {
		mode = progressNone
		if isTerminal(a.stderr) && !a.talk.quiet {
			mode = progressBar
		}
	}
	return &progress{app: a, mode: mode, last: a.now()}
}

// update is called by the scan, from one goroutine.
func (p *progress) update(s analyze.Progress) {
	switch p.mode {
	case progressBar:
		p.draw(s)
	case progressLog:
		if now := p.app.now(); now.Sub(p.last) >= logEvery {
			p.last = now
			p.app.talk.note("%s, %s packets, in %s", amount(s), humanize.Comma(int64(s.Packets)), s.Path)
		}
	}
}

func amount(s analyze.Progress) string {
	done := humanize.Bytes(uint64(s.BytesDone))
	if s.BytesTotal <= 0 {
		return "read " + done
	}
	return "read " + done + " of " + humanize.Bytes(uint64(s.BytesTotal))
}

func (p *progress) draw(s analyze.Progress) {
	if p.bar == nil {
		total := s.BytesTotal
		if total <= 0 {
			total = -1 // unknown: the bar turns
		}
		p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.app.stderr), progressbar.OptionShowBytes(true),
			progressbar.OptionThrottle(barEvery), progressbar.OptionClearOnFinish(), progressbar.OptionSetDescription("reading"))
	}
	_ = p.bar.Set64(s.BytesDone) // a bar that can't be drawn is no reason to stop
}

// finish takes the bar away.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Clear() // as above
	}
}
