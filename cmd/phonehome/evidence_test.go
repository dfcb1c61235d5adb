package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// runIn runs the program in this process, and returns its exit code and what it said on stderr.
func runIn(t *testing.T, args ...string) (int, string) {
	t.Helper()
	stdout, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	defer stderr.Close()
	a := &app{stdin: os.Stdin, stdout: stdout, stderr: stderr, now: time.Now}
	code := a.run(context.Background(), args)
	return code, page(t, stderr.Name())
}

// seal writes MANIFEST anew, and the hashes of slices in evidence.json: whoever changes evidence can do that too.
func seal(t *testing.T, dir string) {
	t.Helper()
	in := readJSON[evidenceIndex](t, filepath.Join(dir, evidenceName))
	for i, s := range in.Slices {
		sha, err := hashFile(filepath.Join(dir, s.File))
		if err != nil {
			t.Fatal(err)
		}
		in.Slices[i].SHA256 = sha
	}
	writeJSON(t, filepath.Join(dir, evidenceName), in)
	sums, err := readManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, s := range sums {
		if s.sha256, err = hashFile(intoFolder(dir, s.file)); err != nil {
			t.Fatal(err)
		}
		b.WriteString(s.line())
	}
	if err := os.WriteFile(filepath.Join(dir, manifestName), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readJSON[T any](t *testing.T, path string) (out T) {
	t.Helper()
	if err := json.Unmarshal([]byte(page(t, path)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func writeJSON(t *testing.T, path string, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestVerifyFindsWhatWasChanged changes evidence and makes all hashes fit again: what follows from the captures can't be changed so.
func TestVerifyFindsWhatWasChanged(t *testing.T) {
	replace := func(file, old, with string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, file)
			was := page(t, path)
			now := strings.Replace(was, old, with, 1)
			if now == was {
				t.Fatalf("%s has no %q", file, old)
			}
			if err := os.WriteFile(path, []byte(now), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func(t *testing.T, dir string)
		code   int
		want   string
	}{
		{"nothing", func(*testing.T, string) {}, 0, ""},
		{"a number", replace(resultName, `"payload_out": 52`, `"payload_out": 12`), 1, `exit 1 (result.json: destinations[0].payload_out is recorded as 12`},
		{"a name", replace(resultName, "ts01-b.cloudsink.net", "ts01-b.example.net"), 1, `"ts01-b.example.net", and derived as "ts01-b.cloudsink.net"`},
		{"the tool, which may be another", replace(resultName, `"name": "phonehome"`, `"name": "phonehome-next"`), 0, ""},
		{"a setting", replace(resultName, `"fail_on": "medium"`, `"fail_on": "low"`), 1, `settings.fail_on is recorded as "low", and derived as "medium"`},
		{"a byte of a slice", func(t *testing.T, dir string) {
			path := filepath.Join(dir, sliceName("f2"))
			b := []byte(page(t, path))
			b[300] ^= 1
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}, 1, "exit 1 (findings/f2.pcapng differs from what is cut again at byte 300)"},
		{"a longer slice", func(t *testing.T, dir string) {
			if err := appendFile(filepath.Join(dir, sliceName("f1")), []byte("more")); err != nil {
				t.Fatal(err)
			}
		}, 1, "exit 1 (findings/f1.pcapng has other bytes at its end"},
		{"a frame's number", replace(evidenceName, "34,", "35,"), 1, "exit 1 (evidence.json: slices[0].frames[0].source[0] is recorded as 35, and derived as 34)"},
		{"another argument", replace(evidenceName, "--as-of=2018-12-01", "--output=stolen"), 3, `argument "--output=stolen" is none that a result depends on`},
		{"a file that was not given", replace(evidenceName, "--as-of=2018-12-01", "--register=/etc/passwd"), 3, "the folder has no register /etc/passwd"},
		{"a report that was not written", replace(evidenceName, `"reports": []`, `"reports": ["other.html"]`), 1, "evidence.json has another file other.html than MANIFEST"},
		{"another schema", replace(evidenceName, "evidence/1", "evidence/9"), 3, `schema is "phonehome.evidence/9"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "evidence")
			if code, text := runIn(t, "scan", "../../fixtures/demo.pcap", "--as-of", "2018-12-01", "--no-config", "-q", "--evidence", dir); code != 0 {
				t.Fatalf("exit %d: %s", code, text)
			}
			c.change(t, dir)
			seal(t, dir)
			code, text := runIn(t, "verify", dir)
			if code != c.code || !strings.Contains(text, c.want) {
				t.Errorf("exit %d, want %d and %q: %s", code, c.code, c.want, text)
			}
		})
	}
}

// TestManifestLines: lines are those of sha256sum, and read as what was written.
func TestManifestLines(t *testing.T) {
	sha := strings.Repeat("0a", 32)
	for _, c := range []struct{ file, line string }{
		{"a.pcap", sha + "  a.pcap\n"},
		{"two  spaces and ü", sha + "  two  spaces and ü\n"},
		{"back\\slash\nline\rreturn", `\` + sha + `  back\\slash\nline\rreturn` + "\n"},
		{`back\nslash`, `\` + sha + `  back\\nslash` + "\n"},
	} {
		s := sum{sha, c.file}
		if s.line() != c.line {
			t.Errorf("%q gives %q, want %q", c.file, s.line(), c.line)
		}
		if got, err := parseSum(c.line); err != nil || got != s {
			t.Errorf("%q is read as %+v: %v", c.line, got, err)
		}
	}
	for _, bad := range []string{"", sha, sha + " a", sha + "  ", sha[2:] + "  a", "zz" + sha[2:] + "  a"} {
		if s, err := parseSum(bad); err == nil {
			t.Errorf("%q is read as %+v", bad, s)
		}
	}
}
