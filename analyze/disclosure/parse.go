package disclosure

import (
	"crypto/sha256"
	_ "embed" // the schema
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"golang.org/x/net/publicsuffix"

	"phonehome/analyze/yamldoc"
)

// Schema is the JSON Schema (2020-12) of a register.
//
//go:embed schema/register.schema.json
var Schema string

// bounds bound a file of a register: ten thousand entries of some lines.
var bounds = yamldoc.Bounds{Bytes: 8 << 20, Brackets: 100_000}

const (
	maxEntries = 20_000
	maxListed  = 1000 // of destinations, hosts and so on of one entry
)

// Words that an entry or an asset may have.
var (
	purposes = []string{"telemetry", "update", "crash", "licence", "cloud-storage", "remote-access", "security-cloud", "device-management", "analytics", "business", "other"}
	kinds    = []string{"contract", "trial", "free"}
	statuses = []string{string(Approved), string(Proposed), string(Revoked)}
	egresses = []string{string(EgressNone), string(EgressDisclosed), string(EgressAny)}

	transports = []string{"tcp", "udp", "sctp"} // of ports
)

// The keys of a register's mappings.
var (
	registerKeys = []string{"version", "organisation", "internal", "home_countries", "nat", "assets", "vendors"}
	assetKeys    = []string{"name", "role", "hosts", "egress"}
	entryKeys    = []string{"id", "vendor", "product", "purpose", "start", "end", "kind", "status", "destinations", "countries", "hosts", "data", "max_bytes_out_per_day", "reference", "owner"}
	patternKeys  = []string{"domain", "cidr", "asn", "ports"}
)

// Purposes are the words that an entry may have as its purpose.
func Purposes() []string { return slices.Clone(purposes) }

// Kinds are the words that an entry may have as its kind.
func Kinds() []string { return slices.Clone(kinds) }

// EntryKeys are the keys that an entry may have.
func EntryKeys() []string { return slices.Clone(entryKeys) }

// Load reads the files of a register and merges them. An error begins with file, line and column.
func Load(paths []string) (*Register, error) {
	r := &Register{assets: map[string]int{}}
	for _, p := range paths {
		b, err := readFile(p, bounds.Bytes)
		if err != nil {
			return nil, err
		}
		if err := r.add(p, b); err != nil {
			return nil, err
		}
	}
	return r, r.finish()
}

// Parse reads a register of one file.
func Parse(path string, b []byte) (*Register, error) {
	r := &Register{assets: map[string]int{}}
	if err := r.add(path, b); err != nil {
		return nil, err
	}
	return r, r.finish()
}

// readFile reads a file up to one byte more than it may have.
func readFile(path string, most int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // read only
	b, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return b, nil
}

// source is a file of a register being taken apart.
type source struct {
	*yamldoc.File
	r *Register
}

func (r *Register) add(path string, b []byte) error {
	f, err := yamldoc.Parse(path, b, bounds)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	r.Files = append(r.Files, FileSum{path, hex.EncodeToString(sum[:])})
	return (&source{f, r}).read()
}

func (s *source) read() error {
	top, err := s.Mapping(s.Body, registerKeys...)
	if err != nil {
		return err
	}
	if err := s.version(top); err != nil {
		return err
	}
	if err := s.head(top); err != nil {
		return err
	}
	if err := s.items(top["assets"], "assets", s.asset); err != nil {
		return err
	}
	if list, ok := top["vendors"].(*ast.SequenceNode); ok && len(s.r.Entries)+len(list.Values) > maxEntries {
		return s.Errorf(list, "more than %d entries", maxEntries)
	}
	return s.items(top["vendors"], "vendors", s.entry)
}

// version refuses what is not the number 1, the text "1" too.
func (s *source) version(top yamldoc.Keys) error {
	if yamldoc.IsNumber(top["version"], 1) {
		return nil
	}
	hint := ""
	if w, _ := yamldoc.Word(top["version"]); w == "1" {
		hint = ", without quotation marks"
	}
	return s.Errorf(top.Or("version", s.Body), "version must be 1%s", hint)
}

// items calls f with each value of a list.
func (s *source) items(n ast.Node, what string, f func(ast.Node) error) error {
	list, err := s.List(n, what)
	if err != nil {
		return err
	}
	for _, v := range list {
		if err := f(v); err != nil {
			return err
		}
	}
	return nil
}

// head reads what stands beside assets and entries.
func (s *source) head(top yamldoc.Keys) error {
	if n := top["organisation"]; n != nil {
		name, err := s.Text(n, "organisation")
		if err != nil {
			return err
		}
		s.r.Organisation = name
	}
	internal, err := s.networks(top["internal"], "internal")
	if err != nil {
		return err
	}
	s.r.Internal = append(s.r.Internal, internal...)
	home, err := s.countries(top["home_countries"], "home_countries")
	if err != nil {
		return err
	}
	s.r.HomeCountries = append(s.r.HomeCountries, home...)
	nat, err := s.networks(top["nat"], "nat")
	if err != nil {
		return err
	}
	for _, p := range nat {
		if !p.IsSingleIP() {
			return s.Errorf(top["nat"], "nat must be a list of addresses")
		}
		s.r.NAT = append(s.r.NAT, p.Addr())
	}
	return nil
}

// each calls f with each plain value of a list, and its place.
func (s *source) each(n ast.Node, what string, f func(ast.Node, string) error) error {
	list, err := s.List(n, what)
	if err != nil {
		return err
	}
	if len(list) > maxListed {
		return s.Errorf(n, "%s has more than %d values", what, maxListed)
	}
	for _, v := range list {
		w, ok := yamldoc.Word(v)
		if !ok || w == "" {
			return s.Errorf(v, "%s must be a list of texts", what)
		}
		if err := f(v, w); err != nil {
			return err
		}
	}
	return nil
}

func (s *source) networks(n ast.Node, what string) (out []netip.Prefix, err error) {
	err = s.each(n, what, func(at ast.Node, w string) error {
		p, why := network(w)
		if why != "" {
			return s.Errorf(at, "%s: %q %s", what, w, why)
		}
		out = append(out, p)
		return nil
	})
	return out, err
}

// network reads an address or a network, or says why a text is none.
func network(w string) (p netip.Prefix, why string) {
	const must = "must be an address or a network without bits beyond its prefix"
	a, err := netip.ParseAddr(w)
	if err == nil {
		p = netip.PrefixFrom(a, a.BitLen())
	} else if p, err = netip.ParsePrefix(w); err != nil || p != p.Masked() {
		return p, must
	}
	const mapped = 96 // bits before the IPv4 address (RFC 4291, section 2.5.5.2)
	switch v4 := p.Addr().Unmap(); {
	case a.Zone() != "":
		return p, must
	case !p.Addr().Is4In6():
		return p, ""
	case p.IsSingleIP():
		return p, "is IPv4 written as IPv6: write " + v4.String()
	case p.Bits() >= mapped:
		return p, "is IPv4 written as IPv6: write " + netip.PrefixFrom(v4, p.Bits()-mapped).String()
	}
	return p, must
}

// countries reads codes of ISO 3166-1 alpha-2; any stands alone.
func (s *source) countries(n ast.Node, what string) (out []string, err error) {
	err = s.each(n, what, func(at ast.Node, w string) error {
		if w == anyCountry && what == "countries" {
			out = append(out, w)
			return nil
		}
		if len(w) != 2 || strings.ToUpper(w) != w || w[0] < 'A' || w[0] > 'Z' || w[1] < 'A' || w[1] > 'Z' {
			return s.Errorf(at, "%s: %q must be a country of two capital letters, such as US (quote NO: it is a word of YAML)", what, w)
		}
		out = append(out, w)
		return nil
	})
	if err == nil && len(out) > 1 && slices.Contains(out, anyCountry) {
		err = s.Errorf(n, "countries: any stands alone")
	}
	return out, err
}

func (s *source) asset(n ast.Node) error {
	k, err := s.Mapping(n, assetKeys...)
	if err != nil {
		return err
	}
	a := Asset{Egress: EgressAny}
	egress := string(EgressAny)
	if err := s.texts(n, k, []text{{"name", &a.Name, true, nil}, {"role", &a.Role, false, nil}, {"egress", &egress, false, egresses}}); err != nil {
		return err
	}
	a.Egress = Egress(egress)
	if a.Hosts, err = s.networks(k["hosts"], "hosts"); err != nil {
		return err
	}
	if len(a.Hosts) == 0 {
		return s.Errorf(n, "hosts is missing: an asset is a list of addresses and networks")
	}
	if first, twice := s.r.assets[a.Name]; twice {
		return s.Errorf(k["name"], "there are two assets %q: the other is at %s", a.Name, s.r.Assets[first].at)
	}
	a.at = s.Place(n)
	s.r.assets[a.Name] = len(s.r.Assets)
	s.r.Assets = append(s.r.Assets, a)
	return nil
}

// text is a key with a plain value.
type text struct {
	key       string
	to        *string
	mandatory bool
	of        []string // nil: any
}

// numeric are the keys whose values may be numbers too.
var numeric = []string{"asn", "max_bytes_out_per_day"}

func (s *source) texts(n ast.Node, k yamldoc.Keys, list []text) error {
	for _, t := range list {
		v := k[t.key]
		if v == nil {
			if t.mandatory {
				return s.Errorf(n, "%s is missing", t.key)
			}
			continue
		}
		w, err := s.word(v, t.key)
		if err != nil {
			return err
		}
		if t.of != nil && !slices.Contains(t.of, w) {
			return s.Errorf(v, "%s %q is not one of %s", t.key, w, strings.Join(t.of, ", "))
		}
		*t.to = w
	}
	return nil
}

func (s *source) word(n ast.Node, key string) (string, error) {
	if w, ok := yamldoc.Word(n); ok && w != "" && slices.Contains(numeric, key) {
		return w, nil // what is no number of its kind is refused where it is read
	}
	return s.Text(n, key)
}

func (s *source) entry(n ast.Node) error {
	k, err := s.Mapping(n, entryKeys...)
	if err != nil {
		return err
	}
	e := Entry{File: s.Path, Line: yamldoc.Line(n, k), place: s.Place(n)}
	if id := k["id"]; id != nil {
		e.place = s.Place(id)
	}
	for _, read := range []func(*Entry, ast.Node, yamldoc.Keys) error{s.plain, s.times, s.limit, s.lists, s.patterns} {
		if err := read(&e, n, k); err != nil {
			return err
		}
	}
	s.r.Entries = append(s.r.Entries, e)
	return nil
}

// plain reads the texts of an entry.
func (s *source) plain(e *Entry, n ast.Node, k yamldoc.Keys) error {
	status := string(Approved)
	err := s.texts(n, k, []text{{"id", &e.ID, false, nil}, {"vendor", &e.Vendor, true, nil}, {"product", &e.Product, false, nil}, {"purpose", &e.Purpose, false, purposes}, {"kind", &e.Kind, false, kinds},
		{"status", &status, false, statuses}, {"reference", &e.Reference, false, nil}, {"owner", &e.Owner, false, nil}})
	e.Status = Status(status)
	return err
}

func (s *source) limit(e *Entry, n ast.Node, k yamldoc.Keys) error {
	size := ""
	if err := s.texts(n, k, []text{{"max_bytes_out_per_day", &size, false, nil}}); err != nil || size == "" {
		return err
	}
	var ok bool
	if e.MaxBytesOutPerDay, ok = parseSize(size); !ok {
		return s.Errorf(k["max_bytes_out_per_day"], "max_bytes_out_per_day %q must be a size such as 50MB (10^6 bytes) or 50MiB", size)
	}
	return nil
}

func (s *source) lists(e *Entry, _ ast.Node, k yamldoc.Keys) (err error) {
	if e.Countries, err = s.countries(k["countries"], "countries"); err != nil {
		return err
	}
	if err := s.hosts(e, k["hosts"]); err != nil {
		return err
	}
	return s.each(k["data"], "data", func(at ast.Node, _ string) error {
		w, err := s.Text(at, "data")
		e.Data = append(e.Data, w)
		return err
	})
}

// hosts reads addresses, networks and names of assets, which may be in a file that is read later.
func (s *source) hosts(e *Entry, n ast.Node) error {
	var own []netip.Prefix
	err := s.each(n, "hosts", func(at ast.Node, w string) error {
		if _, err := s.Text(at, "hosts"); err != nil {
			return err
		}
		e.Hosts = append(e.Hosts, w)
		p, why := network(w)
		switch {
		case why == "":
			own = append(own, p)
		case p.Addr().Is4In6():
			return s.Errorf(at, "hosts: %q %s", w, why)
		default:
			e.named = append(e.named, placed{w, s.Place(at)})
		}
		return nil
	})
	e.networks = append(e.networks, own)
	return err
}

func (s *source) times(e *Entry, n ast.Node, k yamldoc.Keys) (err error) {
	start, end := "", ""
	if err := s.texts(n, k, []text{{"start", &start, false, nil}, {"end", &end, false, nil}}); err != nil {
		return err
	}
	for _, d := range []struct {
		key, text string
		to        *time.Time
	}{{"start", start, &e.Start}, {"end", end, &e.End}} {
		if d.text == "" {
			continue
		}
		if *d.to, err = time.Parse(time.DateOnly, d.text); err != nil || d.to.IsZero() { // the zero day stands for none
			return s.Errorf(k[d.key], "%s %q must be a day, YYYY-MM-DD", d.key, d.text)
		}
	}
	if !e.Start.IsZero() && !e.End.IsZero() && e.End.Before(e.Start) {
		return s.Errorf(k["end"], "end %s is before start %s", end, start)
	}
	return nil
}

func (s *source) patterns(e *Entry, n ast.Node, k yamldoc.Keys) error {
	list, err := s.List(k["destinations"], "destinations")
	if err != nil {
		return err
	}
	if len(list) == 0 || len(list) > maxListed {
		return s.Errorf(k.Or("destinations", n), "destinations must be a list of 1 to %d", maxListed)
	}
	for _, v := range list {
		p, err := s.pattern(v)
		if err != nil {
			return err
		}
		e.Destinations = append(e.Destinations, p)
	}
	return nil
}

func (s *source) pattern(n ast.Node) (p Pattern, err error) {
	k, err := s.Mapping(n, patternKeys...)
	if err != nil {
		return p, err
	}
	var domain, cidr, asn string
	if err := s.texts(n, k, []text{{"domain", &domain, false, nil}, {"cidr", &cidr, false, nil}, {"asn", &asn, false, nil}}); err != nil {
		return p, err
	}
	given := slices.DeleteFunc([]string{domain, cidr, asn}, func(w string) bool { return w == "" })
	if len(given) != 1 {
		return p, s.Errorf(n, "a destination is one of domain, cidr and asn")
	}
	switch {
	case domain != "":
		err = s.domain(&p, k["domain"], domain)
	case cidr != "":
		err = s.cidr(&p, k["cidr"], cidr)
	default:
		err = s.asn(&p, k["asn"], asn)
	}
	if err != nil {
		return p, err
	}
	return p, s.ports(&p, k["ports"])
}

func (s *source) domain(p *Pattern, n ast.Node, w string) error {
	p.Domain = normal(w)
	if why := badDomain(p.Domain); why != "" {
		return s.Errorf(n, "domain %q %s", w, why)
	}
	return nil
}

func (s *source) cidr(p *Pattern, n ast.Node, w string) error {
	var why string
	if p.CIDR, why = network(w); why == "" && p.CIDR.Bits() == 0 {
		why = "is every address there is"
	}
	if why != "" {
		return s.Errorf(n, "cidr %q %s", w, why)
	}
	return nil
}

func (s *source) asn(p *Pattern, n ast.Node, w string) error {
	v, err := strconv.ParseUint(strings.TrimPrefix(w, "AS"), 10, 32)
	if err != nil || v == 0 {
		return s.Errorf(n, "asn %q must be a number such as 64500", w)
	}
	p.ASN = uint32(v)
	return nil
}

func (s *source) ports(p *Pattern, n ast.Node) error {
	return s.each(n, "ports", func(at ast.Node, w string) error {
		number, transport, ok := strings.Cut(w, "/")
		v, err := strconv.ParseUint(number, 10, 16)
		if !ok || err != nil || v == 0 || !slices.Contains(transports, transport) {
			return s.Errorf(at, "ports: %q must be a port such as 443/tcp", w)
		}
		p.Ports = append(p.Ports, Service{uint16(v), transport})
		return nil
	})
}

// badDomain says why a text is no pattern of names; "" where it is one.
func badDomain(d string) string {
	name := strings.TrimPrefix(d, "*.")
	if p, why := network(strings.Trim(name, "[]")); why == "" || p.Addr().IsValid() {
		return "is an address, no name: write cidr: in place of domain:"
	}
	switch {
	case name == "" || strings.Contains(name, "*"):
		return "must be a name, or *. and a name: *.example.com covers all names below example.com, and not example.com itself"
	case strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && r != '_' && r != '.' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), strings.HasPrefix(name, "."), strings.HasSuffix(name, "."), strings.Contains(name, ".."), len(name) > 253:
		return "is no host name (names of other letters are written as xn--)"
	}
	if suffix, icann := publicsuffix.PublicSuffix(name); suffix == name && (icann || !strings.Contains(name, ".")) {
		return "is a public suffix: names below it have nothing in common"
	}
	return ""
}

// units are those of sizes, the longest first.
var units = []struct {
	name  string
	bytes uint64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}}

func parseSize(w string) (uint64, bool) {
	w = strings.ReplaceAll(w, " ", "")
	unit := uint64(1)
	for _, u := range units {
		if number, ok := strings.CutSuffix(w, u.name); ok {
			w, unit = number, u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(w, 10, 63)
	if err != nil || n == 0 || n > 1<<62/unit {
		return 0, false
	}
	return n * unit, true
}
