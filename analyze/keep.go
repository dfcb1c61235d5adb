package analyze

import (
	"slices"
)

// Keep applies filters to a result that was read from a file, as a scan does with Options.Only. Coverage stays that of the whole capture; of a vendor that
// lost destinations, the hours are not known any more.
func (r *Result) Keep(only []Only) {
	if len(only) == 0 {
		return
	}
	before := map[string]int{}
	for _, d := range r.Destinations {
		before[d.Vendor]++
	}
	r.Destinations = keepOnly(r.Destinations, only)
	for _, o := range only {
		r.Settings.Only = append(r.Settings.Only, o.Field+"="+o.Value)
	}
	after := map[string]int{}
	for _, d := range r.Destinations {
		after[d.Vendor]++
	}
	sums := sumVendors(r.Destinations)
	for i, v := range sums {
		if whole := slices.IndexFunc(r.Vendors, func(w Vendor) bool { return w.Vendor == v.Vendor }); whole >= 0 && before[v.Vendor] == after[v.Vendor] {
			sums[i] = r.Vendors[whole]
		}
	}
	r.Vendors = sums
	r.Findings = keepFindings(r.Findings, r.Destinations)
	r.Clients = keepClients(r.Clients, r.Destinations)
	r.Summary = summarise(r)
}
