package slice

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"phonehome/analyze/capture"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// standIns maps 10/8 and fd00::/8.
func standIns() *Heads {
	return &Heads{Address: func(a netip.Addr) netip.Addr {
		switch {
		case a.Is4() && a.As4()[0] == 10:
			return netip.MustParseAddr("240.0.0.1")
		case a.Is6() && a.As16()[0] == 0xfd:
			return netip.MustParseAddr("3fff::1")
		}
		return a
	}}
}

const (
	etherIP4 = "0a0000000001 0a0000000002 0800 "
	ip4      = "45000034 12344000 4006 ffff 0a000005 c0000201 "
	ip4Out   = "45000034 12344000 4006 768d f0000001 c0000201 "
	tcp20    = "c00001bb 00000001 00000002 5018 ffff abcd 0000 "
	tcp20Out = "c00001bb 00000001 00000002 5018 ffff 0000 0000 "
	secret   = "5345435245542d50 41594c4f4144"
	ip6      = "6 0abcde 0020 11 40 fd000000000000000000000000000005 20010db8000000000000000000000001 "
)

func TestHeads(t *testing.T) {
	ip6 := strings.Replace(ip6, "6 0abcde", "600abcde", 1)
	ip6Out := "60000000 0020 11 40 3fff0000000000000000000000000001 20010db8000000000000000000000001 "
	for _, c := range []struct {
		name     string
		link     capture.LinkType
		in, want string
	}{
		{"tcp", capture.Ethernet, etherIP4 + ip4 + tcp20 + secret, "020000000001 020000000002 0800" + ip4Out + tcp20Out},
		{"tags", capture.Ethernet, "ffffffffffff 0a0000000002 88a80001 81000002 0800" + ip4 + tcp20 + secret, "ffffffffffff 020000000001 88a80001 81000002 0800" + ip4Out + tcp20Out},
		{"tcp options", capture.Raw, ip4 + "c00001bb 00000001 00000002 6018 ffff abcd 0000 1e060a000005" + secret, ip4Out + "c00001bb 00000001 00000002 6018 ffff 0000 0000 01010101"},
		{"ip options", capture.IPv4, "46000034 12344000 4006 ffff 0a000005 c0000201 0704 0a00" + tcp20, "46000034 12344000 4006 738b f0000001 c0000201 01010101" + tcp20Out},
		{"udp over ipv6", capture.Ethernet, "333300000005 0a0000000002 86dd" + ip6 + "0035 0036 0020 abcd" + secret, "030000000001 020000000002 86dd" + ip6Out + "0035 0036 0020 0000"},
		{"cooked", capture.LinuxSLL, "0000 0001 0006 0a0000000001 0000 0800" + ip4 + tcp20, "0000 0001 0006 000000000000 0000 0800" + ip4Out + tcp20Out},
		{"cooked 2", capture.LinuxSLL2, "0800 0000 00000002 0001 00 06 0a0000000001 0000" + ip4 + tcp20, "0800 0000 00000002 0001 00 06 000000000000 0000" + ip4Out + tcp20Out},
		{"loopback", capture.Null, "02000000" + ip4 + tcp20, "02000000" + ip4Out + tcp20Out},
		{"a later fragment", capture.Raw, "45000034 12340010 4006 ffff 0a000005 c0000201" + secret, "45000034 12340010 4006 b67d f0000001 c0000201"},
		{"icmp redirect", capture.Raw, "45000034 12344000 4001 ffff 0a000005 c0000201 0501 abcd 0a000006" + secret, "45000034 12344000 4001 7692 f0000001 c0000201 0501 0000"},
		{"a tunnel", capture.Raw, "45000034 12344000 4004 ffff 0a000005 c0000201" + ip4 + tcp20, "45000034 12344000 4004 768f f0000001 c0000201"},
		{"arp", capture.Ethernet, "ffffffffffff 0a0000000002 0806 0001 0800 0604 0001 0a0000000002 0a000005", "ffffffffffff 020000000001 0806"},
		{"an unknown link", capture.IEEE80211, "0800" + secret, ""},
		{"cut in the header", capture.Raw, ip4[:30], ""},
		{"no version", capture.Raw, "00" + secret, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := standIns().Frame(c.link, unhex(t, c.in))
			if want := unhex(t, c.want); !bytes.Equal(got, want) {
				t.Errorf("got  %x\nwant %x", got, want)
			}
		})
	}
}

// TestHeadsKeepAddresses: what is not asked for stays, but for payload and what is over it.
func TestHeadsKeepAddresses(t *testing.T) {
	got := (&Heads{}).Frame(capture.Ethernet, unhex(t, etherIP4+ip4+tcp20+secret))
	head := got[:min(len(got), 14)]
	if !bytes.Equal(head, unhex(t, etherIP4)) || !bytes.Contains(got, []byte{10, 0, 0, 5}) || bytes.Contains(got, []byte("SECRET")) {
		t.Errorf("%x", got)
	}
}

// FuzzHeads: nothing of a frame beyond its headers has any part in what is left of it, and the inside addresses are gone.
func FuzzHeads(f *testing.F) {
	f.Add(uint16(1), unhex(f, etherIP4+ip4+tcp20+secret))
	f.Add(uint16(101), unhex(f, ip4+tcp20+secret))
	f.Add(uint16(101), unhex(f, strings.Replace(ip6, "6 0abcde", "600abcde", 1)+"0035 0036 0020 abcd"+secret))
	f.Add(uint16(113), unhex(f, "0000 0001 0006 0a0000000001 0000 0800"+ip4+tcp20))
	f.Fuzz(func(t *testing.T, link uint16, data []byte) {
		was := slices.Clone(data)
		got := standIns().Frame(capture.LinkType(link), data)
		if len(got) > len(data) || !bytes.Equal(data, was) {
			t.Fatalf("%d bytes of %d, or the frame was changed", len(got), len(data))
		}
		for i := len(got); i < len(data); i++ {
			data[i] ^= 0xff
		}
		if again := standIns().Frame(capture.LinkType(link), data); !bytes.HasPrefix(again, got[:min(len(got), len(again))]) {
			t.Errorf("what is behind the headers changes them: %x and %x", got, again)
		}
	})
}
