package packet

import (
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// TestDot11Header holds headers of all types against gopacket, which takes the last four bytes for a frame check sequence.
func TestDot11Header(t *testing.T) {
	const fcs = 4
	frame := make([]byte, 44)
	for i := range frame {
		frame[i] = byte(i)
	}
	for first := range 256 {
		for _, flags := range []byte{0, dot11ToDS, dot11FromDS, dot11ToDS | dot11FromDS, dot11Protected, dot11Order, dot11Order | dot11ToDS | dot11FromDS, 0xff} {
			frame[0], frame[1] = byte(first), flags
			for n := 10; n <= len(frame); n++ {
				var w layers.Dot11
				err := w.DecodeFromBytes(frame[:n], gopacket.NilDecodeFeedback)
				kind := frame[0] >> 2
				head := dot11Header(kind, flags)
				whole := head+fcs <= n && kind != dot11Reserved
				if whole != (err == nil) || whole && head != len(w.Contents) {
					t.Fatalf("%02x %02x, %d bytes: a header of %d, want %d (%v)", first, flags, n, head, len(w.Contents), err)
				}
				if !whole || kind&3 != dot11Data {
					continue
				}
				dst, src := stations(frame[:n-fcs], flags)
				wantDst, wantSrc := w.Address1, w.Address2
				if w.Flags.ToDS() {
					wantDst = w.Address3
				}
				if w.Flags.FromDS() {
					wantSrc = w.Address3
				}
				if w.Flags.ToDS() && w.Flags.FromDS() {
					wantSrc = w.Address4
				}
				if string(dst[:]) != string(wantDst) || string(src[:]) != string(wantSrc) {
					t.Fatalf("%02x %02x: % x from % x, want %s from %s", first, flags, dst, src, wantDst, wantSrc)
				}
			}
		}
	}
}
