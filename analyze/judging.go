package analyze

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"phonehome/analyze/disclosure"
	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/judge"
	"phonehome/analyze/vendors"
)

// judgeEvidence says what the evidence means.
func judgeEvidence(o Options, e *evidence, geo *vendors.Geo, g *given) (*Result, error) {
	r := &Result{Schema: Schema, Tool: o.Tool, Captures: e.captures, Ignored: e.ignored, Findings: []judge.Finding{}, evidence: e}
	networks, inferred, err := e.networks(o)
	if err != nil {
		return nil, err
	}
	r.Settings = settings(o, networks, inferred, geo, g)
	unseen := e.unseen(o.Expect)
	seen, err := e.observe(networks, o.Facts)
	if err != nil {
		return nil, err
	}
	c := seen.builder.Finish(&judge.Attributor{Catalogue: o.Catalogue, Geo: geo, Register: g.register})
	c.From, c.To = e.window()
	r.Case = o.Case.at(c.From, c.To)
	c.Intel, c.Baseline = g.intel, g.baseline
	r.Destinations, r.citations = c.Destinations, c.Citations
	r.Coverage = e.coverage(seen.builder, &seen.sums, seen.cut)
	r.Clients, c.Roles = clients(r.Destinations, seen.labels, seen.roles, g.register)
	r.Register = c.Entries()
	r.Findings = c.Findings(o.Rules)
	r.Suppressions = judge.Suppress(r.Findings, g.suppressions, o.AsOf)
	c.Known(r.Findings)
	if len(o.Only) > 0 {
		r.Destinations = keepOnly(r.Destinations, o.Only)
		r.Findings = keepFindings(r.Findings, r.Destinations)
		r.Clients = keepClients(r.Clients, r.Destinations)
	}
	r.Vendors = sumVendors(r.Destinations)
	r.Summary = summarise(r)
	r.Exit = e.exit(o, r.unjudged(), unseen)
	r.gate(o.FailOn)
	if o.FailOnUnused {
		r.gateUnused()
	}
	return r, nil
}

// observed is what names and flows say together.
type observed struct {
	builder *judge.Builder
	labels  *judge.Labels
	roles   *judge.Roles
	sums    coverageSums
	cut     uint64 // flows for which not all DNS answers were looked at
}

// observe joins names and flows. What is read of the evidence is given back, unless its facts are asked for.
func (e *evidence) observe(networks *flow.Networks, facts bool) (*observed, error) {
	hosts := flow.NewHosts(networks)
	o := &observed{labels: judge.NewLabels(hosts), roles: judge.NewRoles(hosts)}
	index := hostname.NewIndex(hosts)
	err := e.eachName(func(n *hostname.Name) error {
		index.Add(n)
		o.labels.Add(n)
		o.roles.Add(n)
		return nil
	})
	if err != nil {
		return nil, err
	}
	index.Sort()
	e.dropNames(!facts)
	o.builder = judge.NewBuilder(index)
	err = e.lastFlows(!facts, func(w *flow.Row) error {
		hosts.Look(w)
		o.builder.Add(w)
		o.labels.AddRow(w)
		o.roles.AddRow(w)
		o.sums.add(w)
		return nil
	})
	o.cut = index.Cut
	return o, err
}

// window is the time from the first to the last packet of all captures.
func (e *evidence) window() (from, to time.Time) {
	for i := range e.captures {
		in := &e.captures[i]
		if in.Packets == 0 || in.First.IsZero() {
			continue
		}
		if from.IsZero() || in.First.Before(from) {
			from = in.First
		}
		if in.Last.After(to) {
			to = in.Last
		}
	}
	return from, to
}

// gate adds the findings at or above a severity to how the run ends.
func (r *Result) gate(failOn string) {
	var least judge.Severity
	if failOn != FailNew && (failOn == "" || failOn == FailNever || least.UnmarshalText([]byte(failOn)) != nil) {
		return
	}
	n := 0
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Status == judge.Open && (failOn == FailNew && f.Rule == judge.LockRule || failOn != FailNew && f.Severity >= least) {
			n++
		}
	}
	if n == 0 {
		return
	}
	words := judge.OneOrMany(n, "finding", "findings")
	reason := fmt.Sprintf("%d %s at or above %s", n, words, failOn)
	if failOn == FailNew {
		reason = fmt.Sprintf("%d %s of destinations that are not in the baseline", n, words)
	}
	r.fail(reason)
}

// fail makes the run end with exit 1, unless it ends with a greater code already: then the reason stands beside that one's.
func (r *Result) fail(reason string) {
	switch r.Exit.Code {
	case 0:
		r.Exit = Exit{Code: 1, Reasons: []string{reason}}
	case 1:
		r.Exit.Reasons = append(r.Exit.Reasons, reason)
	default:
		r.Exit.Also = append(r.Exit.Also, reason)
	}
}

// gateUnused adds the suppressions that cover nothing to how the run ends: what nobody needs any more could one day cover what nobody approved.
func (r *Result) gateUnused() {
	for i := range r.Suppressions {
		if s := &r.Suppressions[i]; s.Used == 0 {
			r.fail(fmt.Sprintf("the suppression at %s:%d covers nothing", s.File, s.Line))
		}
	}
}

// Values of Options.FailOn beside severities.
const (
	FailNever = "never" // findings never make a run fail
	FailNew   = "new"   // destinations that the baseline has not do
)

// keepFindings drops the findings of which no destination is left.
func keepFindings(fs []judge.Finding, ds []*judge.Destination) []judge.Finding {
	left := map[judge.DestinationID]bool{}
	for _, d := range ds {
		left[d.ID] = true
	}
	return slices.DeleteFunc(fs, func(f judge.Finding) bool {
		return !slices.ContainsFunc(f.Destinations, func(id judge.DestinationID) bool { return left[id] })
	})
}

// keepClients drops the clients of which no destination is left.
func keepClients(cs []Client, ds []*judge.Destination) []Client {
	left := map[netip.Addr]bool{}
	for _, d := range ds {
		left[d.Client] = true
	}
	return slices.DeleteFunc(cs, func(c Client) bool { return !left[c.IP] })
}

func settings(o Options, n *flow.Networks, inferred []Inferred, geo *vendors.Geo, g *given) Settings {
	s := Settings{InferInternal: o.InferInternal, InternalInferred: inferred, FailOn: o.FailOn, AsOf: o.AsOf, Command: o.Command,
		Catalogue: CatalogueInfo{Version: o.Catalogue.Version(), SHA256: o.Catalogue.SHA256()}, Internal: []string{}, Register: g.files(), Intel: g.lists(), Baseline: append([]string{}, o.Baseline...), Rules: []RuleSetting{}}
	for _, id := range slices.Sorted(maps.Keys(o.Rules)) {
		s.Rules = append(s.Rules, RuleSetting{id, o.Rules[id].String()})
	}
	for _, p := range givenNetworks(o).Prefixes() {
		s.Internal = append(s.Internal, p.String())
	}
	for _, p := range o.Internal {
		if p.IsSingleIP() && !slices.Contains(s.Internal, p.String()) {
			s.Internal = append(s.Internal, p.String())
		}
	}
	for _, f := range o.Only {
		s.Only = append(s.Only, f.Field+"="+f.Value)
	}
	if !o.Since.IsZero() {
		s.Since = &o.Since
	}
	if !o.Until.IsZero() {
		s.Until = &o.Until
	}
	country, asn := geo.Databases()
	s.Geo.Country, s.Geo.ASN = databases(&o, country), databases(&o, asn)
	return s
}

func databases(o *Options, in []vendors.Database) []Database {
	out := []Database{}
	for _, d := range in {
		out = append(out, Database{Type: d.Type, Built: d.Built, SHA256: d.SHA256, Source: o.named(d.Source)})
	}
	return out
}

// givenNetworks are the inside networks that do not depend on the capture.
func givenNetworks(o Options) *flow.Networks {
	n := flow.NewNetworks(o.InternalNone)
	for _, p := range o.Internal {
		n.AddPrefix(p)
	}
	return n
}

// networks are the inside networks: given, and inferred from what the captures show.
func (e *evidence) networks(o Options) (*flow.Networks, []Inferred, error) {
	given := givenNetworks(o)
	inferred := []Inferred{}
	if !o.InferInternal {
		return given, inferred, nil
	}
	all := givenNetworks(o)
	seen := map[netip.Prefix]bool{}
	add := func(p netip.Prefix, basis string, capture uint32, frame uint64) {
		if p = p.Masked(); seen[p] || given.Side(p.Addr()) != flow.Outside {
			return
		}
		seen[p] = true
		inferred = append(inferred, Inferred{Prefix: p.String(), Basis: basis, Capture: int(capture), Frame: frame})
	}
	e.sortNames()
	if err := e.eachNameOf(e.placing, func(n *hostname.Name) error {
		switch n.Kind {
		case hostname.RAPrefix:
			if p, err := netip.ParsePrefix(string(n.Name)); err == nil {
				add(p, "router-advertisement", n.Capture, n.Frame)
			}
		case hostname.DHCPLease:
			add(single(n.Client.Netip(n.V6)), "dhcp-lease", n.Capture, n.Frame)
		}
		return nil
	}); err != nil {
		return nil, nil, err
	}
	owners := flow.NewOwners()
	e.sortRows(func(r *flow.Row) { owners.Add(r, given) })
	owners.Inferred(func(a netip.Addr, capture uint32, frame uint64) { add(single(a), "mac", capture, frame) })
	for p := range seen {
		all.AddPrefix(p)
	}
	slices.SortFunc(inferred, func(a, b Inferred) int { return cmp.Or(cmp.Compare(a.Prefix, b.Prefix), cmp.Compare(a.Basis, b.Basis)) })
	return all, inferred, nil
}

func single(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// clients are the inside ends that have a destination, by address, with the roles that they are taken for. Each gets its best label.
func clients(ds []*judge.Destination, labels *judge.Labels, roles *judge.Roles, register *disclosure.Register) ([]Client, map[netip.Addr]judge.Role) {
	seen := map[*judge.Inside]bool{}
	known := map[netip.Addr]judge.Role{}
	out := []Client{}
	for _, d := range ds {
		in := d.Inside
		if seen[in] {
			continue
		}
		seen[in] = true
		c := Client{IP: in.Client, Labels: []Label{}}
		called := labels.Of(c.IP)
		for _, l := range called {
			c.Labels = append(c.Labels, Label{Name: l.Name, Basis: l.Basis, From: timeOf(l.From), To: timeOf(l.To)})
		}
		if len(called) > 0 {
			in.ClientLabel, in.LabelBasis = called[0].Name, called[0].Basis
		}
		role := roles.Of(c.IP, called)
		if register != nil && !register.Shared(c.IP) {
			if a := register.AssetOf(c.IP); a != nil {
				role = judge.Role{Name: cmp.Or(a.Role, a.Name), Basis: "register"}
			}
		}
		if role.Name != "" {
			c.Role, c.RoleBasis, known[c.IP] = role.Name, role.Basis, role
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Client) int { return a.IP.Compare(b.IP) })
	return out, known
}

// sumVendors sums destinations by vendor; those without one are each other's strangers and stand under "".
func sumVendors(ds []*judge.Destination) []Vendor {
	s := vendorSums{clients: map[netip.Addr]int{}}
	lists := byVendor(ds)
	out := make([]Vendor, 0, len(lists))
	for _, l := range lists {
		out = append(out, s.sum(ds, l))
	}
	slices.SortFunc(out, func(a, b Vendor) int {
		return cmp.Or(cmp.Compare(b.PayloadOut, a.PayloadOut), cmp.Compare(a.Vendor, b.Vendor))
	})
	return out
}

// byVendor lists the places of the destinations of each vendor.
func byVendor(ds []*judge.Destination) [][]int {
	numbers := map[string]int{}
	of, sizes := make([]int, len(ds)), []int{}
	for i := range ds {
		n, ok := numbers[ds[i].Vendor]
		if !ok {
			n = len(sizes)
			numbers[ds[i].Vendor] = n
			sizes = append(sizes, 0)
		}
		of[i] = n
		sizes[n]++
	}
	out, room := make([][]int, len(sizes)), make([]int, len(ds))
	for n, size := range sizes {
		out[n], room = room[:0:size], room[size:]
	}
	for i, n := range of {
		out[n] = append(out[n], i)
	}
	return out
}

// vendorSums sums one vendor after the other.
type vendorSums struct {
	vendors int
	clients map[netip.Addr]int // the latest vendor that each was met with

	// Of the vendor being summed.
	hours       []judge.HourOut
	first, last judge.Instant
}

func (s *vendorSums) sum(ds []*judge.Destination, list []int) Vendor {
	first := ds[list[0]]
	v := Vendor{Vendor: first.Vendor, Basis: first.VendorBasis, Verdicts: map[string]int{}, Series: []Hour{}}
	s.vendors++
	s.hours, s.first, s.last = s.hours[:0], first.First, first.Last
	for _, i := range list {
		s.add(&v, ds[i])
	}
	v.First, v.Last = s.first.Time(), s.last.Time()
	slices.SortFunc(s.hours, func(a, b judge.HourOut) int { return cmp.Compare(a.Hour, b.Hour) })
	for i, h := range s.hours {
		if i == 0 || floorDay(h.Hour) != floorDay(s.hours[i-1].Hour) {
			v.ActiveDays++
		}
		if i == 0 || h.Hour != s.hours[i-1].Hour {
			v.Series = append(v.Series, Hour{Hour: time.Unix(int64(h.Hour)*int64(time.Hour/time.Second), 0).UTC()})
		}
		v.Series[len(v.Series)-1].PayloadOut += h.PayloadOut
	}
	return v
}

func (s *vendorSums) add(v *Vendor, d *judge.Destination) {
	if s.clients[d.Client] != s.vendors {
		s.clients[d.Client] = s.vendors
		v.Clients++
	}
	v.Verdicts[string(d.Disclosure.Verdict)]++
	s.first, s.last = min(s.first, d.First), max(s.last, d.Last)
	if d.CountedElsewhere() {
		return
	}
	v.PayloadOut += d.PayloadOut
	v.PayloadIn += d.PayloadIn
	for h := range d.ByHour() {
		if n := len(s.hours); n > 0 && s.hours[n-1].Hour == h.Hour {
			s.hours[n-1].PayloadOut += h.PayloadOut // most
			continue
		}
		s.hours = append(s.hours, h)
	}
}

const hoursADay = 24

func floorDay(hour int32) int32 {
	if hour < 0 {
		return (hour - hoursADay + 1) / hoursADay
	}
	return hour / hoursADay
}

func summarise(r *Result) Summary {
	s := Summary{Destinations: map[string]int{}, Bytes: map[string]uint64{}, Findings: map[string]int{}}
	for _, d := range r.Destinations {
		s.Destinations[string(d.Disclosure.Verdict)]++
		if !d.CountedElsewhere() {
			s.Bytes[string(d.Disclosure.Verdict)] += d.PayloadOut
		}
	}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Status == judge.Open {
			s.Findings[f.Severity.String()]++
		}
	}
	return s
}
