package hostname

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
)

// param is a SvcParam on the wire.
func param(key uint16, value string) string {
	var b cryptobyte.Builder
	b.AddUint16(key)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(value)) })
	return string(b.BytesOrPanic())
}

// wireECH is an ECHConfig with one cipher suite.
func wireECH(version uint16, id uint8, name string) string {
	key := strings.Repeat("k", 32)
	contents := string([]byte{id, 0, 32, 0, 32}) + key + "\x00\x04\x00\x01\x00\x01" + "\x00" + string(rune(len(name))) + name + "\x00\x00"
	return param(version, contents)
}

func echList(configs ...string) string {
	all := strings.Join(configs, "")
	return string([]byte{byte(len(all) >> 8), byte(len(all))}) + all
}

var httpsCases = []struct{ data, value string }{
	{"\x00\x01\x00" + param(1, "\x02h2\x02h3"), "1 . alpn=h2,h3"},
	{"\x00\x00\x03cdn\x07example\x00", "0 cdn.example"},
	{"\x00\x01\x00" + param(1, "\x02h3") + param(2, "") + param(3, "\x20\xfb") + param(4, "\xc0\x00\x02\x01\xc0\x00\x02\x02") + param(6, "\x20\x01\x0d\xb8"+strings.Repeat("\x00", 11)+"\x01"),
		"1 . alpn=h3 no-default-alpn port=8443 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1"},
	{"\x00\x02\x00" + param(0, "\x00\x01") + param(1, "\x05a,b c") + param(5, echList(wireECH(0xfe0d, 17, "public.example"), wireECH(0xfe0a, 3, "old.example"), wireECH(0xfe0d, 18, "b:c"))) + param(7, "/q{?dns}"),
		`2 . mandatory alpn=a\044b\032c ech=17:public.example,18:b\058c key7`},
	{"\x00\x01\x00" + param(5, echList(wireECH(0xfe0a, 3, "old.example"))), "1 . ech="},
}

func TestHTTPSValue(t *testing.T) {
	for _, c := range httpsCases {
		r := dnsRecord{rtype: rrHTTPS, data: cryptobyte.String(c.data)}
		got, ok := appendDNSValue(nil, nil, &r)
		if !ok || string(got) != c.value {
			t.Errorf("%q, %v; want %q", got, ok, c.value)
		}
		if back := ParseHTTPS(string(got)); back.Target == "" {
			t.Errorf("%q does not parse", got)
		}
		whole := 0
		for size := range len(c.data) {
			r.data = cryptobyte.String(c.data[:size])
			if _, ok := appendDNSValue(nil, nil, &r); ok {
				whole++ // between two parameters
			}
		}
		if params := strings.Count(c.value, " ") - 1; whole != params {
			t.Errorf("%q: %d prefixes parse, want %d", c.value, whole, params)
		}
	}
}

func TestHTTPSValueRefused(t *testing.T) {
	for name, data := range map[string]string{
		"keys out of order":   "\x00\x01\x00" + param(3, "\x01\xbb") + param(1, "\x02h2"),
		"key twice":           "\x00\x01\x00" + param(3, "\x01\xbb") + param(3, "\x01\xbb"),
		"no protocol":         "\x00\x01\x00" + param(1, ""),
		"empty protocol":      "\x00\x01\x00" + param(1, "\x00"),
		"long port":           "\x00\x01\x00" + param(3, "\x00\x01\xbb"),
		"hint of five bytes":  "\x00\x01\x00" + param(4, "\xc0\x00\x02\x01\x00"),
		"no hint":             "\x00\x01\x00" + param(6, ""),
		"ech without a name":  "\x00\x01\x00" + param(5, echList(wireECH(0xfe0d, 1, ""))),
		"ech list cut":        "\x00\x01\x00" + param(5, "\x00\x10short"),
		"value for no-alpn":   "\x00\x01\x00" + param(2, "x"),
		"target cut":          "\x00\x01\x03cd",
		"bytes behind target": "\x00\x01\x00\x00",
	} {
		r := dnsRecord{rtype: rrSVCB, data: cryptobyte.String(data)}
		if got, ok := appendDNSValue(nil, nil, &r); ok {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestParseHTTPS(t *testing.T) {
	got := ParseHTTPS(`1 svc.example alpn=h2,h3 port=8443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1 ech=17:public.example,18:b key9`)
	want := HTTPSRecord{Priority: 1, Target: "svc.example", ALPN: []string{"h2", "h3"}, Port: 8443,
		Hints: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")},
		ECH:   []ECHConfig{{17, "public.example"}, {18, "b"}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, bad := range []string{"", "1", "x .", "70000 .", "1 . port=x", "1 . ipv4hint=nowhere", "1 . ech=17", "1 . ech=300:a", "1 . "} {
		if got := ParseHTTPS(bad); !reflect.DeepEqual(got, HTTPSRecord{}) {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

// FuzzHTTPS: what is written of a record parses, with the same counts, and is text of visible characters.
func FuzzHTTPS(f *testing.F) {
	for _, c := range httpsCases {
		f.Add([]byte(c.data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, ok := appendHTTPS(nil, data, data)
		if !ok {
			return
		}
		r := ParseHTTPS(string(value))
		if r.Target == "" || strings.ContainsFunc(string(value), func(c rune) bool { return c < ' ' || c > '~' }) {
			t.Fatalf("%q does not parse", value)
		}
		if r.Priority != uint16(data[0])<<8|uint16(data[1]) {
			t.Fatalf("%q: priority %d", value, r.Priority)
		}
	})
}

func TestText(t *testing.T) {
	for raw, want := range map[string]string{
		"":                  "",
		"plain.example":     "plain.example",
		"caf\u00e9":         "caf\u00e9",
		"caf\xe9":           `caf\xe9`,
		"\xff\xfe":          `\xff\xfe`,
		`a\032b`:            `a\032b`,
		"\xed\xa0\x80":      `\xed\xa0\x80`, // a surrogate is no UTF-8
		"\ufffd":            "\ufffd",
		"\u20ac\x80":        "\u20ac" + `\x80`,
		"esc\x1b[31m":       "esc\x1b[31m",
		"\xc3":              `\xc3`,
		"a\x00b":            "a\x00b",
		"\xf4\x90\x80\x80z": `\xf4\x90\x80\x80z`,
	} {
		if got := Text(DHCPHost, []byte(raw)); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}

// FuzzText: the text is valid UTF-8, and what was valid is as it was.
func FuzzText(f *testing.F) {
	f.Add([]byte("a\xffb\u00e9"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := Text(DHCPHost, raw)
		if !utf8.ValidString(got) || utf8.Valid(raw) && got != string(raw) || len(got) < len(raw) {
			t.Fatalf("%q became %q", raw, got)
		}
	})
}
