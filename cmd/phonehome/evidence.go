package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/spf13/pflag"

	"phonehome/analyze"
	"phonehome/report"
)

// evidenceSchema names the shape of evidence.json.
const evidenceSchema = "phonehome.evidence/1"

// The files of an evidence folder, beside MANIFEST. All names are made of ids and numbers of our own.
const (
	evidenceName = "evidence.json"
	resultName   = "result.json"
	slicesName   = "findings"
	givenName    = "given"
)

// evidenceFile matches what may lie in an evidence folder: one that holds anything else is somebody's, and is not written over.
var evidenceFile = regexp.MustCompile(`^(MANIFEST|evidence\.json|result\.json|findings|findings/f[0-9]+\.pcapng|given|given/[a-z]+-[0-9]+\.(yaml|txt))$`)

// evidenceIndex is evidence.json: what lies where, and all that a scan that is done again needs.
type evidenceIndex struct {
	Schema    string            `json:"schema"`
	Tool      analyze.Tool      `json:"tool"`
	Redacted  []string          `json:"redacted"`  // what was left out; a redacted folder names no captures
	Arguments []string          `json:"arguments"` // of the scan: flags that the result depends on, wherever they were set
	Captures  []evidenceCapture `json:"captures"`
	Given     []evidenceGiven   `json:"given"`
	Reports   []string          `json:"reports"` // other files that the same scan wrote, as MANIFEST has them
	Slices    []evidenceSlice   `json:"slices"`
}

// evidenceCapture is a capture: captures[] of the result has more of it.
type evidenceCapture struct {
	Path   string `json:"path"` // as the result has it
	File   string `json:"file"` // as MANIFEST has it; "" where the capture could not be read
	SHA256 string `json:"sha256"`
}

// evidenceGiven is a file that was given beside captures.
type evidenceGiven struct {
	Flag   string `json:"flag"` // the flag that named it
	Path   string `json:"path"` // as it was given
	File   string `json:"file"` // the copy, or of a database the file itself, as MANIFEST has it
	SHA256 string `json:"sha256"`
}

// evidenceSlice is the slice of one finding.
type evidenceSlice struct {
	analyze.Slice
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
}

// evidenceFolder is an evidence folder to be written. It comes into being beside its place, and is moved there when it is whole.
type evidenceFolder struct {
	path, temp string
	arguments  []string
	given      []evidenceGiven
}

// newEvidence checks --evidence before anything is read, and notes what the files that are given beside captures hold; nil where none is asked for.
func (f *scanFlags) newEvidence(fs *pflag.FlagSet, inputs []string, v *view) (*evidenceFolder, error) {
	if f.evidence == "" {
		return nil, nil
	}
	e := &evidenceFolder{path: realPath(f.evidence), arguments: arguments(fs)}
	switch {
	case slices.Contains(inputs, "-"):
		return nil, usage("--evidence: standard input can be read once only, and evidence is cut out of captures when they were scanned: save it to a file first")
	case f.read.hash == hashNone:
		return nil, usage("--evidence and --hash none contradict each other: evidence is known by its hash")
	}
	if err := e.check(inputs, v); err != nil {
		return nil, f.noEvidence(err)
	}
	for _, g := range f.given() {
		if e.has(g.Path) {
			return nil, usage("--evidence %s: %s lies in that folder, choose another", f.evidence, g.Path)
		}
		if sha, err := hashFile(g.Path); err == nil { // the scan says why a file can't be read
			g.SHA256 = sha
			e.given = append(e.given, g)
		}
	}
	return e, nil
}

// noEvidence is a folder that is none for evidence: one that can't be there, or one that the user is to choose another for.
func (f *scanFlags) noEvidence(err error) error {
	if out := (*outputError)(nil); errors.As(err, &out) {
		return tried(notWritten(f.evidence, err))
	}
	return usage("--evidence %s: %w", f.evidence, err)
}

// given are the files beside captures that the result depends on. Lists and registers are copied; databases, which are large and whose licences may forbid it, are not.
func (f *scanFlags) given() (out []evidenceGiven) {
	for _, kind := range []struct {
		flag, suffix string
		paths        []string
	}{
		{"register", ".yaml", f.judge.register}, {"ignorefile", ".yaml", f.judge.ignore}, {"intel", ".txt", f.judge.intel}, {"baseline", ".txt", f.judge.baseline},
		{"catalogue", ".yaml", nonempty(f.judge.catalogue)}, {"config", ".yaml", nonempty(f.read.settings.used)},
		{"geoip-country", "", f.judge.geoCountry}, {"geoip-asn", "", f.judge.geoASN},
	} {
		for i, path := range kind.paths {
			g := evidenceGiven{Flag: kind.flag, Path: path}
			if kind.suffix != "" {
				g.File = givenName + "/" + kind.flag + "-" + strconv.Itoa(i+1) + kind.suffix
			}
			out = append(out, g)
		}
	}
	return out
}

func nonempty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// check refuses a folder that holds anything but former evidence, that holds an input or an output, or that lies in an input.
func (e *evidenceFolder) check(inputs []string, v *view) error {
	for _, in := range expand(inputs) {
		info, err := os.Stat(in)
		switch {
		case e.has(in):
			return fmt.Errorf("the input %s lies in that folder, choose another", in)
		case err == nil && info.IsDir() && below(e.path, in):
			return fmt.Errorf("it lies in the input %s, whose captures would be more from then on: choose another", in)
		}
	}
	for _, o := range v.outputs {
		if e.has(o.path) {
			return fmt.Errorf("the output %s lies in that folder: it holds the result already, write other formats beside it", o.path)
		}
	}
	return former(e.path)
}

// has says whether a file lies in the folder, itself or what it links to.
func (e *evidenceFolder) has(path string) bool {
	real, err := filepath.EvalSymlinks(path)
	return within(realPath(path), e.path) || err == nil && within(absolute(real), e.path)
}

// former says why a folder is no former evidence folder, just as it was written. An empty one, or none, will do.
func former(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return &outputError{cause(err)}
	case !info.IsDir():
		return &outputError{errors.New("is no folder")}
	}
	any := false
	var files []string
	err = filepath.WalkDir(path, func(at string, d fs.DirEntry, err error) error {
		if err != nil || at == path {
			return err
		}
		rel, err := filepath.Rel(path, at)
		if err != nil {
			return err
		}
		if rel = filepath.ToSlash(rel); !evidenceFile.MatchString(rel) || !d.IsDir() && !d.Type().IsRegular() {
			return fmt.Errorf("holds %s, which is none of evidence: choose an empty folder", report.Terminal(rel))
		}
		if any = true; !d.IsDir() {
			files = append(files, rel)
		}
		return nil
	})
	if err != nil || !any {
		return err
	}
	return asWritten(path, files)
}

// asWritten wants files of a folder to be as its MANIFEST has them: in one that is not there, or that was changed, may be somebody's work.
func asWritten(path string, files []string) error {
	sums, err := readManifest(path)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("holds files and no MANIFEST: choose an empty folder")
	}
	if err != nil {
		return err
	}
	known := map[string]string{}
	for _, s := range sums {
		known[s.file] = s.sha256
	}
	for _, file := range files {
		if file == manifestName {
			continue
		}
		sha, err := hashFile(filepath.Join(path, filepath.FromSlash(file)))
		if err != nil {
			return err
		}
		if sha != known[file] {
			return fmt.Errorf("holds %s, which is not as MANIFEST has it: choose an empty folder", file)
		}
	}
	return nil
}

// tryEvidence says why the folder can't be written beside its place, or a former one not removed; nothing where no evidence is asked for.
func (f *scanFlags) tryEvidence(e *evidenceFolder) []error {
	if e == nil {
		return nil
	}
	err := tryFolder(filepath.Dir(e.path))
	for _, name := range []string{"", slicesName, givenName} {
		old := filepath.Join(e.path, name)
		if files, _ := os.ReadDir(old); err == nil && len(files) > 0 { // an empty one is removed whoever may write to it
			err = tryFolder(old)
		}
	}
	return notWritten(f.evidence, err)
}

// cuttable is a result with all that cuts slices out of its captures.
type cuttable struct {
	scanned, shown *analyze.Result
	red            *analyze.Redactor // nil for none
	options        analyze.Options
}

// write writes the folder: beside its place first, so that it is whole or not there.
func (e *evidenceFolder) write(ctx context.Context, r *cuttable, v *view) error {
	e.temp = beside(e.path)
	const mode = 0o777 // less what the user's mask takes away
	if err := os.MkdirAll(filepath.Dir(e.path), mode); err != nil {
		return err
	}
	if err := os.Mkdir(e.temp, mode); err != nil {
		return err
	}
	err := e.fill(ctx, r, v)
	if err == nil {
		err = e.replace()
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(e.temp))
	}
	return nil
}

// replace moves the folder to its place. A former one is looked at again: what came into it meanwhile is somebody's.
func (e *evidenceFolder) replace() error {
	if err := former(e.path); err != nil {
		return fmt.Errorf("%s %w", e.path, err)
	}
	old := e.temp + ".old"
	if err := os.Rename(e.path, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(e.temp, e.path); err != nil {
		return errors.Join(err, os.Rename(old, e.path))
	}
	return os.RemoveAll(old)
}

// fill writes the files of the folder.
func (e *evidenceFolder) fill(ctx context.Context, r *cuttable, v *view) error {
	index := &evidenceIndex{Schema: evidenceSchema, Tool: r.shown.Tool, Redacted: []string{}, Arguments: []string{}, Captures: []evidenceCapture{}, Given: []evidenceGiven{}, Reports: []string{},
		Slices: []evidenceSlice{}}
	steps := []func() ([]sum, error){
		func() ([]sum, error) { return e.result(ctx, r.shown) },
		func() ([]sum, error) { return e.slices(ctx, index, r) },
		func() ([]sum, error) { return e.index(ctx, index) },
	}
	if r.red == nil {
		index.Arguments = e.arguments
		steps = slices.Insert(steps, 0,
			func() ([]sum, error) { return e.captures(index, r.shown), nil },
			func() ([]sum, error) { return e.copies(index) },
			func() ([]sum, error) { return e.reports(index, v.written) })
	} else {
		// Captures, registers and where other reports lie are what is not to be shared.
		index.Redacted = r.shown.Settings.Redacted
	}
	var sums []sum
	for _, step := range steps {
		more, err := step()
		if err != nil {
			return err
		}
		sums = append(sums, more...)
	}
	return e.file(ctx, manifestName, func(w io.Writer) error { return writeManifest(w, sums) })
}

// writeManifest writes each file once, in the order in which they came.
func writeManifest(w io.Writer, sums []sum) error {
	seen := map[sum]bool{}
	for _, s := range sums {
		if seen[s] {
			continue
		}
		seen[s] = true
		if _, err := io.WriteString(w, s.line()); err != nil {
			return err
		}
	}
	return nil
}

func (e *evidenceFolder) file(ctx context.Context, name string, write render) error {
	return writeFile(ctx, filepath.Join(e.temp, filepath.FromSlash(name)), write)
}

// hashed is the line of files of the folder.
func (e *evidenceFolder) hashed(names ...string) (out []sum, err error) {
	for _, name := range names {
		sha, err := hashFile(filepath.Join(e.temp, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		out = append(out, sum{sha, name})
	}
	return out, nil
}

// captures lists the captures with the hashes of what was scanned. One that could not be read has none.
func (e *evidenceFolder) captures(index *evidenceIndex, r *analyze.Result) (out []sum) {
	for i := range r.Captures {
		in := &r.Captures[i]
		c := evidenceCapture{Path: in.Path, SHA256: in.SHA256}
		if in.SHA256 != "" {
			c.File = fromFolder(e.path, in.Path)
			out = append(out, sum{c.SHA256, c.File})
		}
		index.Captures = append(index.Captures, c)
	}
	return out
}

// copies copies what was given beside captures. A file that changed since before the scan is an error: which state was used is not known.
func (e *evidenceFolder) copies(index *evidenceIndex) (out []sum, err error) {
	for _, g := range e.given {
		copied := g.Path
		if g.File == "" {
			g.File = fromFolder(e.path, g.Path)
		} else {
			copied = filepath.Join(e.temp, filepath.FromSlash(g.File))
			if err := copyFile(copied, g.Path); err != nil {
				return nil, err
			}
		}
		sha, err := hashFile(copied)
		if err != nil {
			return nil, err
		}
		if sha != g.SHA256 {
			return nil, fmt.Errorf("%s changed while the captures were scanned", g.Path)
		}
		index.Given = append(index.Given, g)
		out = append(out, sum{sha, g.File})
	}
	return out, nil
}

// copyFile copies a file to a new one, making its folder.
func copyFile(to, from string) error {
	const dirMode, mode = 0o777, 0o666 // less what the user's mask takes away
	in, err := openRegular(from)
	if err != nil {
		return err
	}
	defer in.Close() // read only
	if err := os.MkdirAll(filepath.Dir(to), dirMode); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func (e *evidenceFolder) result(ctx context.Context, r *analyze.Result) ([]sum, error) {
	if err := e.file(ctx, resultName, func(w io.Writer) error { return writeResult(w, r) }); err != nil {
		return nil, err
	}
	return e.hashed(resultName)
}

// writeResult writes a result as -f json does.
func writeResult(w io.Writer, r *analyze.Result) error {
	f, _ := report.ByName("json")
	return f.Write(w, r, report.Options{})
}

// slices cuts the slices.
func (e *evidenceFolder) slices(ctx context.Context, index *evidenceIndex, r *cuttable) (out []sum, err error) {
	const mode = 0o777 // less what the user's mask takes away
	if err := os.Mkdir(filepath.Join(e.temp, slicesName), mode); err != nil {
		return nil, err
	}
	err = r.scanned.Cut(ctx, r.options, r.red, func(finding string, piece []byte) error {
		return appendFile(filepath.Join(e.temp, filepath.FromSlash(sliceName(finding))), piece)
	})
	if err != nil {
		return nil, err
	}
	for _, s := range r.scanned.Slices() {
		one, err := e.hashed(sliceName(s.Finding))
		if err != nil {
			return nil, err
		}
		index.Slices = append(index.Slices, evidenceSlice{Slice: s, File: one[0].file, SHA256: one[0].sha256})
		out = append(out, one...)
	}
	return out, nil
}

// sliceName is the file of a finding's slice.
func sliceName(finding string) string { return slicesName + "/" + finding + ".pcapng" }

// appendFile appends to a file, which is opened for that alone: thousands of slices need no more than one open file.
func appendFile(path string, b []byte) error {
	const mode = 0o666 // less what the user's mask takes away
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// reports lists the files that outputs were written to; pipes and devices hold nothing that could be hashed.
func (e *evidenceFolder) reports(index *evidenceIndex, written []string) (out []sum, err error) {
	for _, path := range written {
		if inPlace(path) {
			continue
		}
		sha, err := hashFile(path)
		if err != nil {
			return nil, err
		}
		s := sum{sha, fromFolder(e.path, path)}
		index.Reports = append(index.Reports, s.file)
		out = append(out, s)
	}
	return out, nil
}

func (e *evidenceFolder) index(ctx context.Context, index *evidenceIndex) ([]sum, error) {
	err := e.file(ctx, evidenceName, func(w io.Writer) error { return report.Indented(w, index) })
	if err != nil {
		return nil, err
	}
	return e.hashed(evidenceName)
}
