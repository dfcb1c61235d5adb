// Package vendors says whose a destination is: catalogue, registrable domain, country, network, device maker.
package vendors

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// Purpose is what a vendor's destination is for. The values are those of `purpose` in a register.
type Purpose string

// The purposes.
const (
	Telemetry        Purpose = "telemetry"
	Update           Purpose = "update"
	Crash            Purpose = "crash"
	Licence          Purpose = "licence"
	CloudStorage     Purpose = "cloud-storage"
	RemoteAccess     Purpose = "remote-access"
	SecurityCloud    Purpose = "security-cloud"
	DeviceManagement Purpose = "device-management"
	Analytics        Purpose = "analytics"
	Business         Purpose = "business"
	Other            Purpose = "other"
)

// Purposes are all purposes, in the order in which the documentation lists them.
func Purposes() []Purpose {
	return []Purpose{Telemetry, Update, Crash, Licence, CloudStorage, RemoteAccess, SecurityCloud, DeviceManagement, Analytics, Business, Other}
}

// The bases of a Match: what the vendor's name rests on, surest first.
const (
	BasisCatalogue   = "catalogue"
	BasisUnverified  = "catalogue-unverified" // in the catalogue, but its evidence was not checked
	BasisThirdParty  = "third-party-web"      // the public list of that name, its advertising and analytics categories
	BasisRegistrable = "registrable-domain"   // the vendor is not known; its domain stands for it
	BasisNone        = "none"
)

// Evidence says why the catalogue holds a product's domains to be its vendor's.
type Evidence string

// The kinds of evidence, strongest first. What each is worth is in docs/decisions/0005-catalogue.md.
const (
	EvidenceDocument Evidence = "document" // a page of the vendor, or about the product, names the domain or the service: see Reference
	EvidenceList     Evidence = "list"     // a public list of companies' domains has it, or the domain above it
	EvidenceCode     Evidence = "code"     // published code, logs or manuals for the product name it
	EvidenceName     Evidence = "name"     // the domain is the company's, brand's or product's own name
	EvidenceNone     Evidence = "none"     // not checked: the basis is catalogue-unverified
)

// Evidences are all kinds of evidence, strongest first.
func Evidences() []Evidence {
	return []Evidence{EvidenceDocument, EvidenceList, EvidenceCode, EvidenceName, EvidenceNone}
}

// Vendor is a company of the catalogue.
type Vendor struct {
	Name      string    `json:"vendor"`
	Country   string    `json:"country"`   // of its head office, ISO 3166-1 alpha-2; "" where unknown or disputed
	Reference string    `json:"reference"` // a page of the vendor about its domains; "" is none
	Networks  []string  `json:"networks"`  // its own prefixes and AS numbers: to be read, never used to name a destination
	Products  []Product `json:"products"`
}

// Product is what a vendor's domains belong to.
type Product struct {
	Name      string   `json:"product"`
	Purpose   Purpose  `json:"purpose"`
	Basis     string   `json:"basis"`
	Evidence  Evidence `json:"evidence"`
	Reference string   `json:"reference"`
	Domains   []string `json:"domains"` // each stands for itself and all names below it; lower case, IDNA in ASCII
}

// Hoster is a cloud, a CDN or the like: what lies in it is its tenants', who alone are the recipients.
type Hoster struct {
	Name     string   `json:"hoster"`
	Patterns []string `json:"patterns"` // see pattern
}

// Catalogue maps names to vendors. It does not change once it is made, and may be used by many goroutines.
type Catalogue struct {
	version string
	vendors []Vendor // sorted by name
	hosters []Hoster
	text    string // what SHA256 is of
	index   map[string]node
}

// node is what the catalogue holds of one domain.
type node struct {
	own, tracker *row
	patterns     []pattern // those that end in this domain, the most specific first
}

// row is one domain of the catalogue.
type row struct {
	vendor  *Vendor
	product *Product
	domain  string
}

// Default returns the catalogue that is built in: our own, and below it the trackers of third-party-web.
func Default() *Catalogue {
	c := &Catalogue{text: catalogueText + trackersText}
	own, tracked := mustDecode(catalogueText), mustDecode(trackersText)
	c.version, c.hosters = own.version, own.hosters
	c.vendors = slices.Concat(own.vendors, tracked.vendors)
	c.build()
	return c
}

// build makes the index.
func (c *Catalogue) build() {
	c.index = make(map[string]node, 4096)
	for i := range c.vendors {
		v := &c.vendors[i]
		for j := range v.Products {
			c.addProduct(v, &v.Products[j])
		}
	}
	for _, h := range c.hosters {
		for _, text := range h.Patterns {
			c.addPattern(newPattern(h.Name, text))
		}
	}
}

func (c *Catalogue) addProduct(v *Vendor, p *Product) {
	rows := make([]row, len(p.Domains))
	for i, d := range p.Domains {
		rows[i] = row{v, p, d}
		n := c.index[d]
		if p.Basis == BasisThirdParty {
			n.tracker = &rows[i]
		} else {
			n.own = &rows[i]
		}
		c.index[d] = n
	}
}

func (c *Catalogue) addPattern(p pattern) {
	n := c.index[p.literal]
	n.patterns = append(n.patterns, p)
	slices.SortStableFunc(n.patterns, func(a, b pattern) int { return b.rank - a.rank })
	c.index[p.literal] = n
}

// Version is the date of the catalogue, "2006-01-02" or what its YAML says.
func (c *Catalogue) Version() string { return c.version }

// SHA256 is the hash of the catalogue's text, in hexadecimal digits: of the YAML, or of the compiled text of the one that is built in.
func (c *Catalogue) SHA256() string {
	sum := sha256.Sum256([]byte(c.text))
	return hex.EncodeToString(sum[:])
}

// Vendors returns all vendors, sorted by name within the catalogue's own and then within the trackers. The caller must not change them.
func (c *Catalogue) Vendors() []Vendor { return c.vendors }

// Hosters returns all hosters, in the order of the YAML. The caller must not change them.
func (c *Catalogue) Hosters() []Hoster { return c.hosters }
