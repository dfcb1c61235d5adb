package judge

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Key says what a destination is, across captures: not which address a CDN gave it, which client of an asset went there, when, or over which of the transports of its port.
// It is text without spaces but between its fields: registrable domain or network, pattern of the host, service, asset.
func (o *Destination) Key() string {
	domains, patterns := o.host()
	return strings.Join([]string{keyField(domains), keyField(patterns), keyField(o.service()), keyField(o.Asset)}, " ")
}

// LockRule is the rule under which a lock file has each destination.
const LockRule = "new-destination"

// host is the registrable domain and the pattern of a destination's name, or of all that fit; where there is none, its network.
func (o *Destination) host() (domains, patterns string) {
	all := names(o)
	if len(all) == 0 {
		return o.keyNetwork(), ""
	}
	var ds, ps []string
	for _, n := range all {
		d, p := hostPattern(n)
		ds, ps = append(ds, d), append(ps, p)
	}
	slices.Sort(ds)
	slices.Sort(ps)
	return strings.Join(slices.Compact(ds), "|"), strings.Join(slices.Compact(ps), "|")
}

// keyNetwork is the network of a destination that nothing names. Whoever keeps the time or helps to find a path is any of a pool.
func (o *Destination) keyNetwork() string {
	switch o.Protocol {
	case "ntp", "stun":
		return "any-" + o.Protocol
	}
	if len(o.Servers) == 0 {
		return "nowhere"
	}
	if s := &o.Servers[0]; s.ASN != 0 {
		return "AS" + strconv.FormatUint(uint64(s.ASN), 10)
	}
	return networkOf(o.Servers[0].IP).String()
}

// service is the port: the same for TCP and UDP, as HTTP is spoken over either.
func (o *Destination) service() string {
	switch {
	case o.Transport == "dns":
		return lookedUpService
	case o.OpenedBy == "server":
		return "inbound" // the port lies inside, and was given to a peer
	case o.Port == 0:
		return o.Transport
	case o.Transport == "tcp" || o.Transport == "udp":
		return strconv.Itoa(int(o.Port))
	}
	return strconv.Itoa(int(o.Port)) + "/" + o.Transport
}

const lookedUpService = "looked-up"

// hostPattern parts a name into its registrable domain, private suffixes included, and what lies below with machine-made parts as *.
func hostPattern(name string) (domain, pattern string) {
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return name, ""
	}
	below := strings.TrimSuffix(strings.TrimSuffix(name, domain), ".")
	if below == "" {
		return domain, ""
	}
	labels := strings.Split(below, ".")
	for i := range labels {
		labels[i] = labelPattern(labels[i])
	}
	return domain, strings.Join(labels, ".")
}

const (
	// hexLabel is from how many letters on a label of hexadecimal digits is an identifier: words of a to f alone are shorter.
	hexLabel = 8
	// mixedTurns is how often letters and digits must follow each other in a label to be an identifier: "ec2" and "v10" turn once or twice.
	mixedTurns = 3
)

// labelPattern is a label with what machines make in it as *: the whole of it where it is an identifier, else each number.
func labelPattern(label string) string {
	turns, hex := 0, len(label) >= hexLabel
	digits := false
	for i := range len(label) {
		c := label[i]
		hex = hex && hexOrDash(c)
		digits = digits || isDigit(c)
		if i > 0 && isDigit(c) != isDigit(label[i-1]) && c != '-' && label[i-1] != '-' {
			turns++
		}
	}
	if digits && (hex || turns >= mixedTurns) {
		return "*"
	}
	var b strings.Builder
	for i := range len(label) {
		switch {
		case !isDigit(label[i]):
			b.WriteByte(label[i])
		case i == 0 || !isDigit(label[i-1]):
			b.WriteByte('*')
		}
	}
	return b.String()
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func hexOrDash(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' || c == '-' }

// keyField makes a text fit to stand between spaces on a line: what is no letter, digit or mark of names is a percent sign and its hexadecimal number. "-" is nothing.
func keyField(s string) string {
	const hex = "0123456789abcdef"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' || strings.IndexByte("-._*:/|", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return cmp.Or(b.String(), "-")
}

// Keys are the keys of a result, sorted, each once: one for each destination, and one for each destination of a finding that nobody has suppressed, with its rule.
func Keys(ds []*Destination, fs []Finding) []string {
	byID := make(map[DestinationID]string, len(ds))
	out := make([]string, 0, len(ds))
	for _, d := range ds {
		k := d.Key()
		byID[d.ID] = k
		out = append(out, LockRule+" "+k)
	}
	for i := range fs {
		if fs[i].Status == Suppressed {
			continue
		}
		for _, id := range fs[i].Destinations {
			if k, ok := byID[id]; ok {
				out = append(out, fs[i].Rule+" "+k)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Baseline is what was there before: keys of a lock file or of an earlier result.
type Baseline struct {
	keys  map[string]bool
	hosts map[string]bool // without the service
}

// NewBaseline returns an empty Baseline.
func NewBaseline() *Baseline { return &Baseline{keys: map[string]bool{}, hosts: map[string]bool{}} }

// Add adds a key.
func (b *Baseline) Add(key string) {
	b.keys[key] = true
	if f := strings.Fields(key); len(f) == keyFields {
		b.hosts[f[0]+" "+f[1]+" "+f[2]+" "+f[4]] = true
	}
}

// keyFields are the rule and the four fields of a destination's key.
const keyFields = 5

// Has says whether a destination was there under a rule.
func (b *Baseline) Has(rule string, d *Destination) bool { return b.HasKey(rule + " " + d.Key()) }

// HasKey says whether a key was there. That of what was only looked up was there if its host was there in any way: which of the look-ups a connection follows is chance.
func (b *Baseline) HasKey(k string) bool {
	if b.keys[k] {
		return true
	}
	f := strings.Fields(k)
	return len(f) == keyFields && f[3] == lookedUpService && b.hosts[f[0]+" "+f[1]+" "+f[2]+" "+f[4]]
}

// Known marks the open findings of which every destination was there before.
func (c *Case) Known(fs []Finding) {
	if c.Baseline == nil {
		return
	}
	for i := range fs {
		f := &fs[i]
		fresh := slices.ContainsFunc(f.group.members, func(d int) bool { return !c.Baseline.Has(f.Rule, c.Destinations[d]) })
		if f.Status == Open && !fresh {
			f.Status = Baselined
		}
	}
}
