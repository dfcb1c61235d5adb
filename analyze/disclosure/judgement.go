// Package disclosure knows what vendors disclosed and the customer approved.
package disclosure

// Verdict is what a register says of one destination.
type Verdict string

// The verdicts.
const (
	Disclosed  Verdict = "disclosed"
	NoRegister Verdict = "no-register" // none was given
)

// Judgement is the verdict on one destination with what it rests on.
type Judgement struct {
	Verdict Verdict `json:"verdict"`
	Entry   string  `json:"entry,omitempty"`
	Reason  string  `json:"reason"`
}
