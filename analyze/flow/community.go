package flow

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"

	"phonehome/analyze/packet"
)

// CommunityID is the number by which other tools know the same flow ("Community ID Flow Hashing", version 1, seed 0: Corelight): SHA-1 of its ends, whoever is named first. Its text is
// "1:" and the digest in base64. It identifies, and protects nothing.
type CommunityID [sha1.Size]byte

const communityVersion = "1:"

func (c CommunityID) String() string {
	return communityVersion + base64.StdEncoding.EncodeToString(c[:])
}

// MarshalText implements encoding.TextMarshaler.
func (c CommunityID) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *CommunityID) UnmarshalText(b []byte) error {
	text, ok := strings.CutPrefix(string(b), communityVersion)
	digest, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(digest) != len(c) {
		return errors.New("no community id of version 1")
	}
	copy(c[:], digest)
	return nil
}

// HasCommunityID says whether the flow has one: of ICMP the hash is over the type, which a row has not, and fragments without their first have no ports.
func (w *Row) HasCommunityID() bool {
	return w.Transport != icmp && w.Transport != icmp6 && !w.Orphan
}

// CommunityID is the flow's, false where it has none.
func (w *Row) CommunityID() (CommunityID, bool) {
	if !w.HasCommunityID() {
		return CommunityID{}, false
	}
	return CommunityIDOf(w.Transport, w.A, w.APort, w.B, w.BPort, w.V6), true
}

// icmp is the number of ICMP for IPv4.
const icmp packet.Transport = 1

// CommunityIDOf is the number of a flow between two ends, in either order.
func CommunityIDOf(t packet.Transport, a packet.Addr, aPort uint16, b packet.Addr, bPort uint16, v6 bool) CommunityID {
	if c := bytes.Compare(a[:], b[:]); c > 0 || c == 0 && aPort > bPort {
		a, aPort, b, bPort = b, bPort, a, aPort
	}
	const longest = 2 + 16 + 16 + 2 + 4 // seed, two addresses, protocol and padding, two ports
	text := make([]byte, 2, longest)
	text = append(append(text, onWire(&a, v6)...), onWire(&b, v6)...)
	text = append(text, byte(t), 0)
	if t == packet.TCP || t == packet.UDP || t == packet.SCTP {
		text = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(text, aPort), bPort)
	}
	return sha1.Sum(text)
}

// onWire are the bytes of an address as its packets carry it.
func onWire(a *packet.Addr, v6 bool) []byte {
	if !v6 && netip.AddrFrom16(*a).Is4In6() {
		return a[len(a)-ipv4Len:]
	}
	return a[:]
}

const ipv4Len = 4 // bytes of an IPv4 address
