package hostname

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"slices"
	"strings"
	"testing"
)

// mqtt is a packet (MQTT 5.0, section 2.1), of less than 2 MiB.
func mqtt(first byte, body string) string {
	size := []byte{byte(len(body))}
	if len(body) > 0x7f {
		size = []byte{byte(len(body)) | 0x80, byte(len(body) >> 7)}
	}
	if len(body) > 0x3fff {
		size = []byte{byte(len(body)) | 0x80, byte(len(body)>>7) | 0x80, byte(len(body) >> 14)}
	}
	return string([]byte{first}) + string(size) + body
}

func compressed(w io.WriteCloser, out *bytes.Buffer, text string) string {
	io.WriteString(w, text)
	w.Close()
	return out.String()
}

func gzipped(text string) string {
	var b bytes.Buffer
	return compressed(gzip.NewWriter(&b), &b, text)
}

func zlibbed(text string) string {
	var b bytes.Buffer
	return compressed(zlib.NewWriter(&b), &b, text)
}

func TestMQTTPackets(t *testing.T) {
	text := func(s string) string { return string([]byte{byte(len(s) >> 8), byte(len(s))}) + s }
	hello3, hello5 := mqtt(0x10, text("MQTT")+"\x04\x02\x00\x3c"+text("id")), mqtt(0x10, text("MQTT")+"\x05\x02\x00\x3c\x00"+text("id"))
	login := mqtt(0x10, text("MQTT")+"\x04\xc2\x00\x3c"+text("id")+text("eve")+text("pw"))
	topic := text("a/b")
	mail, phone, eve := "personal j***@e***.org mqtt", "personal ***43 mqtt", "personal user e*** mqtt"
	for what, c := range map[string]struct {
		sent string
		want []string
	}{
		"a login":             {login + mqtt(0x30, topic+janeMail), []string{eve, mail}},
		"a long one":          {hello3 + mqtt(0x30, topic+strings.Repeat(".", 300)+janeMail) + mqtt(0x30, topic+janePhone), []string{mail, phone}},
		"of two":              {hello3 + mqtt(0x30, topic+"jane.roe") + mqtt(0x30, topic+"@example.org"), nil},
		"a topic":             {hello3 + mqtt(0x82, "\x00\x01"+text("u/jane.roe@example.org")+"\x00"), []string{mail}},
		"gzip":                {hello3 + mqtt(0x30, topic+gzipped(janeMail)), []string{mail}},
		"gzip, at least once": {hello3 + mqtt(0x32, topic+"\x00\x07"+gzipped(janeMail)), []string{mail}},
		"zlib, version 5":     {hello5 + mqtt(0x32, topic+"\x00\x07\x02\x01\x01"+zlibbed(janeMail)), []string{mail}},
		"gzip, no text":       {hello3 + mqtt(0x30, topic+gzipped(strings.Repeat("\x01", 99)+janeMail)), nil},
		"broken off":          {hello3 + mqtt(0x30, topic+janeMail+janePhone)[:40], []string{mail}},
		"then no packet":      {hello3 + "\x00\x00" + janeMail, []string{mail}},
		"then a long length":  {hello3 + "\x30\xff\xff\xff\xff" + janeMail, []string{mail}},
	} {
		rows, protocol := hear(up(c.sent))
		if !slices.Equal(rows, c.want) || protocol != "mqtt" {
			t.Errorf("%s: %s %q, want %q", what, protocol, rows, c.want)
		}
		if strings.HasPrefix(what, "then") {
			continue // what is no packet is looked at as it comes
		}
		t.Run(what, func(t *testing.T) { check(t, []piece{up(c.sent)}, "mqtt", c.want...) })
	}
}

// TestMQTTGaps: what is missing within a packet costs it the rest. Elsewhere what comes is looked at as it comes.
func TestMQTTGaps(t *testing.T) {
	first, packet := up(mqtt(0x10, "\x00\x04MQTT\x04\x02\x00\x3c\x00\x02id")), mqtt(0x30, "\x00\x03a/b"+janeMail)
	for what, c := range map[string]struct {
		pieces []piece
		want   int
	}{
		"within":   {[]piece{up(packet[:17]), {data: packet[17:19], lost: true}, up(packet[19:] + mqtt(0x30, "\x00\x03a/b"+janePhone))}, 1},
		"its end":  {[]piece{up(packet[:17]), {data: packet[17:], lost: true}, up(mqtt(0x30, "\x00\x03a/b"+janePhone))}, 1},
		"a packet": {[]piece{up(packet), {data: packet, lost: true}, up(janePhone)}, 2},
	} {
		if rows, _ := hear(append([]piece{first}, c.pieces...)...); len(rows) != c.want {
			t.Errorf("%s: %q", what, rows)
		}
	}
}

// TestMQTTBounds: an end is looked at as far as the limit, which then is counted, and the other one still.
func TestMQTTBounds(t *testing.T) {
	first, packet := up(mqtt(0x10, "\x00\x04MQTT\x04\x02\x00\x3c\x00\x02id")), func(text string) string { return mqtt(0x30, "\x00\x03a/b"+text) }
	for size, want := range map[int]int{1 << 20: 2, maxMessages + 1: 1} {
		h := &heard{}
		n := NewNamer(h, Limits{})
		pieces := []piece{first}
		for range size >> 14 {
			pieces = append(pieces, up(packet(strings.Repeat(".", 1<<14))))
		}
		hearWith(n, h, serverPort, append(pieces, up(packet(janeMail)), down(packet(janePhone))))
		if len(h.rows) != want || n.hits[limitContent] != uint64(2-want) {
			t.Errorf("behind %d bytes: %q, hits %v", size, h.rows, n.hits)
		}
	}
}

// TestMQTTSizes: a strict prefix of a header is none yet, and flags that a kind does not have are refused.
func TestMQTTSizes(t *testing.T) {
	for _, size := range []int{0, 127, 128, 16383, 16384} {
		whole := []byte(mqtt(0x30, strings.Repeat("x", size)))
		if got, is := mqttSize(whole); is != yes || got != len(whole) {
			t.Errorf("%d: %d %v", size, got, is)
		}
		for k := range len(whole) - size {
			if _, is := mqttSize(whole[:k]); is != maybe {
				t.Errorf("%q: %v", whole[:k], is)
			}
		}
	}
	for _, head := range []string{"\x00", "\x36", "\x3e", "\x11", "\x80", "\x60", "\x63", "\xe1", "\x30\x80\x80\x80\x80"} {
		if _, is := mqttSize([]byte(head)); is != no {
			t.Errorf("%q: %v", head, is)
		}
	}
}

// FuzzMQTT: while packets are what they claim to be it does not matter how they are cut, and nothing is kept.
func FuzzMQTT(f *testing.F) {
	start := mqtt(0x10, "\x00\x04MQTT\x05\xc2\x00\x3c\x00\x00\x02id\x00\x03eve\x00\x02pw")
	f.Add([]byte(mqtt(0x32, "\x00\x01t\x00\x07\x00"+gzipped(janeMail))), 5)
	f.Add([]byte("\x30\xff\xff"), 1)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		h := &heard{}
		n := NewNamer(h, Limits{})
		hearWith(n, h, serverPort, []piece{up(start + string(data))})
		if n.content != 0 {
			t.Errorf("%d bytes are kept", n.content)
		}
		for rest := data; len(rest) > 0; {
			k, is := mqttSize(rest)
			if is == no {
				return
			}
			rest = rest[min(len(rest), max(k, 1)):]
		}
		if cut, _ := hear(split([]piece{up(start + string(data))}, 1+max(size, -size)%100)...); !slices.Equal(h.rows, cut) {
			t.Errorf("%q, and in pieces %q", h.rows, cut)
		}
	})
}
