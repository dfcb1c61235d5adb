// Package vendors says whose a destination is: catalogue, registrable domain, country, network, device maker.
package vendors

import "net/netip"

// Catalogue maps names to vendors.
type Catalogue struct{}

// Match is what is known of one name.
type Match struct {
	Name, Vendor, Product, Purpose, Basis, Hoster, Tenant, RegistrableDomain string
}

// Place is where an address is, in a database's opinion.
type Place struct {
	Country string
	ASN     uint32
	Network string
}

// Database is one GeoIP database.
type Database struct{ Type, Built, SHA256, Source string }

// GeoOptions say which databases are asked.
type GeoOptions struct {
	Country, ASN []string
	Embedded     bool
}

// Geo looks up addresses.
type Geo struct{}

func Default() *Catalogue                           { return &Catalogue{} }
func (c *Catalogue) Match(name string) Match        { return Match{Name: name, Basis: "none"} }
func (c *Catalogue) Version() string                { return "" }
func (c *Catalogue) SHA256() string                 { return "" }
func OpenGeo(o GeoOptions) (*Geo, error)            { return &Geo{}, nil }
func (g *Geo) Lookup(netip.Addr) Place              { return Place{} }
func (g *Geo) Databases() (country, asn []Database) { return nil, nil }
func (g *Geo) Close() error                         { return nil }
func Maker(mac [6]byte) string                      { return "" }
