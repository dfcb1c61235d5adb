package intel

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// Set is lists that were read. It does not change: any number of goroutines may look things up.
type Set struct {
	lists      []List
	listed     table
	warned     table
	substrings []substring
}

// Lists returns the lists in the order in which they were given.
func (s *Set) Lists() []List { return s.lists }

// Addr returns what the lists have on an address, and on a port of it where the port is not 0: indicators with a port fit that one only. Exact ones come first,
// then networks from the narrowest to the widest, then hosts of URLs; within that the order of the lists, and of their rows. An address that is inside, reserved or local
// is never listed. It is nil where nothing fits.
func (s *Set) Addr(a netip.Addr, port uint16) []Hit {
	a = a.Unmap().WithZone("")
	if len(s.listed.entries) == 0 || !a.IsValid() || reserved(a) {
		return nil
	}
	hits := s.listed.networks(nil, tagNetwork, a, port)
	hits = s.listed.single(hits, tagAddressURL, a, port)
	if len(hits) == 0 {
		return nil
	}
	return s.annotate(hits, s.addrWarnings(a))
}

// Host returns what the lists have on a name, and on a port of it where the port is not 0. The exact name comes first, then wildcards from the narrowest to the
// widest, then hosts of URLs. It is nil where nothing fits.
func (s *Set) Host(name string, port uint16) []Hit {
	var h hostName
	if len(s.listed.entries) == 0 || !h.set(name) || localName(h.bytes()) {
		return nil
	}
	t := &s.listed
	hits := t.named(nil, tagDomain, h.bytes(), port)
	if t.tags[tagBelow] || t.tags[tagWithin] {
		hits = t.covering(hits, h.bytes())
	}
	hits = t.named(hits, tagNameURL, h.bytes(), port)
	if len(hits) == 0 {
		return nil
	}
	return s.annotate(hits, s.nameWarnings(h.bytes()))
}

// annotate puts the names of warning lists on hits, in the order in which the lists were given.
func (s *Set) annotate(hits []Hit, lists []uint16) []Hit {
	slices.Sort(lists)
	var names []string
	for _, l := range slices.Compact(lists) {
		names = append(names, s.lists[l].Name)
	}
	for i := range hits {
		hits[i].Annotations = names
	}
	return hits
}

// networks collects the networks that hold an address.
func (t *table) networks(hits []Hit, kind tag, a netip.Addr, port uint16) []Hit {
	for bits := a.BitLen(); bits >= 0; bits-- {
		if !t.lengths[bits+128-a.BitLen()] {
			continue
		}
		p, err := a.Prefix(bits)
		if err != nil {
			return hits
		}
		var k key
		hits = t.collect(hits, k.network(kind, 0, p))
		if port != 0 {
			hits = t.collect(hits, k.network(kind, port, p))
		}
	}
	return hits
}

// single collects the entries of an address alone.
func (t *table) single(hits []Hit, kind tag, a netip.Addr, port uint16) []Hit {
	var k key
	p := netip.PrefixFrom(a, a.BitLen())
	hits = t.collect(hits, k.network(kind, 0, p))
	if port != 0 {
		hits = t.collect(hits, k.network(kind, port, p))
	}
	return hits
}

// named collects the entries of a name itself.
func (t *table) named(hits []Hit, kind tag, name []byte, port uint16) []Hit {
	var k key
	hits = t.collect(hits, k.name(kind, 0, name))
	if port != 0 {
		hits = t.collect(hits, k.name(kind, port, name))
	}
	return hits
}

// covering collects the wildcards that cover a name.
func (t *table) covering(hits []Hit, name []byte) []Hit {
	var k key
	hits = t.collect(hits, k.name(tagWithin, 0, name))
	for dot := bytes.IndexByte(name, '.'); dot >= 0; dot = bytes.IndexByte(name, '.') {
		name = name[dot+1:]
		hits = t.collect(hits, k.name(tagBelow, 0, name))
		hits = t.collect(hits, k.name(tagWithin, 0, name))
	}
	return hits
}

// collect adds the entries of a key to the hits. The same words of the same list are said once.
func (t *table) collect(hits []Hit, key []byte) []Hit {
	first := len(hits)
	for i := t.find(key); i != 0; i = t.entries[i-1].next {
		h := t.hit(&t.entries[i-1])
		same := func(o Hit) bool {
			return o.List == h.List && o.Indicator == h.Indicator && o.Date == h.Date && o.Description == h.Description
		}
		if j := slices.IndexFunc(hits[first:], same); j >= 0 {
			hits[first+j].More += h.More
			continue
		}
		hits = append(hits, h)
	}
	return hits
}

// hit is what an entry says.
func (t *table) hit(e *entry) Hit {
	k := t.key(e)
	h := Hit{List: int(e.list), More: int(e.more)}
	kind, rest := tag(k[0]), k[1:]
	switch kind {
	case tagNetworkPort, tagAddressURLPort, tagDomainPort, tagNameURLPort:
		h.Port, rest = binary.BigEndian.Uint16(rest), rest[2:]
	}
	h.Kind, h.Indicator = spell(kind, rest, h.Port)
	if e.textLen > 0 {
		h.Indicator = string(t.text[e.text:][:e.textLen])
	}
	c := t.contexts[e.context]
	h.Description = join(c.text, t.descriptions[e.description])
	h.Date = date(e.day)
	if e.day == 0 {
		h.Date = date(c.day)
	}
	return h
}

// spell writes the indicator of a key.
func spell(t tag, rest []byte, port uint16) (Kind, string) {
	switch t {
	case tagDomain, tagDomainPort:
		return Domain, string(rest) + portText(port)
	case tagBelow:
		return Wildcard, "*." + string(rest)
	case tagWithin:
		return Wildcard, "." + string(rest)
	case tagNameURL, tagNameURLPort:
		return URLHost, string(rest)
	case tagAddressURL, tagAddressURLPort:
		return URLHost, netip.AddrFrom16([16]byte(rest[1:])).Unmap().String()
	}
	a, bits := netip.AddrFrom16([16]byte(rest[1:])), int(rest[0])
	if a.Is4In6() && bits >= 96 {
		a, bits = a.Unmap(), bits-96
	}
	switch {
	case bits < a.BitLen():
		return Network, netip.PrefixFrom(a, bits).String() + portText(port)
	case port != 0:
		return Address, netip.AddrPortFrom(a, port).String()
	}
	return Address, a.String()
}

func portText(port uint16) string {
	if port == 0 {
		return ""
	}
	return ":" + strconv.Itoa(int(port))
}

func join(a, b string) string {
	if a == "" || b == "" || a == b {
		return max(a, b)
	}
	return a + ": " + b
}

// dayOf reads the date at the beginning of a text, YYYY-MM-DD or YYYY/MM/DD; 0 where there is none.
func dayOf(text []byte) uint16 {
	if len(text) < 10 || text[4] != text[7] || text[4] != '-' && text[4] != '/' {
		return 0
	}
	y, ok1 := number(text[:4])
	m, ok2 := number(text[5:7])
	d, ok3 := number(text[8:10])
	if !ok1 || !ok2 || !ok3 || m < 1 || m > 12 || d < 1 || d > 31 {
		return 0
	}
	return day(time.Date(int(y), time.Month(m), int(d), 0, 0, 0, 0, time.UTC))
}

// day counts days since 1970-01-01; 0 is a time that has none.
func day(t time.Time) uint16 {
	d := t.Unix() / (24 * 60 * 60)
	if d < 0 || d > 0xffff {
		return 0
	}
	return uint16(d)
}

func date(day uint16) string {
	if day == 0 {
		return ""
	}
	return time.Unix(int64(day)*24*60*60, 0).UTC().Format(time.DateOnly)
}
