package disclosure

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const workflow = `on: push
jobs:
  one:
    steps:
      - uses: step-security/harden-runner@v2
        with:
          egress-policy: block
          allowed-endpoints: >
            api.example.com:443
            *.blob.example.net:443 [2001:db8::1]:8443 # two

            ${{ env.MORE }}
      - run: echo "not.this.example.com:443"
  two:
    steps:
      - with:
          allowed-endpoints: "b.example.com:80 c.example.com"
          disable-sudo: true
  three:
    steps:
      - with:
          allowed-endpoints: |-
            bad..example.com:443
            d.example.com:99999
            e.example.com:22
`

const policies = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
spec:
  egress:
    - toEndpoints: [{matchLabels: {app: dns}}]
      toPorts:
        - ports: [{port: "53", protocol: ANY}]
          rules:
            dns:
              - matchPattern: "*.dns.example.com"
    - toFQDNs:
        - matchName: api.example.com
        - matchPattern: "*.example.net"
        - matchPattern: "**.deep.example.net"
        - matchPattern: "api-*.example.org"
        - matchName: "*.example.org"
        - matchLabel: x
      toPorts:
        - ports:
            - port: "443"
              protocol: TCP
            - port: "8000"
              endPort: 9000
    - toFQDNs: [{matchName: named.example.com}]
      toPorts: [{ports: [{port: http}]}]
---
specs:
  - egress:
      - toFQDNs:
          - matchName: all.example.com
      - toFQDNs: [{matchName: any.example.com}]
        toPorts: [{ports: [{port: "53"}]}]
`

const squid = `# what desks may reach
acl SSL_ports port 443
acl allowed dstdomain .example.net  # and below
acl allowed dstdomain -n exact.example.org \
  .more.example.org
acl nets dst 203.0.113.0/24 198.51.100.1-198.51.100.9
acl blocked dstdomain .bad.example.com
acl patterns dstdom_regex \.example\.com$
acl files dstdomain "/etc/squid/allowed"
acl mixed dstdomain mixed.example.com
http_access deny blocked
http_access deny !mixed
http_access allow allowed
http_access deny all
`

const table = "Vendor;Domain;IP;Port;Contract;Remark\r\n" +
	"\"Acme; Inc.\";a.example.com;203.0.113.9;443;DPA 1;x\r\n" +
	"Acme;not a name;;;;\r\n" +
	"\r\n" +
	";b.example.com;;\"53/udp, 853\";;\"two\r\nlines\"\r\n" +
	"Acme;c.example.com;;70000;;\r\n" +
	"Acme;d.example.com;;;;;too;many\r\n" +
	"Acme;;;;DPA 2;\r\n" +
	"Acme;e.example.com;;;DPA 2;bare \" quote\r\n" +
	"Acme;*.f.example.com;;;DPA 2;\r\n"

var imports = []struct {
	about, text, format string
	want                []string // vendor reference: destinations
	unread              []string
}{
	{"a workflow with all its jobs", workflow, "harden-runner",
		[]string{"example.com : api.example.com [{443 tcp}], b.example.com [{80 tcp}], c.example.com [{443 tcp}], e.example.com [{22 tcp}]", "example.net : *.blob.example.net [{443 tcp}]", "unknown, at 2001:db8::1 : 2001:db8::1/128 [{8443 tcp}]"},
		[]string{`12: "${{ env.MORE }}" is an expression: what it stands for is known when the workflow runs`, `23: "bad..example.com" is no host name (names of other letters are written as xn--)`, `24: "d.example.com:99999" has no port such as 443`}},
	{"words alone", "a.example.com:443 b.example.com\n# c.example.com\n203.0.113.9:22\n", "harden-runner",
		[]string{"example.com : a.example.com [{443 tcp}], b.example.com [{443 tcp}]", "unknown, at 203.0.113.9 : 203.0.113.9/32 [{22 tcp}]"}, nil},
	{"Cilium's policies", policies, "cilium",
		[]string{"example.com : api.example.com [{443 tcp}], all.example.com [], any.example.com [{53 tcp} {53 udp} {53 sctp}]", "example.net : *.example.net [{443 tcp}], *.deep.example.net [{443 tcp}]"},
		[]string{`15: "api-*.example.org" must be a name, or *. and a name: *.example.com covers all names below example.com, and not example.com itself`, `16: "*.example.org" is no name: a matchName has no *`, `17: toFQDNs is a list of matchName and matchPattern`,
			`22: port "8000", protocol "ANY" is no port such as 443, TCP: ranges and names of ports are not read`, `24: "named.example.com" has ports that are not understood`,
			`25: port "http", protocol "ANY" is no port such as 443, TCP: ranges and names of ports are not read`}},
	{"Squid's settings", squid, "squid",
		[]string{"example.net : example.net [], *.example.net []", "example.org : exact.example.org [], more.example.org [], *.more.example.org []", "unknown, at 203.0.113.0 : 203.0.113.0/24 []", "example.com : mixed.example.com []"},
		[]string{`6: "198.51.100.1-198.51.100.9" must be an address or a network without bits beyond its prefix`, `7: acl blocked is denied by http_access`, `8: acl patterns is of type dstdom_regex, which a register has not`,
			`9: "/etc/squid/allowed" is a list in another file: import that`}},
	{"a table with semicolons", table, "csv",
		[]string{"Acme; Inc. DPA 1: a.example.com [{443 tcp}], 203.0.113.9/32 [{443 tcp}]", "example.com : b.example.com [{53 udp} {853 tcp}]", "Acme DPA 2: *.f.example.com []"},
		[]string{`3: "not a name" is no host name (names of other letters are written as xn--)`, `7: "70000" is no port such as 443 or 443/tcp`, `8: 8 cells, and the header has 6`, `9: the row has no destination`,
			`10: lines 10 to 10 are no CSV: bare " in non-quoted-field`}},
	{"a table with tabs", "\uFEFFfqdn\tport\na.example.com\t443/TCP\n", "csv", []string{"example.com : a.example.com [{443 tcp}]"}, nil},
	{"a table with a mark that is not closed", "domain,vendor\na.example.com,V\n\"b.example.com,V\nc.example.com,V\n", "csv", []string{"V : a.example.com []"}, []string{`3: lines 3 to 4 are no CSV: extraneous or missing " in quoted-field`}},
}

// TestImport: each format says what it allows, each line that is not understood is told, and what comes of it parses.
func TestImport(t *testing.T) {
	for _, c := range imports {
		for _, format := range []string{AutoFormat, c.format} {
			got, err := Import("list", format, []byte(c.text))
			if err != nil {
				t.Errorf("%s: %v", c.about, err)
				continue
			}
			var list, unread []string
			for _, p := range got.Proposals {
				var to []string
				for i := range p.Destinations {
					to = append(to, fmt.Sprint(p.Destinations[i].text(), " ", p.Destinations[i].Ports))
				}
				list = append(list, fmt.Sprintf("%s %s: %s", p.Vendor, p.Reference, strings.Join(to, ", ")))
			}
			for _, u := range got.Unread {
				unread = append(unread, fmt.Sprintf("%d: %s", u.Line, u.Why))
			}
			if got.Format != c.format || !slices.Equal(list, c.want) || !slices.Equal(unread, c.unread) {
				t.Errorf("%s as %s, which is %s:\n got %s\n     %s\nwant %s\n     %s", c.about, format, got.Format, strings.Join(list, "\n     "), strings.Join(unread, "\n     "), strings.Join(c.want, "\n     "), strings.Join(c.unread, "\n     "))
			}
			text, _ := WriteProposals(got.Proposals)
			parsed(t, text)
		}
	}
}

// TestImportNotes: what is proposed otherwise than the list has it is said beside it, once.
func TestImportNotes(t *testing.T) {
	for text, want := range map[string]string{
		"a.example.com b.example.com c.example.com:80": noPort,
		"a.example.com:443":                            "",
		"toFQDNs:\n- matchPattern: '*.example.com'\n":  "*.example.com is one label below in Cilium, and any number of them in a register",
	} {
		got, err := Import("list", AutoFormat, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if notes := strings.Join(got.Proposals[0].Seen[1:], "; "); notes != want {
			t.Errorf("%q: %q, want %q", text, notes, want)
		}
	}
}

// TestImportOther: a format that is given is read as such whatever the content looks like.
func TestImportOther(t *testing.T) {
	for _, c := range []struct{ format, text, want string }{
		{"squid", ".example.com\n203.0.113.0/24\n", ""},
		{"csv", "a.example.com\n", "list:1:1: no column of the header is domain, host, destination, fqdn, cidr, ip or address"},
		{"cilium", "toFQDNs: [\n", "list:1:10: sequence end token ']' not found"},
		{"cilium", "kind: x\n", "list: nothing in it is understood as cilium: CSV with a header, harden-runner's allowed-endpoints, Squid's dstdomain and Cilium's toFQDNs are"},
		{"auto", "::\n", `list: nothing in it is understood as harden-runner (first line 1: "::" is no destination): CSV with a header, harden-runner's allowed-endpoints, Squid's dstdomain and Cilium's toFQDNs are`},
		{"xml", "", `list: unknown format "xml": there are auto, csv, harden-runner, squid, cilium`},
		{"auto", strings.Repeat("x", maxImport+1), "list:1:1: longer than 8388608 bytes"},
	} {
		_, err := Import("list", c.format, []byte(c.text))
		if got := fmt.Sprint(err); c.want == "" && err != nil || c.want != "" && got != c.want {
			t.Errorf("%s: %s, want %s", c.format, got, c.want)
		}
	}
}

// FuzzImport: whatever a list has, in whatever format it is read, what is proposed parses, and lines that are told are lines of it.
func FuzzImport(f *testing.F) {
	for _, c := range imports {
		f.Add([]byte(c.text), uint8(slices.Index(ImportFormats(), c.format)))
	}
	for _, h := range hostile {
		f.Add([]byte("domain,vendor,reference\na.example.com,"+h+","+h+"\n"+h), uint8(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, format uint8) {
		formats := ImportFormats()
		got, err := Import("list", formats[int(format)%len(formats)], b)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "list:") {
				t.Errorf("an error without a place: %v", err)
			}
			return
		}
		text, _ := WriteProposals(got.Proposals)
		if r := parsed(t, text); len(r.Entries) == 0 {
			t.Errorf("nothing is proposed of %+v", got.Proposals)
		}
		for _, u := range got.Unread {
			if u.Line < 1 || u.Line > strings.Count(string(b), "\n")+1 || u.Why == "" {
				t.Errorf("%+v", u)
			}
		}
	})
}
