package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"phonehome/analyze"
)

// scanFlags are the flags of scan.
type scanFlags struct {
	read     readFlags
	judge    judgeFlags
	view     viewFlags
	evidence string // folder, "" for none
}

func newScanCmd(a *app) *cobra.Command {
	f := &scanFlags{}
	c := &cobra.Command{
		Use:   "scan CAPTURE...",
		Short: "Say which transfers left, to whom, and how much",
		Long: `scan reads captures and says which transfers left: the report goes to stdout, talk and progress to stderr.

A capture is a file, a folder (all captures below it; links are not followed), a glob, or - for standard input. Saved facts (-o facts=FILE.zst) are read in
place of captures. All that is given is one body of evidence: the order does not matter, overlapping captures are merged by time, and the same bytes count once.
The first interrupt ends the reading of standard input; the report follows.

Every flag but --config, --no-config, --output and --evidence can be set in phonehome.yaml (strict: true) or in the environment (PHONEHOME_STRICT=true). Flags come
first, then the environment, then the file.`,
		Example: `  phonehome scan capture.pcap
  phonehome scan --internal 203.0.113.0/24 evidence/ -f json -o facts=evidence.ndjson.zst
  phonehome scan capture.pcap --evidence case-17/
  phonehome scan --by destination --only vendor=Example '*.pcap.gz'`,
		Args: needCaptures,
		RunE: func(c *cobra.Command, args []string) error { return f.run(a, c, args) },
	}
	f.add(c)
	return c
}

func (f *scanFlags) add(c *cobra.Command) {
	f.view.add(c.Flags())
	c.Flags().StringVar(&f.evidence, "evidence", "", "write the result, a slice of the captures for each finding, and a MANIFEST of all hashes to the folder `DIR` (docs/evidence.md)")
	f.judge.add(c.Flags())
	f.read.add(c.Flags())
}

func needCaptures(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usage("no capture given: name a file, a folder, or - for standard input")
	}
	return nil
}

func (f *scanFlags) run(a *app, c *cobra.Command, inputs []string) error {
	if err := f.read.settings.apply(a, c.Flags(), c.Flags(), inputs); err != nil {
		return err
	}
	v, err := f.view.view(a, inputs, "")
	if err != nil {
		return err
	}
	o, err := f.options(a, c, inputs)
	if err != nil {
		return err
	}
	keep, err := f.newEvidence(c.Flags(), inputs, v)
	if err != nil {
		return err
	}
	if err := tried(append(a.tryOutputs(v), f.tryEvidence(keep)...)); err != nil {
		return err
	}
	o.Twice, o.Facts = keep != nil, v.live()
	in := a.interruptible(c.Context(), inputs)
	defer in.close()
	o.Stdin = in
	r, err := a.scan(in.ctx, o, f.read.progress)
	if err != nil {
		return scanError(err)
	}
	shown, red := v.redacted(r)
	failed := a.show(in.ctx, shown, v)
	if keep != nil {
		p := a.newProgress(f.read.progress)
		o.Progress = p.update
		err := keep.write(in.ctx, &cuttable{r, shown, red, o}, v)
		p.finish()
		if err != nil {
			failed = append(failed, fmt.Errorf("write %s: %w", f.evidence, err))
		}
	}
	if err := in.ctx.Err(); err != nil {
		return err
	}
	return ended(r.Exit, failed)
}

func (f *scanFlags) options(a *app, c *cobra.Command, inputs []string) (analyze.Options, error) {
	o := f.read.options(a, inputs)
	if err := f.read.check(); err != nil {
		return o, err
	}
	if err := f.judge.apply(&o); err != nil {
		return o, err
	}
	for _, p := range o.Ignore {
		switch in, err := besideInput(p, inputs); {
		case err != nil:
			return o, usage("--ignorefile: %w", err)
		case in != "":
			return o, usage("%s lies in a folder that holds an input (%s): suppressions beside evidence are not read, move the file", p, in)
		}
	}
	if o.AsOf == "" {
		o.AsOf = a.now().UTC().Format(time.DateOnly)
	}
	o.Only = f.view.only.list
	o.Command = commandLine("scan", c.Flags(), inputs)
	return o, nil
}

// scan scans with progress, and says what was passed over.
func (a *app) scan(ctx context.Context, o analyze.Options, progress string) (*analyze.Result, error) {
	p := a.newProgress(progress)
	o.Progress = p.update
	o.WhenRead = reclaim
	begin := a.now()
	r, err := analyze.Scan(ctx, o)
	p.finish()
	if err != nil {
		return nil, err
	}
	a.passedOver(r)
	a.talk.detail("packets: %d, captures: %d, time: %s", r.Coverage.Packets, len(r.Captures), a.now().Sub(begin).Round(time.Millisecond))
	return r, nil
}

func (a *app) passedOver(r *analyze.Result) {
	if n := len(r.Ignored); n > 0 && !a.talk.loud {
		a.talk.note("files passed over: %d (-v lists them)", n)
	}
	for _, f := range r.Ignored {
		a.talk.detail("passed over %s: %s", f.Path, f.Reason)
	}
}
