package report

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"phonehome/analyze"
)

func TestTerminal(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"www.example.org", "www.example.org"},
		{`already \x1b escaped`, `already \x1b escaped`},
		{"grüße.example", "grüße.example"},
		{"日本.example", "日本.example"},
		{"clear\x1b[2J", `clear\x1b[2J`},
		{"title\x1b]0;owned\x07", `title\x1b]0;owned\x07`},
		{"c1\u009b31m", `c1\u009b31m`},
		{"line\r\nbreak\ttab\x00", `line\x0d\x0abreak\x09tab\x00`},
		{"del\x7f", `del\x7f`},
		{"gpj.\u202eexe", `gpj.\u202eexe`},
		{"\u2066isolate\u2069", `\u2066isolate\u2069`},
		{"zero\u200bwidth\ufeff", `zero\u200bwidth\ufeff`},
		{"\u2028\u2029", `\u2028\u2029`},
		{"soft\u00adhyphen", `soft\u00adhyphen`},
		{"no\u00a0break", `no\u00a0break`},
		{"filler\u3164", `filler\u3164`},
		{"::error::x", `:\x3aerror:\x3ax`},
		{"  ::error::x", `  :\x3aerror:\x3ax`},
		{"2001:db8::1", "2001:db8::1"},
		{"tag\U000e0041", `tag\U000e0041`},
		{"broken\xff\xc3", `broken\xff\xc3`},
	} {
		if got := Terminal(c.in); got != c.want {
			t.Errorf("Terminal(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

// dangerous says whether a rune must not reach a terminal, by the categories of Unicode: told otherwise than the code under test tells it.
func dangerous(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs)
}

func FuzzTerminal(f *testing.F) {
	for _, s := range []string{"", "www.example.org", "\x1b[31m", "\u202e\u2066", "\xff\xfe", "\u200b\ufeff\u2028", "a\U000e0041"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Terminal(s)
		if !utf8.ValidString(got) {
			t.Fatalf("%q is no UTF-8", got)
		}
		if i := strings.IndexFunc(got, dangerous); i >= 0 {
			t.Fatalf("Terminal(%q) = %q, which has %q", s, got, got[i:])
		}
		if again := Terminal(got); again != got {
			t.Fatalf("Terminal(%q) = %q, and again %q", s, got, again)
		}
	})
}

// FuzzSafeJSON: what is made safe means the same, and is safe.
func FuzzSafeJSON(f *testing.F) {
	for _, s := range []string{"", "\x7f", "\u009b\u202e", "\U000e0041", "\u2028", "日本"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		in, err := json.Marshal(map[string]string{"k": s})
		if err != nil {
			t.Fatal(err)
		}
		out := analyze.AppendSafeJSON(nil, in)
		var want, got map[string]string
		if err := json.Unmarshal(in, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		if !reflect.DeepEqual(want, got) {
			t.Fatalf("%q became %q", want, got)
		}
		if i := strings.IndexFunc(string(out), dangerous); i >= 0 {
			t.Fatalf("%q has %q", out, out[i:])
		}
	})
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"capture.pcap": "capture.pcap", "": "''", "two words": "'two words'", "it's": `'it'\''s'`, "$(rm)": "'$(rm)'", "vendor=A B": "'vendor=A B'",
		"*.pcap": "'*.pcap'", "~/x": "'~/x'", "a;b": "'a;b'",
	} {
		if got := Quote(in); got != want {
			t.Errorf("Quote(%q) = %s, want %s", in, got, want)
		}
	}
}
