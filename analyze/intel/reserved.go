package intel

import (
	"net/netip"

	"phonehome/analyze/flow"
)

// special are the networks of RFC 6890 and its registry that are no hosts of the internet, beyond those that package flow calls inside or local: lists of
// bogons hold them all. The networks for documentation (RFC 5737, RFC 3849) are not among them: demonstrations and replays use them as the outside, and a
// list that names one of their addresses means it.
var special = []netip.Prefix{
	netip.MustParsePrefix("192.0.0.0/24"),   // IETF protocol assignments, RFC 6890
	netip.MustParsePrefix("192.88.99.0/24"), // 6to4 relay anycast, RFC 7526
	netip.MustParsePrefix("198.18.0.0/15"),  // benchmarks, RFC 2544
	netip.MustParsePrefix("64:ff9b:1::/48"), // local translation, RFC 8215
	netip.MustParsePrefix("100::/64"),       // discard only, RFC 6666
}

var builtin = flow.NewNetworks(false)

// reserved says whether an address is inside, local or special: no list is asked about it.
func reserved(a netip.Addr) bool {
	if builtin.Side(a) != flow.Outside {
		return true
	}
	for i := range special {
		if special[i].Contains(a) {
			return true
		}
	}
	return false
}

// useless says whether a network is too wide to say anything, or reserved as a whole.
func useless(p netip.Prefix) bool {
	least := minBitsIPv6
	if p.Addr().Is4() {
		least = minBitsIPv4
	}
	return p.Bits() < least || reserved(p.Addr()) && reserved(last(p))
}

// last is the last address of a network.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
