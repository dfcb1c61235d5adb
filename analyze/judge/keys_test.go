package judge

import (
	"net/netip"
	"testing"

	"phonehome/analyze/vendors"
)

func to(name string, port uint16, transport string) *Destination {
	return &Destination{ID: 1, Name: name, Naming: &Naming{}, Service: &Service{Port: port, Transport: transport}, Course: &Course{OpenedBy: "client"}, Inside: &Inside{Client: netip.MustParseAddr("10.0.0.1")}, Attribution: &Attribution{},
		Reached: &Reached{Servers: []Server{{netip.MustParseAddr("192.0.2.1"), &vendors.Place{ASN: 64500}}}}}
}

func TestKey(t *testing.T) {
	unnamed := to("", 8800, "udp")
	noASN := to("", 8800, "udp")
	noASN.Servers = []Server{{netip.MustParseAddr("198.51.100.77"), &vendors.Place{}}}
	clock := to("", 123, "udp")
	clock.Protocol = "ntp"
	asset := to("a.example.com", 443, "tcp")
	asset.Asset = "domain controllers"
	asked := to("a.example.com", 0, "dns")
	several := to("", 443, "tcp")
	several.OtherNames = []OtherName{{Name: "b.example.net"}, {Name: "a.example.com"}}
	hostile := to("x y\nz.example.com", 443, "tcp")
	for _, c := range []struct {
		d    *Destination
		want string
	}{
		{to("a.example.com", 443, "tcp"), "example.com a 443 -"},
		{to("a.example.com", 443, "udp"), "example.com a 443 -"},
		{to("a.example.com", 443, "sctp"), "example.com a 443/sctp -"},
		{to("example.com", 443, "tcp"), "example.com - 443 -"},
		{to("v10.events.data.example.com", 443, "tcp"), "example.com v*.events.data 443 -"},
		{to("ts01-b.cloud.example.net", 443, "tcp"), "example.net ts*-b.cloud 443 -"},
		{to("3fa85f64-5717-4562-b3fc-2c963f66afa6.ingest.example.com", 443, "tcp"), "example.com *.ingest 443 -"},
		{to("r4---sn-4g5e6nz7.example.com", 443, "tcp"), "example.com * 443 -"},
		{to("deadbeef.example.com", 443, "tcp"), "example.com deadbeef 443 -"},
		{to("bucket-a.s3.us-east-1.amazonaws.com", 443, "tcp"), "bucket-a.s3.us-east-1.amazonaws.com - 443 -"},
		{to("bucket-1.s3.us-east-1.amazonaws.com", 443, "tcp"), "bucket-1.s3.us-east-1.amazonaws.com - 443 -"},
		{to("printer", 443, "tcp"), "printer - 443 -"},
		{unnamed, "AS64500 - 8800 -"},
		{noASN, "198.51.100.0/24 - 8800 -"},
		{clock, "any-ntp - 123 -"},
		{asset, "example.com a 443 domain%20controllers"},
		{asked, "example.com a looked-up -"},
		{several, "example.com|example.net a|b 443 -"},
		{hostile, "example.com x%20y%0az 443 -"},
	} {
		if got := c.d.Key(); got != c.want {
			t.Errorf("%s%s: %q, want %q", c.d.Name, c.d.Servers[0].IP, got, c.want)
		}
	}
}

// TestKeyOfTheSame: what differs between two runs of the same product, and does not matter.
func TestKeyOfTheSame(t *testing.T) {
	const name = "v10.events.example.com"
	one, other := to(name, 443, "tcp"), to(name, 443, "tcp")
	other.ID, other.Client, other.ClientLabel = 7, netip.MustParseAddr("172.17.0.9"), "container-9f2"
	other.Servers = []Server{{netip.MustParseAddr("203.0.113.9"), &vendors.Place{ASN: 64501, Country: "GB", Network: "Another CDN"}}}
	other.Transport, other.Vendor, other.Product, other.VendorBasis = "udp", "Another catalogue's", "x", "catalogue"
	other.PayloadOut, other.Flows = 7, 9
	if one.Key() != other.Key() {
		t.Errorf("%q and %q", one.Key(), other.Key())
	}
	for _, change := range []func(d *Destination){
		func(d *Destination) { d.Name = "v10.upload.example.com" },
		func(d *Destination) { d.Name = "v10.events.example.net" },
		func(d *Destination) { d.Port = 8443 },
		func(d *Destination) { d.Asset = "cameras" },
	} {
		d := to(name, 443, "tcp")
		change(d)
		if d.Key() == one.Key() {
			t.Errorf("%q is the key of another destination too", d.Key())
		}
	}
}

func TestBaseline(t *testing.T) {
	b := NewBaseline()
	for _, k := range Keys([]*Destination{to("a.example.com", 443, "tcp")}, []Finding{{Rule: "beacon", Destinations: []DestinationID{1}, Status: Open}, {Rule: "bulk-upload", Destinations: []DestinationID{1}, Status: Suppressed}}) {
		b.Add(k)
	}
	for _, c := range []struct {
		rule string
		d    *Destination
		want bool
	}{
		{LockRule, to("a.example.com", 443, "udp"), true},
		{LockRule, to("a.example.com", 0, "dns"), true},
		{LockRule, to("b.example.com", 0, "dns"), false},
		{LockRule, to("a.example.com", 80, "tcp"), false},
		{"beacon", to("a.example.com", 443, "tcp"), true},
		{"bulk-upload", to("a.example.com", 443, "tcp"), false},
	} {
		if got := b.Has(c.rule, c.d); got != c.want {
			t.Errorf("%s %s: %v", c.rule, c.d.Key(), got)
		}
	}
}
