package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// ng writes pcapng in one byte order.
type ng struct {
	binary.AppendByteOrder
}

var (
	ngLE = ng{binary.LittleEndian}
	ngBE = ng{binary.BigEndian}
)

func (o ng) words(vs ...uint32) (b []byte) {
	for _, v := range vs {
		b = o.AppendUint32(b, v)
	}
	return b
}

// halves are 16-bit numbers.
func (o ng) halves(vs ...uint16) (b []byte) {
	for _, v := range vs {
		b = o.AppendUint16(b, v)
	}
	return b
}

func padded(b []byte) []byte { return append(bytes.Clone(b), make([]byte, -len(b)&3)...) }

func (o ng) block(kind uint32, parts ...[]byte) []byte {
	body := padded(join(parts...))
	n := uint32(blockOverhead + len(body))
	return join(o.words(kind, n), body, o.words(n))
}

func (o ng) option(code uint16, v ...byte) []byte {
	return join(o.halves(code, uint16(len(v))), padded(v))
}

func (o ng) section(options ...[]byte) []byte {
	return o.block(blockSection, o.words(byteOrderMagic), o.halves(1, 0), o.words(math.MaxUint32, math.MaxUint32), join(options...))
}

func (o ng) iface(link LinkType, snap uint32, options ...[]byte) []byte {
	return o.block(blockInterface, o.halves(uint16(link), 0), o.words(snap), join(options...))
}

func (o ng) enhanced(number uint32, ticks uint64, data string) []byte {
	n := uint32(len(data))
	return o.block(blockEnhanced, o.words(number, uint32(ticks>>32), uint32(ticks), n, n), padded([]byte(data)), o.option(1, []byte("a comment")...), o.option(0))
}

func (o ng) obsolete(number, drops uint16, ticks uint64, data string) []byte {
	n := uint32(len(data))
	return o.block(blockPacket, o.halves(number, drops), o.words(uint32(ticks>>32), uint32(ticks), n, n), []byte(data))
}

func (o ng) simple(wire uint32, data string) []byte {
	return o.block(blockSimple, o.words(wire), []byte(data))
}

func (o ng) statistics(number uint32, options ...[]byte) []byte {
	return o.block(blockStatistics, o.words(number, 0, 0), join(options...))
}

func (o ng) drops(code uint16, n uint64) []byte { return o.option(code, o.AppendUint64(nil, n)...) }

// names is one record of a name-resolution block.
func (o ng) names(kind uint16, addr []byte, names ...string) []byte {
	v := bytes.Clone(addr)
	for _, n := range names {
		v = append(append(v, n...), 0)
	}
	return join(o.halves(kind, uint16(len(v))), padded(v))
}

func each(t *testing.T, run func(t *testing.T, o ng)) {
	t.Run("little-endian", func(t *testing.T) { run(t, ngLE) })
	t.Run("big-endian", func(t *testing.T) { run(t, ngBE) })
}

// brief is a record in a line.
func brief(r *Record) string {
	return fmt.Sprintf("%d %s %d %s/%d", r.Frame, r.Link, r.Time, r.Data, r.Wire)
}

func briefs(rs []Record) (out []string) {
	for i := range rs {
		out = append(out, brief(&rs[i]))
	}
	return out
}

func TestPcapngBlocks(t *testing.T) {
	each(t, func(t *testing.T, o ng) {
		file := join(
			o.section(o.option(2, []byte("some hardware")...), o.option(0)),
			o.iface(Ethernet, 0, o.option(2, []byte("eth0")...), o.option(9, 9), o.option(0)),
			o.iface(Raw, 3),
			o.enhanced(0, 7, "abcde"),
			o.enhanced(1, 2_000_000, "fg"),
			o.obsolete(1, 4, 3_000_000, "hij"),
			o.obsolete(0, math.MaxUint16, 4, "k"),
			o.simple(5, "lmnop"),
			o.block(blockCustom, []byte{1, 2, 3, 4}), o.block(blockCustomNo, []byte{1, 2, 3, 4}),
			o.block(0x1234, []byte("whatever")), o.block(0x80000001),
			o.block(blockSecrets, o.words(0x544c534b, 4), []byte("key ")),
			o.enhanced(0, 9, ""),
		)
		recs, info, err := readAll(t, file, 64)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{
			"1 EN10MB 7 abcde/5", "2 RAW 2000000000 fg/2", "3 RAW 3000000000 hij/3", "4 EN10MB 4 k/1",
			"5 EN10MB 4 lmnop/5", // it has no time: that of the record before
			"8 EN10MB 9 /0",      // Wireshark shows custom blocks as frames
		}, briefs(recs)); d != "" {
			t.Errorf("records (-want +got):\n%s", d)
		}
		want := &Info{
			Path: "x", Format: "pcapng", Packets: 6, WireBytes: 16, CapturedBytes: 16, Undecoded: map[string]uint64{}, Damage: []Damage{},
			First: time.Unix(0, 4).UTC(), Last: time.Unix(3, 0).UTC(), BackwardSteps: 1, Drops: 4, Secrets: 1, UnknownBlocks: 2, CustomBlocks: 2,
			Interfaces: []Interface{{Link: Ethernet, LinkName: "EN10MB", Name: "eth0", Packets: 4}, {Link: Raw, LinkName: "RAW", SnapLen: 3, Packets: 2}},
		}
		if d := cmp.Diff(want, info); d != "" {
			t.Errorf("info (-want +got):\n%s", d)
		}
	})
}

// TestPcapngSections has sections of either byte order in one file: interfaces are numbered anew in each, and drops counted anew.
func TestPcapngSections(t *testing.T) {
	var file []byte
	for i, o := range []ng{ngLE, ngBE, ngBE, ngLE} {
		link := []LinkType{Ethernet, Raw, LinuxSLL, Null}[i]
		file = join(file, o.section(), o.iface(link, 0), o.enhanced(0, uint64(i), "x"), o.statistics(0, o.drops(5, 10)))
	}
	recs, info, err := readAll(t, file, 50)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"1 EN10MB 0 x/1", "2 RAW 1000 x/1", "3 LINUX_SLL 2000 x/1", "4 NULL 3000 x/1"}, briefs(recs)); d != "" {
		t.Error(d)
	}
	if len(info.Interfaces) != 4 || info.Drops != 40 || len(info.Damage) != 0 {
		t.Errorf("%+v", info)
	}
	_, info, err = readAll(t, join(ngLE.section(), ngLE.iface(Ethernet, 0), ngBE.section(), ngBE.enhanced(0, 1, "x")), 64)
	if err != nil || len(info.Damage) != 1 || info.Damage[0].Reason != "unknown interface" {
		t.Errorf("an interface of the section before: %+v, %v", info, err)
	}
}

func TestResolutions(t *testing.T) {
	const day = 86400
	offset := func(o ng, seconds int64) []byte { return o.option(14, o.AppendUint64(nil, uint64(seconds))...) }
	each(t, func(t *testing.T, o ng) {
		for _, c := range []struct {
			name    string
			options []byte
			ticks   uint64
			want    int64
			sat     bool
		}{
			{"none: microseconds", nil, 1_500_000, 1_500_000_000, false},
			{"seconds", o.option(9, 0), 7, 7 * nsPerSecond, false},
			{"milliseconds", o.option(9, 3), 1500, 1_500_000_000, false},
			{"nanoseconds", o.option(9, 9), 1_500_000_000, 1_500_000_000, false},
			{"picoseconds", o.option(9, 12), 1_500_000_000_999, 1_500_000_000, false},
			{"attoseconds", o.option(9, 18), 1_500_000_000_000_000_000, 1_500_000_000, false},
			{"the finest that 64 bits count", o.option(9, 19), math.MaxUint64, 1_844_674_407, false},
			{"halves", o.option(9, 0x81), 3, 1_500_000_000, false},
			{"1/1024", o.option(9, 0x8a), 1536, 1_500_000_000, false},
			{"2^-32", o.option(9, 0xa0), 3 << 31, 1_500_000_000, false},
			{"2^-63", o.option(9, 0xbf), 3 << 62, 1_500_000_000, false},
			{"an option without a value", o.option(9), 1_500_000, 1_500_000_000, false},
			{"offset", offset(o, 3600), 1_500_000, 3601_500_000_000, false},
			{"offset to before 1970", offset(o, -day), 500_000, -day*nsPerSecond + 500_000_000, false},
			{"beyond 2262", o.option(9, 0), 1 << 40, math.MaxInt64, true},
			{"beyond 2262 by the offset", offset(o, math.MaxInt64), 1, math.MaxInt64, true},
			{"before 1677", offset(o, math.MinInt64), 1, math.MinInt64, true},
			{"all ones, microseconds", nil, math.MaxUint64, math.MaxInt64, true},
			{"all ones, nanoseconds", o.option(9, 9), math.MaxUint64, math.MaxInt64, true},
		} {
			recs, info, err := readAll(t, join(o.section(), o.iface(Ethernet, 0, c.options), o.enhanced(0, c.ticks, "x")), 1<<16)
			if err != nil || len(recs) != 1 {
				t.Fatalf("%s: %d records, %v", c.name, len(recs), err)
			}
			if recs[0].Time != c.want || (info.SaturatedTimes == 1) != c.sat {
				t.Errorf("%s: %d, saturated %d; want %d", c.name, recs[0].Time, info.SaturatedTimes, c.want)
			}
		}
	})
}

func TestAbsurdResolutionIsDamage(t *testing.T) {
	for _, v := range []byte{20, 127, 0xc0, 0xff} {
		_, info, err := readAll(t, join(ngLE.section(), ngLE.iface(Ethernet, 0, ngLE.option(9, v)), ngLE.enhanced(0, 1, "x")), 64)
		if d := cmp.Diff([]Damage{{"absurd time resolution", 1, int64(len(ngLE.section())), 1}}, info.Damage); d != "" || info.Packets != 1 || err != nil {
			t.Errorf("if_tsresol %#x: %d packets, %v\n%s", v, info.Packets, err, d)
		}
	}
}

func TestFrameCheckSequences(t *testing.T) {
	for _, c := range []struct {
		length byte
		want   string
	}{
		{0, "abcdefgh"}, {2, "abcdef"}, {4, "abcd"}, {16, "abcdef"}, {32, "abcd"}, {255, "abcd"},
	} {
		recs, info, err := readAll(t, join(ngLE.section(), ngLE.iface(Ethernet, 0, ngLE.option(13, c.length)), ngLE.enhanced(0, 1, "abcdefgh")), 64)
		if err != nil || string(recs[0].Data) != c.want || recs[0].Wire != 8 {
			t.Errorf("if_fcslen %d: %q of %d, %v", c.length, recs[0].Data, recs[0].Wire, err)
		}
		if info.CapturedBytes != uint64(len(c.want)) {
			t.Errorf("if_fcslen %d: %d bytes captured", c.length, info.CapturedBytes)
		}
	}
	for missing, want := range []string{"abcdef", "abcdef", "abcdef", "abcde"} { // of a sequence of two bytes: none, one, both, and one of the frame
		if got := withoutFCS([]byte("abcdefgh")[:8-missing], 8, 2); string(got) != want {
			t.Errorf("%d bytes missing: %q, want %q", missing, got, want)
		}
	}
	file := pcapFile(binary.LittleEndian, magicMicro)
	binary.LittleEndian.PutUint32(file[20:], uint32(Ethernet)|1<<26|2<<28)      // four bytes, in words of two
	binary.LittleEndian.PutUint32(file[pcapHeader+pcapRecord+4+12:], uint32(6)) // the second record is captured whole
	recs, _, err := readAll(t, file, 64)
	if err != nil || recs[0].Link != Ethernet || string(recs[0].Data) != "abcd" || string(recs[1].Data) != "ef" {
		t.Errorf("pcap: %q, %q, %v", recs[0].Data, recs[1].Data, err)
	}
}

func TestDropsAreTheLastReport(t *testing.T) {
	head := join(ngLE.section(), ngLE.iface(Ethernet, 0), ngLE.iface(Ethernet, 0))
	for _, c := range []struct {
		name  string
		stats []byte
		want  uint64
	}{
		{"none", ngLE.statistics(0), 0},
		{"by the interface and the system", ngLE.statistics(0, ngLE.drops(5, 3), ngLE.drops(7, 4)), 7},
		{"received, not lost", ngLE.statistics(0, ngLE.drops(4, 3)), 0},
		{"twice", join(ngLE.statistics(0, ngLE.drops(5, 3)), ngLE.statistics(0, ngLE.drops(5, 8))), 8},
		{"of two interfaces", join(ngLE.statistics(0, ngLE.drops(5, 3)), ngLE.statistics(1, ngLE.drops(5, 8))), 11},
		{"no number at all", ngLE.statistics(0, ngLE.option(5, 1, 2)), 0},
		{"absurd ones don't wrap", join(ngLE.statistics(0, ngLE.drops(5, math.MaxUint64), ngLE.drops(7, 2))), math.MaxUint32 + 2},
	} {
		_, info, err := readAll(t, join(head, c.stats), 64)
		if err != nil || info.Drops != c.want || len(info.Damage) != 0 {
			t.Errorf("%s: %d drops, damage %v, %v; want %d", c.name, info.Drops, info.Damage, err, c.want)
		}
	}
}

// namesOf reads the entries of a file's name-resolution blocks.
func namesOf(t *testing.T, file []byte) ([]NameEntry, *Info) {
	t.Helper()
	r, err := (&Source{Path: "x", stdin: bytes.NewReader(file), head: file}).Open(Options{BlockSize: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	var b Block
	for r.Next(&b) == nil {
		continue
	}
	return r.Names(), r.Info()
}

func TestNameBlocks(t *testing.T) {
	each(t, func(t *testing.T, o ng) {
		v6 := netip.MustParseAddr("2001:db8::5")
		block := o.block(blockNames,
			o.names(1, []byte{192, 0, 2, 5}, "a.example", "b.example"),
			o.names(2, v6.AsSlice(), "c.example"),
			o.names(3, []byte{2, 0, 0, 0, 0, 1}, "a MAC"), // not of IP
			o.names(1, []byte{192, 0, 2}),                 // short
			o.words(0), o.names(1, []byte{192, 0, 2, 6}, "behind the end"))
		head := join(o.section(), o.iface(Ethernet, 0), o.enhanced(0, 1, "x"))
		got, info := namesOf(t, join(head, block))
		want := []NameEntry{
			{"a.example", netip.MustParseAddr("192.0.2.5"), 1, int64(len(head))},
			{"b.example", netip.MustParseAddr("192.0.2.5"), 1, int64(len(head))},
			{"c.example", v6, 1, int64(len(head))},
		}
		if d := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); d != "" || len(info.Damage) != 0 {
			t.Errorf("names (-want +got):\n%s\ndamage %v", d, info.Damage)
		}
	})
}

// TestWhatIsKeptOfBlocksIsBounded: names and interfaces are kept, so that their number and size are.
func TestWhatIsKeptOfBlocksIsBounded(t *testing.T) {
	long := strings.Repeat("n", 60000)
	got, info := namesOf(t, join(ngLE.section(), ngLE.block(blockNames, ngLE.names(1, []byte{192, 0, 2, 5}, long, "short"))))
	if len(got) != 1 || got[0].Name != "short" || len(info.Damage) != 1 || info.Damage[0].Reason != "names beyond the memory for them" {
		t.Errorf("%d names, damage %v", len(got), info.Damage)
	}
	many := bytes.Repeat(ngLE.block(blockNames, bytes.Repeat(ngLE.names(1, []byte{192, 0, 2, 5}, "a", "b", "c"), 100)), maxNameEntries/300+1)
	got, info = namesOf(t, join(ngLE.section(), many))
	if len(got) != maxNameEntries || len(info.Damage) != 1 {
		t.Errorf("%d names, damage %v", len(got), info.Damage)
	}
	_, info = namesOf(t, join(ngLE.section(), ngLE.iface(Ethernet, 0, ngLE.option(2, []byte(long)...))))
	if n := len(info.Interfaces[0].Name); n != maxInterfaceName {
		t.Errorf("an interface name of %d bytes", n)
	}
	_, info = namesOf(t, join(ngLE.section(), bytes.Repeat(ngLE.iface(Ethernet, 0), maxInterfaces+2)))
	if len(info.Interfaces) != maxInterfaces || len(info.Damage) != 1 || info.Damage[0].Count != 2 {
		t.Errorf("%d interfaces, damage %v", len(info.Interfaces), info.Damage)
	}
}
