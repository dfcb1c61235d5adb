package hostname

import (
	"encoding/binary"
	"strings"
	"testing"
)

// chlo is a client hello of Google QUIC with tags and their values.
func chlo(pairs ...string) string {
	head := []byte(chloMagic)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(pairs)/2))
	values := ""
	for i := 0; i < len(pairs); i += 2 {
		values += pairs[i+1]
		head = binary.LittleEndian.AppendUint32(append(head, pairs[i]...), uint32(len(values)))
	}
	return string(head) + values
}

// googleStreamFrame is a STREAM frame of the handshake, with its length.
func googleStreamFrame(v quicVersion, offset int, data string) string {
	var order binary.AppendByteOrder = binary.BigEndian
	if v < googleBigEndian {
		order = binary.LittleEndian
	}
	b := []byte{0xa0, googleCryptoStream}
	if offset > 0 {
		b[0] |= 1 << 2
		b = order.AppendUint16(b, uint16(offset))
	}
	return string(order.AppendUint16(b, uint16(len(data)))) + data
}

// google is a packet in clear.
func google(v quicVersion, frames string) string {
	const hash = "FNV-1a hash."
	switch {
	case v >= googleLong:
		return "\xc3" + v.letters() + "\x50" + someID + "\x00\x00\x00\x01" + hash + frames
	case v < googleNoFlags:
		frames = "\x00" + frames
	}
	return "\x0d" + someID + v.letters() + "\x01" + hash + frames
}

func googleVersions() (all []quicVersion) {
	for _, s := range []string{"Q024", "Q025", "Q030", "Q033", "Q034", "Q035", "Q039", "Q043", "Q044", "Q046"} {
		all = append(all, quicVersion(binary.BigEndian.Uint32([]byte(s))))
	}
	return all
}

func TestGoogleQUIC(t *testing.T) {
	message := chlo("PAD\x00", strings.Repeat("-", 900), "SNI\x00", "www.example.com", "VER\x00", "Q0xx")
	for _, v := range googleVersions() {
		name := v.letters()
		want := "quic-sni www.example.com " + name
		frame := func(from, to int) string { return googleStreamFrame(v, from, message[from:to]) }
		end := len(message)
		send := func(frames string) piece { return up(google(v, frames)) }
		checkDatagrams(t, name, []piece{send(frame(0, end))}, "gquic", want)
		checkDatagrams(t, name+", two packets", []piece{send(frame(0, 500)), send(frame(400, end))}, "gquic", want)
		checkDatagrams(t, name+", the other way", []piece{send(frame(400, end)), send(frame(0, 500))}, "gquic", want)
		checkDatagrams(t, name+", PADDING and PING before", []piece{send("\x00\x00\x07" + frame(0, end))}, "gquic", want)
		checkDatagrams(t, name+", half", []piece{send(frame(0, 500))}, "gquic")
		checkDatagrams(t, name+", said again", []piece{send(googleStreamFrame(v, 1024, message))}, "gquic", want)
		checkDatagrams(t, name+", no name", []piece{send(googleStreamFrame(v, 0, chlo("VER\x00", name)))}, "gquic", "quic-hello  "+name)
		checkDatagrams(t, name+", another stream", []piece{send("\xa0\x03" + frame(0, end)[2:])}, "gquic")
		checkPrefixes(t, send(frame(0, end)))
		if v >= googleNoFlags {
			for _, ack := range []string{"\x40\x01\x00\x00\x01\x00", "\x60\x03\x00\x00\x01\x01\x01\x01\x00", "\x45\x00\x01\x00\x00\x00\x01\x02\x00\x00\x00\x00\x00\x00\x00\x00"} {
				checkDatagrams(t, name+", ACK before", []piece{send(ack + frame(0, end))}, "gquic", want)
			}
		}
	}
}

func TestGoogleQUICRefuses(t *testing.T) {
	const v = 'Q'<<24 | 0x303433
	good := chlo("SNI\x00", "a.example", "VER\x00", "Q043")
	change := func(at int, b byte) string { return good[:at] + string([]byte{b}) + good[at+1:] }
	for what, message := range map[string]string{
		"another message":    "REJ\x00" + good[4:],
		"no tags":            change(4, 0),
		"too many tags":      change(5, 1),
		"offsets go back":    change(12, 0xff),
		"offset beyond all":  change(22, 9),
		"one byte too few":   good[:len(good)-1],
		"a tag without room": change(4, 200),
	} {
		checkDatagrams(t, what, []piece{up(google(v, googleStreamFrame(v, 0, message)))}, "gquic")
	}
	packet := google(v, googleStreamFrame(v, 0, good))
	checkDatagrams(t, "good", []piece{up(packet)}, "gquic", "quic-sni a.example Q043")
	for what, p := range map[string]string{
		"no version flag":   "\x0c" + packet[1:],
		"reset":             "\x0f" + packet[1:],
		"no connection ID":  "\x05" + packet[1:],
		"unknown version":   packet[:9] + "Q999" + packet[13:],
		"letters elsewhere": packet[:9] + "T050" + packet[13:],
	} {
		checkDatagrams(t, what, []piece{up(p)}, "")
	}
}

// FuzzGQUIC: two packets in clear with any frames, or two datagrams as they are. Their order decides nothing.
func FuzzGQUIC(f *testing.F) {
	message := chlo("SNI\x00", "a.example", "VER\x00", "Q043")
	for i, v := range googleVersions() {
		f.Add([]byte(googleStreamFrame(v, 0, message)), []byte(googleStreamFrame(v, 20, message[20:])), false, uint8(i))
		f.Add([]byte(google(v, googleStreamFrame(v, 0, message[:20]))), []byte(google(v, "\x40\x01\x00\x00\x01\x00"+googleStreamFrame(v, 20, message[20:]))), true, uint8(i))
	}
	f.Add([]byte("!"), []byte("+3000000((0"), true, uint8(1)) // no QUIC, and a telephone number
	versions := googleVersions()
	f.Fuzz(func(t *testing.T, a, b []byte, raw bool, version uint8) {
		p, q := up(string(a)), up(string(b))
		if !raw {
			v := versions[int(version)%len(versions)]
			p.data, q.data = google(v, p.data), google(v, q.data)
		}
		checkOrders(t, p, q)
	})
}

func BenchmarkGoogleQUIC(b *testing.B) {
	const v = 'Q'<<24 | 0x303436
	benchmarkDatagram(b, []byte(google(v, googleStreamFrame(v, 0, chlo("PAD\x00", strings.Repeat("-", 900), "SNI\x00", "www.example.com")))), 0)
}
