package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// interruptible is the run of a command that an interrupt ends, and its standard input. While that is an input, the first interrupt ends it, and
// the second the run.
type interruptible struct {
	ctx   context.Context
	close func()
	in    io.Reader
}

func (r *interruptible) Read(p []byte) (int, error) { return r.in.Read(p) }

var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}

// interruptible starts to heed interrupts. When they have been heeded, one more ends the process as it ends any other.
func (a *app) interruptible(parent context.Context, inputs []string) *interruptible {
	first, release := signal.NotifyContext(parent, stopSignals...)
	if !slices.Contains(inputs, "-") {
		context.AfterFunc(first, release)
		return &interruptible{ctx: first, close: release, in: a.stdin}
	}
	in := openEnding(a.stdin)
	ctx, cancel := context.WithCancel(parent)
	context.AfterFunc(first, func() {
		second, releaseSecond := signal.NotifyContext(ctx, stopSignals...)
		context.AfterFunc(second, func() {
			cancel()
			release()
			releaseSecond()
		})
		in.end()
	})
	return &interruptible{ctx: ctx, in: in, close: func() {
		cancel()
		release()
		in.release()
	}}
}

// lastWords is how long a writer has, after an interrupt, to write what it still holds: tcpdump gets the same interrupt, and ends its file.
const lastWords = 500 * time.Millisecond
