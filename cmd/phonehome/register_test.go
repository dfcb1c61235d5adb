package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"phonehome/analyze/disclosure"
	"phonehome/fixtures"
)

// captures are what learn is tried on: an ordinary day, and names that are chosen to break out.
func captures(t *testing.T) map[string][]byte {
	t.Helper()
	demo, err := os.ReadFile("../../fixtures/demo.pcap")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{"demo": demo}
	for _, c := range fixtures.Cases() {
		if c.Slug == "hostile-names" || c.Slug == "connect-proxy" || c.Slug == "dns-only-name" {
			out[c.Slug] = c.Make().Files[0].Data
		}
	}
	return out
}

// TestLearnedCovers: what learn proposes of a capture parses whatever its names are, and covers the capture once it is approved, but for what has no name that a register can hold.
func TestLearnedCovers(t *testing.T) {
	program := build(t)
	for name, data := range captures(t) {
		folder := t.TempDir()
		path := func(file string) string { return filepath.Join(folder, file) }
		run := func(args ...string) {
			c := exec.Command(program, args...)
			c.Env = []string{"HOME=" + folder}
			if out, err := c.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v: %v\n%s", name, args, err, out)
			}
		}
		if err := os.WriteFile(path("a.pcap"), data, 0o644); err != nil {
			t.Fatal(err)
		}
		run("scan", path("a.pcap"), "--no-config", "--fail-on", "never", "--allow", "cut-tail", "-o", path("first.json"))
		run("register", "learn", path("first.json"), "-o", path("proposed.yaml"))
		text, err := os.ReadFile(path("proposed.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		approved := bytes.ReplaceAll(text, []byte("\n    status: proposed\n"), []byte("\n    status: approved\n"))
		if err := os.WriteFile(path("approved.yaml"), approved, 0o644); err != nil {
			t.Fatal(err)
		}
		run("scan", path("a.pcap"), "--no-config", "--fail-on", "never", "--allow", "cut-tail", "-r", path("approved.yaml"), "-o", path("second.json"))
		covered(t, name, path("second.json"))
	}
}

// covered holds a result to it that what is not disclosed was only looked up, or has a name that no register can hold.
func covered(t *testing.T, name, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Destinations []struct {
			Name       string                  `json:"name"`
			OtherNames []struct{ Name string } `json:"other_names"`
			State      string                  `json:"state"`
			Disclosure disclosure.Judgement    `json:"disclosure"`
		} `json:"destinations"`
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Destinations) == 0 {
		t.Errorf("%s: nothing was judged", name)
	}
	for _, d := range r.Destinations {
		_, why := disclosure.Named(d.Name)
		if d.Disclosure.Verdict != disclosure.Disclosed && d.State != "looked-up" && (d.Name == "" || why == "") {
			t.Errorf("%s: %q %v: %s, %s", name, d.Name, d.OtherNames, d.Disclosure.Verdict, d.Disclosure.Reason)
		}
	}
}
