package flow

import (
	"cmp"
	"net/netip"
	"slices"

	"phonehome/analyze/packet"
)

// Side says where an address is.
type Side uint8

// The sides.
const (
	Outside Side = iota
	Inside
	Local // multicast, broadcast, unspecified, reserved: never the end of a transfer out
)

// builtin are the networks that are inside unless the user empties them: private (RFC 1918), shared (RFC 6598), link-local (RFC 3927,
// RFC 4291), loopback, unique local (RFC 4193) and the old site-local addresses (RFC 3879).
var builtin = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
	"fe80::/10", "::1/128", "fc00::/7", "fec0::/10")

// local are the networks of RFC 5771, RFC 1112 section 4 (240/4), RFC 1122 section 3.2.1.3 (0/8) and RFC 4291 section 2.7.
var local = prefixes("224.0.0.0/4", "240.0.0.0/4", "0.0.0.0/8", "ff00::/8", "::/128")

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}

// Networks tells inside from outside.
type Networks struct {
	inside []netip.Prefix
	single map[netip.Addr]bool
	first  [256]firstOctet // of IPv4 addresses
}

// firstOctet is what the first octet of an IPv4 address tells.
type firstOctet uint8

const (
	allOutside firstOctet = iota // nearly all octets
	mixed                        // a network lies below it: the whole address tells
)

// NewNetworks returns the built-in inside networks, or none where empty is true.
func NewNetworks(empty bool) *Networks {
	n := &Networks{single: map[netip.Addr]bool{}}
	for _, p := range local {
		n.mark(p)
	}
	if !empty {
		n.inside = slices.Clone(builtin)
		for _, p := range builtin {
			n.mark(p)
		}
	}
	return n
}

// mark notes the first octets of a network's addresses.
func (n *Networks) mark(p netip.Prefix) {
	const octet = 8
	if !p.Addr().Is4() {
		return
	}
	from := int(p.Addr().As4()[0])
	for i := range 1 << max(0, octet-p.Bits()) {
		n.first[from+i] = mixed
	}
}

// AddPrefix makes a network inside.
func (n *Networks) AddPrefix(p netip.Prefix) {
	n.mark(p.Masked())
	if p.IsSingleIP() {
		n.single[p.Addr()] = true
		return
	}
	if !slices.Contains(n.inside, p.Masked()) {
		n.inside = append(n.inside, p.Masked())
	}
}

// Prefixes lists the inside networks in the order in which they were added, single addresses left out.
func (n *Networks) Prefixes() []netip.Prefix { return n.inside }

// Side returns where an address is.
func (n *Networks) Side(a netip.Addr) Side {
	a = a.Unmap()
	if a.Is4() && n.first[a.As4()[0]] == allOutside {
		return Outside
	}
	if contains(local, a) {
		return Local
	}
	if contains(n.inside, a) || n.single[a] {
		return Inside
	}
	return Outside
}

func contains(list []netip.Prefix, a netip.Addr) bool {
	for i := range list {
		if list[i].Contains(a) {
			return true
		}
	}
	return false
}

// Owners learns from flow rows which addresses a MAC sends from, to find hosts with global addresses (DESIGN: an
// address is inside where its MAC also owns an inside address and forwards for nobody).
type Owners struct {
	index Numbering[packet.MAC]
	all   List[owner]
}

type owner struct {
	mac      packet.MAC
	inside   bool
	forwards bool
	global   []owned
	met      []packet.MAC // which had an address of another link: one of the two is a router
}

// route notes that the MAC is a router's.
func (w *owner) route() { w.forwards, w.global, w.met = true, nil, nil }

// meet notes another MAC, up to a few: who meets more of them is met by them too.
func (w *owner) meet(mac packet.MAC) {
	if len(w.met) < maxOwned && !slices.Contains(w.met, mac) {
		w.met = append(w.met, mac)
	}
}

// host says whether the MAC is that of a host with an inside address.
func (w *owner) host() bool { return w.inside && !w.forwards }

// owned is an address, and where it was seen first.
type owned struct {
	addr    netip.Addr
	abroad  bool // it was in touch with another outside address: else it may be one that the router forwards for
	first   int64
	frame   uint64
	capture uint32
}

func (o *owned) before(x *owned) bool {
	return cmp.Or(cmp.Compare(o.first, x.first), cmp.Compare(o.frame, x.frame), cmp.Compare(o.capture, x.capture)) < 0
}

// maxOwned is how many global addresses of one MAC are remembered: a host has its own and some temporary ones in one network.
const maxOwned = 16

// NewOwners returns an Owners that knows nothing.
func NewOwners() *Owners {
	o := &Owners{}
	o.index = NewNumbering(func(n uint32) packet.MAC { return o.all.At(n).mac })
	return o
}

// of is what is known of a MAC.
func (o *Owners) of(mac packet.MAC) *owner {
	if n := o.index.Find(mac); n != 0 {
		return o.all.At(n)
	}
	w, n := o.all.Add()
	w.mac = mac
	o.index.Add(mac, n)
	return w
}

// Add learns from one row, in any order. Tunnelled rows say nothing: their MACs are those of the tunnel.
func (o *Owners) Add(r *Row, n *Networks) {
	if r.Tunnel != 0 {
		return
	}
	a, b := o.end(r, n, 0, r.A, r.B), o.end(r, n, 1, r.B, r.A)
	switch {
	case a == nil && b == nil:
	case a == nil || b == nil:
		if r.Protocol == "icmpv6-ra" {
			cmp.Or(a, b).route()
		}
	case a == b: // nobody talks to oneself: a router with one arm, or addresses that somebody filled in
		a.route()
	case !a.forwards && !b.forwards && outsiders(n, r):
		a.meet(r.MACs[1])
		b.meet(r.MACs[0])
	}
}

// outsiders says whether two outside addresses that are not of one link talk with each other.
func outsiders(n *Networks, r *Row) bool {
	a, b := r.A.Netip(r.V6), r.B.Netip(r.V6)
	return n.Side(a) == Outside && n.Side(b) == Outside && !sameLink(a, b)
}

// end learns from one end of a row. It returns the owner of the MAC that the end sent from, nil where it sent nothing.
func (o *Owners) end(r *Row, n *Networks, i int, a, peer packet.Addr) *owner {
	mac := r.MACs[i]
	if r.Packets[i] == 0 || mac == (packet.MAC{}) {
		return nil
	}
	w := o.of(mac)
	if w.forwards {
		return w
	}
	addr := a.Netip(r.V6)
	switch n.Side(addr) {
	case Inside:
		w.inside = true
		w.forwards = !initialTTL(r.TTL[i])
	case Outside:
		w.add(owned{addr, n.Side(peer.Netip(r.V6)) == Outside, r.First, r.FirstFrame, r.FirstCapture}, r.TTL[i])
	}
	return w
}

// initialTTL says whether a packet with this TTL was sent, not forwarded: operating systems begin at one of these.
func initialTTL(ttl uint8) bool {
	return ttl == 64 || ttl == 128 || ttl == 255 || ttl == 32 || ttl == 1
}

// add takes an outside address that the MAC sends from. Addresses of two networks, or a TTL that has been counted down, say that it is a
// router.
func (w *owner) add(a owned, ttl uint8) {
	if i := slices.IndexFunc(w.global, func(o owned) bool { return o.addr == a.addr }); i >= 0 {
		w.forwards = !initialTTL(ttl)
		abroad := a.abroad || w.global[i].abroad
		if a.before(&w.global[i]) {
			w.global[i] = a
		}
		w.global[i].abroad = abroad
		return
	}
	other := slices.ContainsFunc(w.global, func(o owned) bool { return !sameLink(o.addr, a.addr) })
	if other || !initialTTL(ttl) || len(w.global) == maxOwned {
		w.route()
		return
	}
	w.global = append(w.global, a)
}

// sameLink says whether two addresses may be one host's: both in one /64 (RFC 4291, section 2.5.4), or of different families.
func sameLink(a, b netip.Addr) bool {
	if a.Is4() != b.Is4() {
		return true
	}
	if a.Is4() {
		return false
	}
	const linkBits = 64
	p, err := a.Prefix(linkBits)
	return err == nil && p.Contains(b)
}

// Inferred calls f for each address that is inside by its MAC, in the order of addresses.
func (o *Owners) Inferred(f func(a netip.Addr, capture uint32, frame uint64)) {
	var all []owned
	for w := range o.all.All() {
		if w.host() && !slices.ContainsFunc(w.met, func(m packet.MAC) bool { return o.of(m).host() }) {
			all = append(all, w.global...)
		}
	}
	all = slices.DeleteFunc(all, func(a owned) bool { return !a.abroad })
	slices.SortFunc(all, func(a, b owned) int { return a.addr.Compare(b.addr) })
	for _, a := range all {
		f(a.addr, a.capture, a.frame)
	}
}
