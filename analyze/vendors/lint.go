package vendors

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// linter collects what is wrong in a catalogue.
type linter struct {
	problems []error
	vendors  map[string]bool
	domains  map[string]claim
}

// claim is who has a domain.
type claim struct{ vendor, within string }

func (l *linter) add(format string, args ...any) {
	l.problems = append(l.problems, fmt.Errorf(format, args...))
}

// lint returns all that is wrong in a catalogue, in its order.
func lint(f file) []error {
	l := linter{vendors: map[string]bool{}, domains: map[string]claim{}}
	if f.Version == "" {
		l.add("no version")
	}
	for _, v := range f.Vendors {
		l.vendor(v)
	}
	for _, v := range f.Vendors {
		l.overlaps(v)
	}
	for _, h := range f.Hosters {
		l.hoster(h)
	}
	return l.problems
}

func (l *linter) vendor(v fileVendor) {
	switch {
	case strings.TrimSpace(v.Vendor) != v.Vendor || v.Vendor == "":
		l.add("vendor %q: no name, or space around it", v.Vendor)
	case l.vendors[v.Vendor]:
		l.add("vendor %q: given twice", v.Vendor)
	case len(v.Products) == 0:
		l.add("vendor %q: no products", v.Vendor)
	}
	l.vendors[v.Vendor] = true
	if v.Country != "" && !countryCode(v.Country) {
		l.add("vendor %q: country %q is no ISO 3166-1 alpha-2 code", v.Vendor, v.Country)
	}
	for _, n := range v.Networks {
		if !network(n) {
			l.add("vendor %q: network %q is neither a prefix nor AS and a number", v.Vendor, n)
		}
	}
	for _, p := range v.Products {
		l.product(v.Vendor, p)
	}
}

func (l *linter) product(vendor string, p fileProduct) {
	if p.Product == "" || len(p.Domains) == 0 {
		l.add("vendor %q: a product without name or without domains", vendor)
	}
	if !slices.Contains(Purposes(), p.Purpose) {
		l.add("vendor %q: product %q: purpose %q is unknown", vendor, p.Product, p.Purpose)
	}
	if !slices.Contains(Evidences(), p.Evidence) {
		l.add("vendor %q: product %q: evidence %q is unknown", vendor, p.Product, p.Evidence)
	}
	if p.Evidence == EvidenceDocument && p.Reference == "" {
		l.add("vendor %q: product %q: the evidence is a document, and no reference says which", vendor, p.Product)
	}
	for _, d := range p.Domains {
		l.domain(vendor, p, d)
	}
}

func (l *linter) domain(vendor string, p fileProduct, d string) {
	ascii, problem := normalise(d)
	r := register(ascii)
	had, twice := l.domains[d]
	switch {
	case problem != "" || ascii != d:
		l.add("vendor %q: domain %q is not written as the catalogue does: lower case, ASCII, no wildcard, no last dot", vendor, d)
	case r.suffix == d && !(p.Suffix && r.private):
		l.add("vendor %q: domain %q is a public suffix: what is below it is others'", vendor, d)
	case twice:
		l.add("vendor %q: domain %q is also of vendor %q", vendor, d, had.vendor)
	}
	l.domains[d] = claim{vendor, p.Within}
}

// overlaps finds domains that lie in another vendor's, unless the product says so.
func (l *linter) overlaps(v fileVendor) {
	for _, p := range v.Products {
		for _, d := range p.Domains {
			for above := parent(d); above != ""; above = parent(above) {
				c, ok := l.domains[above]
				if ok && c.vendor != v.Vendor && c.vendor != p.Within {
					l.add("vendor %q: domain %q is in %q of vendor %q: the product must say `within`", v.Vendor, d, above, c.vendor)
				}
			}
		}
		if p.Within != "" && !l.vendors[p.Within] {
			l.add("vendor %q: within %q, which is no vendor", v.Vendor, p.Within)
		}
	}
}

func (l *linter) hoster(h fileHoster) {
	if h.Hoster == "" || len(h.Patterns) == 0 {
		l.add("hoster %q: no name or no patterns", h.Hoster)
	}
	for _, text := range h.Patterns {
		p := newPattern(h.Hoster, text)
		plain := strings.ReplaceAll(strings.TrimPrefix(text, tenantLabel+"."), "*", "x")
		if ascii, problem := normalise(plain); problem != "" || ascii != plain || !strings.Contains(p.literal, ".") {
			l.add("hoster %q: pattern %q: want labels in lower case, the last two without `*`, {tenant} only in front", h.Hoster, text)
		}
	}
}

func countryCode(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

func network(s string) bool {
	if number, ok := strings.CutPrefix(s, "AS"); ok {
		_, err := strconv.ParseUint(number, 10, 32)
		return err == nil
	}
	p, err := netip.ParsePrefix(s)
	return err == nil && p.Masked() == p
}
