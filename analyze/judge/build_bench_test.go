package judge

import (
	"encoding/binary"
	"testing"

	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
	"phonehome/analyze/vendors"
)

// ipv4 is an address in the form that packets have.
func ipv4(n uint32) (a packet.Addr) {
	a[10], a[11] = 0xff, 0xff
	binary.BigEndian.PutUint32(a[12:], n)
	return a
}

// BenchmarkDestinations: 200,000 flows of 1,000 clients become 100,000 destinations.
func BenchmarkDestinations(b *testing.B) {
	const rows, clients, servers = 200_000, 1000, 100_000
	b.ReportAllocs()
	for b.Loop() {
		hosts := flow.NewHosts(flow.NewNetworks(false))
		builder := NewBuilder(hostname.NewIndex(hosts))
		for i := range uint32(rows) {
			r := flow.Row{A: ipv4(10<<24 + i%clients), B: ipv4(198<<24 + i%servers), APort: uint16(i), BPort: 443, Transport: packet.TCP, Opener: 0, Packets: [2]uint64{5, 5},
				Payload: [2]uint64{uint64(i % 777), 10}, First: int64(i) * 1e6, Last: int64(i)*1e6 + 5e5, FirstFrame: uint64(i), LastFrame: uint64(i + 9), Protocol: "tls"}
			hosts.Look(&r)
			builder.Add(&r)
		}
		c := builder.Finish(&Attributor{Catalogue: vendors.Default(), Geo: &vendors.Geo{}})
		if len(c.Destinations) != servers {
			b.Fatalf("%d destinations, want %d", len(c.Destinations), servers)
		}
	}
}
