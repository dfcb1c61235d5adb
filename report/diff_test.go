package report

import (
	"bytes"
	"testing"

	"phonehome/analyze"
)

// TestDiffFormats: of a common change, and of a hostile one.
func TestDiffFormats(t *testing.T) {
	now := office()
	now.Destinations = now.Destinations[2:]
	now.Destinations[0].PayloadOut *= 3
	now.Destinations[1].Servers[0].Country = "CN"
	for _, f := range DiffFormats {
		golden(t, "diff-"+f.Name, difference(t, f, analyze.Diff(office(), now), Options{Limit: 1, Width: 100}))
		text := difference(t, f, analyze.Diff(office(), attacked()), Options{})
		safe(t, f.Name, text)
	}
}

func difference(t *testing.T, f DiffFormat, d *analyze.Difference, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b, d, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
