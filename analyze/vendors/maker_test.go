package vendors

import (
	"strings"
	"testing"
)

func TestMaker(t *testing.T) {
	for _, c := range []struct {
		mac  [6]byte
		want string
	}{
		{[6]byte{0x00, 0x00, 0x0c, 1, 2, 3}, "Cisco"},
		{[6]byte{0x00, 0x00, 0x00, 0, 0, 0}, "XEROX"},
		{[6]byte{0xc8, 0x5c, 0xe2, 0x7a, 0xbc, 0xde}, "SYNERGY"}, // a block of 28 bits in one that the registry hands out in parts
		{[6]byte{0x02, 0x00, 0x0c, 1, 2, 3}, ""},                 // locally administered
		{[6]byte{0x01, 0x00, 0x5e, 0, 0, 1}, ""},                 // group
		{[6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, ""},
		{[6]byte{0xfc, 0xff, 0xff, 0xff, 0xff, 0xff}, ""}, // of nobody
	} {
		got := Maker(c.mac)
		if c.want == "" && got != "" || !strings.HasPrefix(strings.ToLower(got), strings.ToLower(c.want)) {
			t.Errorf("%x: %q, want %q", c.mac, got, c.want)
		}
	}
}

func TestSmallBlockWins(t *testing.T) {
	data, err := CompileMakers(map[string]string{"a0b1c2": "Large", "a0b1c2d": "Middle", "a0b1c2def": "Small", "fcfcfc": "Last", "000000": "First"})
	if err != nil {
		t.Fatal(err)
	}
	for mac, want := range map[[6]byte]string{
		{0xa0, 0xb1, 0xc2, 0x00, 0x00, 0x00}: "Large",
		{0xa0, 0xb1, 0xc2, 0xcf, 0xff, 0xff}: "Large",
		{0xa0, 0xb1, 0xc2, 0xd0, 0x00, 0x00}: "Middle",
		{0xa0, 0xb1, 0xc2, 0xde, 0xe0, 0x00}: "Middle",
		{0xa0, 0xb1, 0xc2, 0xde, 0xf0, 0x00}: "Small",
		{0xa0, 0xb1, 0xc2, 0xde, 0xff, 0xff}: "Small",
		{0xfc, 0xfc, 0xfc, 0xff, 0xff, 0xff}: "Last",
		{0, 0, 0, 0, 0, 0}:                   "First",
		{0xa0, 0xb1, 0xc3, 0, 0, 0}:          "",
	} {
		if got := makerIn(string(data), mac); got != want {
			t.Errorf("%x: %q, want %q", mac, got, want)
		}
	}
}

func TestCompileMakersRefuses(t *testing.T) {
	for _, prefix := range []string{"", "a0b1", "a0b1c2d3", "gggggg"} {
		if _, err := CompileMakers(map[string]string{prefix: "A"}); err == nil {
			t.Errorf("prefix %q: no error", prefix)
		}
	}
}

func BenchmarkMaker(b *testing.B) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		Maker([6]byte{0x00, byte(i >> 8), byte(i), 1, 2, 3})
	}
}
