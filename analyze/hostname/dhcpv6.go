package hostname

import (
	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
	"phonehome/analyze/packet"
)

// Ports of DHCPv6 (RFC 8415, section 7.2).
const (
	portDHCPv6Client = 546
	portDHCPv6Server = 547
)

// Message types (RFC 8415, section 7.3).
const (
	dhcp6Solicit      = 1
	dhcp6Reply        = 7
	dhcp6RelayForward = 12
	dhcp6RelayReply   = 13
)

// Options that are read (RFC 8415, section 21; 39: RFC 4704).
const (
	dhcp6ClientID     = 1
	dhcp6IANA         = 3
	dhcp6IAAddr       = 5
	dhcp6RelayMessage = 9
	dhcp6VendorClass  = 16
	dhcp6FQDN         = 39
)

const (
	maxRelays = 8   // HOP_COUNT_LIMIT (RFC 8415, section 7.6)
	maxDUID   = 130 // bytes (RFC 8415, section 11.1)
)

// dhcp6Reader reads DHCPv6 (RFC 8415). The rows are those of DHCP, with the client's DUID ("00:01:00:01:...") in the place of the
// hardware address; Client of dhcp-host and dhcp-vendor-class is the client's link-local address.
type dhcp6Reader struct{}

func startDHCPv6(*Namer) datagramReader { return dhcp6Reader{} }

func detectDHCPv6(m *flow.Meta, payload []byte) bool {
	var d dhcp6Message
	return onPort(m, portDHCPv6Client, portDHCPv6Server) && m.V6 && d.read(payload)
}

func (dhcp6Reader) read(n *Namer, _ *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	var d dhcp6Message
	if m.V6 && d.read(payload) && len(d.duid) > 0 {
		n.dhcp6Rows(m, &d)
	}
	return flow.Go
}

// dhcp6Message is what is read of a message, out of its relays. The slices are views of it.
type dhcp6Message struct {
	kind              uint8
	peer              []byte // the client's address, as the relay that is next to it tells; or nil
	duid, fqdn, class []byte
	leases            []byte // the options of the first IA_NA
}

// read reads a message (RFC 8415, sections 8 and 9). One whose options do not fill it is refused.
func (d *dhcp6Message) read(payload cryptobyte.String) bool {
	for range maxRelays + 1 {
		*d = dhcp6Message{peer: d.peer}
		if !payload.ReadUint8(&d.kind) || d.kind < dhcp6Solicit || d.kind > dhcp6RelayReply {
			return false
		}
		if d.kind < dhcp6RelayForward {
			return payload.Skip(3) && dhcp6Options(payload, d.option) // transaction id
		}
		inner, ok := d.relayed(payload)
		if !ok {
			return false
		}
		payload = inner
	}
	return false
}

// relayed reads what a relay wrote: hop count, link and peer address, and the message in an option.
func (d *dhcp6Message) relayed(in cryptobyte.String) (inner cryptobyte.String, ok bool) {
	ok = in.Skip(1+16) && in.ReadBytes(&d.peer, 16) && dhcp6Options(in, func(code uint16, data cryptobyte.String) {
		if code == dhcp6RelayMessage {
			inner = data
		}
	})
	return inner, ok && len(inner) > 0
}

// dhcp6Options calls f with each option; it reports false where they break off.
func dhcp6Options(in cryptobyte.String, f func(code uint16, data cryptobyte.String)) bool {
	for !in.Empty() {
		var code uint16
		var data cryptobyte.String
		if !in.ReadUint16(&code) || !in.ReadUint16LengthPrefixed(&data) {
			return false
		}
		f(code, data)
	}
	return true
}

func (d *dhcp6Message) option(code uint16, data cryptobyte.String) {
	switch code {
	case dhcp6ClientID:
		d.duid = data[:min(len(data), maxDUID)]
	case dhcp6FQDN:
		if data.Skip(1) { // flags
			d.fqdn = data
		}
	case dhcp6VendorClass:
		var class cryptobyte.String // enterprise number, then strings: the first
		if data.Skip(4) && data.ReadUint16LengthPrefixed(&class) {
			d.class = class
		}
	case dhcp6IANA:
		if data.Skip(12) && d.leases == nil { // IAID, T1, T2
			d.leases = data
		}
	}
}

// dhcp6Rows reports what a message says.
func (n *Namer) dhcp6Rows(m *flow.Meta, d *dhcp6Message) {
	x := evidence(DHCPHost, m)
	if d.kind == dhcp6Reply {
		x = byServer(x)
	}
	if d.peer != nil {
		x.Client, x.ClientPort = packet.Addr(d.peer), portDHCPv6Client
	}
	x.Value = appendHardware(nil, d.duid)
	n.dhcpName(x, n.dns.clientName(d.fqdn))
	if d.kind != dhcp6Reply {
		x.Kind = DHCPVendor
		n.dhcpName(x, trimName(d.class))
		return
	}
	x.Kind, x.Name = DHCPLease, x.Value
	dhcp6Options(d.leases, func(code uint16, data cryptobyte.String) {
		var addr []byte
		if code == dhcp6IAAddr && data.ReadBytes(&addr, 16) && data.Skip(4) && data.ReadUint32(&x.TTL) && x.TTL > 0 {
			x.Client = packet.Addr(addr)
			n.label(x)
		}
	})
}
