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

// TestReadResultWords: what reports show without a look at it can only be words of the program's own, whoever wrote the file.
func TestReadResultWords(t *testing.T) {
	const places = `{"schema":"` + Schema + `","settings":{"as_of":"@","geo":{"country":[{"built":"@"}]},"rules":[{"rule":"@","set":"@"}]},` +
		`"findings":[{"id":"@","fingerprint":"@","rule":"@","confidence":"@","status":"@"}],` +
		`"destinations":[{"id":"d1","transport":"@","state":"@","servers":[{"country":"@"}],"disclosure":{"verdict":"@"}}]}`
	if _, err := ReadResult(strings.NewReader(strings.ReplaceAll(places, "@", "a-B-9"))); err != nil {
		t.Fatal(err)
	}
	n := strings.Count(places, "@")
	for i := range n {
		for _, bad := range []string{`\u001b[31m`, "::error::", "<b>", "a b", "é"} {
			s := strings.Replace(places, "@", "a", i)
			s = strings.Replace(s, "@", bad, 1)
			if _, err := ReadResult(strings.NewReader(strings.ReplaceAll(s, "@", "a"))); err == nil {
				t.Errorf("%s is read as place %d", bad, i)
			}
		}
	}
}
