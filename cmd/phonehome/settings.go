package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// settings say where the values of flags come from that were not given: PHONEHOME_* first, then a file.
type settings struct {
	path    string
	none    bool
	used    string            // the file that was read, "" for none
	origins map[string]string // of flags that were set: where
}

// defaultConfig is the file that is read where --config names no other.
const defaultConfig = "phonehome.yaml"

// envPrefix begins the names of the environment: PHONEHOME_INFER_INTERNAL sets --infer-internal.
const envPrefix = "PHONEHOME_"

// perRun are the flags that a file or the environment may not set: they belong to one run.
var perRun = []string{"config", "no-config", "output", "evidence", "help"}

func (s *settings) add(fs *pflag.FlagSet) {
	fs.StringVarP(&s.path, "config", "c", "", "read settings from `FILE` (phonehome.yaml where it exists)")
	fs.BoolVar(&s.none, "no-config", false, "read no settings file")
}

// apply sets the flags of fs that were not given. all are the flags that exist in any command: a file may set those for commands that have them.
func (s *settings) apply(a *app, fs, all *pflag.FlagSet, inputs []string) error {
	s.origins = map[string]string{}
	fs.Visit(func(f *pflag.Flag) { s.origins[f.Name] = "command line" })
	if err := s.applyEnv(a, fs, all); err != nil {
		return err
	}
	path, err := s.file(a, inputs)
	if err != nil || path == "" {
		return err
	}
	s.used = path
	entries, err := readConfig(path)
	if err != nil {
		return usage("%w", err)
	}
	for _, e := range entries {
		if !settable(all, e.key) {
			return usage("%s: unknown setting %q", e.at, e.key)
		}
		if s.origins[e.key] != "" || fs.Lookup(e.key) == nil {
			continue
		}
		for _, v := range e.values {
			if err := fs.Set(e.key, v.text); err != nil {
				return usage("%s: %w", v.at, err)
			}
		}
		s.origins[e.key] = e.at
	}
	a.talk.detail("settings read from %s", path)
	return nil
}

func settable(all *pflag.FlagSet, key string) bool {
	f := all.Lookup(key)
	return f != nil && !slices.Contains(perRun, key)
}

// applyEnv sets flags from the environment. Values of a repeatable flag are parted by commas.
func (s *settings) applyEnv(a *app, fs, all *pflag.FlagSet) error {
	for _, e := range a.environ {
		key, value, _ := strings.Cut(e, "=")
		rest, ours := strings.CutPrefix(key, envPrefix)
		if !ours {
			continue
		}
		name := strings.ToLower(strings.ReplaceAll(rest, "_", "-"))
		if !settable(all, name) {
			return usage("%s: there is no such setting", key)
		}
		if s.origins[name] != "" || fs.Lookup(name) == nil {
			continue
		}
		values := []string{value}
		if _, many := fs.Lookup(name).Value.(list); many {
			values = strings.Split(value, ",")
		}
		for _, v := range values {
			if err := fs.Set(name, v); err != nil {
				return usage("%s: %w", key, err)
			}
		}
		s.origins[name] = key
	}
	return nil
}

// file is the settings file to read, "" where there is none. One that lies in a folder that holds an input could be the work of whoever made the
// evidence: it is not read.
func (s *settings) file(a *app, inputs []string) (string, error) {
	path := s.path
	if path == "" {
		path = defaultConfig
		if _, err := os.Stat(path); s.none || errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
	} else if s.none {
		return "", usage("--config and --no-config contradict each other")
	}
	in, err := besideInput(path, inputs)
	switch {
	case err != nil:
		return "", usage("config: %w", err)
	case in == "":
		return path, nil
	case s.path != "":
		return "", usage("%s lies in a folder that holds an input (%s): settings beside evidence are not read, move the file", path, in)
	}
	a.talk.note("%s is not read: its folder holds an input (%s)", path, in)
	return "", nil
}

// besideInput returns the input whose folder, or which as a folder, holds a file; "" where there is none.
func besideInput(path string, inputs []string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	folders := []string{filepath.Dir(absolute(real)), filepath.Dir(absolute(path))}
	for _, in := range expand(inputs) {
		info, err := os.Stat(in)
		if err != nil {
			continue // the scan says it
		}
		if real, err := filepath.EvalSymlinks(in); err == nil {
			in = real
		}
		for _, folder := range folders {
			if info.IsDir() && within(folder, absolute(in)) || !info.IsDir() && folder == filepath.Dir(absolute(in)) {
				return in, nil
			}
		}
	}
	return "", nil
}

// absolute is an absolute path, or the path itself where the working folder is gone.
func absolute(p string) string {
	if abs, err := filepath.Abs(p); err == nil {
		return abs
	}
	return p
}

func within(folder, top string) bool {
	rel, err := filepath.Rel(top, folder)
	return err == nil && (rel == "." || filepath.IsLocal(rel))
}

// expand lists what inputs name: the matches of a glob, else the input itself; not standard input.
func expand(inputs []string) (out []string) {
	for _, in := range inputs {
		if in == "-" {
			continue
		}
		if _, err := os.Lstat(in); err != nil {
			if found, err := filepath.Glob(in); err == nil && len(found) > 0 {
				out = append(out, found...)
				continue
			}
		}
		out = append(out, in)
	}
	return out
}

// usage is a mistake of the command line or the configuration.
func usage(format string, args ...any) error {
	return fmt.Errorf(format, args...)
}
