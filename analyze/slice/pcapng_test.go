package slice

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"phonehome/analyze/capture"
)

// odd is a slice of what is rare: interfaces of several link types and lengths, frame check sequences, and times before 1970 and at the ends of what int64 holds.
func odd() (interfaces []Interface, frames []Frame, file []byte) {
	interfaces = []Interface{
		{Link: capture.Ethernet, SnapLen: 65535, Name: "eth0", FCS: 4, Comment: "first"},
		{Link: capture.Raw, SnapLen: 96},
		{Link: capture.LinuxSLL, Early: true, Name: "any\xff"},
	}
	ip := []byte{0x45, 0, 0, 20, 0, 0, 0, 0, 64, 59, 0, 0, 10, 0, 0, 5, 192, 0, 2, 1}
	ether := slices.Concat(make([]byte, 12), []byte{8, 0}, ip, make([]byte, 26), []byte{1, 2, 3, 4})
	frames = []Frame{
		{Interface: 0, Time: 1541408400123456789, Wire: 64, Data: ether, Comment: "with check sequence"},
		{Interface: 1, Time: 1, Wire: 1500, Data: ip},
		{Interface: 2, Early: true, Time: -1, Wire: 16, Data: make([]byte, 16), Comment: "odd length"},
		{Interface: 2, Early: true, Time: math.MinInt64, Wire: 17, Data: make([]byte, 15)},
		{Interface: 2, Early: true, Time: 1541408400000000001, Wire: 0},
		{Interface: 1, Time: math.MaxInt64, Wire: 20, Data: ip},
	}
	file = AppendSection(nil, "a comment")
	for i := range interfaces {
		file = AppendInterface(file, &interfaces[i])
	}
	for i := range frames {
		file = AppendFrame(file, &frames[i])
	}
	return interfaces, frames, file
}

// TestSlicesAreCaptures reads what was written with the program's own reader: every time, length and byte is there again.
func TestSlicesAreCaptures(t *testing.T) {
	interfaces, frames, file := odd()
	path := filepath.Join(t.TempDir(), "slice.pcapng")
	if err := os.WriteFile(path, file, 0o644); err != nil {
		t.Fatal(err)
	}
	set, err := capture.Find([]string{path}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := set.Sources[0].Open(capture.Options{BlockSize: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []Frame
	var b capture.Block
	for end := error(nil); end == nil; {
		if end = r.Next(&b); end != nil && end != io.EOF {
			t.Fatal(end)
		}
		for i := range b.Records {
			rec := &b.Records[i]
			got = append(got, Frame{Interface: rec.Interface, Early: interfaces[rec.Interface].Early, Time: rec.Time, Wire: rec.Wire, Data: slices.Clone(rec.Captured())})
		}
	}
	for i := range frames {
		frames[i].Comment = ""
		frames[i].Data = append([]byte{}, frames[i].Data...)
	}
	for i := range got {
		got[i].Data = append([]byte{}, got[i].Data...)
	}
	if diff := cmp.Diff(frames, got); diff != "" {
		t.Errorf("frames (- written, + read):\n%s", diff)
	}
	for i, in := range r.Info().Interfaces {
		if w := interfaces[i]; in.Link != w.Link || in.SnapLen != w.SnapLen || in.FCS != w.FCS || in.Name != strings.ToValidUTF8(w.Name, "\ufffd") {
			t.Errorf("interface %d is %+v, want %+v", i, in, w)
		}
	}
	if d := r.Info().Damage; len(d) > 0 {
		t.Errorf("damage: %+v", d)
	}
}

// TestTsharkReadsTimes: another reader sees the same times, before 1970 too.
func TestTsharkReadsTimes(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("not tested: tshark is not installed")
	}
	_, frames, file := odd()
	c := exec.Command(tshark, "-r", "-", "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len", "-e", "frame.cap_len", "-e", "frame.comment")
	c.Stdin = bytes.NewReader(file)
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	for i, f := range frames {
		sec, frac := f.Time/nsPerSecond, f.Time%nsPerSecond
		if frac < 0 {
			sec, frac = sec-1, frac+nsPerSecond // tshark writes seconds and what is added to them
		}
		want := fmt.Sprintf("%d.%09d\t%d\t%d\t%s", sec, frac, f.Wire, len(f.Data), f.Comment)
		if i >= len(lines) || lines[i] != want {
			t.Errorf("frame %d: tshark says %q, want %q", i+1, lines[min(i, len(lines)-1)], want)
		}
	}
}
