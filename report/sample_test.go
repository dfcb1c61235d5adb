package report

import (
	"flag"
	"fmt"
	"net/netip"
	"time"

	"phonehome/analyze"
	"phonehome/analyze/capture"
	"phonehome/analyze/disclosure"
	"phonehome/analyze/intel"
	"phonehome/analyze/judge"
	"phonehome/analyze/vendors"
)

var update = flag.Bool("update", false, "rewrite the goldens")

var noon = time.Date(2018, 11, 5, 12, 0, 0, 0, time.UTC)

// destination is a transfer of a client to a name, over TLS.
func destination(client, name, vendor, basis string, out uint64) *judge.Destination {
	d := &judge.Destination{Inside: &judge.Inside{Client: netip.MustParseAddr(client)}, Name: name, Naming: &judge.Naming{NameSource: "tls-sni", OtherNames: []judge.OtherName{}},
		Service: &judge.Service{Port: 443, Transport: "tcp", Protocol: "tls"}, Attribution: &judge.Attribution{Vendor: vendor, VendorBasis: basis},
		Course: &judge.Course{State: judge.Transferred, OpenedBy: "client"}, Flows: 1, PayloadOut: out, PayloadIn: out / 2,
		First: judge.InstantOf(noon), Last: judge.InstantOf(noon.Add(90 * time.Minute)), Cited: &judge.Cited{Evidence: []judge.Evidence{}},
		Reached: &judge.Reached{Servers: []judge.Server{{IP: netip.MustParseAddr("203.0.113.9"), Place: &vendors.Place{Country: "US", ASN: 64500, Network: "Hosting Company"}}}, ServersTotal: 1}}
	d.Disclosure = &disclosure.Judgement{Verdict: "no-register"}
	return d
}

// unnamed is a transfer to an address without a name.
func unnamed(client, server string, out uint64) *judge.Destination {
	d := destination(client, "", "", "none", out)
	d.NameSource = "none"
	d.Servers = []judge.Server{{IP: netip.MustParseAddr(server), Place: &vendors.Place{Country: "CN", ASN: 64501, Network: "Telecom Backbone"}}}
	return d
}

// sample is a result of a few destinations, numbered in the order given.
func sample(ds ...*judge.Destination) *analyze.Result {
	r := &analyze.Result{Schema: analyze.Schema, Tool: analyze.Tool{Name: "phonehome", Version: "test"}, Ignored: []capture.Ignored{}, Findings: []judge.Finding{},
		Captures: []capture.Info{{Path: "capture.pcap", Format: "pcap", Packets: 1000, First: noon, Last: noon.Add(2 * time.Hour), Damage: []capture.Damage{},
			Interfaces: []capture.Interface{}, Undecoded: map[string]uint64{}}},
		Vendors: []analyze.Vendor{}, Clients: []analyze.Client{}, Register: []judge.Observed{}, Suppressions: []judge.Suppression{}, Exit: analyze.Exit{Reasons: []string{}}}
	r.Settings = analyze.Settings{Internal: []string{"10.0.0.0/8"}, InternalInferred: []analyze.Inferred{}, Command: "phonehome scan capture.pcap", AsOf: "2018-12-01",
		Register: []disclosure.FileSum{}, Intel: []intel.List{}, Rules: []analyze.RuleSetting{}, Baseline: []string{}, Geo: analyze.Geo{Country: []analyze.Database{}, ASN: []analyze.Database{}}}
	r.Coverage = analyze.Coverage{Packets: 1000, Undecoded: map[string]uint64{}, LimitsHit: map[string]uint64{}, CannotSee: []string{}, ProposeInternal: []string{}}
	r.Coverage.Outbound.NamedBy = map[string]uint64{}
	r.Summary = analyze.Summary{Destinations: map[string]int{}, Bytes: map[string]uint64{}, Findings: map[string]int{}}
	met := map[string]bool{}
	for i, d := range ds {
		d.ID = judge.DestinationID(i + 1)
		r.Destinations = append(r.Destinations, d)
		r.Coverage.Outbound.NamedBy[d.NameSource] += d.PayloadOut
		r.Coverage.Outbound.PayloadBytes += d.PayloadOut
		r.Coverage.Direction.Outbound += d.PayloadOut + d.PayloadIn
		if !met[d.Vendor] {
			met[d.Vendor] = true
			r.Vendors = append(r.Vendors, analyze.Vendor{Vendor: d.Vendor, Basis: d.VendorBasis, Verdicts: map[string]int{}, Series: []analyze.Hour{}})
		}
	}
	return r
}

// office is a sample of each kind of destination.
func office() *analyze.Result {
	security := destination("10.0.0.5", "sensor-1.examplesec.net", "ExampleSec", "catalogue", 12_345_678)
	security.Purpose, security.Product, security.ClientLabel = "security-cloud", "Endpoint Sensor", "BEN-PC"
	copied := *security
	second := &copied
	second.Name, second.Naming, second.PayloadOut = "sensor-2.examplesec.net", &judge.Naming{NameSource: "dns", OtherNames: []judge.OtherName{}}, 400_000
	domain := destination("10.0.0.6", "a.example.org", "example.org", "registrable-domain", 5_000)
	cloud := destination("10.0.0.6", "bucket.storage.example.com", "", "none", 52_000)
	cloud.Hoster, cloud.Tenant = "ExampleCloud", "bucket"
	two := destination("10.0.0.7", "", "", "none", 900)
	two.NameSource, two.OtherNames = "dns", []judge.OtherName{{Name: "one.example.net", Source: "dns"}, {Name: "two.example.net", Source: "dns"}}
	attempt := destination("10.0.0.7", "gone.example.net", "example.net", "registrable-domain", 0)
	attempt.State, attempt.NameSource = judge.Attempted, "dns"
	looked := destination("10.0.0.8", "asked.example.com", "example.com", "registrable-domain", 0)
	looked.State, looked.NameSource, looked.Servers, looked.Transport, looked.Port = judge.LookedUp, "dns-query", []judge.Server{}, "dns", 0
	r := sample(security, second, cloud, domain, unnamed("10.0.0.40", "198.51.100.77", 1800), two, attempt, looked)
	r.Coverage.CannotSee = []string{"capture.pcap is cut short: what came after is not known."}
	return r
}

// busy is a sample with a register, and findings of each status.
func busy() *analyze.Result {
	r := office()
	r.Settings.Register = []disclosure.FileSum{{Path: "register.yaml", SHA256: "ab"}}
	r.Settings.Rules = []analyze.RuleSetting{{Rule: "beacon", Set: "off"}, {Rule: "hidden-name", Set: "low"}}
	r.Settings.FailOn, r.Settings.Baseline = "medium", []string{"egress.lock"}
	r.Captures[0].SHA256 = "cd"
	r.Register = []judge.Observed{{ID: "examplesec-sensor", Vendor: "ExampleSec", File: "register.yaml", Line: 7, Status: "approved", End: "2018-09-30", Observed: true}}
	for _, d := range r.Destinations {
		d.Disclosure = &disclosure.Judgement{Verdict: disclosure.Undisclosed, Reason: "no entry fits"}
	}
	for i := range 2 {
		r.Destinations[i].Disclosure = &disclosure.Judgement{Verdict: disclosure.Expired, Entry: "examplesec-sensor", Reason: "the entry ended on 2018-09-30"}
	}
	r.Destinations[3].Disclosure = &disclosure.Judgement{Verdict: disclosure.Disclosed, Entry: "examplesec-sensor", Reason: "covered"}
	r.Suppressions = []judge.Suppression{{File: "ignore.yaml", Line: 3, Rule: "undisclosed-destination", Client: "10.0.0.40", Reason: "the camera in the lobby", Approver: "privacy@example.com", Expires: "2019-01-31", Used: 1},
		{File: "ignore.yaml", Line: 9, Rule: "beacon", Client: "10.0.0.9", Reason: "x", Approver: "y", Expires: "2018-11-30", Expired: true}}
	r.Findings = []judge.Finding{
		finding("f1", "disclosure-expired", judge.High, judge.Open, r, 0, 1),
		finding("f2", "undisclosed-destination", judge.Medium, judge.Open, r, 2, 5),
		finding("f3", "undisclosed-destination", judge.Medium, judge.Suppressed, r, 4),
		finding("f4", "new-destination", judge.Medium, judge.Baselined, r, 7),
	}
	r.Findings[2].Suppression = "ignore.yaml:3"
	r.Exit = analyze.Exit{Code: 1, Reasons: []string{"2 findings at or above medium"}}
	return r
}

// finding is about some destinations of a result.
func finding(id, rule string, s judge.Severity, status judge.Status, r *analyze.Result, of ...int) judge.Finding {
	f := judge.Finding{ID: id, Fingerprint: "fedcba987654321" + id[1:], Rule: rule, Severity: s, Status: status, Confidence: "high", Facts: []string{"12 MB of payload left from 1 client."},
		Inference: "The register supplied does not show that anyone agreed to this.", Unknown: []string{"What was sent: content not observed."}, Clients: []netip.Addr{}, Servers: []netip.Addr{}, Names: []string{},
		Destinations: []judge.DestinationID{}, First: noon, Last: noon.Add(time.Hour), FramesTotal: 12, FilterAll: "(ip.addr in {10.0.0.5} && ip.addr in {203.0.113.9})",
		Evidence: []judge.Evidence{{Capture: 0, Frames: []uint64{1, 3, 4, 5}, What: "first, last and naming frames", Filter: "frame.number in {1,3..5}"}}}
	for _, i := range of {
		d := r.Destinations[i]
		f.Destinations = append(f.Destinations, d.ID)
		f.Clients = append(f.Clients, d.Client)
		f.Vendor, f.VendorBasis = d.Vendor, d.VendorBasis
		f.PayloadOut += d.PayloadOut
		if d.Name != "" {
			f.Names = append(f.Names, d.Name)
		}
	}
	f.Title = fmt.Sprintf("%d destinations of %s: not covered by the register supplied", len(of), f.Vendor)
	return f
}
