package hostname

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"phonehome/analyze/flow"
)

const inner = "tls-sni inner.example" + helloSaid

// wish is the conversations that lead to TLS, or to another end of a proxy, by name of the protocol.
var wish = map[string][]piece{
	"smtp":  {down("220-mx.example ESMTP\r\n220 ready\r\n"), up("EHLO c.example\r\n"), down("250-mx.example\r\n250 STARTTLS\r\n"), up("STARTTLS\r\n"), down("220 go\r\n")},
	"imap":  {down("* OK ready\r\n"), up("a1 STARTTLS\r\n"), down("a1 OK go\r\n")},
	"pop3":  {down("+OK ready\r\n"), up("STLS\r\n"), down("+OK go\r\n")},
	"ftp":   {down("220 ftp.example\r\n"), up("AUTH TLS\r\n"), down("234 go\r\n")},
	"nntp":  {down("200 NNTP ready\r\n"), up("STARTTLS\r\n"), down("382 go\r\n")},
	"sieve": {down("\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK\r\n"), up("STARTTLS\r\n"), down("OK\r\n")},
	"xmpp": {up("<?xml version='1.0'?><stream:stream to='x.example' xmlns:stream='http://etherx.jabber.org/streams'>"),
		down("<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams'><stream:features><starttls/></stream:features>"),
		up("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), down("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")},
	"ldap behind a search": {up("\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"), down(strings.Repeat("\x30\x0c\x02\x01\x01\x64\x07\x04\x01x\x30\x02\x30\x00", 99)),
		up("\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + startTLSName), down("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00")},
	"proxy-header":           {up("PROXY TCP4 198.51.100.7 10.0.0.5 40000 443\r\n")},
	"proxy-header in binary": {up(proxySignature + "\x21\x11\x00\x0c" + strings.Repeat("\x01", 12))},
	"ldap":                   {up("\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + startTLSName), down("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00")},
	"postgresql":             {up("\x00\x00\x00\x08\x04\xd2\x16\x2f"), down("S")},
	"postgresql after GSS":   {up("\x00\x00\x00\x08\x04\xd2\x16\x30"), down("N"), up("\x00\x00\x00\x08\x04\xd2\x16\x2f"), down("S")},
	"mysql": {down("\x4a\x00\x00\x00\x0a8.0.36\x00" + strings.Repeat("g", 66)),
		up("\x20\x00\x00\x01\x05\xae\x03\x00\x00\x00\x00\x01\x2d" + strings.Repeat("\x00", 23))},
	"rdp": {up("\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00"), down("\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x00\x08\x00\x02\x00\x00\x00")},
}

func TestSTARTTLS(t *testing.T) {
	for what, pieces := range wish {
		t.Run(what, func(t *testing.T) {
			if _, protocol := hear(pieces...); protocol != strings.Fields(what)[0] {
				t.Errorf("protocol before TLS: %q", protocol)
			}
			check(t, append(slices.Clone(pieces), up(hello("inner.example"))), "tls", inner)
			half := slices.DeleteFunc(slices.Clone(pieces), func(p piece) bool { return p.dir == 1 })
			if rows, _ := hear(append(half, up(hello("inner.example")))...); !slices.Equal(rows, []string{inner}) {
				t.Errorf("the client's side alone: %q", rows)
			}
		})
	}
}

// A mail may hold anything.
func TestMailIsNotTLS(t *testing.T) {
	rows, _ := hear(down("220 mx.example ESMTP\r\n"), up("EHLO c.example\r\n"), up("DATA\r\n"), up("STARTTLS\r\n"), up(hello("inner.example")))
	if len(rows) > 0 {
		t.Errorf("got %q", rows)
	}
}

// TestMails: of each mail of a session, however it is cut, what it says is told; what the server answers is none of it.
func TestMails(t *testing.T) {
	pieces := []piece{down("220 mx.example ESMTP\r\n"), up("EHLO c.example\r\n"), up("DATA\r\n"), down("354 a1@example.com\r\n"), up("Subject: 1\r\n\r\nmy card 4111 1111 1111 1111\r\n.\r"), up("\n"),
		down("250 a2@example.com\r\n"), up("RSET\r\nDATA\r\nhi\r\n.\r\nDATA\r\nmy IBAN is DE89370400440532013"), up("000\r\n.\r\nQUIT\r\n")}
	rows, _ := hear(pieces...)
	if len(rows) != 2 || !strings.Contains(rows[0], "1111") || !strings.Contains(rows[1], "DE") {
		t.Errorf("got %q", rows)
	}
}

// TestSyslogOverTCP: messages that lines or lengths part, however they are cut.
func TestSyslogOverTCP(t *testing.T) {
	for name, pieces := range map[string][]piece{
		"lines":   {up("<34>Oct 11 22:14:15 h app: up\n<34>Oct 11 22:14:16 h app: mail jane.r"), up("oe@example.org sent\n")},
		"lengths": {up("2"), up("9 <34>1 - h app - - - all quiet55 <165>1 - h app - - - mail jane.r"), up("oe@example.org sent   \n")},
	} {
		rows, _ := hear(pieces...)
		if want := []string{"personal j***@e***.org syslog"}; !slices.Equal(rows, want) {
			t.Errorf("%s: got %q, want %q", name, rows, want)
		}
	}
	for head, want := range map[string]match{"": maybe, "<": maybe, "<1": maybe, "<191": maybe, "<191>": maybe, "<191>1": maybe, "<191>1 ": yes, "<13>Feb": maybe, "<13>Feb ": yes, "77 <13>Feb ": yes, "77 ": maybe,
		"<192>1 ": no, "<>1 ": no, "<1911": no, "<1a>1 ": no, "<13>2 ": no, "<13>Fex": no, "220 smtp": no, "77777777": no, "<html>": no, "<?xml ": no, "-1 <13>Feb ": no} {
		if got := detectSyslogStream(&flow.Meta{}, []byte(head)); got != want {
			t.Errorf("%q: %d, want %d", head, got, want)
		}
	}
}

func TestTDS(t *testing.T) {
	packet := func(kind byte, body string) string {
		n := len(body) + tdsHeader
		return string([]byte{kind, 1, byte(n >> 8), byte(n), 0, 0, 1, 0}) + body
	}
	prelogin := "\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff" + "\x0f\x00\x07\xd0\x00\x00" + "\x01"
	stream := hello("sql.example")
	check(t, []piece{
		up(packet(tdsPrelogin, prelogin)), down(packet(tdsReply, prelogin)),
		up(packet(tdsPrelogin, stream[:50]) + packet(tdsPrelogin, stream[50:])),
	}, "tds", "tls-sni sql.example"+helloSaid)
}

func TestSOCKS(t *testing.T) {
	cases := []struct {
		what   string
		pieces []piece
		want   []string
	}{
		{"5, name", []piece{up("\x05\x02\x00\x01"), down("\x05\x00"), up("\x05\x01\x00\x03\x09a.example\x01\xbb"), down("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")},
			[]string{"socks a.example 443"}},
		{"5, login, IPv6", []piece{up("\x05\x01\x02"), down("\x05\x02"), up("\x01\x01u\x01p"), down("\x01\x00"),
			up("\x05\x01\x00\x04\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01\x00\x50"), down("\x05\x00\x00\x03\x01x\x00\x00")},
			[]string{"socks 2001:db8::1 80"}},
		{"5, datagrams", []piece{up("\x05\x01\x00"), down("\x05\x00"), up("\x05\x03\x00\x01\x00\x00\x00\x00\x00\x00"), down("\x05\x00\x00\x01\x0a\x00\x00\x01\x30\x39")}, nil},
		{"4", []piece{up("\x04\x01\x01\xbb\xc0\x00\x02\x01user\x00"), down("\x00\x5a\x00\x00\x00\x00\x00\x00")}, []string{"socks 192.0.2.1 443"}},
		{"4a", []piece{up("\x04\x01\x01\xbb\x00\x00\x00\x01\x00a.example\x00"), down("\x00\x5a\x00\x00\x00\x00\x00\x00")}, []string{"socks a.example 443"}},
	}
	for _, c := range cases {
		t.Run(c.what, func(t *testing.T) {
			check(t, c.pieces, "socks", c.want...)
			check(t, append(c.pieces, up(hello("inner.example"))), "tls", append(c.want, inner)...)
		})
	}
}

// TestSOCKSOpensAStream: version 4 of OpenFlow sends its errors and echoes as SOCKS4 its requests, but not first.
func TestSOCKSOpensAStream(t *testing.T) {
	const hi, no = "\x04\x00\x00\x08\x83\xea\x7e\x23", "\x04\x01\x00\x16\xc4\x42\x0f\x26\x00\x00\x00\x00no version\x00"
	check(t, []piece{up(hi), down("\x01\x00\x00\x08\x95\xb6\xdc\x37"), up(no)}, "")
	check(t, []piece{up(hi), up("\x05\x01\x00\x05\x01\x00\x03\x09a.example\x01\xbb")}, "")
	check(t, []piece{up("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n\x04\x01\x01\xbb\xc0\x00\x02\x01\x00")}, "socks", "socks 192.0.2.1 443")
}

// TestNoRequestToAProxy: what looks like SOCKS and is none.
func TestNoRequestToAProxy(t *testing.T) {
	check(t, []piece{down("\x05\x02"), down("\x01\x00"), down("\x05\x00\x00\x01\x0a\x00\x00\x01\x30\x39")}, "socks") // the proxy's side alone
	if rows, protocol := hear(down("\x04\x02\xed\x03\x03\x80\x00\x00\x00\x00\x0a\x00\x6c\x9c")); len(rows) != 0 || protocol != "" {
		t.Errorf("more behind a request of SOCKS4: %q, %q", rows, protocol)
	}
}

// gssToken is a message of RFC 1961.
func gssToken(kind byte, token string) string {
	return string([]byte{1, kind, byte(len(token) >> 8), byte(len(token))}) + token
}

// gssContextToken begins a context (RFC 2743, section 3.1): the mechanism is Kerberos.
func gssContextToken(size int) string {
	body := "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00" + strings.Repeat("t", size)
	switch n := len(body); {
	case n < 0x80:
		return gssToken(gssContext, "\x60"+string([]byte{byte(n)})+body)
	case n < 0x100:
		return gssToken(gssContext, "\x60\x81"+string([]byte{byte(n)})+body)
	default:
		return gssToken(gssContext, "\x60\x82"+string([]byte{byte(n >> 8), byte(n)})+body)
	}
}

// gssWrap is a token of RFC 4121, section 4.2.6.2: flags; lengths of the checksum, and of how far what follows was turned.
func gssWrap(flags, checksum, turned byte, body string) string {
	return "\x05\x04" + string([]byte{flags, 0xff, 0, checksum, 0, turned}) + strings.Repeat("\x00", 7) + "\x09" + body
}

func TestSOCKSWithGSSAPI(t *testing.T) {
	const request, sum = "\x05\x01\x00\x03\x09a.example\x01\xbb", "checksum0123"
	level := gssToken(2, gssWrap(0, 12, 0, "\x01"+sum))
	for _, c := range []struct {
		what, token string
		want        []string
	}{
		{"signed", gssWrap(0, 12, 0, request+sum), []string{"socks a.example 443"}},
		{"signed, the checksum first", gssWrap(1, 12, 12, sum+request), []string{"socks a.example 443"}},
		{"encrypted", gssWrap(2, 12, 0, request+sum), nil},
		{"turned otherwise", gssWrap(0, 12, 5, request+sum), nil},
		{"bytes behind", gssWrap(0, 12, 0, request+"x"+sum), nil},
		{"checksum too long", gssWrap(0, 40, 0, request+sum), nil},
		{"another mechanism", "\x60\x10" + request + sum, nil},
		{"cut", "\x05\x04\x00", nil},
	} {
		for _, size := range []int{10, 180, 600} {
			sent := []piece{up("\x05\x02\x00\x01"), down("\x05\x01"), up(gssContextToken(size)), down(gssToken(1, "ok")), up(level), down(level),
				up(gssToken(gssWrapped, c.token)), down(gssToken(gssWrapped, "answer")), up(gssToken(gssWrapped, hello("inner.example")))}
			check(t, sent, "socks", c.want...)
			h := &heard{}
			n := NewNamer(h, Limits{})
			hearWith(n, h, serverPort, sent)
			if got := n.LimitsHit()[limitGSSAPI]; got != uint64(1-len(c.want)) {
				t.Errorf("%s: counted %d times", c.what, got)
			}
		}
	}
	for _, login := range []string{"\x01\x01u\x01p", "\x01\x01\x00\x0f`" + strings.Repeat("p", 14), "\x01\x01\x00\x0f`\x0dnot an identifi"[:19]} {
		check(t, []piece{up("\x05\x01\x02"), down("\x05\x02"), up(login), down("\x01\x00"), up(request)}, "socks", "socks a.example 443")
	}
}

func TestSOCKSRefuses(t *testing.T) {
	for what, data := range map[string]string{
		"method not known":    "\x05\x01\x42",
		"spaces in a name":    "\x05\x01\x00\x05\x01\x00\x03\x03a b\x00\x50",
		"address type":        "\x05\x01\x00\x05\x01\x00\x02\x03abc\x00\x50",
		"4: control in user":  "\x04\x01\x01\xbb\xc0\x00\x02\x01us\x01\x00",
		"4: port 0":           "\x04\x01\x00\x00\xc0\x00\x02\x01\x00",
		"4a: name is missing": "\x04\x01\x01\xbb\x00\x00\x00\x01\x00\x00",
	} {
		if rows, _ := hear(up(data)); len(rows) > 0 {
			t.Errorf("%s: %q", what, rows)
		}
	}
}

func TestRecognised(t *testing.T) {
	for want, first := range map[string]string{
		"ssh": "SSH-2.0-x\r\n", "smb": "\x00\x00\x00\x45\xfeSMB", "dcerpc": "\x05\x00\x0b\x03\x10\x00\x00\x00", "mqtt": "\x10\x10\x00\x04MQTT",
		"bittorrent": "\x13BitTorrent protocol", "vnc": "RFB 003.008\n", "telnet": "\xff\xfd\x18\xff\xfd\x20", "rsync": "@RSYNCD: 31.0\n",
		"redis": "*1\r\n$4\r\nPING\r\n", "amqp": "AMQP\x00\x00\x09\x01", "irc": "NICK x\r\n", "bgp": strings.Repeat("\xff", 16) + "\x00\x1d\x04",
		"kerberos": "\x00\x00\x00\x05\x6a\x03\x30\x01\x00", "": "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10",
	} {
		check(t, []piece{up(first)}, want)
	}
}

// TestSyslogStream: messages come in lines or counted, and however they are cut into segments they say the same.
func TestSyslogStream(t *testing.T) {
	const one, two = "<34>1 2018-11-05T09:00:00Z host app - - - mail=jane.roe@example.org", "<34>Oct 11 22:14:15 host app: mail=john.doe@example.com"
	want := []string{"personal j***@e***.org syslog", "personal j***@e***.com syslog"}
	for _, text := range []string{one + "\n" + two + "\n", fmt.Sprintf("%d %s%d %s", len(one), one, len(two), two)} {
		for _, size := range []int{1, 3, 70, 1000} {
			h := &heard{}
			rows, protocol := hearWith(NewNamer(h, Limits{}), h, portSyslog, split([]piece{up(text)}, size))
			if protocol != "syslog" || !slices.Equal(rows, want) {
				t.Errorf("in segments of %d bytes: %q, %q", size, protocol, rows)
			}
		}
	}
	for _, head := range []string{"<192>", "<>", "<1x>", "123456 <34>", "34>", "GET /", "9 GET"} {
		if got := detectSyslogStream((&table{port: portSyslog}).meta(0), []byte(head)); got != no {
			t.Errorf("%q: %d", head, got)
		}
	}
}

// TestIMAPAppend: a mail that a client keeps at a server is looked at as one that it sends.
func TestIMAPAppend(t *testing.T) {
	const mail = "From: jane.roe@example.org\r\nSubject: x\r\n\r\na1 APPEND {9}\r\n"
	start := []piece{down("* OK ready\r\n"), up("a1 CAPABILITY\r\n")}
	row := "personal j***@e***.org mail"
	for what, c := range map[string]struct {
		pieces []piece
		want   []string
	}{
		"waits":           {[]piece{up(fmt.Sprintf("a2 APPEND Sent (\\Seen) {%d}\r\n", len(mail))), down("+ go on\r\n"), up(mail + "\r\na3 LOGIN eve pw\r\n")}, []string{row, "personal user e*** login"}},
		"does not wait":   {[]piece{up(fmt.Sprintf("a2 append \"a b\" {%d+}\r\n", len(mail)) + mail + "\r\na3 LOGIN eve pw\r\n")}, []string{row, "personal user e*** login"}},
		"broken off":      {[]piece{up(fmt.Sprintf("a2 APPEND Sent {%d}\r\n", len(mail)) + mail[:30])}, []string{row}},
		"refused":         {[]piece{up("a2 APPEND Sent {999}\r\n"), down("a2 NO over quota\r\n"), up("a3 LOGIN eve pw\r\n")}, []string{"personal user e*** login"}},
		"another refused": {[]piece{up(fmt.Sprintf("a2 SELECT x\r\na3 APPEND Sent {%d}\r\n", len(mail))), down("a2 NO\r\n+ go on\r\n"), up(mail)}, []string{row}},
		"refused too late": {[]piece{up(fmt.Sprintf("a2 APPEND Sent {%d+}\r\n", len(mail))), down("a2 NO over quota\r\n"), up(mail + "\r\na3 LOGIN eve pw\r\n")},
			[]string{row, "personal user e*** login"}},
		"another command": {[]piece{up("a2 SEARCH TEXT {9}\r\njane.roe@example.org\r\n")}, nil},
		"no length":       {[]piece{up("a2 APPEND Sent {x}\r\njane.roe@example.org\r\n")}, nil},
		"a negative one":  {[]piece{up("a2 APPEND Sent {-9}\r\njane.roe@example.org\r\n")}, nil},
		"behind STARTTLS": {[]piece{up(fmt.Sprintf("a2 STARTTLS\r\na3 APPEND Sent {%d}\r\n", len(mail)) + mail)}, nil},
	} {
		t.Run(what, func(t *testing.T) { check(t, append(slices.Clone(start), c.pieces...), "imap", c.want...) })
	}
}

// Whatever the first bytes are, a detector that has said no or yes does not change its mind when more come.
func FuzzDetectStream(f *testing.F) {
	for _, pieces := range wish {
		f.Add([]byte(pieces[0].data))
	}
	for _, s := range []string{hello("a.example"), get("a.example"), "\x05\x01\x00", "\x04\x01\x01\xbb\xc0\x00\x02\x01user\x00", "\x10\x10\x00\x04MQTT", "A \x13 HTTP/1.0\n", "\x05\x01\xb90", "\xff\xfe00"} {
		f.Add([]byte(s))
	}
	m := (&table{port: serverPort}).meta(0)
	f.Fuzz(func(t *testing.T, data []byte) {
		data = data[:min(len(data), 512)]
		for _, p := range streamProtocols {
			last := maybe
			for k := 1; k <= len(data); k++ {
				now := p.detect(m, data[:k])
				if last != maybe && now != last && p.name != "dns" {
					t.Fatalf("%s: %d for %d bytes, %d for one more: %q", p.name, last, k-1, now, data[:k])
				}
				last = now
			}
		}
	})
}
