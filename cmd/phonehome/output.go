package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/klauspost/compress/zstd"

	"phonehome/analyze"
	"phonehome/report"
)

// output is one -o.
type output struct {
	format report.Format
	path   string
}

// compressed is the suffix of files that are compressed with zstd.
const compressed = ".zst"

// parseOutput reads [FORMAT=]PATH. What stands before the first "=" is a format, unless it can only be part of a path.
func parseOutput(s string) (output, error) {
	name, path, ok := strings.Cut(s, "=")
	if ok && !strings.ContainsAny(name, `/\.`) {
		f, known := report.ByName(name)
		if !known {
			return output{}, usage("--output %s: unknown format %q: it is one of %s", s, name, strings.Join(report.Names(), ", "))
		}
		return checkedOutput(output{f, path})
	}
	f, known := report.BySuffix(strings.TrimSuffix(s, compressed))
	if !known {
		return output{}, usage("--output %s: the name says no format: use FORMAT=%s, FORMAT one of %s", s, s, strings.Join(report.Names(), ", "))
	}
	return checkedOutput(output{f, s})
}

func checkedOutput(o output) (output, error) {
	if o.path == "" || o.path == "-" {
		return o, usage("--output: %q is no file; --format is for standard output", o.path)
	}
	return o, nil
}

// parseOutputs reads all -o, and refuses two of one place, and any that is an input.
func parseOutputs(args, inputs []string) ([]output, error) {
	var out []output
	for _, s := range args {
		o, err := parseOutput(s)
		if err != nil {
			return nil, err
		}
		for _, other := range out {
			if realPath(other.path) == realPath(o.path) {
				return nil, usage("--output %s: given twice", o.path)
			}
		}
		if in := overInput(o.path, inputs); in != "" {
			return nil, usage("--output %s would write over the input %s", o.path, in)
		}
		if err := o.checkFolder(inputs); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// checkFolder refuses a folder in which an input lies: its name could be that of a file to write.
func (o output) checkFolder(inputs []string) error {
	if o.format.Folder == nil {
		return nil
	}
	for _, in := range expand(inputs) {
		if below(in, o.path) {
			return usage("--output %s: the input %s lies in that folder, choose another", o.path, in)
		}
	}
	return nil
}

// overInput returns the input that a path names: the same file by any name or link, or a file that is already there below a folder given.
func overInput(path string, inputs []string) string {
	target, err := os.Stat(path)
	if err != nil {
		return ""
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		real = path
	}
	for _, in := range expand(inputs) {
		info, err := os.Stat(in)
		switch {
		case err != nil:
		case os.SameFile(info, target):
			return in
		case info.IsDir() && below(real, in):
			return in
		}
	}
	return ""
}

func below(path, folder string) bool {
	if real, err := filepath.EvalSymlinks(folder); err == nil {
		folder = real
	}
	return within(absolute(path), absolute(folder))
}

// render writes a result in one format.
type render func(w io.Writer) error

// writeStdout writes to standard output. A reader that went away has had enough: no error.
func (a *app) writeStdout(ctx context.Context, f render) error {
	err := f(cancelled{ctx, a.stdout})
	if err == nil || errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return fmt.Errorf("write standard output: %w", err)
}

// cancelled is a writer that stops when the user does.
type cancelled struct {
	ctx context.Context
	w   io.Writer
}

func (c cancelled) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}

// writeFile writes a file beside its place and moves it there when it is whole, unless it is to be written in place.
func writeFile(ctx context.Context, path string, f render) error {
	if inPlace(path) {
		return writeInPlace(ctx, path, f)
	}
	temp := beside(path)
	err := writeNew(ctx, temp, func(w io.Writer) error {
		if !strings.HasSuffix(path, compressed) {
			return f(w)
		}
		return compress(w, f)
	})
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		os.Remove(temp) // what matters is the first error
	}
	return err
}

// inPlace says whether a path is written to as it is. It is there and no regular file (a pipe, /dev/null), or stands for what is open already, as /dev/stdout does: that
// may be a regular file, which the link must not be replaced by.
func inPlace(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	return !info.Mode().IsRegular() || standsForOpen(path)
}

// standsForOpen says whether a path is a link that the system has for an open file: /dev/stdout, /dev/fd/3, /proc/self/fd/3.
func standsForOpen(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return false
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	return err == nil && (folder == "/dev" || within(folder, "/proc"))
}

// writeInPlace adds to what is open elsewhere, too: what standard output has already stays.
func writeInPlace(ctx context.Context, path string, f render) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	return errors.Join(f(cancelled{ctx, file}), file.Close())
}

// beside is a name beside a path that nobody else's file has, not even that of a run of the same number in another container.
func beside(path string) string {
	const letters = 36
	folder, base := filepath.Split(path)
	return folder + "." + base + "." + strconv.FormatUint(uint64(rand.Uint32()), letters) + ".tmp"
}

func writeNew(ctx context.Context, path string, f render) error {
	file, err := create(path)
	if err != nil {
		return err
	}
	return errors.Join(f(cancelled{ctx, file}), file.Sync(), file.Close())
}

// create makes a new file. Its name is none that the user gave: an error names the folder.
func create(path string) (*os.File, error) {
	const mode = 0o666 // less what the user's mask takes away
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, fmt.Errorf("no file can be made in %s: %w", filepath.Dir(path), cause(err))
	}
	return file, nil
}

// cause is an error without what was done, and to which path.
func cause(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}

func compress(w io.Writer, f render) error {
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1)) // the same bytes each time
	if err != nil {
		return err
	}
	return errors.Join(f(z), z.Close())
}

// folder is a folder that a format writes its files to.
type folder struct {
	ctx     context.Context
	path    string
	written *[]string // paths of the files
}

// File writes one file.
func (f folder) File(name string, write func(w io.Writer) error) error {
	path := filepath.Join(f.path, name)
	*f.written = append(*f.written, path)
	return writeFile(f.ctx, path, write)
}

// Remove removes a file that is the format's own; what is there and is none (a pipe, a device) stays.
func (f folder) Remove(name string, own func(head []byte) bool) error {
	path := filepath.Join(f.path, name)
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil
	}
	head, err := headOf(path)
	if err != nil || !own(head) {
		return err
	}
	return os.Remove(path)
}

// headOf reads the first few KiB of a file.
func headOf(path string) ([]byte, error) {
	const most = 4 << 10
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() // read only
	return io.ReadAll(io.LimitReader(file, most))
}

// maxStrays is how many files of other runs are named.
const maxStrays = 5

// noteStrays says which files in a folder have names as those of the format, and are not of this run: who takes the folder for its result would take them too. They may
// be somebody's by now, such as a letter that was completed, and stay.
func (a *app) noteStrays(o output, written []string) {
	all, err := os.ReadDir(o.path)
	if err != nil {
		return // it may be written and not read
	}
	var strays []string
	for _, e := range all {
		if own, _ := path.Match(o.format.Files, e.Name()); own && !slices.Contains(written, filepath.Join(o.path, e.Name())) {
			strays = append(strays, e.Name())
		}
	}
	switch n := len(strays); {
	case n == 1:
		a.talk.note("%s: %s is not of this run", o.path, strays[0])
	case n > maxStrays:
		a.talk.note("%s: %s and %d more are not of this run", o.path, strings.Join(strays[:maxStrays], ", "), n-maxStrays)
	case n > 1:
		a.talk.note("%s: %s are not of this run", o.path, strings.Join(strays, ", "))
	}
}

// write writes a result in one format to the path given. It returns the files that it wrote, or began.
func (o output) write(ctx context.Context, r *analyze.Result, opts report.Options) (written []string, err error) {
	if o.format.Folder == nil {
		return []string{o.path}, writeFile(ctx, o.path, func(w io.Writer) error { return o.format.Write(w, r, opts) })
	}
	const mode = 0o777 // less what the user's mask takes away
	if err := os.MkdirAll(o.path, mode); err != nil {
		return nil, err
	}
	err = o.format.Folder(folder{ctx, o.path, &written}, r, opts)
	return written, err
}

// show writes a result to standard output and to the files asked for. It returns what could not be written.
func (a *app) show(ctx context.Context, r *analyze.Result, v *view) (failed []error) {
	if err := a.writeStdout(ctx, func(w io.Writer) error { return v.stdout.Write(w, r, v.screen) }); err != nil {
		failed = append(failed, err)
	}
	if v.stdout.Name == githubFormat {
		if err := a.writeGitHubFiles(r); err != nil {
			failed = append(failed, err)
		}
	}
	for _, o := range v.outputs {
		written, err := o.write(ctx, r, v.file)
		if err != nil {
			failed = append(failed, fmt.Errorf("write %s: %w", o.path, err))
			continue
		}
		v.written = append(v.written, written...)
		if o.format.Folder != nil {
			a.noteStrays(o, written)
		}
	}
	return failed
}
