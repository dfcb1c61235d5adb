package analyze

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"

	"phonehome/analyze/disclosure"
	"phonehome/analyze/intel"
	"phonehome/analyze/judge"
)

// given is what the user gave beside captures: it is read before them, so that a mistake in it costs no scan.
type given struct {
	register     *disclosure.Register // nil for none
	intel        *intel.Set           // nil for none
	baseline     *judge.Baseline      // nil for none
	suppressions []judge.Suppression
}

// readGiven reads the files that the options name. An error is the caller's mistake.
func readGiven(o *Options) (*given, error) {
	g := &given{}
	if len(o.Register) > 0 {
		r, err := loadRegister(o)
		if err != nil {
			return nil, &UsageError{err}
		}
		g.register = r
		o.Internal = append(slices.Clone(o.Internal), r.Inside()...)
	}
	if len(o.Intel) > 0 {
		set, err := loadIntel(o)
		if err != nil {
			return nil, &UsageError{err}
		}
		g.intel = set
	}
	b, err := readBaselines(o)
	if err != nil {
		return nil, &UsageError{err}
	}
	g.baseline = b
	for _, p := range o.Ignore {
		b, err := readBounded(o.at(p))
		if err != nil {
			return nil, &UsageError{err}
		}
		s, err := judge.ParseSuppressions(p, b)
		if err != nil {
			return nil, &UsageError{err}
		}
		g.suppressions = append(g.suppressions, s...)
	}
	return g, nil
}

// loadRegister reads the register. Its entries say which file they stand in by the name that the user gave.
func loadRegister(o *Options) (*disclosure.Register, error) {
	paths, names := make([]string, len(o.Register)), map[string]string{}
	for i, p := range o.Register {
		paths[i] = o.at(p)
		names[paths[i]] = p
	}
	r, err := disclosure.Load(paths)
	if err != nil || o.Located == nil {
		return r, err
	}
	for i := range r.Files {
		r.Files[i].Path = cmp.Or(names[r.Files[i].Path], r.Files[i].Path)
	}
	for i := range r.Entries {
		r.Entries[i].File = cmp.Or(names[r.Entries[i].File], r.Entries[i].File)
	}
	return r, nil
}

// loadIntel reads the lists of indicators.
func loadIntel(o *Options) (*intel.Set, error) {
	if o.Located == nil {
		return intel.Load(o.Intel)
	}
	var in []intel.Input
	for _, p := range o.Intel {
		b, err := readAtMost(o.at(p), maxList)
		if err != nil {
			return nil, err
		}
		in = append(in, intel.Input{Path: p, Data: b})
	}
	return intel.Read(in)
}

// maxGiven bounds a file that a person wrote, bytes; its parser has a bound of its own.
const maxGiven = 16 << 20

// maxList bounds a list of indicators, bytes: more than intel reads of one.
const maxList = 256<<20 + 1

func readBounded(path string) ([]byte, error) { return readAtMost(path, maxGiven) }

func readAtMost(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // read only
	b, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return b, nil
}

// files are the files of the register as the result names them.
func (g *given) files() []disclosure.FileSum {
	if g.register == nil {
		return []disclosure.FileSum{}
	}
	return g.register.Files
}

// lists are the lists of indicators as the result names them.
func (g *given) lists() []intel.List {
	if g.intel == nil {
		return []intel.List{}
	}
	return g.intel.Lists()
}
