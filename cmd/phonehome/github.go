package main

import (
	"errors"
	"io"
	"os"

	"phonehome/analyze"
	"phonehome/report"
)

// githubFiles are the files that a GitHub workflow names to its steps, in variables of the environment, and what goes there beside the annotations on standard output.
var githubFiles = []struct {
	variable string
	write    func(w io.Writer, r *analyze.Result) error
}{
	{"GITHUB_STEP_SUMMARY", report.WriteGitHubSummary},
	{"GITHUB_OUTPUT", report.WriteGitHubOutputs},
}

// githubFormat is the name of the format whose outputs they are.
const githubFormat = "github"

// tryGitHubFiles says which of them can't be added to.
func (a *app) tryGitHubFiles() (failed []error) {
	for _, f := range githubFiles {
		if path := a.env(f.variable); path != "" {
			failed = append(failed, notWritten(path, tryAppend(path))...)
		}
	}
	return failed
}

// writeGitHubFiles adds to the files that the workflow names; outside a workflow there are none.
func (a *app) writeGitHubFiles(r *analyze.Result) (err error) {
	for _, f := range githubFiles {
		if path := a.env(f.variable); path != "" {
			err = errors.Join(err, appendTo(path, func(w io.Writer) error { return f.write(w, r) }))
		}
	}
	return err
}

func appendTo(path string, f render) error {
	const mode = 0o666 // less what the user's mask takes away
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, mode)
	if err != nil {
		return err
	}
	return errors.Join(f(file), file.Close())
}
