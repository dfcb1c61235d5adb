package hostname

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"phonehome/analyze/flow"
)

// dtlsBody is the body of a ClientHello of DTLS: that of TLS with another version and a cookie.
func dtlsBody(name, cookie string) string {
	body := helloOf{name: name}.message()[handshakeHeaderLen:]
	const cookieAt = 2 + 32 + 1 + 32
	return "\xfe\xfd" + body[2:cookieAt] + string([]byte{byte(len(cookie))}) + cookie + body[cookieAt:]
}

// fragment is a fragment of a handshake message.
type fragment struct {
	kind     byte
	number   uint16
	length   int
	offset   int
	body     string
	epoch    uint16
	version  uint16
	claims   int  // bytes, where not those of body
	isLonger bool // claims counts
}

// record wraps a fragment into a record.
func (f fragment) record() string {
	var b cryptobyte.Builder
	b.AddUint8(recordHandshake)
	b.AddUint16(max(f.version, 0x0100))
	b.AddUint16(f.epoch)
	b.AddBytes(make([]byte, 6))
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(max(f.kind, msgClientHello))
		b.AddUint24(uint32(f.length))
		b.AddUint16(f.number)
		b.AddUint24(uint32(f.offset))
		if f.isLonger {
			b.AddUint24(uint32(f.claims))
		} else {
			b.AddUint24(uint32(len(f.body)))
		}
		b.AddBytes([]byte(f.body))
	})
	return string(b.BytesOrPanic())
}

// dtlsFragments cuts a hello into records with size bytes of it each.
func dtlsFragments(body string, number uint16, size int) (records []string) {
	for at := 0; at < len(body); at += size {
		part := body[at:min(at+size, len(body))]
		records = append(records, fragment{number: number, length: len(body), offset: at, body: part, version: 0xfefd}.record())
	}
	return records
}

func TestDTLS(t *testing.T) {
	body := dtlsBody("a.example", "")
	cookie := dtlsBody("a.example", "cookie")
	whole := dtlsFragments(body, 0, 1<<14)[0]
	verify := down(fragment{kind: msgHelloVerifyRequest, length: 9, body: "\xfe\xff\x06cookie", version: 0xfeff}.record())
	parts := dtlsFragments(body, 0, 40)
	mixed := append(slices.Clone(parts), parts[0])
	slices.Reverse(mixed)
	const want = "dtls-sni a.example DTLS1.2"
	cases := []struct {
		what string
		sent []piece
		want []string
	}{
		{"whole", []piece{up(whole)}, []string{want}},
		{"1.0", []piece{up(fragment{length: len(body), body: body, version: 0xfeff}.record())}, []string{want}},
		{"of OpenSSL 0.9.8", []piece{up(fragment{length: len(body), body: "\x01\x00" + body[2:], version: 0x0100}.record())}, []string{"dtls-sni a.example DTLS1.0"}},
		{"twice, with a cookie", []piece{up(whole), verify, up(dtlsFragments(cookie, 1, 1<<14)[0])}, []string{want}},
		{"the second alone", []piece{verify, up(dtlsFragments(cookie, 1, 1<<14)[0])}, []string{want}},
		{"no name", []piece{up(dtlsFragments(dtlsBody("", ""), 0, 1<<14)[0])}, []string{"dtls-hello  DTLS1.2"}},
		{"fragments", pieces(parts), []string{want}},
		{"fragments the other way, one twice", pieces(mixed), []string{want}},
		{"fragments in one datagram", []piece{up(strings.Join(mixed, ""))}, []string{want}},
		{"a fragment lost", pieces(append(slices.Clone(parts[:1]), parts[2:]...)), nil},
		{"fragments of two hellos", pieces([]string{dtlsFragments(body, 0, 40)[0], strings.Join(dtlsFragments(body, 1, 40)[1:], "")}), nil},
		{"fragments of two ends", []piece{down(parts[0]), up(strings.Join(parts[1:], "")), down(parts[0])}, nil},
		{"length changes", []piece{up(parts[0]), up(fragment{length: len(body) + 1, offset: 40, body: body[40:], version: 0xfefd}.record())}, nil},
		{"encrypted", []piece{up(fragment{length: len(body), body: body, version: 0xfefd, epoch: 1}.record())}, nil},
		{"the server's flight", []piece{down(serverHello)}, nil},
	}
	for _, c := range cases {
		checkDatagrams(t, c.what, c.sent, "dtls", c.want...)
	}
	checkPrefixes(t, up(whole))
	checkPrefixes(t, up(strings.Join(parts, "")))
}

func pieces(data []string) (sent []piece) {
	for _, d := range data {
		sent = append(sent, up(d))
	}
	return sent
}

func TestDTLSRefuses(t *testing.T) {
	body := dtlsBody("a.example", "")
	good := fragment{length: len(body), body: body, version: 0xfefd}
	change := func(f func(*fragment)) string { g := good; f(&g); return g.record() }
	unknown := func(at int, b byte) string { r := good.record(); return r[:at] + string([]byte{b}) + r[at+1:] }
	for what, datagram := range map[string]string{
		"another version":           change(func(f *fragment) { f.version = 0x0303 }),
		"fragment beyond the end":   change(func(f *fragment) { f.offset = 1 }),
		"fragment of another size":  change(func(f *fragment) { f.claims, f.isLonger = len(body)+1, true }),
		"data in clear":             unknown(0, recordData),
		"another type":              unknown(0, 24),
		"an unlikely message":       unknown(dtlsRecordHeader, 20),
		"record too long":           unknown(11, 1),
		"bytes behind":              good.record() + "\x00",
		"TLS":                       hello("a.example"),
		"no record":                 good.record()[:dtlsRecordHeader],
		"a record of DTLS 1.3 only": "\x2e" + good.record()[1:],
	} {
		checkDatagrams(t, what, []piece{up(datagram)}, "")
	}
}

// encryptedRecord is what ends the part in clear.
var encryptedRecord = "\x17\xfe\xfd\x00\x01\x00\x00\x00\x00\x00\x01\x00\x20" + strings.Repeat("e", 32)

// serverHello tells which end is the server, and is not read further.
var serverHello = fragment{kind: msgServerHello, number: 1, length: 5, body: "hello", version: 0xfefd}.record()

// certificateBody is the body of a Certificate with this leaf, and with bytes behind it that stand for the rest of the chain (RFC 5246,
// section 7.4.2).
func certificateBody(leaf, chain string) string {
	var b cryptobyte.Builder
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(leaf)) })
		b.AddBytes([]byte(chain))
	})
	return string(b.BytesOrPanic())
}

// certificateFragments cuts a Certificate into records with size bytes of it each.
func certificateFragments(body string, size int) (records []string) {
	for at := 0; at < len(body); at += size {
		part := body[at:min(at+size, len(body))]
		records = append(records, fragment{kind: msgCertificate, number: 2, length: len(body), offset: at, body: part, version: 0xfefd}.record())
	}
	return records
}

func TestDTLSCertificate(t *testing.T) {
	checkDatagrams(t, "a bare one", []piece{down(serverHello +
		certificateFragments(certificateBody(bareCertificate("b.example"), ""), 1<<14)[0])}, "dtls", "certificate b.example")
	leaf := string(identity(t, "www.example.com", "www.example.com", "*.example.net").Certificate[0])
	body := certificateBody(leaf, "")
	client := up(dtlsFragments(dtlsBody("a.example", ""), 0, 1<<14)[0])
	server := down(serverHello)
	verify := down(fragment{kind: msgHelloVerifyRequest, length: 9, body: "\xfe\xff\x06cookie", version: 0xfeff}.record())
	cookie := up(dtlsFragments(dtlsBody("a.example", "cookie"), 1, 1<<14)[0])
	whole, parts := certificateFragments(body, 1<<14)[0], certificateFragments(body, 100)
	mixed := append(slices.Clone(parts), parts[0])
	slices.Reverse(mixed)
	chain := certificateFragments(certificateBody(leaf, strings.Repeat("c", 500)), len(leaf)+50)
	raw := fragment{kind: msgCertificate, number: 2, length: 5 + len(leaf), body: body[3:6] + "xx" + leaf, version: 0xfefd}.record()
	all := func(first ...piece) func(...string) []piece {
		return func(data ...string) (sent []piece) {
			sent = slices.Clone(first)
			for _, d := range data {
				sent = append(sent, down(d))
			}
			return sent
		}
	}
	answered := all(client, server)
	const hello, first, second = "dtls-sni a.example DTLS1.2", "certificate www.example.com", "certificate *.example.net"
	for _, c := range []struct {
		what string
		sent []piece
		want []string
	}{
		{"whole", answered(whole), []string{hello, first, second}},
		{"in the datagram of the hello", all(client)(server.data + whole), []string{hello, first, second}},
		{"behind a cookie", all(client, verify, cookie, server)(whole), []string{hello, first, second}},
		{"fragments", answered(parts...), []string{hello, first, second}},
		{"fragments the other way, one twice", answered(mixed...), []string{hello, first, second}},
		{"fragments in one datagram", answered(strings.Join(mixed, "")), []string{hello, first, second}},
		{"fragments before the hello of the server", append(all(client)(mixed...), server), []string{hello, first, second}},
		{"without the client", all(server)(whole), []string{first, second}},
		{"the rest of the chain lost", answered(chain[0]), []string{hello, first, second}},
		{"twice", answered(whole, whole), []string{hello, first, second}},
		{"a fragment lost", answered(parts[1:]...), []string{hello}},
		{"of the client", []piece{client, server, up(whole)}, []string{hello}},
		{"of nobody known", []piece{down(whole)}, nil},
		{"both ends are clients", []piece{client, down(client.data + whole)}, []string{hello}},
		{"behind what is encrypted", answered(encryptedRecord+whole, whole), []string{hello}},
		{"a raw key (RFC 7250)", answered(raw), []string{hello}},
		{"the length of another", answered(parts[0], fragment{kind: msgCertificate, number: 2, length: len(body) + 1, offset: 100, body: body[100:], version: 0xfefd}.record()), []string{hello}},
	} {
		checkDatagrams(t, c.what, c.sent, "dtls", c.want...)
	}
	for k := range len(whole) {
		h := &heard{}
		d := &datagrams{n: NewNamer(h, Limits{})}
		d.send(server, -1)
		d.send(down(whole), k)
		if len(h.rows) > 0 {
			t.Fatalf("%d of %d bytes: %q", k, len(whole), h.rows)
		}
	}
}

// TestDTLSCertificateIsBounded: a long one is not begun, and one that does not end is counted.
func TestDTLSCertificateIsBounded(t *testing.T) {
	n := NewNamer(&heard{}, Limits{})
	long := fragment{kind: msgCertificate, number: 2, length: 1 << 17, body: "begins", version: 0xfefd}.record()
	if untilStop(n, down(serverHello+long)); n.LimitsHit()[limitHead] == 0 || n.LimitsHit()[limitDTLS] != 0 {
		t.Errorf("a certificate of 128 KiB: limits %v", n.LimitsHit())
	}
	begun := fragment{kind: msgCertificate, number: 2, length: 1 << 12, body: "begins", version: 0xfefd}.record()
	if k := untilStop(n, down(serverHello+begun)); k != maxDTLSDatagrams || n.LimitsHit()[limitDTLS] != 1 {
		t.Errorf("a certificate that does not end takes %d datagrams, limits %v", k, n.LimitsHit())
	}
	if n.waiting != 0 || len(n.dtls.messages.free) != 1 {
		t.Errorf("%d bytes wait, %d messages", n.waiting, len(n.dtls.messages.free))
	}
}

// TestDTLSRecognised: what names nothing and is DTLS.
func TestDTLSRecognised(t *testing.T) {
	record := func(kind byte, epoch byte, size int) string {
		return string([]byte{kind, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 9, byte(size >> 8), byte(size)}) + strings.Repeat("e", size)
	}
	for what, datagram := range map[string]string{
		"data": record(recordData, 1, 300), "two records": record(recordHandshake, 1, 60) + record(recordData, 1, 9), "alert": record(recordAlert, 0, 2),
		"1.3": serverHello + "\x2e\x00\x01", "AnyConnect": "\x17\x01\x00" + record(recordData, 1, 80)[3:],
	} {
		checkDatagrams(t, what, []piece{up(datagram)}, "dtls")
	}
}

func TestDTLSStops(t *testing.T) {
	n := NewNamer(&heard{}, Limits{})
	until := func(p piece) int { return untilStop(n, p) }
	body := dtlsBody("a.example", "")
	whole := dtlsFragments(body, 0, 1<<14)[0]
	if k := until(up(whole + encryptedRecord)); k != 1 {
		t.Errorf("a hello that is complete, and no more in clear, takes %d datagrams", k)
	}
	if k := until(up(whole + "\x2e\x00\x01")); k != 1 {
		t.Errorf("a hello that is complete, and no more in clear, of DTLS 1.3, takes %d datagrams", k)
	}
	if k := until(up(whole)); k != maxDTLSDatagrams || n.LimitsHit()[limitDTLS] != 0 {
		t.Errorf("a hello without an answer takes %d datagrams, limits %v", k, n.LimitsHit())
	}
	if k := until(up(dtlsFragments(body, 0, 40)[0])); k != maxDTLSDatagrams || n.LimitsHit()[limitDTLS] != 1 {
		t.Errorf("a hello that does not end takes %d datagrams, limits %v", k, n.LimitsHit())
	}
	if until(up(fragment{length: 1 << 17, body: body, version: 0xfefd}.record())); n.LimitsHit()[limitHead] == 0 {
		t.Errorf("a hello of 128 KiB: limits %v", n.LimitsHit())
	}
}

func TestDTLSReadersAreUsedAgain(t *testing.T) {
	parts := dtlsFragments(dtlsBody("a.example", ""), 0, 70)
	h := &heard{}
	n := NewNamer(h, Limits{})
	for _, p := range parts {
		exchangeWith(n, h, []piece{up(p)})
	}
	if len(h.rows) > 0 || len(n.dtls.readers.free) != 1 {
		t.Errorf("got %q, %d readers", h.rows, len(n.dtls.readers.free))
	}
	exchangeWith(n, h, pieces(parts))
	if want := []string{"dtls-sni a.example DTLS1.2"}; !slices.Equal(h.rows, want) {
		t.Errorf("got %q, want %q", h.rows, want)
	}
}

// bareCertificate has a name and nothing else that is read (RFC 5280, section 4.1).
func bareCertificate(name string) string {
	var b cryptobyte.Builder
	in := func(kind asn1.Tag, fill func(b *cryptobyte.Builder)) func(b *cryptobyte.Builder) {
		return func(b *cryptobyte.Builder) { b.AddASN1(kind, fill) }
	}
	value := in(asn1.SEQUENCE, in(tagDNSName, func(b *cryptobyte.Builder) { b.AddBytes([]byte(name)) }))
	in(asn1.SEQUENCE, in(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes([]byte("\x02\x01\x01" + strings.Repeat("\x30\x00", 5))) // serial number; signature, issuer, validity, subject, key
		b.AddASN1(tagExtensions, in(asn1.SEQUENCE, in(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes(oidSAN) })
			b.AddASN1(asn1.OCTET_STRING, value)
		})))
	}))(&b)
	return string(b.BytesOrPanic())
}

// FuzzDTLS: two datagrams of fragments of a hello, of a server's certificate, or as they are. Their order decides nothing.
func FuzzDTLS(f *testing.F) {
	body := dtlsBody("a.example", "")
	for _, size := range []int{30, 60, 200} {
		parts := dtlsFragments(body, 0, size)
		f.Add([]byte(parts[0]), []byte(strings.Join(parts[1:], "")), uint8(0), uint16(0))
	}
	f.Add([]byte(body[:50]), []byte(body[40:]), uint8(msgClientHello), uint16(40))
	f.Add([]byte(body), []byte(body), uint8(msgClientHello), uint16(0))
	leaf := certificateBody(bareCertificate("b.example"), "")
	f.Add([]byte(leaf[:20]), []byte(leaf[18:]), uint8(msgCertificate), uint16(18))
	f.Fuzz(func(t *testing.T, a, b []byte, kind uint8, at uint16) {
		p, q := up(string(a)), up(string(b))
		if kind != 0 {
			length := max(len(a), len(b)+int(at))
			p.data = fragment{kind: kind, length: length, body: p.data[:min(len(a), 1<<13)], version: 0xfefd}.record()
			q.data = fragment{kind: kind, length: length, offset: int(at), body: q.data[:min(len(b), 1<<13)], version: 0xfefd}.record()
		}
		if kind == msgCertificate {
			p.data, q.data = serverHello+p.data, serverHello+q.data
		}
		checkOrders(t, p, q)
	})
}

func BenchmarkDTLSHello(b *testing.B) {
	benchmarkDatagram(b, []byte(dtlsFragments(dtlsBody("a.example", ""), 0, 1<<14)[0]), flow.Go)
}
