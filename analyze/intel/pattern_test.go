package intel

import (
	"reflect"
	"strings"
	"testing"
)

var patterns = []struct {
	text string
	want []conjunction // nil: not understood
}{
	{"[ipv4-addr:value = '192.0.2.1']", []conjunction{{path: "ipv4-addr:value", value: "192.0.2.1"}}},
	{" [ ipv4-addr:value='192.0.2.1'OR domain-name:value='a.example' ] ", []conjunction{{path: "ipv4-addr:value", value: "192.0.2.1"}, {path: "domain-name:value", value: "a.example"}}},
	{"([url:value = 'u'] OR ([url:value = 'v']))", []conjunction{{path: "url:value", value: "u"}, {path: "url:value", value: "v"}}},
	{"[(url:value = 'u' OR url:value = 'v') OR url:value = 'w']", []conjunction{{path: "url:value", value: "u"}, {path: "url:value", value: "v"}, {path: "url:value", value: "w"}}},
	{"[ipv4-addr:value IN ('192.0.2.1', '192.0.2.2')]", []conjunction{{path: "ipv4-addr:value", value: "192.0.2.1"}, {path: "ipv4-addr:value", value: "192.0.2.2"}}},
	{"[ipv4-addr:value ISSUBSET '192.0.2.0/24']", []conjunction{{path: "ipv4-addr:value", value: "192.0.2.0/24"}}},
	{"[network-traffic:dst_port = '443' AND network-traffic:dst_ref.value = 'x']", []conjunction{{path: destination, value: "x", port: 443}}},
	{`[url:value = 'a\'b\\c']`, []conjunction{{path: "url:value", value: `a'b\c`}}},
	{"[file:hashes.'SHA-256' = 'x' AND file:name LIKE '%.exe']", []conjunction{{foreign: true}}},
	{"[file:name = 'x' OR ipv4-addr:value = '192.0.2.1']", []conjunction{{foreign: true}, {path: "ipv4-addr:value", value: "192.0.2.1"}}},
	{"", nil},
	{"[]", nil},
	{"[ipv4-addr:value = '192.0.2.1'", nil},
	{"[ipv4-addr:value = '192.0.2.1]", nil},
	{"[ipv4-addr:value = '192.0.2.1'] WITHIN 5 SECONDS", nil},
	{"[ipv4-addr:value = '192.0.2.1'] AND [ipv4-addr:value = '192.0.2.2']", nil},
	{"[ipv4-addr:value = '192.0.2.1' AND ipv4-addr:value = '192.0.2.2']", nil},
	{"[ipv4-addr:value = '192.0.2.1' AND file:name = 'x']", nil},
	{"[ipv4-addr:value = '192.0.2.1' AND network-traffic:dst_port = 443]", nil},
	{"[network-traffic:dst_ref.value = 'x' AND file:name = 'y']", nil},
	{"[network-traffic:dst_port = 443]", nil},
	{"[network-traffic:dst_port = 0 AND network-traffic:dst_ref.value = 'x']", nil},
	{"[network-traffic:src_ref.value = '192.0.2.1']", nil},
	{"[ipv4-addr:value != '192.0.2.1']", nil},
	{"[NOT ipv4-addr:value = '192.0.2.1']", nil},
	{"[domain-name:value LIKE '%.example']", nil},
	{strings.Repeat("(", 100) + "[url:value = 'u']" + strings.Repeat(")", 100), nil},
}

func TestPattern(t *testing.T) {
	for _, p := range patterns {
		got, ok := parsePattern(p.text)
		if !ok {
			got = nil
		}
		if !reflect.DeepEqual(got, p.want) {
			t.Errorf("%s\ngot  %+v\nwant %+v", p.text, got, p.want)
		}
	}
}
