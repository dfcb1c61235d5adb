package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// snoopFile is a snoop of two Ethernet records, of 4 and 6 bytes, the first one padded (RFC 1761).
func snoopFile() []byte {
	be := ngBE
	b := append([]byte(snoopMagic), be.words(2, 4)...)
	b = join(b, be.words(60, 4, snoopRecord+8, 0, 1541408400, 5), []byte("abcd\x00\x00\x00\x00"))
	return join(b, be.words(6, 6, snoopRecord+6, 3, 1541408401, 999999), []byte("efghij"))
}

func TestSnoop(t *testing.T) {
	recs, info, err := readAll(t, snoopFile(), 17)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"1 EN10MB 1541408400000005000 abcd/60", "2 EN10MB 1541408401999999000 efghij/6"}
	if d := cmp.Diff(want, briefs(recs)); d != "" || info.Format != "snoop" || info.SnappedPackets != 1 || len(info.Damage) != 0 {
		t.Errorf("%s\n%+v", d, info)
	}
	for kind, link := range map[uint32]LinkType{0: Ethernet, 2: TokenRing, 8: FDDI, 3: unknownLink, 1000: unknownLink} {
		file := snoopFile()
		binary.BigEndian.PutUint32(file[12:], kind)
		if recs, _, err := readAll(t, file, 64); err != nil || recs[0].Link != link {
			t.Errorf("datalink type %d: %v, %v", kind, recs[0].Link, err)
		}
	}
}

// put32 is a copy of a little-endian file with another number at an offset.
func put32(file []byte, at int, v uint32) []byte {
	b := bytes.Clone(file)
	binary.LittleEndian.PutUint32(b[at:], v)
	return b
}

// TestDamageTable holds the exact reason, offset and frame of each kind of damage, and how much was read all the same.
func TestDamageTable(t *testing.T) {
	const second = pcapHeader + pcapRecord + 4 // offset of the second record of pcapFile
	pcap := pcapFile(binary.LittleEndian, magicMicro)
	modified := pcapFile(binary.BigEndian, magicModified)
	usb := put32(pcap, 20, uint32(usbLinux))
	start := join(ngLE.section(), ngLE.iface(Ethernet, 0))
	good := ngLE.enhanced(0, 1, "abcd")
	at := int64(len(start) + len(good)) // of what follows the first packet
	one := join(start, good)
	snoop := snoopFile()
	snoop2 := int64(snoopHeader + snoopRecord + 8)
	const cut, captured, length = "cut in the middle of a record", "absurd captured length", "bad block length"
	for _, c := range []struct {
		name    string
		file    []byte
		packets uint64
		cut     bool
		reason  string // "" where there is no damage
		offset  int64
		frame   uint64
	}{
		{"pcap, header only", pcap[:pcapHeader], 0, false, "", 0, 0},
		{"pcap, cut in the first record header", pcap[:pcapHeader+3], 0, true, cut, pcapHeader, 1},
		{"pcap, cut in a record header", pcap[:second+15], 1, true, cut, second, 2},
		{"pcap, cut behind a record header", pcap[:second+pcapRecord], 1, true, cut, second, 2},
		{"pcap, cut in the payload", pcap[:second+pcapRecord+5], 1, true, cut, second, 2},
		{"pcap, a few bytes of junk", join(pcap, []byte("junk")), 2, true, cut, int64(len(pcap)), 3},
		{"pcap, text behind", join(pcap, bytes.Repeat([]byte("junk "), 9)), 2, false, captured, int64(len(pcap)), 3},
		{"pcap, zeros behind: two records of nothing", join(pcap, make([]byte, 2*pcapRecord)), 4, false, "", 0, 0},
		{"pcap, the most that is captured", put32(pcap, second+8, maxCaptured), 1, true, cut, second, 2},
		{"pcap, more than that", put32(pcap, second+8, maxCaptured+1), 1, false, captured, second, 2},
		{"pcap, more than that of a bus", put32(usb, second+8, maxCaptured+1), 1, true, cut, second, 2},
		{"pcap, more than a bus has", put32(usb, second+8, maxCapturedBus+1), 1, false, captured, second, 2},
		{"pcap-modified, cut in its longer header", modified[:pcapHeader+20], 0, true, cut, pcapHeader, 1},

		{"pcapng, section only", ngLE.section(), 0, false, "", 0, 0},
		{"pcapng, no packet", start, 0, false, "", 0, 0},
		{"pcapng, cut in the section", ngLE.section()[:20], 0, true, cut, 0, 1},
		{"pcapng, cut in a block header", join(one, good[:11]), 1, true, cut, at, 2},
		{"pcapng, cut in a block", join(one, good[:40]), 1, true, cut, at, 2},
		{"pcapng, cut in the last length", join(one, good[:len(good)-1]), 1, true, cut, at, 2},
		{"pcapng, text behind", join(one, []byte("this is no block")), 1, false, length, at, 2},
		{"pcapng, zeros behind", join(one, make([]byte, 64)), 1, false, length, at, 2},
		{"pcapng, a length too short", join(one, put32(good, 4, 11)), 1, false, length, at, 2},
		{"pcapng, a length beyond reason", join(one, put32(good, 4, maxBlock+1)), 1, false, length, at, 2},
		{"pcapng, a length beyond the file", join(one, put32(good, 4, 1<<20)), 1, true, cut, at, 2},
		{"pcapng, lengths differ", join(start, put32(good, len(good)-4, 7), good), 2, false, "block lengths differ", int64(len(start)), 1},
		{"pcapng, captured more than the block", join(one, put32(good, 8+12, 1000), good), 2, false, captured, at, 2},
		{"pcapng, packet block too short", join(one, ngLE.block(blockEnhanced, make([]byte, 16)), good), 2, false, "short packet block", at, 2},
		{"pcapng, obsolete block too short", join(one, ngLE.block(blockPacket, make([]byte, 16)), good), 2, false, "short packet block", at, 2},
		{"pcapng, simple block too short", join(one, ngLE.block(blockSimple), good), 2, false, "short packet block", at, 2},
		{"pcapng, unknown interface", join(one, ngLE.enhanced(1, 1, "x"), good), 2, false, "unknown interface", at, 2},
		{"pcapng, obsolete block of no interface", join(one, ngLE.obsolete(9, 0, 1, "x"), good), 2, false, "unknown interface", at, 2},
		{"pcapng, simple block before any interface", join(ngLE.section(), ngLE.simple(1, "x")), 0, false, "unknown interface", int64(len(ngLE.section())), 1},
		{"pcapng, statistics of no interface", join(one, ngLE.statistics(1), good), 2, false, "unknown interface", at, 2},
		{"pcapng, statistics too short", join(one, ngLE.block(blockStatistics, make([]byte, 8)), good), 2, false, "short statistics block", at, 2},
		{"pcapng, interface too short", join(one, ngLE.block(blockInterface, make([]byte, 4)), good), 2, false, "bad interface block", at, 2},
		{"pcapng, a section too short", join(one, put32(ngLE.section(), 4, 12), good), 1, false, length, at, 2},
		{"pcapng, a section of no byte order", join(one, put32(ngLE.section(), 8, 5), good), 1, false, "bad byte-order magic", at, 2},
		{"pcapng, a section of version 2", join(one, put32(ngLE.section(), 12, 2), good), 1, false, "unknown major version", at, 2},
		{"pcapng, an option longer than its block", join(start, ngLE.iface(Ethernet, 0, []byte{9, 0, 200, 0}), good), 1, false, "", 0, 0},
		{"pcapng, padding left out of the length", join(one, unpadded(ngLE.simple(5, "lmnop"), 3), good), 3, false, "", 0, 0},

		{"snoop, header only", snoop[:snoopHeader], 0, false, "", 0, 0},
		{"snoop, cut in a record header", snoop[:snoop2+3], 1, true, cut, snoop2, 2},
		{"snoop, cut in the payload", snoop[:len(snoop)-1], 1, true, cut, snoop2, 2},
		{"snoop, a record shorter than its header", put32(snoop, int(snoop2)+8, 23<<24), 1, false, captured, snoop2, 2},
		{"snoop, captured more than the record", put32(snoop, int(snoop2)+4, 7<<24), 1, false, captured, snoop2, 2},
		{"snoop, a record beyond reason", put32(snoop, int(snoop2)+8, 0xffffffff), 1, false, captured, snoop2, 2},
	} {
		for _, size := range []int{1, 61, 1 << 16} {
			_, info, err := readAll(t, c.file, size)
			if err != nil || info.Packets != c.packets || info.Truncated != c.cut {
				t.Errorf("%s: %d packets, cut %v, %v; want %d, %v", c.name, info.Packets, info.Truncated, err, c.packets, c.cut)
			}
			want := []Damage{}
			if c.reason != "" {
				want = append(want, Damage{c.reason, 1, c.offset, c.frame})
			}
			if d := cmp.Diff(want, info.Damage); d != "" {
				t.Errorf("%s, blocks of %d (-want +got):\n%s", c.name, size, d)
			}
		}
	}
}

// unpadded says in the lengths of a block that it is n bytes shorter than it is.
func unpadded(block []byte, n uint32) []byte {
	length := uint32(len(block)) - n
	return put32(put32(block, 4, length), len(block)-4, length)
}

// TestDamageOfOneKindIsCounted: the first place is kept, and how often.
func TestDamageOfOneKindIsCounted(t *testing.T) {
	start := join(ngLE.section(), ngLE.iface(Ethernet, 0))
	_, info, err := readAll(t, join(start, bytes.Repeat(ngLE.enhanced(4, 1, "x"), 1000), ngLE.block(blockSimple)), 64)
	want := []Damage{{"unknown interface", 1000, int64(len(start)), 1}, {"short packet block", 1, int64(len(start)) + 1000*int64(len(ngLE.enhanced(4, 1, "x"))), 1}}
	if d := cmp.Diff(want, info.Damage); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
}

// TestEveryPrefix holds that a file cut anywhere gives the records before the cut, and is clean only where it ends between two.
func TestEveryPrefix(t *testing.T) {
	for _, c := range []struct {
		name string
		file []byte
		ends []int // where a clean file may end
	}{
		{"pcap", pcapFile(binary.BigEndian, magicNano), []int{pcapHeader, pcapHeader + pcapRecord + 4}},
		{"snoop", snoopFile(), []int{snoopHeader, snoopHeader + snoopRecord + 8}},
		{"pcapng", join(ngBE.section(), ngBE.iface(Ethernet, 0), ngBE.enhanced(0, 1, "abcd")), []int{len(ngBE.section()), len(ngBE.section()) + len(ngBE.iface(Ethernet, 0))}},
	} {
		for n := 1; n < len(c.file); n++ {
			_, info, err := readAll(t, c.file[:n], 16)
			var no *NotCaptureError
			switch {
			case errors.As(err, &no) && n < pcapHeader:
			case err != nil:
				t.Errorf("%s of %d bytes: %v", c.name, n, err)
			case info.Truncated == slices.Contains(c.ends, n):
				t.Errorf("%s of %d bytes: cut %v", c.name, n, info.Truncated)
			}
		}
	}
}

func TestPcapTimes(t *testing.T) {
	file := pcapFile(binary.LittleEndian, magicMicro)
	for _, c := range []struct {
		name      string
		magic     uint32
		sec, frac uint32
		want      int64
	}{
		{"1970", magicMicro, 0, 0, 0},
		{"2038", magicMicro, 1 << 31, 1, 1<<31*nsPerSecond + 1000},
		{"2106", magicNano, 1<<32 - 1, 999_999_999, (1<<32-1)*nsPerSecond + 999_999_999},
		{"a fraction of more than a second", magicMicro, 1, 2_500_000, 3_500_000_000},
		{"the greatest fraction", magicMicro, 1<<32 - 1, 1<<32 - 1, (1<<32-1)*nsPerSecond + (1<<32-1)*1000},
	} {
		f := put32(put32(put32(file, 0, c.magic), pcapHeader, c.sec), pcapHeader+4, c.frac)
		recs, info, err := readAll(t, f, 64)
		if err != nil || recs[0].Time != c.want || info.SaturatedTimes != 0 {
			t.Errorf("%s: %d, saturated %d, %v; want %d", c.name, recs[0].Time, info.SaturatedTimes, err, c.want)
		}
	}
	_, info, err := readAll(t, put32(file, pcapHeader, 1541408402), 64) // the first record is later than the second
	if err != nil || info.BackwardSteps != 1 || info.First.Unix() != 1541408401 || info.Last.Unix() != 1541408402 {
		t.Errorf("backwards: %+v, %v", info, err)
	}
}

// TestSizeIsNoClaim holds that the memory for a block or a record is bounded by what the file holds and what a record may be.
func TestSizeIsNoClaim(t *testing.T) {
	snoop := put32(put32(snoopFile(), snoopHeader+8, 0xffffffff), snoopHeader+4, 0)
	r, err := (&Source{Path: "x", stdin: bytes.NewReader(snoop), head: snoop}).Open(Options{BlockSize: 64})
	if err != nil {
		t.Fatal(err)
	}
	var b Block
	for r.Next(&b) == nil {
		continue
	}
	if n := cap(b.buf); n > 1<<20 {
		t.Errorf("a buffer of %d bytes for a file of %d", n, len(snoop))
	}
}

// TestFileThatChanges cuts a file, or adds to it, while it is read.
func TestFileThatChanges(t *testing.T) {
	one := pcapFile(binary.LittleEndian, magicMicro)
	records := len(one) - pcapHeader
	file := append(bytes.Clone(one), bytes.Repeat(one[pcapHeader:], 999)...) // 2000 records
	for _, c := range []struct {
		name    string
		change  func(path string) error
		packets uint64
		bytes   int64
		damage  []Damage
	}{
		{"left alone", func(string) error { return nil }, 2000, int64(len(file)), []Damage{}},
		{"cut between two records", func(p string) error { return os.Truncate(p, int64(pcapHeader+records*500)) }, 1000, int64(pcapHeader + records*500),
			[]Damage{{"became shorter while it was read", 1, int64(pcapHeader + records*500), 1001}}},
		{"cut in a record", func(p string) error { return os.Truncate(p, int64(pcapHeader+records*500+5)) }, 1000, int64(pcapHeader + records*500 + 5),
			[]Damage{{"cut in the middle of a record", 1, int64(pcapHeader + records*500), 1001}}},
		{"emptied", func(p string) error { return os.Truncate(p, 0) }, 47, 1024,
			[]Damage{{"cut in the middle of a record", 1, 1010, 48}}},
		{"written to", func(p string) error { return appendTo(p, one[pcapHeader:]) }, 2002, int64(len(file) + records), []Damage{}},
		{"being written to", func(p string) error { return appendTo(p, one[pcapHeader:pcapHeader+9]) }, 2000, int64(len(file) + 9),
			[]Damage{{"cut in the middle of a record", 1, int64(len(file)), 2001}}},
		{"removed", os.Remove, 2000, int64(len(file)), []Damage{}},
	} {
		path := filepath.Join(t.TempDir(), "x.pcap")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		set, err := Find([]string{path}, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := set.Sources[0].Open(Options{BlockSize: 1024})
		if err != nil {
			t.Fatal(err)
		}
		var b Block
		if err := r.Next(&b); err != nil {
			t.Fatal(err)
		}
		if err := c.change(path); err != nil {
			t.Fatal(err)
		}
		for r.Next(&b) == nil {
			continue
		}
		info := r.Info()
		if info.Packets != c.packets || info.Bytes != c.bytes || info.Truncated != (len(c.damage) > 0) {
			t.Errorf("%s: %d packets, %d bytes, cut %v; want %d, %d", c.name, info.Packets, info.Bytes, info.Truncated, c.packets, c.bytes)
		}
		if d := cmp.Diff(c.damage, info.Damage); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
		if err := r.Close(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func appendTo(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// TestNotACapture holds what is said of files that are none: their first bytes, and what they may be.
func TestNotACapture(t *testing.T) {
	tar := make([]byte, 1024)
	copy(tar, "capture.pcap")
	copy(tar[257:], "ustar")
	for _, c := range []struct {
		name, file, want string
	}{
		{"zero-length", "", "x is empty"},
		{"one byte", "x", "x is not a capture: it begins with 78"},
		{"unknown magic", "\x01\x02\x03\x04" + strings.Repeat("z", 100), "x is not a capture: it begins with 01 02 03 04 7a 7a 7a 7a 7a 7a 7a 7a 7a 7a 7a 7a"},
		{"half a pcap header", "\xd4\xc3\xb2\xa1\x02\x00\x04\x00", "x is not a capture: it begins with d4 c3 b2 a1 02 00 04 00 (a pcap header that is cut short)"},
		{"the same, big-endian", "\xa1\xb2\xc3\xd4", "x is not a capture: it begins with a1 b2 c3 d4 (a pcap header that is cut short)"},
		{"the same, nanoseconds", "\x4d\x3c\xb2\xa1", "x is not a capture: it begins with 4d 3c b2 a1 (a pcap header that is cut short)"},
		{"half a pcapng header", "\x0a\x0d\x0d\x0a", "x is not a capture: it begins with 0a 0d 0d 0a (a pcapng header that is cut short)"},
		{"half a snoop header", "snoop\x00\x00\x00\x00\x00", "x is not a capture: it begins with 73 6e 6f 6f 70 00 00 00 00 00 (a snoop header that is cut short)"},
		{"tar", string(tar), "x is not a capture: it begins with 63 61 70 74 75 72 65 2e 70 63 61 70 00 00 00 00 (a tar archive: unpack it first)"},
		{"zip", "PK\x03\x04....", "x is not a capture: it begins with 50 4b 03 04 2e 2e 2e 2e (a zip archive: unpack it first)"},
		{"bzip2", "BZh9", "x is not a capture: it begins with 42 5a 68 39 (bzip2: decompress it first)"},
		{"a saved result", `{"schema":"phonehome.result/1"}`, "x is not a capture: it begins with 7b 22 73 63 68 65 6d 61 22 3a 22 70 68 6f 6e 65 (JSON: a saved result goes to phonehome report)"},
		{"a web page", "<!DOCTYPE html>", "x is not a capture: it begins with 3c 21 44 4f 43 54 59 50 45 20 68 74 6d 6c 3e (a web page: was the download refused?)"},
		{"Git LFS", "version https://git-lfs.github.com/spec/v1", "x is not a capture: it begins with 76 65 72 73 69 6f 6e 20 68 74 74 70 73 3a 2f 2f (a pointer of Git LFS, not the file it stands for)"},
		{"Network Monitor", "GMBU\x00\x02", "x is not a capture: it begins with 47 4d 42 55 00 02 (a capture of Network Monitor: convert it with editcap)"},
	} {
		_, _, err := readAll(t, []byte(c.file), 64)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v\nwant %s", c.name, err, c.want)
		}
	}
}
