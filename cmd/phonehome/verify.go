package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"phonehome/analyze"
	"phonehome/analyze/judge"
	"phonehome/report"
)

func newVerifyCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "verify DIR",
		Short: "Derive the result of an evidence folder again, and say what differs",
		Long: `verify reads a folder that scan --evidence wrote. It holds every file of MANIFEST against its hash, scans the captures again with the settings that the folder
has, compares the result key by key, and cuts the slices again and compares them byte by byte. It says the first thing that differs.

Exit status: 0 where all is the same, 1 where something differs, 2 where the command line is wrong, 3 where a file can't be read, or nothing can be derived again as the
folder is redacted.`,
		Example: `  phonehome verify evidence/`,
		Args:    exactly(1),
		RunE:    func(c *cobra.Command, args []string) error { return a.verify(c.Context(), args[0]) },
	}
}

// differs is the first thing that is not as recorded.
func differs(format string, args ...any) error {
	return &exit{code: exitFindings, reasons: []string{fmt.Sprintf(format, args...)}}
}

// unreadable is a file of an evidence folder that can't be read, or is none.
func unreadable(err error) error { return &exit{code: exitCapture, reasons: []string{err.Error()}} }

// verification is an evidence folder that is being verified.
type verification struct {
	a     *app
	dir   string
	index *evidenceIndex
	sums  map[string]string     // of MANIFEST, by file
	dress func(*analyze.Result) // gives a result what is not derived, as it is recorded
}

func (a *app) verify(ctx context.Context, dir string) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return usage("%s is no evidence folder", dir)
	}
	v := &verification{a: a, dir: dir, sums: map[string]string{}}
	if err := v.files(ctx); err != nil {
		return err
	}
	if err := v.readIndex(); err != nil {
		return err
	}
	if len(v.index.Redacted) > 0 {
		return unreadable(errors.New("the folder is redacted: its files are as in MANIFEST, and nothing can be derived again from it"))
	}
	r, o, err := v.scan(ctx)
	if err != nil {
		return err
	}
	if err := v.result(r); err != nil {
		return err
	}
	return v.slices(ctx, r, o)
}

func (v *verification) say(format string, args ...any) {
	io.WriteString(v.a.stdout, report.Terminal(fmt.Sprintf(format, args...))+"\n")
}

// files holds every file of MANIFEST against its hash.
func (v *verification) files(ctx context.Context) error {
	sums, err := readManifest(v.dir)
	if err != nil {
		return unreadable(err)
	}
	for _, s := range sums {
		if err := ctx.Err(); err != nil {
			return err
		}
		now, err := hashFile(intoFolder(v.dir, s.file))
		if err != nil {
			return unreadable(err)
		}
		if now != s.sha256 {
			return differs("%s: SHA-256 is %s, and %s in MANIFEST", s.file, now, s.sha256)
		}
		v.sums[s.file] = s.sha256
	}
	v.say("%s as in MANIFEST", judge.Plural(len(sums), "file is", "files are"))
	return nil
}

// maxIndex bounds evidence.json, bytes: of each frame cited it has some tens.
const maxIndex = 1 << 30

// readIndex reads evidence.json, and wants each file that it names to be in MANIFEST.
func (v *verification) readIndex() error {
	f, err := openRegular(filepath.Join(v.dir, evidenceName))
	if err != nil {
		return unreadable(err)
	}
	defer f.Close() // read only
	v.index = &evidenceIndex{}
	if err := json.NewDecoder(io.LimitReader(f, maxIndex)).Decode(v.index); err != nil {
		return unreadable(fmt.Errorf("%s: %w", evidenceName, err))
	}
	if v.index.Schema != evidenceSchema {
		return unreadable(fmt.Errorf("%s: schema is %q, this program reads %q", evidenceName, v.index.Schema, evidenceSchema))
	}
	for _, c := range v.index.Captures {
		if c.File == "" && len(v.index.Redacted) == 0 {
			return unreadable(fmt.Errorf("%s could not be read when the evidence was made", c.Path))
		}
	}
	for file, sha := range v.index.files() {
		if was, ok := v.sums[file]; !ok || sha != "" && sha != was {
			return differs("%s has another file %s than MANIFEST", evidenceName, file)
		}
	}
	return nil
}

// files are those that the index names, with the SHA-256 that it has of each, "" where it has none.
func (x *evidenceIndex) files() map[string]string {
	named := map[string]string{evidenceName: "", resultName: ""}
	for _, c := range x.Captures {
		named[c.File] = c.SHA256
	}
	for _, g := range x.Given {
		named[g.File] = g.SHA256
	}
	for _, s := range x.Slices {
		named[s.File] = s.SHA256
	}
	for _, file := range x.Reports {
		named[file] = ""
	}
	delete(named, "")
	return named
}

// scan scans the captures again, as the folder says that they were scanned.
func (v *verification) scan(ctx context.Context) (*analyze.Result, analyze.Options, error) {
	o, err := v.options()
	if err != nil {
		return nil, o, unreadable(fmt.Errorf("%s: %w", evidenceName, err))
	}
	r, err := v.a.scan(ctx, o, auto)
	if err != nil {
		return nil, o, v.scanFailed(err)
	}
	return r, o, nil
}

// scanFailed: what is wrong with files of the folder is no mistake of the command line.
func (v *verification) scanFailed(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return unreadable(err)
}

// options are those of the scan that made the folder. Only flags that the result depends on are taken: the folder may be made by anybody.
func (v *verification) options() (analyze.Options, error) {
	f, c := &scanFlags{}, &cobra.Command{}
	f.add(c)
	for _, arg := range v.index.Arguments {
		name, _, ok := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if !ok || !strings.HasPrefix(arg, "--") || !slices.Contains(quoted, name) {
			return analyze.Options{}, fmt.Errorf("argument %q is none that a result depends on", arg)
		}
	}
	if err := c.ParseFlags(v.index.Arguments); err != nil {
		return analyze.Options{}, err
	}
	located := map[string]string{}
	var names []string
	for _, in := range v.index.Captures {
		located[in.Path] = intoFolder(v.dir, in.File)
		names = append(names, in.Path)
	}
	for _, g := range v.index.Given {
		located[g.Path] = intoFolder(v.dir, g.File)
	}
	for _, g := range f.given() {
		if located[g.Path] == "" {
			return analyze.Options{}, fmt.Errorf("the folder has no %s %s", g.Flag, g.Path)
		}
	}
	f.judge.catalogue = located[f.judge.catalogue]
	o := f.read.options(v.a, names)
	o.Located, o.Only, o.Twice = located, f.view.only.list, true
	return o, errors.Join(f.read.check(), f.judge.apply(&o), v.recorded(&o))
}

// recorded takes from the recorded result what is said of the run and not decided by flags.
func (v *verification) recorded(o *analyze.Options) error {
	r, err := readResult(filepath.Join(v.dir, resultName))
	if err != nil {
		return err
	}
	o.AsOf, o.Command = r.Settings.AsOf, r.Settings.Command
	tool, ignored := r.Tool, r.Ignored
	v.dress = func(now *analyze.Result) { now.Tool, now.Ignored = tool, ignored }
	if r.Tool != o.Tool {
		v.say("made by %s, verified by %s", toolText(r.Tool), toolText(o.Tool))
	}
	return nil
}

func toolText(t analyze.Tool) string {
	return strings.TrimSpace(t.Name + " " + t.Version + " " + t.Commit)
}

// result compares the results: byte by byte, as those of most folders are the same; where they are not, key by key, which holds both in memory.
func (v *verification) result(r *analyze.Result) error {
	same, err := v.sameBytes(r)
	if err != nil {
		return unreadable(err)
	}
	if !same {
		if err := v.difference(r); err != nil {
			return err
		}
	}
	v.say("%s: the same, derived again from %s", resultName, judge.Plural(len(r.Captures), "capture", "captures"))
	return nil
}

// sameBytes says whether the result, but for what is not derived, is written as it is recorded.
func (v *verification) sameBytes(r *analyze.Result) (bool, error) {
	f, err := openRegular(filepath.Join(v.dir, resultName))
	if err != nil {
		return false, err
	}
	defer f.Close() // read only
	now := *r
	v.dress(&now)
	c := &comparison{was: bufio.NewReader(f)}
	switch err := writeResult(c, &now); {
	case errors.Is(err, errOther):
		return false, nil
	case err != nil:
		return false, err
	}
	_, err = c.was.ReadByte()
	return err == io.EOF, nil
}

// difference says the first difference between the results; nil where what differs means the same.
func (v *verification) difference(r *analyze.Result) error {
	was, err := os.ReadFile(filepath.Join(v.dir, resultName))
	if err != nil {
		return unreadable(err)
	}
	var now bytes.Buffer
	if err := writeResult(&now, r); err != nil {
		return err
	}
	a, errA := decoded(was)
	b, errB := decoded(now.Bytes())
	if err := errors.Join(errA, errB); err != nil {
		return unreadable(fmt.Errorf("%s: %w", resultName, err))
	}
	if d := firstDifference("", a, b); d != "" {
		return differs("%s: %s", resultName, d)
	}
	return nil
}

// slices cuts the slices again, and holds each piece against the file.
func (v *verification) slices(ctx context.Context, r *analyze.Result, o analyze.Options) error {
	at := map[string]int64{}
	err := r.Cut(ctx, o, nil, func(finding string, piece []byte) error {
		file := sliceName(finding)
		offset := at[file]
		at[file] += int64(len(piece))
		return samePiece(filepath.Join(v.dir, filepath.FromSlash(file)), file, piece, offset)
	})
	var e *exit
	switch {
	case errors.As(err, &e), errors.Is(err, context.Canceled):
		return err
	case err != nil:
		return unreadable(err)
	}
	if err := v.sliceList(r); err != nil {
		return err
	}
	for _, s := range v.index.Slices {
		if info, err := os.Stat(filepath.Join(v.dir, filepath.FromSlash(sliceName(s.Finding)))); err != nil || info.Size() != at[s.File] {
			return differs("%s has other bytes at its end than those cut again (%d)", s.File, at[s.File])
		}
	}
	v.say("%s the same, cut again byte for byte", judge.Plural(len(v.index.Slices), "slice is", "slices are"))
	return nil
}

// sliceList holds what evidence.json says of slices against what they hold.
func (v *verification) sliceList(r *analyze.Result) error {
	now := []evidenceSlice{}
	for _, s := range r.Slices() {
		now = append(now, evidenceSlice{Slice: s, File: sliceName(s.Finding), SHA256: v.sums[sliceName(s.Finding)]})
	}
	a, errA := json.Marshal(map[string]any{"slices": v.index.Slices})
	b, errB := json.Marshal(map[string]any{"slices": now})
	was, errC := decoded(a)
	is, errD := decoded(b)
	if err := errors.Join(errA, errB, errC, errD); err != nil {
		return unreadable(err)
	}
	if d := firstDifference("", was, is); d != "" {
		return differs("%s: %s", evidenceName, d)
	}
	return nil
}
