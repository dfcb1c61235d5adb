package analyze_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "phonehome"

// layers is the map of rooms: what each package of the program may import of the others. Data flows one way, from capture to report.
// The fixtures serve tests only, and may import nothing of what they test.
var layers = map[string][]string{
	"cmd/phonehome":      {"report", "analyze", "analyze/judge", "analyze/disclosure", "analyze/yamldoc", "analyze/vendors"},
	"report":             {"analyze", "analyze/judge", "analyze/disclosure", "analyze/hostname", "analyze/flow", "analyze/packet", "analyze/capture"},
	"analyze":            {"analyze/slice", "analyze/judge", "analyze/disclosure", "analyze/intel", "analyze/vendors", "analyze/hostname", "analyze/flow", "analyze/packet", "analyze/capture"},
	"analyze/judge":      {"analyze/disclosure", "analyze/personal", "analyze/rhythm", "analyze/yamldoc", "analyze/intel", "analyze/vendors", "analyze/hostname", "analyze/flow", "analyze/packet", "analyze/capture"},
	"analyze/disclosure": {"analyze/yamldoc", "analyze/intel", "analyze/vendors", "analyze/hostname", "analyze/flow", "analyze/packet", "analyze/capture"},
	"analyze/slice":      {"analyze/capture"},
	"analyze/rhythm":     {},
	"analyze/yamldoc":    {},
	"analyze/intel":      {"analyze/vendors", "analyze/hostname", "analyze/flow", "analyze/packet", "analyze/capture"},
	"analyze/vendors":    {"analyze/hostname", "analyze/flow", "analyze/packet", "analyze/capture"},
	"analyze/personal":   {},
	"analyze/hostname":   {"analyze/personal", "analyze/flow", "analyze/packet", "analyze/capture"},
	"analyze/flow":       {"analyze/packet", "analyze/capture"},
	"analyze/packet":     {"analyze/capture"},
	"analyze/capture":    {},
}

// builders are programs that make data or fixtures. They are no part of the program: it may not import them, and they may do what it may not.
var builders = []string{"fixtures", "analyze/vendors/"}

// forbidden are packages that open sockets or start other programs: nothing of the program may import them. net/netip, which only parses, is another
// package than net.
var forbidden = []string{"net", "net/http", "net/rpc", "net/smtp", "net/textproto", "crypto/tls", "os/exec", "plugin", "github.com/quic-go/quic-go", "log/syslog",
	"golang.org/x/net/http2", "golang.org/x/net/proxy", "golang.org/x/net/websocket"}

// file is one Go source file: its package's folder and its imports.
type file struct {
	path, folder string
	imports      []string
}

// sources reads the imports of all files of the module that are no tests. It opens the files itself: a test that asked the go command would be
// cached although they changed.
func sources(t *testing.T) (out []file) {
	t.Helper()
	root := ".."
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go"):
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		s := file{path: filepath.ToSlash(rel), folder: path.Dir(filepath.ToSlash(rel))}
		for _, i := range f.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, name)
		}
		out = append(out, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func builder(folder string) bool {
	return slices.ContainsFunc(builders, func(b string) bool {
		return folder == b || strings.HasPrefix(folder+"/", strings.TrimSuffix(b, "/")+"/") && folder+"/" != b
	})
}

func TestImportsGoDownward(t *testing.T) {
	met := map[string]bool{}
	for _, f := range sources(t) {
		met[f.folder] = true
		allowed, known := layers[f.folder]
		if !known && !builder(f.folder) {
			t.Errorf("%s: package %s is not in the map of rooms", f.path, f.folder)
			continue
		}
		for _, i := range f.imports {
			within, ours := strings.CutPrefix(i, module+"/")
			if known && ours && !slices.Contains(allowed, within) {
				t.Errorf("%s imports %s: %s may import only %v", f.path, i, f.folder, allowed)
			}
		}
	}
	for folder := range layers {
		if !met[folder] {
			t.Errorf("the map of rooms has %s, which does not exist", folder)
		}
	}
}

func TestNothingOpensSockets(t *testing.T) {
	for _, f := range sources(t) {
		if builder(f.folder) {
			continue
		}
		for _, i := range f.imports {
			if slices.Contains(forbidden, i) {
				t.Errorf("%s imports %s: the program opens no socket and starts no other program", f.path, i)
			}
		}
	}
}

// TestLaws finds in the text what no compiler knows to be a law.
func TestLaws(t *testing.T) {
	for _, law := range []struct {
		text   string
		except []string
		why    string
	}{
		{"\tgo func", []string{"analyze"}, "only package analyze starts goroutines"},
		{"time.Now(", []string{"cmd/phonehome"}, "time is capture time: only the command knows a clock"},
		{"os.Exit(", []string{"cmd/phonehome"}, "only the command ends the process"},
		{"func init()", nil, "nothing happens before main"},
	} {
		for _, f := range sources(t) {
			if builder(f.folder) || slices.Contains(law.except, f.folder) {
				continue
			}
			if strings.Contains(read(t, f.path), law.text) {
				t.Errorf("%s has %q: %s", f.path, strings.TrimSpace(law.text), law.why)
			}
		}
	}
}

func read(t *testing.T, p string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(p)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
