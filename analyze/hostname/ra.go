package hostname

import (
	"net/netip"

	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
	"phonehome/analyze/packet"
)

const (
	icmpv6              = packet.Transport(58)
	routerAdvertisement = 134 // ICMPv6 type (RFC 4861, section 4.2)
	raFixed             = 16  // bytes in front of the options
	raPrefixOption      = 3   // prefix information (RFC 4861, section 4.6.2)
	raUnit              = 8   // bytes that an option's length counts in
	raPrefixSize        = 4 * raUnit

	// minPrefix is the shortest prefix that is believed: no link has more than a site's /48 (RFC 6177), and a forged
	// advertisement must not turn half of the internet into an inside network.
	minPrefix = 48
)

// Flags of prefix information: without one of them it says nothing of who is on the link.
const (
	raOnLink     = 0x80
	raAutonomous = 0x40
)

// raReader reads IPv6 Router Advertisements: for each prefix that is on the link a row of kind ra-prefix, whose Name is the
// prefix ("2001:db8::/64"), Client the router and TTL the valid lifetime in seconds.
type raReader struct{}

func startRA(*Namer) datagramReader { return raReader{} }

// detectRA wants what every advertisement must have (RFC 4861, section 6.1.2), a link-local sender among it.
func detectRA(m *flow.Meta, payload []byte) bool {
	return m.Transport == icmpv6 && len(payload) >= raFixed && payload[0] == routerAdvertisement && payload[1] == 0 &&
		m.Src.Netip(true).IsLinkLocalUnicast()
}

func (raReader) read(n *Namer, _ *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	if !detectRA(m, payload) {
		return flow.Go
	}
	x := evidence(RAPrefix, m)
	for in := cryptobyte.String(payload[raFixed:]); ; {
		option, ok := nextNDOption(&in)
		if !ok {
			return flow.Go
		}
		if p, seconds, ok := readRAPrefix(option); ok {
			n.dns.value = p.AppendTo(n.dns.value[:0])
			x.Name, x.TTL = n.dns.value, seconds
			n.label(x)
		}
	}
}

// nextNDOption reads an option of neighbour discovery, whole (RFC 4861, section 4.6). One of length zero ends the packet.
func nextNDOption(in *cryptobyte.String) (option cryptobyte.String, ok bool) {
	var kind, units uint8
	head := *in
	if !head.ReadUint8(&kind) || !head.ReadUint8(&units) || units == 0 {
		return nil, false
	}
	ok = in.ReadBytes((*[]byte)(&option), int(units)*raUnit)
	return option, ok
}

// readRAPrefix reads prefix information; ok is false for another option, or a prefix that names no network behind a router.
func readRAPrefix(option cryptobyte.String) (p netip.Prefix, valid uint32, ok bool) {
	var kind, size, flags uint8
	var addr []byte
	if len(option) != raPrefixSize || !option.ReadUint8(&kind) || kind != raPrefixOption ||
		!option.Skip(1) || !option.ReadUint8(&size) || !option.ReadUint8(&flags) || !option.ReadUint32(&valid) ||
		!option.Skip(8) || !option.ReadBytes(&addr, 16) { // preferred lifetime, reserved
		return p, 0, false
	}
	a := netip.AddrFrom16([16]byte(addr))
	p, err := a.Prefix(int(size))
	ok = err == nil && size >= minPrefix && valid > 0 && flags&(raOnLink|raAutonomous) != 0 &&
		!a.IsLinkLocalUnicast() && !a.IsMulticast() && !a.IsLoopback() && !a.IsUnspecified() && !a.Is4In6()
	return p, valid, ok
}
