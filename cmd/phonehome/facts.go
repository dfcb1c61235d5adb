package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"phonehome/analyze"
)

// factsFlags are the flags of facts.
type factsFlags struct {
	read readFlags
	path string
}

func newFactsCmd(a *app) *cobra.Command {
	f := &factsFlags{}
	c := &cobra.Command{
		Use:   "facts CAPTURE...",
		Short: "Print what the packets say, one JSON object a line",
		Long: `facts reads captures, as scan does, and prints what their packets say, one JSON object a line: names, flows, captures, and an end (docs/facts.md). It judges
nothing: not even what is inside. Saved facts can be read in place of the captures. Exit codes are 0, 2, 3 and 4.`,
		Example: `  phonehome facts capture.pcap
  phonehome facts -o evidence.ndjson.zst evidence/`,
		Args: needCaptures,
		RunE: func(c *cobra.Command, args []string) error { return f.run(a, c, args) },
	}
	c.Flags().StringVarP(&f.path, "output", "o", "", "write to `PATH` and not to stdout; compressed where it ends in .zst")
	f.read.add(c.Flags())
	return c
}

func (f *factsFlags) run(a *app, c *cobra.Command, inputs []string) error {
	if err := f.read.settings.apply(a, c.Flags(), newScanCmd(a).Flags(), inputs); err != nil {
		return err
	}
	if err := f.read.check(); err != nil {
		return err
	}
	if f.path != "" {
		if _, err := parseOutputs([]string{"facts=" + f.path}, inputs); err != nil {
			return err
		}
		if err := tried(notWritten(f.path, tryFile(f.path))); err != nil {
			return err
		}
	}
	in := a.interruptible(c.Context(), inputs)
	defer in.close()
	o := f.read.options(a, inputs)
	o.Stdin = in
	p := a.newProgress(f.read.progress)
	o.Progress = p.update
	o.WhenRead = reclaim
	defer p.finish()
	return f.write(in.ctx, a, o)
}

// write reads the captures and writes their facts. An error of the writer is one of the output, any other one of the captures.
func (f *factsFlags) write(ctx context.Context, a *app, o analyze.Options) error {
	var ending analyze.Exit
	var scanned error
	render := func(w io.Writer) error {
		out := &watched{w: w}
		ending, scanned = analyze.Facts(ctx, o, out)
		if out.err != nil {
			scanned = nil
		}
		return out.err
	}
	var err error
	if f.path == "" {
		err = a.writeStdout(ctx, render)
	} else if err = writeFile(ctx, f.path, func(w io.Writer) error {
		if err := render(w); err != nil {
			return err
		}
		return scanned // no file without facts
	}); err != nil {
		err = fmt.Errorf("write %s: %w", f.path, err)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case scanned != nil:
		return scanError(scanned)
	case err != nil:
		return ended(ending, []error{err})
	}
	return ended(ending, nil)
}

// watched remembers the error of a writer.
type watched struct {
	w   io.Writer
	err error
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if err != nil && w.err == nil {
		w.err = err
	}
	return n, err
}
