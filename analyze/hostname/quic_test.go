package hostname

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
)

// TestInitialVectors: RFC 9001, appendix A.2 and A.3, and RFC 9369, appendix A.2 and A.3.
func TestInitialVectors(t *testing.T) {
	for name, version := range map[string]string{"rfc9001": "v1", "rfc9369": "v2"} {
		client, server := hexFile(t, "quic-"+name+"-client.hex"), hexFile(t, "quic-"+name+"-server.hex")
		want := "quic-sni example.com alpn " + version
		checkDatagrams(t, name, []piece{up(client)}, "quic", want)
		checkDatagrams(t, name+", answered first", []piece{down(server), up(client)}, "quic", want)
		checkDatagrams(t, name+", the server alone", []piece{down(server)}, "quic")
		checkPrefixes(t, up(client))
		for i := range len(client) {
			b := []byte(client)
			b[i] ^= 0x10
			if rows, _ := exchange(up(string(b))); len(rows) > 0 {
				t.Errorf("%s: named with byte %d changed: %q", name, i, rows)
			}
		}
	}
}

// TestInitialKeys: RFC 9001, appendix A.1, and RFC 9369, appendix A.1; each HMAC against crypto/hkdf.
func TestInitialKeys(t *testing.T) {
	for f, want := range map[*quicProfile][2]string{
		&profileV1: {"c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea", "fa044b2f42a3fd3b46fb255c"},
		&profileV2: {"14ec9d6eb9fd7af83bf5a668bc17a7e283766aade7ecd0891f70f9ff7f4bf47b", "91f73e2351d8fa91660e909f"},
	} {
		initial := shortHMAC([]byte(f.salt), []byte(someID))
		if same, err := hkdf.Extract(sha256.New, []byte(someID), []byte(f.salt)); err != nil || !bytes.Equal(same, initial[:]) {
			t.Errorf("%s: extract %x, want %x, %v", f.label, initial, same, err)
		}
		client := expandLabel(initial[:], "client in", sha256.Size)
		if hex.EncodeToString(client[:]) != want[0] {
			t.Errorf("%s: client secret %x, want %s", f.label, client, want[0])
		}
		k, ok := deriveInitialKeys(f, []byte(someID))
		if !ok || hex.EncodeToString(k.iv[:quicNonceLen]) != want[1] {
			t.Errorf("%s: iv %x, want %s", f.label, k.iv, want[1])
		}
	}
}

func TestQUICRecordings(t *testing.T) {
	for name, want := range map[string]string{
		"quic-v1": "quic-sni v1.example.com h3 v1", "quic-v2": "quic-sni v2.example.net h3 v2",
		"quic-pq": "quic-sni pq.example.org h3 v1", "quic-retry": "quic-sni retry.example.com h3 v1",
	} {
		all := recording(t, name)
		client := slices.DeleteFunc(slices.Clone(all), func(p piece) bool { return p.dir == 1 })
		server := slices.DeleteFunc(slices.Clone(all), func(p piece) bool { return p.dir == 0 })
		checkDatagrams(t, name, all, "quic", want)
		checkDatagrams(t, name+", the client alone", client, "quic", want)
		checkDatagrams(t, name+", the server alone", server, "quic")
		r := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			twice := append(slices.Clone(all[:6]), all[:6]...)
			r.Shuffle(len(twice), func(i, j int) { twice[i], twice[j] = twice[j], twice[i] })
			checkDatagrams(t, name+", shuffled", twice, "quic", want)
		}
	}
}

// TestQUICRecordingPrefixes: with the last datagram that is needed cut, there is no name.
func TestQUICRecordingPrefixes(t *testing.T) {
	pq := recording(t, "quic-pq")
	checkPrefixes(t, pq[0])
	for k := range len(pq[1].data) {
		h := &heard{}
		d := &datagrams{n: NewNamer(h, Limits{})}
		d.send(pq[0], -1)
		d.send(pq[1], k)
		if len(h.rows) > 0 {
			t.Fatalf("%d bytes of the second: %q", k, h.rows)
		}
	}
}

func TestQUICVersions(t *testing.T) {
	tls := pad(crypto(0, helloOf{name: "a.example"}.message()))
	google := func(hello string) string { return pad("\x08" + crypto(0, hello)[1:]) }
	names := map[quicVersion]string{
		quicV1: "v1", quicV2: "v2", quicV2Draft: "v2-draft", 0xfaceb001: "mvfst-01", 0xfaceb002: "mvfst-02", 0xfaceb00e: "mvfst-0e",
		0x1a2a3a4a: "0x1a2a3a4a", 0x12345678: "0x12345678", 'T'<<24 | 0x303530: "T050", 'T'<<24 | 0x303531: "T051", 'Q'<<24 | 0x303530: "Q050",
	}
	for d := range quicVersion(13) {
		names[quicDraft+22+d] = fmt.Sprintf("draft-%d", 22+d)
	}
	for v, name := range names {
		frames, protocol := tls, "quic"
		if v.isGoogle() {
			frames, protocol = google(helloOf{name: "a.example"}.message()), "gquic"
		}
		if v.hasCHLO() {
			frames = google(chlo("SNI\x00", "a.example"))
		}
		if v.profiles() == nil {
			t.Errorf("%s: nothing to try", name)
		}
		for i := range v.profiles() {
			p := up(sealer{version: v, profile: i, id: someID}.seal(frames))
			checkDatagrams(t, name, []piece{p}, protocol, "quic-sni a.example "+name)
		}
	}
}

// TestQUICUnread: what is told to be QUIC, or not, where nothing can be opened.
func TestQUICUnread(t *testing.T) {
	garbage := func(v quicVersion, size int) piece {
		b := []byte(sealer{version: v, id: someID}.seal(pad(crypto(0, "x"))))
		b[len(b)-1]++
		return up(string(b[:min(size, len(b))]))
	}
	negotiation := "\x80\x00\x00\x00\x00\x04scid\x08" + someID
	cases := []struct {
		what     string
		p        piece
		protocol string
	}{
		{"v1", garbage(quicV1, 9999), "quic"},
		{"reserved", garbage(0x1a2a3a4a, 9999), "quic"},
		{"unknown", garbage(0x12345678, 9999), ""},
		{"cut off", garbage(quicV1, 1000), ""},
		{"short header", up("\x40" + someID + strings.Repeat("x", 1190)), ""},
		{"negotiation", down(negotiation + "\x1a\x2a\x3a\x4a\x00\x00\x00\x01"), "quic"},
		{"negotiation of nothing known", down(negotiation + "\x12\x34\x56\x78"), ""},
		{"negotiation, cut", down(negotiation + "\x00\x00\x00\x01\x00"), ""},
		{"long connection ID", up("\xc0\x00\x00\x00\x01\x15" + strings.Repeat("x", 1190)), ""},
	}
	for _, c := range cases {
		checkDatagrams(t, c.what, []piece{c.p}, c.protocol)
	}
}

// pieces cuts a message into CRYPTO frames of size bytes.
func cryptoFrames(message string, size int) (frames []string) {
	for at := 0; at < len(message); at += size {
		frames = append(frames, crypto(at, message[at:min(at+size, len(message))]))
	}
	return frames
}

// TestQUICShuffledFrames: a hello cut small, in any order, with PING, PADDING and ACK between, over several packets and datagrams.
func TestQUICShuffledFrames(t *testing.T) {
	message := helloOf{name: "shuffled.example", extensions: []extension{{51, strings.Repeat("k", 1200)}}}.message()
	between := []string{"\x00\x00", "\x01", "\x02\x05\x00\x01\x01\x00\x00", "\x03\x05\x00\x00\x01\x01\x02\x03"}
	r := rand.New(rand.NewPCG(3, 4))
	for size := 8; size < len(message); size += 1 + size/3 {
		frames := cryptoFrames(message, size)
		frames = append(frames, frames[:len(frames)/2]...)
		r.Shuffle(len(frames), func(i, j int) { frames[i], frames[j] = frames[j], frames[i] })
		var sent []piece
		datagram := ""
		for i := range 4 {
			payload := ""
			for _, f := range frames[i*len(frames)/4 : (i+1)*len(frames)/4] {
				payload += f + between[r.IntN(len(between))]
			}
			datagram += sealer{version: quicV1, id: someID, number: uint32(i), numberLen: i + 1, token: "token"}.seal(payload)
			if i%2 == 1 {
				sent = append(sent, up(datagram), down("\x40nothing"))
				datagram = ""
			}
		}
		checkDatagrams(t, fmt.Sprintf("pieces of %d bytes", size), sent, "quic", "quic-sni shuffled.example v1")
	}
}

func TestQUICHellos(t *testing.T) {
	seal := func(frames string) piece { return up(sealer{version: quicV1, id: someID}.seal(pad(frames))) }
	message := helloOf{name: "a.example"}.message()
	other := helloOf{name: "b.examplf"}.message()
	late := len(message) - 4
	cases := []struct {
		what string
		sent []piece
		want []string
	}{
		{"no name", []piece{seal(crypto(0, helloOf{}.message()))}, []string{"quic-hello  v1"}},
		{"behind CONNECTION_CLOSE", []piece{seal("\x1c\x00\x00\x00" + crypto(0, message))}, nil},
		{"a hole", []piece{seal(crypto(0, message[:40]) + crypto(41, message[41:]))}, nil},
		{"the hole closed", []piece{seal(crypto(0, message[:40]) + crypto(41, message[41:])), seal(crypto(40, message[40:41]))}, []string{"quic-sni a.example v1"}},
		{"overlapping", []piece{seal(crypto(30, message[30:]) + crypto(0, message[:50]))}, []string{"quic-sni a.example v1"}},
		{"two stories", []piece{seal(crypto(0, message[:late])), seal(crypto(0, other))}, nil},
		{"two stories, the other way", []piece{seal(crypto(late, other[late:])), seal(crypto(0, message))}, nil},
		{"two stories, too late", []piece{seal(crypto(0, message)), seal(crypto(0, other))}, []string{"quic-sni a.example v1"}},
		{"no hello", []piece{seal(crypto(0, "\x02"+message[1:]))}, nil},
		{"length of the message cut", []piece{seal(crypto(0, message[:3]))}, nil},
		{"a frame longer than the packet", []piece{seal(crypto(0, message) + "\x06\x00\x7f\xff")}, []string{"quic-sni a.example v1"}},
		{"from both ends", []piece{down(seal(crypto(0, message[:late])).data), seal(crypto(late, message[late:]))}, nil},
		{"new keys do not finish what old ones began", []piece{seal(crypto(0, message[:late])),
			up(sealer{version: quicV1, id: "another!"}.seal(pad(crypto(late, message[late:]))))}, nil},
		{"connection ID changed", []piece{seal(crypto(0, message[:late])),
			up(sealer{version: quicV1, id: someID, dest: "server's"}.seal(crypto(late, message[late:])))}, []string{"quic-sni a.example v1"}},
		{"another version after negotiation", []piece{up(sealer{version: 0x1a2a3a4a, id: someID}.seal(pad(crypto(0, message[:late])))),
			up(sealer{version: quicV2, id: "another!"}.seal(pad(crypto(0, other))))}, []string{"quic-sni b.examplf v2"}},
		{"Handshake and 0-RTT packets before", []piece{up(long(quicV1, quicZeroRTT, 1200)), up(long(quicV1, quicHandshake, 40) +
			sealer{version: quicV1, id: someID}.seal(crypto(0, message)))}, []string{"quic-sni a.example v1"}},
	}
	for _, c := range cases {
		checkDatagrams(t, c.what, c.sent, "quic", c.want...)
	}
	doq := helloOf{name: "dns.example", alpn: []string{"doq"}}.message()
	checkDatagrams(t, "DNS over QUIC", []piece{seal(crypto(0, doq))}, "doq", "quic-sni dns.example doq v1")
}

// long is a packet of another type, with size bytes of what nobody can read.
func long(v quicVersion, kind quicKind, size int) string {
	head := []byte{quicLongHeader | quicFixedBit | byte(kind)<<quicTypeShift}
	head = binary.BigEndian.AppendUint32(head, uint32(v))
	head = append(append(head, 8), someID...)
	head = appendVarint(append(head, 0), size)
	return string(head) + strings.Repeat("\xee", size)
}

// TestQUICReadersAreUsedAgain: the rest of one flow's hello must not complete another's.
func TestQUICReadersAreUsedAgain(t *testing.T) {
	message := helloOf{name: "a.example"}.message()
	first := up(sealer{version: quicV1, id: someID}.seal(pad(crypto(0, message[:60]))))
	second := up(sealer{version: quicV1, id: someID}.seal(pad(crypto(60, message[60:]))))
	h := &heard{}
	n := NewNamer(h, Limits{})
	for _, p := range []piece{first, second, first} {
		exchangeWith(n, h, []piece{p})
	}
	if len(h.rows) > 0 {
		t.Errorf("got %q", h.rows)
	}
	if len(n.quic.readers.free) != 1 {
		t.Errorf("%d readers for one flow at a time", len(n.quic.readers.free))
	}
	exchangeWith(n, h, []piece{second, first})
	if want := []string{"quic-sni a.example v1"}; !slices.Equal(h.rows, want) {
		t.Errorf("got %q, want %q", h.rows, want)
	}
}

func TestQUICStops(t *testing.T) {
	h := &heard{}
	n := NewNamer(h, Limits{})
	seal := func(frames string) piece { return up(sealer{version: quicV1, id: someID}.seal(pad(frames))) }
	until := func(p piece) int { return untilStop(n, p) }
	message := helloOf{name: "a.example"}.message()
	if k := until(seal(crypto(0, message))); k != 1 {
		t.Errorf("a hello that is complete takes %d datagrams", k)
	}
	if k := until(seal(crypto(0, message[:60]))); k != maxQUICDatagrams || n.LimitsHit()[limitQUIC] != 1 {
		t.Errorf("a hello that does not end takes %d datagrams, limits %v", k, n.LimitsHit())
	}
	broken := seal("")
	broken.data = broken.data[:1100] + "x" + broken.data[1101:]
	if k := until(broken); k != maxQUICKeys || n.LimitsHit()[limitQUIC] != 1 {
		t.Errorf("a client that cannot be read takes %d datagrams, limits %v", k, n.LimitsHit())
	}
	if k := until(seal(crypto(0, "\x01\x02\x00\x00"))); k != 1 || n.LimitsHit()[limitHead] != 1 {
		t.Errorf("a hello of 128 KiB takes %d datagrams, limits %v", k, n.LimitsHit())
	}
}

// TestQUICSpares: what does no good is not paid for twice.
func TestQUICSpares(t *testing.T) {
	message := helloOf{name: "a.example"}.message()
	seal := func(frames string) piece { return up(sealer{version: quicV1, id: someID}.seal(pad(frames))) }
	broken := seal("")
	broken.data = broken.data[:1100] + "x" + broken.data[1101:]
	d := &datagrams{n: NewNamer(&heard{}, Limits{})}
	for _, p := range []piece{seal(crypto(0, message[:60])), broken, broken, down(broken.data)} {
		d.send(p, -1)
	}
	if r := d.c.State.(*quicReader); r.keys != 1 {
		t.Errorf("keys were derived %d times for one connection ID", r.keys)
	}
	if d.send(seal(crypto(50, "another story")), -1); !d.stop {
		t.Error("a hello that contradicts itself is waited for")
	}
}

// TestWaitingIsBounded: however many hellos never end, what they hold is bounded, and given back.
func TestWaitingIsBounded(t *testing.T) {
	initial := up(sealer{version: quicV1, id: someID}.seal(pad(crypto(0, helloOf{name: "a.example"}.message()[:90]))))
	fragment := up(dtlsFragments(dtlsBody("a.example", ""), 0, 50)[0])
	google := up(google(googleLastClear, googleStreamFrame(googleLastClear, 0, chlo("SNI\x00", "a.example")[:12])))
	for _, p := range []piece{initial, fragment, google} {
		n := NewNamer(&heard{}, Limits{})
		var open []*datagrams
		for n.LimitsHit()[limitQUIC]+n.LimitsHit()[limitDTLS] == 0 {
			d := &datagrams{n: n}
			d.send(p, -1)
			open = append(open, d)
			if len(open) > 1<<16 {
				t.Fatal("no limit")
			}
		}
		if n.waiting < maxWaiting || n.waiting > maxWaiting*2 {
			t.Errorf("%d bytes are waiting in %d flows", n.waiting, len(open))
		}
		for _, d := range open {
			n.Close(&d.c)
		}
		if n.waiting != 0 {
			t.Errorf("%d bytes are waiting in no flow", n.waiting)
		}
	}
}

func TestVarint(t *testing.T) { // RFC 9000, appendix A.1
	for in, want := range map[string]uint64{
		"\xc2\x19\x7c\x5e\xff\x14\xe8\x8c": 151288809941952652, "\x9d\x7f\x3e\x7d": 494878333, "\x7b\xbd": 15293, "\x25": 37, "\x40\x25": 37,
	} {
		for k := range len(in) + 1 {
			data := []byte(in)[:k]
			var got uint64
			s := cryptobyte.String(data)
			if ok := readVarint(&s, &got); ok != (k == len(in)) || ok && got != want {
				t.Errorf("%x: %d, %v; want %d", data, got, ok, want)
			}
		}
	}
}

// FuzzQUIC: two payloads of Initial packets, or two datagrams as they are. Whatever they hold, their order decides nothing.
func FuzzQUIC(f *testing.F) {
	message := helloOf{name: "a.example"}.message()
	f.Add([]byte(crypto(0, message)), []byte("\x01"+crypto(30, message[30:])), false, uint8(0))
	f.Add([]byte(crypto(0, message[:50])), []byte("\x02\x05\x00\x01\x01\x00\x00"+crypto(40, message[40:])), false, uint8(1))
	f.Add([]byte(crypto(9, message[9:30])+crypto(0, message[:9])), []byte(crypto(25, message[25:])), false, uint8(2))
	f.Add([]byte(sealer{version: quicV2, id: someID}.seal(crypto(0, message))), []byte(long(quicV2, quicHandshake, 50)), true, uint8(0))
	versions := []quicVersion{quicV1, quicV2, quicDraft + 29, 0xfaceb002, 'T'<<24 | 0x303530}
	f.Fuzz(func(t *testing.T, a, b []byte, raw bool, version uint8) {
		p, q := up(string(a)), up(string(b))
		if !raw {
			s := sealer{version: versions[int(version)%len(versions)], id: someID}
			p.data, q.data = s.seal(p.data), s.seal(q.data)
		}
		checkOrders(t, p, q)
	})
}

// FuzzAssembly: pieces of one message, in any order and size, make that message if they cover it, and nothing if not.
func FuzzAssembly(f *testing.F) {
	f.Add([]byte{0, 50, 50, 50})
	f.Add([]byte{60, 90, 0, 30, 20, 60, 100, 0})
	message := make([]byte, 200)
	for i := range message {
		message[i] = byte(i)
	}
	f.Fuzz(func(t *testing.T, cuts []byte) {
		var a assembly
		var scratch []byte
		covered := make([]bool, len(message))
		for ; len(cuts) >= 2; cuts = cuts[2:] {
			from := min(int(cuts[0]), len(message))
			to := min(from+int(cuts[1]), len(message))
			a.add(from, message[from:to])
			for i := from; i < to; i++ {
				covered[i] = true
			}
		}
		have := slices.Index(append(covered, false), false)
		if got, ok := a.first(&scratch, max(have, 1)); ok != (have > 0) || ok && string(got) != string(message[:have]) {
			t.Errorf("%d bytes: %v %x", have, ok, got)
		}
		if _, ok := a.first(&scratch, have+1); ok {
			t.Errorf("more than %d bytes", have)
		}
		if len(a.data) > len(message) {
			t.Errorf("%d bytes are kept of %d", len(a.data), len(message))
		}
	})
}

func BenchmarkQUICInitial(b *testing.B) {
	data := []byte(hexFile(b, "quic-rfc9001-client.hex"))
	benchmarkDatagram(b, data, flow.Stop)
}

// BenchmarkQUICUnread is a flow of which only what the server sends is seen.
func BenchmarkQUICUnread(b *testing.B) {
	data := []byte(hexFile(b, "quic-rfc9001-server.hex"))
	benchmarkDatagram(b, data, flow.Go)
}
