package main

import (
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"phonehome/analyze"
	"phonehome/report"
)

// view is how a result is to be shown, and where.
type view struct {
	stdout  report.Format
	outputs []output
	redact  []analyze.Redaction
	written []string       // files of outputs that were written whole
	screen  report.Options // of what goes to standard output
	file    report.Options // of what goes to files
}

// view reads the flags. saved is the path of a result that is read from a file, "" in a scan.
func (f *viewFlags) view(a *app, inputs []string, saved string) (*view, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	stdout, ok := report.ByName(f.format)
	if !ok {
		return nil, usage("--format %s: must be one of %s", f.format, strings.Join(screenFormats(), ", "))
	}
	if stdout.Folder != nil {
		return nil, usage("--format %s: has several files, and needs a folder: use -o %s=FOLDER", f.format, f.format)
	}
	outputs, err := parseOutputs(f.outputs, inputs)
	if err != nil {
		return nil, err
	}
	v := &view{stdout: stdout, outputs: outputs, file: report.Options{By: f.by, Limit: f.limit, Wide: f.wide, Annex: f.annex, Saved: saved}}
	if err := v.file.Severity.UnmarshalText([]byte(f.severity)); err != nil {
		return nil, usage("--severity: %w", err)
	}
	v.screen = v.file
	v.screen.Color = a.colored(f.color)
	v.screen.Width = screenWidth(a.stdout)
	v.redact = f.redact.list
	return v, v.checkLive(saved)
}

// screenFormats are the names of formats of one file: others need a folder.
func screenFormats() []string {
	return slices.DeleteFunc(report.Names(), func(name string) bool {
		f, _ := report.ByName(name)
		return f.Folder != nil
	})
}

// checkLive refuses formats that are made from facts where there are none, or none that may be shown: facts are what packets say, and can't be redacted.
func (v *view) checkLive(saved string) error {
	for _, format := range v.formats() {
		switch {
		case format.Live && saved != "":
			return usage("a saved result holds no facts, which format %s needs: scan the captures for them", format.Name)
		case format.Live && len(v.redact) > 0:
			return usage("--redact: %s is made from the facts of the captures, which are not redacted: leave it out", format.Name)
		}
	}
	return nil
}

// redacted is a result as it is shown, and what redacts the frames of slices; nil where nothing is redacted.
func (v *view) redacted(r *analyze.Result) (*analyze.Result, *analyze.Redactor) {
	if len(v.redact) == 0 {
		return r, nil
	}
	return r.Redact(v.redact)
}

// live says whether a format is made from facts.
func (v *view) live() bool {
	return slices.ContainsFunc(v.formats(), func(f report.Format) bool { return f.Live })
}

// formats are those that the result is shown in.
func (v *view) formats() (out []report.Format) {
	for _, o := range v.outputs {
		out = append(out, o.format)
	}
	return append(out, v.stdout)
}

// colored says whether standard output gets colour (https://no-color.org).
func (a *app) colored(when string) bool {
	switch when {
	case auto:
		return isTerminal(a.stdout) && a.env("NO_COLOR") == "" && a.env("TERM") != "dumb"
	case "never":
		return false
	}
	return true
}

func (a *app) env(name string) string {
	i := slices.IndexFunc(a.environ, func(e string) bool { return strings.HasPrefix(e, name+"=") })
	if i < 0 {
		return ""
	}
	return a.environ[i][len(name)+1:]
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// screenWidth is the number of columns of a terminal; 0, which is no bound, of anything else.
func screenWidth(f *os.File) int {
	if !isTerminal(f) {
		return 0
	}
	w, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return w
}
