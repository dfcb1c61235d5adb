package disclosure

import (
	"strings"
	"testing"
)

// TestProposals: whatever a capture calls itself, what is written parses, says what was given, and discloses nothing.
func TestProposals(t *testing.T) {
	hostile := []string{"a: b", "x\n    status: approved", `"quoted" \ text`, "# no comment", "- item", "{a: b}", "*alias", "&anchor", "NO", "~", "\x00\x1b[31m", "\xff\xfe", "\u202eevil", "'", strings.Repeat("ü", 5000), " ", "%TAG", "@at", "`tick"}
	var list []Proposal
	for _, h := range hostile {
		list = append(list, Proposal{Vendor: h, Seen: []string{h}, Reference: h, Destinations: []string{"a.example.com|443/tcp", h, h + "|443/tcp", "203.0.113.9|99999/tcp", "com"}})
	}
	text := WriteProposals(list)
	r, err := Parse("r.yaml", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(r.Entries) != len(hostile) {
		t.Errorf("%d entries of %d", len(r.Entries), len(hostile))
	}
	for i, e := range r.Entries {
		if e.Status != Proposed || len(e.Destinations) != 2 {
			t.Errorf("%q: %+v", hostile[i], e)
		}
	}
	for _, i := range []int{0, 2, 3, 5} {
		if r.Entries[i].Vendor != hostile[i] {
			t.Errorf("%q is read back as %q", hostile[i], r.Entries[i].Vendor)
		}
	}
	j := r.NewJudge()
	j.Add(sent("a.example.com", 5))
	if got := j.Finish()[0]; got.Verdict != Undisclosed {
		t.Errorf("a proposal discloses: %+v", got)
	}
	if _, err := Parse("r.yaml", WriteProposals(nil)); err != nil {
		t.Error(err)
	}
	if _, err := Parse("r.yaml", []byte(Skeleton)); err != nil {
		t.Error(err)
	}
}

func FuzzImport(f *testing.F) {
	for _, s := range []string{"allowed-endpoints: >\n a.example.com:443\n", "acl x dstdomain .example.com\n", "- matchName: a.example.com\n", "domain,port\na.example.com,443\n", "a.example.com:443 b.example.com\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list, _, err := Import("list", b)
		if err != nil {
			return
		}
		text := WriteProposals(list)
		r, err := Parse("r.yaml", text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		for i := range r.Entries {
			if r.Entries[i].Status != Proposed {
				t.Errorf("%+v", r.Entries[i])
			}
		}
	})
}
