package report

import (
	"strings"
	"testing"

	"phonehome/analyze/intel"
	"phonehome/analyze/judge"
)

// counted is a page of a result that has n of what the page counts, and n findings of each status.
func counted(n int) *htmlPage {
	ds := []*judge.Destination{destination("10.0.0.5", "one.example.net", "ExampleSec", "catalogue", 900), destination("10.0.0.5", "one.example.org", "ExampleMed", "catalogue", 500)}
	r := sample(ds[:n]...)
	r.Settings.Internal = []string{"10.0.0.0/8", "192.0.2.0/24"}[:n]
	r.Settings.Intel = []intel.List{{Name: "a list", Indicators: n}}
	all := []int{0, 1}[:n]
	for range n {
		for _, status := range []judge.Status{judge.Open, judge.Suppressed, judge.Baselined} {
			f := finding("f1", "undisclosed-destination", judge.Medium, status, r, all...)
			f.Evidence[0].Frames, f.FramesTotal = []uint64{3, 5}[:n], uint64(n)
			r.Findings = append(r.Findings, f)
		}
	}
	return newHTMLPage(r, Options{}, nil)
}

// TestHTMLCounts: what is counted is called as one where it is one, and as several where it is more.
func TestHTMLCounts(t *testing.T) {
	for n, want := range map[int][]string{
		1: {"1 finding is open: 1 medium. 1 finding is suppressed. 1 finding is known from the baseline.", "1 frame", "1 packet", "1 destination", "1 network counts as inside", "All vendors: 1 row", "1 indicator"},
		2: {"2 findings are open: 2 medium. 2 findings are suppressed. 2 findings are known from the baseline.", "2 frames", "2 packets", "2 destinations", "2 networks count as inside",
			"All vendors: 2 rows", "2 indicators"},
	} {
		p := counted(n)
		f := htmlFinding{p: p, Finding: &p.r.Findings[0]}
		inputs := p.Inputs().Rows
		list := inputs[len(inputs)-1][1].Lines
		got := []string{p.findingCount(), f.Citations()[0].Count, f.Total(), f.Rows().Fold, p.Inside().Fold, p.VendorRows().Fold, list[len(list)-1]}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("of %d: %q, want %q", n, got[i], want[i])
			}
		}
	}
}

// TestPictureCounts: a picture says of how many clients and recipients it is, and how many it leaves out.
func TestPictureCounts(t *testing.T) {
	page := func(ds ...*judge.Destination) *htmlPage { return newHTMLPage(sample(ds...), Options{}, nil) }
	to := func(client, vendor string) *judge.Destination {
		return destination(client, "a.example", vendor, "catalogue", 900)
	}
	many := newHTMLPage(manyDestinations(200), Options{}, nil)
	for _, x := range []struct{ got, want string }{
		{page(to("10.0.0.5", "V"), to("10.0.0.6", "V")).Matrix().Desc, "A row for each of 2 clients, a column for each of 1 recipient; a cell is the darker the more payload went."},
		{page(to("10.0.0.5", "V"), to("10.0.0.5", "W")).Matrix().Desc, "A row for each of 1 client, a column for each of 2 recipients; a cell is the darker the more payload went."},
		{page(to("10.0.0.5", "V"), to("10.0.0.5", "W")).ByVerdict().Desc, "A bar for each of 2 recipients. The longest is V with 900 B."},
		{many.Matrix().Note, "The picture has the 8 clients and 8 recipients with most payload; the table has more."},
	} {
		if x.got != x.want {
			t.Errorf("%q, want %q", x.got, x.want)
		}
	}
}

// TestMoreCounts: what is left out is called as one where it is one.
func TestMoreCounts(t *testing.T) {
	for n, want := range map[int][]string{
		1: {"and 1 more recipient with less is in the table.", "and 1 more recipient without a card here: it is in the tables below", "and 1 more client with findings: it is in the table of all destinations",
			"and 1 more capture cited, in the JSON result"},
		2: {"and 2 more recipients with less are in the table.", "and 2 more recipients without a card here: they are in the tables below",
			"and 2 more clients with findings: they are in the table of all destinations", "and 2 more captures cited, in the JSON result"},
	} {
		bars := newHTMLPage(manyDestinations(1+barRows+n), Options{}, nil) // one of them sends nothing
		r := manyDestinations(maxCards + n)
		f := finding("f1", "undisclosed-destination", judge.Medium, judge.Open, r)
		for _, d := range r.Destinations {
			f.Destinations = append(f.Destinations, d.ID)
		}
		f.Evidence = make([]judge.Evidence, shownEvidence+n)
		r.Findings = append(r.Findings, f)
		p := newHTMLPage(r, Options{}, nil)
		for i, got := range []string{bars.ByVerdict().Note, p.MoreVendors(), p.MoreClients(), htmlFinding{p: p, Finding: &f}.MoreCitations()} {
			if got != want[i] {
				t.Errorf("of %d: %q, want %q", n, got, want[i])
			}
		}
	}
}

// TestWholeCaptures: where a part is shown, what is of the whole captures says so; where all is shown, nothing needs to.
func TestWholeCaptures(t *testing.T) {
	const page, table = "of the payload that left went to destinations that have a name, in the whole captures (known by", "of outbound payload bytes in the whole captures ("
	for _, part := range []bool{true, false} {
		r := office()
		if part {
			r.Settings.Only = []string{"vendor=ExampleSec"}
		}
		if text := newHTMLPage(r, Options{}, nil).Named(); strings.Contains(text, page) != part || !strings.Contains(text, "went to destinations that have a name") {
			t.Errorf("a part: %v, and the page says %q", part, text)
		}
		if text := coverageLine(&r.Coverage, part); strings.Contains(text, table) != part {
			t.Errorf("a part: %v, and the table says %q", part, text)
		}
	}
}
