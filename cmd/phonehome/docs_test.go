package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"phonehome/report"
)

func page(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// flagRow is a row of the table of flags: the flags, and the commands that have them.
var flagRow = regexp.MustCompile("(?m)^\\| (`--[^|]*) \\| ([a-z ]+) \\|")

// documentedFlags are "command --flag" and "command -f" as the documentation has them.
func documentedFlags(t *testing.T) (out []string) {
	for _, row := range flagRow.FindAllStringSubmatch(page(t, "../../docs/usage.md"), -1) {
		for _, f := range regexp.MustCompile("`(-[^`]+)`").FindAllStringSubmatch(row[1], -1) {
			for command := range strings.FieldsSeq(row[2]) {
				out = append(out, command+" "+f[1])
			}
		}
	}
	slices.Sort(out)
	return out
}

func flagsOf(command string, fs *pflag.FlagSet) (out []string) {
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		out = append(out, command+" --"+f.Name)
		if f.Shorthand != "" {
			out = append(out, command+" -"+f.Shorthand)
		}
	})
	return out
}

func TestFlagsAreDocumented(t *testing.T) {
	root := newRootCmd(&app{}, io.Discard)
	exist := flagsOf("all", root.PersistentFlags())
	for _, c := range root.Commands() {
		if slices.Contains([]string{"scan", "facts", "report"}, c.Name()) {
			exist = append(exist, flagsOf(c.Name(), c.Flags())...)
		}
	}
	slices.Sort(exist)
	if diff := cmp.Diff(exist, documentedFlags(t)); diff != "" {
		t.Errorf("flags (- exist, + documented):\n%s", diff)
	}
}

func TestCommandsAreDocumented(t *testing.T) {
	text := page(t, "../../docs/usage.md")
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `phonehome ([a-z]+)").FindAllStringSubmatch(text, -1) {
		documented = append(documented, m[1])
	}
	root := newRootCmd(&app{}, io.Discard)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	var exist []string
	for _, c := range root.Commands() {
		if c.Runnable() || c.HasSubCommands() {
			exist = append(exist, c.Name())
		}
	}
	slices.Sort(documented)
	slices.Sort(exist)
	if diff := cmp.Diff(exist, documented); diff != "" {
		t.Errorf("commands (- exist, + documented):\n%s", diff)
	}
}

// TestTopicsAreDocumented: topics of help are named as such.
func TestTopicsAreDocumented(t *testing.T) {
	text := page(t, "../../docs/usage.md")
	for _, c := range []*cobra.Command{newExitCodesTopic(), newFormatsTopic()} {
		if !strings.Contains(text, "help "+c.Name()+"`") {
			t.Errorf("help %s is not documented", c.Name())
		}
	}
}

func TestExitCodesAreDocumented(t *testing.T) {
	_, text, _ := strings.Cut(page(t, "../../docs/usage.md"), "## Exit codes")
	var want, got []string
	for _, e := range exitCodes {
		want = append(want, fmt.Sprintf("| `%d` | %s |", e.code, e.meaning))
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "| `") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exit codes (- exist, + documented):\n%s", diff)
	}
}

func TestFormatsAreDocumented(t *testing.T) {
	var want, got []string
	for _, f := range report.Formats {
		suffixes := "a folder"
		if f.Folder == nil {
			suffixes = "`" + strings.Join(f.Suffixes, "`, `") + "`"
		}
		if len(f.Suffixes) == 0 && f.Folder == nil {
			suffixes = "none"
		}
		want = append(want, fmt.Sprintf("`%s` %s %v", f.Name, suffixes, f.Live))
	}
	for line := range strings.Lines(page(t, "../../docs/formats.md")) {
		if cells := strings.Split(line, " | "); len(cells) == 3 && strings.HasPrefix(line, "| `") {
			got = append(got, fmt.Sprintf("%s %s %v", strings.TrimPrefix(cells[0], "| "), strings.TrimSuffix(cells[2], " |\n"), strings.HasPrefix(cells[1], "*live*")))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("formats (- exist, + documented):\n%s", diff)
	}
}

// demoArgs is the scan of `make demo`: with the small catalogue, and without countries, which the addresses of documentation have none of. So refreshed
// data don't change what the README shows.
var demoArgs = []string{"scan", "fixtures/demo.pcap", "--as-of", "2018-12-01", "--no-config", "--no-embedded-geo", "--catalogue", "fixtures/data/catalogue.yaml"}

// TestDemo holds the README, and the Makefile, to what the demonstration prints.
func TestDemo(t *testing.T) {
	c := exec.Command(build(t), demoArgs...)
	c.Dir = "../.."
	c.Env = []string{"HOME=" + t.TempDir()}
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range demoArgs {
		if !strings.Contains(page(t, "../../Makefile"), flag) {
			t.Errorf("the Makefile's demo lacks %s", flag)
		}
	}
	const begin, end = "$ phonehome scan fixtures/demo.pcap\n", "```\n"
	text := page(t, "../../README.md")
	before, rest, ok := strings.Cut(text, begin)
	quoted, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatal("the README quotes no demonstration")
	}
	// The command that is proposed repeats flags that are of the demonstration alone.
	shown := regexp.MustCompile(`(?m)^Next: .*\n`).ReplaceAll(out, nil)
	if bytes.Equal([]byte(quoted), shown) {
		return
	}
	if !*update {
		t.Fatalf("README (- quoted, + printed):\n%s", cmp.Diff(quoted, string(shown)))
	}
	if err := os.WriteFile("../../README.md", []byte(before+begin+string(shown)+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
