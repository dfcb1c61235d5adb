// Package disclosure knows what vendors disclosed and the customer approved: the register, and what it says of a transfer.
package disclosure

import "slices"

// Verdict is what a register says of one destination.
type Verdict string

// The verdicts, the gravest first: of several that hold, the first is the verdict.
const (
	Expired        Verdict = "expired"        // after the last day of the entry
	NotYetValid    Verdict = "not-yet-valid"  // before its first day
	Undisclosed    Verdict = "undisclosed"    // no approved entry fits
	Country        Verdict = "country"        // an address in a country that is not allowed
	Host           Verdict = "host"           // the entry is for other hosts
	Port           Verdict = "port"           // the entry is for other ports
	Exceeded       Verdict = "exceeded"       // more on a day than the entry allows
	Unattributable Verdict = "unattributable" // several names fit, and their verdicts differ
	Disclosed      Verdict = "disclosed"
	NoRegister     Verdict = "no-register" // none was given
)

// Verdicts are all verdicts, the gravest first.
func Verdicts() []Verdict {
	return []Verdict{Expired, NotYetValid, Undisclosed, Country, Host, Port, Exceeded, Unattributable, Disclosed, NoRegister}
}

// Uncovered says whether a verdict is that no approved entry covers what was sent.
func (v Verdict) Uncovered() bool {
	switch v {
	case Undisclosed, NotYetValid, Host, Port, Unattributable:
		return true
	}
	return false
}

func rank(v Verdict) int { return slices.Index(Verdicts(), v) }

// Judgement is the verdict on one destination with what it rests on.
type Judgement struct {
	Verdict Verdict   `json:"verdict"`
	Also    []Verdict `json:"also,omitempty"` // others that hold beside it
	Entry   string    `json:"entry,omitempty"`
	Reason  string    `json:"reason"`
	Claimed bool      `json:"claimed,omitempty"` // it rests on a name that only the client gave, and that other evidence does not support
}
