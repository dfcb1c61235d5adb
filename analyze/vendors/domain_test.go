package vendors

import (
	"strings"
	"testing"
)

func TestNormalise(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, c := range []struct{ name, want, problem string }{
		{"example.com", "example.com", ""},
		{"WWW.Example.COM.", "www.example.com", ""},
		{"*.example.com", "example.com", ""},
		{"_dmarc.a-b.example", "_dmarc.a-b.example", ""},
		{"bücher.example", "xn--bcher-kva.example", ""},
		{"BÜCHER.example", "xn--bcher-kva.example", ""},
		{"xn--bcher-kva.example", "xn--bcher-kva.example", ""},
		{long + ".example", long + ".example", ""},
		{"", "", problemEmpty},
		{".", "", problemEmpty},
		{"example..com", "", problemLabels},
		{".example.com", "", problemLabels},
		{"example.com..", "", problemLabels},
		{long + "a.example", "", problemLabels},
		{strings.Repeat("a.", 127) + "com", "", problemLabels},
		{"192.0.2.1", "", problemAddress},
		{"12345", "", problemAddress},
		{"2001:db8::1", "", problemAddress},
		{"[2001:db8::1]", "", problemAddress},
		{"example.com:443", "", problemAddress},
		{`a\046b.example.com`, "", problemBytes},
		{`caf\xe9.example`, "", problemBytes},
		{"caf\xe9.example", "", problemBytes},
		{"a b.example", "", problemBytes},
		{"a/b.example", "", problemBytes},
		{"a.*.example", "", problemBytes},
		{"evil\x1b[2j.example", "", problemAddress}, // an escape of a terminal, though the bracket is met first
		{"evil\u202egnp.example", "", problemBytes},
		{"\x00", "", problemBytes},
	} {
		got, problem := normalise(c.name)
		if c.problem == problemAddress && problem == problemBytes {
			problem = problemAddress // either says it
		}
		if problem != c.problem || problem == "" && got != c.want {
			t.Errorf("normalise(%q) = %q, %q, want %q, %q", c.name, got, problem, c.want, c.problem)
		}
	}
}

func TestRegister(t *testing.T) {
	for _, c := range []struct {
		name string
		want registration
	}{
		{"www.example.com", registration{"com", "example.com", false, true}},
		{"example.com", registration{"com", "example.com", false, true}},
		{"com", registration{"com", "", false, true}},
		{"a.b.example.co.uk", registration{"co.uk", "example.co.uk", false, true}},
		{"co.uk", registration{"co.uk", "", false, true}},
		{"a.b.github.io", registration{"github.io", "b.github.io", true, true}},
		{"github.io", registration{"github.io", "github.io", true, true}},
		{"printer.local", registration{"local", "", false, false}},
		{"db.internal", registration{"internal", "", false, false}},
		{"a.b.examplesec.example", registration{"example", "examplesec.example", false, true}},
		{"www.examplesec.test", registration{"test", "examplesec.test", false, true}},
		{"www.examplesec.younger-than-the-list", registration{"younger-than-the-list", "examplesec.younger-than-the-list", false, true}},
		{"printer", registration{"printer", "", false, true}},
		{"localhost", registration{"localhost", "", false, false}},
		{"1.2.0.192.in-addr.arpa", registration{"in-addr.arpa", "", false, false}},
		{"arpa", registration{"arpa", "", false, false}},
	} {
		if got := register(c.name); got != c.want {
			t.Errorf("register(%q) = %+v, want %+v", c.name, got, c.want)
		}
	}
}
