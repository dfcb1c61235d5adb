package hostname

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"

	"phonehome/analyze/packet"
)

func get(host string) string { return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n" }

const ok200 = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

func TestHTTP1(t *testing.T) {
	cases := []struct {
		what   string
		pieces []piece
		want   []string
	}{
		{"one", []piece{up(get("a.example")), down(ok200)}, []string{"http-host a.example"}},
		{"port cut off", []piece{up(get("a.example:8080"))}, []string{"http-host a.example"}},
		{"IPv6", []piece{up(get("[2001:db8::1]:80"))}, []string{"http-host [2001:db8::1]"}},
		{"line feeds alone", []piece{up("GET / HTTP/1.0\nhost:a.example\n\n")}, []string{"http-host a.example"}},
		{"pipelined, each name once", []piece{up(get("a.example") + get("b.example") + get("a.example"))},
			[]string{"http-host a.example", "http-host b.example"}},
		{"absolute target wins", []piece{up("GET http://u:p@t.example:81/x HTTP/1.1\r\nHost: other.example\r\n\r\n")},
			[]string{"http-host t.example absolute-form"}},
		{"scheme of its own", []piece{up("OPTIONS ipp://p.example/ HTTP/1.1\r\n\r\n")}, []string{"http-host p.example absolute-form"}},
		{"WebDAV", []piece{up("PROPFIND /x HTTP/1.1\r\nHost: dav.example\r\n\r\n")}, []string{"http-host dav.example"}},
		{"two hosts are two claims", []piece{up("GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n")},
			[]string{"http-host a.example", "http-host b.example"}},
		{"no host", []piece{up("GET / HTTP/1.0\r\nAccept: */*\r\n\r\n")}, nil},
		{"impossible host", []piece{up("GET / HTTP/1.1\r\nHost: a b\r\n\r\n")}, nil},
		{"body of known length", []piece{up("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 30\r\n\r\n" + get("bodyx.example")[:30] + get("b.example"))},
			[]string{"http-host a.example", "http-host b.example"}},
		{"chunked body", []piece{up("POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" +
			"1e;x=y\r\n" + get("bodyx.example")[:30] + "\r\n0\r\nTrailer: x\r\n\r\n" + get("b.example"))},
			[]string{"http-host a.example", "http-host b.example"}},
		{"CONNECT", []piece{up("CONNECT t.example:443 HTTP/1.1\r\nHost: h.example\r\n\r\n"), down("HTTP/1.1 200 OK\r\nX: y\r\n\r\n"), up(hello("inner.example"))},
			[]string{"http-connect t.example:443", "tls-sni inner.example" + helloSaid}},
		{"CONNECT, hello early", []piece{up("CONNECT t.example:443 HTTP/1.1\r\n\r\n" + hello("inner.example")), down("HTTP/1.1 200 OK\r\n\r\n")},
			[]string{"http-connect t.example:443", "tls-sni inner.example" + helloSaid}},
		{"CONNECT, refused, then granted", []piece{
			up("CONNECT t.example:443 HTTP/1.1\r\n\r\n"), down("HTTP/1.1 407 Auth\r\nContent-Length: 0\r\n\r\n"),
			up("CONNECT t.example:443 HTTP/1.1\r\nAuthorization: x\r\n\r\n"), down("HTTP/1.1 200 OK\r\n\r\n"), up(hello("inner.example"))},
			[]string{"http-connect t.example:443", "http-connect t.example:443", "tls-sni inner.example" + helloSaid}},
		{"CONNECT to HTTP", []piece{up("CONNECT t.example:80 HTTP/1.1\r\n\r\n"), down("HTTP/1.1 200 OK\r\n\r\n"), up(get("w.example"))},
			[]string{"http-connect t.example:80", "http-host w.example"}},
		{"RTSP is none", []piece{up("OPTIONS rtsp://r.example/ RTSP/1.0\r\nCSeq: 1\r\n\r\n")}, nil},
	}
	for _, c := range cases {
		t.Run(c.what, func(t *testing.T) {
			_, protocol := hear(c.pieces...)
			check(t, c.pieces, protocol, c.want...)
		})
	}
}

// TestHTTPAnswers: what a vendor fetches leaves as what a device sends does, whatever the answer's form; what comes in is nobody's concern.
func TestHTTPAnswers(t *testing.T) {
	const mail, told = "jane.roe@example.org", "personal j***@e***.org (from the server's end) http-answer"
	ask := up("GET /export HTTP/1.1\r\nHost: a.example\r\n\r\n")
	length := fmt.Sprintf("Content-Length: %d\r\n\r\n", len(mail))
	for what, c := range map[string]struct {
		pieces []piece
		want   []string
	}{
		"of known length":          {[]piece{ask, down("HTTP/1.1 200 OK\r\n" + length + mail + ok200)}, []string{told}},
		"the second":               {[]piece{ask, down(ok200), ask, down("HTTP/1.1 200 OK\r\n" + length + mail)}, []string{told}},
		"in chunks":                {[]piece{ask, down("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n" + mail[:8] + "\r\nc\r\n" + mail[8:] + "\r\n0\r\n\r\n" + ok200)}, []string{told}},
		"to the end":               {[]piece{ask, down("HTTP/1.0 200 OK\r\n\r\n" + mail)}, []string{told}},
		"in a header":              {[]piece{ask, down("HTTP/1.1 302 Found\r\nLocation: /?email=" + mail + "\r\nContent-Length: 0\r\n\r\n")}, []string{told}},
		"behind one to HEAD":       {[]piece{up("HEAD / HTTP/1.1\r\nHost: a.example\r\n\r\n"), down("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"), ask, down("HTTP/1.1 200 OK\r\n" + length + mail)}, []string{told}},
		"behind one without body":  {[]piece{ask, down("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not Modified\r\n" + length + "HTTP/1.1 200 OK\r\n" + length + mail)}, []string{told}},
		"a picture":                {[]piece{ask, down("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n" + length + mail)}, nil},
		"behind the end of a body": {[]piece{ask, down("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi" + mail)}, nil},
	} {
		t.Run(what, func(t *testing.T) {
			want := append([]string{"http-host a.example"}, c.want...)
			check(t, c.pieces, "http", want...)
			for _, ends := range [][2]packet.Addr{{inside, outside}, {inside, inside}, {outside, outside}} {
				h := &heard{}
				if rows, _ := hearBetween(ends, NewNamer(h, Limits{}), h, serverPort, c.pieces); !slices.Equal(rows, want[:1]) {
					t.Errorf("of %v: %q", ends, rows)
				}
			}
		})
	}
}

func TestHTTPProtocol(t *testing.T) {
	for want, first := range map[string]piece{"http": up(get("a.example")), "http2": up(http2Preface), "rtsp": up("OPTIONS * RTSP/1.0\r\n"), "sip": up("INVITE x SIP/2.0\r\n")} {
		if _, protocol := hear(first); protocol != want {
			t.Errorf("%s: %q", want, protocol)
		}
	}
	if _, protocol := hear(down(ok200)); protocol != "http" {
		t.Errorf("an answer alone: %q", protocol)
	}
}

func TestHTTPServerCertificateInTunnel(t *testing.T) {
	server := "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" + strings.Repeat("R", 32) + "\x00\xc0\x2f\x00" // ServerHello of TLS 1.2
	der := string(identity(t, "", "www.example.com").Certificate[0])
	list := u24(len(der)+3) + u24(len(der)) + der
	server += record("\x0b"+u24(len(list))+list, 1<<14)
	check(t, []piece{up("CONNECT t.example:443 HTTP/1.1\r\n\r\n"), down("HTTP/1.1 200 OK\r\n\r\n"), up(hello("inner.example")), down(server)}, "tls",
		"http-connect t.example:443", "tls-sni inner.example"+helloSaid, "certificate www.example.com")
	check(t, []piece{up(askSocket), down("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"), up("CONNECT t.example:443 HTTP/1.1\r\n\r\n" + hello("inner.example")), down("HTTP/1.1 200 OK\r\n\r\n" + server)}, "tls",
		"http-host a.example", "http-connect t.example:443", "tls-sni inner.example"+helloSaid, "certificate www.example.com")
}

func u24(n int) string { return string([]byte{byte(n >> 16), byte(n >> 8), byte(n)}) }

func TestHTTPAfterGap(t *testing.T) {
	lost := piece{dir: 0, data: "lost in a body", lost: true}
	rows, _ := hear(up(get("a.example")+"POST /"), lost, up("rest of it"+get("no.example")), up(get("b.example")))
	if want := []string{"http-host a.example", "http-host b.example"}; !slices.Equal(rows, want) {
		t.Errorf("got %q", rows)
	}
}

// TestHTTPGapInBody: a body is looked at up to what is missing, and what is on both sides of it makes no value.
func TestHTTPGapInBody(t *testing.T) {
	head := "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 50\r\n\r\n"
	for body, want := range map[string]string{"mail jane.roe|@|example.org": "", "mail jane.roe@example.org |and|john.doe@example.org": "personal j***@e***.org http-body"} {
		parts := strings.Split(body, "|")
		lost, tail := piece{data: parts[1], lost: true}, parts[2]+strings.Repeat(" ", 52-len(body))
		rows, _ := hear(up(head+parts[0]), lost, up(tail+get("b.example")))
		rows = slices.DeleteFunc(rows, func(row string) bool { return strings.HasPrefix(row, "http-host") })
		if strings.Join(rows, "; ") != want {
			t.Errorf("%s: %q", body, rows)
		}
	}
}

func TestHTTPCutHeader(t *testing.T) {
	cut := "GET / HTTP/1.1\r\nHost: a.example\r\nCookie: x"
	for what, pieces := range map[string][]piece{
		"by a gap":     {up(cut), {dir: 0, data: "yz\r\n\r\n", lost: true}},
		"by the end":   {up(cut)},
		"in host name": {up(get("a.example")), up(cut[:25])},
		"in its body":  {up("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\n1234")},
		"in a chunk":   {up("POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n12")},
	} {
		rows, _ := hear(pieces...)
		want := []string{"http-host-unfinished a.example"}
		if what == "in host name" {
			want = []string{"http-host a.example"}
		}
		if !slices.Equal(rows, want) {
			t.Errorf("%s: %q", what, rows)
		}
	}
}

func TestHTTPLimits(t *testing.T) {
	h := &heard{}
	n := NewNamer(h, Limits{Head: 100, Names: 2})
	hearWith(n, h, serverPort, []piece{
		up(get("a.example")), up("GET / HTTP/1.1\r\nCookie: " + strings.Repeat("x", 100)), up("\r\n"), up(get("b.example")), up(get("c.example")),
	})
	if want := []string{"http-host a.example", "http-host b.example"}; !slices.Equal(h.rows, want) {
		t.Errorf("got %q", h.rows)
	}
	if hits := n.LimitsHit(); hits[limitHead] != 1 || hits[limitNames] != 1 {
		t.Errorf("limits hit: %v", hits)
	}
}

// requests are blocks of one encoder, as frames.
func requests(split bool, fields ...[]hpack.HeaderField) (out string) {
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	for i, list := range fields {
		block.Reset()
		for _, f := range list {
			e.WriteField(f)
		}
		b, stream := block.String(), fmt.Sprintf("\x00\x00\x00%c", 2*i+1)
		if split {
			out += u24(5) + "\x01\x00" + stream + b[:5] + u24(len(b)-5) + "\x09\x04" + stream + b[5:]
			continue
		}
		out += u24(len(b)+7) + "\x01\x2c" + stream + "\x01\x00\x00\x00\x00\x00" + b + "\x00" // padded, with priority
	}
	return out
}

func TestHTTP2(t *testing.T) {
	request := func(authority string) []hpack.HeaderField {
		return []hpack.HeaderField{{Name: ":method", Value: "POST"}, {Name: ":authority", Value: authority}, {Name: "content-type", Value: "application/grpc"}}
	}
	settings := "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	data := "\x00\x00\x04\x00\x01\x00\x00\x00\x01body"
	for _, split := range []bool{false, true} {
		stream := http2Preface + settings + requests(split, request("a.example:50051"), request("b.example"), request("a.example"))
		check(t, []piece{up(stream + data), down(settings)}, "http2", "http2-authority a.example", "http2-authority b.example")
	}
	stream := http2Preface + requests(false, []hpack.HeaderField{{Name: ":method", Value: "CONNECT"}, {Name: ":authority", Value: "c.example:443"}})
	check(t, []piece{up(stream)}, "http2", "http-connect c.example:443")
	upgrade := "GET / HTTP/1.1\r\nHost: a.example\r\nUpgrade: h2c\r\n\r\n"
	check(t, []piece{up(upgrade), down("HTTP/1.1 101 Switching\r\n\r\n"), up(http2Preface + requests(false, request("b.example")))}, "http2",
		"http-host a.example", "http2-authority b.example")
}

// h2 is a frame (RFC 9113, section 4.1).
func h2(kind, flags byte, stream uint32, payload string) string {
	return u24(len(payload)) + string([]byte{kind, flags}) + string(binary.BigEndian.AppendUint32(nil, stream)) + payload
}

// h2Fields is a HEADERS frame whose fields stand in it as they are (RFC 7541, section 6.2.2), so that it depends on none before it.
func h2Fields(flags byte, stream uint32, fields ...string) string {
	block := ""
	for i := 0; i < len(fields); i += 2 {
		block += "\x00" + string([]byte{byte(len(fields[i]))}) + fields[i] + string([]byte{byte(len(fields[i+1]))}) + fields[i+1]
	}
	return h2(frameHeaders, flags|flagEndHeaders, stream, block)
}

func TestHTTP2Content(t *testing.T) {
	post := func(stream uint32, fields ...string) string {
		return h2Fields(0, stream, append([]string{":method", "POST", ":authority", "jane@a.example", ":path", "/v1"}, fields...)...)
	}
	ask := func(fields ...string) string {
		return h2Fields(flagEndStream, 1, append([]string{":method", "GET"}, fields...)...)
	}
	data := func(stream uint32, s string) string { return h2(frameData, 0, stream, s) }
	last := func(stream uint32, s string) string { return h2(frameData, flagEndStream, stream, s) }
	mail, phone := "personal j***@e***.org http-body", "personal ***43 http-body"
	ofHead := "personal j***@e***.org http-header"
	for what, c := range map[string]struct {
		sent string
		want []string
	}{
		"a body":               {post(1) + last(1, janeMail), []string{mail}},
		"in pieces":            {post(1) + data(1, janeMail[:14]) + data(1, janeMail[14:]) + last(1, ""), []string{mail}},
		"padded":               {post(1) + h2(frameData, flagPadded, 1, "\x03"+janeMail[:14]+"\x00\x00\x00") + h2(frameData, flagPadded|flagEndStream, 1, "\x00"+janeMail[14:]), []string{mail}},
		"padding alone":        {post(1) + data(1, janeMail) + h2(frameData, flagPadded|flagEndStream, 1, "\x02\x00\x00") + ask(":path", "/?p=%2B12025550143&phone=202-555-0143"), []string{mail, "personal ***43 http-header"}},
		"of two at a time":     {post(1) + post(3) + data(1, `{"user":"jane.roe`) + last(3, janePhone) + last(1, `@example.org"}`), []string{phone, mail}},
		"of two, not one":      {post(1) + post(3) + last(1, `{"user":"jane.roe`) + last(3, `@example.org"}`), nil},
		"gzip":                 {post(1, "content-encoding", "gzip") + last(1, gzipped(janePhone)), []string{phone}},
		"a form":               {post(1, "content-type", "application/x-www-form-urlencoded") + last(1, "user=eve&password=Tr0ub4dor"), []string{"personal user e*** http-body"}},
		"a picture":            {post(1, "content-type", "image/png") + last(1, janeMail), nil},
		"trailers":             {post(1) + data(1, janeMail) + h2Fields(flagEndStream, 1, "x", "y") + ask(":path", "/?mail=jane.roe@example.org"), []string{mail}},
		"reset":                {post(1) + data(1, janeMail) + h2(frameReset, 0, 1, "\x00\x00\x00\x08") + last(1, janePhone), []string{mail}},
		"broken off":           {post(1) + data(1, janeMail), []string{mail}},
		"without a request":    {last(1, janeMail), nil},
		"in a tunnel":          {h2Fields(0, 1, ":method", "CONNECT", ":authority", "c.example:443") + last(1, janeMail), nil},
		"a path":               {ask(":path", "/?mail=jane.roe%40example.org"), []string{ofHead}},
		"a cookie":             {ask("cookie", "u=jane.roe@example.org"), []string{ofHead}},
		"a login":              {ask("authorization", "Basic ZXZlOnB3"), []string{"personal user e*** http-header"}},
		"padding too long":     {post(1) + h2(frameData, flagPadded, 1, "\x05abc") + last(1, janeMail), nil},
		"padding without byte": {post(1) + h2(frameData, flagPadded, 1, "") + last(1, janeMail), nil},
		"more than is followed": {func() (s string) {
			for i := range uint32(maxBodies) {
				s += post(2*i + 1)
			}
			return s + data(1, janeMail) + post(99) + last(99, janePhone)
		}(), []string{mail, phone}},
	} {
		t.Run(what, func(t *testing.T) {
			rows, _ := hear(up(http2Preface + c.sent))
			want := c.want
			if len(rows) > 0 && strings.HasPrefix(rows[0], "http") {
				want = append([]string{rows[0]}, want...)
			}
			check(t, []piece{up(http2Preface + c.sent)}, "http2", want...)
		})
	}
}

// TestHTTP2HeadBound: fields that a header has time and again take a byte each, and are not all looked at: that is counted.
func TestHTTP2HeadBound(t *testing.T) {
	for times, hits := range map[int]uint64{9: 0, 30: 1} {
		fields := []hpack.HeaderField{{Name: ":authority", Value: "a.example"}}
		for range times {
			fields = append(fields, hpack.HeaderField{Name: "x", Value: strings.Repeat(".", 4000)})
		}
		h := &heard{}
		n := NewNamer(h, Limits{})
		hearWith(n, h, serverPort, []piece{up(http2Preface + requests(false, fields, fields[:1]))})
		if n.hits[limitContent] != hits || len(h.rows) != 1 {
			t.Errorf("%d fields: %q, hits %v", times, h.rows, n.hits)
		}
	}
}

// FuzzHTTP2: however what a client sends is cut, the same is told of it, and nothing is kept.
func FuzzHTTP2(f *testing.F) {
	post := h2Fields(0, 1, ":method", "POST", "content-encoding", "gzip", ":path", "/")
	f.Add([]byte(post+h2(frameData, flagPadded, 1, "\x01"+janeMail+"\x00")), 7)
	f.Add([]byte(post+h2(frameData, flagEndStream, 1, janeMail)+h2Fields(0, 3, "x", "y")), 1)
	f.Add([]byte(requests(true, []hpack.HeaderField{{Name: ":authority", Value: "a.example"}})), 2)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		h := &heard{}
		n := NewNamer(h, Limits{})
		whole, _ := hearWith(n, h, serverPort, []piece{up(http2Preface + string(data))})
		cut, _ := hear(split([]piece{up(http2Preface + string(data))}, 1+max(size, -size)%100)...)
		if !slices.Equal(whole, cut) {
			t.Errorf("%q, and in pieces of %d bytes %q", whole, size, cut)
		}
		if n.content != 0 {
			t.Errorf("%d bytes are kept", n.content)
		}
	})
}

func TestHTTP2Refuses(t *testing.T) {
	fields := []hpack.HeaderField{{Name: ":authority", Value: "a.example"}}
	frames := requests(true, fields)
	for what, stream := range map[string]string{
		"data inside a block":         frames[:14] + "\x00\x00\x00\x00\x00\x00\x00\x00\x01" + frames[14:],
		"continuation first":          frames[14:],
		"padding longer than a frame": "\x00\x00\x01\x01\x0c\x00\x00\x00\x01\xff" + frames,
		"bad index":                   "\x00\x00\x02\x01\x04\x00\x00\x00\x01\xff\x7f" + frames,
	} {
		if rows, _ := hear(up(http2Preface + stream)); len(rows) > 0 {
			t.Errorf("%s: %q", what, rows)
		}
	}
}

func TestRequestLinePrefixes(t *testing.T) {
	line := "PROPFIND /a/b HTTP/1.1\r\n"
	for k := 1; k < len(line); k++ {
		if m := matchRequestLine([]byte(line[:k])); m != maybe {
			t.Errorf("%q: %d", line[:k], m)
		}
	}
	for _, no := range []string{"GET\r\n", "GET /\r\n", " / HTTP/1.1\n", "1GET / HTTP/1.1\n", "GET / HTTP/2.0\n", "G\x00T / HTTP/1.1\n", "GET / XTTP/1.1\n", strings.Repeat("A", 40) + " / HTTP/1.1\n"} {
		if matchRequestLine([]byte(no)) != 0 {
			t.Errorf("%q is taken for a request", no)
		}
	}
}

// FuzzHTTPHead: a name that is reported stands in the header as one word.
func FuzzHTTPHead(f *testing.F) {
	for _, s := range []string{get("a.example:80"), "CONNECT [::1]:443 HTTP/1.1\r\n\r\n", "GET http://a@b:1/ HTTP/1.0\nHost:\tx \n\n", "PUT * HTTP/1.1\nTransfer-Encoding: chunked\n\n1f;\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, _ := hear(up(string(data)))
		for _, row := range rows {
			kind, name, _ := strings.Cut(row, " ")
			name = strings.TrimSuffix(name, " "+AbsoluteForm)
			if strings.HasPrefix(kind, "http-") && (name == "" || strings.ContainsAny(name, "\r\n\x00 ") || !bytes.Contains(data, []byte(name))) {
				t.Errorf("%q names %q", data, name)
			}
		}
	})
}
