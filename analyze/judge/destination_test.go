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
	var list []*Destination
	if err := json.Unmarshal([]byte(`[null]`), &list); err != nil || list[0].Disclosure == nil || list[0].Inside == nil || list[0].Attribution == nil {
		t.Errorf("%+v, %v", list, err)
	}
}
