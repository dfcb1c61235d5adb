package hostname

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	mrand "math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
)

// tape is a net.Conn that keeps what is written through it, in order, for both ends. Writing never waits for the reader, as both ends
// may speak at once.
type tape struct {
	net.Conn
	dir    uint8
	mu     *sync.Mutex
	pieces *[]piece
	queue  chan []byte
}

func (t tape) Write(b []byte) (int, error) {
	t.mu.Lock()
	*t.pieces = append(*t.pieces, piece{dir: t.dir, data: string(b)})
	t.mu.Unlock()
	t.queue <- bytes.Clone(b)
	return len(b), nil
}

// shake returns a live handshake and one message each way.
func shake(t testing.TB, client, server *tls.Config) []piece {
	t.Helper()
	var mu sync.Mutex
	var pieces []piece
	end := func(conn net.Conn, dir uint8) tape {
		q := make(chan []byte, 64)
		go func() {
			for b := range q {
				conn.Write(b)
			}
		}()
		t.Cleanup(func() { close(q); conn.Close() })
		return tape{conn, dir, &mu, &pieces, q}
	}
	a, b := net.Pipe()
	done := make(chan error, 1)
	go func() {
		s := tls.Server(end(b, 1), server)
		_, err := io.CopyN(io.Discard, s, 4)
		if err == nil {
			_, err = s.Write([]byte("pong"))
		}
		done <- err
	}()
	c := tls.Client(end(a, 0), client)
	if _, err := c.Write([]byte("ping")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, c, 4); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return pieces
}

func identity(t testing.TB, common string, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: common, Organization: []string{"Example"}},
		DNSNames: names, NotAfter: time.Unix(1<<33, 0),
	}, &x509.Certificate{SerialNumber: big.NewInt(1)}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestTLSLive(t *testing.T) {
	id := identity(t, "www.example.com", "www.example.com", "*.example.net")
	cases := []struct {
		what           string
		client, server *tls.Config
		want           []string
	}{
		{"1.3", &tls.Config{ServerName: "a.example", NextProtos: []string{"h2", "http/1.1"}}, &tls.Config{NextProtos: []string{"h2"}},
			[]string{"tls-sni a.example h2,http/1.1 TLS1.3"}},
		{"1.3 post-quantum", &tls.Config{ServerName: "pq.example", CurvePreferences: []tls.CurveID{tls.X25519MLKEM768}},
			&tls.Config{}, []string{"tls-sni pq.example TLS1.3"}},
		{"1.3 retry", &tls.Config{ServerName: "b.example", CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP384}},
			&tls.Config{CurvePreferences: []tls.CurveID{tls.CurveP384}}, []string{"tls-sni b.example TLS1.3"}},
		{"1.3 no name", &tls.Config{}, &tls.Config{}, []string{"tls-hello  TLS1.3"}},
		{"1.2", &tls.Config{ServerName: "c.example", MaxVersion: tls.VersionTLS12}, &tls.Config{},
			[]string{"tls-sni c.example TLS1.2", "certificate www.example.com", "certificate *.example.net"}},
		{"1.2 server, 1.3 client", &tls.Config{ServerName: "d.example"}, &tls.Config{MaxVersion: tls.VersionTLS12},
			[]string{"tls-sni d.example TLS1.3", "certificate www.example.com", "certificate *.example.net"}},
	}
	for _, c := range cases {
		t.Run(c.what, func(t *testing.T) {
			c.client.InsecureSkipVerify, c.server.Certificates = true, []tls.Certificate{id}
			check(t, shake(t, c.client, c.server), "tls", c.want...)
		})
	}
}

func TestTLSStopsWhenAllIsSaid(t *testing.T) {
	id := identity(t, "www.example.com")
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		pieces := shake(t, &tls.Config{ServerName: "a.example", InsecureSkipVerify: true, MaxVersion: version}, &tls.Config{Certificates: []tls.Certificate{id}})
		tab := &table{n: NewNamer(&heard{}, Limits{}), port: serverPort}
		for _, p := range pieces {
			tab.send(p)
		}
		if !tab.stop {
			t.Errorf("version %x: the flow is still being read", version)
		}
	}
}

func TestTLSOneDirection(t *testing.T) {
	id := identity(t, "", "www.example.com")
	pieces := shake(t, &tls.Config{ServerName: "a.example", InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}, &tls.Config{Certificates: []tls.Certificate{id}})
	only := func(dir uint8) []piece {
		return slices.DeleteFunc(slices.Clone(pieces), func(p piece) bool { return p.dir != dir })
	}
	check(t, only(0), "tls", "tls-sni a.example TLS1.2")
	check(t, only(1), "tls", "certificate www.example.com")
}

func TestTLSRecords(t *testing.T) {
	message := helloOf{name: "split.example"}.message()
	for _, size := range []int{1, 2, 3, 4, 5, 6, 9, 50, len(message) - 1, len(message)} {
		check(t, []piece{up(record(message, size))}, "tls", "tls-sni split.example"+helloSaid)
	}
	big := helloOf{name: "big.example", extensions: []extension{{kind: 21, data: strings.Repeat("\x00", 60000)}}}.message()
	for _, size := range []int{100, 1 << 14} {
		rows, _ := hear(split([]piece{up(record(big, size))}, 1400)...)
		if want := []string{"tls-sni big.example" + helloSaid}; !slices.Equal(rows, want) {
			t.Errorf("a hello of 60 kB in records of %d: %q", size, rows)
		}
	}
}

func TestTLSTwoHellos(t *testing.T) {
	change := "\x14\x03\x03\x00\x01\x01"
	check(t, []piece{up(hello("a.example")), up(change + hello("a.example"))}, "tls", "tls-sni a.example"+helloSaid)
	check(t, []piece{up(hello("a.example")), up(change + hello("b.example"))}, "tls", "tls-sni a.example"+helloSaid, "tls-sni b.example"+helloSaid)
}

func TestTLSRefuses(t *testing.T) {
	body := helloOf{name: "x.example", alpn: []string{"h2"}}.message()[handshakeHeaderLen:]
	if _, ok := parseClientHello(cryptobyte.String(body), 't'); !ok {
		t.Fatal("the whole hello is refused")
	}
	for k := range len(body) {
		h, ok := parseClientHello(cryptobyte.String(body[:k]), 't')
		if ok && h.name() != nil {
			t.Errorf("%d of %d bytes name %q", k, len(body), h.name())
		}
	}
	if _, ok := parseClientHello(cryptobyte.String(body+"x"), 't'); ok {
		t.Error("a byte behind the end is accepted")
	}
	for what, stream := range map[string]string{
		"cut":              hello("x.example")[:80],
		"wrong version":    "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x02",
		"length too short": strings.Replace(hello("x.example"), "\x01\x00\x00", "\x01\x00\x00", 1)[:9] + strings.Repeat("\xff", 90),
		"data between":     record(helloOf{name: "x.example"}.message(), 40)[:45] + "\x17\x03\x03\x00\x05hello",
	} {
		if rows, _ := hear(up(stream)); len(rows) > 0 {
			t.Errorf("%s: %q", what, rows)
		}
	}
}

func TestHelloFields(t *testing.T) {
	ech := "\x00\x00\x01\x00\x01\x2a\x00\x01E\x00\x01P"
	cases := []struct {
		what string
		h    helloOf
		want string
	}{
		{"address", helloOf{name: "192.0.2.1"}, "tls-sni 192.0.2.1 TLS1.2"},
		{"trailing dot", helloOf{name: "a.example."}, "tls-sni a.example. TLS1.2"},
		{"no UTF-8", helloOf{name: "a\xff\x1b.example"}, "tls-sni a\xff\x1b.example TLS1.2"},
		{"ECH", helloOf{name: "public.example", extensions: []extension{{extECH, ech}}}, "tls-sni public.example TLS1.2 ech=undetermined:42"},
		{"ESNI", helloOf{extensions: []extension{{extESNI, "x"}}}, "tls-hello  TLS1.2 ech=undetermined:0"},
		{"GREASE", helloOf{name: "g.example", ciphers: []uint16{0x0a0a}, alpn: []string{"\xca\xca", "h2"}, extensions: []extension{
			{0x3a3a, ""}, {extSupportedVersions, "\x06\xfa\xfa\x03\x04\x03\x03"}}}, "tls-sni g.example \xca\xca,h2 TLS1.3"},
		{"draft", helloOf{name: "d.example", extensions: []extension{{extSupportedVersions, "\x02\x7f\x1c"}}}, "tls-sni d.example TLS1.3-draft"},
		{"empty server_name", helloOf{extensions: []extension{{extServerName, ""}}}, "tls-hello  TLS1.2"},
	}
	for _, c := range cases {
		rows, _ := hear(up(record(c.h.message(), 1<<14)))
		if !slices.Equal(rows, []string{c.want}) {
			t.Errorf("%s: %q, want %q", c.what, rows, c.want)
		}
	}
}

func TestTwoServerNamesNameNobody(t *testing.T) {
	name := "\x00\x0c\x00\x00\x09a.example"
	rows, _ := hear(up(record(helloOf{extensions: []extension{{extServerName, name}, {extServerName, name}}}.message(), 1<<14)))
	if len(rows) > 0 {
		t.Errorf("got %q", rows)
	}
}

func TestSSL2Hello(t *testing.T) {
	ssl := "\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10" + strings.Repeat("\x00\x00\x2f", 7) + strings.Repeat("C", 16)
	check(t, []piece{up(ssl)}, "tls", "tls-hello  TLS1.0")
	for _, bad := range []string{"\x80\x2f" + ssl[2:], ssl[:4] + "\x09" + ssl[5:]} {
		if rows, protocol := hear(up(bad)); protocol != "" {
			t.Errorf("%q is taken for %s: %q", bad, protocol, rows)
		}
	}
}

func TestTLSAfterUnknownGreeting(t *testing.T) {
	rows, _ := hear(up("\x99hello?"), down("\x98go on"), up(hello("late.example")))
	if want := []string{"tls-sni late.example" + helloSaid}; !slices.Equal(rows, want) {
		t.Errorf("got %q", rows)
	}
}

func TestTLSAfterGap(t *testing.T) {
	lost := piece{dir: 0, data: strings.Repeat("x", 40), lost: true}
	rows, _ := hear(up(hello("cut.example")[:60]), lost, up(hello("whole.example")))
	if want := []string{"tls-sni whole.example" + helloSaid}; !slices.Equal(rows, want) {
		t.Errorf("got %q", rows)
	}
}

func TestDoT(t *testing.T) {
	h := &heard{}
	if _, protocol := hearWith(NewNamer(h, Limits{}), h, portDoT, []piece{up(hello("dns.example"))}); protocol != "dot" {
		t.Errorf("protocol %q", protocol)
	}
}

func TestUnknownStreamStops(t *testing.T) {
	tab := &table{n: NewNamer(&heard{}, Limits{}), port: serverPort}
	for range maxTries {
		if tab.stop {
			t.Fatal("too early")
		}
		tab.send(up(strings.Repeat("\x01", 20)))
	}
	if !tab.stop {
		t.Error("a stream of no known protocol is still being read")
	}
}

func TestStreamsAreUsedAgain(t *testing.T) {
	h := &heard{}
	n := NewNamer(h, Limits{})
	for _, pieces := range [][]piece{
		{up(hello("first.example")[:90])},
		{up("EHLO x\r\n"), up("STARTTLS\r\n"), up(hello("second.example"))},
		{up("zzz"), up(hello("third.example"))},
	} {
		hearWith(n, h, serverPort, pieces)
	}
	if want := []string{"tls-sni second.example" + helloSaid, "tls-sni third.example" + helloSaid}; !slices.Equal(h.rows, want) {
		t.Errorf("got %q", h.rows)
	}
	if len(n.free) == 0 || *n.free[0] != (stream{}) {
		t.Error("a stream that was given back is not as new")
	}
}

func TestCertificate(t *testing.T) {
	names := make([]string, maxCertificateNames+1)
	for i := range names {
		names[i] = "x.example"
	}
	cases := []struct {
		what   string
		common string
		names  []string
		want   []string
	}{
		{"common name alone", "host.example", nil, []string{"certificate host.example"}},
		{"common name repeated", "HOST.example", []string{"host.example"}, []string{"certificate host.example"}},
		{"common name of a person", "John Q. Public", []string{"a.example"}, []string{"certificate a.example"}},
		{"common name is an address", "192.0.2.1", nil, nil},
		{"one label", "localhost", nil, nil},
		{"wildcard", "*.example.com", nil, []string{"certificate *.example.com"}},
	}
	for _, c := range cases {
		h := &heard{}
		m := (&table{port: serverPort}).meta(1)
		NewNamer(h, Limits{}).addCertificate(m, identity(t, c.common, c.names...).Certificate[0])
		if !slices.Equal(h.rows, c.want) {
			t.Errorf("%s: %q, want %q", c.what, h.rows, c.want)
		}
	}
	h := &heard{}
	n := NewNamer(h, Limits{})
	n.addCertificate((&table{port: serverPort}).meta(1), identity(t, "", names...).Certificate[0])
	if len(h.rows) != maxCertificateNames || n.LimitsHit()[limitNames] != 1 {
		t.Errorf("%d names, limits hit %v", len(h.rows), n.LimitsHit())
	}
}

func TestCertificatePrefixes(t *testing.T) {
	der := identity(t, "a.example", "a.example").Certificate[0]
	for k := range len(der) {
		if _, _, ok := certificateNames(der[:k]); ok {
			t.Fatalf("%d of %d bytes are accepted", k, len(der))
		}
	}
}

// FuzzStream: whatever is sent, in whatever segments, nothing is named that is not named when each direction comes in other segments, as long
// as one protocol holds from the first byte.
func FuzzStream(f *testing.F) {
	f.Add([]byte(hello("a.example")), []byte{}, uint64(1))
	f.Add([]byte("EHLO x\r\nSTARTTLS\r\n"+hello("a.example")), []byte("220 smtp\r\n"), uint64(2))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"), []byte("HTTP/1.1 200 OK\r\n\r\n"), uint64(3))
	f.Add([]byte("\x05\x01\x01"+gssContextToken(9)+gssToken(gssWrapped, gssWrap(0, 4, 0, "\x05\x01\x00\x03\x09a.example\x01\xbb1234"))), []byte("\x05\x01\x01\x01\x00\x01t"), uint64(3))
	f.Add([]byte("CONNECT a.example:443 HTTP/1.1\r\n\r\n"+hello("b.example")), []byte("HTTP/1.1 200 OK\r\n\r\n"), uint64(4))
	f.Add([]byte("\x05\x01\x00\x05\x01\x00\x03\x09a.example\x01\xbb"+hello("b.example")), []byte("\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"), uint64(5))
	f.Add([]byte("\x00\x00\x00\x08\x04\xd2\x16\x2f"+hello("a.example")), []byte("S"), uint64(6))
	f.Add([]byte(http2Preface+"\x00\x00\x0c\x01\x05\x00\x00\x00\x01\x41\x09a.example\x82"), []byte{}, uint64(7))
	f.Add([]byte("\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10"+strings.Repeat("\x00\x00\x2f", 7)+strings.Repeat("C", 16)), []byte{}, uint64(8))
	f.Fuzz(func(t *testing.T, a, b []byte, seed uint64) {
		whole := []piece{up(string(a)), down(string(b))}
		rows, protocol := hear(whole...)
		if protocol == "" || bytes.Contains(a, []byte("\n")) && protocol == "http" {
			return // found at the start of a segment, if at all; what follows garbage in HTTP too
		}
		cut := splitAtRandom(whole, mrand.New(mrand.NewPCG(seed, seed)))
		again, p := hear(cut...)
		if p == protocol && !slices.Equal(rows, again) && len(rows) > 0 {
			t.Errorf("%s: whole %q\ncut %q", protocol, rows, again)
		}
	})
}

// FuzzClientHello: what is accepted stays the same when it is written again from its parts.
func FuzzClientHello(f *testing.F) {
	for _, h := range []helloOf{{}, {name: "a.example", alpn: []string{"h2", "x"}}, {extensions: []extension{{extECH, "\x00\x00\x01\x00\x01\x2a"}}}} {
		f.Add([]byte(h.message()[handshakeHeaderLen:]), byte('t'))
	}
	f.Fuzz(func(t *testing.T, msg []byte, transport byte) {
		h, ok := parseClientHello(msg, transport)
		if !ok {
			return
		}
		if !bytes.Contains(msg, h.name()) || len(h.ciphers)%2 != 0 {
			t.Error("a name or a list that is not in the message")
		}
		var x Name
		h.fill(&x)
		if len(x.JA4) != 36 || x.JA4[10] != '_' || x.JA4[23] != '_' {
			t.Errorf("JA4 %q", x.JA4)
		}
		if _, ok := parseClientHello(msg[:len(msg)-1], transport); ok && len(h.extensions) > 0 {
			t.Error("accepted with its last byte missing")
		}
	})
}

func BenchmarkHello(b *testing.B) {
	data := []byte(record(helloOf{name: "www.example.com", alpn: []string{"h2", "http/1.1"}, ciphers: make([]uint16, 15)}.message(), 1<<14))
	n := NewNamer(nobody{}, Limits{})
	tab := &table{n: n, port: serverPort}
	m := tab.meta(0)
	b.ReportAllocs()
	for b.Loop() {
		var c flow.Conv
		n.Stream(&c, m, data)
		n.Close(&c)
	}
}

func BenchmarkParseClientHello(b *testing.B) {
	body := []byte(helloOf{name: "www.example.com", alpn: []string{"h2"}, ciphers: make([]uint16, 15)}.message()[handshakeHeaderLen:])
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := parseClientHello(body, 't'); !ok {
			b.Fatal("refused")
		}
	}
}

type nobody struct{}

func (nobody) Add(*Name) {}
