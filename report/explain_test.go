package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"phonehome/analyze/judge"
)

// TestExplainPart: what is said to be in the result beside what is listed is there: a part that --only left may hold fewer destinations than the finding.
func TestExplainPart(t *testing.T) {
	var ds []*judge.Destination
	for i := range maxExplained + 3 {
		ds = append(ds, destination("10.0.0.5", fmt.Sprintf("a%d.example.com", i), "Example", "catalogue", 10))
	}
	r := sample(ds...)
	for n, want := range map[int]string{len(ds): "and 3 more in the result", maxExplained + 1: "and 1 more in the result", maxExplained: ""} {
		f := finding("f1", "undisclosed-destination", judge.Medium, judge.Open, r, 0)
		f.Destinations = nil
		for _, d := range r.Destinations {
			f.Destinations = append(f.Destinations, d.ID)
		}
		part := *r
		part.Destinations = r.Destinations[:n]
		var b bytes.Buffer
		if err := Explain(&b, &part, &f); err != nil {
			t.Fatal(err)
		}
		if want == "" && strings.Contains(b.String(), "more in the result") || !strings.Contains(b.String(), want) {
			t.Errorf("of %d destinations: %q is missing in\n%s", n, want, b.String())
		}
	}
}
