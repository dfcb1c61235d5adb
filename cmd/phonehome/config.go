package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"phonehome/analyze/yamldoc"
)

// entry is one key of a settings file with its values. at is where it stands: "file:line:column".
type entry struct {
	key, at string
	values  []value
}

type value struct{ text, at string }

const (
	maxConfig   = 1 << 20 // bytes of a settings file: it has a line a flag
	maxBrackets = 1000    // in it
)

// readConfig reads a settings file: a mapping of flag names to a word, or to a list of words where the flag may be repeated.
func readConfig(path string) ([]entry, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // read only
	b, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxConfig {
		return nil, fmt.Errorf("%s: longer than %d bytes", path, maxConfig)
	}
	return parseConfig(path, b)
}

func parseConfig(path string, b []byte) ([]entry, error) {
	if err := yamldoc.Tame(path, b, yamldoc.Bounds{Bytes: maxConfig, Brackets: maxBrackets}); err != nil {
		return nil, err
	}
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		return nil, syntaxError(path, err)
	}
	c := &configFile{path: path, seen: map[string]bool{}}
	for _, doc := range file.Docs {
		if err := c.mapping(doc.Body); err != nil {
			return nil, err
		}
	}
	return c.entries, nil
}

// syntaxError puts file, line and column in front of what the parser says.
func syntaxError(path string, err error) error {
	var y yaml.Error
	if errors.As(err, &y) && y.GetToken() != nil {
		return fmt.Errorf("%s: %s", place(path, y.GetToken()), y.GetMessage())
	}
	return fmt.Errorf("%s: %w", path, err)
}

func place(path string, t *token.Token) string {
	if t == nil || t.Position == nil {
		return path
	}
	return fmt.Sprintf("%s:%d:%d", path, t.Position.Line, t.Position.Column)
}

// configFile is a settings file being taken apart.
type configFile struct {
	path    string
	seen    map[string]bool
	entries []entry
}

func (c *configFile) mapping(n ast.Node) error {
	switch n := n.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
		return nil
	case *ast.MappingValueNode:
		return c.pair(n)
	case *ast.MappingNode:
		for _, v := range n.Values {
			if err := c.pair(v); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%s: must be a mapping of settings to values", place(c.path, n.GetToken()))
}

func (c *configFile) pair(n *ast.MappingValueNode) error {
	e := entry{key: n.Key.GetToken().Value, at: place(c.path, n.Key.GetToken())}
	if c.seen[e.key] {
		return fmt.Errorf("%s: %s is set twice", e.at, e.key)
	}
	c.seen[e.key] = true
	nodes := []ast.Node{n.Value}
	switch v := n.Value.(type) {
	case *ast.SequenceNode:
		nodes = v.Values
	case *ast.MappingValueNode:
		return c.changes(e, v)
	case *ast.MappingNode:
		return c.changes(e, v.Values...)
	}
	for _, v := range nodes {
		if !isWord(v) {
			return fmt.Errorf("%s: %s must be a word or a list of words", place(c.path, v.GetToken()), e.key)
		}
		e.values = append(e.values, value{v.GetToken().Value, place(c.path, v.GetToken())})
	}
	c.entries = append(c.entries, e)
	return nil
}

// changes are the values of rules, a mapping of rules to what they are set to: as the flag has them.
func (c *configFile) changes(e entry, pairs ...*ast.MappingValueNode) error {
	if e.key != "rules" {
		return fmt.Errorf("%s: %s must be a word or a list of words", e.at, e.key)
	}
	for _, p := range pairs {
		at := place(c.path, p.Key.GetToken())
		if !isWord(p.Value) {
			return fmt.Errorf("%s: a rule is set to off or to a severity", at)
		}
		e.values = append(e.values, value{p.Key.GetToken().Value + "=" + p.Value.GetToken().Value, at})
	}
	c.entries = append(c.entries, e)
	return nil
}

// isWord says whether a node is a plain value: no list, no alias, no tag.
func isWord(n ast.Node) bool {
	switch n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return true
	}
	return false
}
