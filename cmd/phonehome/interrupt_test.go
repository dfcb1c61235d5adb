//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"phonehome/fixtures"
)

// running is the program reading a pipe that stays open.
type running struct {
	cmd            *exec.Cmd
	in             *os.File
	stdout, stderr bytes.Buffer
}

func start(t *testing.T, args ...string) *running {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &running{cmd: exec.Command(build(t), args...), in: w}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = r, &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	t.Cleanup(func() {
		w.Close()
		p.cmd.Process.Kill() // it has ended, unless the test failed
	})
	return p
}

func (p *running) interrupt(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}

// wait waits for the end of the program, not for ever.
func (p *running) wait(t *testing.T) int {
	t.Helper()
	done := make(chan struct{})
	go func() {
		p.cmd.Wait() // the code is what counts
		close(done)
	}()
	const patience = 20 * time.Second
	select {
	case <-done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.cmd.Process.Signal(syscall.SIGQUIT)
		<-done
		t.Fatalf("the program did not end:\n%s", p.stderr.String())
		return 0
	}
}

// reading gives the program time to read what the pipe holds.
const reading = 300 * time.Millisecond

// TestInterruptEndsInput: the first interrupt ends standard input, and what was read is reported.
func TestInterruptEndsInput(t *testing.T) {
	p := start(t, "scan", "-")
	capture := demo(t)
	if _, err := p.in.Write(capture); err != nil {
		t.Fatal(err)
	}
	time.Sleep(reading)
	p.interrupt(t)
	if code := p.wait(t); code != exitOK {
		t.Errorf("exit %d:\n%s", code, p.stderr.String())
	}
	if !strings.Contains(p.stdout.String(), "transfers left") {
		t.Errorf("no report:\n%s", p.stdout.String())
	}
}

// TestInterruptTwice: the second interrupt ends the run.
func TestInterruptTwice(t *testing.T) {
	p := start(t, "scan", "-")
	if _, err := p.in.Write(demo(t)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(reading)
	p.interrupt(t)
	const soon = 100 * time.Millisecond // within the time that a writer has for its last words
	time.Sleep(soon)
	p.interrupt(t)
	if code := p.wait(t); code != exitInterrupted {
		t.Errorf("exit %d, want %d:\n%s", code, exitInterrupted, p.stderr.String())
	}
	if p.stdout.Len() > 0 {
		t.Errorf("a report was written:\n%s", p.stdout.String())
	}
}

func demo(t *testing.T) []byte {
	t.Helper()
	const small = 3000 // frames that a pipe holds without a reader
	frames := fixtures.Office().Frames
	return fixtures.Pcap{}.Bytes(frames[:min(len(frames), small)])
}
