package judge

import (
	"net/netip"
	"testing"
	"time"

	"phonehome/analyze/disclosure"
	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
	"phonehome/analyze/vendors"
)

// disclosed is what a register makes of one destination, of 1,000 bytes to the server 192.0.2.1 in the first hour of 1970.
func disclosed(r *disclosure.Register, d Destination) *Destination {
	d.Inside, d.Attribution, d.Disclosure = &Inside{Client: netip.MustParseAddr("10.0.0.5")}, &Attribution{}, &disclosure.Judgement{}
	if d.Naming == nil {
		d.Naming = &Naming{}
	}
	d.Service, d.Course, d.First, d.Last = &Service{Port: 443, Transport: "tcp"}, &Course{}, 0, Instant(time.Minute)
	h := flow.NewHosts(flow.NewNetworks(false))
	b := NewBuilder(hostname.NewIndex(h))
	made := dest{counters: counters{payloadOut: 1000}}
	b.parts.sum(&made.parts, part{server: endOf(h.Number(packet.AddrFrom(netip.MustParseAddr("192.0.2.1"))), false)}, 1000)
	x := newDiscloser(&Case{Destinations: []*Destination{&d}, details: []detail{made.detail}, b: b}, &Attributor{Catalogue: vendors.Default(), Geo: &vendors.Geo{}, Register: r})
	x.add(0, &made)
	x.finish(func(int) {})
	return &d
}

func given(t *testing.T, vendors string) *disclosure.Register {
	t.Helper()
	r, err := disclosure.Parse("r.yaml", []byte("version: 1\nvendors:\n"+vendors))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestDiscloseTarget: what a proxy is asked to take to an address is traffic to that address, not to the proxy's.
func TestDiscloseTarget(t *testing.T) {
	r := given(t, "  - {id: target, vendor: V, destinations: [{cidr: 203.0.113.0/24}]}\n  - {id: proxy, vendor: W, destinations: [{cidr: 192.0.2.0/24}]}\n")
	for name, want := range map[string]string{"203.0.113.9": "target", "": "proxy", "a.example.com": ""} {
		if got := disclosed(r, Destination{Name: name}).Disclosure; got.Entry != want {
			t.Errorf("%q: %+v, want %q", name, got, want)
		}
	}
}

// TestRegisteredVendor: the vendor is that of the entries if all are of one, and of product and purpose what they agree on.
func TestRegisteredVendor(t *testing.T) {
	const a, b = "  - {id: a, vendor: V, product: P, purpose: update, destinations: [{domain: a.example.com}]}\n", "  - {id: b, vendor: V, product: Q, purpose: update, destinations: [{domain: b.example.com}]}\n"
	const w = "  - {id: b, vendor: W, destinations: [{domain: b.example.com}]}\n"
	for _, c := range []struct{ entries, vendor, product, purpose, basis string }{
		{a + b, "V", "", "update", basisRegister},
		{a + w, "", "", "", ""},
	} {
		d := disclosed(given(t, c.entries), Destination{Naming: &Naming{OtherNames: []OtherName{{Name: "b.example.com"}, {Name: "a.example.com"}}}})
		if d.Disclosure.Verdict != disclosure.Disclosed || d.Disclosure.Entry != "a" || d.Vendor != c.vendor || d.Product != c.product || d.Purpose != c.purpose || d.VendorBasis != c.basis {
			t.Errorf("%+v", d)
		}
	}
}
