package report

import (
	"cmp"
	"crypto/sha1"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"phonehome/analyze"
	"phonehome/analyze/flow"
	"phonehome/analyze/packet"
)

// zeek is a set of logs in the making.
type zeek struct {
	r           *analyze.Result
	inside      []netip.Prefix
	some        map[*zeekLog]bool // that have lines
	first, last time.Time
	row         flow.Row // used again
}

// zeekUID is the name by which logs refer to a flow: made of its ends, its beginning and, of TCP, its initial sequence numbers, and so the same whenever the same capture is read, whole or in pieces.
// Before is how many flows there are that have all of these alike, and come before it.
func zeekUID(r *flow.Row, before uint32) zeekCell {
	const longest = 2*16 + 2*2 + 3 + 8 + 2*4 + 4
	b := make([]byte, 0, longest)
	b = append(append(b, r.A[:]...), r.B[:]...)
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, r.APort), r.BPort)
	b = append(b, byte(r.Transport), bit(r.V6), bit(r.Orphan))
	b = binary.BigEndian.AppendUint64(b, uint64(r.First))
	for i := range 2 {
		if r.Transport == packet.TCP && r.Packets[i] > 0 {
			b = binary.BigEndian.AppendUint32(b, r.ISN[i])
		}
	}
	if before > 0 {
		b = binary.BigEndian.AppendUint32(b, before)
	}
	sum := sha1.Sum(b)
	// As many letters and digits as Zeek's have, in two halves.
	const left, right, half = 9, 8, 8
	return zeekCell("C" + base62(binary.BigEndian.Uint64(sum[:half]), left) + base62(binary.BigEndian.Uint64(sum[half:]), right))
}

// alike counts flows that began at one time, by uid: rows come in the order of time.
type alike struct {
	first int64
	met   map[zeekCell]uint32
}

// uid is a flow's, which no other has: broken-up datagrams can be flows of the same ends and beginning.
func (a *alike) uid(r *flow.Row) zeekCell {
	a.at(r.First)
	id := zeekUID(r, 0)
	before := a.met[id]
	a.met[id]++
	if before == 0 {
		return id
	}
	return zeekUID(r, before)
}

// at begins another time.
func (a *alike) at(first int64) {
	const few = 64 // a map that was large stays so, and takes long to clear
	switch {
	case a.met == nil, a.first != first && len(a.met) > few:
		a.met = map[zeekCell]uint32{}
	case a.first != first:
		clear(a.met)
	}
	a.first = first
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// base62 are the last digits of a number in letters and digits.
func base62(n uint64, digits int) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	out := make([]byte, digits)
	for i := range out {
		out[i] = alphabet[n%uint64(len(alphabet))]
		n /= uint64(len(alphabet))
	}
	return string(out)
}

// insidePrefixes are the networks that count as inside.
func insidePrefixes(r *analyze.Result) (out []netip.Prefix) {
	texts := slices.Clone(r.Settings.Internal)
	for _, i := range r.Settings.InternalInferred {
		texts = append(texts, i.Prefix)
	}
	for _, s := range texts {
		if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p)
		}
	}
	return out
}

func (z *zeek) local(a netip.Addr) zeekCell {
	return zeekBool(slices.ContainsFunc(z.inside, func(p netip.Prefix) bool { return p.Contains(a) }))
}

// zeekProto is Zeek's word for a transport, of which it has three and one for all others.
func zeekProto(t packet.Transport) zeekCell {
	switch name := flow.TransportName(t); name {
	case "tcp", "udp", "icmp":
		return zeekCell(name)
	case "icmpv6":
		return "icmp"
	}
	return "unknown_transport"
}

// zeekServices are Zeek's names of protocols, where they are not ours.
var zeekServices = map[string]string{"tls": "ssl", "dtls": "ssl", "dcerpc": "dce_rpc"}

// conn writes a line a flow row, in their order.
func (z *zeek) conn(w *zeekWriter) error {
	var a alike
	return z.r.EachFlow(func(r *flow.Row) error {
		c, _ := r.Client()
		s := 1 - c
		ca, cp := r.End(c)
		sa, sp := r.End(s)
		client, server := ca.Netip(r.V6), sa.Netip(r.V6)
		vlan, id := vlanAndID(r)
		return w.line(zeekTime(r.First), a.uid(r), zeekAddr(client), zeekPort(cp), zeekAddr(server), zeekPort(sp),
			zeekProto(r.Transport), zeekOptional(cmp.Or(zeekServices[r.Protocol], r.Protocol)), zeekDuration(r), zeekCount(r.Payload[c]), zeekCount(r.Payload[s]), connState(r, c),
			z.local(client), z.local(server), zeekUnset, zeekUnset, zeekCount(r.Packets[c]), zeekUnset, zeekCount(r.Packets[s]), zeekUnset, zeekUnset, zeekCount(uint64(r.Transport)), vlan, id)
	})
}

func vlanAndID(r *flow.Row) (vlan, id zeekCell) {
	vlan, id = zeekUnset, zeekUnset
	if r.VLAN != 0 {
		vlan = zeekCount(uint64(r.VLAN))
	}
	if i, ok := r.CommunityID(); ok {
		id = zeekText(i.String())
	}
	return vlan, id
}

// zeekDuration is how long a flow lasted; one packet has no length.
func zeekDuration(r *flow.Row) zeekCell {
	if r.Packets[0]+r.Packets[1] < 2 {
		return zeekUnset
	}
	return zeekTime(r.Last - r.First)
}

// connState is Zeek's summary of a connection (base/protocols/conn/main.zeek), where it follows from which flags each end sent. In which order they came is not kept: where Zeek's word depends on
// that, it is unset.
func connState(r *flow.Row, client int) zeekCell {
	switch {
	case r.Orphan:
		return zeekUnset
	case r.Transport == packet.TCP:
		return tcpState(r.TCPFlags[client], r.TCPFlags[1-client], r.Packets[client] == 0, r.Packets[1-client] == 0)
	case r.Transport != packet.UDP:
		return "OTH"
	case r.Packets[1-client] == 0:
		return "S0"
	case r.Packets[client] == 0:
		return "SHR"
	}
	return "SF"
}

// tcpState is that of TCP, of the flags that each end sent and whether it sent nothing.
func tcpState(orig, resp packet.TCPFlags, origSilent, respSilent bool) zeekCell {
	const answer, ending = packet.SYN | packet.ACK, packet.FIN | packet.RST
	answered := resp&answer == answer
	switch {
	case orig&packet.SYN != 0 && answered:
		return endState(orig&ending, resp&ending)
	case orig&packet.SYN != 0 && respSilent:
		return unansweredState(orig)
	case orig&(packet.SYN|ending) == packet.SYN && resp&(packet.SYN|ending) == packet.RST:
		return "REJ"
	case origSilent && answered:
		return halfState(resp & ending)
	case (orig|resp)&(packet.SYN|ending) == 0:
		return "OTH"
	}
	return zeekUnset
}

// endState is that of a connection that was established, by how each end left it.
func endState(orig, resp packet.TCPFlags) zeekCell {
	switch {
	case orig|resp == 0:
		return "S1"
	case orig == packet.FIN && resp == packet.FIN:
		return "SF"
	case orig == packet.FIN && resp == 0:
		return "S2"
	case orig == 0 && resp == packet.FIN:
		return "S3"
	case orig&packet.RST != 0 && resp&packet.RST == 0 && orig&resp&packet.FIN == 0:
		return "RSTO"
	case resp&packet.RST != 0 && orig&packet.RST == 0 && orig&resp&packet.FIN == 0:
		return "RSTR"
	}
	return zeekUnset // an end after both said that they were done, or both broke off
}

// unansweredState is that of a SYN to which nothing came. Where its sender acknowledged something, there was an answer that the capture lacks.
func unansweredState(orig packet.TCPFlags) zeekCell {
	switch orig & (packet.ACK | packet.FIN | packet.RST) {
	case 0:
		return "S0"
	case packet.RST:
		return "RSTOS0"
	case packet.FIN:
		return "SH"
	}
	return zeekUnset
}

// halfState is that of a SYN+ACK whose SYN the capture lacks.
func halfState(resp packet.TCPFlags) zeekCell {
	switch resp {
	case 0:
		return "OTH"
	case packet.RST:
		return "RSTRH"
	case packet.FIN:
		return "SHR"
	}
	return zeekUnset
}
