package analyze

import (
	"encoding/binary"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"phonehome/analyze/flow"
)

// insideNetworks tells who is inside: by the networks of the settings, or because the result has it as a client.
type insideNetworks struct {
	networks *flow.Networks
	clients  map[netip.Addr]bool
}

func newInside(r *Result) insideNetworks {
	in := insideNetworks{flow.NewNetworks(true), map[netip.Addr]bool{}}
	for _, s := range r.Settings.Internal {
		if p, err := netip.ParsePrefix(s); err == nil {
			in.networks.AddPrefix(p)
		}
	}
	for _, i := range r.Settings.InternalInferred {
		if p, err := netip.ParsePrefix(i.Prefix); err == nil {
			in.networks.AddPrefix(p)
		}
	}
	for _, d := range r.Destinations {
		in.clients[d.Client] = true
	}
	for i := range r.Findings {
		for _, a := range r.Findings[i].Clients {
			in.clients[a] = true
		}
	}
	return in
}

// wellKnown are addresses that everybody has: broadcast, and groups of no single host (IANA, "Local Network Control Block" and link-local scope).
var wellKnown = []netip.Prefix{netip.MustParsePrefix("255.255.255.255/32"), netip.MustParsePrefix("224.0.0.0/24"), netip.MustParsePrefix("239.255.255.250/32"),
	netip.MustParsePrefix("0.0.0.0/32"), netip.MustParsePrefix("::/128"), netip.MustParsePrefix("ff02::/112")}

// secret says whether an address may tell who is inside: all may that are not outside, as groups of IPv6 hold parts of addresses (RFC 4291, section 2.7.1).
func (in *insideNetworks) secret(a netip.Addr) bool {
	if in.clients[a] {
		return true
	}
	if slices.ContainsFunc(wellKnown, func(p netip.Prefix) bool { return p.Contains(a) }) || stand4.Contains(a) || stand6.Contains(a) {
		return false
	}
	return in.networks.Side(a) != flow.Outside
}

// stand4 and stand6 are where the addresses lie that stand for others: reserved for the future (RFC 1112, section 4), and for documentation (RFC 9637). No packet of a
// network can have them.
var (
	stand4 = netip.MustParsePrefix("240.0.0.0/4")
	stand6 = netip.MustParsePrefix("3fff::/20")
)

func newRedactor(r *Result, what []Redaction) *Redactor {
	d := &Redactor{clients: slices.Contains(what, RedactClients), names: slices.Contains(what, RedactNames), payload: slices.Contains(what, RedactPayload),
		inside: newInside(r), mapped: map[netip.Addr]netip.Addr{}, taken: map[netip.Addr]bool{}, next: [2]uint32{1, 1}, numbers: map[string]int{}, counts: map[string]int{},
		secrets: secrets{with: map[string]standIn{}}, exempt: map[string]bool{}, hosts: map[string]bool{}}
	if d.clients {
		d.numberAddresses(r)
		d.heads.Address = d.address
	}
	d.learnNames(r)
	d.learnHosts(r)
	d.learnFiles(r)
	d.secrets.sort()
	return d
}

// numberAddresses gives the addresses of the result their numbers, in order: those that come later, of frames, get higher ones.
func (d *Redactor) numberAddresses(r *Result) {
	var all []netip.Addr
	for _, t := range r.Destinations {
		all = append(all, t.Client)
		if p, err := netip.ParseAddrPort(t.Via); err == nil {
			all = append(all, p.Addr())
		}
		for _, s := range t.Servers {
			d.taken[s.IP] = true
		}
	}
	for a := range d.inside.clients {
		all = append(all, a)
	}
	for i := range r.Clients {
		all = append(all, r.Clients[i].IP)
	}
	slices.SortFunc(all, netip.Addr.Compare)
	for _, a := range all {
		d.taken[a] = true
	}
	for _, a := range all {
		d.address(a)
	}
}

// address is what stands for an address.
func (d *Redactor) address(a netip.Addr) netip.Addr {
	plain := a.Unmap()
	if !d.clients || !d.inside.secret(plain) {
		return a
	}
	to, ok := d.mapped[plain]
	if !ok {
		to = d.nextAddress(plain)
		d.mapped[plain] = to
	}
	if a.Is4In6() {
		return netip.AddrFrom16(to.As16())
	}
	return to
}

// nextAddress is the next one that the result does not have.
func (d *Redactor) nextAddress(a netip.Addr) netip.Addr {
	for {
		to := numbered(stand6, d.next[1])
		if a.Is4() {
			to = numbered(stand4, d.next[0])
			d.next[0]++
		} else {
			d.next[1]++
		}
		if !d.taken[to] {
			return to
		}
	}
}

// numbered is the n-th address of a network.
func numbered(p netip.Prefix, n uint32) netip.Addr {
	if p.Addr().Is4() {
		b := p.Addr().As4()
		binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])+n)
		return netip.AddrFrom4(b)
	}
	b := p.Addr().As16()
	binary.BigEndian.PutUint32(b[12:], n)
	return netip.AddrFrom16(b)
}

// addressText is address of a text that is one.
func (d *Redactor) addressText(s string) string {
	if a, err := netip.ParseAddr(s); err == nil {
		return d.address(a).String()
	}
	return d.scrub(s)
}

// networkText is what stands for an inside network, or for the address of one. Those that are inside everywhere tell nothing.
func (d *Redactor) networkText(s string) string {
	p, err := netip.ParsePrefix(s)
	switch {
	case !d.clients:
		return s
	case err != nil:
		return d.addressText(s)
	case slices.Contains(flow.NewNetworks(false).Prefixes(), p):
		return s
	case p.IsSingleIP():
		return netip.PrefixFrom(d.address(p.Addr()), p.Bits()).String()
	}
	return d.numbered("network", s)
}

// numbered is what stands for one of a kind: "file-1".
func (d *Redactor) numbered(kind, s string) string {
	n := d.numbers[kind+"\x00"+s]
	if n == 0 {
		d.counts[kind]++
		n = d.counts[kind]
		d.numbers[kind+"\x00"+s] = n
	}
	return kind + "-" + strconv.Itoa(n)
}

// known is what stands for a text that was learned.
func (d *Redactor) known(when bool, s string) string {
	if !when || s == "" {
		return s
	}
	if to, ok := d.secrets.with[s]; ok {
		return to.text
	}
	return ""
}

// embeddedSource is the source of databases that are built in, which is no file.
const embeddedSource = "embedded"

// pathText is what stands for a path.
func (d *Redactor) pathText(s string) string {
	if d.clients && s != "" && s != embeddedSource {
		return d.numbered("file", s)
	}
	return d.scrub(s)
}

// The forms in which sentences say what a host is called (judge, hosts), and assets.
var (
	labelForms = []*regexp.Regexp{
		regexp.MustCompile(`^\S+ \((?:hardware of )?(.*)\) (?:is of the register's asset|seems to be a) `),
		regexp.MustCompile(`^\S+ is called “(.*)”\.$`),
		regexp.MustCompile(`^\S+ has a hardware address of “(.*)”\.$`),
	}
	assetForms = []*regexp.Regexp{
		regexp.MustCompile(` is of the register's asset "(.*)"\.$`),
		regexp.MustCompile(`^The register says of asset "(.*)": egress `),
	}
)

// learnHosts notes what hosts are called, and their groups: the sentences of findings have them too, also of hosts that were filtered out.
func (d *Redactor) learnHosts(r *Result) {
	var labels, assets []string
	for _, d := range r.Destinations {
		labels, assets = append(labels, d.ClientLabel), append(assets, d.Asset)
	}
	for i := range r.Clients {
		for _, l := range r.Clients[i].Labels {
			labels = append(labels, l.Name)
		}
	}
	for i := range r.Findings {
		for _, fact := range r.Findings[i].Facts {
			labels = append(labels, submatches(labelForms, fact)...)
			for _, quoted := range submatches(assetForms, fact) {
				assets = append(assets, quoted)
				if s, err := strconv.Unquote(`"` + quoted + `"`); err == nil {
					assets = append(assets, s)
				}
			}
		}
	}
	slices.Sort(labels)
	slices.Sort(assets)
	for _, l := range labels {
		if d.clients || d.payload {
			d.secrets.add(l, standIn{text: d.numbered("label", l)})
		}
	}
	for _, a := range assets {
		if d.clients {
			d.secrets.add(a, standIn{text: d.numbered("asset", a)})
		}
	}
}

func submatches(forms []*regexp.Regexp, s string) (out []string) {
	for _, f := range forms {
		if m := f.FindStringSubmatch(s); m != nil {
			out = append(out, m[1])
		}
	}
	return out
}

// learnFiles notes the paths of files.
func (d *Redactor) learnFiles(r *Result) {
	if !d.clients {
		return
	}
	var all []string
	for i := range r.Captures {
		all = append(all, r.Captures[i].Path)
	}
	for _, f := range r.Settings.Register {
		all = append(all, f.Path)
	}
	for _, l := range r.Settings.Intel {
		all = append(all, l.Path)
	}
	for _, s := range r.Suppressions {
		all = append(all, s.File)
	}
	for _, i := range r.Ignored {
		all = append(all, i.Path)
	}
	for _, p := range append(all, r.Settings.Baseline...) {
		with := standIn{d.numbered("file", p), true}
		d.secrets.add(p, with)
		d.secrets.add(filepath.Base(p), with)
	}
}

// hostText matches what can be the name of a host.
var hostText = regexp.MustCompile(`[A-Za-z0-9_*-]+(?:\.[A-Za-z0-9_*-]+)+`)

// expected is how a run says that it did not see a name.
var expected = regexp.MustCompile(`^expected name (.*) was not seen$`)

// learnNames notes the names of destinations. What looks like one and is a company's stays.
func (d *Redactor) learnNames(r *Result) {
	if !d.names {
		return
	}
	var all []string
	for _, t := range r.Destinations {
		all = append(all, t.Name, t.RegistrableDomain)
		for _, o := range t.OtherNames {
			all = append(all, o.Name)
		}
		for _, s := range t.Servers {
			d.exemptCompany(s.Network)
		}
		if isCompany(t.VendorBasis) {
			d.exemptCompany(t.Vendor)
		}
	}
	for i := range r.Findings {
		all = append(all, r.Findings[i].Names...)
		d.exemptCompany(r.Findings[i].Network)
	}
	for _, e := range slices.Concat(r.Exit.Reasons, r.Exit.Also) {
		all = append(all, submatches([]*regexp.Regexp{expected}, e)...)
	}
	slices.Sort(all)
	for _, n := range slices.Compact(all) {
		if n == "" {
			continue
		}
		d.hosts[strings.ToLower(n)] = true
		if to := d.standIn(n); hostText.FindString(n) != n {
			d.secrets.add(n, standIn{text: to})
		}
	}
}

// isCompany says whether a vendor is one by some evidence beside the name itself.
func isCompany(basis string) bool { return basis != "registrable-domain" && basis != "none" }

func (d *Redactor) exemptCompany(s string) {
	for _, w := range hostText.FindAllString(s, -1) {
		d.exempt[w] = true
	}
}

// standIn is what stands for a name: its domain, and the host in it, each by number, below a domain that nobody can have (RFC 6761, section 6.4).
func (d *Redactor) standIn(host string) string {
	host = strings.ToLower(host)
	if below, ok := strings.CutPrefix(host, "*."); ok {
		return "*." + d.standIn(below)
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		domain = host
	}
	at := strings.Replace(d.numbered("d", domain), "-", "", 1) + ".invalid"
	if domain == host {
		return at
	}
	return strings.Replace(d.numbered("h", host), "-", "", 1) + "." + at
}

func (d *Redactor) nameText(s string) string {
	if !d.names || s == "" {
		return filter(d, s)
	}
	return d.standIn(s)
}

// recipientText is a vendor: a company stays, a domain is a name.
func (d *Redactor) recipientText(s string) string {
	if d.names && (d.hosts[strings.ToLower(s)] || !d.exempt[s] && s != "" && hostText.FindString(s) == s) {
		return d.standIn(s)
	}
	return s
}

// isName says whether what looks like a name in a sentence is one: a name of the result, or one that lies below it, or below a top-level domain.
func (d *Redactor) isName(s string) bool {
	low := strings.ToLower(s)
	if d.hosts[low] {
		return true
	}
	if _, err := netip.ParseAddr(s); err == nil || d.exempt[s] {
		return false
	}
	suffix, icann := publicsuffix.PublicSuffix(low)
	if icann && suffix != low {
		return true
	}
	for rest := low; rest != ""; _, rest, _ = strings.Cut(rest, ".") {
		if d.hosts[rest] {
			return true
		}
	}
	return false
}

// scrub redacts a sentence: first what is known word by word, the longest first; then what looks like a name; then addresses; then samples of payload.
func (d *Redactor) scrub(s string) string {
	p := pieces{{s: d.withoutSamples(s)}}
	p = p.each(d.secrets.find)
	if d.names {
		p = p.each(func(s string) (int, int, string) {
			for _, at := range hostText.FindAllStringIndex(s, -1) {
				if word := s[at[0]:at[1]]; d.isName(word) {
					return at[0], at[1], d.standIn(word)
				}
			}
			return -1, 0, ""
		})
	}
	return d.scrubAddresses(p).String()
}

// samples is how a sentence shows personal data, masked (rule cleartext-personal-data).
var samples = regexp.MustCompile(`, for example .*, in `)

func (d *Redactor) withoutSamples(s string) string {
	if !d.payload {
		return s
	}
	return samples.ReplaceAllString(s, ", in ")
}

// addressForms match what can be an address, with what makes it a network, and hardware addresses.
var (
	addressForms = regexp.MustCompile(`(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f.]*[0-9A-Fa-f:])(?:/[0-9]{1,3})?`)
	macForm      = regexp.MustCompile(`(?i)\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b`)
)

func (d *Redactor) scrubAddresses(p pieces) pieces {
	if !d.clients {
		return p
	}
	p = p.each(func(s string) (int, int, string) {
		if at := macForm.FindStringIndex(s); at != nil {
			return at[0], at[1], d.numbered("mac", strings.ToLower(s[at[0]:at[1]]))
		}
		return -1, 0, ""
	})
	return p.each(func(s string) (int, int, string) {
		for _, at := range addressForms.FindAllStringIndex(s, -1) {
			if to := d.addressOrNetwork(s[at[0]:at[1]]); to != s[at[0]:at[1]] {
				return at[0], at[1], to
			}
		}
		return -1, 0, ""
	})
}

// addressOrNetwork is what stands for an address or a network in a sentence; what is none, or is outside, stays.
func (d *Redactor) addressOrNetwork(s string) string {
	if a, err := netip.ParseAddr(s); err == nil {
		return d.address(a).String()
	}
	if p, err := netip.ParsePrefix(s); err == nil && (d.inside.secret(p.Addr()) || d.inside.secret(p.Masked().Addr())) {
		return d.networkText(s)
	}
	if host, bits, ok := strings.Cut(s, "/"); ok {
		return d.addressOrNetwork(host) + "/" + bits
	}
	return s
}

// piece is part of a sentence; a done one stands for what was left out, and is not looked at again.
type piece struct {
	s    string
	done bool
}

type pieces []piece

// each replaces what find finds in the parts that are not done, again and again: from, to and what stands there instead; -1 where there is nothing more.
func (p pieces) each(find func(s string) (from, to int, with string)) (out pieces) {
	for _, x := range p {
		for !x.done {
			from, to, with := find(x.s)
			if from < 0 {
				break
			}
			out = append(out, piece{s: x.s[:from]}, piece{with, true})
			x.s = x.s[to:]
		}
		out = append(out, x)
	}
	return out
}

func (p pieces) String() string {
	var b strings.Builder
	for _, x := range p {
		b.WriteString(x.s)
	}
	return b.String()
}

// secrets are texts that are known word by word.
type secrets struct {
	with    map[string]standIn
	lengths [256][]int // by first byte, the longest first
}

// standIn is what stands for a secret. A loose one, which is a path, may stand before a colon and a line number, or in a longer path.
type standIn struct {
	text  string
	loose bool
}

func (t *secrets) add(s string, with standIn) {
	if _, ok := t.with[s]; s != "" && s != "." && !ok {
		t.with[s] = with
	}
}

func (t *secrets) sort() {
	for s := range t.with {
		t.lengths[s[0]] = append(t.lengths[s[0]], len(s))
	}
	for i, l := range t.lengths {
		slices.Sort(l)
		l = slices.Compact(l)
		slices.Reverse(l)
		t.lengths[i] = l
	}
}

// find finds the first secret that stands as a word of its own, of several the longest.
func (t *secrets) find(s string) (from, to int, with string) {
	for i := range len(s) {
		for _, n := range t.lengths[s[i]] {
			if i+n > len(s) {
				continue
			}
			if w, ok := t.with[s[i:i+n]]; ok && alone(s, i, i+n, w.loose) {
				return i, i + n, w.text
			}
		}
	}
	return -1, 0, ""
}

// alone says whether a part of a sentence is no part of a longer word: of a name or an address, unless loose.
func alone(s string, from, to int, loose bool) bool {
	joint := func(i, beyond int) bool {
		return !loose && (s[i] == '.' || s[i] == ':') && beyond >= 0 && beyond < len(s) && wordByte(s[beyond])
	}
	before := from > 0 && wordByte(s[from]) && (wordByte(s[from-1]) || joint(from-1, from-2))
	after := to < len(s) && wordByte(s[to-1]) && (wordByte(s[to]) || joint(to, to+1))
	return !before && !after
}

// wordByte says whether a byte continues a word.
func wordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
