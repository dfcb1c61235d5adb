package disclosure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"phonehome/analyze/yamldoc"
)

// Proposal is an entry that nobody has approved yet, with what speaks for it.
type Proposal struct {
	Vendor       string
	Seen         []string // lines of comment
	Destinations []Pattern
	Reference    string
}

const (
	maxText    = 200 // bytes of a text that is written: the parser takes lines of 1000
	maxSeen    = 50  // lines of comment of an entry: more than anybody reads
	maxOnALine = 50  // ports of a pattern: with a name of 253 bytes they make no line of 1000
)

// Named is the pattern of a name that was seen, or why it can have none. What it calls itself is no pattern: a star in it stands for nothing.
func Named(name string) (Pattern, string) {
	p := Pattern{Domain: normal(name)}
	if strings.Contains(name, "*") {
		return p, "is no host name"
	}
	return p, badDomain(p.Domain)
}

// Addressed is the pattern of one address.
func Addressed(a netip.Addr) Pattern {
	a = a.Unmap().WithZone("")
	return Pattern{CIDR: netip.PrefixFrom(a, a.BitLen())}
}

// On is the pattern with a port; without one where a register has none of that transport.
func (p Pattern) On(port uint16, transport string) Pattern {
	if port != 0 && slices.Contains(transports, transport) {
		p.Ports = []Service{{port, transport}}
	}
	return p
}

// draft is a register of proposals being written, within the bounds that the parser has.
type draft struct {
	text              bytes.Buffer
	entries, brackets int
	met               map[string]bool // patterns that were written
	left              int
}

// WriteProposals writes a register of proposals: all are proposed, so that none discloses. Texts of captures stand in quotation marks, and none can leave them. What is written
// parses again, as proposed and when all is approved; left counts the patterns that a register has no room for.
func WriteProposals(list []Proposal) (text []byte, left int) {
	d := &draft{met: map[string]bool{}}
	d.text.WriteString("# Proposed entries: none discloses anything until somebody sets its status to approved, with an owner and a reference.\nversion: 1\n")
	head := d.text.Len()
	for i := range list {
		d.propose(&list[i])
	}
	if d.entries == 0 {
		d.text.WriteString("vendors: []\n")
		return d.text.Bytes(), d.left
	}
	if d.left > 0 {
		fmt.Fprintf(&d.text, "# %d more are left out: a register holds no more.\n", d.left)
	}
	return slices.Insert(d.text.Bytes(), head, []byte("vendors:\n")...), d.left
}

// propose writes a proposal, as several entries where one holds no more destinations. What an entry before it has is not proposed again.
func (d *draft) propose(p *Proposal) {
	var lines []string
	for _, l := range patternLines(p.Destinations) {
		if !d.met[l] {
			d.met[l] = true
			lines = append(lines, l)
		}
	}
	seen := p.Seen
	for part := range slices.Chunk(lines, maxListed) {
		if !d.add(entryText(p, seen, part)) {
			d.left += len(part)
		}
		seen = nil
	}
}

// room is what is kept free for the head and the last line.
const room = 1000

// add writes an entry if it has room.
func (d *draft) add(entry string) bool {
	brackets := strings.Count(entry, "[") + strings.Count(entry, "{")
	if d.entries == maxEntries || d.brackets+brackets > bounds.Brackets || d.text.Len()+len(entry) > bounds.Bytes-room {
		return false
	}
	d.entries++
	d.brackets += brackets
	d.text.WriteString(entry)
	return true
}

func entryText(p *Proposal, seen, lines []string) string {
	var b strings.Builder
	for i, s := range seen {
		if i == maxSeen {
			fmt.Fprintf(&b, "  # and %d more\n", len(seen)-i)
			break
		}
		fmt.Fprintf(&b, "  # %s\n", comment(s))
	}
	fmt.Fprintf(&b, "  - vendor: %s\n    status: proposed\n", Quote(p.Vendor))
	if p.Reference != "" {
		fmt.Fprintf(&b, "    reference: %s\n", Quote(p.Reference))
	}
	b.WriteString("    destinations:\n")
	for _, l := range lines {
		b.WriteString("      - {" + l + "}\n")
	}
	return b.String()
}

// patternLines writes patterns as YAML has them, in order, each destination once with all its ports. Those that a register refuses are not written.
func patternLines(list []Pattern) (out []string) {
	ports := map[string][]string{}
	for i := range list {
		p := &list[i]
		what := p.yaml()
		if what == "" {
			continue
		}
		if len(p.Ports) == 0 {
			ports[what] = append(ports[what], "")
		}
		for _, s := range p.Ports {
			ports[what] = append(ports[what], fmt.Sprintf("%d/%s", s.Port, s.Transport))
		}
	}
	for what, of := range ports {
		out = append(out, withPorts(what, of)...)
	}
	slices.Sort(out)
	return out
}

// withPorts writes a destination with its ports: all of them where one pattern has all.
func withPorts(what string, ports []string) (out []string) {
	if slices.Contains(ports, "") {
		return []string{what}
	}
	slices.Sort(ports)
	for part := range slices.Chunk(slices.Compact(ports), maxOnALine) {
		out = append(out, fmt.Sprintf("%s, ports: [%s]", what, strings.Join(part, ", ")))
	}
	return out
}

// yaml is the destination of a pattern as it stands in a register, "" where that would refuse it.
func (p *Pattern) yaml() string {
	switch {
	case p.Domain != "" && badDomain(p.Domain) == "":
		return fmt.Sprintf("domain: %q", p.Domain)
	case p.CIDR.IsValid():
		text := p.CIDR.String()
		if p.CIDR.IsSingleIP() {
			text = p.CIDR.Addr().String()
		}
		if n, why := network(text); why == "" && n.Bits() > 0 {
			return fmt.Sprintf("cidr: %q", text)
		}
	}
	return ""
}

// Quote is a text as YAML reads it back: in quotation marks, as in JSON.
func Quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // six bytes in place of one would make lines too long
	s = cut(s, maxText)
	if s == "" {
		s = "unknown"
	}
	if err := e.Encode(s); err != nil {
		panic("disclosure: a text has no JSON: " + err.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func comment(s string) string { return cut(s, 2*maxText) }

// cut makes a text harmless and short.
func cut(s string, most int) string {
	s = strings.TrimSpace(strings.Map(harmless, strings.ToValidUTF8(s, "\uFFFD")))
	if len(s) > most {
		s = strings.TrimSpace(strings.ToValidUTF8(s[:most], ""))
	}
	return s
}

// harmless replaces what YAML does not have, line breaks, and what is not seen or turns what is seen around.
func harmless(r rune) rune {
	if r != ' ' && (!yamldoc.Printable(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
		return '\uFFFD'
	}
	return r
}
