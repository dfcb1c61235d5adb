package yamldoc

import (
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"
)

var small = Bounds{Bytes: 10_000, Brackets: 100}

// TestParse: a mistake is told with the place where it begins, in characters, and what bounds a file is told before the parser sees it.
func TestParse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a: 1\n", ""},
		{"\uFEFFa: 1\n", ""},
		{"a: 1\r\nb: 2\r\n", ""},
		{"", ""},
		{"a: é\x00\n", "f.yaml:1:5: the control character U+0000 is not allowed in YAML"},
		{"a: 1\nb: \x7f\n", "f.yaml:2:4: the control character U+007F is not allowed in YAML"},
		{"a: \uFFFF\n", "f.yaml:1:4: the control character U+FFFF is not allowed in YAML"},
		{"a: \xc3\n", "f.yaml:1:4: the byte 0xc3 is no UTF-8: save the file as UTF-8"},
		{"\xfe\xff\x00a", "f.yaml:1:1: the byte 0xfe is no UTF-8: save the file as UTF-8"},
		{"a: 1\n---\nb: 1\n", "f.yaml:2:1: must be one YAML document, this has 2"},
		{"a: " + strings.Repeat("x", 1000), "f.yaml:1:1000: the line is longer than 1000 bytes"},
		{"a:\n" + strings.Repeat(" ", 65) + "b: 1\n", "f.yaml:2:64: the line is indented by more than 64 bytes"},
		{strings.Repeat("a\n", 5001), "f.yaml:1:1: longer than 10000 bytes"},
		{"a: '" + strings.Repeat("[", 101) + "'\n", "f.yaml:1:1: more than 100 brackets"},
		{"a: '" + strings.Repeat("[", 99) + "'\n", ""},
		{"# " + strings.Repeat("[{", 40) + "\na: 1\n", ""},
		{"a: " + strings.Repeat("[", 16) + strings.Repeat("]", 16) + "\n", ""},
		{"a: " + strings.Repeat("[", 17) + strings.Repeat("]", 17) + "\n", "f.yaml:1:20: brackets lie more than 16 deep"},
		{strings.Repeat("{a:\n", 17) + "\n", "f.yaml:17:1: brackets lie more than 16 deep"},
		{"a: [1\n", "f.yaml:1:4: sequence end token ']' not found"},
		{"a: 1\na: 2\n", "f.yaml:2:1: mapping key \"a\" already defined at [1:1]"},
	} {
		_, err := Parse("f.yaml", []byte(c.text), small)
		if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("%.60q:\n got %v\nwant %s", c.text, err, c.want)
		}
	}
}

// TestPlace: a node begins with its first character, a mapping with its first key.
func TestPlace(t *testing.T) {
	f, err := Parse("f.yaml", []byte("list:\n  - first: 1\n    second: 2\n  - {first: 1}\n  - only: 1\n"), small)
	if err != nil {
		t.Fatal(err)
	}
	pairs, _ := Pairs(f.Body)
	want := []string{"f.yaml:2:5", "f.yaml:4:5", "f.yaml:5:5"}
	for i, n := range pairs[0].Value.(*ast.SequenceNode).Values {
		if got := f.Place(n); got != want[i] {
			t.Errorf("%s, want %s", got, want[i])
		}
	}
	if got := f.Place(nil); got != "f.yaml:1:1" {
		t.Error(got)
	}
}

// TestText: a text is what JSON Schema calls a string; a number is one of either.
func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"plain": "plain", "'5'": "5", "\" x \"": "x", "|\n  two\n  lines": "two\nlines", "2018-09-01": "2018-09-01",
		"5":       "f.yaml:1:4: a must be a text: put 5 in quotation marks",
		"1.5":     "f.yaml:1:4: a must be a text: put 1.5 in quotation marks",
		"true":    "f.yaml:1:4: a must be a text: put true in quotation marks",
		"":        "f.yaml:1:4: a must be a text",
		"''":      "f.yaml:1:4: a must be a text",
		"[x]":     "f.yaml:1:4: a must be a text",
		"!!str x": "f.yaml:1:4: a must be a text",
		"&x y":    "f.yaml:1:4: a must be a text",
		`"\e[0m"`: "f.yaml:1:4: a has the control character U+001B",
	} {
		f, err := Parse("f.yaml", []byte("a: "+text+"\n"), small)
		if err != nil {
			t.Fatal(err)
		}
		pairs, _ := Pairs(f.Body)
		got, err := f.Text(pairs[0].Value, "a")
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]bool{"1": true, "1.0": true, "0x1": true, "'1'": false, "2": false, "true": false, "[1]": false, "": false} {
		f, err := Parse("f.yaml", []byte("a: "+text+"\n"), small)
		if err != nil {
			t.Fatal(err)
		}
		pairs, _ := Pairs(f.Body)
		if got := IsNumber(pairs[0].Value, 1); got != want {
			t.Errorf("%q is 1: %v", text, got)
		}
	}
}

// FuzzParse: whatever bytes a file has, an error says where, and what is parsed can be taken apart.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"a: 1\n", "- [x, {y: z}]\n", "a: |\n  b\n", "\uFEFF---\na: &x 1\nb: *x\n", "? a\n: b\n", "a: \"\\0\"\n", "{a: [", "%YAML 1.2\n---\n", "a: !!str\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		docs, err := Documents("f.yaml", b, small)
		if err != nil && !regexp.MustCompile(`^f\.yaml:[0-9]+:[0-9]+: `).MatchString(err.Error()) {
			t.Errorf("an error without a place: %v", err)
		}
		for _, d := range docs {
			takeApart(d, d.Body)
		}
	})
}

func takeApart(f *File, n ast.Node) {
	f.Place(n)
	Word(n)
	IsNumber(n, 1)
	_, _ = f.Text(n, "it")
	_, _ = f.Words(n, "it")
	pairs, _ := Pairs(n)
	for _, p := range pairs {
		takeApart(f, p.Key)
		takeApart(f, p.Value)
	}
	if list, ok := n.(*ast.SequenceNode); ok {
		for _, v := range list.Values {
			takeApart(f, v)
		}
	}
}
