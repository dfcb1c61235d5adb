//go:build unix

package main

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

// ending is an input that can be made to end: a pipe or terminal is read without blocking, so that a deadline holds.
type ending struct {
	f        *os.File
	blocking bool // the file was left as it was
}

func openEnding(f *os.File) *ending {
	info, err := f.Stat()
	if err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeSocket|os.ModeCharDevice) == 0 {
		return &ending{f: f, blocking: true}
	}
	fd := int(f.Fd())
	if err := syscall.SetNonblock(fd, true); err != nil {
		return &ending{f: f, blocking: true}
	}
	return &ending{f: os.NewFile(uintptr(fd), f.Name())}
}

// Read reads until the input ends, or has been made to.
func (e *ending) Read(p []byte) (int, error) {
	n, err := e.f.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, io.EOF
	}
	return n, err
}

// end makes the input end soon.
func (e *ending) end() {
	if !e.blocking {
		_ = e.f.SetReadDeadline(time.Now().Add(lastWords)) // a file that has none ends by itself
	}
}

// release leaves the file as other programs expect it.
func (e *ending) release() {
	if !e.blocking {
		_ = syscall.SetNonblock(int(e.f.Fd()), false) // the process ends
	}
}
