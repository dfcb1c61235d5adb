package hostname

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

const (
	askSocket   = "GET /chat HTTP/1.1\r\nHost: a.example\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n"
	grantSocket = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
	janeMail    = `{"user":"jane.roe@example.org"}`
	janePhone   = `{"phone":"202-555-0143"}`
)

// socketMQTT is what a client of MQTT says first.
const socketMQTT = "\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02id"

// frame is a frame of a server (RFC 6455, section 5.2).
func frame(bits byte, payload string) string {
	out := []byte{bits, byte(len(payload))}
	switch {
	case len(payload) > 0xffff:
		out = binary.BigEndian.AppendUint64([]byte{bits, 127}, uint64(len(payload)))
	case len(payload) > longestControl:
		out = binary.BigEndian.AppendUint16([]byte{bits, 126}, uint16(len(payload)))
	}
	return string(out) + payload
}

// masked is a frame of a client (section 5.3).
func masked(bits byte, payload string) string {
	const key = "\x37\xfa\x21\x3d"
	out := []byte(payload)
	for i := range out {
		out[i] ^= key[i%len(key)]
	}
	head := []byte(strings.TrimSuffix(frame(bits, payload), payload))
	head[1] |= bitMasked
	return string(head) + key + string(out)
}

// deflater compresses messages as RFC 7692, section 7.2.1, says.
type deflater struct {
	out bytes.Buffer
	w   *flate.Writer
}

func (d *deflater) message(text string) string {
	if d.w == nil {
		d.w, _ = flate.NewWriter(&d.out, flate.BestCompression)
	}
	d.out.Reset()
	d.w.Write([]byte(text))
	d.w.Flush()
	return strings.TrimSuffix(d.out.String(), "\x00\x00\xff\xff")
}

func TestWebSocket(t *testing.T) {
	host, mail, phone := "http-host a.example", "personal j***@e***.org websocket", "personal ***43 websocket"
	server := func(row string) string {
		return strings.Replace(row, " websocket", " (from the server's end) websocket", 1)
	}
	agreed := []piece{up(askSocket), down(grantSocket)}
	after := func(pieces ...piece) []piece { return append(slices.Clone(agreed), pieces...) }
	parted := mqtt(0x30, "\x00\x30"+strings.Repeat("a", 0x30)+strings.Repeat(".", 35)+janeMail+strings.Repeat(".", 92)) // without its first byte it is packets too
	var d deflater
	first, second := d.message(janeMail), d.message(janeMail+janePhone)
	if len(second) >= len(janePhone)+10 {
		t.Fatal("the second message does not point into the first")
	}
	for what, c := range map[string]struct {
		pieces []piece
		want   []string
	}{
		"text":               {after(up(masked(0x81, janeMail))), []string{host, mail}},
		"of a server":        {after(down(frame(0x81, janeMail))), []string{host, server(mail)}},
		"both, one stream":   {[]piece{up(askSocket), down(grantSocket + frame(0x81, janePhone)), up(masked(0x81, janeMail))}, []string{host, server(phone), mail}},
		"no answer seen":     {[]piece{up(askSocket + masked(0x81, janeMail))}, []string{host, mail}},
		"binary":             {after(up(masked(0x82, janeMail))), []string{host, mail}},
		"no text":            {after(up(masked(0x82, strings.Repeat("\x00\x01\x02", 40)+janeMail))), []string{host}},
		"told once":          {after(up(masked(0x81, janeMail) + masked(0x81, janeMail))), []string{host, mail}},
		"fragments":          {after(up(masked(0x01, janeMail[:13]) + masked(0x89, "hello") + masked(0x00, janeMail[13:20]) + masked(0x80, janeMail[20:]))), []string{host, mail}},
		"last one empty":     {after(up(masked(0x01, janeMail) + masked(0x80, ""))), []string{host, mail}},
		"two messages":       {after(up(masked(0x81, `{"user":"jane.roe`) + masked(0x81, `@example.org"}`))), []string{host}},
		"ping, pong, close":  {after(up(masked(0x89, janeMail) + masked(0x8a, janeMail) + masked(0x81, janePhone) + masked(0x88, "\x03\xe8"+janeMail))), []string{host, phone}},
		"16-bit length":      {after(up(masked(0x81, strings.Repeat(".", 300)+janeMail) + masked(0x81, janePhone))), []string{host, mail, phone}},
		"compressed":         {after(up(masked(0xc1, first) + masked(0xc1, second))), []string{host, mail, phone}},
		"compressed, cut up": {after(up(masked(0x41, first[:4]) + masked(0x80, first[4:]) + masked(0x81, "{}") + masked(0xc2, second))), []string{host, mail, phone}},
		"window not known":   {after(up(masked(0xc1, second))), []string{host}},
		"refused, then asked": {[]piece{up(askSocket), down("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"), up(askSocket), down(grantSocket), up(masked(0x81, janeMail))},
			[]string{host, mail}},
		"broken off":                {after(up(masked(0x81, janeMail+janePhone)[:len(janeMail)+6])), []string{host, mail}},
		"a login by MQTT":           {after(up(masked(0x82, "\x10\x17\x00\x04MQTT\x04\xc2\x00\x3c\x00\x02id\x00\x03eve\x00\x02pw"))), []string{host, "personal user e*** mqtt"}},
		"a tunnel for SSH":          {after(up(masked(0x82, "SSH-2.0-x\r\n")+masked(0x82, janeMail)), down(frame(0x82, "SSH-2.0-y\r\n"+janeMail))), []string{host}},
		"a tunnel for TLS":          {after(up(masked(0x82, hello("b.example")) + masked(0x82, janeMail))), []string{host}},
		"not masked":                {after(up(frame(0x81, janeMail))), []string{host}},
		"masked by a server":        {after(down(masked(0x81, janeMail))), []string{host}},
		"unknown bits":              {after(up(masked(0xa1, janeMail))), []string{host}},
		"unknown opcode":            {after(up(masked(0x83, janeMail))), []string{host}},
		"fragmented ping":           {after(up(masked(0x09, "x") + masked(0x81, janeMail))), []string{host}},
		"continues nothing":         {after(up(masked(0x80, janeMail))), []string{host}},
		"begins within":             {after(up(masked(0x01, "{}") + masked(0x81, janeMail))), []string{host}},
		"begins within a value":     {after(up(masked(0x01, janeMail) + masked(0x81, "{}"))), []string{host, mail}},
		"MQTT, parted in a header":  {after(up(masked(0x82, socketMQTT) + masked(0x82, parted[:1]) + masked(0x82, parted[1:]))), []string{host, strings.Replace(mail, "websocket", "mqtt", 1)}},
		"asked for something else":  {[]piece{up(strings.Replace(askSocket, "WebSocket", "other", 1)), up(masked(0x81, janeMail))}, []string{host}},
		"nobody asked":              {[]piece{up(get("a.example")), down(grantSocket), up(masked(0x81, janeMail))}, []string{host}},
		"a length beyond all bound": {after(up("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff" + masked(0x81, janeMail)[2:])), []string{host}},
	} {
		t.Run(what, func(t *testing.T) { check(t, c.pieces, "http", c.want...) })
	}
}

// TestWebSocketExamples reads the examples of RFC 6455, section 5.7, and RFC 7692, section 7.2.3.
func TestWebSocketExamples(t *testing.T) {
	for data, want := range map[string]string{
		"\x81\x05\x48\x65\x6c\x6c\x6f":                                     "Hello",
		"\x01\x03\x48\x65\x6c\x80\x02\x6c\x6f":                             "Hello",
		"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00":                             "Hello",
		"\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00":                     "Hello",
		"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00": "HelloHello",
		"\xc1\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00":             "Hello",
		"\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00":                         "Hello",
		"\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00":     "Hello",
	} {
		n, w, c := NewNamer(&heard{}, Limits{}), new(webSocket), new(cleartext)
		var got []byte
		for len(data) > 0 {
			k := w.next(n, (&table{n: n}).meta(1), c, []byte(data))
			data = data[k:]
			if w.open && w.frame.final && w.left == 0 {
				text := bytes.Clone(c.text)
				if w.packed {
					text, _ = w.inflate(n, c.text, true)
				}
				got = append(got, text...)
				w.open = false
				c.drop(n)
			}
		}
		if string(got) != want {
			t.Errorf("%q instead of %q", got, want)
		}
	}
	f, is := parseSocketFrame([]byte("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), true)
	if is != yes || string(f.key[:]) != "\x37\xfa\x21\x3d" || f.payload != 5 || f.length != 6 || !f.final || f.opcode != opText {
		t.Errorf("%v %+v", is, f)
	}
}

// TestWebSocketHeaders: a strict prefix of a header is no header yet.
func TestWebSocketHeaders(t *testing.T) {
	for _, size := range []int{0, 5, 126, 1 << 16} {
		payload := strings.Repeat("x", size)
		for _, whole := range []string{frame(0x82, payload), masked(0x82, payload)} {
			clients := whole[1]&bitMasked != 0
			f, is := parseSocketFrame([]byte(whole), clients)
			if is != yes || f.payload != size || f.length+size != len(whole) {
				t.Errorf("%d bytes: %v %+v", size, is, f)
			}
			for k := range f.length {
				if _, is := parseSocketFrame([]byte(whole[:k]), clients); is != maybe {
					t.Errorf("%q: %v", whole[:k], is)
				}
			}
		}
	}
}

// TestWebSocketGaps: what is missing within a frame costs its message the rest, and elsewhere the place.
func TestWebSocketGaps(t *testing.T) {
	message := masked(0x81, janeMail+strings.Repeat(" ", 60))
	begun := masked(0x82, "\x30\x19\x00\x03a/bjane.roe....")
	for what, c := range map[string]struct {
		pieces []piece
		want   int
	}{
		"within":              {[]piece{up(message[:50]), {data: message[50:60], lost: true}, up(message[60:] + masked(0x81, janePhone))}, 3},
		"its end":             {[]piece{up(message[:50]), {data: message[50:], lost: true}, up(masked(0x81, janePhone))}, 3},
		"a value":             {[]piece{up(message[:16]), {data: message[16:18], lost: true}, up(message[18:] + masked(0x81, janePhone))}, 2},
		"a value of a server": {[]piece{down(frame(0x81, janeMail)[:12]), {dir: 1, data: "an", lost: true}, down(frame(0x81, janeMail)[14:]), up(masked(0x81, janePhone))}, 2},
		"a header":            {[]piece{up(message), {data: message, lost: true}, up(masked(0x81, janePhone))}, 2},
		"a message's end":     {[]piece{up(message[:50]), {data: message[50:] + message, lost: true}, up(masked(0x81, janePhone))}, 2},
		"a packet of MQTT":    {[]piece{up(masked(0x82, socketMQTT) + begun[:len(begun)-4]), {data: begun[len(begun)-4:], lost: true}, up(masked(0x82, "@example.org"))}, 1},
		"before":              {[]piece{{data: message, lost: true}, up(masked(0x81, janePhone))}, 1},
	} {
		rows, _ := hear(append([]piece{up(askSocket), down(grantSocket)}, c.pieces...)...)
		if len(rows) != c.want {
			t.Errorf("%s: %q", what, rows)
		}
	}
}

// TestWebSocketBounds: no message is decompressed without end, windows and messages are given back, and an end is looked at so far and no further.
func TestWebSocketBounds(t *testing.T) {
	h := &heard{}
	n := NewNamer(h, Limits{ContentShard: 200 << 10})
	long := strings.Repeat("all is well. ", 12000)
	pieces := []piece{up(askSocket + masked(0x81, janeMail+long+janePhone)), up(masked(0xc1, new(deflater).message(long+janePhone)))}
	for range 65 {
		pieces = append(pieces, up(masked(0xc1, new(deflater).message(strings.Repeat(" ", 1<<16)))))
	}
	hearWith(n, h, serverPort, append(pieces, up(masked(0x81, janePhone))))
	if len(h.rows) != 2 || n.content != 0 || n.hits[limitContent] != 1 {
		t.Errorf("%q, and %d bytes are kept; hits %v", h.rows, n.content, n.hits)
	}
	flows := make([]*table, 4)
	for i := range flows {
		flows[i] = &table{n: n, port: serverPort}
		flows[i].send(up(askSocket + masked(0xc1, new(deflater).message(strings.Repeat("x", deflateWindow+5)))))
	}
	if n.content != 3*deflateWindow || n.hits[limitContent] != 2 {
		t.Errorf("%d bytes are kept; hits %v", n.content, n.hits)
	}
	for _, f := range flows {
		f.end(0)
	}
	if n.content != 0 {
		t.Errorf("%d bytes are kept", n.content)
	}
}

// TestWebSocketWindow: what is kept of what was said takes little more memory than what is counted, and is the end of it.
func TestWebSocketWindow(t *testing.T) {
	n, w, all := NewNamer(&heard{}, Limits{}), new(webSocket), ""
	for i, size := range []int{5, 1 << 16, 40, 30000, 3000, 1 << 15, 1} {
		text := strings.Repeat(string(rune('a'+i)), size)
		all += text
		w.slide(n, []byte(text))
		if want := all[max(0, len(all)-deflateWindow):]; string(w.window) != want || cap(w.window) > deflateWindow*5/4 || n.content != len(want) {
			t.Errorf("after %d bytes: %d of %d, %d are counted", len(all), len(w.window), cap(w.window), n.content)
		}
	}
}

// BenchmarkWebSocket reads small compressed messages.
func BenchmarkWebSocket(b *testing.B) {
	var d deflater
	d.message(`{"event":"heartbeat","state":"idle"}`)
	frame := []byte(masked(0xc1, d.message(`{"event":"heartbeat","state":"idle"}`)))
	n, c := NewNamer(&heard{}, Limits{}), new(cleartext)
	m := (&table{}).meta(0)
	b.ReportAllocs()
	for b.Loop() {
		w := webSocket{masked: true}
		w.read(n, m, c, frame)
	}
}

// FuzzWebSocket: however the frames of a client are cut, the same is told of them, and nothing is kept.
func FuzzWebSocket(f *testing.F) {
	var d deflater
	for _, s := range []string{masked(0x81, janeMail), masked(0x01, janeMail[:9]) + masked(0x80, janeMail[9:]), masked(0xc1, d.message(janeMail)) + masked(0xc1, d.message(janeMail)), masked(0x82, strings.Repeat("x", 200)), "\x81\xff\x00"} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		n, h := NewNamer(&heard{}, Limits{}), &heard{}
		n.sink = h
		whole, _ := hearWith(n, h, serverPort, []piece{up(askSocket), up(string(data))})
		cut, _ := hear(split([]piece{up(askSocket), up(string(data))}, 1+max(size, -size)%100)...)
		if !slices.Equal(whole, cut) {
			t.Errorf("%q, and in pieces of %d bytes %q", whole, size, cut)
		}
		if n.content != 0 {
			t.Errorf("%d bytes are kept", n.content)
		}
	})
}
