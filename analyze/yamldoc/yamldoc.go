// Package yamldoc takes YAML files apart that people write: registers, suppressions. Keys are checked, each is given once, and every error says file, line and column.
package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
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
)

// File is a document of one file.
type File struct {
	Path string
	Body ast.Node
}

// Parse reads a file of one document.
func Parse(path string, b []byte, most Bounds) (*File, error) {
	if err := Tame(path, b, most); err != nil {
		return nil, err
	}
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		var y yaml.Error
		if errors.As(err, &y) && y.GetToken() != nil {
			return nil, fmt.Errorf("%s: %s", Position(path, y.GetToken()), y.GetMessage())
		}
		return nil, fmt.Errorf("%s:1:1: %w", path, err)
	}
	if len(file.Docs) != 1 {
		return nil, fmt.Errorf("%s:1:1: must be one YAML document, this has %d", path, len(file.Docs))
	}
	return &File{path, file.Docs[0].Body}, nil
}

// Tame refuses what would cost the parser much.
func Tame(path string, b []byte, most Bounds) error {
	if len(b) > most.Bytes {
		return fmt.Errorf("%s:1:1: longer than %d bytes", path, most.Bytes)
	}
	brackets, n := 0, 0
	for line := range bytes.Lines(b) {
		n++
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

// Position is where a token stands: "file:line:column".
func Position(path string, t *token.Token) string {
	if t == nil || t.Position == nil {
		return path + ":1:1"
	}
	return fmt.Sprintf("%s:%d:%d", path, t.Position.Line, t.Position.Column)
}

// Errorf is an error about a node.
func (f *File) Errorf(n ast.Node, format string, args ...any) error {
	at := f.Path + ":1:1"
	if n != nil {
		at = Position(f.Path, n.GetToken())
	}
	return fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...))
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
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingValueNode:
		pairs = append(pairs, n)
	case *ast.MappingNode:
		pairs = n.Values
	default:
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
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return strings.TrimSpace(n.GetToken().Value), true
	case *ast.LiteralNode: // text over several lines
		return strings.TrimSpace(n.Value.Value), true
	}
	return "", false
}
