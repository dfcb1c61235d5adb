// Command phonehome says which transfers left a network, to whom and how much, from captures alone. It opens no socket.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
)

func main() { os.Exit(Main()) }

// Main runs the command line and returns the exit code (help exit-codes).
func Main() int {
	signal.Ignore(syscall.SIGPIPE) // a reader that has enough is no reason to lose the files of -o
	debug.SetGCPercent(gcReading)
	defer runtime.KeepAlive(make([]byte, gcFloor))
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ(), now: time.Now}
	return a.run(context.Background(), os.Args[1:])
}

const (
	// gcReading and gcJudging are how much the heap may grow over what lives before garbage is collected. Most of what a scan holds are slabs without pointers,
	// which cost the collector nothing: collecting early keeps the peak near what is needed. Reading makes hardly any garbage, so that collecting is mostly in vain, and
	// what reading needed is collected when it is over: as seldom as leaves the peak where it is, 25 would take 5 MiB more on a capture of 1 GB. Of judging, on that and on
	// one of 4 million small packets, 7 would take a fourteenth more time, and 3 to 6 MiB less; 15 the same time, and 2 to 6 MiB more.
	gcReading = 20
	gcJudging = 11
	// gcFloor is the size, in bytes, of a block that is never touched and so takes no memory. As the collector counts it with what lives, a small heap is
	// not collected every few milliseconds: without it a tenth of a scan's time is.
	gcFloor = 96 << 20
)

// reclaim gives back what reading needed, and keeps to little from there on.
func reclaim() { debug.SetGCPercent(gcJudging) }

// app is what the commands have from the world.
type app struct {
	stdin   *os.File
	stdout  *os.File
	stderr  *os.File
	environ []string
	now     func() time.Time
	talk    talk
}

// run runs one command line.
func (a *app) run(ctx context.Context, args []string) int {
	a.talk = talk{w: a.stderr}
	out := &watched{w: a.stdout}
	root := newRootCmd(a, out)
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	if out.err != nil && !errors.Is(out.err, syscall.EPIPE) { // the commands that are cobra's own say nothing of it, or take it for a mistake
		err = &outputError{out.err}
	}
	e := exitOf(err)
	if e.code != exitOK {
		io.WriteString(a.stderr, e.line()+"\n")
	}
	return e.code
}
