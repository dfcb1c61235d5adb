package report

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"phonehome/analyze"
	"phonehome/analyze/judge"
	"phonehome/fixtures"
)

// TestMatrixGrowth: as many clients as recipients, of which each sends to one, are no more work than so many rows.
func TestMatrixGrowth(t *testing.T) {
	growth := fixtures.Growth(250, func(n int) time.Duration {
		p := &htmlPage{}
		for i := range n {
			p.sums = append(p.sums, &recipientSum{name: fmt.Sprintf("r%d.example", i), clients: map[string]uint64{fmt.Sprintf("10.0.0.%d", i): 1}})
		}
		begun := time.Now()
		pic := p.Matrix()
		took := time.Since(begun)
		if got := len(pic.Table.Rows); got == 0 {
			t.Fatal("the table is empty")
		}
		return took
	})
	if growth > fixtures.MostGrowth {
		t.Errorf("8 times as many clients and recipients take %.0f times as long", growth)
	}
}

// TestExplainGrowth: the destinations of a finding are found among all without a look at each pair.
func TestExplainGrowth(t *testing.T) {
	growth := fixtures.Growth(500, func(n int) time.Duration {
		r, f := &analyze.Result{}, &judge.Finding{}
		for i := range n {
			d := &judge.Destination{ID: judge.DestinationID(i + 1), Inside: &judge.Inside{Client: netip.MustParseAddr("10.0.0.5")}, Service: &judge.Service{}, Course: &judge.Course{}}
			r.Destinations = append(r.Destinations, d)
		}
		for i := range n {
			f.Destinations = append(f.Destinations, judge.DestinationID(n+1+i)) // of a result that was cut: none is found
		}
		begun := time.Now()
		(&page{r: r}).destinations(f)
		return time.Since(begun)
	})
	if growth > fixtures.MostGrowth {
		t.Errorf("8 times as many destinations take %.0f times as long", growth)
	}
}
