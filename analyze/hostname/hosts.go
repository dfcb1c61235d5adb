package hostname

import (
	"bytes"
	"slices"

	"phonehome/analyze/personal"
)

// hosts are the texts of a store that are names of hosts. Personal data in them is kept nowhere: it stands in rows of its own, masked.
type hosts struct {
	looked []uint64          // bits, by the number of a text: it was looked at
	veiled map[uint32]veiled // by the number of a text, the few that hold such
	values []personal.Find   // of the latest name
	found  func(personal.Find)
}

// veiled is a name that holds personal data.
type veiled struct {
	number uint32 // of the text that it is kept as
	values []personal.Find
}

// said says whether a row of a kind has a name that a client sent in clear.
func (k Kind) said() bool {
	switch k {
	case DNSQuery, TLSSNI, QUICSNI, DTLSSNI, HTTPHost, HTTPUnfinished, HTTPConnect, HTTP2Authority, SOCKS:
		return true
	}
	return false
}

// host is the number of a name of a row, as it is kept. Names of other kinds than hosts' are kept as they are.
func (s *Store) host(k Kind, name []byte) uint32 {
	n := s.texts.id(name)
	word, bit := int(n/64), uint64(1)<<(n%64)
	for word >= len(s.hosts.looked) {
		s.hosts.looked = append(s.hosts.looked, 0)
	}
	if s.hosts.looked[word]&bit == 0 && (k == DNS || k == Certificate || k.said()) {
		s.hosts.looked[word] |= bit
		s.veil(n, name)
	}
	if len(s.hosts.veiled) > 0 {
		if v, ok := s.hosts.veiled[n]; ok {
			return v.number
		}
	}
	return n
}

// value is the number of a row's value: most are addresses.
func (s *Store) value(n *Name) uint32 {
	if n.RRType == "A" || n.RRType == "AAAA" {
		return s.texts.id(n.Value)
	}
	return s.host(n.Kind, n.Value)
}

// veil hides the personal data in a name.
func (s *Store) veil(number uint32, name []byte) {
	h := &s.hosts
	if h.found == nil {
		h.found = func(f personal.Find) { h.values = append(h.values, f) }
	}
	h.values = h.values[:0]
	shown := personal.Name(name, h.found)
	if len(h.values) == 0 {
		return
	}
	if h.veiled == nil {
		h.veiled = map[uint32]veiled{}
	}
	h.veiled[number] = veiled{s.texts.id(shown), slices.Clone(h.values)}
}

// inNames is where personal data stands that a client puts in names that it asks for.
const inNames = "dns-name"

// addValues adds a row for each value in the name of a row that was added.
func (s *Store) addValues(n *Name) {
	if !n.Kind.said() {
		return
	}
	v := s.hosts.veiled[s.texts.id(n.Name)]
	host, _, _ := bytes.Cut(s.texts.text(v.number), []byte(":")) // without the port of a Host
	for _, f := range v.values {
		in := string(n.Kind)
		if n.Kind == DNSQuery {
			in = inNames
		}
		s.put(&Name{Kind: Personal, Name: []byte(f.Masked), RRType: string(f.Kind), TTL: f.Bucket, Value: []byte(in), Query: host, Client: n.Client, Server: n.Server, ClientPort: n.ClientPort,
			ServerPort: n.ServerPort, Transport: n.Transport, V6: n.V6, At: n.At, Frame: n.Frame, Capture: n.Capture})
	}
}
