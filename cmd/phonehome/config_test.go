package main

import (
	"strings"
	"testing"
)

func TestParseConfig(t *testing.T) {
	for _, c := range []struct{ in, want, err string }{
		{"", "", ""},
		{"# only a comment\n", "", ""},
		{"strict: true\n", "strict=true", ""},
		{"limit: 5\nby: client\n", "limit=5 by=client", ""},
		{"internal: [10.0.0.0/8, none]\n", "internal=10.0.0.0/8,none", ""},
		{"internal:\n  - 10.0.0.0/8\n  - \"none\"\n", "internal=10.0.0.0/8,none", ""},
		{"expect: 'a: b'\n", "expect=a: b", ""},
		{"limit: 5\nlimit: 6\n", "", "f:2:1: "},
		{"a:\n  b: c\n", "", "a must be a word or a list of words"},
		{"a: [[b]]\n", "", "a must be a word or a list of words"},
		{"- a\n", "", "must be a mapping"},
		{"word\n", "", "must be a mapping"},
		{"a: [b\n", "", "f:1:"},
		{"a: &x b\nc: *x\n", "", "must be a word"},
	} {
		entries, err := parseConfig("f", []byte(c.in))
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q: error %v, want %q", c.in, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
		}
		if got := configText(entries); got != c.want {
			t.Errorf("%q: %s, want %s", c.in, got, c.want)
		}
	}
}

func configText(entries []entry) string {
	var words []string
	for _, e := range entries {
		var values []string
		for _, v := range e.values {
			values = append(values, v.text)
		}
		words = append(words, e.key+"="+strings.Join(values, ","))
	}
	return strings.Join(words, " ")
}

// FuzzParseConfig: an error says where it is, and what is read has keys, each once, with its place.
func FuzzParseConfig(f *testing.F) {
	for _, s := range []string{"", "limit: 5\n", "internal: [a, b]\n", "a:\n- b\n", "a: {b: c}\n", "---\na: b\n---\nc: d\n", "? a\n: b\n", "a: |\n x\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := parseConfig("f", b)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f:") {
				t.Fatalf("%q: %v has no place", b, err)
			}
			return
		}
		seen := map[string]bool{}
		for _, e := range entries {
			if seen[e.key] || !strings.HasPrefix(e.at, "f:") {
				t.Fatalf("%q: entry %+v", b, e)
			}
			seen[e.key] = true
		}
	})
}
