package judge

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Finding is one thing to tell a person: of one recipient (vendor, registrable domain, or network where nothing names it) by one rule. What is seen, what may
// follow from it and what is not known stand apart.
type Finding struct {
	ID           string             `json:"id"` // "f1" ..., in the order of the result
	Fingerprint  string             `json:"fingerprint"`
	Rule         string             `json:"rule"`
	Severity     Severity           `json:"severity"`
	Confidence   string             `json:"confidence"` // "high", "medium", "low": how sure the evidence is, not how grave it would be
	Title        string             `json:"title"`
	Facts        []string           `json:"facts"`
	Inference    string             `json:"inference"`
	Unknown      []string           `json:"unknown"`
	Vendor       string             `json:"vendor"` // "" where it is not known
	VendorBasis  string             `json:"vendor_basis"`
	Network      string             `json:"network,omitempty"` // where nothing names the recipient: owner of the network, not the recipient
	Clients      []netip.Addr       `json:"clients"`
	Servers      []netip.Addr       `json:"servers"`
	Names        []string           `json:"names"`
	Destinations []DestinationID    `json:"destinations"`
	Entries      []string           `json:"entries,omitempty"`
	PayloadOut   uint64             `json:"payload_out"`
	First        time.Time          `json:"first"`
	Last         time.Time          `json:"last"`
	Evidence     []Evidence         `json:"evidence"`
	FramesTotal  uint64             `json:"frames_total"` // packets of the destinations, of which Evidence cites some
	FilterAll    string             `json:"filter_all"`   // display filter of all of them, by addresses, ports and time; "" where it would be too long
	Status       Status             `json:"status"`
	Suppression  string             `json:"suppression,omitempty"` // file:line of the suppression that covers it
	Measures     map[string]float64 `json:"measures,omitempty"`    // the rule's numbers, by the names in docs/rules.md
	Rhythm       *Rhythm            `json:"rhythm,omitempty"`      // of a beacon: when its exchanges were

	group   *group
	unnamed []netip.Addr // servers that no name stands for
}

// Texts writes the addresses or the destinations that a finding lists.
func Texts[T fmt.Stringer](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = v.String()
	}
	return out
}

// Status says whether a finding counts.
type Status string

// The statuses.
const (
	Open       Status = "open"
	Suppressed Status = "suppressed" // somebody took responsibility: see suppressions
	Baselined  Status = "baseline"   // it was there in the baseline
)

// How sure the evidence of a finding is.
const (
	sure   = "high"
	likely = "medium"
	weak   = "low"
)

// fingerprint identifies a finding for people, across captures: by rule, recipient and assets.
func fingerprint(rule, recipient string, assets []string) string {
	const digits = 16
	assets = slices.Compact(slices.Sorted(slices.Values(assets)))
	sum := sha256.Sum256([]byte(strings.Join(append([]string{rule, recipient}, assets...), "\x00")))
	return hex.EncodeToString(sum[:])[:digits]
}
