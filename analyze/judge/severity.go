package judge

import (
	"fmt"
	"slices"
)

// Severity says how soon a person should look at a finding. It says nothing of intent.
type Severity uint8

// The severities.
const (
	Low      Severity = iota + 1 // worth knowing
	Medium                       // to be asked about
	High                         // to be stopped or settled soon
	Critical                     // at once
)

var severities = [...]string{Low: "low", Medium: "medium", High: "high", Critical: "critical"}

// Severities are the words of all severities, the least first.
func Severities() []string { return slices.Clone(severities[Low:]) }

func (s Severity) String() string {
	if int(s) >= len(severities) {
		return ""
	}
	return severities[s]
}

// MarshalText implements encoding.TextMarshaler.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Severity) UnmarshalText(b []byte) error {
	i := slices.Index(severities[:], string(b))
	if i < int(Low) {
		return fmt.Errorf("severity %q is not one of %v", b, Severities())
	}
	*s = Severity(i)
	return nil
}
