package disclosure

import (
	"bytes"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compiled is the register's JSON Schema.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("register.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("register.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validates says whether a schema takes a YAML text.
func validates(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	b, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return s.Validate(v)
}

// TestSchemaAndParserAgree: an editor that knows the schema says of a register what the program says, but for what lies between values: dates that are none, public suffixes, assets that are not there.
func TestSchemaAndParserAgree(t *testing.T) {
	s := compiled(t)
	asset := func(keys string) string { return "version: 1\nassets:\n  - {" + keys + "}\n" }
	for text, good := range map[string]bool{
		whole:                                           true,
		Skeleton:                                        true,
		"version: 1\n":                                  true,
		"version: 1.0\n":                                true,
		"version: \"1\"\n":                              false,
		"version: 2\n":                                  false,
		"version: true\n":                               false,
		"version:\n":                                    false,
		"vendors: []\n":                                 false,
		"- version: 1\n":                                false,
		"version: 1\nvendor: []\n":                      false,
		"version: 1\nvendors: {}\n":                     false,
		"version: 1\nvendors:\n":                        false,
		"version: 1\nvendors: [V]\n":                    false,
		"version: 1\nvendors: []\n":                     true,
		"version: 1\norganisation: 7\n":                 false,
		"version: 1\norganisation: \"7\"\n":             true,
		"version: 1\norganisation: ''\n":                false,
		"version: 1\norganisation: ' '\n":               false,
		"version: 1\norganisation: true\n":              false,
		"version: 1\norganisation:\n":                   false,
		"version: 1\nvendors: [{vendor: V}]\n":          false,
		"version: 1\nnat: 10.0.0.1\n":                   false,
		"version: 1\nnat: [10.0.0.1]\n":                 true,
		"version: 1\nnat: [7]\n":                        false,
		"version: 1\ninternal: [10.0.0.0/8, '::1']\n":   true,
		"version: 1\ninternal: [network]\n":             false,
		"version: 1\nhome_countries: [US]\n":            true,
		"version: 1\nhome_countries: [us]\n":            false,
		"version: 1\nhome_countries: [any]\n":           false,
		asset("name: a, hosts: [10.0.0.1]"):             true,
		asset("name: a, hosts: [10.0.0.1], egress: x"):  false,
		asset("name: 5, hosts: [10.0.0.1]"):             false,
		asset("name: '5', hosts: [10.0.0.1], role: r"):  true,
		asset("name: a, hosts: []"):                     false,
		asset("name: a, hosts: [servers]"):              false,
		asset("hosts: [10.0.0.1]"):                      false,
		entry("product: 365"):                           false,
		entry("product: '365'"):                         true,
		entry("id: 5"):                                  false,
		entry("owner: true"):                            false,
		entry("owner: 1.5"):                             false,
		entry("reference: ''"):                          false,
		entry("purpose: spying"):                        false,
		entry("kind: gift"):                             false,
		entry("status: ok"):                             false,
		entry("colour: red"):                            false,
		entry("start: 2018-09-01"):                      true,
		entry("start: 2018-9-1"):                        false,
		entry("start: 20180901"):                        false,
		entry("start: 2018-09-01T00:00:00Z"):            false,
		entry("countries: [us]"):                        false,
		entry("countries: [NO]"):                        true,
		entry("countries: [any]"):                       true,
		entry("countries: [US, any]"):                   false,
		entry("countries: []"):                          true,
		entry("countries: US"):                          false,
		entry("data: [5]"):                              false,
		entry("data: [names]"):                          true,
		entry("hosts: [5]"):                             false,
		entry("hosts: [10.0.0.0/8]"):                    true,
		entry("max_bytes_out_per_day: 50"):              true,
		entry("max_bytes_out_per_day: '50'"):            true,
		entry("max_bytes_out_per_day: 50MB"):            true,
		entry("max_bytes_out_per_day: 50 MiB"):          true,
		entry("max_bytes_out_per_day: 0"):               false,
		entry("max_bytes_out_per_day: '0'"):             false,
		entry("max_bytes_out_per_day: 1.5"):             false,
		entry("max_bytes_out_per_day: -1"):              false,
		entry("max_bytes_out_per_day: 50mb"):            false,
		entry("max_bytes_out_per_day: true"):            false,
		to("domain: a.example.com, ports: [443/tcp]"):   true,
		to("domain: a.example.com, ports: []"):          true,
		to("domain: a.example.com, ports: [443]"):       false,
		to("domain: a.example.com, ports: [0/tcp]"):     false,
		to("domain: a.example.com, ports: [65535/udp]"): true,
		to("domain: a.example.com, ports: [65536/udp]"): false,
		to("domain: a.example.com, ports: [443/icmp]"):  false,
		to("domain: '*.Example.com.'"):                  true,
		to("domain: 'a.*.example.com'"):                 false,
		to("domain: a b"):                               false,
		to("domain: 5"):                                 false,
		to("domain: 203.0.113.9"):                       false,
		to("domain: '2001:db8::1'"):                     false,
		to("cidr: 203.0.113.0/24"):                      true,
		to("cidr: '2001:db8::/32'"):                     true,
		to("cidr: a.example.com"):                       false,
		to("cidr: '::ffff:203.0.113.0/120'"):            false,
		to("asn: 64500"):                                true,
		to("asn: AS64500"):                              true,
		to("asn: '64500'"):                              true,
		to("asn: 0"):                                    false,
		to("asn: 4294967295"):                           true,
		to("asn: 4294967296"):                           false,
		to("asn: '0'"):                                  false,
		to("asn: ASX"):                                  false,
		to("asn: 1, domain: a.example.com"):             false,
		to("ports: [443/tcp]"):                          false,
		to("host: a.example.com"):                       false,
	} {
		_, err := Parse("r.yaml", []byte(text))
		if (err == nil) != good {
			t.Errorf("the parser on %q: %v", text, err)
		}
		if err := validates(t, s, text); (err == nil) != good {
			t.Errorf("the schema on %q: %v", text, err)
		}
	}
}

// TestSchemaHasEveryWord: keys and words of the parser stand in the schema.
func TestSchemaHasEveryWord(t *testing.T) {
	for _, list := range [][]string{registerKeys, assetKeys, entryKeys, patternKeys, purposes, kinds, statuses, egresses} {
		for _, w := range list {
			if !strings.Contains(Schema, `"`+w+`"`) {
				t.Errorf("the schema does not have %q", w)
			}
		}
	}
}
