// Package yamldoc takes YAML files apart that people write: registers, suppressions. Keys are checked, each is given once, and every error says file, line and column.
package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds bound a file before the parser sees it: it takes quadratic time and memory for what lies deep.
type Bounds struct {
	Bytes    int
	Brackets int // of lists and mappings written in one line
}

const (
	maxLine   = 1000 // bytes
	maxIndent = 64   // spaces: four levels need eight
	maxDepth  = 16   // brackets within brackets: a register needs three
)

// byteOrderMark may begin a file: editors of Windows write it.
const byteOrderMark = "\uFEFF"

// File is a document of one file.
type File struct {
	Path string
	Body ast.Node
}

// Parse reads a file of one document.
func Parse(path string, b []byte, most Bounds) (*File, error) {
	docs, err := documents(path, b, most)
	switch {
	case err != nil:
		return nil, err
	case len(docs) == 0:
		return &File{Path: path}, nil
	case len(docs) > 1:
		return nil, fmt.Errorf("%s: must be one YAML document, this has %d", Position(path, docs[1].Start), len(docs))
	}
	return &File{path, docs[0].Body}, nil
}

// Documents reads a file of any number of documents, which somebody else's program made.
func Documents(path string, b []byte, most Bounds) (out []*File, err error) {
	docs, err := documents(path, b, most)
	for _, d := range docs {
		out = append(out, &File{path, d.Body})
	}
	return out, err
}

func documents(path string, b []byte, most Bounds) ([]*ast.DocumentNode, error) {
	if err := Tame(path, b, most); err != nil {
		return nil, err
	}
	tokens := lexer.Tokenize(string(bytes.TrimPrefix(b, []byte(byteOrderMark))))
	if err := shallow(path, tokens); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0)
	if err == nil {
		return file.Docs, nil
	}
	var y yaml.Error
	if errors.As(err, &y) && y.GetToken() != nil {
		return nil, fmt.Errorf("%s: %s", Position(path, y.GetToken()), y.GetMessage())
	}
	return nil, fmt.Errorf("%s:1:1: %w", path, err)
}

// shallow refuses brackets that lie deep in others: the parser goes down into them.
func shallow(path string, tokens token.Tokens) error {
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
		if depth > maxDepth {
			return fmt.Errorf("%s: brackets lie more than %d deep", Position(path, t), maxDepth)
		}
	}
	return nil
}

// Tame refuses what would cost the parser much, and what is no text.
func Tame(path string, b []byte, most Bounds) error {
	if len(b) > most.Bytes {
		return fmt.Errorf("%s:1:1: longer than %d bytes", path, most.Bytes)
	}
	brackets, n := 0, 0
	for line := range bytes.Lines(bytes.TrimPrefix(b, []byte(byteOrderMark))) {
		n++
		if column, what := strange(line); what != "" {
			return fmt.Errorf("%s:%d:%d: %s", path, n, column, what)
		}
		if len(line) > maxLine {
			return fmt.Errorf("%s:%d:%d: the line is longer than %d bytes", path, n, maxLine, maxLine)
		}
		if indent := len(line) - len(bytes.TrimLeft(line, " -?\t")); indent > maxIndent {
			return fmt.Errorf("%s:%d:%d: the line is indented by more than %d bytes", path, n, maxIndent, maxIndent)
		}
		brackets += bytes.Count(line, []byte("[")) + bytes.Count(line, []byte("{"))
		if brackets > most.Brackets {
			return fmt.Errorf("%s:%d:1: more than %d brackets", path, n, most.Brackets)
		}
	}
	return nil
}

// strange finds the first character of a line that YAML does not have (YAML 1.2.2, section 5.1), and its column.
func strange(line []byte) (column int, what string) {
	for rest := line; len(rest) > 0; {
		column++
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			return column, fmt.Sprintf("the byte 0x%02x is no UTF-8: save the file as UTF-8", rest[0])
		case !Printable(r) && r != '\n' && r != '\r':
			return column, fmt.Sprintf("the control character %U is not allowed in YAML", r)
		}
		rest = rest[size:]
	}
	return 0, ""
}

// Printable says whether YAML has a character, line breaks left out (YAML 1.2.2, section 5.1).
func Printable(r rune) bool {
	switch {
	case r == '\t', r >= ' ' && r <= '~', r == '\u0085', r >= 0xa0 && r <= 0xd7ff, r >= 0xe000 && r <= 0xfffd:
		return true
	}
	return r >= 0x10000 && r <= utf8.MaxRune
}

// Position is where a token stands: "file:line:column".
func Position(path string, t *token.Token) string {
	if t == nil || t.Position == nil {
		return path + ":1:1"
	}
	return fmt.Sprintf("%s:%d:%d", path, t.Position.Line, t.Position.Column)
}

// Errorf is an error about a node.
func (f *File) Errorf(n ast.Node, format string, args ...any) error {
	return fmt.Errorf("%s: %s", f.Place(n), fmt.Sprintf(format, args...))
}

// Place is where a node begins: "file:line:column". A mapping begins with its first key; its token is the first colon.
func (f *File) Place(n ast.Node) string {
	switch v := n.(type) {
	case nil:
		return f.Path + ":1:1"
	case *ast.MappingValueNode:
		return f.Place(v.Key)
	case *ast.MappingNode:
		if !v.IsFlowStyle && len(v.Values) > 0 {
			return f.Place(v.Values[0])
		}
	}
	return Position(f.Path, n.GetToken())
}

// Keys are the values of a mapping.
type Keys map[string]ast.Node

// Or is the value of a key, or the mapping where there is none: where an error about it stands.
func (k Keys) Or(key string, n ast.Node) ast.Node {
	if v := k[key]; v != nil {
		return v
	}
	return n
}

// Mapping takes a mapping apart that may have only some keys, each once.
func (f *File) Mapping(n ast.Node, known ...string) (Keys, error) {
	pairs, ok := Pairs(n)
	if !ok {
		return nil, f.Errorf(n, "must be a mapping with the keys %s", strings.Join(known, ", "))
	}
	out := Keys{}
	for _, p := range pairs {
		key := p.Key.GetToken().Value
		if !slices.Contains(known, key) {
			return nil, f.Errorf(p.Key, "unknown key %q: there are %s", key, strings.Join(known, ", "))
		}
		if out[key] != nil {
			return nil, f.Errorf(p.Key, "%s is given twice", key)
		}
		out[key] = p.Value
	}
	return out, nil
}

// Pairs are the keys and values of a mapping, however many it has; not ok where the node is none.
func Pairs(n ast.Node) (pairs []*ast.MappingValueNode, ok bool) {
	switch n := n.(type) {
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	case *ast.MappingNode:
		return n.Values, true
	}
	return nil, false
}

// List is the values of a list, or of one value that stands for a list of one.
func (f *File) List(n ast.Node, what string) ([]ast.Node, error) {
	switch v := n.(type) {
	case nil:
		return nil, nil
	case *ast.SequenceNode:
		return v.Values, nil
	}
	return nil, f.Errorf(n, "%s must be a list", what)
}

// Words is a list of plain values.
func (f *File) Words(n ast.Node, what string) ([]string, error) {
	list, err := f.List(n, what)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(list))
	for i, v := range list {
		w, ok := Word(v)
		if !ok || w == "" {
			return nil, f.Errorf(v, "%s must be a list of texts", what)
		}
		out[i] = w
	}
	return out, nil
}

// Line is the line that a node begins on.
func Line(n ast.Node, values Keys) int {
	line := n.GetToken().Position.Line
	for _, v := range values { // the token of a mapping is its first colon
		line = min(line, v.GetToken().Position.Line)
	}
	return line
}

// Word is the text of a plain value: no list, no alias, no tag.
func Word(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return strings.TrimSpace(n.GetToken().Value), true
	}
	return plain(n)
}

// plain is the text of a node that is one, and no number.
func plain(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return strings.TrimSpace(n.GetToken().Value), true
	case *ast.LiteralNode: // text over several lines
		return strings.TrimSpace(n.Value.Value), true
	}
	return "", false
}

// Text is a value that is a text and nothing else, as JSON Schema has it: 5 and true are none, "5" is. what is its key.
func (f *File) Text(n ast.Node, what string) (string, error) {
	w, ok := plain(n)
	if _, other := Word(n); other && !ok {
		return "", f.Errorf(n, "%s must be a text: put %s in quotation marks", what, n.GetToken().Value)
	}
	if !ok || w == "" {
		return "", f.Errorf(n, "%s must be a text", what)
	}
	return w, f.clean(n, w, what)
}

// clean refuses control characters that an escape such as "\0" makes.
func (f *File) clean(n ast.Node, w, what string) error {
	for _, r := range w {
		if !Printable(r) && r != '\n' {
			return f.Errorf(n, "%s has the control character %U", what, r)
		}
	}
	return nil
}

// IsNumber says whether a value is a whole number, and which: 1 and 1.0 are, "1" is a text.
func IsNumber(n ast.Node, want int) bool {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return fmt.Sprint(n.Value) == strconv.Itoa(want)
	case *ast.FloatNode:
		return n.Value == float64(want)
	}
	return false
}
