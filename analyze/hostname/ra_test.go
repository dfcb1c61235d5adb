package hostname

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"phonehome/analyze/packet"
)

const routerLL = "fe80::1"

// advertise is a Router Advertisement with options.
func advertise(options string) []byte {
	return []byte("\x86\x00\x00\x00\x40\x00\x07\x08" + strings.Repeat("\x00", 8) + options)
}

// prefixOption is prefix information with a valid lifetime of valid seconds.
func prefixOption(prefix string, bits, flags, valid byte) string {
	a := netip.MustParseAddr(prefix).As16()
	return string([]byte{3, 4, bits, flags, 0, 0, 0, valid, 0, 0, 0, 1, 0, 0, 0, 0}) + string(a[:])
}

// ras are the rows of one ICMPv6 message from a router.
func ras(router string, msg []byte) []string {
	c := newTalk("[2001:db8::7]:0", "["+router+"]:0")
	m := c.meta(1, len(msg))
	m.Transport = packet.Transport(58)
	c.n.Datagram(&c.c, m, msg)
	return c.over().named()
}

func TestRA(t *testing.T) {
	const both = raOnLink | raAutonomous
	good := prefixOption("2001:db8::7", 64, both, 60)
	for name, c := range map[string]struct {
		options string
		want    []string
	}{
		"prefix":          {good, []string{"1 ra-prefix 2001:db8::/64 ttl=60 @[fe80::1]:0"}},
		"other options":   {"\x01\x01\x00\x00\x5e\x00\x53\x01\x05\x01\x00\x00\x00\x00\x05\xdc" + good, []string{"1 ra-prefix 2001:db8::/64 ttl=60 @[fe80::1]:0"}},
		"unique local":    {prefixOption("fd00::", 48, raOnLink, 9), []string{"1 ra-prefix fd00::/48 ttl=9 @[fe80::1]:0"}},
		"two":             {good + prefixOption("2001:db8:1::", 64, raAutonomous, 1), []string{"1 ra-prefix 2001:db8::/64 ttl=60 @[fe80::1]:0", "1 ra-prefix 2001:db8:1::/64 ttl=1 @[fe80::1]:0"}},
		"withdrawn":       {prefixOption("2001:db8::", 64, both, 0), nil},
		"no flags":        {prefixOption("2001:db8::", 64, 0, 60), nil},
		"link-local":      {prefixOption("fe80::", 64, both, 60), nil},
		"multicast":       {prefixOption("ff02::", 64, both, 60), nil},
		"half the world":  {prefixOption("8000::", 1, both, 60), nil},
		"short":           {prefixOption("2001:db8::", minPrefix-1, both, 60), nil},
		"impossible":      {prefixOption("2001:db8::", 129, both, 60), nil},
		"all":             {prefixOption("::", 0, both, 60), nil},
		"length of zero":  {"\x01\x00\x00\x00\x00\x00\x00\x00" + good, nil},
		"option too long": {"\x03\x05" + good[2:], nil},
	} {
		if got := ras(routerLL, advertise(c.options)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := ras("2001:db8::1", advertise(good)); len(got) > 0 {
		t.Errorf("from a sender that is not link-local: %q", got)
	}
	whole := advertise(good)
	for size := range len(whole) {
		if got := ras(routerLL, whole[:size]); len(got) > 0 {
			t.Errorf("%d of %d bytes: %q", size, len(whole), got)
		}
	}
}

// FuzzRA: a prefix is never shorter than minPrefix, holds no host bits, and is no link-local or multicast network.
func FuzzRA(f *testing.F) {
	f.Add([]byte(prefixOption("2001:db8::", 64, raOnLink, 60)))
	f.Fuzz(func(t *testing.T, options []byte) {
		for _, row := range ras(routerLL, advertise(string(options))) {
			p, err := netip.ParsePrefix(strings.Fields(row)[2])
			if err != nil || p.Bits() < minPrefix || p != p.Masked() || p.Addr().IsLinkLocalUnicast() || p.Addr().IsMulticast() {
				t.Fatal(row)
			}
		}
	})
}
