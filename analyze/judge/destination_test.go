package judge

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
	"phonehome/analyze/vendors"
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
}

// TestAnswersSometimes: an address that answers only some of what a client sends is one destination, whenever it answers; probes to others of its network stand apart.
func TestAnswersSometimes(t *testing.T) {
	const server, other = 198<<24 + 1, 198<<24 + 2
	for _, c := range []struct {
		why  string
		sent []uint32 // to whom
		answ string   // whether each answered
		want []uint64 // flows of each destination, in the order in which they were made
	}{
		{"answered first", []uint32{server, server, server}, "y--", []uint64{3}},
		{"answered late", []uint32{server, server, server, server}, "--y-", []uint64{4}},
		{"never", []uint32{server, other}, "--", []uint64{2}},
		{"another of the network never", []uint32{server, server, other, other}, "-y--", []uint64{2, 2}},
		{"each answers", []uint32{server, server, other, other}, "-y-y", []uint64{2, 2}},
		{"both were probed before one answered", []uint32{server, other, server}, "--y", []uint64{2, 1}},
	} {
		hosts := flow.NewHosts(flow.NewNetworks(false))
		b := NewBuilder(hostname.NewIndex(hosts))
		for i, to := range c.sent {
			addDatagram(b, i, to, c.answ[i] == 'y')
		}
		var got []uint64
		for d := range b.dests.All() {
			got = append(got, d.flows)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: destinations of %d flows, want %d", c.why, got, c.want)
		}
	}
}

// addDatagram adds the flow of one datagram, the nth of a client, and of its answer.
func addDatagram(b *Builder, nth int, to uint32, answered bool) {
	r := flow.Row{A: ipv4(10<<24 + 1), B: ipv4(to), APort: uint16(40_000 + nth), BPort: 9000, Transport: packet.UDP, Packets: [2]uint64{1, 0}, Payload: [2]uint64{9, 0}, First: int64(nth), Last: int64(nth)}
	if answered {
		r.Packets[1] = 1
	}
	b.hosts.Look(&r)
	b.Add(&r)
}

// TestNetworkAsName: a client that calls a host by the text of a network does not name what is folded to that network, nor who answers in it.
func TestNetworkAsName(t *testing.T) {
	const server, folded, called = 198<<24 + 1, "198.0.0.0/24", 40_000
	hosts := flow.NewHosts(flow.NewNetworks(false))
	x := hostname.NewIndex(hosts)
	x.Add(&hostname.Name{Kind: hostname.HTTPHost, Name: []byte(folded), Client: ipv4(10<<24 + 1), Server: ipv4(server), ClientPort: called, ServerPort: 9000, Transport: packet.UDP})
	x.Sort()
	b := NewBuilder(x)
	addDatagram(b, 0, server, true) // under the name
	addDatagram(b, 1, server, false)
	addDatagram(b, 2, server, true)
	addDatagram(b, 3, server+1, false)
	c := b.Finish(&Attributor{Catalogue: vendors.Default(), Geo: &vendors.Geo{}})
	flows := map[string]uint64{}
	for _, d := range c.Destinations {
		flows[d.Name+" "+d.Servers[0].IP.String()] += d.Flows
	}
	if want := map[string]uint64{folded + " 198.0.0.1": 1, " 198.0.0.1": 2, " 198.0.0.2": 1}; !maps.Equal(flows, want) {
		t.Errorf("flows %v, want %v", flows, want)
	}
}

// TestByHour: payload of which nothing says the hour has none, and is not put into the first.
func TestByHour(t *testing.T) {
	const hour = 3_600_000_000_000
	for _, c := range []struct {
		why   string
		hours []flow.HourCount
		want  []HourOut
	}{
		{"all in the first", nil, []HourOut{{0, 9}}},
		{"in two", []flow.HourCount{{Hour: 0, Payload: [2]uint64{4, 0}}, {Hour: 1, Payload: [2]uint64{5, 0}}}, []HourOut{{0, 4}, {1, 5}}},
		{"all later", []flow.HourCount{{Hour: 1, Payload: [2]uint64{9, 0}}}, []HourOut{{1, 9}}},
		{"in none", []flow.HourCount{{Hour: 0}}, nil},
	} {
		b := NewBuilder(hostname.NewIndex(flow.NewHosts(flow.NewNetworks(false))))
		r := flow.Row{A: ipv4(10<<24 + 1), B: ipv4(198<<24 + 1), APort: 40_000, BPort: 9000, Transport: packet.UDP, Packets: [2]uint64{9, 9}, Payload: [2]uint64{9, 9}, Last: 2 * hour, Hours: c.hours}
		b.hosts.Look(&r)
		b.Add(&r)
		d := b.Finish(&Attributor{Catalogue: vendors.Default(), Geo: &vendors.Geo{}}).Destinations[0]
		if got := slices.Collect(d.ByHour()); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.why, got, c.want)
		}
	}
}

// TestFindingTwice: two findings about the same destinations have the same clients.
func TestFindingTwice(t *testing.T) {
	c := destinationOf(t, 1, nil)
	g := &group{to: &recipient{}, members: []int{0}}
	for range 2 {
		if f := c.finding(g); len(f.Clients) != 1 {
			t.Errorf("clients %v, want one", f.Clients)
		}
	}
}

// TestReadInstant: times of a saved result that no capture has are the nearest that one has.
func TestReadInstant(t *testing.T) {
	for text, want := range map[string]string{
		"0001-01-01T00:00:00Z": "1677-09-21T00:12:43.145224192Z", "9999-12-31T23:59:59Z": "2262-04-11T23:47:16.854775807Z", "2018-11-05T09:00:00.5+02:00": "2018-11-05T07:00:00.5Z",
	} {
		var at Instant
		if err := json.Unmarshal([]byte(`"`+text+`"`), &at); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if got, err := json.Marshal(at); err != nil || string(got) != `"`+want+`"` {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
}

// TestReadDestinationID: what is no ID of ours is refused, and never taken for another.
func TestReadDestinationID(t *testing.T) {
	for text, want := range map[string]DestinationID{"d1": 1, "d4294967295": 4294967295, "": 0, "1": 0, "d": 0, "d-1": 0, "d4294967296": 0, "f1": 0} {
		var id DestinationID
		if err := id.UnmarshalText([]byte(text)); (err == nil) != (want > 0) || id != want {
			t.Errorf("%q: %d, %v, want %d", text, id, err, want)
		}
	}
}
