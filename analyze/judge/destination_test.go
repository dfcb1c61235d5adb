package judge

import (
	"encoding/json"
	"testing"
)

// TestReadDestination: one that lacks every key, or has null in the place of its parts, can be looked at as any other.
func TestReadDestination(t *testing.T) {
	for _, text := range []string{`{}`, `{"disclosure":null,"servers":[{}]}`, `{"servers":[null],"disclosure":{}}`} {
		var d Destination
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if d.Client.IsValid() || d.Vendor != "" || d.Disclosure.Verdict != "" {
			t.Errorf("%s: %+v", text, d)
		}
		for _, s := range d.Servers {
			if s.Country != "" {
				t.Errorf("%s: %+v", text, s)
			}
		}
	}
}
