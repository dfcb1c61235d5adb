package capture

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
)

// compressors make one member, frame or stream of each kind.
var compressors = []struct {
	name string
	pack func(io.Writer) (io.WriteCloser, error)
}{
	{"gzip", func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }},
	{"zstd", func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w, zstd.WithEncoderCRC(true)) }},
	{"lz4", func(w io.Writer) (io.WriteCloser, error) {
		z := lz4.NewWriter(w)
		return z, z.Apply(lz4.BlockSizeOption(lz4.Block64Kb))
	}},
	{"xz", func(w io.Writer) (io.WriteCloser, error) { return xz.WriterConfig{DictCap: 1 << 16}.NewWriter(w) }},
}

func packed(t testing.TB, pack func(io.Writer) (io.WriteCloser, error), b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := pack(&out)
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// manyRecords is a pcap of n times two records whose bytes compress badly.
func manyRecords(n int) []byte {
	b := pcapFile(binary.LittleEndian, magicMicro)[:pcapHeader]
	sum := sha256.Sum256(nil)
	for i := range n {
		sum = sha256.Sum256(sum[:])
		b = join(b, ngLE.words(uint32(1000+i), 0, 32, 32), sum[:])
	}
	return b
}

// scanFile reads a file as a scan does.
func scanFile(t testing.TB, arg string, stdin io.Reader) (*Info, error) {
	t.Helper()
	set, err := Find([]string{arg}, stdin)
	if err != nil {
		t.Fatal(err)
	}
	r, err := set.Sources[0].Open(Options{BlockSize: 1 << 12, Hash: true})
	if err != nil {
		return nil, err
	}
	var b Block
	for err == nil {
		err = r.Next(&b)
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	r.Close() // a decoder tells again what it met
	return r.Info(), nil
}

func fileOf(t testing.TB, b []byte) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(p, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestCompressed reads each kind whole, in several members, cut and changed, from a file and from standard input.
func TestCompressed(t *testing.T) {
	const records = 20000
	plain := manyRecords(records)
	for _, c := range compressors {
		one := packed(t, c.pack, plain)
		two := join(packed(t, c.pack, plain[:50001]), packed(t, c.pack, plain[50001:]))
		changed := bytes.Clone(one)
		changed[len(changed)/2] ^= 0x55
		for _, k := range []struct {
			name string
			file []byte
			ok   bool
		}{
			{"whole", one, true},
			{"in two members", two, true},
			{"cut in the middle", one[:len(one)/2], false},
			{"without the last byte", one[:len(one)-1], false},
			{"a byte changed", changed, false},
			{"junk behind", join(one, []byte("this is no member of it")), false},
			{"the second member cut", two[:len(two)-40], false},
		} {
			fromFile, err := scanFile(t, fileOf(t, k.file), nil)
			if err != nil {
				t.Errorf("%s, %s: %v", c.name, k.name, err)
				continue
			}
			fromStdin, err := scanFile(t, "-", bytes.NewReader(k.file))
			if err != nil {
				t.Errorf("%s, %s, from standard input: %v", c.name, k.name, err)
				continue
			}
			for _, info := range []*Info{fromFile, fromStdin} {
				if info.Compression != c.name || info.SHA256 != fmt.Sprintf("%x", sha256.Sum256(k.file)) {
					t.Errorf("%s, %s: compression %q, sum %s", c.name, k.name, info.Compression, info.SHA256)
				}
				if k.ok && (info.Packets != records || info.Truncated || len(info.Damage) != 0) {
					t.Errorf("%s, %s: %d packets, cut %v, damage %v", c.name, k.name, info.Packets, info.Truncated, info.Damage)
				}
				if !k.ok && (!info.Truncated || !strings.HasPrefix(info.Damage[0].Reason, "unreadable: ")) {
					t.Errorf("%s, %s: %d packets, cut %v, damage %v", c.name, k.name, info.Packets, info.Truncated, info.Damage)
				}
			}
		}
	}
}

// TestCompressedCutAnywhere holds that no prefix of a compressed capture passes for a whole one, or for a file that is something else.
func TestCompressedCutAnywhere(t *testing.T) {
	plain := manyRecords(3)
	for _, c := range compressors {
		file := packed(t, c.pack, plain)
		for n := maxMagic; n < len(file); n++ {
			info, err := scanFile(t, fileOf(t, file[:n]), nil)
			var no *NotCaptureError
			switch {
			case errors.As(err, &no):
				t.Errorf("%s, %d bytes of %d: %v", c.name, n, len(file), err)
			case err == nil && !info.Truncated:
				t.Errorf("%s, %d bytes of %d: %d packets, not cut", c.name, n, len(file), info.Packets)
			}
		}
	}
}

func TestCompressedIsNoCapture(t *testing.T) {
	tar := make([]byte, 2048)
	copy(tar, "capture.pcap")
	copy(tar[257:], "ustar")
	for _, c := range compressors {
		file := packed(t, c.pack, tar)
		for _, from := range []struct {
			arg   string
			stdin io.Reader
		}{{fileOf(t, file), nil}, {"-", bytes.NewReader(file)}} {
			if _, err := scanFile(t, from.arg, from.stdin); err == nil || !strings.HasSuffix(err.Error(), "("+c.name+" of a tar archive: unpack it first)") {
				t.Errorf("%s of a tar, %s: %v", c.name, from.arg, err)
			}
		}
		empty := packed(t, c.pack, nil)
		if len(empty) == 0 { // a zstd of nothing is nothing
			continue
		}
		if _, err := scanFile(t, fileOf(t, empty), nil); err == nil || !strings.HasSuffix(err.Error(), " is empty") {
			t.Errorf("%s of nothing: %v", c.name, err)
		}
		twice := packed(t, c.pack, packed(t, c.pack, manyRecords(3)))
		if _, err := scanFile(t, fileOf(t, twice), nil); err == nil || !strings.HasSuffix(err.Error(), "("+c.name+" of "+c.name+": decompress it once)") {
			t.Errorf("%s in %s: %v", c.name, c.name, err)
		}
	}
}

// TestSkippableFrames: pzstd begins its files with one (RFC 8878, section 3.1.2).
func TestSkippableFrames(t *testing.T) {
	skip := join([]byte{0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0}, []byte("size"))
	info, err := scanFile(t, fileOf(t, join(skip, packed(t, compressors[1].pack, manyRecords(9)))), nil)
	if err != nil || info.Packets != 9 || info.Compression != "zstd" || len(info.Damage) != 0 {
		t.Errorf("%+v, %v", info, err)
	}
}

// TestXZDictionaryIsBounded changes the dictionary's size in the header of a block to 4 GiB (the xz file format, section 5.3.1).
func TestXZDictionaryIsBounded(t *testing.T) {
	file := packed(t, compressors[3].pack, manyRecords(9))
	const block, dictionary = 12, 12 + 4
	if file[dictionary-2] != 0x21 {
		t.Fatalf("the block header has moved: % x", file[block:block+12])
	}
	file[dictionary] = 40
	size := (int(file[block]) + 1) * 4
	binary.LittleEndian.PutUint32(file[block+size-4:], crc32.ChecksumIEEE(file[block:block+size-4]))
	_, err := scanFile(t, fileOf(t, file), nil)
	if err == nil || !strings.Contains(err.Error(), "xz: a dictionary of 4096 MiB") {
		t.Errorf("%v", err)
	}
}

// TestCorruptFramesAreNoPanic changes each byte of a small file.
func TestCorruptFramesAreNoPanic(t *testing.T) {
	for _, c := range compressors {
		file := packed(t, c.pack, manyRecords(3))
		for i := range file {
			for _, v := range []byte{0, 0x80, 0xff} {
				bad := bytes.Clone(file)
				bad[i] = v
				scanFile(t, "-", bytes.NewReader(bad)) // any answer
			}
		}
	}
}
