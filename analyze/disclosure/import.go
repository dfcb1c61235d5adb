package disclosure

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"phonehome/analyze/yamldoc"
)

// Imported is what a list of allowed destinations says.
type Imported struct {
	Format    string
	Proposals []Proposal
	Unread    []Unread // in the order of lines
}

// Unread is a line that was not understood, or part of one.
type Unread struct {
	Line int
	Why  string
}

// listFormat is a kind of list that people have.
type listFormat struct {
	name string
	is   func(text string) bool // whether a text is one, by its content
	read func(*imported, string) error
}

// listFormats are the kinds of lists, in the order in which they are recognised. The last is what is left: words.
var listFormats = []listFormat{
	{"cilium", func(text string) bool { return strings.Contains(text, "toFQDNs:") }, readCilium},
	{"harden-runner", func(text string) bool { return strings.Contains(text, endpointsKey) }, readHardenRunner},
	{"csv", isCSV, readCSV},
	{"squid", func(text string) bool { return strings.Contains(text, "dstdomain") }, readSquid},
	{"harden-runner", func(string) bool { return true }, readHardenRunner},
}

// AutoFormat has Import recognise a list by its content.
const AutoFormat = "auto"

// ImportFormats are the formats that Import knows.
func ImportFormats() []string { return []string{AutoFormat, "csv", "harden-runner", "squid", "cilium"} }

// maxImport bounds a list that is read, bytes.
const maxImport = 8 << 20

// ImportFile is Import of a file.
func ImportFile(path, format string) (*Imported, error) {
	b, err := readFile(path, maxImport)
	if err != nil {
		return nil, err
	}
	return Import(path, format, b)
}

// Import reads a list of allowed destinations that people have already. The destinations that it understands are proposals, by vendor; every line that it does not understand is told.
func Import(path, format string, b []byte) (*Imported, error) {
	if len(b) > maxImport {
		return nil, fmt.Errorf("%s:1:1: longer than %d bytes", path, maxImport)
	}
	text := strings.ReplaceAll(strings.TrimPrefix(string(b), "\uFEFF"), "\r\n", "\n")
	i := slices.IndexFunc(listFormats, func(f listFormat) bool { return f.name == format || format == AutoFormat && f.is(text) })
	if i < 0 {
		return nil, fmt.Errorf("%s: unknown format %q: there are %s", path, format, strings.Join(ImportFormats(), ", "))
	}
	p := &imported{path: path, by: map[recipient]*Proposal{}}
	if err := listFormats[i].read(p, text); err != nil {
		return nil, err
	}
	if len(p.order) == 0 {
		return nil, p.nothing(listFormats[i].name)
	}
	out := &Imported{Format: listFormats[i].name, Unread: p.unread}
	slices.SortStableFunc(out.Unread, func(x, y Unread) int { return x.Line - y.Line })
	for _, k := range p.order {
		out.Proposals = append(out.Proposals, *p.by[k])
	}
	return out, nil
}

// imported collects destinations.
type imported struct {
	path   string
	by     map[recipient]*Proposal
	order  []recipient
	unread []Unread
}

// recipient is what destinations are put together by: the vendor that the list gives, or the registrable domain, and where the agreement stands.
type recipient struct{ vendor, reference string }

// nothing is the error of a list of which no line was understood.
func (p *imported) nothing(format string) error {
	first := ""
	if len(p.unread) > 0 {
		first = fmt.Sprintf(" (first line %d: %s)", p.unread[0].Line, p.unread[0].Why)
	}
	return fmt.Errorf("%s: nothing in it is understood as %s%s: CSV with a header, harden-runner's allowed-endpoints, Squid's dstdomain and Cilium's toFQDNs are", p.path, format, first)
}

func (p *imported) skip(line int, format string, args ...any) {
	p.unread = append(p.unread, Unread{line, fmt.Sprintf(format, args...)})
}

// wanted is a destination as a list has it.
type wanted struct {
	line              int
	what              string
	ports             []Service
	vendor, reference string
	note              string // what is to be said of it
}

// add proposes a destination, if a register can have it.
func (p *imported) add(d wanted) {
	to, why := patternOf(d.what)
	if why != "" {
		p.skip(d.line, "%q %s", short(d.what), why)
		return
	}
	to.Ports = d.ports
	k := recipient{d.vendor, d.reference}
	if k.vendor == "" {
		k.vendor = recipientOf(&to)
	}
	e := p.by[k]
	if e == nil {
		e = &Proposal{Vendor: k.vendor, Seen: []string{"imported from " + p.path}, Reference: k.reference}
		p.by[k] = e
		p.order = append(p.order, k)
	}
	e.Destinations = append(e.Destinations, to)
	if d.note != "" && !slices.Contains(e.Seen[:min(len(e.Seen), maxSeen)], d.note) {
		e.Seen = append(e.Seen, d.note)
	}
}

// patternOf reads a name, *. and a name, an address or a network, or says why a text is none.
func patternOf(what string) (p Pattern, why string) {
	if n, bad := network(what); bad == "" || n.Addr().IsValid() {
		if bad == "" && n.Addr().IsUnspecified() {
			bad = "is no destination"
		}
		return Pattern{CIDR: n}, bad
	}
	p.Domain = normal(what)
	return p, badDomain(p.Domain)
}

// recipientOf is whom a destination is proposed as, where a list does not say it: nobody knows the vendor.
func recipientOf(p *Pattern) string {
	name := strings.TrimPrefix(p.Domain, "*.")
	switch d := registrable(name); {
	case d != "":
		return d
	case name != "":
		return name
	}
	return "unknown, at " + p.CIDR.Addr().String()
}

// short is a text of a list as a message quotes it.
func short(s string) string { return cut(s, 80) }

// service reads a port such as 443 or 443/tcp; one without a transport is TCP.
func service(w string) (Service, bool) {
	number, transport, given := strings.Cut(strings.ToLower(w), "/")
	if !given {
		transport = "tcp"
	}
	n, err := strconv.ParseUint(number, 10, 16)
	return Service{uint16(n), transport}, err == nil && n > 0 && slices.Contains(transports, transport)
}

// endpointsKey is the key of a workflow that lists what harden-runner allows.
const endpointsKey = "allowed-endpoints:"

// endpointsLine is a line that has it: what is before it, and its value.
var endpointsLine = regexp.MustCompile(`^([ \t]*(?:- +)?)["']?allowed-endpoints["']?:(.*)$`)

// readHardenRunner reads the allowed-endpoints of all jobs of a workflow: words host:port, on the key's line and on those below it that are indented more. A file without the key is
// such words alone. It is read by lines: a workflow has scripts in it, and each word needs its line.
func readHardenRunner(p *imported, text string) error {
	all := !strings.Contains(text, endpointsKey)
	inside, indent, n := false, 0, 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\n")
		switch m := endpointsLine.FindStringSubmatch(line); {
		case all:
			p.endpoints(n, line)
		case m != nil:
			inside, indent = true, len(m[1])
			p.endpoints(n, blockHead.ReplaceAllString(m[2], ""))
		case strings.TrimSpace(line) == "":
		case inside && len(line)-len(strings.TrimLeft(line, " \t")) > indent:
			p.endpoints(n, line)
		default:
			inside = false
		}
	}
	return nil
}

// blockHead is what says that a text stands below: ">", "|-" ...
var blockHead = regexp.MustCompile(`^\s*[>|][-+0-9]*\s*(#.*)?$`)

// endpoints reads the endpoints of one line.
func (p *imported) endpoints(n int, line string) {
	line, _, _ = strings.Cut(" "+line, " #")
	if strings.Contains(line, "${{") {
		p.skip(n, "%q is an expression: what it stands for is known when the workflow runs", short(line))
		return
	}
	for _, w := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r,\"'", r) }) {
		if w == "-" {
			continue
		}
		p.endpoint(n, w)
	}
}

// noPort is what the agent of harden-runner does with a word that has none (parseEndpoints in its config.go): it does not open all ports.
const noPort = "what has no port in the list is for 443/tcp, as harden-runner takes it"

// endpoint reads host, host:port or [address]:port.
func (p *imported) endpoint(n int, w string) {
	host, port := w, ""
	if a, err := netip.ParseAddrPort(w); err == nil {
		host, port = a.Addr().String(), strconv.Itoa(int(a.Port()))
	} else if i := strings.LastIndexByte(w, ':'); i >= 0 && strings.Count(w, ":") == 1 {
		host, port = w[:i], w[i+1:]
	}
	if host == w {
		p.add(wanted{line: n, what: w, ports: []Service{{443, "tcp"}}, note: noPort})
		return
	}
	s, ok := service(port)
	if !ok || strings.Contains(port, "/") {
		p.skip(n, "%q has no port such as 443", short(w))
		return
	}
	p.add(wanted{line: n, what: host, ports: []Service{s}})
}

// squidNames are the types of Squid's acl that list names, squidOther those that name destinations in a way that a register has not.
var (
	squidNames = []string{"dstdomain", "ssl::server_name"}
	squidOther = []string{"dstdom_regex", "url_regex", "urlpath_regex", "ssl::server_name_regex", "dst_as"}
)

// readSquid reads Squid's lists of dstdomain and dst, but for those that http_access denies. A file without acl is a list of dstdomain alone, such as a dstdomain line names.
func readSquid(p *imported, text string) error {
	denied := squidDenied(text)
	bare := !strings.Contains(text, "acl ")
	var head []string // acl, name, type: of the list that a line begins or goes on with
	n := 0
	for line := range strings.Lines(text) {
		n++
		words := squidWords(line)
		more := len(words) > 0 && words[len(words)-1] == `\`
		if more {
			words = words[:len(words)-1]
		}
		if bare {
			head = []string{"acl", "", squidNames[0]}
		} else if head == nil && len(words) > 2 && words[0] == "acl" {
			head, words = words[:3], words[3:]
		}
		if head != nil {
			p.squidList(n, head[1], head[2], words, denied)
		}
		if !more {
			head = nil
		}
	}
	return nil
}

func squidWords(line string) []string {
	words := strings.Fields(line)
	if i := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "#") }); i >= 0 {
		words = words[:i]
	}
	return words
}

// squidDenied are the lists that http_access denies and never allows.
func squidDenied(text string) map[string]bool {
	denied, allowed := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(text) {
		words := squidWords(line)
		if len(words) < 3 || words[0] != "http_access" {
			continue
		}
		for _, w := range words[2:] {
			name, not := strings.CutPrefix(w, "!")
			if not == (words[1] == "deny") {
				allowed[name] = true
			} else {
				denied[name] = true
			}
		}
	}
	for name := range allowed {
		delete(denied, name)
	}
	return denied
}

// squidList reads the values of one acl on one line.
func (p *imported) squidList(n int, name, kind string, words []string, denied map[string]bool) {
	names := slices.Contains(squidNames, kind)
	switch {
	case slices.Contains(squidOther, kind):
		p.skip(n, "acl %s is of type %s, which a register has not", short(name), kind)
	case !names && kind != "dst": // of clients, ports, methods: no destinations
	case denied[name]:
		p.skip(n, "acl %s is denied by http_access", short(name))
	default:
		for _, w := range words {
			p.squidWord(n, w, names)
		}
	}
}

// squidWord reads a value: a dot in front means the domain and all below it.
func (p *imported) squidWord(n int, w string, names bool) {
	below, wide := strings.CutPrefix(w, ".")
	switch {
	case strings.HasPrefix(w, "-"): // an option
	case strings.HasPrefix(w, `"`), strings.HasPrefix(w, "/"):
		p.skip(n, "%s is a list in another file: import that", short(w))
	case names && wide:
		p.add(wanted{line: n, what: below})
		p.add(wanted{line: n, what: "*." + below})
	default:
		if _, why := network(w); !names && why != "" {
			p.skip(n, "%q %s", short(w), why)
			return
		}
		p.add(wanted{line: n, what: w})
	}
}

// ciliumBounds bound a file of Cilium's policies.
var ciliumBounds = yamldoc.Bounds{Bytes: maxImport, Brackets: 100_000}

// readCilium reads the toFQDNs of Cilium's policies, with the toPorts beside them.
func readCilium(p *imported, text string) error {
	docs, err := yamldoc.Documents(p.path, []byte(text), ciliumBounds)
	for _, d := range docs {
		p.ciliumNode(d.Body)
	}
	return err
}

// ciliumNode looks for rules with toFQDNs, wherever they stand.
func (p *imported) ciliumNode(n ast.Node) {
	if list, ok := n.(*ast.SequenceNode); ok {
		for _, v := range list.Values {
			p.ciliumNode(v)
		}
		return
	}
	pairs, _ := yamldoc.Pairs(n)
	values := yamldoc.Keys{}
	for _, v := range pairs {
		key := v.Key.GetToken().Value
		values[key] = v.Value
		if key != "toFQDNs" && key != "toPorts" {
			p.ciliumNode(v.Value)
		}
	}
	if names := values["toFQDNs"]; names != nil {
		p.ciliumRule(names, values["toPorts"])
	}
}

// ciliumRule proposes the names of one rule. Where none of its ports is understood, its names are not either: without ports they would mean more.
func (p *imported) ciliumRule(names, toPorts ast.Node) {
	ports, understood := p.ciliumPorts(toPorts)
	for _, n := range items(names) {
		pairs, ok := yamldoc.Pairs(n)
		if !ok {
			p.skip(lineOf(n), "toFQDNs is a list of matchName and matchPattern")
		}
		for _, v := range pairs {
			w, ok := yamldoc.Word(v.Value)
			switch key := v.Key.GetToken().Value; {
			case !ok || key != "matchName" && key != "matchPattern":
				p.skip(lineOf(v.Value), "toFQDNs is a list of matchName and matchPattern")
			case !understood:
				p.skip(lineOf(v.Value), "%q has ports that are not understood", short(w))
			default:
				p.ciliumName(lineOf(v.Value), w, ports, key == "matchPattern")
			}
		}
	}
}

func (p *imported) ciliumName(line int, w string, ports []Service, pattern bool) {
	d := wanted{line: line, what: w, ports: ports}
	if pattern {
		if deep, ok := strings.CutPrefix(w, "**."); ok {
			d.what = "*." + deep
		} else if strings.HasPrefix(w, "*.") {
			d.note = w + " is one label below in Cilium, and any number of them in a register"
		}
	} else if strings.Contains(w, "*") {
		p.skip(line, "%q is no name: a matchName has no *", short(w))
		return
	}
	p.add(d)
}

// ciliumPorts reads a toPorts: nil where it allows all. Not understood says that of a list of ports none is.
func (p *imported) ciliumPorts(n ast.Node) (out []Service, understood bool) {
	given := false
	for _, rule := range items(n) {
		pairs, _ := yamldoc.Pairs(rule)
		for _, v := range pairs {
			if v.Key.GetToken().Value != "ports" {
				continue // rules for what is inside the connection
			}
			for _, port := range items(v.Value) {
				given = true
				out = append(out, p.ciliumPort(port)...)
			}
		}
	}
	return out, !given || len(out) > 0
}

// ciliumPort reads {port: "443", protocol: TCP}; without a protocol, or with ANY, it is of all.
func (p *imported) ciliumPort(n ast.Node) (out []Service) {
	of := map[string]string{"protocol": "ANY"}
	pairs, _ := yamldoc.Pairs(n)
	for _, v := range pairs {
		of[v.Key.GetToken().Value], _ = yamldoc.Word(v.Value)
	}
	protocols := []string{of["protocol"]}
	if of["protocol"] == "ANY" {
		protocols = transports
	}
	for _, t := range protocols {
		if s, ok := service(of["port"] + "/" + t); ok && of["endPort"] == "" {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		p.skip(lineOf(n), "port %q, protocol %q is no port such as 443, TCP: ranges and names of ports are not read", short(of["port"]), short(of["protocol"]))
	}
	return out
}

// items are the values of a list; none where the node is none.
func items(n ast.Node) []ast.Node {
	if list, ok := n.(*ast.SequenceNode); ok {
		return list.Values
	}
	return nil
}

func lineOf(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 1
}

// csvKeys are the headers of the columns that are read.
var csvKeys = map[string]string{"domain": "to", "host": "to", "destination": "to", "fqdn": "to", "cidr": "to", "ip": "to", "address": "to", "port": "port", "ports": "port", "vendor": "vendor", "company": "vendor",
	"reference": "reference", "contract": "reference"}

// separators are what stands between cells: a comma, or what spreadsheets write where a comma is in numbers.
const separators = ",;\t"

// csvReader reads text with the separator that makes most of its header.
func csvReader(text string) (in *csv.Reader, header []string, known int) {
	for _, r := range separators {
		c := csv.NewReader(strings.NewReader(text))
		c.Comma, c.FieldsPerRecord, c.TrimLeadingSpace = r, -1, r != '\t'
		cells, err := c.Read()
		if err != nil {
			continue
		}
		n := 0
		for i := range cells {
			cells[i] = csvKeys[strings.ToLower(strings.TrimSpace(cells[i]))]
			if cells[i] != "" {
				n++
			}
		}
		if n > known {
			in, header, known = c, cells, n
		}
	}
	return in, header, known
}

func isCSV(text string) bool {
	_, header, _ := csvReader(text)
	return slices.Contains(header, "to")
}

// readCSV reads rows below a header that says which column is what; others are no matter.
func readCSV(p *imported, text string) error {
	in, header, _ := csvReader(text)
	if !slices.Contains(header, "to") {
		return fmt.Errorf("%s:1:1: no column of the header is domain, host, destination, fqdn, cidr, ip or address", p.path)
	}
	for {
		cells, err := in.Read()
		var bad *csv.ParseError
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &bad):
			p.skip(bad.StartLine, "lines %d to %d are no CSV: %v", bad.StartLine, bad.Line, bad.Err)
		case err != nil:
			return err
		default:
			line, _ := in.FieldPos(0)
			p.csvRow(line, header, cells)
		}
	}
}

// csvRow reads one row.
func (p *imported) csvRow(line int, header, cells []string) {
	if len(cells) > len(header) {
		p.skip(line, "%d cells, and the header has %d", len(cells), len(header))
		return
	}
	of := map[string][]string{}
	for i, cell := range cells {
		if cell = strings.TrimSpace(cell); cell != "" {
			of[header[i]] = append(of[header[i]], cell)
		}
	}
	if len(of["to"]) == 0 && len(of) > 0 {
		p.skip(line, "the row has no destination")
	}
	ports, ok := p.csvPorts(line, of["port"])
	if !ok {
		return
	}
	for _, what := range of["to"] {
		p.add(wanted{line: line, what: what, ports: ports, vendor: firstOf(of["vendor"]), reference: strings.Join(of["reference"], ", ")})
	}
}

// csvPorts reads the ports of a row; not ok where one is none, as the others alone would be another thing.
func (p *imported) csvPorts(line int, cells []string) (out []Service, ok bool) {
	for _, w := range strings.FieldsFunc(strings.Join(cells, " "), func(r rune) bool { return strings.ContainsRune(" ,;|", r) }) {
		s, ok := service(w)
		if !ok {
			p.skip(line, "%q is no port such as 443 or 443/tcp", short(w))
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}
