package hostname

import (
	"slices"
	"strings"
	"testing"
)

// dhcp is a message with a MAC's hardware address; addrs are ciaddr and yiaddr.
func dhcp(op byte, ciaddr, yiaddr, options string) []byte {
	m := string([]byte{op, 1, 6, 0}) + "xid0" + "\x00\x00\x00\x00" + ciaddr + yiaddr + strings.Repeat("\x00", 8) +
		"\x00\x00\x5e\x00\x53\x01" + strings.Repeat("\x00", 10+64+128) + "\x63\x82\x53\x63" + options
	return []byte(m)
}

// option is an option of DHCP.
func option(code byte, data string) string { return string([]byte{code, byte(len(data))}) + data }

const (
	noAddr  = "\x00\x00\x00\x00"
	someone = "\xc0\x00\x02\x2a" // 192.0.2.42
)

func TestDHCP(t *testing.T) {
	discover := option(53, "\x01") + option(50, someone) + option(12, "printer\x00") + option(60, "MSFT 5.0") + "\xff"
	request := option(53, "\x03") + option(50, someone) + option(81, "\x00\x00\x00printer.example.") + "\xff"
	for name, c := range map[string]struct {
		msg  []byte
		want []string
	}{
		"discover": {dhcp(1, noAddr, noAddr, discover), []string{
			"1 dhcp-vendor-class MSFT 5.0 value=00:00:5e:00:53:01 @0.0.0.0:68",
			"1 dhcp-host printer value=00:00:5e:00:53:01 @0.0.0.0:68"}},
		"request":  {dhcp(1, noAddr, noAddr, request), []string{"1 dhcp-host printer.example value=00:00:5e:00:53:01 @192.0.2.42:68"}},
		"renewal":  {dhcp(1, someone, noAddr, option(53, "\x03")+option(12, "a")), []string{"1 dhcp-host a value=00:00:5e:00:53:01 @192.0.2.42:68"}},
		"fqdn":     {dhcp(1, noAddr, noAddr, option(53, "\x03")+option(81, "\x05\x00\x00\x01a\x03b c\x00")), []string{`1 dhcp-host a.b\032c value=00:00:5e:00:53:01 @0.0.0.0:68`}},
		"partial":  {dhcp(1, noAddr, noAddr, option(53, "\x03")+option(81, "\x04\x00\x00\x01a")), []string{"1 dhcp-host a value=00:00:5e:00:53:01 @0.0.0.0:68"}},
		"bad fqdn": {dhcp(1, noAddr, noAddr, option(53, "\x03")+option(81, "\x04\x00\x00\x09a")+option(12, "a")), []string{"1 dhcp-host a value=00:00:5e:00:53:01 @0.0.0.0:68"}},
		"no type":  {dhcp(1, noAddr, noAddr, option(12, "a")), nil},
		"decline":  {dhcp(1, noAddr, noAddr, option(53, "\x04")+option(12, "a")), nil},
	} {
		t.Run(name, func(t *testing.T) {
			newTalk("0.0.0.0:68", "255.255.255.255:67").up(c.msg).over().want(t, c.want...)
		})
	}
}

func TestDHCPLease(t *testing.T) {
	ack := option(53, "\x05") + option(51, "\x00\x00\x0e\x10") + option(1, "\xff\xff\xfe\x00") + option(12, "desk")
	c := newTalk("192.0.2.42:68", "192.0.2.1:67")
	c.down(dhcp(2, noAddr, someone, ack)).over().want(t,
		"1 dhcp-lease 00:00:5e:00:53:01 value=00:00:5e:00:53:01 query=192.0.2.0/23 ttl=3600 @192.0.2.42:68",
		"1 dhcp-host desk value=00:00:5e:00:53:01 @192.0.2.42:68")
	for name, msg := range map[string][]byte{
		"offer":             dhcp(2, noAddr, someone, option(53, "\x02")+option(12, "a")),
		"refusal":           dhcp(2, noAddr, noAddr, option(53, "\x06")),
		"answer to inform":  dhcp(2, someone, noAddr, option(53, "\x05")),
		"mask with holes":   nil,
		"options break off": dhcp(2, noAddr, someone, option(53, "\x05")+"\x0c\x09short"),
	} {
		if rows := newTalk("192.0.2.42:68", "192.0.2.1:67").down(msg).over().rows; len(rows) > 0 {
			t.Errorf("%s: %q", name, rows)
		}
	}
	holes := newTalk("192.0.2.42:68", "192.0.2.1:67").down(dhcp(2, noAddr, someone, option(53, "\x05")+option(1, "\xff\x00\xff\x00"))).over()
	holes.want(t, "1 dhcp-lease 00:00:5e:00:53:01 value=00:00:5e:00:53:01 @192.0.2.42:68")
}

func TestDHCPOverload(t *testing.T) {
	msg := dhcp(1, noAddr, noAddr, option(53, "\x01")+option(52, "\x03")+"\xff")
	copy(msg[108:], option(12, "in-file")+"\xff")
	copy(msg[44:], option(60, "in-sname")+"\xff")
	newTalk("0.0.0.0:68", "255.255.255.255:67").up(msg).over().want(t,
		"1 dhcp-vendor-class in-sname value=00:00:5e:00:53:01 @0.0.0.0:68",
		"1 dhcp-host in-file value=00:00:5e:00:53:01 @0.0.0.0:68")
}

func TestDHCPPrefixes(t *testing.T) {
	msg := dhcp(1, noAddr, noAddr, option(53, "\x03")+option(12, "printer")+"\xff")
	bounds := []int{240, 243, len(msg) - 1, len(msg)} // the fixed part, and behind each option
	for size := range len(msg) + 1 {
		if _, ok := readDHCP(msg[:size]); ok != slices.Contains(bounds, size) {
			t.Errorf("%d of %d bytes: %v", size, len(msg), ok)
		}
	}
}

// FuzzDHCP: what is read lies in the message, and each row names a hardware address.
func FuzzDHCP(f *testing.F) {
	f.Add(dhcp(1, noAddr, noAddr, option(53, "\x03")+option(12, "a")+option(81, "\x04\x00\x00\x01a\x00")))
	f.Add(dhcp(2, noAddr, someone, option(53, "\x05")+option(1, "\xff\xff\xff\x00")+option(51, "\x00\x00\x0e\x10")))
	f.Add([]byte("0@0.AAA"))
	f.Fuzz(func(t *testing.T, msg []byte) {
		rows := newTalk("0.0.0.0:68", "255.255.255.255:67").up(msg).over().named()
		if len(rows) > 3 {
			t.Fatalf("%d rows: %q", len(rows), rows)
		}
		d, ok := readDHCP(msg)
		if !ok && len(rows) > 0 {
			t.Fatalf("rows of what is no message: %q", rows)
		}
		for _, row := range rows {
			if mac := string(appendHardware(nil, d.chaddr)); mac != "" && !strings.Contains(row, " value="+mac) {
				t.Fatalf("%q names no %s", row, mac)
			}
		}
	})
}
