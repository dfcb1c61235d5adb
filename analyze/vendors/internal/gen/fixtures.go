package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"go4.org/netipx"
)

// fixtureRow is one network of the databases for tests.
type fixtureRow struct {
	prefix, country string
	asn             uint32
	network         string
}

// fixtureRows are networks of documentation (RFC 5737, RFC 3849) with AS numbers of documentation (RFC 5398).
var fixtureRows = []fixtureRow{
	{"192.0.2.0/24", "US", 64496, "Example Networks"},
	{"198.51.100.0/24", "CN", 64497, "Example Telecom"},
	{"203.0.113.0/24", "GB", 64500, "ExampleSec"},
	{"2001:db8:1::/48", "DE", 64498, "Example Hosting"},
	{"2001:db8:2::/48", "US", 64496, "Example Networks"},
	{"2001:db8:3::/48", "", 64511, "Example Transit"},
}

// fixtureDate is the day that the databases say they were built.
var fixtureDate = source{version: "1", date: time.Date(2018, 11, 1, 0, 0, 0, 0, time.UTC)}

// fixtures returns the databases for tests by file name.
func fixtures() (map[string][]byte, error) {
	country, err := fixtureTree(countryType)
	if err != nil {
		return nil, err
	}
	asn, err := fixtureTree(asnType)
	if err != nil {
		return nil, err
	}
	for _, row := range fixtureRows {
		p := netipx.PrefixIPNet(netip.MustParsePrefix(row.prefix))
		if row.country != "" {
			if err := country.Insert(p, countryValue(row.country)); err != nil {
				return nil, err
			}
		}
		if err := asn.Insert(p, asnValue(row.asn, row.network)); err != nil {
			return nil, err
		}
	}
	out := map[string][]byte{}
	for name, tree := range map[string]*mmdbwriter.Tree{"country.mmdb": country, "asn.mmdb": asn} {
		if out[name], err = write(tree); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// fixtureTree starts a database for tests: networks of documentation are reserved.
func fixtureTree(kind string) (*mmdbwriter.Tree, error) {
	o := options(kind, "for tests: networks of documentation", fixtureDate)
	o.IncludeReservedNetworks = true
	return mmdbwriter.New(o)
}

func countryValue(code string) mmdbtype.Map {
	return mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(code)}}
}

func asnValue(number uint32, organisation string) mmdbtype.Map {
	return mmdbtype.Map{
		"autonomous_system_number":       mmdbtype.Uint32(number),
		"autonomous_system_organization": mmdbtype.String(organisation),
	}
}

func writeFixtures(dir string) error {
	files, err := fixtures()
	if err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
