package disclosure

import (
	"net/netip"
	"slices"
	"time"
)

// Register is the customer's dated list of transfers that vendors disclosed and the customer approved, of all files given.
type Register struct {
	Organisation  string
	Internal      []netip.Prefix
	HomeCountries []string
	NAT           []netip.Addr // inside addresses that stand for many clients
	Assets        []Asset
	Entries       []Entry
	Files         []FileSum

	assets map[string]int // places in Assets, by name
	index  index
}

// FileSum identifies a file of the register.
type FileSum struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// Asset is hosts with a role, and what they may do.
type Asset struct {
	Name   string
	Role   string
	Egress Egress
	Hosts  []netip.Prefix

	at string // "file:line:column"
}

// Egress is what an asset may send.
type Egress string

// The words of Egress.
const (
	EgressNone      Egress = "none"
	EgressDisclosed Egress = "disclosed"
	EgressAny       Egress = "any"
)

// Status says whether an entry discloses.
type Status string

// The words of Status: only Approved discloses.
const (
	Approved Status = "approved"
	Proposed Status = "proposed"
	Revoked  Status = "revoked"
)

// Entry is one approved, proposed or revoked disclosure.
type Entry struct {
	ID, Vendor, Product, Purpose, Kind string
	Status                             Status
	Start, End                         time.Time // whole UTC days; End is the last one that is covered; zero is open
	Destinations                       []Pattern
	Countries                          []string // "any" alone: all; nil: home countries
	Hosts                              []string // networks, or names of assets; nil: all
	Data                               []string
	MaxBytesOutPerDay                  uint64 // payload of all hosts together; 0: no limit
	Reference, Owner                   string
	File                               string
	Line                               int

	place    string           // of its id, or of the entry where it has none: "file:line:column"
	named    []placed         // hosts that are names of assets
	networks [][]netip.Prefix // Hosts: its own networks, and those of each asset, shared with it
}

// placed is a text with the place where it stands.
type placed struct{ text, at string }

// Pattern is what an entry covers: one of Domain, CIDR and ASN.
type Pattern struct {
	Domain string // "x", or "*.x" for all names below x and not x itself
	CIDR   netip.Prefix
	ASN    uint32
	Ports  []Service // nil: all
}

// Service is a port of a transport.
type Service struct {
	Port      uint16
	Transport string // "tcp", "udp", "sctp"
}

// any is the word in Countries that allows all.
const anyCountry = "any"

// HasName says whether an entry of any status has a name, or one above it with all that is below.
func (r *Register) HasName(name string) bool {
	return name != "" && len(r.index.byName(normal(name))) > 0
}

// HasAddr says whether an entry of any status has an address, or its network by number.
func (r *Register) HasAddr(a netip.Addr, asn uint32) bool { return len(r.index.byAddr(a, asn)) > 0 }

// Stranger is what a register says of a destination of which it has neither name nor address, whatever else it is asked about.
func Stranger(subject string) *Judgement {
	return &Judgement{Verdict: Undisclosed, Reason: strange(subject)}
}

func strange(subject string) string { return subject + " is not in the register supplied" }

// Entry returns the entry of an id, nil where there is none.
func (r *Register) Entry(id string) *Entry {
	if id == "" {
		return nil
	}
	i, ok := r.index.ids[id]
	if !ok {
		return nil
	}
	return &r.Entries[i]
}

// AssetOf returns the asset that an address is of, by the narrowest network; nil where it is of none.
func (r *Register) AssetOf(client netip.Addr) *Asset {
	var best *Asset
	bits := -1
	for i := range r.Assets {
		for _, p := range r.Assets[i].Hosts {
			if p.Contains(client) && p.Bits() > bits {
				best, bits = &r.Assets[i], p.Bits()
			}
		}
	}
	return best
}

// Inside are the networks that the register adds to those that count as inside: also the addresses that stand for many clients.
func (r *Register) Inside() []netip.Prefix {
	inside := slices.Clone(r.Internal)
	for _, a := range r.NAT {
		inside = append(inside, netip.PrefixFrom(a, a.BitLen()))
	}
	return inside
}

// Shared says whether an inside address stands for many clients, so that hosts and assets can't be judged.
func (r *Register) Shared(client netip.Addr) bool { return slices.Contains(r.NAT, client) }

// day is the UTC day of an hour since 1970.
func day(hour int32) time.Time {
	const seconds = 3600
	return time.Unix(int64(hour)*seconds, 0).UTC().Truncate(24 * time.Hour)
}

// at says how a moment stands to an entry's days: -1 before, 1 after, 0 within; past counts the days after the end.
func (e *Entry) at(t time.Time) (side, past int) {
	d := t.UTC().Truncate(24 * time.Hour)
	switch {
	case !e.Start.IsZero() && d.Before(e.Start):
		return -1, 0
	case !e.End.IsZero() && d.After(e.End):
		return 1, daysFrom(e.End, d)
	}
	return 0, 0
}

// daysFrom counts the days from one UTC day to another: a time.Duration ends after 292 years.
func daysFrom(a, b time.Time) int {
	const day = 24 * 60 * 60
	return int((b.Unix() - a.Unix()) / day)
}

// covers says whether the entry is for a host.
func (e *Entry) covers(client netip.Addr) bool {
	return len(e.Hosts) == 0 || slices.ContainsFunc(e.networks, func(list []netip.Prefix) bool {
		return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(client) })
	})
}

// allowed are the countries that an entry allows; nil for all.
func (r *Register) allowed(e *Entry) []string {
	switch {
	case slices.Contains(e.Countries, anyCountry):
		return nil
	case len(e.Countries) > 0:
		return e.Countries
	}
	return r.HomeCountries
}

// serves says whether a pattern is for the port of some traffic. A name that was only looked up was sent to none.
func (p *Pattern) serves(t *Traffic) bool {
	lookedUp := len(t.Parts) == 0 && t.Port == 0
	return lookedUp || len(p.Ports) == 0 || slices.Contains(p.Ports, Service{t.Port, t.Transport})
}
