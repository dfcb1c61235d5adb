package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"phonehome/analyze"
	"phonehome/report"
)

// The exit codes.
const (
	exitOK          = 0
	exitFindings    = 1
	exitUsage       = 2
	exitCapture     = 3
	exitOutput      = 4
	exitInterrupted = 130 // 128 + SIGINT, as shells have it
)

// exitCode is one exit code and what it means.
type exitCode struct {
	code    int
	meaning string
}

var exitCodes = []exitCode{
	{exitOK, "analysed, and no finding at or above --fail-on"},
	{exitFindings, "findings at or above --fail-on"},
	{exitUsage, "the command line or the configuration is wrong: nothing was read"},
	{exitCapture, "a capture could not be read, was cut short, damaged or empty, or nothing was analysed or judged; outputs are still written with what was read"},
	{exitOutput, "an output could not be written; where that can be told beforehand, no capture was read"},
	{exitInterrupted, "interrupted: a file of -o is whole or not there"},
}

// exit is how a command ends, where it doesn't end well.
type exit struct {
	code    int
	reasons []string // of this code
	also    []string // what holds beside it, of lesser codes
}

func (e *exit) Error() string { return e.line() }

// maxReasons is how many reasons of a kind the last line names: a thousand cut captures are one line.
const maxReasons = 3

// line is the last line on stderr. Reasons quote file names and captures: they are escaped.
func (e *exit) line() string {
	s := few(e.reasons)
	if len(e.also) > 0 {
		s += "; also " + few(e.also)
	}
	return fmt.Sprintf("exit %d (%s)", e.code, report.Terminal(s))
}

func few(reasons []string) string {
	if n := len(reasons) - maxReasons; n > 0 {
		return fmt.Sprintf("%s; and %d more", strings.Join(reasons[:maxReasons], "; "), n)
	}
	return strings.Join(reasons, "; ")
}

// outputError is an output that could not be written.
type outputError struct{ err error }

func (e *outputError) Error() string { return e.err.Error() }
func (e *outputError) Unwrap() error { return e.err }

// exitOf turns what a command returned into an exit. An error of no known kind is one of the command line: cobra's are.
func exitOf(err error) *exit {
	var e *exit
	var out *outputError
	switch {
	case err == nil:
		return &exit{code: exitOK}
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.Canceled):
		return &exit{code: exitInterrupted, reasons: []string{"interrupted"}}
	case errors.Is(err, syscall.EPIPE):
		return &exit{code: exitOK}
	case errors.As(err, &out):
		return &exit{code: exitOutput, reasons: []string{err.Error()}}
	}
	return &exit{code: exitUsage, reasons: []string{err.Error()}}
}

// scanError says how a scan that returned an error ends: a mistake of the caller's, an interrupt, or something about the captures.
func scanError(err error) error {
	var usage *analyze.UsageError
	if errors.As(err, &usage) || errors.Is(err, context.Canceled) {
		return err
	}
	return &exit{code: exitCapture, reasons: []string{err.Error()}}
}

// ended joins how the analysis ended with the outputs that could not be written: the gravest code wins, and all are named.
func ended(x analyze.Exit, failed []error) error {
	if len(failed) == 0 {
		if x.Code == exitOK {
			return nil
		}
		return &exit{code: x.Code, reasons: x.Reasons, also: x.Also}
	}
	e := &exit{code: exitOutput, also: slices.Concat(x.Reasons, x.Also)}
	for _, err := range failed {
		e.reasons = append(e.reasons, err.Error())
	}
	return e
}
