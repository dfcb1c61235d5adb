package judge

import (
	"net/netip"

	"phonehome/analyze/packet"
	"phonehome/analyze/vendors"
)

// interner numbers texts, so that keys made of them hold no pointer. "" is 0.
type interner struct {
	numbers map[string]uint32
	texts   []string
}

func newInterner() *interner { return &interner{numbers: map[string]uint32{}, texts: []string{""}} }

func (t *interner) number(s string) uint32 {
	if s == "" {
		return 0
	}
	n, ok := t.numbers[s]
	if !ok {
		n = uint32(len(t.texts))
		t.numbers[s] = n
		t.texts = append(t.texts, s)
	}
	return n
}

// addresses numbers servers.
type addresses struct {
	numbers map[wireAddr]uint32
	list    []netip.Addr
}

// wireAddr is an address as packets carry it.
type wireAddr struct {
	addr packet.Addr
	v6   bool
}

func newAddresses() *addresses { return &addresses{numbers: map[wireAddr]uint32{}} }

func (a *addresses) number(addr packet.Addr, v6 bool) uint32 {
	k := wireAddr{addr, v6}
	n, ok := a.numbers[k]
	if !ok {
		n = uint32(len(a.list))
		a.numbers[k] = n
		a.list = append(a.list, addr.Netip(v6))
	}
	return n
}

// place is where a server is, in a database's opinion.
func (a *addresses) place(n uint32, geo *vendors.Geo) vendors.Place { return geo.Lookup(a.list[n]) }
