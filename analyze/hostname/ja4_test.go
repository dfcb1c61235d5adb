package hostname

import (
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"
)

// vector has the numbers of a hello of a browser whose fingerprint its makers publish with a capture (FoxIO, "sigalg-grease").
func vector() helloOf {
	h := helloOf{name: "optimizationguide-pa.googleapis.com", alpn: []string{"h2", "http/1.1"}, ciphers: []uint16{
		0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035, 0x8a8a}}
	for _, kind := range []uint16{0x0017, 0x0033, 0x44cd, 0xff01, 0x000a, 0x0023, 0x000b, 0xca34, 0x002d, 0x0005, 0x001b, 0x0012, 0x4a4a} {
		h.extensions = append(h.extensions, extension{kind, "x"})
	}
	h.extensions = append(h.extensions,
		extension{extECH, "\x00\x00\x01\x00\x01\x2a"},
		extension{extSupportedVersions, "\x06\x1a\x1a\x03\x04\x03\x03"},
		extension{extSignatureAlgs, "\x00\x18\x2a\x2a\x09\x04\x09\x05\x09\x06\x04\x03\x08\x04\x04\x01\x05\x03\x08\x05\x05\x01\x08\x06\x06\x01"})
	return h
}

func fingerprint(t *testing.T, h helloOf) string {
	t.Helper()
	parsed, ok := parseClientHello(cryptobyte.String(h.message()[handshakeHeaderLen:]), 't')
	if !ok {
		t.Fatal("refused")
	}
	return parsed.ja4()
}

func TestJA4(t *testing.T) {
	if got, want := fingerprint(t, vector()), "t13d1517h2_8daaf6152771_cb7bf5808d99"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	noName := vector()
	noName.name, noName.alpn = "", nil
	if got, want := fingerprint(t, noName), "t13i151500_8daaf6152771_cb7bf5808d99"; got != want {
		t.Errorf("without name and ALPN: %s, want %s", got, want)
	}
}

func TestJA4Parts(t *testing.T) {
	many := make([]uint16, 200)
	for want, h := range map[string]helloOf{
		"t12i010000_": {},
		"t12i990000_": {ciphers: many},
		"t12i0101h1_": {alpn: []string{"http/1.1", "h2"}},
		"t12i0101hh_": {alpn: []string{"h"}},
		"t12i0101ab_": {alpn: []string{"\xab"}},
		"t12i0101ad_": {alpn: []string{"\xab\xcd"}},
		"t12i01013d_": {alpn: []string{"0\xab\xcd"}},
		"t00i010100_": {extensions: []extension{{extSupportedVersions, "\x02\x7f\x1c"}}},
	} {
		if got := fingerprint(t, h); !strings.HasPrefix(got, want) {
			t.Errorf("%s, want %s…", got, want)
		}
	}
	if got := fingerprint(t, helloOf{name: "a.example", alpn: []string{"h2"}}); !strings.HasSuffix(got, "_000000000000") {
		t.Errorf("no extensions beside name and ALPN: %s", got)
	}
}

func BenchmarkJA4(b *testing.B) {
	h, _ := parseClientHello(cryptobyte.String(vector().message()[handshakeHeaderLen:]), 't')
	b.ReportAllocs()
	for b.Loop() {
		h.ja4()
	}
}
