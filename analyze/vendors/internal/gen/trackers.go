package main

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"phonehome/analyze/vendors"
)

// entity is one company or product of third-party-web.
type entity struct {
	Name     string   `json:"name"`
	Company  string   `json:"company"`
	Category string   `json:"category"`
	Domains  []string `json:"domains"`
}

// trackerPurposes are the categories that are kept, and the purpose that stands for each.
var trackerPurposes = map[string]vendors.Purpose{"ad": vendors.Other, "analytics": vendors.Analytics}

// trackerProducts say in words what a category is.
var trackerProducts = map[string]string{"ad": "advertising", "analytics": "web analytics"}

// trackers re-writes the advertising and analytics categories of third-party-web.
func trackers(s source) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(s.folder, "dist", "entities-nostats.json"))
	if err != nil {
		return nil, err
	}
	var entities []entity
	if err := json.Unmarshal(text, &entities); err != nil {
		return nil, err
	}
	return vendors.Compile(s.version, trackerVendors(entities)), nil
}

// trackerVendors are the entities by company. A domain that two entities claim is left out: nobody knows which of them it is.
func trackerVendors(entities []entity) []vendors.Vendor {
	claims := map[string]int{}
	for _, e := range entities {
		for _, d := range e.Domains {
			claims[bare(d)]++
		}
	}
	companies := map[string]*vendors.Vendor{}
	for _, e := range entities {
		if _, kept := trackerPurposes[e.Category]; !kept {
			continue
		}
		domains := slices.DeleteFunc(bareAll(e.Domains), func(d string) bool { return claims[d] > 1 || !registered(d) })
		if len(domains) == 0 {
			continue
		}
		name := cmp.Or(e.Company, e.Name)
		v := companies[name]
		if v == nil {
			v = &vendors.Vendor{Name: name}
			companies[name] = v
		}
		v.Products = append(v.Products, product(e, name, domains))
	}
	return sorted(companies)
}

func product(e entity, company string, domains []string) vendors.Product {
	name := trackerProducts[e.Category]
	if e.Name != company {
		name = e.Name + " (" + name + ")"
	}
	return vendors.Product{Name: name, Purpose: trackerPurposes[e.Category], Basis: vendors.BasisThirdParty, Evidence: vendors.EvidenceList, Domains: domains}
}

// bare is a domain without the mark that those below it count too: in the catalogue they always do.
func bare(d string) string { return strings.ToLower(strings.TrimPrefix(d, "*.")) }

func bareAll(domains []string) []string {
	out := make([]string, 0, len(domains))
	for _, d := range domains {
		out = append(out, bare(d))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// registered says whether a domain is below a public suffix: a suffix itself has many tenants.
func registered(d string) bool {
	_, err := publicsuffix.EffectiveTLDPlusOne(d)
	return err == nil
}

func sorted(companies map[string]*vendors.Vendor) []vendors.Vendor {
	out := make([]vendors.Vendor, 0, len(companies))
	for _, v := range companies {
		out = append(out, *v)
	}
	slices.SortFunc(out, func(a, b vendors.Vendor) int { return strings.Compare(a.Name, b.Name) })
	return out
}
