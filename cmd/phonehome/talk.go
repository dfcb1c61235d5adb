package main

import (
	"fmt"
	"io"

	"phonehome/report"
)

// talk is what the program says on stderr beside the report.
type talk struct {
	w     io.Writer
	quiet bool
	loud  bool
}

// note says what a user should know.
func (t *talk) note(format string, args ...any) {
	if !t.quiet {
		fmt.Fprintln(t.w, "phonehome: "+report.Terminal(fmt.Sprintf(format, args...)))
	}
}

// detail says what a user asked for with -v.
func (t *talk) detail(format string, args ...any) {
	if t.loud {
		t.note(format, args...)
	}
}
