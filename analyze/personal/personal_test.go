package personal

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// is is a text that holds one value of a kind, and what of the value must be seen nowhere.
type is struct {
	kind   Kind
	text   string
	secret string
}

// values are true ones. Numbers of cards are those that issuers publish for tests, account numbers those of the registry's examples, telephone numbers those kept for fiction.
var values = []is{
	{Email, `{"user":"john.doe@example.com"}`, "john.doe"},
	{Email, "GET /track?mail=jane%40example.org&x=1 HTTP/1.1", "jane"},
	{Email, "From: \"Jane Roe\" <jane.roe@mail.example.co.uk>", "jane.roe"},
	{Email, "to=a.b%2Bshop%40example.de", "a.b+shop"},
	{Email, "contact alice_smith@example.fr, please", "alice_smith"},
	{Email, "<mail>bob-1980@example.net</mail>", "bob-1980"},
	{Email, "RCPT TO:<carla@example.com>", "carla"},
	{Email, "Cookie: u=dave@example.io; x=1", "dave"},
	{Email, "user erin@example.info logged in", "erin"},
	{Email, "FRANK@EXAMPLE.COM", "FRANK"},
	{Card, `{"cardNumber":"4111111111111111"}`, "411111111111"},
	{Card, "card=5555 5555 5555 4444", "5555 5555 5555"},
	{Card, "paid with 4012-8888-8888-1881 today", "4012-8888-8888"},
	{Card, "cc_number=378282246310005", "37828224631"},
	{Card, "3782 822463 10005", "3782 822463"},
	{Card, "credit card 6011111111111117 ok", "601111111111"},
	{Card, "pan: 3530111333300000", "353011133330"},
	{Card, "<cardNumber>2223003122003222</cardNumber>", "222300312200"},
	{Card, "visa 4222222222222", "422222222"},
	{Card, "creditCardNumber=6200000000000005", "620000000000"},
	{IBAN, "DE89370400440532013000", "370400440532"},
	{IBAN, "iban: GB82 WEST 1234 5698 7654 32", "WEST 1234 5698"},
	{IBAN, `{"iban":"FR1420041010050500013M02606"}`, "20041010050500"},
	{IBAN, "account NL91ABNA0417164300.", "ABNA04171643"},
	{IBAN, "to CH93 0076 2011 6238 5295 7 from", "0076 2011 6238"},
	{IBAN, "iban=at611904300234573201", "1904300234573"},
	{SSN, "SSN 219-09-9999", "219-09"},
	{SSN, `{"ssn":"219099999"}`, "219099999"},
	{SSN, "social security number: 078-05-1120", "078-05"},
	{SSN, "ssn=457-55-5462&x=1", "457-55"},
	{SSN, "<ssn>457555462</ssn>", "45755"},
	{Phone, "call +1 202-555-0143 now", "202-555"},
	{Phone, "tel:+12025550143", "2025550"},
	{Phone, `{"phoneNumber":"+442079460958"}`, "2079460"},
	{Phone, "phone=%2B49%2030%2023125%20123", "23125"},
	{Phone, "mobile: 202-555-0187", "202-555"},
	{Phone, "+44 (20) 7946 0958", "7946"},
	{Phone, "msisdn=12025550109", "2025550"},
	{Phone, "GET /t?phone=%2B1+202-555-0143&x=1 HTTP/1.1", "555-014"},
	{Card, "cardNumber=4111+1111+1111+1111&cvc=1", "1111+1111+1"},
	{IBAN, "iban=DE89+3704+0044+0532+0130+00", "3704+0044"},
	{MAC, "X-MAC: 00:1a:2b:3c:4d:5e\r\n", "3c:4d:5e"},
	{Serial, "X-Serial-Number: C02XK1ABJGH5\r\n", "XK1ABJGH5"},
	{IMEI, "x-device-imei: 490154203237518", "3237518"},
	{Phone, "<u:PhoneNumber>202-555-0143</u:PhoneNumber>", "202-555"},
	{Phone, `{"phone":"\u002B12025550143"}`, "2025550"},
	{Email, `{"email":"jane.roe\u0040example.org"}`, "jane.roe"},
	{Credential, `<wsse:Username>eve</wsse:Username><wsse:Password Type="http://example.com/x#PasswordText">letmein99</wsse:Password>`, "letmein99"},
	{Credential, "user=john&password=Tr0ub4dor", "Tr0ub4dor"},
	{Credential, `{"login":"admin","pwd":"s3cret!x"}`, "s3cret!x"},
	{Credential, "username=eve&passwd=letmein99", "letmein99"},
	{Credential, "<password>hunter2abc</password>", "hunter2abc"},
	{Credential, `{"password": "correct horse"}`, "correct horse"},
	{Credential, `{\"user\":\"x\",\"password\":\"abc12345\"}`, "abc12345"},
	{Credential, "login=me&pass=abc12345", "abc12345"},
	{IMEI, "imei=490154203237518", "3237518"},
	{IMEI, `{"imei":"356938035643809"}`, "5643809"},
	{IMEI, "IMEI: 49-015420-323751-8", "323751"},
	{IMEI, "device IMEI 353879234252633", "4252633"},
	{MAC, "mac=00:1a:2b:3c:4d:5e", "3c:4d:5e"},
	{MAC, `{"macAddress":"001A2B3C4D5E"}`, "3C4D5E"},
	{MAC, "bssid: A4-5E-60-D1-02-03", "D1-02-03"},
	{MAC, `"hw_addr":"a45e.60d1.0203"`, "d1.0203"},
	{Serial, `{"serialNumber":"C02XK1ABJGH5"}`, "XK1ABJGH5"},
	{Serial, "serial_no=ABC-123456", "C-123456"},
	{Serial, "sn=DS2CD2042WD20160101", "CD2042WD"},
	{Serial, "Serial: 5CG7XK29QM", "G7XK29QM"},
	{Serial, "<serialNumber>1094725510</serialNumber>", "94725510"},
}

// lookalikes are what is none of them.
var lookalikes = []string{
	// numbers of orders, parcels, goods, accounts, time
	"order 4111111111111111 shipped", "id=4111111111111111", "ref:5555555555554444", "orderId=4012888888881881", "tracking 9400110200881234567890", "1Z999AA10123456784", "isbn 978-3-16-148410-0",
	"9783161484100", "ean=4006381333931", "upc 036000291452", "1541408520.018750000", "ts=1541408520018750000", "time 20181105090000123", "2018-11-05 09:00:00", "2018-11-05T09:00:00+0100",
	"date 2018-11-05", "seq 12345678901234567890", "n=1234567890123456", "0000 0000 0000 0000", "card 0000000000000000", "card 4111111111111112", "card 1234567890123456", "4111 1111 1111 1112",
	"visa waiver 2018", "4111111111111111.5", "x4111111111111111", "card 41111111111111111111111", "invoice 12-34-5678", "part 123-45-6789", "219-09-9999", "phone 219-09-9999", "ssn 000-12-3456",
	"ssn 666-12-3456", "ssn 912-34-5678", "ssn 123-00-4567", "ssn 123-45-0000", "ssn=111111111", "ssn: yes", "case 078-05-1120", "lot 457-55-5462", "17 18 19 20 21", "1 2 3 4 5 6 7 8 9 10 11 12 13",
	"4-4-4-4", "3782-822463-10006", "size 4222222222222 bytes", "4242 4242 4242 424", "pan=horizontal", "payment of 4200", "ups card 1",
	// hashes, identifiers, code
	"d41d8cd98f00b204e9800998ecf8427e", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "550e8400-e29b-41d4-a716-446655440000", "6fa459ea-ee8a-3ca4-894e-db77e160355e",
	"commit 9109746cf0a1", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0", "SGVsbG8sIFdvcmxkIQ==", "deadbeefcafebabe0123456789abcdef", "0x7fffffffffffffff", "GA1.2.1234567890.1541408520",
	"AKIAIOSFODNN7EXAMPLE", "etag \"33a64df551425fcc55e4d42a148795d9f25f89d4\"", "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "session=8f14e45fceea167a5a36dedd4bea2543",
	"uuid={550e8400-e29b-41d4-a716-446655440000}", "build 10.0.19041.1387", "v1.2.3-rc.4+build.5", "version=62.0.3202.94", "kernel 4.15.0-38-generic", "Mozilla/5.0 (X11; Linux x86_64; rv:63.0)",
	"KB4467691", "CVE-2018-15982", "RFC2616", "ISO-8859-1", "utf-8", "model DS-2CD2042WD-I", "firmware V5.5.53_180730", "chunk 1f4", "w=1920&h=1080&dpr=2",
	// addresses that are none of mail
	"logo@2x.png", "icon@3x.jpg", "lodash@4.17.11", "react-dom@16.6.1", "git@github.com:golang/go.git", "ssh://git@github.com/golang/go", "https://user@example.com/path", "ftp://joe@ftp.example.com/",
	"https://u:p@example.com/", "scp file host@example.com:/tmp", "Message-ID: <20181105.1234@mail.example.com>", "References: <abc@mail.example.com>", "In-Reply-To: <x1@example.com>",
	"Content-ID: <part1.06090408@example.com>", "Call-ID: a84b4c76e66710@pc33.example.com", "<sip:5551234@voip.example.net>", "sips:bob@example.com", "@angular/core", "@media screen", "@example.com", "user@", "user@localhost", "user@host", "a@b", "a@b.c",
	"foo@bar.invalidtld", "x@1.2.3.4", "foo@.com", "foo@-x.com", "foo@x..com", "me @ home.com", "@@ -1,3 +1,3 @@", "params[@id].com", "twitter @golang.", "price @1.50", "root@debian", "mail@co.uk",
	"curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256", "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com", "none,zlib@openssh.com,zlib", "rijndael-cbc@lysator.liu.se",
	// telephone numbers that are none
	"+12.345", "+1.5", "UTC+01:00", "GMT+0100", "+0100", "a+1234567890", "c++11", "1+2+3+4", "+123", "lat=+52.5200&lon=+13.4050", "+52.520008, +13.404954", "offset +12345678", "+1234567890123456",
	"score +10000000", "+1 2", "+11111111111", "2025550143", "202-555-0143", "v2+20181105", "diff +12 -34", "sum=+123456789", "phone=yes", "mobile=1", "mobile: true", "phone: 0", "tel: n/a",
	"phonenumber=", "mobile=000000000", "telephone=call us", "+1.2.3.4.5.6", "10+20181105.1",
	// account numbers that are none
	"DE89370400440532013001", "GB82WEST12345698765433", "XX89370400440532013000", "DE8937040044053201300", "FR00XXXXXXXXXXXXXXXXXXXXXXX", "US89370400440532013000", "xDE89370400440532013000",
	"DE89370400440532013000X", "AB12CD34EF56", "NO9386011117948", "BE71", "IBAN:", "iban=none", "de89370400440532013000",
	// fields that say nothing
	"password=", `{"password":""}`, `{"password":null}`, "password=****", `{"password":"********"}`, "password: wrong", "password: incorrect for user bob", "passwd=xxxxx", "password=true", "pwd=[FILTERED]",
	"password=${DB_PASSWORD}", "password={{secret}}", "pass=12&fail=3", "pass=100", "passes=7", "compass=north", "bypass=1234", "passenger=john", "PWD=/home/admin ; USER=root", "PWD=~/src", "password_hint", "forgot-password", "if (password==null)", "</password>abcdef", "<password/>abcdef", "<b password>abcdef", "<x:b:password>abcdef", "resetPassword()",
	`"type":"password"`, "mac=true", "x-mac: 10.14", "x=00:1a:2b:3c:4d:5e", "X-Serial: 2018110501", "phone=1+2+3", "card=4111+1111+1111+1112", "mac=ff:ff:ff:ff:ff:ff", "mac=00:00:00:00:00:00", "mac=01:00:5e:00:00:fb", `"os":"mac","mac":"10.14"`, "macaddress=", "mac=00:1a:2b", "00:1a:2b:3c:4d:5e",
	"imac=001a2b3c4d5e", "imei=000000000000000", "imei=490154203237519", "imei=", "490154203237518", "IMEI: unknown", "serial=1", "serial: 2018110501", "serial=0", "serialNumber=", "serialnumber=000000",
	"sn=Smith", "sn=123456", "sn: 7", "serial=/dev/ttyUSB0", "serial port COM3", "serialization=json", "cardnumber=1234", "card=ace", "card: 7 of hearts", "pan=0.5", "cc=me", "iban=DE00",
	"http://[2001:db8::1]:8080/", "192.168.0.1:443", "10.0.0.1 - - [05/Nov/2018:09:00:00 +0000]", "01 02 03 04 05 06 07 08", "45 00 00 3c 1c 46 40 00 40 06", "x=1;y=2;z=3", "margin:0 auto;padding:12px",
}

func finds(text string) (out []Find) {
	Text([]byte(text), func(f Find) { out = append(out, f) })
	return out
}

// TestPrecision prints how many values and look-alikes are told right. None of the look-alikes may be told.
func TestPrecision(t *testing.T) {
	told, right, all := map[Kind]int{}, map[Kind]int{}, map[Kind]int{}
	for _, v := range values {
		all[v.kind]++
		got := finds(v.text)
		ok := false
		for _, f := range got {
			told[f.Kind]++
			ok = ok || f.Kind == v.kind
			if f.Kind != v.kind {
				t.Logf("%s in %q is told as %s", v.kind, v.text, f.Kind)
			}
		}
		if ok {
			right[v.kind]++
		} else {
			t.Errorf("%s in %q is not told: %v", v.kind, v.text, got)
		}
	}
	wrong := map[Kind]int{}
	for _, s := range lookalikes {
		for _, f := range finds(s) {
			wrong[f.Kind]++
			t.Errorf("%q is told as %s %s", s, f.Kind, f.Masked)
		}
	}
	var table strings.Builder
	fmt.Fprintf(&table, "\n%d values, %d look-alikes\n%-14s %6s %6s %11s\n", len(values), len(lookalikes), "kind", "values", "told", "look-alikes")
	for _, k := range Kinds() {
		fmt.Fprintf(&table, "%-14s %6d %6d %11d\n", k, all[k], right[k], wrong[k])
	}
	t.Log(table.String())
}

// TestMasks: nothing that is told shows the value.
func TestMasks(t *testing.T) {
	for _, v := range values {
		for _, f := range finds(v.text) {
			if strings.Contains(strings.ToLower(f.Masked), strings.ToLower(v.secret)) {
				t.Errorf("%q shows %q", f.Masked, v.secret)
			}
			if f.Bucket > 0xffff {
				t.Errorf("%q: bucket %d", v.text, f.Bucket)
			}
		}
	}
	a, b := finds("password=Tr0ub4dor&user=x"), finds("password=another1&user=x")
	if len(a) != 1 || len(b) != 1 || a[0] != b[0] {
		t.Errorf("two passwords can be told apart: %v, %v", a, b)
	}
}

func TestContexts(t *testing.T) {
	const value = "order 1 for john.doe@example.com, thanks"
	pack := func(w func(*bytes.Buffer) interface {
		Write([]byte) (int, error)
		Close() error
	}, s string) []byte {
		var b bytes.Buffer
		z := w(&b)
		z.Write([]byte(s))
		z.Close()
		return b.Bytes()
	}
	type writer = interface {
		Write([]byte) (int, error)
		Close() error
	}
	gz := func(b *bytes.Buffer) writer { return gzip.NewWriter(b) }
	zl := func(b *bytes.Buffer) writer { return zlib.NewWriter(b) }
	fl := func(b *bytes.Buffer) writer { w, _ := flate.NewWriter(b, 6); return w }
	br := func(b *bytes.Buffer) writer { return brotli.NewWriter(b) }
	zs := func(b *bytes.Buffer) writer { w, _ := zstd.NewWriter(b); return w }
	form := "--b\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\neve\r\n--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nTr0ub4dor\r\n--b--\r\n"
	for _, c := range []struct {
		encoding, kind string
		body           []byte
		want           string
		ok             bool
	}{
		{"", "text/plain", []byte(value), "e-mail j***@e***.com", true},
		{"", "application/json; charset=utf-8", []byte(`{"a":{"b":["john.doe@example.com"]}}`), "e-mail j***@e***.com", true},
		{"gzip", "application/json", pack(gz, value), "e-mail j***@e***.com", true},
		{"GZIP", "", pack(gz, value), "e-mail j***@e***.com", true},
		{"deflate", "", pack(zl, value), "e-mail j***@e***.com", true},
		{"deflate", "", pack(fl, value), "e-mail j***@e***.com", true},
		{"br", "", pack(br, value), "e-mail j***@e***.com", true},
		{"zstd", "", pack(zs, value), "e-mail j***@e***.com", true},
		{"deflate, gzip", "", pack(gz, string(pack(zl, value))), "e-mail j***@e***.com", true},
		{"", "application/octet-stream", pack(gz, value), "e-mail j***@e***.com", true},
		{"", "application/gzip", pack(gz, value)[:20], "", true},
		{"", "application/octet-stream", pack(zl, value), "e-mail j***@e***.com", true},
		{"", "application/octet-stream", pack(zl, value+strings.Repeat(" ", 1<<17)), "e-mail j***@e***.com", true},
		{"", "text/plain", []byte("x^ " + value), "e-mail j***@e***.com", true},
		{"", "text/plain", []byte("x\x01" + value), "e-mail j***@e***.com", true},
		{"identity", "", []byte(value), "e-mail j***@e***.com", true},
		{"", "application/x-www-form-urlencoded", []byte("n=John+Doe&m=john.doe%40example.com"), "e-mail j***@e***.com", true},
		{"", "multipart/form-data; boundary=b", []byte(form), "credential user e***", true},
		{"", "image/jpeg", []byte(value), "", true},
		{"", "application/octet-stream", append(bytes.Repeat([]byte{0, 1, 2, 3}, 100), value...), "", true},
		{"", "application/octet-stream", []byte(value), "e-mail j***@e***.com", true},
		{"rot13", "", []byte(value), "", false},
		{"gzip", "", []byte(value), "", false},
		{"gzip", "", pack(gz, value+strings.Repeat("x", 5000))[:60], "e-mail j***@e***.com", true},
		{"gzip, gzip, gzip, gzip", "", []byte(value), "", false},
	} {
		var got []string
		ok := Body(c.encoding, c.kind, c.body, 1<<16, func(f Find) { got = append(got, string(f.Kind)+" "+f.Masked) })
		if strings.Join(got, "; ") != c.want || ok != c.ok {
			t.Errorf("%q %q: %q, %v; want %q, %v", c.encoding, c.kind, got, ok, c.want, c.ok)
		}
	}
	bomb := pack(gz, strings.Repeat(" ", 50<<20)+value)
	if !Body("gzip", "", bomb, 1<<16, func(f Find) { t.Errorf("found behind the limit: %v", f) }) {
		t.Error("what lies before the limit was not read")
	}
}

// TestParts: what is encoded for the transfer is looked at too, in mails and in forms.
func TestParts(t *testing.T) {
	const table = "name,phone\r\nJane,202-555-0143\r\n"
	part := func(encoding, body string) string {
		return "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: text/csv\r\n" +
			encoding + "\r\n" + body + "\r\n--b--\r\n"
	}
	folded := func(s string) string {
		b := base64.StdEncoding.EncodeToString([]byte(s))
		return b[:20] + "\r\n" + b[20:]
	}
	gzipped := func(s string) string {
		var b strings.Builder
		w := gzip.NewWriter(&b)
		io.WriteString(w, s)
		w.Close()
		return b.String()
	}
	zipped := gzipped(table)
	for name, text := range map[string]string{
		"base64":           part("Content-Transfer-Encoding: base64\r\n", folded(table)),
		"quoted-printable": part("content-transfer-encoding: Quoted-Printable\r\n", "name,phone\r\nJane,202-5=\r\n55=2D0143\r\n"),
		"gzip in base64":   part("Content-Transfer-Encoding: BASE64\r\nX: y\r\n", folded(zipped)),
		"gzip":             part("", zipped),
		"cut":              part("Content-Transfer-Encoding: base64\r\n", folded(table)[:len(folded(table))-3])[:206],
	} {
		for _, look := range []func(func(Find)){
			func(found func(Find)) { Mail([]byte(text), 1<<16, found) },
			func(found func(Find)) { Body("", "multipart/form-data; boundary=b", []byte(text), 1<<16, found) },
		} {
			var got []Kind
			look(func(f Find) { got = append(got, f.Kind) })
			if !slices.Equal(got, []Kind{Phone}) {
				t.Errorf("%s: %v", name, got)
			}
		}
	}
	Mail([]byte(part("Content-Transfer-Encoding: base64\r\n", folded("\x00\x01\x02"+table+strings.Repeat("\x00", 40)))), 1<<16, func(f Find) { t.Errorf("in no text: %v", f) })
	Mail([]byte(part("", gzipped(strings.Repeat(" ", 1<<20)+table))), 1<<16, func(f Find) { t.Errorf("behind the limit: %v", f) })
}

// TestBase64: what is Base64 all over, or a string of JSON, is looked at where it is text.
func TestBase64(t *testing.T) {
	const value, phone = `{"mail":"jane.roe@example.org"}`, `phone: 202-555-0143, and so on`
	encoded, raw := base64.StdEncoding.EncodeToString, base64.RawStdEncoding.EncodeToString
	zipped := func(s string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		io.WriteString(w, s)
		w.Close()
		return encoded(b.Bytes())
	}
	binary := string(append([]byte{0xff, 0xfe, 0x80}, value...))
	for text, want := range map[string][]Kind{
		encoded([]byte(value)):                                                              {Email},
		raw([]byte(value+"x")) + "\r\n":                                                     {Email},
		encoded([]byte(value))[:20] + "\n" + encoded([]byte(value))[20:]:                    nil,
		`{"a":"` + encoded([]byte(value)) + `","b":"` + encoded([]byte(phone)) + `"}`:       {Email, Phone},
		`{"a": ["` + zipped(value) + `"]}`:                                                  {Email},
		zipped(phone):                                                                       {Phone},
		`{"a":"` + encoded([]byte("a@example.org")) + `"}`:                                  nil, // too short
		`{"a":"` + encoded([]byte(binary)) + `"}`:                                           nil,
		`{"a":"` + encoded([]byte(encoded([]byte(value)))) + `"}`:                           nil, // once is enough
		`{"id":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","n":"x"}`: nil,
		`{"a":"` + encoded([]byte(value)):                                                   nil, // not whole
	} {
		var got []Kind
		Body("", "application/json", []byte(text), 1<<16, func(f Find) { got = append(got, f.Kind) })
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	Body("", "", []byte(`["`+encoded([]byte(strings.Repeat("well ", 1000)))+`","`+encoded([]byte(value))+`"]`), 4096, func(f Find) { t.Errorf("beyond the limit: %v", f) })
	for tries, want := range map[int]int{10: 1, 100: 0} { // each string is a window to be made, or more, for nothing
		got, broken := 0, `"`+encoded(append([]byte{0x78, 0x9c, 1, 1, 0, 0xfe, 0xff}, "no end of it"...))+`",`
		Body("", "", []byte("["+strings.Repeat(broken, tries)+`"`+encoded([]byte(value))+`"]`), 1<<16, func(Find) { got++ })
		if got != want {
			t.Errorf("behind %d strings that decode to nothing: %d values, want %d", tries, got, want)
		}
	}
	told := 0
	chance := uint32(1)
	for range 20000 { // keys and pictures
		b := make([]byte, 24)
		for i := range b {
			chance = chance*1664525 + 1013904223
			b[i] = byte(chance >> 24)
		}
		Body("", "", []byte(`{"k":"`+encoded(b)+`"}`), 1<<16, func(Find) { told++ })
	}
	for _, s := range lookalikes {
		Body("", "", []byte(`{"k":"`+encoded([]byte(s))+`"}`), 1<<16, func(f Find) { t.Errorf("%q is told as %s %s", s, f.Kind, f.Masked) })
	}
	if told > 0 {
		t.Errorf("%d values in noise", told)
	}
}

// TestColumns: each cell of a column is what its head says, however the cells are parted and quoted.
func TestColumns(t *testing.T) {
	for table, want := range map[string][]Kind{
		"name,email,ssn,phone,card,password\nAnna,anna@example.org,219-09-9999,202-555-0143,4111111111111111,hunter2abc\n": {Email, SSN, Card, Phone, Credential},
		"report 7\r\n\r\nid;Mobile Number;Serial No\r\n1;(202) 555-0143;C02XK1ABJGH5\r\n":                                  {Phone, Serial},
		"\"Name\",\"Phone\"\n\"Roe, Jane\",\"202-555-0143\"\n":                                                             {Phone},
		"name;email;ssn;phone;card;iban\nAnna;anna@example.org;219-09-9999;202-555-0143;4111111111111111;-\n":              {Email, SSN, Card, Phone},
		"user\tpassword\tnote\neve\tletmein99\t-\n":                                                                        {Credential},
		"imei|mac\n490154203237518|00:1a:2b:3c:4d:5e\n":                                                                    {IMEI, MAC},
		"pass,fail\n100,2\n":                   nil,
		"serial,count\n2018110501,3\n":         nil,
		"mobile,desktop\n1234567,456\n":        nil,
		"card,pan\n4111111111111112,0.5\n":     nil,
		"a phone, or\n1234567890, 1 2 3\n":     nil,
		"name,phone\n\n202-555-0143,Jane\n":    nil, // the table is over
		"see ssn, phone and\n2025550143, so\n": nil,
	} {
		var got []Kind
		for _, f := range finds(table) {
			got = append(got, f.Kind)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v instead of %v", table, got, want)
		}
	}
}

// TestTable: the head of a table says what stands in its columns, however many rows it has.
func TestTable(t *testing.T) {
	table := "name,email,phone,ssn\n"
	for i := range 9 {
		table += fmt.Sprintf("Jane Roe the %dth,jane%d@example.org,none,219-09-999%d\n", i+1, i, i+1)
	}
	n := map[Kind]int{}
	for _, f := range finds(table + "\n\nlot 219-09-8888\n") {
		n[f.Kind]++
	}
	if n[SSN] != 1+8 || n[Email] != 9 {
		t.Errorf("%v", n)
	}
}

func TestLogins(t *testing.T) {
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, c := range []struct {
		protocol, lines, want string
	}{
		{"ftp", "USER bob\nPASS s3cret", "user b***"},
		{"ftp", "USER anonymous\nPASS guest", ""},
		{"ftp", "USER anonymous\nPASS joe@example.com", "j***@e***.com"},
		{"ftp", "user bob\npass x", "user b***"},
		{"ftp", "PASV\nSYST", ""},
		{"pop3", "USER carla\nPASS s3cret", "user c***"},
		{"pop3", "AUTH PLAIN " + b64("\x00dave\x00pw"), "user d***"},
		{"smtp", "EHLO x\nAUTH PLAIN " + b64("\x00erin\x00pw"), "user e***"},
		{"smtp", "AUTH PLAIN\n" + b64("id\x00frank\x00pw"), "user f***"},
		{"smtp", "AUTH LOGIN\n" + b64("gina") + "\n" + b64("pw"), "user g***"},
		{"smtp", "AUTH LOGIN " + b64("hans") + "\n" + b64("pw"), "user h***"},
		{"smtp", "AUTH LOGIN\n*", ""},
		{"smtp", "AUTH PLAIN " + b64("\x00erin\x00"), ""},
		{"smtp", "AUTH CRAM-MD5", ""},
		{"imap", "a1 LOGIN ivan s3cret", "user i***"},
		{"imap", `a1 LOGIN "jo \"x\"" "p w"`, "user j***"},
		{"imap", "a1 AUTHENTICATE PLAIN\n" + b64("\x00kim\x00pw"), "user k***"},
		{"imap", "a1 SELECT INBOX", ""},
		{"nntp", "USER bob\nPASS x", ""},
	} {
		var l Login
		var got []string
		for line := range strings.Lines(c.lines) {
			l.Line(c.protocol, []byte(line+"\r\n"), func(f Find) { got = append(got, f.Masked) })
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s %q: %q, want %q", c.protocol, c.lines, got, c.want)
		}
	}
	for value, want := range map[string]string{
		"Basic " + b64("lena:pw"): "user l***", "basic " + b64(":pw"): "a password", "Basic x": "", "Basic " + b64("nocolon"): "", "Bearer abcdefgh12345": "a bearer token", "Bearer x": "", "Digest username=\"m\"": "",
	} {
		got := ""
		Authorization([]byte(value), func(f Find) { got += f.Masked })
		if got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

// TestATokenIsNoPassword: values of which nothing is kept are told apart by what they are: who sends both has told both.
func TestATokenIsNoPassword(t *testing.T) {
	buckets := map[uint32]string{}
	for _, value := range []string{"Basic OnB3", "Bearer abcdefgh12345"} { // the first is ":pw"
		Authorization([]byte(value), func(f Find) { buckets[f.Bucket] += f.Masked })
	}
	if len(buckets) != 2 {
		t.Errorf("told as the same: %v", buckets)
	}
}

func TestMQTT(t *testing.T) {
	text := func(s string) string { return string([]byte{byte(len(s) >> 8), byte(len(s))}) + s }
	for name, c := range map[string]struct{ packet, want string }{
		"3.1.1":      {"\x10\x20" + text("MQTT") + "\x04\xc2\x00\x3c" + text("id") + text("nina") + text("pw"), "user n***"},
		"5.0":        {"\x10\x20" + text("MQTT") + "\x05\xc2\x00\x3c\x05\x11\x00\x00\x00\x0a" + text("id") + text("otto") + text("pw"), "user o***"},
		"with will":  {"\x10\x30" + text("MQTT") + "\x04\xc6\x00\x3c" + text("id") + text("t") + text("m") + text("paul") + text("pw"), "user p***"},
		"no login":   {"\x10\x10" + text("MQTT") + "\x04\x02\x00\x3c" + text("id"), ""},
		"cut":        {"\x10\x20" + text("MQTT") + "\x04\xc2\x00\x3c" + text("id") + "\x00\x10ni", ""},
		"other":      {"\x30\x20hello", ""},
		"user alone": {"\x10\x20" + text("MQTT") + "\x04\x82\x00\x3c" + text("id") + text("nina"), ""},
	} {
		got := ""
		new(MQTT).Packet([]byte(c.packet), 1<<16, func(f Find) { got += f.Masked })
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestBounded: a text full of values is told in part, and each value once.
func TestBounded(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "u%d@example%d.com twice u%d@example%d.com\n", i, i, i, i)
	}
	if n := len(finds(b.String())); n != maxFinds {
		t.Errorf("%d finds", n)
	}
	if n := len(finds(strings.Repeat("a@example.com ", 100))); n != 1 {
		t.Errorf("one value is told %d times", n)
	}
}

// BenchmarkAddresses scans what a text can do worst: addresses without end, on one line.
func BenchmarkAddresses(b *testing.B) {
	text := bytes.Repeat([]byte("a.b@example.com,"), 4<<10)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Text(text, func(Find) {})
	}
}

func FuzzText(f *testing.F) {
	for _, v := range values {
		f.Add([]byte(v.text))
	}
	for _, s := range lookalikes {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		Text(b, func(x Find) {
			n++
			checkMask(t, x)
		})
		if n > maxFinds {
			t.Errorf("%d finds", n)
		}
	})
}

// TestNames: values in host names are told and hidden; names that look as if they held any are left alone.
func TestNames(t *testing.T) {
	for name, want := range map[string]struct {
		kind  Kind
		shown string
	}{
		"imei-490154203237518.example.com":            {IMEI, "imei-___.example.com"},
		"490154203237518.IMEI.example.com":            {IMEI, "___.imei.example.com"},
		"v1.mac.001a2b3c4d5e.example.com":             {MAC, "v1.mac.___.example.com"},
		"mac_00-1a-2b-3c-4d-5e.example.com":           {MAC, "mac____.example.com"},
		"ssn.219099999.example.com":                   {SSN, "ssn.___.example.com"},
		"x.4012-8888-8888-1881.example.com":           {Card, "x.___.example.com"},
		"card-5555555555554444.example.com":           {Card, "card-___.example.com"},
		"de89370400440532013000.example.com":          {IBAN, "___.example.com"},
		"phone-12025550143.example.com":               {Phone, "phone-___.example.com"},
		"serial.c02xk1abjgh5.example.com":             {Serial, "serial.___.example.com"},
		"jane.roe@example.org.example.com":            {Email, "___.example.org.example.com"},
		"a.jane@example.org.b.john@example.org.x.com": {Email, "___.example.org.x.com"},
	} {
		var got []Find
		shown := string(Name([]byte(name), func(f Find) { got = append(got, f) }))
		if len(got) != 1 || got[0].Kind != want.kind || shown != want.shown {
			t.Errorf("%s: %v, shown as %s, want a %s, shown as %s", name, got, shown, want.kind, want.shown)
		}
	}
	for _, name := range []string{"", ".", "@", "@.", "www.example.com", "mac.example.com", "imei-490154203237519.example.com", "4111111111111111.example.com", "001a2b3c4d5e.example.com",
		"550e8400-e29b-41d4-a716-446655440000.example.com", "ec2-52-31-9-7.compute-1.amazonaws.com", "r4---sn-5hne6nsz.googlevideo.com", "password-reset2.example.com", "pan-123456789012.example.com",
		"phone-1.example.com", "user@host", "serial-console.example.com", "password.example.com", "pwd.example.com", "card-4111.example.com", "2019-03-21.logs.example.com", "ff-ff-ff-ff-ff-ff.mac.example.com", "19216811.sslip.io", "1-2-3-4.ssn.example.com"} {
		shown := Name([]byte(name), func(f Find) { t.Errorf("%q is told as %s %s", name, f.Kind, f.Masked) })
		if string(shown) != name {
			t.Errorf("%q is shown as %q", name, shown)
		}
	}
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"imei-490154203237518.example.com", "4012-8888-8888-1881.x", "a@b.com.c@d.org", "mac.001a2b3c4d5e.mac", "..-_@"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		told := 0
		before := bytes.Clone(b)
		shown := Name(b, func(x Find) {
			told++
			checkMask(t, x)
		})
		if !bytes.Equal(b, before) {
			t.Errorf("%q was changed to %q", before, b)
		}
		if told == 0 && !bytes.Equal(shown, b) {
			t.Errorf("%q is shown as %q, and nothing told", b, shown)
		}
		if told > 0 && bytes.Equal(shown, b) {
			t.Errorf("%q is shown, and told of", b)
		}
	})
}

func checkMask(t *testing.T, x Find) {
	t.Helper()
	digits := 0
	for i := range len(x.Masked) {
		if !isDigit(x.Masked[i]) {
			digits = 0
		} else if digits++; digits > 4 && x.Kind != IMEI {
			t.Errorf("%s shows %q", x.Kind, x.Masked)
		}
	}
	if len(x.Masked) > 80 || x.Masked == "" {
		t.Errorf("%s shows %q", x.Kind, x.Masked)
	}
}

func FuzzBody(f *testing.F) {
	f.Add("gzip", "text/plain", []byte("\x1f\x8b"))
	f.Add("", "multipart/form-data", []byte("name=\"password\"\r\n\r\nabcdef\r\n--"))
	f.Add("br, zstd", "", []byte("x"))
	f.Add("", "", []byte(`{"a":"bWFpbCBqYW5lLnJvZUBleGFtcGxlLm9yZw=="}`))
	f.Fuzz(func(t *testing.T, encoding, kind string, b []byte) {
		Body(encoding, kind, b, 1<<14, func(x Find) { checkMask(t, x) })
		Mail(b, 1<<14, func(x Find) { checkMask(t, x) })
		Authorization(b, func(x Find) { checkMask(t, x) })
		for _, properties := range []bool{false, true} {
			(&MQTT{properties}).Packet(b, 1<<14, func(x Find) { checkMask(t, x) })
		}
		var l Login
		for _, p := range []string{"ftp", "smtp", "imap", "pop3"} {
			for line := range bytes.Lines(b) {
				l.Line(p, line, func(x Find) { checkMask(t, x) })
			}
		}
	})
}

// BenchmarkText scans what a device reports, with nothing personal in it.
func BenchmarkText(b *testing.B) {
	var s strings.Builder
	for i := 0; s.Len() < 16<<10; i++ {
		fmt.Fprintf(&s, `{"event":"heartbeat","sequence":%d,"uptime_s":%d,"load":0.%d,"state":"idle","url":"https://telemetry.example.com/v1/events"},`, i, i*3600, i%100)
	}
	text := []byte(s.String())
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		Text(text, func(f Find) { b.Fatal(f) })
	}
}
