package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// vendorsOutput runs a vendors command and returns what it printed.
func vendorsOutput(args ...string) (string, error) {
	var out bytes.Buffer
	c := newVendorsCmd()
	c.SetOut(&out)
	c.SetErr(&out)
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	err := c.Execute()
	return out.String(), err
}

func TestVendorsMatchJSON(t *testing.T) {
	for name, want := range map[string]map[string]any{
		"ts01-b.cloudsink.net": {"name": "ts01-b.cloudsink.net", "vendor": "CrowdStrike", "basis": "catalogue", "hoster": "", "registrable_domain": "cloudsink.net"},
		"Logs.S3.eu-west-1.amazonaws.com": {"name": "logs.s3.eu-west-1.amazonaws.com", "vendor": nil, "basis": "none", "hoster": "Amazon Web Services",
			"tenant": "logs", "registrable_domain": "logs.s3.eu-west-1.amazonaws.com"},
		"192.0.2.1": {"name": "192.0.2.1", "vendor": nil, "basis": "none"},
	} {
		text, err := vendorsOutput("match", name, "-f", "json")
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		for key, value := range want {
			if got[key] != value {
				t.Errorf("%s: %s is %v, want %v", name, key, got[key], value)
			}
		}
		if steps, _ := got["steps"].([]any); len(steps) == 0 {
			t.Errorf("%s: no steps", name)
		}
	}
}

func TestVendorsMatchEscapes(t *testing.T) {
	text, err := vendorsOutput("match", "evil\x1b[2J\u202e.example")
	if err != nil || strings.ContainsAny(text, "\x1b\u202e") || !strings.Contains(text, "unknown") {
		t.Errorf("%q, %v", text, err)
	}
}

func TestVendorsShowAndList(t *testing.T) {
	text, err := vendorsOutput("show", "crowdstrike")
	if err != nil || !strings.Contains(text, "cloudsink.net") || !strings.Contains(text, "security-cloud") {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := vendorsOutput("show", "crowd"); err == nil || !strings.Contains(err.Error(), "did you mean CrowdStrike") {
		t.Errorf("error %v, want a proposal", err)
	}
	text, err = vendorsOutput("list")
	if err != nil || strings.Count(text, "\n") < 250 {
		t.Errorf("%d lines, %v", strings.Count(text, "\n"), err)
	}
}

func TestVendorsRefuses(t *testing.T) {
	for _, args := range [][]string{{"match"}, {"match", "a", "b"}, {"list", "a"}, {"list", "-f", "xml"}, {"show", "no such company"}} {
		if _, err := vendorsOutput(args...); err == nil || exitOf(err).code != exitUsage {
			t.Errorf("%q: error %v, want exit %d", args, err, exitUsage)
		}
	}
}

// full refuses every write.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestVendorsOutputError(t *testing.T) {
	if err := matchName(full{}, vendorsText, "example.com"); exitOf(err).code != exitOutput {
		t.Errorf("error %v, want exit %d", err, exitOutput)
	}
}
