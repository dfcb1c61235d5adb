package analyze

import (
	"net/netip"
	"slices"
	"testing"

	"phonehome/analyze/disclosure"
	"phonehome/analyze/judge"
	"phonehome/analyze/vendors"
)

// went is a destination of a client, in a country.
func went(name, country string, out uint64) *judge.Destination {
	return &judge.Destination{Name: name, Inside: &judge.Inside{Client: netip.MustParseAddr("10.0.0.5")}, Naming: &judge.Naming{},
		Service: &judge.Service{Port: 443, Transport: "tcp"}, Course: &judge.Course{OpenedBy: "client", State: judge.Transferred}, PayloadOut: out, Attribution: &judge.Attribution{Vendor: "Example"}, Disclosure: &disclosure.Judgement{},
		Reached: &judge.Reached{Servers: []judge.Server{{IP: netip.MustParseAddr("203.0.113.9"), Place: &vendors.Place{Country: country}}}}}
}

// asked is a name that was only looked up.
func asked(name string) *judge.Destination {
	d := went(name, "", 0)
	d.Transport, d.Port, d.State, d.Servers = "dns", 0, judge.LookedUp, nil
	return d
}

func resultOf(ds ...*judge.Destination) *Result {
	for i := range ds {
		ds[i].ID = judge.DestinationID(i + 1)
	}
	return &Result{Schema: Schema, Destinations: ds}
}

func changedKeys(cs []Changed) (out []string) {
	for _, c := range cs {
		out = append(out, c.Key)
	}
	return out
}

func TestDiff(t *testing.T) {
	old := resultOf(went("same.example.com", "US", 5_000), went("gone.example.com", "US", 10), went("grown.example.com", "US", 1_000), went("little.example.com", "US", 10), went("moved.example.com", "US", 10),
		went("seen.example.com", "US", 10), asked("chance.example.com"), asked("gone-look-up.example.com"))
	now := resultOf(went("same.example.com", "US", 5_900), went("grown.example.com", "US", 2_500), went("little.example.com", "US", 900), went("moved.example.com", "CN", 10), went("new.example.com", "US", 10),
		went("new-too.example.com", "US", 99), asked("seen.example.com"), went("chance.example.com", "US", 10))
	d := Diff(old, now)
	for _, c := range []struct {
		what string
		got  []Changed
		want []string
	}{
		{"new", d.New, []string{"example.com new-too 443 -", "example.com chance 443 -", "example.com new 443 -"}},
		{"gone", d.Gone, []string{"example.com gone 443 -", "example.com seen 443 -", "example.com gone-look-up looked-up -"}},
		{"grown", d.Grown, []string{"example.com grown 443 -"}},
		{"moved", d.Moved, []string{"example.com moved 443 -"}},
	} {
		if got := changedKeys(c.got); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
	if d.Unchanged != 4 { // same, little, the look-up of what was connected to before, and that of what is connected to now
		t.Errorf("%d unchanged", d.Unchanged)
	}
	if m := d.Moved[0]; !slices.Equal(m.Old.Countries, []string{"US"}) || !slices.Equal(m.New.Countries, []string{"CN"}) {
		t.Errorf("moved %+v", m)
	}
}

// TestDiffRemarks: what makes two results hard to compare is said.
func TestDiffRemarks(t *testing.T) {
	if got := Diff(resultOf(), resultOf()).Remarks; len(got) != 0 {
		t.Errorf("the same: %q", got)
	}
	for _, change := range []func(r *Result){
		func(r *Result) { r.Settings.Catalogue.Version = "2" },
		func(r *Result) { r.Settings.Geo.Country = []Database{{Built: "2018-11-01"}} },
		func(r *Result) { r.Settings.Internal = []string{"10.0.0.0/8"} },
		func(r *Result) { r.Settings.Only = []string{"vendor=x"} },
		func(r *Result) { r.Exit.Code = 3 },
	} {
		r := resultOf()
		change(r)
		if got := Diff(resultOf(), r).Remarks; len(got) != 1 {
			t.Errorf("%q", got)
		}
	}
}
