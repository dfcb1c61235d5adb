package judge

import (
	"net/netip"
	"slices"
	"strings"

	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
)

// Roles infers what inside hosts are from what they serve and are called. It is said with its basis and enforced by nothing: only the register gives a host a role
// that counts.
type Roles struct {
	hosts   *flow.Hosts
	seen    map[netip.Addr]serves
	dcNames map[string]bool       // hosts that DNS names as domain controllers
	located map[string]netip.Addr // inside addresses of hosts, by name
	dcs     map[netip.Addr]bool   // made of the two when all rows are in
}

// Role is what a client is.
type Role struct {
	Name  string // "domain-controller", "camera", "medical-device"; of the register, what it says
	Basis string // "register", or what an inference rests on
}

// serves is a set of what a host was seen to serve.
type serves uint8

const (
	servesKerberos serves = 1 << iota
	servesLDAP
	servesRTSP
	servesDICOM
	servesHL7
)

// servedOn are protocols that are told by port and answer, as their content is not looked into: DICOM PS3.8, section 9.1.1, and HL7 as registered with IANA.
func servedOn(port uint16) serves {
	switch port {
	case 104, 11112:
		return servesDICOM
	case 2575:
		return servesHL7
	}
	return 0
}

// maxRoleNames bounds the names that are kept to find domain controllers: a forest has thousands of them at most.
const maxRoleNames = 1 << 14

// NewRoles returns an empty collection.
func NewRoles(h *flow.Hosts) *Roles {
	return &Roles{hosts: h, seen: map[netip.Addr]serves{}, dcNames: map[string]bool{}, located: map[string]netip.Addr{}}
}

// Add takes one name row. Active Directory names its controllers in SRV records below dc._msdcs ([MS-ADTS], section 6.3.2.3).
func (r *Roles) Add(n *hostname.Name) {
	if n.Kind != hostname.DNS || n.Unsolicited {
		return
	}
	switch n.RRType {
	case "SRV":
		if name := hostname.Normal(hostname.Text("", n.Name)); strings.Contains(name, ".dc._msdcs.") && len(r.dcNames) < maxRoleNames {
			r.dcNames[hostname.Normal(hostname.Text("", n.Value))] = true
		}
	case "A", "AAAA":
		a, err := netip.ParseAddr(string(n.Value))
		if err == nil && r.hosts.SideOf(a) == flow.Inside && len(r.located) < maxRoleNames {
			r.located[hostname.Normal(hostname.Text("", n.Name))] = a
		}
	}
}

// AddRow learns from one flow row whose server end answered.
func (r *Roles) AddRow(w *flow.Row) {
	var what serves
	client, _ := w.Client()
	addr, port := w.End(1 - client)
	switch w.Protocol {
	case "kerberos":
		what = servesKerberos
	case "ldap":
		what = servesLDAP
	case "rtsp":
		what = servesRTSP
	case "":
		what = servedOn(port)
	}
	if what == 0 || w.Payload[1-client] == 0 {
		return
	}
	if a := addr.Netip(w.V6); r.hosts.SideOf(a) == flow.Inside {
		r.seen[a] |= what
	}
}

// cameraMakers begin the names of makers, in lower case, that make cameras and little else.
var cameraMakers = []string{"hangzhou hikvision", "zhejiang dahua", "axis communications", "hanwha vision", "vivotek", "zhejiang uniview", "reolink", "shenzhen foscam", "amcrest", "mobotix"}

// Of returns the role that a host is taken for; the zero Role where nothing speaks for one. All rows must have been added.
func (r *Roles) Of(a netip.Addr, labels []Label) Role {
	if r.dcs == nil {
		r.dcs = make(map[netip.Addr]bool, len(r.dcNames))
		for name := range r.dcNames {
			r.dcs[r.located[name]] = true
		}
	}
	switch s := r.seen[a]; {
	case r.dcs[a]:
		return Role{"domain-controller", "DNS names it as one"}
	case s&servesKerberos != 0 && s&servesLDAP != 0:
		return Role{"domain-controller", "it serves Kerberos and LDAP"}
	case s&servesDICOM != 0:
		return Role{"medical-device", "it answers on the port of DICOM"}
	case s&servesHL7 != 0:
		return Role{"medical-device", "it answers on the port of HL7"}
	case s&servesRTSP != 0:
		return Role{"camera", "it serves RTSP"}
	}
	for _, l := range labels {
		if l.Basis != makerBasis {
			continue
		}
		name := strings.ToLower(l.Name)
		if slices.ContainsFunc(cameraMakers, func(maker string) bool { return strings.HasPrefix(name, maker) }) {
			return Role{"camera", "its hardware address is of " + l.Name}
		}
	}
	return Role{}
}
