// Package packet reads one capture record: link layer, tunnels, fragments, addresses, ports, payload.
package packet

import (
	"encoding/binary"
	"net/netip"
)

// Addr is an IP address in 16 bytes, IPv4 in the IPv4-mapped form of RFC 4291, section 2.5.5.2. It is
// what the per-packet path carries instead of a netip.Addr, which holds a pointer. A real IPv4-mapped IPv6
// address on the wire is told apart by Packet.V6.
type Addr [16]byte

// map4 makes a, which is zero, the IPv4-mapped form of the address that b begins with. It writes the word that is read next, to be hashed: from one
// that was put together of parts, a processor can't read before all of them have left for its cache.
func (a *Addr) map4(b []byte) {
	binary.LittleEndian.PutUint64(a[8:], 0xffff0000|uint64(binary.LittleEndian.Uint32(b))<<32)
}

// Netip returns the address for everything beyond the per-packet path; v6 keeps a mapped address as IPv6.
func (a Addr) Netip(v6 bool) netip.Addr {
	n := netip.AddrFrom16(a)
	if v6 {
		return n
	}
	return n.Unmap()
}

// AddrFrom is the inverse of Netip.
func AddrFrom(n netip.Addr) Addr { return n.As16() }

// Transport is an IP protocol number (IANA "Assigned Internet Protocol Numbers").
type Transport uint8

// The transports that make flows with ports.
const (
	TCP  Transport = 6
	UDP  Transport = 17
	SCTP Transport = 132
)

// MirrorWindow is how long after a packet a second one with the same transport bytes is its mirror copy, in nanoseconds. A bridge or a
// mirror port delivers copies within microseconds; a sender repeats itself after a round trip at the earliest.
const MirrorWindow = 3_000_000

// Class says in which of the four sums of a capture a record is counted: every record is in exactly one.
type Class uint8

// The classes of DESIGN law 3: packets = flow + other IP + non-IP + undecoded.
const (
	Undecoded Class = iota // could not be read; Reason says why
	NonIP                  // read, and carries no IP: ARP, LLDP, 802.11 management, IS-IS ...
	OtherIP                // IP without the ports of TCP, UDP or SCTP: ICMP, ESP, GRE not opened, orphaned fragments ...
	Flow                   // TCP, UDP or SCTP
)

// TCPFlags are the flag bits of a TCP header (RFC 9293, section 3.1).
type TCPFlags uint8

// TCP flag bits.
const (
	FIN TCPFlags = 1 << iota
	SYN
	RST
	PSH
	ACK
)

// MAC is a 48-bit link-layer address; the zero value stands for none.
type MAC [6]byte

// Packet is what one record says, of its innermost IP addresses. Payload is a view into the record's data, or
// into memory of its own where fragments were put together.
type Packet struct {
	Payload []byte // captured transport payload (for OtherIP: the IP payload); complete datagram on the frame that completes one, its beginning on the last of one that never became whole; nil on other fragments

	Time    int64  // see capture.Record
	Frame   uint64 // see capture.Record
	Capture uint32 // see capture.Record
	Wire    uint32 // original frame length in bytes; an absurd one is replaced by the length the IP header gives, and counted

	// PayloadLen is the transport payload in bytes by the lengths in headers, whatever was captured. On
	// fragments it is 0 but on the frame that completes the datagram, where it is the whole datagram's, and on the last of one that never became
	// whole, where it is what came of it.
	PayloadLen uint32

	Src, Dst         Addr
	SrcPort, DstPort uint16
	Seq, AckSeq      uint32 // TCP
	SrcMAC, DstMAC   MAC    // of the outermost Ethernet-like header
	IPID             uint16 // IPv4 identification, 0 for IPv6
	Transport        Transport
	Flags            TCPFlags
	TTL              uint8 // TTL or hop limit of the innermost IP header
	Class            Class
	Reason           Reason   // for Undecoded
	V6               bool     // the innermost header is IPv6
	Fragment         bool     // one of the fragments of a datagram that another, emitted behind it, completes, or gives up
	Snapped          bool     // fewer transport payload bytes captured than PayloadLen
	NoSeq            bool     // TCP whose sequence number was not captured, is not to be believed, or stands on another frame: what was sent again can't be told
	Orphan           bool     // a fragment whose first one, which tells the ports, was not seen; Class is OtherIP
	Tunnel           TunnelID // 0: none; else Decoder.Tunnel gives the ends
	VLAN             uint16   // outermost VLAN id, 0: none
	Sum              uint16   // checksum of a UDP header where Snapped, which tells datagrams apart whose payload was not captured
}

// Hash is symmetric in the two addresses, so that both directions of an address pair, and all its ports, share it.
// The logical shard of a packet is Hash() % 64.
func (p *Packet) Hash() uint64 { return PairHash(&p.Src, &p.Dst) }

// TunnelID numbers the distinct tunnels (kind, ends, identifier) that a Decoder has met, from 1 in order of appearance.
type TunnelID uint32

// Tunnel is the innermost tunnel a packet came out of.
type Tunnel struct {
	Kind string     `json:"kind"`         // "vxlan", "gre", "gtp-u", "ipip", "teredo" ...
	Src  netip.Addr `json:"src,omitzero"` // the tunnel's ends, smaller address first
	Dst  netip.Addr `json:"dst,omitzero"`
	ID   uint32     `json:"id,omitempty"` // VNI, TEID, GRE key ...
}
