package analyze

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"phonehome/analyze/capture"
	"phonehome/analyze/disclosure"
	"phonehome/analyze/intel"
	"phonehome/analyze/judge"
)

// Schema names the shape of a Result; readers accept unknown keys, and /1 only grows.
const Schema = "phonehome.result/1"

// Result is what a scan found: facts and judgements of one body of evidence. Its JSON form is the contract in docs/result.md.
type Result struct {
	Schema       string               `json:"schema"`
	Tool         Tool                 `json:"tool"`
	Case         CaseFile             `json:"case,omitzero"`
	Settings     Settings             `json:"settings"`
	Captures     []capture.Info       `json:"captures"`
	Ignored      []capture.Ignored    `json:"ignored"`
	Coverage     Coverage             `json:"coverage"`
	Destinations []*judge.Destination `json:"destinations"`
	Findings     []judge.Finding      `json:"findings"`
	Vendors      []Vendor             `json:"vendors"`
	Clients      []Client             `json:"clients"`
	Register     []judge.Observed     `json:"register"`
	Suppressions []judge.Suppression  `json:"suppressions"`
	Exit         Exit                 `json:"exit"`
	Summary      Summary              `json:"summary"`

	evidence  *evidence        // what WriteFacts writes; nil for a result that was read from a file
	citations *judge.Citations // what Whole adds; nil for one that was read from a file
}

// Whole is a destination of the result with what it cites, which that of a scan lacks until then.
func (r *Result) Whole(d *judge.Destination) *judge.Destination {
	if d.Cited != nil {
		return d
	}
	whole := *d
	whole.Cited = r.citations.Of(d)
	return &whole
}

// Tool says which program made the result.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Commit  string `json:"commit"`
}

// Settings are the inputs, beside the captures, that the result depends on.
type Settings struct {
	Internal         []string             `json:"internal"`
	InternalInferred []Inferred           `json:"internal_inferred"`
	InferInternal    bool                 `json:"infer_internal"`
	Geo              Geo                  `json:"geo"`
	Catalogue        CatalogueInfo        `json:"catalogue"`
	Since            *time.Time           `json:"since,omitempty"`
	Until            *time.Time           `json:"until,omitempty"`
	Only             []string             `json:"only,omitempty"`
	Register         []disclosure.FileSum `json:"register"`
	Intel            []intel.List         `json:"intel"`
	Baseline         []string             `json:"baseline"`
	Rules            []RuleSetting        `json:"rules"` // that the settings change
	FailOn           string               `json:"fail_on"`
	AsOf             string               `json:"as_of"`              // date, UTC
	Command          string               `json:"command,omitempty"`  // the command line without output options
	Redacted         []string             `json:"redacted,omitempty"` // what was left out for sharing: "clients", "names", "payload"
}

// RuleSetting is what the settings make of a rule.
type RuleSetting struct {
	Rule string `json:"rule"`
	Set  string `json:"set"` // "off", or a severity
}

// Inferred is a network that counts as inside because of what the capture shows.
type Inferred struct {
	Prefix  string `json:"prefix"`
	Basis   string `json:"basis"` // "router-advertisement", "dhcp-lease", "mac"
	Capture int    `json:"capture"`
	Frame   uint64 `json:"frame"`
}

// Geo names the databases that countries and networks come from.
type Geo struct {
	Country []Database `json:"country"` // in the order they are asked
	ASN     []Database `json:"asn"`
}

// Database is one GeoIP database.
type Database struct {
	Type   string `json:"type"`
	Built  string `json:"built"` // date, UTC
	SHA256 string `json:"sha256"`
	Source string `json:"source"` // "embedded" or the path given
}

// CatalogueInfo names the vendor catalogue.
type CatalogueInfo struct {
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
}

// Coverage says how much of the capture could be read and named, and what it cannot show.
type Coverage struct {
	Packets          uint64            `json:"packets"`
	FlowPackets      uint64            `json:"flow_packets"`
	OtherIPPackets   uint64            `json:"other_ip_packets"`
	NonIPPackets     uint64            `json:"non_ip_packets"`
	UndecodedPackets uint64            `json:"undecoded_packets"`
	Undecoded        map[string]uint64 `json:"undecoded"`
	Duplicates       uint64            `json:"duplicates"`
	Direction        judge.Direction   `json:"direction"`
	Outbound         Outbound          `json:"outbound"`
	LimitsHit        map[string]uint64 `json:"limits_hit"`
	CannotSee        []string          `json:"cannot_see"`       // sentences, each true of this capture
	ProposeInternal  []string          `json:"propose_internal"` // networks that opened most of what is between outside addresses
}

// Outbound sums what went from inside to outside, in bytes.
type Outbound struct {
	WireBytes    uint64            `json:"wire_bytes"`
	PayloadBytes uint64            `json:"payload_bytes"`
	NamedBy      map[string]uint64 `json:"named_by"` // payload bytes by name source; "none" for the rest
}

// Vendor sums the destinations of one vendor, or of one registrable domain or address where no vendor is known.
type Vendor struct {
	Vendor     string         `json:"vendor"`
	Basis      string         `json:"basis"`
	First      time.Time      `json:"first"`
	Last       time.Time      `json:"last"`
	ActiveDays int            `json:"active_days"`
	Clients    int            `json:"clients"`
	PayloadOut uint64         `json:"payload_out"`
	PayloadIn  uint64         `json:"payload_in"`
	Verdicts   map[string]int `json:"verdicts"`
	Series     []Hour         `json:"series"`
}

// Hour is one UTC hour's payload to a vendor.
type Hour struct {
	Hour       time.Time `json:"hour"`
	PayloadOut uint64    `json:"payload_out"`
}

// Client is one inside address that has a destination.
type Client struct {
	IP     netip.Addr `json:"ip"`
	Labels []Label    `json:"labels"`
	Role   string     `json:"role,omitempty"`
	// RoleBasis is "register", or what an inferred role rests on: an inferred one is shown, and nothing is enforced by it.
	RoleBasis string `json:"role_basis,omitempty"`
}

// Label is what a client was called, by whom, and when.
type Label struct {
	Name  string    `json:"name"`
	Basis string    `json:"basis"` // "dhcp-host", "mdns", "mac-maker" ...
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
}

// Exit is the exit code that the scan ends with and why (docs: help exit-codes).
type Exit struct {
	Code    int      `json:"code"`
	Reasons []string `json:"reasons"`
	Also    []string `json:"also,omitempty"` // what holds beside it, of lesser codes
}

// Summary counts destinations and bytes by verdict, and findings by severity.
type Summary struct {
	Destinations map[string]int    `json:"destinations"` // by verdict
	Bytes        map[string]uint64 `json:"bytes"`        // payload out, by verdict
	Findings     map[string]int    `json:"findings"`     // by severity
}

// checkWords refuses a saved result in which what are words of the program's own is something else: reports show them as they are, and whoever made the file could have
// a terminal or a page do anything by them.
func (r *Result) checkWords() (err error) {
	check := func(words ...string) {
		for _, w := range words {
			if err == nil && strings.ContainsFunc(w, notOfWord) {
				err = fmt.Errorf("%q is no word of a result", w)
			}
		}
	}
	check(r.Settings.AsOf)
	for _, db := range r.Settings.Geo.Country {
		check(db.Built)
	}
	for _, s := range r.Settings.Rules {
		check(s.Rule, s.Set)
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		check(f.ID, f.Fingerprint, f.Rule, f.Confidence, string(f.Status))
	}
	for _, d := range r.Destinations {
		check(d.Transport, string(d.State), string(d.Disclosure.Verdict))
		for i := range d.Servers {
			check(d.Servers[i].Country)
		}
	}
	return err
}

// notOfWord says whether a rune is in no rule, verdict, number of a finding, day, or code of a country.
func notOfWord(c rune) bool {
	return c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z')
}
