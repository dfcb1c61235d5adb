package hostname

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"
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
