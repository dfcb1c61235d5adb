package disclosure

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// index finds the patterns that fit a name or an address without looking at all of them.
type index struct {
	ids      map[string]int
	exact    map[string][]ref
	below    map[string][]ref // by the domain that the names are below
	networks map[netip.Prefix][]ref
	bits     []int // lengths of networks, IPv4 and IPv6 alike, the longest first
	asns     map[uint32][]ref
}

// ref is a pattern of an entry.
type ref struct{ entry, pattern int }

func (r *Register) build() {
	x := index{ids: map[string]int{}, exact: map[string][]ref{}, below: map[string][]ref{}, networks: map[netip.Prefix][]ref{}, asns: map[uint32][]ref{}}
	for i := range r.Entries {
		x.ids[r.Entries[i].ID] = i
		for k, p := range r.Entries[i].Destinations {
			at := ref{i, k}
			switch below, wild := strings.CutPrefix(p.Domain, "*."); {
			case wild:
				x.below[below] = append(x.below[below], at)
			case p.Domain != "":
				x.exact[p.Domain] = append(x.exact[p.Domain], at)
			case p.CIDR.IsValid():
				x.networks[p.CIDR] = append(x.networks[p.CIDR], at)
				x.bits = append(x.bits, p.CIDR.Bits())
			default:
				x.asns[p.ASN] = append(x.asns[p.ASN], at)
			}
		}
	}
	slices.SortFunc(x.bits, func(a, b int) int { return cmp.Compare(b, a) })
	x.bits = slices.Compact(x.bits)
	r.index = x
}

// byName returns the patterns that fit a name, in groups of equal specificity, the most specific first.
func (x *index) byName(name string) (out [][]ref) {
	if l := x.exact[name]; len(l) > 0 {
		out = append(out, l)
	}
	for rest := name; ; {
		_, above, ok := strings.Cut(rest, ".")
		if !ok {
			return out
		}
		if l := x.below[above]; len(l) > 0 {
			out = append(out, l)
		}
		rest = above
	}
}

// byAddr returns the patterns that fit an address or its network's number, the most specific first.
func (x *index) byAddr(a netip.Addr, asn uint32) (out [][]ref) {
	for _, bits := range x.bits {
		if p, err := a.Prefix(bits); err == nil {
			if l := x.networks[p]; len(l) > 0 {
				out = append(out, l)
			}
		}
	}
	if l := x.asns[asn]; asn != 0 && len(l) > 0 {
		out = append(out, l)
	}
	return out
}

// same returns the patterns that have the destination of one, itself among them, in the order of the register.
func (x *index) same(p *Pattern) []ref {
	switch below, wild := strings.CutPrefix(p.Domain, "*."); {
	case wild:
		return x.below[below]
	case p.Domain != "":
		return x.exact[p.Domain]
	case p.CIDR.IsValid():
		return x.networks[p.CIDR]
	}
	return x.asns[p.ASN]
}
