package hostname

import (
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"phonehome/analyze/flow"
)

// nowhere is a sink that keeps nothing.
type nowhere struct{ rows int }

func (s *nowhere) Add(*Name) { s.rows++ }

// BenchmarkDNSExchange is a query and its response with an alias and two addresses, each in a flow of its own as clients ask.
func BenchmarkDNSExchange(b *testing.B) {
	query := dnsQuery(7, "www.example.com.", typeA)
	reply := typicalReply()
	var sink nowhere
	c := newTalk(stub, recursive)
	up, down := c.meta(0, len(query)), c.meta(1, len(reply))
	n := NewNamer(&sink, Limits{})
	b.ReportAllocs()
	var conv flow.Conv
	for b.Loop() {
		n.Datagram(&conv, up, query)
		n.Datagram(&conv, down, reply)
		n.Close(&conv)
	}
	if sink.rows != 4*b.N {
		b.Fatalf("%d rows of %d exchanges", sink.rows, b.N)
	}
}

// BenchmarkDNSResponse is the response alone, in a flow that goes on.
func BenchmarkDNSResponse(b *testing.B) {
	reply := typicalReply()
	c := newTalk(stub, recursive)
	down := c.meta(1, len(reply))
	n := NewNamer(&nowhere{}, Limits{})
	b.SetBytes(int64(len(reply)))
	b.ReportAllocs()
	for b.Loop() {
		n.Datagram(&c.c, down, reply)
	}
}

func typicalReply() []byte {
	return dnsReply(7, "www.example.com.", typeA,
		rrRecord("www.example.com.", 60, &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName("edge.example.net.")}),
		aRecord("edge.example.net.", 30, 192, 0, 2, 1), aRecord("edge.example.net.", 30, 192, 0, 2, 2))
}

func TestDNSAllocatesNothing(t *testing.T) {
	query, reply := dnsQuery(7, "www.example.com.", typeA), typicalReply()
	c := newTalk(stub, recursive)
	up, down := c.meta(0, len(query)), c.meta(1, len(reply))
	n := NewNamer(&nowhere{}, Limits{})
	var conv flow.Conv
	if got := testing.AllocsPerRun(100, func() {
		n.Datagram(&conv, up, query)
		n.Datagram(&conv, down, reply)
		n.Close(&conv)
	}); got > 0 {
		t.Errorf("%v allocations a query and response", got)
	}
}
