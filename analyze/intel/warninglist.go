package intel

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"slices"
)

// substring is a value of a warning list that may stand anywhere in a name.
type substring struct {
	text string
	list uint16
}

// warningTypes are the attribute types of MISP that a flow shows; a list that matches none of them says nothing here.
var warningTypes = []string{"ip-src", "ip-dst", "ip-src|port", "ip-dst|port", "domain|ip", "domain", "hostname", "hostname|port", "url", "uri"}

// warninglist is what such a file begins or ends with: its list is read apart.
type warninglist struct {
	name, kind string
	version    json.RawMessage
	matching   []string
}

// readWarninglist reads a MISP warning list: a JSON object with `list`, its values, and `type`, how they are compared: string (exactly), hostname (that name and those
// below), cidr, substring, regex. Keys come in any order, so that it is read twice.
func readWarninglist(r *reader) error {
	w := warninglist{kind: "string"}
	err := eachKey(r.data, func(j *jsonReader, key string) error {
		switch key {
		case "name":
			return j.lenient(&w.name)
		case "type":
			return j.lenient(&w.kind)
		case "version":
			return j.lenient(&w.version)
		case "matching_attributes":
			return j.lenient(&w.matching)
		}
		return j.skip()
	})
	if err != nil {
		return err
	}
	r.list.Warnings = true
	if w.name != "" {
		r.list.Name = bounded([]byte(w.name), maxListName)
	}
	r.list.Date = versionDate(bytes.Trim(w.version, `"`))
	fits := len(w.matching) == 0 || slices.ContainsFunc(w.matching, func(m string) bool { return slices.Contains(warningTypes, m) })
	return eachKey(r.data, func(j *jsonReader, key string) error {
		if key != "list" {
			return j.skip()
		}
		return j.each(func() error {
			var value string
			if err := j.lenient(&value); err != nil {
				return err
			}
			o := unusable
			if fits {
				o = r.warn(w.kind, []byte(value))
			}
			r.count(o, []byte(value))
			return nil
		})
	})
}

// versionDate reads a version of the form YYYYMMDD, which most have that are fetched.
func versionDate(v []byte) string {
	if len(v) != 8 {
		return ""
	}
	return date(dayOf(slices.Concat(v[:4], []byte("-"), v[4:6], []byte("-"), v[6:])))
}

// warn adds a value to the warning lists.
func (r *reader) warn(kind string, value []byte) outcome {
	if kind == "regex" || len(value) == 0 {
		return notUnderstood
	}
	if kind == "substring" {
		if len(r.substrings) >= maxSubstrings || len(value) > maxName {
			return notUnderstood
		}
		r.substrings = append(r.substrings, substring{string(bytes.ToLower(value)), r.index})
		return taken
	}
	t := &r.warned
	if len(t.entries) >= maxIndicators || len(t.text) > maxText-maxLine {
		r.tooLarge = true
		return ignored
	}
	var k key
	var h hostName
	e := entry{list: r.index}
	if p, ok := network(value); ok {
		e.key, e.keyLen = t.keep(k.network(tagNetwork, 0, p))
	} else if a, ok := address(value); ok {
		e.key, e.keyLen = t.keep(k.network(tagNetwork, 0, netip.PrefixFrom(a, a.BitLen())))
	} else if h.set(string(bytes.TrimPrefix(value, []byte(".")))) {
		how := tagDomain
		if kind == "hostname" {
			how = tagWithin
		}
		e.key, e.keyLen = t.keep(k.name(how, 0, h.bytes()))
	} else {
		return notUnderstood
	}
	t.entries = append(t.entries, e)
	return taken
}

// addrWarnings are the warning lists that have an address.
func (s *Set) addrWarnings(a netip.Addr) []uint16 {
	var lists []uint16
	for bits := a.BitLen(); bits >= 0; bits-- {
		p, err := a.Prefix(bits)
		if err != nil || !s.warned.lengths[bits+128-a.BitLen()] {
			continue
		}
		var k key
		lists = s.warned.lists(lists, k.network(tagNetwork, 0, p))
	}
	return lists
}

// nameWarnings are the warning lists that have a name.
func (s *Set) nameWarnings(name []byte) []uint16 {
	var k key
	lists := s.warned.lists(nil, k.name(tagDomain, 0, name))
	for rest := name; len(rest) > 0; {
		lists = s.warned.lists(lists, k.name(tagWithin, 0, rest))
		_, rest, _ = bytes.Cut(rest, []byte("."))
	}
	for _, w := range s.substrings {
		if bytes.Contains(name, []byte(w.text)) {
			lists = append(lists, w.list)
		}
	}
	return lists
}

// lists adds the lists of a key's entries.
func (t *table) lists(lists []uint16, key []byte) []uint16 {
	for i := t.find(key); i != 0; i = t.entries[i-1].next {
		lists = append(lists, t.entries[i-1].list)
	}
	return lists
}
