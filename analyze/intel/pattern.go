package intel

import (
	"slices"
	"strconv"
	"strings"
)

// Object paths of STIX patterns that are understood (STIX 2.1, sections 6 and 9).
const (
	destination     = "network-traffic:dst_ref.value"
	destinationPort = "network-traffic:dst_port"
	destinationType = "network-traffic:dst_ref.type"
)

var valuePaths = []string{"ipv4-addr:value", "ipv6-addr:value", "domain-name:value", "url:value", destination}

// foreign are object types that no flow shows.
var foreign = []string{"file", "directory", "artifact", "process", "mutex", "windows-registry-key", "user-account", "email-addr", "email-message", "software",
	"x509-certificate", "mac-addr", "autonomous-system"}

// conjunction is one alternative of a pattern.
type conjunction struct {
	path, value string
	port        uint16
	foreign     bool // it is about objects that no flow shows
}

// maxAlternatives bounds the alternatives of one pattern.
const maxAlternatives = 100_000

// parsePattern reads the patterns whose meaning is a set of values: observations in brackets with OR between them, in them comparisons with OR, and AND only where
// it gives a destination its port or its type. Qualifiers, NOT, AND and FOLLOWEDBY between observations ask for more than one flow can answer: not understood.
func parsePattern(text string) ([]conjunction, bool) {
	p := &patternParser{rest: text, ok: true}
	p.observations(0)
	p.space()
	return p.out, p.ok && p.rest == "" && len(p.out) > 0
}

// patternParser keeps what is left. After an error nothing is left, and ok is false.
type patternParser struct {
	rest string
	out  []conjunction
	ok   bool
}

func (p *patternParser) fail() { p.ok, p.rest = false, "" }

func (p *patternParser) space() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

// take takes a piece of text off, if it is next.
func (p *patternParser) take(text string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.rest, text)
	if ok {
		p.rest = rest
	}
	return ok
}

// word takes a keyword off, if it is next and nothing is joined to it.
func (p *patternParser) word(text string) bool {
	before := p.rest
	if p.take(text) && (p.rest == "" || p.rest[0] == '[' || !isPathByte(p.rest[0])) {
		return true
	}
	p.rest = before
	return false
}

func (p *patternParser) expect(text string) {
	if !p.take(text) {
		p.fail()
	}
}

func (p *patternParser) observations(depth int) {
	for more := true; more && p.ok; more = p.word("OR") {
		switch {
		case depth > maxDepth:
			p.fail()
		case p.take("("):
			p.observations(depth + 1)
			p.expect(")")
		default:
			p.expect("[")
			p.comparisons(depth)
			p.expect("]")
		}
	}
}

// comparisons reads alternatives.
func (p *patternParser) comparisons(depth int) {
	for more := true; more && p.ok; more = p.word("OR") {
		switch {
		case depth > maxDepth || len(p.out) > maxAlternatives:
			p.fail()
		case p.take("("):
			p.comparisons(depth + 1)
			p.expect(")")
		default:
			p.conjunction()
		}
	}
}

// comparison is one of them.
type comparison struct {
	path   string
	values []string
}

// conjunction reads comparisons with AND between them.
func (p *patternParser) conjunction() {
	var values comparison
	var c conjunction
	foreigners, n := 0, 0
	for more := true; more && p.ok; more = p.word("AND") {
		x := p.comparison()
		n++
		object, _, _ := strings.Cut(x.path, ":")
		switch {
		case slices.Contains(foreign, object):
			foreigners++
		case slices.Contains(valuePaths, x.path) && values.path == "":
			values = x
		case x.path == destinationPort && c.port == 0 && len(x.values) == 1:
			port, err := strconv.ParseUint(x.values[0], 10, 16)
			c.port = uint16(port)
			if err != nil || port == 0 {
				p.fail()
			}
		case x.path == destinationType:
		default:
			p.fail()
		}
	}
	switch {
	case !p.ok:
	case foreigners == n:
		p.out = append(p.out, conjunction{foreign: true})
	case foreigners > 0 || values.path == "" || c.port != 0 && values.path != destination || n > 1 && values.path != destination:
		p.fail()
	default:
		for _, v := range values.values {
			p.out = append(p.out, conjunction{path: values.path, value: v, port: c.port})
		}
	}
}

// comparison reads `path = 'value'`, `path IN ('a', 'b')` or `path ISSUBSET 'network'`. Of objects that no flow shows, any comparison will do.
func (p *patternParser) comparison() (c comparison) {
	p.space()
	c.path = p.path()
	object, _, _ := strings.Cut(c.path, ":")
	switch {
	case p.take("="), p.word("ISSUBSET"):
		c.values = append(c.values, p.literal())
	case p.word("IN"):
		p.expect("(")
		for more := true; more && p.ok && len(c.values) < maxAlternatives; more = p.take(",") {
			c.values = append(c.values, p.literal())
		}
		p.expect(")")
	case slices.Contains(foreign, object) && (p.take("!=") || p.take(">=") || p.take("<=") || p.take(">") || p.take("<") || p.word("LIKE") || p.word("MATCHES")):
		p.literal()
	default:
		p.fail()
	}
	return c
}

// path reads an object path; its parts may stand in quotes: file:hashes.'SHA-256'.
func (p *patternParser) path() string {
	i := 0
	for i < len(p.rest) {
		switch {
		case isPathByte(p.rest[i]):
			i++
			continue
		case p.rest[i] == '\'':
			if end := strings.IndexByte(p.rest[i+1:], '\''); end >= 0 {
				i += end + 2
				continue
			}
		}
		break
	}
	path := p.rest[:i]
	p.rest = p.rest[i:]
	return path
}

func isPathByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("-_:.[]*", b) >= 0
}

// literal reads a text in quotes, where a backslash stands before a quote or a backslash, or a number.
func (p *patternParser) literal() string {
	if !p.take("'") {
		i := 0
		for i < len(p.rest) && (p.rest[i] >= '0' && p.rest[i] <= '9') {
			i++
		}
		if i == 0 {
			p.fail()
		}
		text := p.rest[:i]
		p.rest = p.rest[i:]
		return text
	}
	var b strings.Builder
	for i := 0; i < len(p.rest); i++ {
		switch c := p.rest[i]; c {
		case '\'':
			p.rest = p.rest[i+1:]
			return b.String()
		case '\\':
			if i++; i < len(p.rest) {
				b.WriteByte(p.rest[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	p.fail()
	return ""
}
