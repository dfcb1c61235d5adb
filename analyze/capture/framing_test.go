package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pcapFile is a pcap of two records of 4 and 6 bytes.
func pcapFile(order binary.ByteOrder, magic uint32) []byte {
	b := make([]byte, pcapHeader)
	order.PutUint32(b, magic)
	order.PutUint32(b[4:], 2|4<<16)
	order.PutUint32(b[16:], 65535)
	order.PutUint32(b[20:], uint32(Ethernet))
	for i, body := range []string{"abcd", "efghij"} {
		h := make([]byte, pcapRecord)
		order.PutUint32(h, 1541408400+uint32(i))
		order.PutUint32(h[4:], 5)
		order.PutUint32(h[8:], uint32(len(body)))
		order.PutUint32(h[12:], 100)
		b = append(append(b, h...), body...)
		if magic == magicModified {
			b = append(b[:len(b)-len(body)], append(make([]byte, pcapRecordModified-pcapRecord), body...)...)
		}
	}
	return b
}

// ngBlock is one pcapng block, little-endian.
func ngBlock(kind uint32, body []byte) []byte {
	le := binary.LittleEndian
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	n := uint32(blockOverhead + len(body))
	b := le.AppendUint32(le.AppendUint32(nil, kind), n)
	return le.AppendUint32(append(b, body...), n)
}

var ngSection = ngBlock(blockSection, []byte{0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})

// ngInterface is an Ethernet interface with an if_tsresol.
func ngInterface(resolution byte) []byte {
	return ngBlock(blockInterface, []byte{1, 0, 0, 0, 0, 0, 4, 0, 9, 0, 1, 0, resolution, 0, 0, 0, 0, 0, 0, 0})
}

// ngPacket is an enhanced packet block of interface 0.
func ngPacket(ticks uint64, caplen uint32, data string) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0)
	b = le.AppendUint32(le.AppendUint32(b, uint32(ticks>>32)), uint32(ticks))
	b = le.AppendUint32(le.AppendUint32(b, caplen), 100)
	return ngBlock(blockEnhanced, append(b, data...))
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// readAll reads a capture given by its bytes.
func readAll(t testing.TB, file []byte, blockSize int) ([]Record, *Info, error) {
	t.Helper()
	src := &Source{Path: "x", stdin: bytes.NewReader(file), head: file[:min(len(file), headLen)]}
	r, err := src.Open(Options{BlockSize: blockSize})
	if err != nil {
		return nil, nil, err
	}
	var out []Record
	var b Block
	for err == nil {
		err = r.Next(&b)
		for _, rec := range b.Records {
			rec.Data = bytes.Clone(rec.Data)
			out = append(out, rec)
		}
	}
	if !errors.Is(err, io.EOF) {
		t.Fatalf("read: %v", err)
	}
	return out, r.Info(), nil
}

func TestPcapVariants(t *testing.T) {
	for _, c := range []struct {
		order  binary.ByteOrder
		magic  uint32
		format string
		frac   int64
	}{
		{binary.LittleEndian, magicMicro, "pcap", 5000}, {binary.BigEndian, magicMicro, "pcap", 5000},
		{binary.LittleEndian, magicNano, "pcap-ns", 5}, {binary.BigEndian, magicNano, "pcap-ns", 5},
		{binary.LittleEndian, magicModified, "pcap-modified", 5000}, {binary.BigEndian, magicModified, "pcap-modified", 5000},
	} {
		recs, info, err := readAll(t, pcapFile(c.order, c.magic), 64)
		if err != nil || info.Format != c.format || len(recs) != 2 {
			t.Fatalf("%s: %d records, format %v, %v", c.format, len(recs), info, err)
		}
		want := int64(1541408401)*nsPerSecond + c.frac
		if r := recs[1]; string(r.Data) != "efghij" || r.Wire != 100 || r.Frame != 2 || r.Time != want || r.Link != Ethernet {
			t.Errorf("%s %v: second record %+v", c.format, c.order, r)
		}
		if info.Packets != 2 || info.WireBytes != 200 || info.CapturedBytes != 10 || info.SnappedPackets != 2 || info.Truncated || len(info.Damage) > 0 {
			t.Errorf("%s: info %+v", c.format, info)
		}
	}
}

func TestDamageIsCountedWhereItIs(t *testing.T) {
	plain := pcapFile(binary.LittleEndian, magicMicro)
	absurd := bytes.Clone(plain)
	binary.LittleEndian.PutUint32(absurd[pcapHeader+pcapRecord+4+8:], 1<<30)
	good := ngPacket(1, 4, "abcd")
	badLength := bytes.Clone(good)
	binary.LittleEndian.PutUint32(badLength[4:], 7)
	badTrailer := bytes.Clone(good)
	badTrailer[len(badTrailer)-4]++
	start := join(ngSection, ngInterface(6))
	for _, c := range []struct {
		name    string
		file    []byte
		packets uint64
		cut     bool
		want    Damage
	}{
		{"pcap cut", plain[:len(plain)-1], 1, true, Damage{"cut in the middle of a record", 1, pcapHeader + pcapRecord + 4, 2}},
		{"pcap absurd", absurd, 1, false, Damage{"absurd captured length", 1, pcapHeader + pcapRecord + 4, 2}},
		{"pcapng cut", join(start, good, good[:20]), 1, true, Damage{"cut in the middle of a record", 1, int64(len(start) + len(good)), 2}},
		{"bad length", join(start, good, badLength), 1, false, Damage{"bad block length", 1, int64(len(start) + len(good)), 2}},
		{"lengths differ", join(start, badTrailer, good), 2, false, Damage{"block lengths differ", 1, int64(len(start)), 1}},
		{"absurd captured", join(start, ngPacket(1, 9999, "abcd"), good), 1, false, Damage{"absurd captured length", 1, int64(len(start)), 1}},
		{"no interface", join(ngSection, good), 0, false, Damage{"unknown interface", 1, int64(len(ngSection)), 1}},
		{"short block", join(start, ngBlock(blockEnhanced, []byte{1, 2, 3, 4})), 0, false, Damage{"short packet block", 1, int64(len(start)), 1}},
	} {
		_, info, err := readAll(t, c.file, 1<<16)
		if err != nil || info.Packets != c.packets || info.Truncated != c.cut {
			t.Errorf("%s: %d packets, cut %v, %v; want %d, %v", c.name, info.Packets, info.Truncated, err, c.packets, c.cut)
		}
		if d := cmp.Diff([]Damage{c.want}, info.Damage); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

func TestNanoseconds(t *testing.T) {
	for _, c := range []struct {
		ticks     uint64
		perSecond uint64
		offset    int64
		want      int64
		ok        bool
	}{
		{1_500_000, 1e6, 0, 1_500_000_000, true},
		{3, 2, 0, 1_500_000_000, true},
		{1 << 62, 1 << 63, 1, 1_500_000_000, true},
		{0, 1e6, -2208988800, -2208988800 * nsPerSecond, true},
		{math.MaxInt64, 1, 0, math.MaxInt64, false},
		{math.MaxInt64, 1, math.MaxInt64, math.MaxInt64, false},
		{math.MaxUint64, 1, 0, math.MaxInt64, false},
		{0, 1, math.MinInt64, math.MinInt64, false},
	} {
		if got, ok := nanoseconds(c.ticks, c.perSecond, c.offset); got != c.want || ok != c.ok {
			t.Errorf("nanoseconds(%d, %d, %d) = %d, %v; want %d, %v", c.ticks, c.perSecond, c.offset, got, ok, c.want, c.ok)
		}
	}
}

func TestFindNamesWhatIsNoCapture(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	good := write("b.pcap", pcapFile(binary.LittleEndian, magicMicro))
	write("a.pcap", pcapFile(binary.LittleEndian, magicMicro))
	write("notes.txt", []byte("hello"))
	write("empty", nil)
	set, err := Find([]string{good, dir}, nil)
	if err != nil || len(set.Sources) != 1 || filepath.Base(set.Sources[0].Path) != "a.pcap" || len(set.Ignored) != 3 {
		t.Fatalf("sources %v, ignored %v, %v", set.Sources, set.Ignored, err)
	}
	if _, err := Find([]string{"-", good}, bytes.NewReader(nil)); err == nil {
		t.Error("standard input beside a file was accepted")
	}
	set, err = Find([]string{filepath.Join(dir, "notes.txt")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var no *NotCaptureError
	if _, err := set.Sources[0].Open(Options{BlockSize: 64}); !errors.As(err, &no) || string(no.First) != "hello" {
		t.Errorf("a text file opened with %v", err)
	}
}

// FuzzFraming holds that any block size gives the same records, that they lie in the file, and that Info sums them.
func FuzzFraming(f *testing.F) {
	f.Add(pcapFile(binary.LittleEndian, magicMicro))
	f.Add(pcapFile(binary.BigEndian, magicModified))
	f.Add(join(ngSection, ngInterface(9), ngPacket(7, 4, "abcd"), ngBlock(blockSimple, []byte{4, 0, 0, 0, 1, 2, 3, 4})))
	f.Add(join(ngSection, ngInterface(9), ngBlock(blockJournal, []byte("a=b\n")), ngPacket(7, 4, "abcd")))
	f.Add(append([]byte(snoopMagic), make([]byte, 60)...))
	f.Fuzz(func(t *testing.T, file []byte) {
		whole, info, err := readAll(t, file, 1<<20)
		if err != nil {
			return
		}
		small, again, err := readAll(t, file, 61)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(whole, small); d != "" {
			t.Fatalf("records depend on the block size:\n%s", d)
		}
		if d := cmp.Diff(info, again); d != "" {
			t.Fatalf("info depends on the block size:\n%s", d)
		}
		var wire, captured, last uint64
		for i, r := range whole {
			if r.Frame <= last || r.Offset < 0 || r.Offset+int64(len(r.Data)) > int64(len(file)) {
				t.Fatalf("record %d: frame %d at %d, behind frame %d", i, r.Frame, r.Offset, last)
			}
			last = r.Frame // not i+1: journal entries and the like are frames, and no records
			wire, captured = wire+uint64(r.Wire), captured+uint64(len(r.Data))
		}
		if info.Packets != uint64(len(whole)) || info.WireBytes != wire || info.CapturedBytes != captured {
			t.Fatalf("info %+v of %d records", info, len(whole))
		}
	})
}

func BenchmarkNext(b *testing.B) {
	one := pcapFile(binary.LittleEndian, magicMicro)
	file := append(bytes.Clone(one), bytes.Repeat(one[pcapHeader:], 10000)...)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	var blk Block
	for b.Loop() {
		r, err := (&Source{Path: "x", stdin: bytes.NewReader(file), head: one}).Open(Options{BlockSize: 512 << 10})
		for err == nil {
			err = r.Next(&blk)
		}
	}
}
