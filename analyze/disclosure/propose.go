package disclosure

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Proposal is an entry that nobody has approved yet, with what speaks for it.
type Proposal struct {
	Vendor       string
	Seen         []string // lines of comment
	Destinations []string // names, *.names, addresses, networks; each with "|443/tcp" behind it where only a port is meant
	Reference    string
}

// WriteProposals writes a register of proposals: all are proposed, so that none discloses. Texts of captures stand in quotation marks, and none can leave them.
func WriteProposals(list []Proposal) []byte {
	var b bytes.Buffer
	b.WriteString("# Proposed entries: none discloses anything until somebody sets its status to approved, with an owner and a reference.\nversion: 1\n")
	if len(list) == 0 {
		b.WriteString("vendors: []\n")
		return b.Bytes()
	}
	b.WriteString("vendors:\n")
	for _, p := range list {
		ds := patternsOf(p.Destinations)
		if len(ds) == 0 {
			continue
		}
		for _, s := range p.Seen {
			fmt.Fprintf(&b, "  # %s\n", comment(s))
		}
		fmt.Fprintf(&b, "  - vendor: %s\n    status: proposed\n", Quote(p.Vendor))
		if p.Reference != "" {
			fmt.Fprintf(&b, "    reference: %s\n", Quote(p.Reference))
		}
		b.WriteString("    destinations:\n")
		for _, d := range ds {
			fmt.Fprintf(&b, "      - {%s}\n", d)
		}
	}
	return b.Bytes()
}

// maxText bounds a text that is written: the parser takes lines of 1000 bytes.
const maxText = 200

// Quote is a text as YAML reads it back: in quotation marks, as in JSON.
func Quote(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	if strings.TrimSpace(s) == "" {
		s = "unknown"
	}
	b, err := json.Marshal(strings.Map(printable, s))
	if err != nil {
		panic("disclosure: a text has no JSON: " + err.Error())
	}
	return string(b)
}

func printable(r rune) rune {
	if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r == '\uFEFF' || r >= '\u202a' && r <= '\u202e' {
		return '\uFFFD'
	}
	return r
}

func comment(s string) string {
	s = strings.ToValidUTF8(strings.Map(printable, s), "\uFFFD")
	if len(s) > 2*maxText {
		s = strings.ToValidUTF8(s[:2*maxText], "")
	}
	return s
}

// patternsOf writes destinations as YAML has them; what the register would refuse is left out.
func patternsOf(list []string) (out []string) {
	for _, s := range list {
		what, port, _ := strings.Cut(s, "|")
		ports := ""
		if port != "" {
			ports = ", ports: [" + port + "]"
			if number, transport, ok := strings.Cut(port, "/"); !ok || !slices.Contains([]string{"tcp", "udp", "sctp"}, transport) {
				ports = ""
			} else if v, err := strconv.ParseUint(number, 10, 16); err != nil || v == 0 {
				ports = ""
			}
		}
		what = strings.ToLower(strings.TrimSuffix(what, "."))
		if p, why := network(what); why == "" && p.Bits() > 0 {
			if !p.IsSingleIP() || strings.Contains(what, "/") {
				out = append(out, fmt.Sprintf("cidr: %q%s", p.String(), ports))
			} else {
				out = append(out, fmt.Sprintf("cidr: %q%s", p.Addr().String(), ports))
			}
			continue
		}
		if badDomain(what) == "" && strings.Contains(what, ".") {
			out = append(out, fmt.Sprintf("domain: %q%s", what, ports))
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), maxListed)]
}

// maxImport bounds a list that is read, bytes.
const maxImport = 8 << 20

// Import reads a list of allowed destinations that people have already: what a workflow's harden-runner allows (allowed-endpoints), what Squid does (dstdomain), what Cilium does (toFQDNs), or CSV with
// a header. It is recognised by content. Lines that say nothing are counted.
func Import(path string, b []byte) (out []Proposal, ignored int, err error) {
	if len(b) > maxImport {
		return nil, 0, fmt.Errorf("%s: longer than %d bytes", path, maxImport)
	}
	text := strings.ReplaceAll(string(b), "\r\n", "\n")
	p := &imported{path: path}
	switch {
	case strings.Contains(text, "matchName:") || strings.Contains(text, "matchPattern:"):
		p.cilium(text)
	case strings.Contains(text, "allowed-endpoints:"):
		_, list, _ := strings.Cut(text, "allowed-endpoints:")
		p.endpoints(strings.TrimLeft(list, " >|-+\n"))
	case hasHeader(text):
		p.csv(text)
	case strings.Contains(text, "dstdomain"):
		p.squid(text)
	default:
		p.endpoints(text)
	}
	if len(p.by) == 0 {
		return nil, p.ignored, fmt.Errorf("%s: nothing in it is understood: CSV with a header, harden-runner's allowed-endpoints, Squid's dstdomain and Cilium's toFQDNs are", path)
	}
	for _, vendor := range p.order {
		out = append(out, *p.by[vendor])
	}
	return out, p.ignored, nil
}

// imported collects destinations by vendor: that of the list, or the registrable domain.
type imported struct {
	path    string
	by      map[string]*Proposal
	order   []string
	ignored int
}

func (p *imported) add(vendor, what, port, reference string) {
	if len(patternsOf([]string{what})) == 0 {
		p.ignored++
		return
	}
	if vendor == "" {
		vendor = registrable(strings.TrimPrefix(strings.ToLower(what), "*."))
	}
	if vendor == "" {
		vendor = what
	}
	if p.by == nil {
		p.by = map[string]*Proposal{}
	}
	e := p.by[vendor]
	if e == nil {
		e = &Proposal{Vendor: vendor, Seen: []string{"imported from " + p.path}, Reference: reference}
		p.by[vendor] = e
		p.order = append(p.order, vendor)
	}
	if port != "" {
		what += "|" + port
	}
	e.Destinations = append(e.Destinations, what)
}

// endpoints reads words host:port; those of a workflow end where the next key begins.
func (p *imported) endpoints(text string) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) > 0 && strings.HasSuffix(words[0], ":") || len(words) > 0 && words[0] == "-" {
			return
		}
		for _, w := range words {
			host, port, ok := strings.Cut(w, ":")
			if a, err := netip.ParseAddrPort(w); err == nil {
				host, port, ok = a.Addr().String(), strconv.Itoa(int(a.Port())), true
			}
			if ok {
				port += "/tcp"
			}
			p.add("", host, port, "")
		}
	}
}

// squid reads lists of dstdomain: a dot in front means the domain and all below it.
func (p *imported) squid(text string) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		_, list, ok := strings.Cut(line, "dstdomain")
		if !ok {
			list = line
		}
		for _, w := range strings.Fields(list) {
			if strings.HasPrefix(w, "-") || w == "acl" {
				continue
			}
			if below, wide := strings.CutPrefix(w, "."); wide {
				p.add("", below, "", "")
				w = "*." + below
			}
			p.add("", w, "", "")
		}
	}
}

// cilium reads matchName and matchPattern of toFQDNs, wherever they stand.
func (p *imported) cilium(text string) {
	for line := range strings.Lines(text) {
		line = strings.Trim(line, " -{}\n")
		for _, key := range []string{"matchName:", "matchPattern:"} {
			if _, value, ok := strings.Cut(line, key); ok {
				p.add("", strings.Trim(value, " \"'{},"), "", "")
			}
		}
	}
}

// csvKeys are the headers of the columns that are read.
var csvKeys = map[string]string{"domain": "to", "host": "to", "destination": "to", "fqdn": "to", "cidr": "to", "ip": "to", "address": "to", "port": "port", "ports": "port", "vendor": "vendor", "company": "vendor",
	"reference": "reference", "contract": "reference"}

// header is the first row of CSV, each cell as the keys are.
func header(text string) []string {
	cells, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\uFEFF"))).Read()
	if err != nil {
		return nil
	}
	for i := range cells {
		cells[i] = strings.ToLower(strings.TrimSpace(cells[i]))
	}
	return cells
}

func hasHeader(text string) bool {
	return slices.ContainsFunc(header(text), func(c string) bool { return csvKeys[c] == "to" })
}

func (p *imported) csv(text string) {
	keys := header(text)
	in := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\uFEFF")))
	in.FieldsPerRecord, in.LazyQuotes, in.TrimLeadingSpace = -1, true, true
	for n := 0; ; n++ {
		cells, err := in.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			p.ignored++
			return
		}
		if n == 0 {
			continue
		}
		row := map[string]string{}
		for i, cell := range cells {
			if cell = strings.TrimSpace(cell); i < len(keys) && csvKeys[keys[i]] != "" && cell != "" {
				row[csvKeys[keys[i]]] = cell
			}
		}
		port := row["port"]
		if port != "" && !strings.Contains(port, "/") {
			port += "/tcp"
		}
		p.add(row["vendor"], row["to"], port, row["reference"])
	}
}
