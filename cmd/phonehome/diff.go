package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"phonehome/analyze"
	"phonehome/report"
)

// diffFlags are the flags of diff.
type diffFlags struct {
	format, path, failOn string
	limit                int
}

func newDiffCmd(a *app) *cobra.Command {
	f := &diffFlags{}
	c := &cobra.Command{
		Use:   "diff OLD.json NEW.json",
		Short: "Say what is new, gone, grown or in another country between two results",
		Long: `diff compares two results that scan -f json or -o result.json saved, by the keys of a lock file: not by addresses, times or clients, so that two runs of
the same product are alike. Grown is what got at least half as much payload again, and 1 kB more.`,
		Example: `  phonehome diff release-1.json release-2.json
  phonehome diff old.json new.json -f markdown --fail-on new`,
		Args: exactly(2),
		RunE: func(c *cobra.Command, args []string) error { return f.run(a, c, args) },
	}
	const rows = 20
	names := make([]string, len(report.DiffFormats))
	for i, d := range report.DiffFormats {
		names[i] = d.Name
	}
	c.Flags().VarP(newChoice(&f.format, names[0], names...), "format", "f", "how the difference is written")
	c.Flags().StringVarP(&f.path, "output", "o", "", "write to `PATH` and not to stdout")
	c.Flags().Var(newChoice(&f.failOn, analyze.FailNever, analyze.FailNever, analyze.FailNew), "fail-on", "new: exit 1 where something is new")
	c.Flags().IntVar(&f.limit, "limit", rows, "`N` rows of a table at most, 0 for all")
	return c
}

func (f *diffFlags) run(a *app, c *cobra.Command, args []string) error {
	if f.limit < 0 {
		return usage("--limit %d: must not be negative", f.limit)
	}
	if f.path != "" && overInput(f.path, args) != "" {
		return usage("--output %s would write over an input", f.path)
	}
	if f.path != "" {
		if err := tried(notWritten(f.path, tryFile(f.path))); err != nil {
			return err
		}
	}
	old, err := readResult(args[0])
	if err != nil {
		return err
	}
	now, err := readResult(args[1])
	if err != nil {
		return err
	}
	d := analyze.Diff(old, now)
	write := func(w io.Writer) error {
		i := slices.IndexFunc(report.DiffFormats, func(x report.DiffFormat) bool { return x.Name == f.format })
		return report.DiffFormats[i].Write(w, d, report.Options{Limit: f.limit, Width: screenWidth(a.stdout)})
	}
	return f.end(d, f.write(a, c, write))
}

func (f *diffFlags) write(a *app, c *cobra.Command, write render) error {
	if f.path == "" {
		return a.writeStdout(c.Context(), write)
	}
	if err := writeFile(c.Context(), f.path, write); err != nil {
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	return nil
}

// end is how the command ends.
func (f *diffFlags) end(d *analyze.Difference, failed error) error {
	x := analyze.Exit{Reasons: []string{}}
	if n := len(d.New); n > 0 && f.failOn == analyze.FailNew {
		x = analyze.Exit{Code: 1, Reasons: []string{fmt.Sprintf("destinations that the old result has not: %d", n)}}
	}
	if failed != nil {
		return ended(x, []error{failed})
	}
	return ended(x, nil)
}
