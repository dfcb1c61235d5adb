package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"phonehome/analyze"
	"phonehome/report"
)

func TestParseOutput(t *testing.T) {
	for in, want := range map[string]string{
		"json=x": "json x", "x.json": "json x.json", "facts=x.zst": "facts x.zst", "x.ndjson.zst": "facts x.ndjson.zst", "out/a=b.json": "json out/a=b.json",
		"json=a=b": "json a=b", "table=x.json": "table x.json", "x.JSON": "json x.JSON", "x.json.zst": "json x.json.zst", "./a=b.txt": "table ./a=b.txt",
		"x": "", "=x": "", "json=": "", "json=-": "", "nonsense=x": "", "-": "", ".zst": "",
	} {
		o, err := parseOutput(in)
		got := o.format.Name + " " + o.path
		if err != nil {
			got = ""
		}
		if got != want {
			t.Errorf("%s: %q (%v), want %q", in, got, err, want)
		}
	}
}

// TestWriteFileIsWhole: a file that could not be written whole leaves what was there, and nothing else.
func TestWriteFileIsWhole(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "out.txt")
	if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := writeFile(context.Background(), path, func(w io.Writer) error {
		if _, err := io.WriteString(w, "half"); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatal(err)
	}
	wantFolder(t, folder, "before")
	write := func(w io.Writer) error { _, err := io.WriteString(w, "after"); return err }
	if err := writeFile(context.Background(), path, write); err != nil {
		t.Fatal(err)
	}
	wantFolder(t, folder, "after")

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := writeFile(ctx, path, write); !errors.Is(err, context.Canceled) {
		t.Errorf("%v after an interrupt", err)
	}
	wantFolder(t, folder, "after")
}

func wantFolder(t *testing.T, folder, content string) {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(folder, "out.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 || string(b) != content {
		t.Errorf("%d files, the first has %q; want one with %q", len(files), b, content)
	}
}

// TestNoteStrays: of many files that are not of this run some are named, and the others counted; names are text of anybody's.
func TestNoteStrays(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"letter-01.md", "letter-02.md", "letter-03.md", "letter-04.md", "letter-05.md", "letter-06.md", "letter-07.md", "letter-00\x1b[2J.md", "letter.md", ".letter-08.md.1.tmp"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var said bytes.Buffer
	a := &app{talk: talk{w: &said}}
	a.noteStrays(output{report.Format{Files: "letter-*.md"}, folder}, []string{filepath.Join(folder, "letter-02.md")})
	want := "phonehome: " + folder + `: letter-00\x1b[2J.md, letter-01.md, letter-03.md, letter-04.md, letter-05.md and 2 more are not of this run` + "\n"
	if said.String() != want {
		t.Errorf("%s\nwant %s", said.String(), want)
	}
}

// TestWriteFileToDevice: what is there and no file is written to, not replaced.
func TestWriteFileToDevice(t *testing.T) {
	before, err := os.Stat(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeFile(context.Background(), os.DevNull, func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err }); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) || after.Mode().IsRegular() {
		t.Errorf("%s was replaced", os.DevNull)
	}
}

func TestEnded(t *testing.T) {
	captures := analyze.Exit{Code: 3, Reasons: []string{"cut tail in x.pcap"}}
	for _, c := range []struct {
		x      analyze.Exit
		failed []error
		want   string
	}{
		{analyze.Exit{}, nil, ""},
		{captures, nil, "exit 3 (cut tail in x.pcap)"},
		{analyze.Exit{}, []error{errors.New("write a: full")}, "exit 4 (write a: full)"},
		{captures, []error{errors.New("write a: full")}, "exit 4 (write a: full; also cut tail in x.pcap)"},
		{analyze.Exit{Code: 3, Reasons: []string{"a", "b", "c", "d", "e"}}, nil, "exit 3 (a; b; c; and 2 more)"},
		{analyze.Exit{Code: 3, Reasons: []string{"cut tail in \x1b[2J\n"}}, nil, `exit 3 (cut tail in \x1b[2J\x0a)`},
	} {
		got := ""
		if err := ended(c.x, c.failed); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("ended(%+v, %v) = %q, want %q", c.x, c.failed, got, c.want)
		}
	}
}

func TestBesideInput(t *testing.T) {
	folder := t.TempDir()
	for _, d := range []string{"evidence/deep", "mine"} {
		if err := os.MkdirAll(filepath.Join(folder, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"evidence/a.pcap", "evidence/deep/p.yaml", "evidence/p.yaml", "mine/p.yaml", "p.yaml"} {
		if err := os.WriteFile(filepath.Join(folder, f), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(folder)
	for _, c := range []struct {
		config, inputs string
		beside         bool
	}{
		{"p.yaml", "evidence", false},
		{"p.yaml", "evidence/a.pcap", false},
		{"p.yaml", ".", true},
		{"p.yaml", "-", false},
		{"mine/p.yaml", "evidence/*.pcap", false},
		{"evidence/p.yaml", "evidence/*.pcap", true},
		{"evidence/p.yaml", "evidence/a.pcap", true},
		{"evidence/deep/p.yaml", "evidence/a.pcap", false},
		{"evidence/deep/p.yaml", "evidence", true},
		{"evidence/deep/p.yaml", "nothing.pcap evidence", true},
	} {
		in, err := besideInput(c.config, strings.Fields(c.inputs))
		if err != nil || (in != "") != c.beside {
			t.Errorf("%s with %s: %q, %v", c.config, c.inputs, in, err)
		}
	}
}

// TestBroken is a reader of standard output that goes away: no error, and no file is lost.
func TestBroken(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	a := &app{stdout: w}
	if err := a.writeStdout(context.Background(), func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err }); err != nil {
		t.Error(err)
	}
}

// TestFullDisk: whatever a command prints, that it could not be written is exit 4.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("not run: ", err)
	}
	defer full.Close() // nothing is in it
	for _, line := range []string{"help", "help formats", "--help", "scan --help", "completion", "completion bash", "version", "schema result", "vendors list", "register init", "explain beacon"} {
		a := &app{stdin: os.Stdin, stdout: full, stderr: full, now: time.Now}
		if code := a.run(context.Background(), strings.Fields(line)); code != exitOutput {
			t.Errorf("%s: exit %d, want %d", line, code, exitOutput)
		}
	}
}
