package intel

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"
)

// entry is one indicator. Key and text are pieces of the table's text.
type entry struct {
	key, text   uint32 // where they begin
	next        uint32 // the next entry of the same key, and one; 0 is none
	description uint32
	context     uint32
	more        uint32 // entries of the same list and key that were left out after this one
	textLen     uint16 // 0: the key says it
	list        uint16
	day         uint16 // since 1970-01-01; 0 is none
	keyLen      uint16
}

// tag is the first byte of a key: what kind of indicator it is. Behind it stand, where it has one, the port; then the name, or the length of the network and
// 16 bytes of address. So all entries of one key say the same thing.
type tag byte

const (
	tagNetwork tag = iota
	tagNetworkPort
	tagAddressURL
	tagAddressURLPort
	tagDomain
	tagDomainPort
	tagBelow   // names below this one
	tagWithin  // this name and names below
	tagNameURL // host of a URL
	tagNameURLPort
)

// withPort is the tag for the same kind with a port. Of wildcards there is none.
func (t tag) withPort() tag { return t + 1 }

// key is a key on the stack.
type key struct {
	b [4 + maxName]byte
	n int
}

func (k *key) bytes() []byte { return k.b[:k.n] }

func (k *key) start(t tag, port uint16) {
	k.b[0], k.n = byte(t), 1
	if port != 0 {
		k.b[0] = byte(t.withPort())
		binary.BigEndian.PutUint16(k.b[1:], port)
		k.n = 3
	}
}

func (k *key) name(t tag, port uint16, name []byte) []byte {
	k.start(t, port)
	k.n += copy(k.b[k.n:], name)
	return k.bytes()
}

// network has the key of a network. An IPv4 network is the IPv4-mapped one.
func (k *key) network(t tag, port uint16, p netip.Prefix) []byte {
	k.start(t, port)
	bits := p.Bits()
	if p.Addr().Is4() {
		bits += 96
	}
	a := p.Addr().As16()
	k.b[k.n] = byte(bits)
	k.n += 1 + copy(k.b[k.n+1:], a[:])
	return k.bytes()
}

// outcome is what became of a row.
type outcome uint8

const (
	nothing outcome = iota // it is no row of data
	taken
	ignored
	unusable
	notUnderstood
)

// about is what a row says beside the indicator.
type about struct {
	text        []byte // as the list has it, where the indicator alone does not say that
	description []byte
	day         uint16
	context     uint32 // of the rows around it: an event, a source
}

// builder collects the lists of a set.
type builder struct {
	lists      []List
	seen       map[[sha256.Size]byte]bool
	listed     table
	warned     table
	substrings []substring
	texts      map[string]uint32 // of descriptions
	scores     map[reputation]uint32
	categories map[uint8]string
	tooLarge   bool
}

func newBuilder() *builder {
	b := &builder{seen: map[[sha256.Size]byte]bool{}, texts: map[string]uint32{}, scores: map[reputation]uint32{}, categories: map[uint8]string{}}
	b.listed.descriptions = []string{""}
	b.listed.contexts = []context{{}}
	return b
}

// set ends the building.
func (b *builder) set() *Set {
	b.nameCategories()
	b.listed.link()
	b.warned.link()
	s := &Set{lists: b.lists, listed: b.listed, warned: b.warned, substrings: b.substrings}
	return s
}

// reader reads one list.
type reader struct {
	*builder
	list   *List
	index  uint16
	head   *head
	data   []byte
	line   int
	buffer []byte // of words
}

// count keeps account of a row.
func (r *reader) count(o outcome, row []byte) {
	l := r.list
	switch o {
	case taken:
		l.Indicators++
	case ignored:
		l.Ignored++
	case unusable:
		l.Unusable++
	case notUnderstood:
		l.NotUnderstood++
		if len(l.Examples) == maxExamples {
			return
		}
		text := bounded(row, maxExample)
		if r.line > 0 {
			text = fmt.Sprintf("line %d: %s", r.line, text)
		}
		l.Examples = append(l.Examples, text)
	}
}

// bounded is text of at most n bytes, as UTF-8, on one line.
func bounded(text []byte, n int) string {
	text = bytes.TrimSpace(text)
	cut := len(text) > n
	if cut {
		for n > 0 && !utf8.RuneStart(text[n]) {
			n--
		}
		text = text[:n]
	}
	s := strings.ToValidUTF8(string(text), "\uFFFD")
	if strings.ContainsFunc(s, isControl) {
		s = strings.Map(func(r rune) rune {
			if isControl(r) {
				return ' '
			}
			return r
		}, s)
	}
	if cut {
		s += "…"
	}
	return s
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// describe interns a description.
func (b *builder) describe(text []byte) uint32 {
	if len(text) == 0 {
		return 0
	}
	if i, ok := b.texts[string(text)]; ok {
		return i
	}
	i := b.listed.describe(bounded(text, maxDescription))
	if len(text) <= 2*maxDescription {
		b.texts[string(text)] = i
	}
	return i
}

// put adds an indicator to the lists.
func (r *reader) put(key []byte, a about) outcome {
	t := &r.listed
	if len(t.entries) >= maxIndicators || len(t.text)+len(key)+maxURL > maxText || t.described > maxText {
		r.tooLarge = true
		return ignored
	}
	e := entry{list: r.index, day: a.day, context: a.context, description: r.describe(a.description)}
	e.key, e.keyLen = t.keep(key)
	if len(a.text) > 0 {
		e.text = uint32(len(t.text))
		t.text = append(t.text, bounded(a.text, maxURL)...)
		e.textLen = uint16(len(t.text) - int(e.text))
	}
	t.entries = append(t.entries, e)
	return taken
}

// network adds a network or an address.
func (r *reader) network(p netip.Prefix, port uint16, a about) outcome {
	if useless(p) {
		return ignored
	}
	var k key
	return r.put(k.network(tagNetwork, port, p), a)
}

// single adds an address, and a port of it where that is not 0.
func (r *reader) single(a netip.Addr, port uint16, x about) outcome {
	return r.network(netip.PrefixFrom(a, a.BitLen()), port, x)
}

// name adds a name, or all names below it.
func (r *reader) name(text []byte, t tag, port uint16, a about) outcome {
	var h hostName
	if !h.set(string(text)) {
		return notUnderstood
	}
	if localName(h.bytes()) || (t == tagBelow || t == tagWithin) && registry(h.bytes()) {
		return ignored
	}
	var k key
	return r.put(k.name(t, port, h.bytes()), a)
}

// host adds a name or an address, with its port if it has one.
func (r *reader) host(text []byte, a about) outcome {
	if p, ok := network(text); ok {
		return r.network(p, 0, a)
	}
	host, port, ok := splitPort(text)
	if !ok {
		return notUnderstood
	}
	return r.hostPort(host, port, a)
}

func (r *reader) hostPort(host []byte, port uint16, a about) outcome {
	if ip, ok := address(host); ok {
		return r.single(ip, port, a)
	}
	return r.name(host, tagDomain, port, a)
}

// url adds the host of a URL, as such. A port that the URL names is the only one that fits.
func (r *reader) url(text []byte, a about) outcome {
	host, port, ok := urlHost(text)
	if !ok {
		return notUnderstood
	}
	a.text = text
	ip, ok := address(host)
	if !ok {
		return r.name(host, tagNameURL, port, a)
	}
	p := netip.PrefixFrom(ip, ip.BitLen())
	if useless(p) {
		return ignored
	}
	var k key
	return r.put(k.network(tagAddressURL, port, p), a)
}

// any adds whatever a text is: an address, a network, a range of addresses, a name, a wildcard or a URL, also where it was made harmless.
func (r *reader) any(text []byte, a about) outcome {
	text = armed(text)
	if from, to, ok := span(text); ok {
		a.text = text
		return r.span(from, to, a)
	}
	switch {
	case bytes.Contains(text, []byte("://")):
		return r.url(text, a)
	case bytes.HasPrefix(text, []byte("*.")):
		return r.name(text[2:], tagBelow, 0, a)
	case bytes.HasPrefix(text, []byte("||")): // of filter lists
		return r.name(bytes.TrimSuffix(text[2:], []byte("^")), tagWithin, 0, a)
	case len(text) > 1 && text[0] == '.':
		return r.name(text[1:], tagWithin, 0, a)
	}
	return r.host(text, a)
}

// harmless are the ways in which people write indicators so that nobody follows them by accident, and what is meant.
var harmless = strings.NewReplacer("[.]", ".", "(.)", ".", "{.}", ".", "[dot]", ".", "(dot)", ".", "[:]", ":", "[://]", "://")

// armed is the indicator that a harmless text stands for.
func armed(text []byte) []byte {
	const scheme, harmlessScheme = "http", "hxxp"
	if len(text) > len(scheme) && strings.EqualFold(string(text[:len(scheme)]), harmlessScheme) {
		text = append([]byte(scheme), text[len(scheme):]...)
	}
	if !bytes.ContainsAny(text, "[({") || text[0] == '[' { // [v6] has brackets of its own
		return text
	}
	return []byte(harmless.Replace(string(text)))
}

// span adds the networks that a range of addresses is made of, each an indicator.
func (r *reader) span(from, to netip.Addr, a about) outcome {
	o := ignored
	for {
		bits := 0
		p := netip.PrefixFrom(from, bits).Masked()
		for p.Addr() != from || last(p).Compare(to) > 0 {
			bits++
			p = netip.PrefixFrom(from, bits).Masked()
		}
		if r.network(p, 0, a) == taken {
			if o == taken {
				r.list.Indicators++ // the row counts one
			}
			o = taken
		}
		if last(p) == to {
			return o
		}
		from = last(p).Next()
	}
}
