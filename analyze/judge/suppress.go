package judge

import (
	_ "embed" // the schema
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"golang.org/x/net/publicsuffix"

	"phonehome/analyze/yamldoc"
)

// IgnoreSchema is the JSON Schema (2020-12) of an ignore file.
//
//go:embed schema/ignore.schema.json
var IgnoreSchema string

// ignoreBounds bound an ignore file: maxSuppressions of some lines each.
var ignoreBounds = yamldoc.Bounds{Bytes: 256 << 10, Brackets: 1000}

const maxSuppressions = 2000

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
	f, err := yamldoc.Parse(path, b, ignoreBounds)
	if err != nil {
		return nil, err
	}
	return (&ignoreFile{f}).read(f.Body)
}

// ignoreFile is an ignore file being taken apart.
type ignoreFile struct{ *yamldoc.File }

func (f *ignoreFile) read(n ast.Node) ([]Suppression, error) {
	top, err := f.Mapping(n, "version", "suppressions")
	if err != nil {
		return nil, err
	}
	if v, ok := yamldoc.Word(top["version"]); !ok || v != "1" {
		return nil, f.Errorf(top.Or("version", n), "version must be 1")
	}
	list, ok := top["suppressions"].(*ast.SequenceNode)
	if !ok {
		return nil, f.Errorf(top.Or("suppressions", n), "suppressions must be a list")
	}
	if len(list.Values) > maxSuppressions {
		return nil, f.Errorf(list, "more than %d suppressions", maxSuppressions)
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
	values, err := f.Mapping(n, names...)
	if err != nil {
		return s, err
	}
	for _, x := range fields {
		v, given := values[x.key]
		text, ok := yamldoc.Word(v)
		switch {
		case given && (!ok || text == ""):
			return s, f.Errorf(values.Or(x.key, n), "%s must be a text", x.key)
		case !given && x.mandatory:
			return s, f.Errorf(n, "%s is missing: rule, reason, approver and expires are mandatory", x.key)
		}
		*x.to = text
	}
	s.File, s.Line = f.Path, yamldoc.Line(n, values)
	return s, f.check(&s, values, n)
}

func (f *ignoreFile) check(s *Suppression, values yamldoc.Keys, n ast.Node) error {
	if s.Vendor == "" && s.Destination == "" && s.Client == "" {
		return f.Errorf(n, "one of vendor, destination and client is needed: a whole rule is switched off in the settings, not here")
	}
	if _, ok := RuleByID(s.Rule); !ok {
		return f.Errorf(values["rule"], "rule must be the id of a rule, such as undisclosed-destination")
	}
	if _, err := time.Parse(time.DateOnly, s.Expires); err != nil {
		return f.Errorf(values["expires"], "expires must be a day, YYYY-MM-DD")
	}
	if s.Client != "" {
		var ok bool
		if s.clients, ok = addrOrNetwork(s.Client); !ok {
			return f.Errorf(values["client"], "client must be an address or a network")
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
		return f.Errorf(values["destination"], "destination %s", why)
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

// Suppress marks the findings that suppressions cover on a day, YYYY-MM-DD, and returns the suppressions with what became of them. An expired one covers nothing.
func Suppress(fs []Finding, list []Suppression, asOf string) []Suppression {
	out := append([]Suppression{}, list...)
	for k := range out {
		out[k].Expired = asOf > out[k].Expires
	}
	for i := range fs {
		f := &fs[i]
		for k := range out {
			s := &out[k]
			if !s.Covers(f.Rule, f.Vendor, f.Names, f.unnamed, f.Clients) {
				continue
			}
			s.Used++
			if !s.Expired && f.Status == Open {
				f.Status, f.Suppression = Suppressed, fmt.Sprintf("%s:%d", s.File, s.Line)
			}
		}
	}
	return out
}
