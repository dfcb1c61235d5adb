package judge

import (
	"bytes"
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
	"phonehome/analyze/vendors"
)

// Label is what an address was called, by whom and when (ns since 1970 UTC).
type Label struct {
	Name     string
	Basis    string // "dhcp-host", "mdns", "nbns", "ssdp", "dhcp-vendor-class", "mac-maker"
	From, To int64
}

// Labels collects what devices call themselves.
type Labels struct {
	hosts  *flow.Hosts
	labels map[netip.Addr][]Label
	leases []lease
	byMAC  map[string][]Label // labels said by a MAC that had no address yet
	macs   map[packet.MAC]*macUse
	uses   flow.List[useOf]
	index  flow.Numbering[macAddr] // of uses
}

type lease struct {
	addr     netip.Addr
	mac      string
	from, to int64
}

// macUse is the inside addresses that a MAC sends from: one with many is a router, whose maker says nothing of the clients behind it.
type macUse struct {
	uses []uint32 // numbers in Labels.uses
	many bool
}

// useOf is an address of a MAC and the time of its use.
type useOf struct {
	macAddr
	from, to int64
}

type macAddr struct {
	mac  packet.MAC
	addr end
}

const (
	maxLabels   = 8 // labels of one address: a device has a host name, a service name and a maker
	maxMACAddrs = 8 // addresses of one device: IPv4, link-local, and IPv6 with temporary ones (RFC 8981)
)

// labelRank orders the bases by how well they tell a person which device it is.
var labelRank = []string{string(hostname.DHCPHost), string(hostname.MDNS), string(hostname.NBNS), string(hostname.LLMNR), string(hostname.SSDP), string(hostname.DHCPVendor), makerBasis}

// NewLabels returns an empty collection.
func NewLabels(h *flow.Hosts) *Labels {
	l := &Labels{hosts: h, labels: map[netip.Addr][]Label{}, byMAC: map[string][]Label{}, macs: map[packet.MAC]*macUse{}}
	l.index = flow.NewNumbering(func(n uint32) macAddr { return l.uses.At(n).macAddr })
	return l
}

// Add takes one name row.
func (l *Labels) Add(n *hostname.Name) {
	switch n.Kind {
	case hostname.DHCPLease, hostname.DHCPHost, hostname.DHCPVendor, hostname.MDNS, hostname.NBNS, hostname.SSDP:
	default:
		return // most rows
	}
	addr := n.Client.Netip(n.V6)
	label := Label{Name: hostname.Text(n.Kind, n.Name), Basis: string(n.Kind), From: n.At, To: n.At}
	switch n.Kind {
	case hostname.DHCPLease:
		l.leases = append(l.leases, lease{addr: addr, mac: string(n.Value), from: n.At, to: n.At + int64(n.TTL)*1e9})
	case hostname.DHCPHost, hostname.DHCPVendor:
		mac := string(n.Value)
		l.byMAC[mac] = extendLabel(l.byMAC[mac], label)
	case hostname.MDNS:
		if strings.HasSuffix(label.Name, ".local") && !strings.Contains(label.Name, "._") {
			l.put(addr, label)
		}
	case hostname.NBNS, hostname.SSDP:
		l.put(addr, label)
	}
}

func (l *Labels) put(a netip.Addr, label Label) {
	if label.Name != "" && l.hosts.SideOf(a) == flow.Inside {
		l.labels[a] = extendLabel(l.labels[a], label)
	}
}

// extendLabel adds a label, or lengthens the time of the one that is there.
func extendLabel(list []Label, n Label) []Label {
	for i := range list {
		if o := &list[i]; o.Name == n.Name && o.Basis == n.Basis {
			o.From, o.To = min(o.From, n.From), max(o.To, n.To)
			return list
		}
	}
	if len(list) == maxLabels {
		return list
	}
	return append(list, n)
}

// AddRow learns MACs from one flow row, whose hosts were looked up.
func (l *Labels) AddRow(r *flow.Row) {
	if r.Tunnel != 0 {
		return
	}
	for i := range 2 {
		if r.Packets[i] == 0 || r.MACs[i] == (packet.MAC{}) || l.hosts.Side(r.Hosts[i]) != flow.Inside {
			continue
		}
		k := macAddr{r.MACs[i], endOf(r.Hosts[i], r.V6)}
		n := l.index.Find(k)
		if n == 0 {
			l.addUse(k, r)
			continue
		}
		u := l.uses.At(n)
		u.from, u.to = min(u.from, r.First), max(u.to, r.Last)
	}
}

// addUse adds the first use of an address by a MAC, unless that has many.
func (l *Labels) addUse(k macAddr, r *flow.Row) {
	m := l.macs[k.mac]
	if m == nil {
		m = &macUse{}
		l.macs[k.mac] = m
	}
	switch {
	case m.many:
		return
	case len(m.uses) == maxMACAddrs:
		m.many, m.uses = true, nil
		return
	}
	u, n := l.uses.Add()
	*u = useOf{k, r.First, r.Last}
	m.uses = append(m.uses, n)
	l.index.Add(k, n)
}

// Of returns the labels of an address, best first. All rows must have been added.
func (l *Labels) Of(a netip.Addr) []Label {
	l.settle()
	out := slices.Clone(l.labels[a])
	slices.SortFunc(out, func(x, y Label) int {
		return cmp.Or(cmp.Compare(slices.Index(labelRank, x.Basis), slices.Index(labelRank, y.Basis)), cmp.Compare(x.From, y.From), strings.Compare(x.Name, y.Name))
	})
	return out
}

// settle binds what MACs said to the addresses they had at the time.
func (l *Labels) settle() {
	for _, s := range l.leases {
		for _, n := range l.byMAC[s.mac] {
			l.put(s.addr, Label{Name: n.Name, Basis: n.Basis, From: s.from, To: s.to})
		}
	}
	l.leases = nil
	type made struct {
		mac   packet.MAC
		maker string
	}
	var all []made
	for mac, u := range l.macs {
		if maker := vendors.Maker(mac); maker != "" && !u.many {
			all = append(all, made{mac, maker})
		}
	}
	slices.SortFunc(all, func(a, b made) int { return bytes.Compare(a.mac[:], b.mac[:]) })
	for _, m := range all {
		for _, n := range l.macs[m.mac].uses {
			s := l.uses.At(n)
			l.put(l.hosts.Addr(s.addr.host()).Netip(s.addr.v6()), Label{Name: m.maker, Basis: makerBasis, From: s.from, To: s.to})
		}
	}
	l.macs, l.uses, l.index = nil, flow.List[useOf]{}, flow.Numbering[macAddr]{}
}
