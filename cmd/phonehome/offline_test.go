package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// socketCall is a call of the operating system that has to do with sockets, as strace prints it.
var socketCall = regexp.MustCompile(`\b(socket|socketpair|connect|bind|listen|accept4?|send(to|msg|mmsg)|recv(from|msg|mmsg))\(`)

// TestOffline watches the calls that the program makes of the operating system while it scans: none has to do with the network.
func TestOffline(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		need(t, "strace is not installed")
	}
	program := build(t)
	for _, args := range [][]string{
		{"scan", "../../fixtures/demo.pcap", "-o", "json=" + filepath.Join(t.TempDir(), "r.json")},
		{"facts", "../../fixtures/demo.pcap"},
		{"version"},
	} {
		trace := filepath.Join(t.TempDir(), "trace")
		c := exec.Command(strace, append([]string{"-f", "-e", "trace=network,execve", "-o", trace, program}, args...)...)
		if out, err := c.CombinedOutput(); err != nil {
			if bytes.Contains(out, []byte("ptrace")) {
				need(t, "strace may not trace here: "+strings.TrimSpace(string(out)))
			}
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		calls, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(calls, []byte("execve(")); n != 1 {
			t.Errorf("%v: %d programs were started, want the one that strace starts:\n%s", args, n, calls)
		}
		if call := socketCall.Find(calls); call != nil {
			t.Errorf("%v calls %s...:\n%s", args, call, calls)
		}
	}
}

// TestOfflineCanFail: the pattern knows a call when it sees one.
func TestOfflineCanFail(t *testing.T) {
	for _, line := range []string{`812   socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 3`, `813 connect(3, {sa_family=AF_INET}, 16) = 0`, `1 sendto(3, "x", 1, 0, NULL, 0) = 1`} {
		if !socketCall.MatchString(line) {
			t.Errorf("%s is not recognised", line)
		}
	}
}

// need ends a test that needs what is not here: on CI, which installs it, that is a failure.
func need(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	t.Skip("not run: " + why)
}

// build builds the program.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "phonehome")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return program
}
