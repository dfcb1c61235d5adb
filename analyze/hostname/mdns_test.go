package hostname

import (
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	device = "192.0.2.42:5353"
	group  = "224.0.0.251:5353"
)

// announce is a response without a question, as devices multicast it; flush sets the bit that clears caches.
func announce(records ...dnsmessage.Resource) []byte {
	for i := range records {
		records[i].Header.Class |= mdnsFlush
	}
	return pack(dnsmessage.Header{Response: true, Authoritative: true}, "", 0, records...)
}

func TestMDNS(t *testing.T) {
	const instance = `Den\032TV._airplay._tcp.local`
	wireInstance := dnsmessage.MustNewName("Den TV._airplay._tcp.local.")
	host := dnsmessage.MustNewName("den-tv.local.")
	six := [16]byte{0xfe, 0x80, 15: 7}
	newTalk(device, group).up(announce(
		aRecord("den-tv.local.", 120, 192, 0, 2, 9),
		rrRecord("den-tv.local.", 120, &dnsmessage.AAAAResource{AAAA: six}),
		rrRecord("_airplay._tcp.local.", 120, &dnsmessage.PTRResource{PTR: wireInstance}),
		rrRecord("Den TV._airplay._tcp.local.", 120, &dnsmessage.SRVResource{Port: 7000, Target: host}),
		rrRecord("Den TV._airplay._tcp.local.", 120, &dnsmessage.TXTResource{TXT: []string{"model=TV1,2"}}),
	)).over().want(t,
		"1 mdns den-tv.local A value=192.0.2.9 ttl=120 @192.0.2.9:5353",
		"1 mdns den-tv.local AAAA value=fe80::7 ttl=120 @[fe80::7]:5353",
		"1 mdns "+instance+" PTR value=_airplay._tcp.local ttl=120 @192.0.2.42:5353",
		"1 mdns den-tv.local SRV value="+instance+" ttl=120 @192.0.2.42:5353",
		"1 mdns "+instance+` TXT value="model=TV1,2" ttl=120 @192.0.2.42:5353`,
	)
}

func TestMDNSSaysNothing(t *testing.T) {
	for name, msg := range map[string][]byte{
		"question":        dnsQuery(0, "den-tv.local.", typeA),
		"known answers":   pack(dnsmessage.Header{}, "den-tv.local.", typeA, aRecord("other.local.", 120, 192, 0, 2, 1)),
		"goodbye":         announce(aRecord("den-tv.local.", 0, 192, 0, 2, 9)),
		"name of the web": announce(aRecord("www.example.com.", 120, 192, 0, 2, 9)),
		"local itself":    announce(aRecord("local.", 120, 192, 0, 2, 9)),
		"notlocal":        announce(aRecord("xlocal.", 120, 192, 0, 2, 9)),
	} {
		c := newTalk(device, group)
		if rows := c.up(msg).over().rows; len(rows) > 0 || c.c.Protocol != "mdns" {
			t.Errorf("%s: %q as %q", name, rows, c.c.Protocol)
		}
	}
}

func TestLabelsOncePerHour(t *testing.T) {
	msg := announce(aRecord("den-tv.local.", 120, 192, 0, 2, 9))
	c := newTalk(device, group)
	c.up(msg).up(msg)
	c.now = labelHour
	c.up(msg).up(announce(aRecord("den-tv.local.", 120, 192, 0, 2, 10)))
	c.over().want(t,
		"1 mdns den-tv.local A value=192.0.2.9 ttl=120 @192.0.2.9:5353",
		"3 mdns den-tv.local A value=192.0.2.9 ttl=120 @192.0.2.9:5353",
		"4 mdns den-tv.local A value=192.0.2.10 ttl=120 @192.0.2.10:5353",
	)
}

func TestLLMNR(t *testing.T) {
	question := dnsQuery(1, "wpad.", typeA)
	question[2] = 0 // LLMNR has no recursion
	newTalk("192.0.2.42:50000", "224.0.0.252:5355").up(question).over().want(t, "1 llmnr  A query=wpad rcode=none @192.0.2.42:50000")
	reply := pack(dnsmessage.Header{ID: 1, Response: true}, "desk-7.", typeA, aRecord("desk-7.", 30, 192, 0, 2, 9))
	newTalk("192.0.2.42:50000", "192.0.2.9:5355").down(reply).over().want(t, "1 llmnr desk-7 A value=192.0.2.9 ttl=30 @192.0.2.9:5355")
}

// FuzzMDNS: rows are of kind mdns, and name hosts and services below local alone.
func FuzzMDNS(f *testing.F) {
	f.Add(announce(aRecord("den-tv.local.", 120, 192, 0, 2, 9)))
	f.Add(announce(rrRecord("_airplay._tcp.local.", 120, &dnsmessage.PTRResource{PTR: dnsmessage.MustNewName("a._airplay._tcp.local.")})))
	f.Fuzz(func(t *testing.T, msg []byte) {
		for _, row := range newTalk(device, group).up(msg).over().named() {
			name, _, _ := strings.Cut(strings.TrimPrefix(row, "1 mdns "), " ")
			if !strings.HasPrefix(row, "1 mdns ") || !strings.HasSuffix(strings.ToLower(name), ".local") {
				t.Fatal(row)
			}
		}
	})
}
