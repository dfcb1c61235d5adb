package analyze

import (
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
		r, err := disclosure.Load(o.Register)
		if err != nil {
			return nil, &UsageError{err}
		}
		g.register = r
		o.Internal = append(slices.Clone(o.Internal), r.Internal...)
	}
	if len(o.Intel) > 0 {
		set, err := intel.Load(o.Intel)
		if err != nil {
			return nil, &UsageError{err}
		}
		g.intel = set
	}
	b, err := readBaselines(o.Baseline)
	if err != nil {
		return nil, &UsageError{err}
	}
	g.baseline = b
	for _, p := range o.Ignore {
		b, err := readBounded(p)
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

// maxGiven bounds a file that a person wrote, bytes; its parser has a bound of its own.
const maxGiven = 16 << 20

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // read only
	b, err := io.ReadAll(io.LimitReader(f, maxGiven))
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
