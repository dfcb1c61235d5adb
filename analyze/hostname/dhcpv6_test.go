package hostname

import (
	"strings"
	"testing"
)

const (
	duid        = "\x00\x03\x00\x01\x00\x00\x5e\x00\x53\x01"
	duidText    = "00:03:00:01:00:00:5e:00:53:01"
	leasedAddr  = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x42"
	client6     = "[fe80::7]:546"
	servers6    = "[ff02::1:2]:547"
	clientDUID  = "\x00\x01\x00\x0a" + duid
	transaction = "tid"
)

// reply6 leases leasedAddr for valid seconds.
func reply6(valid byte) string {
	return "\x07" + transaction + clientDUID + param(3, "iaid"+"\x00\x00\x00\x01"+"\x00\x00\x00\x02"+param(5, leasedAddr+"\x00\x00\x00\x09"+"\x00\x00\x00"+string(rune(valid))))
}

func TestDHCPv6(t *testing.T) {
	solicit := "\x01" + transaction + clientDUID + param(39, "\x00\x06laptop\x07example\x00") + param(16, "\x00\x00\x01\x37\x00\x08MSFT 5.0")
	newTalk(client6, servers6).up([]byte(solicit)).over().want(t,
		"1 dhcp-host laptop.example value="+duidText+" @[fe80::7]:546",
		"1 dhcp-vendor-class MSFT 5.0 value="+duidText+" @[fe80::7]:546")
	newTalk(client6, "[fe80::1]:547").down([]byte(reply6(60))).over().want(t,
		"1 dhcp-lease "+duidText+" value="+duidText+" ttl=60 @[2001:db8::42]:546")
	newTalk(client6, "[fe80::1]:547").down([]byte(reply6(0))).over().want(t)
	for size := range len(solicit) {
		switch size {
		case 4, 4 + 14, 4 + 14 + 21: // between options
		default:
			if detectDHCPv6(newTalk(client6, servers6).meta(0, size), []byte(solicit[:size])) {
				t.Errorf("%d of %d bytes are taken", size, len(solicit))
			}
		}
	}
}

func TestDHCPv6Relay(t *testing.T) {
	peer := "\xfe\x80" + strings.Repeat("\x00", 13) + "\x09"
	relayed := func(kind, inner, peer string) string {
		return kind + "\x00" + strings.Repeat("\x00", 16) + peer + param(9, inner)
	}
	request := "\x03" + transaction + clientDUID + param(39, "\x00\x06laptop\x00")
	outer := relayed("\x0c", relayed("\x0c", request, peer), strings.Repeat("\x20", 16))
	newTalk("[2001:db8::53]:547", "[2001:db8::1]:547").up([]byte(outer)).over().want(t, "1 dhcp-host laptop value="+duidText+" @[fe80::9]:546")
	newTalk("[2001:db8::53]:547", "[2001:db8::1]:547").down([]byte(relayed("\x0d", reply6(9), peer))).over().want(t,
		"1 dhcp-lease "+duidText+" value="+duidText+" ttl=9 @[2001:db8::42]:546")
	deep := request
	for range maxRelays + 1 {
		deep = relayed("\x0c", deep, peer)
	}
	newTalk("[2001:db8::53]:547", "[2001:db8::1]:547").up([]byte(deep)).over().want(t)
}

// FuzzDHCPv6: rows are of a client that names itself by a DUID.
func FuzzDHCPv6(f *testing.F) {
	f.Add([]byte(reply6(60)))
	f.Add([]byte("\x01" + transaction + clientDUID + param(39, "\x00\x06laptop\x00")))
	f.Fuzz(func(t *testing.T, msg []byte) {
		rows := newTalk(client6, servers6).up(msg).over().named()
		var d dhcp6Message
		if whole := d.read(msg); len(rows) > 0 && (!whole || len(d.duid) == 0 || len(d.duid) > maxDUID) {
			t.Fatalf("rows %q of %+v", rows, d)
		}
		for _, row := range rows {
			if !strings.Contains(row, " value="+string(appendHardware(nil, d.duid))) {
				t.Fatalf("%q is not of the client", row)
			}
		}
	})
}
