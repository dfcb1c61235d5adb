package hostname

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"net/netip"

	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
	"phonehome/analyze/packet"
)

// Options that are read (RFC 2132; 81: RFC 4702).
const (
	dhcpSubnetMask  = 1
	dhcpHostName    = 12
	dhcpRequestedIP = 50
	dhcpLeaseTime   = 51
	dhcpOverload    = 52
	dhcpMessageType = 53
	dhcpVendorClass = 60
	dhcpFQDN        = 81
	dhcpPad         = 0
	dhcpEnd         = 255
)

// Message types (RFC 2132, section 9.6).
const (
	dhcpDiscover = 1
	dhcpRequest  = 3
	dhcpACK      = 5
	dhcpInform   = 8
)

const (
	dhcpCookie     = 0x63825363 // RFC 2131, section 3
	dhcpFQDNEncode = 0x04       // E: the name is in DNS form (RFC 4702, section 2.1)
	maxHardware    = 16         // bytes of chaddr
)

// dhcpReader reads DHCP (RFC 2131). All rows carry the client's hardware address as Value, "00:00:5e:00:53:01"; by it a name
// finds the address that was leased to its bearer:
//
//	dhcp-host, dhcp-vendor-class   Name is what the client calls itself; Client the address that it has or asks for,
//	                               0.0.0.0 where it tells none. An ACK's host name is bound to the leased address.
//	dhcp-lease                     of an ACK: Name is the hardware address, Client the leased address,
//	                               Query the network that the mask makes of it ("192.0.2.0/24"), TTL the lease in seconds
type dhcpReader struct{}

func startDHCP(*Namer) datagramReader { return dhcpReader{} }

func detectDHCP(_ *flow.Meta, payload []byte) bool {
	_, ok := readDHCP(payload)
	return ok
}

func (dhcpReader) read(n *Namer, _ *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	if d, ok := readDHCP(payload); ok {
		n.dhcpRows(m, &d)
	}
	return flow.Go
}

// dhcpMessage is what is read of a message. The slices are views of it.
type dhcpMessage struct {
	ciaddr, yiaddr, chaddr  []byte
	requested, mask         []byte // 4 bytes each, or nil
	host, fqdn, vendorClass []byte
	lease                   uint32 // seconds
	kind, overload          uint8
}

// readDHCP reads a message (RFC 2131, section 2). One without the cookie, or whose options break off, is refused.
func readDHCP(payload []byte) (d dhcpMessage, ok bool) {
	var op, htype, hlen uint8
	var chaddr, sname, file []byte
	var cookie uint32
	in := cryptobyte.String(payload)
	ok = in.ReadUint8(&op) && in.ReadUint8(&htype) && in.ReadUint8(&hlen) && in.Skip(1+4+2+2) && // hops, xid, secs, flags
		in.ReadBytes(&d.ciaddr, 4) && in.ReadBytes(&d.yiaddr, 4) && in.Skip(4+4) && // siaddr, giaddr
		in.ReadBytes(&chaddr, maxHardware) && in.ReadBytes(&sname, 64) && in.ReadBytes(&file, 128) &&
		in.ReadUint32(&cookie) && cookie == dhcpCookie && (op == 1 || op == 2) && hlen <= maxHardware
	if !ok {
		return d, false
	}
	d.chaddr = chaddr[:hlen]
	ok = d.options(in) && (d.overload&1 == 0 || d.options(file)) && (d.overload&2 == 0 || d.options(sname))
	return d, ok
}

// options reads a field of options up to its end mark.
func (d *dhcpMessage) options(in cryptobyte.String) bool {
	for {
		var code uint8
		var data cryptobyte.String
		switch {
		case !in.ReadUint8(&code) || code == dhcpEnd:
			return true // servers leave the end mark out, and it may lie beyond a short snapshot
		case code == dhcpPad:
			continue
		case !in.ReadUint8LengthPrefixed(&data):
			return false
		}
		d.option(code, data)
	}
}

func (d *dhcpMessage) option(code uint8, data cryptobyte.String) {
	switch code {
	case dhcpSubnetMask:
		data.ReadBytes(&d.mask, 4)
	case dhcpRequestedIP:
		data.ReadBytes(&d.requested, 4)
	case dhcpLeaseTime:
		data.ReadUint32(&d.lease)
	case dhcpOverload:
		data.ReadUint8(&d.overload)
	case dhcpMessageType:
		data.ReadUint8(&d.kind)
	case dhcpHostName:
		d.host = trimName(data)
	case dhcpVendorClass:
		d.vendorClass = trimName(data)
	case dhcpFQDN:
		d.fqdn = data
	}
}

// trimName cuts what clients put behind a name: zero bytes, and the root's dot.
func trimName(b []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimRight(b, "\x00"), []byte("."))
}

// dhcpRows reports what a message says.
func (n *Namer) dhcpRows(m *flow.Meta, d *dhcpMessage) {
	x := evidence(DHCPHost, m)
	x.Value = appendHardware(nil, d.chaddr)
	switch {
	case d.kind == dhcpDiscover || d.kind == dhcpRequest || d.kind == dhcpInform:
		x = x.of(d.claimed(), false)
		x.Kind = DHCPVendor
		n.dhcpName(x, d.vendorClass)
	case d.kind == dhcpACK && [4]byte(d.yiaddr) != [4]byte{}:
		a, _, _ := addrOf(d.yiaddr)
		x = byServer(x).of(a, false)
		n.dhcpLease(x, d)
	default:
		return
	}
	x.Kind = DHCPHost
	n.dhcpName(x, d.host)
	n.dhcpName(x, d.fullName(&n.dns))
}

// claimed is the address that a client has, or asks for in a request: in a discovery it is a wish.
func (d *dhcpMessage) claimed() packet.Addr {
	raw := d.ciaddr
	if [4]byte(raw) == [4]byte{} && d.kind == dhcpRequest && d.requested != nil {
		raw = d.requested
	}
	a, _, _ := addrOf(raw)
	return a
}

func (n *Namer) dhcpName(x Name, name []byte) {
	if x.Name = name; len(name) > 0 {
		n.label(x)
	}
}

// dhcpLease reports an address that a server leased; x is about that address.
func (n *Namer) dhcpLease(x Name, d *dhcpMessage) {
	x.Kind, x.Name, x.TTL = DHCPLease, x.Value, d.lease
	if p, ok := maskedPrefix(d.yiaddr, d.mask); ok {
		x.Query = p.AppendTo(nil)
	}
	n.label(x)
}

// maskedPrefix is the network of an address under a mask whose ones are all in front.
func maskedPrefix(addr, mask []byte) (netip.Prefix, bool) {
	a, ok := netip.AddrFromSlice(addr)
	ones := prefixBits(mask)
	if !ok || ones <= 0 {
		return netip.Prefix{}, false
	}
	p, err := a.Prefix(ones)
	return p, err == nil
}

// prefixBits is the length of a mask of 4 bytes, or -1 where it is none.
func prefixBits(mask []byte) int {
	if len(mask) != 4 {
		return -1
	}
	word := binary.BigEndian.Uint32(mask)
	ones := bits.LeadingZeros32(^word)
	if bits.OnesCount32(word) != ones {
		return -1
	}
	return ones
}

// appendHardware appends bytes as "00:00:5e:00:53:01".
func appendHardware(dst, b []byte) []byte {
	const hex = "0123456789abcdef"
	for i, c := range b {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, hex[c>>4], hex[c&0xf])
	}
	return dst
}

// fullName is the name in the FQDN option: flags, two codes that are of no use any more, and the name in one of two forms (RFC 4702,
// section 2.3).
func (d *dhcpMessage) fullName(s *dnsState) []byte {
	in := cryptobyte.String(d.fqdn)
	var flags uint8
	if !in.ReadUint8(&flags) || !in.Skip(2) {
		return nil
	}
	if flags&dhcpFQDNEncode == 0 {
		return trimName(in)
	}
	return s.clientName(in)
}

// clientName turns a client's name in DNS form into presentation form; it may be partial, without the root at its end (RFC 4702, section
// 2.3.1; RFC 4704, section 4.2). Nothing is returned for a name that is damaged, and for the root.
func (s *dnsState) clientName(in cryptobyte.String) []byte {
	whole := append(s.owner[:0], in...)
	s.owner = append(whole, 0) // a root for a partial name
	rest := cryptobyte.String(s.owner)
	var ok bool
	if s.value, ok = appendDNSName(s.value[:0], nil, &rest); !ok || len(rest) > 1 || string(s.value) == "." {
		return nil
	}
	return s.value
}
