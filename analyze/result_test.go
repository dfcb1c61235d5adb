package analyze

import (
	"strings"
	"testing"

	"phonehome/analyze/judge"
)

// TestReadResult: rows that are null can be looked at as any other.
func TestReadResult(t *testing.T) {
	r, err := ReadResult(strings.NewReader(`{"schema":"` + Schema + `","destinations":[null,{"id":"d2"}]}`))
	if err != nil || len(r.Destinations) != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	for i, id := range []judge.DestinationID{0, 2} {
		if d := r.Destinations[i]; d.ID != id || d.Client.IsValid() || d.Vendor != "" || d.Disclosure.Verdict != "" || len(r.Whole(d).Evidence) != 0 {
			t.Errorf("%+v", d)
		}
	}
}
