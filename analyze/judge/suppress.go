package judge

import (
	"bytes"
	_ "embed" // the schema
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"golang.org/x/net/publicsuffix"
)

// IgnoreSchema is the JSON Schema (2020-12) of an ignore file.
//
//go:embed schema/ignore.schema.json
var IgnoreSchema string

// Limits of an ignore file. The YAML parser takes quadratic time and memory for what lies deep, so that depth is bounded before it begins: by the length of a line,
// and by how many brackets there are.
const (
	maxIgnoreFile     = 256 << 10 // bytes
	maxIgnoreLine     = 1000      // bytes
	maxIgnoreBrackets = 1000
	maxSuppressions   = 2000
)

// Suppression says that findings of a rule about something are accepted, by whom, why, and until when.
type Suppression struct {
	File        string `json:"file"`
	Line        int    `json:"line"`
	Rule        string `json:"rule"`
	Vendor      string `json:"vendor,omitempty"`
	Destination string `json:"destination,omitempty"` // a name, a registrable domain (with all names below it), an address or a network
	Client      string `json:"client,omitempty"`      // an address or a network
	Reason      string `json:"reason"`
	Approver    string `json:"approver"`
	Expires     string `json:"expires"` // the last day on which it holds, UTC, YYYY-MM-DD
	Expired     bool   `json:"expired"`
	Used        int    `json:"used"` // findings that it covers; counted where findings are judged

	name    string // of the destination
	below   bool   // and names below that
	servers netip.Prefix
	clients netip.Prefix
}

// ExpiredAt says whether a day is past the last one on which the suppression holds.
func (s *Suppression) ExpiredAt(asOf time.Time) bool {
	return asOf.UTC().Format(time.DateOnly) > s.Expires
}

// Covers says whether a finding is accepted, whatever the day: its rule and all that the suppression names must fit, and wholly. A vendor is the finding's; a client
// suppression covers it if all its clients are covered, one of a destination if all its names are and all its servers. The servers are those that no name stands for: an
// address covers no traffic that has a name of its own, and a name none that has none.
func (s *Suppression) Covers(rule, vendor string, names []string, servers, clients []netip.Addr) bool {
	switch {
	case rule != s.Rule, s.Vendor != "" && !strings.EqualFold(s.Vendor, vendor):
		return false
	case s.Client != "" && !holdsAll(s.clients, clients):
		return false
	case s.name != "":
		return len(names) > 0 && len(servers) == 0 && !slices.ContainsFunc(names, func(n string) bool { return !s.covers(n) })
	case s.Destination != "":
		return len(names) == 0 && holdsAll(s.servers, servers)
	}
	return s.Vendor != "" || s.Client != ""
}

func holdsAll(p netip.Prefix, addrs []netip.Addr) bool {
	return len(addrs) > 0 && !slices.ContainsFunc(addrs, func(a netip.Addr) bool { return !p.Contains(a.Unmap().WithZone("")) })
}

func (s *Suppression) covers(name string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return name == s.name || s.below && strings.HasSuffix(name, "."+s.name)
}

// ParseSuppressions reads an ignore file. An error begins with file, line and column. Keys that are not known are refused: a suppression that is misspelt would cover
// more than was approved.
func ParseSuppressions(path string, b []byte) ([]Suppression, error) {
	if err := tame(path, b); err != nil {
		return nil, err
	}
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		var y yaml.Error
		if errors.As(err, &y) && y.GetToken() != nil {
			return nil, fmt.Errorf("%s: %s", position(path, y.GetToken()), y.GetMessage())
		}
		return nil, fmt.Errorf("%s:1:1: %w", path, err)
	}
	if len(file.Docs) != 1 {
		return nil, fmt.Errorf("%s:1:1: an ignore file is one YAML document, this has %d", path, len(file.Docs))
	}
	return (&ignoreFile{path: path}).read(file.Docs[0].Body)
}

// tame refuses what would cost the YAML parser much.
func tame(path string, b []byte) error {
	if len(b) > maxIgnoreFile {
		return fmt.Errorf("%s:1:1: longer than %d bytes", path, maxIgnoreFile)
	}
	brackets, n := 0, 0
	for line := range bytes.Lines(b) {
		n++
		if len(line) > maxIgnoreLine {
			return fmt.Errorf("%s:%d:%d: the line is longer than %d bytes", path, n, maxIgnoreLine, maxIgnoreLine)
		}
		brackets += bytes.Count(line, []byte("[")) + bytes.Count(line, []byte("{"))
		if brackets > maxIgnoreBrackets {
			return fmt.Errorf("%s:%d:1: more than %d brackets", path, n, maxIgnoreBrackets)
		}
	}
	return nil
}

func position(path string, t *token.Token) string {
	if t == nil || t.Position == nil {
		return path + ":1:1"
	}
	return fmt.Sprintf("%s:%d:%d", path, t.Position.Line, t.Position.Column)
}

// ignoreFile is an ignore file being taken apart.
type ignoreFile struct {
	path string
}

func (f *ignoreFile) errorf(n ast.Node, format string, args ...any) error {
	at := f.path + ":1:1"
	if n != nil {
		at = position(f.path, n.GetToken())
	}
	return fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...))
}

func (f *ignoreFile) read(n ast.Node) ([]Suppression, error) {
	top, err := f.mapping(n, "version", "suppressions")
	if err != nil {
		return nil, err
	}
	if v, ok := word(top["version"]); !ok || v != "1" {
		return nil, f.errorf(top.or("version", n), "version must be 1")
	}
	list, ok := top["suppressions"].(*ast.SequenceNode)
	if !ok {
		return nil, f.errorf(top.or("suppressions", n), "suppressions must be a list")
	}
	if len(list.Values) > maxSuppressions {
		return nil, f.errorf(list, "more than %d suppressions", maxSuppressions)
	}
	out := make([]Suppression, 0, len(list.Values))
	for _, v := range list.Values {
		s, err := f.suppression(v)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// keys are the values of a mapping.
type keys map[string]ast.Node

// or is the value of a key, or the mapping where there is none: where an error about it stands.
func (k keys) or(key string, n ast.Node) ast.Node {
	if v := k[key]; v != nil {
		return v
	}
	return n
}

// mapping takes a mapping apart that may have only some keys, each once.
func (f *ignoreFile) mapping(n ast.Node, known ...string) (keys, error) {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingValueNode:
		pairs = append(pairs, n)
	case *ast.MappingNode:
		pairs = n.Values
	default:
		return nil, f.errorf(n, "must be a mapping with the keys %s", strings.Join(known, ", "))
	}
	out := keys{}
	for _, p := range pairs {
		key := p.Key.GetToken().Value
		if !slices.Contains(known, key) {
			return nil, f.errorf(p.Key, "unknown key %q: there are %s", key, strings.Join(known, ", "))
		}
		if out[key] != nil {
			return nil, f.errorf(p.Key, "%s is given twice", key)
		}
		out[key] = p.Value
	}
	return out, nil
}

// word is the text of a plain value: no list, no alias, no tag.
func word(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return strings.TrimSpace(n.GetToken().Value), true
	case *ast.LiteralNode: // text over several lines
		return strings.TrimSpace(n.Value.Value), true
	}
	return "", false
}

func (f *ignoreFile) suppression(n ast.Node) (s Suppression, err error) {
	fields := []struct {
		key       string
		to        *string
		mandatory bool
	}{
		{"rule", &s.Rule, true}, {"vendor", &s.Vendor, false}, {"destination", &s.Destination, false}, {"client", &s.Client, false},
		{"reason", &s.Reason, true}, {"approver", &s.Approver, true}, {"expires", &s.Expires, true},
	}
	names := make([]string, len(fields))
	for i := range fields {
		names[i] = fields[i].key
	}
	values, err := f.mapping(n, names...)
	if err != nil {
		return s, err
	}
	for _, x := range fields {
		v, given := values[x.key]
		text, ok := word(v)
		switch {
		case given && (!ok || text == ""):
			return s, f.errorf(values.or(x.key, n), "%s must be a text", x.key)
		case !given && x.mandatory:
			return s, f.errorf(n, "%s is missing: rule, reason, approver and expires are mandatory", x.key)
		}
		*x.to = text
	}
	s.File, s.Line = f.path, n.GetToken().Position.Line
	for _, v := range values { // where its first value stands: the token of a mapping is its first colon
		s.Line = min(s.Line, v.GetToken().Position.Line)
	}
	return s, f.check(&s, values, n)
}

func (f *ignoreFile) check(s *Suppression, values keys, n ast.Node) error {
	if s.Vendor == "" && s.Destination == "" && s.Client == "" {
		return f.errorf(n, "one of vendor, destination and client is needed: a whole rule is switched off in the settings, not here")
	}
	if strings.ContainsFunc(s.Rule, func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') }) {
		return f.errorf(values["rule"], "rule must be the id of a rule, such as undisclosed-destination")
	}
	if _, err := time.Parse(time.DateOnly, s.Expires); err != nil {
		return f.errorf(values["expires"], "expires must be a day, YYYY-MM-DD")
	}
	if s.Client != "" {
		var ok bool
		if s.clients, ok = addrOrNetwork(s.Client); !ok {
			return f.errorf(values["client"], "client must be an address or a network")
		}
	}
	if s.Destination == "" {
		return nil
	}
	var ok bool
	if s.servers, ok = addrOrNetwork(s.Destination); ok {
		return nil
	}
	if why := s.setName(); why != "" {
		return f.errorf(values["destination"], "destination %s", why)
	}
	return nil
}

// addrOrNetwork reads an address or a network.
func addrOrNetwork(text string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err == nil
}

// setName takes the destination for a name: a registrable domain stands for all names below it too. It says why it can't.
func (s *Suppression) setName() (why string) {
	name := strings.ToLower(strings.TrimSuffix(s.Destination, "."))
	switch {
	case strings.HasPrefix(name, "*."):
		return "has a *: a registrable domain covers all names below it, another name itself only"
	case strings.ContainsFunc(name, notInName) || !strings.Contains(name, ".") || strings.Contains(name, "..") || name[0] == '.':
		return "must be a name, a registrable domain, an address or a network (names of other letters as xn--)"
	}
	if suffix, icann := publicsuffix.PublicSuffix(name); icann && suffix == name {
		return "is a public suffix: names below it have nothing in common"
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	s.name, s.below = name, err == nil && domain == name
	return ""
}

func notInName(r rune) bool {
	return r != '-' && r != '_' && r != '.' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
}
