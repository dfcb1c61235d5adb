// Package judge says what destinations mean: it joins flows and names into destinations, and these, by rules, into findings.
package judge

import (
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"phonehome/analyze/disclosure"
	"phonehome/analyze/flow"
	"phonehome/analyze/vendors"
)

// State says how far a transfer got.
type State string

// The states, strongest first.
const (
	Transferred State = "transferred" // payload went out
	Connected   State = "connected"   // answered, no payload out
	Attempted   State = "attempted"   // unanswered SYN or datagram
	LookedUp    State = "looked-up"   // only a DNS query
)

// Destination is all outbound traffic of one client to one name (or address, where nothing names it, or network, where nobody answers either), port and transport.
// What many destinations have alike they share by pointers, of which none but Cited is nil: it is not to be changed in place.
type Destination struct {
	ID     DestinationID `json:"id"`
	number uint32        // in Citations
	*Inside
	Name string `json:"name"` // "" where there is none, or where several fit (see other_names)
	*Naming
	*Reached
	*Service
	*Attribution
	*Course
	Flows      uint64                `json:"flows"`
	PacketsOut uint64                `json:"packets_out"`
	PacketsIn  uint64                `json:"packets_in"`
	WireOut    uint64                `json:"wire_out"`
	WireIn     uint64                `json:"wire_in"`
	PayloadOut uint64                `json:"payload_out"`
	PayloadIn  uint64                `json:"payload_in"`
	First      Instant               `json:"first"`
	Last       Instant               `json:"last"`
	Disclosure *disclosure.Judgement `json:"disclosure"`
	*Cited                           // nil in a scan's until it is asked for: see Citations
}

// DestinationID is the place of a destination in the whole result, from 1 on. As text it is "d1", "d2" ...
type DestinationID uint32

const destinationLetter = "d"

// String is the ID as a result has it.
func (n DestinationID) String() string { return destinationLetter + strconv.FormatUint(uint64(n), 10) }

// MarshalText writes the ID.
func (n DestinationID) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads an ID of a saved result.
func (n *DestinationID) UnmarshalText(b []byte) error {
	digits, ok := strings.CutPrefix(string(b), destinationLetter)
	v, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil {
		return fmt.Errorf("%q is not the id of a destination", b)
	}
	*n = DestinationID(v)
	return nil
}

// Instant is a time of a capture, in nanoseconds since 1970 UTC: a third of a time.Time, and nothing that the garbage collector has to look at.
type Instant int64

// InstantOf is a time as an Instant: the nearest, of one that is beyond them.
func InstantOf(t time.Time) Instant {
	switch {
	case t.Before(time.Unix(0, math.MinInt64)):
		return math.MinInt64
	case t.After(time.Unix(0, math.MaxInt64)):
		return math.MaxInt64
	}
	return Instant(t.UnixNano())
}

// Time is the instant in UTC.
func (t Instant) Time() time.Time { return time.Unix(0, int64(t)).UTC() }

// MarshalText writes RFC 3339 with nanoseconds.
func (t Instant) MarshalText() ([]byte, error) { return t.Time().MarshalText() }

// UnmarshalText reads RFC 3339.
func (t *Instant) UnmarshalText(b []byte) error {
	var at time.Time
	err := at.UnmarshalText(b)
	*t = InstantOf(at)
	return err
}

// Inside is the inside end of destinations.
type Inside struct {
	Client      netip.Addr `json:"client"`
	ClientLabel string     `json:"client_label,omitempty"` // best label, see clients[].labels for its basis
	Asset       string     `json:"asset,omitempty"`        // of the register, that the client is of
	LabelBasis  string     `json:"-"`                      // of ClientLabel
}

// Naming says how the names of destinations are known.
type Naming struct {
	NameSource string      `json:"name_source"` // name kind: "tls-sni", "dns", "dns-other-client", "certificate" ...; "none"
	OtherNames []OtherName `json:"other_names"`
	Notes      []string    `json:"notes,omitempty"` // for instance "no DNS answer seen supports this name"
}

// Reached is where destinations are.
type Reached struct {
	Servers      []Server `json:"servers"` // at most 64, those with most payload out; servers_total counts all
	ServersTotal int      `json:"servers_total"`
}

// Service is what destinations are reached by.
type Service struct {
	Port      uint16 `json:"port"`
	Transport string `json:"transport"`
	Protocol  string `json:"protocol"` // recognised by content, "" if not
}

// Course is how transfers went.
type Course struct {
	State    State  `json:"state"`
	OpenedBy string `json:"opened_by"`     // "client", "server", "both": which end began the flows
	Via      string `json:"via,omitempty"` // the inside proxy, address:port

	hours []HourOut // payload out by hour, in no order; empty where all went in the hour of First, nil where it is not known
}

// ByHour is the payload out by hour, in no order: nothing, of a saved result, which does not say.
func (o *Destination) ByHour() iter.Seq[HourOut] {
	return func(yield func(HourOut) bool) {
		if o.hours != nil && len(o.hours) == 0 && o.PayloadOut > 0 {
			yield(HourOut{flow.HourOf(int64(o.First)), o.PayloadOut})
		}
		for _, h := range o.hours {
			if !yield(h) {
				return
			}
		}
	}
}

// Attribution says whose destinations are.
type Attribution struct {
	Vendor            string `json:"vendor"` // company; "" is unknown
	Product           string `json:"product"`
	Purpose           string `json:"purpose"`
	VendorBasis       string `json:"vendor_basis"`     // "catalogue", "catalogue-unverified", "third-party-web", "registrable-domain", "none"
	Hoster            string `json:"hoster,omitempty"` // whose cloud or CDN the name lies in; never the vendor
	Tenant            string `json:"tenant,omitempty"` // the tenant's label in the hoster's name
	RegistrableDomain string `json:"registrable_domain,omitempty"`
}

// NewDestination returns a destination that nothing is known of, and that has all parts.
func NewDestination() *Destination {
	return &Destination{Inside: &Inside{}, Naming: &Naming{}, Reached: &Reached{}, Service: &Service{}, Attribution: &Attribution{}, Course: &Course{}, Cited: &Cited{}, Disclosure: &disclosure.Judgement{}}
}

// UnmarshalJSON reads a destination of a saved result. One that lacks keys has all parts too.
func (o *Destination) UnmarshalJSON(b []byte) error {
	type plain Destination
	p := plain(*NewDestination())
	err := json.Unmarshal(b, &p)
	if p.Disclosure == nil {
		p.Disclosure = &disclosure.Judgement{} // the key was null
	}
	*o = Destination(p)
	return err
}

// OtherName is a name that also fits, with its source.
type OtherName struct {
	Name   string `json:"name"`
	Source string `json:"source"`
}

// Server is one address of a destination.
type Server struct {
	IP netip.Addr `json:"ip"`
	*vendors.Place
}

// UnmarshalJSON reads a server of a saved result. One that lacks keys has a place too.
func (s *Server) UnmarshalJSON(b []byte) error {
	type plain Server
	p := plain{Place: &vendors.Place{}}
	err := json.Unmarshal(b, &p)
	*s = Server(p)
	return err
}

// Evidence cites frames of one capture, in order.
type Evidence struct {
	Capture int      `json:"capture"`
	Frames  []uint64 `json:"frames"`
	What    string   `json:"what"`
	Filter  string   `json:"filter"` // Wireshark display filter that selects just those
}

// DisplayFilter is the Wireshark display filter that selects just the frames cited.
func (e *Evidence) DisplayFilter() string { return frameFilter(e.Frames) }

// UnmarshalJSON reads evidence of a saved result. The filter says what the frames say.
func (e *Evidence) UnmarshalJSON(b []byte) error {
	type plain Evidence
	err := json.Unmarshal(b, (*plain)(e))
	e.Filter = e.DisplayFilter()
	return err
}

// HourOut is the payload out of one UTC hour, counted since 1970.
type HourOut struct {
	Hour       int32
	PayloadOut uint64
}
