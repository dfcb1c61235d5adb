package vendors

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/oschwald/geoip2-golang/v2"
	"github.com/oschwald/maxminddb-golang/v2"
)

// Place is where an address is and whose network it is of, in a database's opinion.
type Place struct {
	Country string `json:"country"`       // ISO 3166-1 alpha-2; "" is unknown
	ASN     uint32 `json:"asn,omitempty"` // 0 is unknown
	Network string `json:"network"`       // the organisation of the AS: the owner of the network, not the vendor
}

// Database is one GeoIP database.
type Database struct {
	Type   string // as its metadata has it
	Built  string // date, UTC
	SHA256 string // of the file, hexadecimal digits
	Source string // "embedded" or the path given
}

// GeoOptions say which databases are asked: Country and ASN are paths of .mmdb files, asked in their order, then the embedded ones.
type GeoOptions struct {
	Country, ASN []string
	Embedded     bool
}

// embeddedSource is the Source of databases that are built in.
const embeddedSource = "embedded"

// Geo looks up addresses. It is for one goroutine.
type Geo struct {
	country, asn []database
	places       map[Place]*Place // each once
	near         netip.Prefix     // a network with the latest address, of which all is at one place
	at           *Place
	err          error
}

// database is one database: reader knows the types, records gives single fields without the rest of a record.
type database struct {
	reader  *geoip2.Reader
	records *maxminddb.Reader
	info    Database
	known   map[uintptr]Place // what records hold, by their place in the file: many networks have the same
	read    Place             // the record that is being read
	near    netip.Prefix      // the network of the latest address, whose record is at
	at      Place
}

// OpenGeo opens databases of GeoIP2, GeoLite2 or DB-IP: for countries one of type Country, City or Enterprise, for networks one of type ASN or ISP. Files are
// read whole, and hashed; the embedded ones are opened in place.
func OpenGeo(o GeoOptions) (*Geo, error) {
	g := &Geo{}
	var err error
	if g.country, err = openAll(o.Country, "countries", probeCountry); err != nil {
		return nil, err
	}
	if g.asn, err = openAll(o.ASN, "networks", probeASN); err != nil {
		return nil, err
	}
	if !o.Embedded {
		return g, nil
	}
	country, err := openBytes(countryData, countrySHA256, embeddedSource)
	if err != nil {
		return nil, err
	}
	asn, err := openBytes(asnData, asnSHA256, embeddedSource)
	if err != nil {
		return nil, err
	}
	g.country, g.asn = append(g.country, country), append(g.asn, asn)
	return g, nil
}

func openAll(paths []string, what string, probe func(*geoip2.Reader) error) (out []database, err error) {
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("geoip: %w", err)
		}
		sum := sha256.Sum256(text)
		d, err := openBytes(text, hex.EncodeToString(sum[:]), path)
		if err != nil {
			return nil, err
		}
		var other geoip2.InvalidMethodError
		if errors.As(probe(d.reader), &other) {
			return nil, fmt.Errorf("geoip: %s: a database of type %s has no %s", path, d.info.Type, what)
		}
		out = append(out, d)
	}
	return out, nil
}

func probeCountry(r *geoip2.Reader) error { _, err := r.Country(netip.IPv4Unspecified()); return err }
func probeASN(r *geoip2.Reader) error     { _, err := r.ASN(netip.IPv4Unspecified()); return err }

func openBytes(text []byte, sum, source string) (database, error) {
	r, err := geoip2.OpenBytes(text)
	if err != nil {
		return database{}, fmt.Errorf("geoip: %s: %w", source, err)
	}
	records, err := maxminddb.OpenBytes(text)
	if err != nil {
		return database{}, fmt.Errorf("geoip: %s: %w", source, err)
	}
	m := r.Metadata()
	built := time.Unix(int64(m.BuildEpoch), 0).UTC().Format(time.DateOnly)
	return database{reader: r, records: records, info: Database{m.DatabaseType, built, sum, source}, known: map[uintptr]Place{}}, nil
}

// Lookup asks the databases in their order, field by field: the first that knows a field has it. A network's name is only taken from a database that
// knows the same AS number. Addresses of the same place share it: it is not to be changed.
func (g *Geo) Lookup(ip netip.Addr) *Place {
	ip = ip.Unmap().WithZone("")
	if g.near.Contains(ip) {
		return g.at // addresses of one network come one after the other
	}
	g.near = netip.Prefix{}
	var p Place
	for i := range g.country {
		if p.Country != "" {
			break
		}
		if known, ok := g.ask(&g.country[i], ip, decodeCountry); ok {
			p.Country = known.Country
		}
	}
	for i := range g.asn {
		if p.Network != "" {
			break
		}
		known, ok := g.ask(&g.asn[i], ip, decodeASN)
		if !ok || p.ASN != 0 && p.ASN != known.ASN {
			continue
		}
		p.ASN, p.Network = known.ASN, known.Network
	}
	g.at = g.share(p)
	return g.at
}

// share is the one of those that are equal.
func (g *Geo) share(p Place) *Place {
	if known := g.places[p]; known != nil {
		return known
	}
	if g.places == nil {
		g.places = map[Place]*Place{}
	}
	own := p
	g.places[p] = &own
	return &own
}

// ask returns what one database holds of an address; false where it can't be read.
func (g *Geo) ask(d *database, ip netip.Addr, decode func(maxminddb.Result, *Place) error) (p Place, ok bool) {
	if d.near.Contains(ip) {
		g.narrow(d.near)
		return d.at, true
	}
	r := d.records.Lookup(ip)
	g.narrow(r.Prefix())
	if !r.Found() {
		return Place{}, g.note(d, ip, r.Err())
	}
	if p, ok = d.known[r.Offset()]; !ok {
		d.read = Place{}
		if !g.note(d, ip, decode(r, &d.read)) {
			return Place{}, false
		}
		p = d.read
		d.known[r.Offset()] = p
	}
	d.near, d.at = r.Prefix(), p
	return p, true
}

// narrow makes near no wider than the network that one database's answer is for.
func (g *Geo) narrow(p netip.Prefix) {
	if p.Bits() > g.near.Bits() {
		g.near = p
	}
}

func decodeCountry(r maxminddb.Result, p *Place) error {
	return r.DecodePath(&p.Country, "country", "iso_code")
}

func decodeASN(r maxminddb.Result, p *Place) error {
	if err := r.DecodePath(&p.ASN, "autonomous_system_number"); err != nil {
		return err
	}
	return r.DecodePath(&p.Network, "autonomous_system_organization")
}

// note keeps the first error, and says whether there was none.
func (g *Geo) note(d *database, ip netip.Addr, err error) bool {
	if err != nil && g.err == nil {
		g.err = fmt.Errorf("geoip: %s: %s: %w", d.info.Source, ip, err)
	}
	return err == nil
}

// Err returns the first error that Lookup met: a damaged database, whose answers are missing.
func (g *Geo) Err() error { return g.err }

// Databases lists the databases in the order in which they are asked.
func (g *Geo) Databases() (country, asn []Database) { return infos(g.country), infos(g.asn) }

func infos(in []database) []Database {
	out := make([]Database, 0, len(in))
	for _, d := range in {
		out = append(out, d.info)
	}
	return out
}

// Close closes the databases.
func (g *Geo) Close() error {
	var errs []error
	for _, d := range slices.Concat(g.country, g.asn) {
		errs = append(errs, d.reader.Close())
	}
	return errors.Join(errs...)
}
