package hostname

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"phonehome/analyze/flow"
	"phonehome/analyze/packet"
)

// rowLog keeps rows as text.
type rowLog struct{ rows []string }

func (l *rowLog) Add(n *Name) {
	client := netip.AddrPortFrom(n.Client.Netip(n.V6), n.ClientPort)
	row := fmt.Sprintf("%d %s %s", n.Frame, n.Kind, Text(n.Kind, n.Name))
	if n.RRType != "" {
		row += " " + n.RRType
	}
	for _, f := range []struct{ key, value string }{{"value", string(n.Value)}, {"query", string(n.Query)}, {"rcode", n.RCode}} {
		if f.value != "" {
			row += fmt.Sprintf(" %s=%s", f.key, f.value)
		}
	}
	if n.TTL != 0 {
		row += fmt.Sprintf(" ttl=%d", n.TTL)
	}
	if n.Unsolicited {
		row += " unsolicited"
	}
	l.rows = append(l.rows, row+" @"+client.String())
}

func (l *rowLog) want(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(l.rows, want) {
		t.Errorf("rows:\n%s\nwant:\n%s", strings.Join(l.rows, "\n"), strings.Join(want, "\n"))
	}
}

// talk is a UDP conversation of a client and a server.
type talk struct {
	n      *Namer
	c      flow.Conv
	client netip.AddrPort
	server netip.AddrPort
	log    rowLog
	frame  uint64
	now    int64
}

func newTalk(client, server string) *talk {
	t := &talk{client: netip.MustParseAddrPort(client), server: netip.MustParseAddrPort(server)}
	t.n = NewNamer(&t.log, Limits{})
	return t
}

func (t *talk) meta(dir uint8, full int) *flow.Meta {
	ends := [2]netip.AddrPort{t.client, t.server}
	src, dst := ends[dir], ends[1-dir]
	t.frame++
	t.now += 1e6
	return &flow.Meta{
		Time: t.now, Frame: t.frame, Src: packet.AddrFrom(src.Addr()), Dst: packet.AddrFrom(dst.Addr()), SrcPort: src.Port(), DstPort: dst.Port(),
		Transport: packet.UDP, V6: src.Addr().Is6(), Dir: dir, Full: full,
	}
}

func (t *talk) up(msg []byte) *talk {
	t.n.Datagram(&t.c, t.meta(0, len(msg)), msg)
	return t
}

func (t *talk) down(msg []byte) *talk {
	t.n.Datagram(&t.c, t.meta(1, len(msg)), msg)
	return t
}

func (t *talk) over() *rowLog {
	t.n.Close(&t.c)
	return &t.log
}

// named are the rows but for personal data, which is told of any datagram that has it, whatever it is of.
func (l *rowLog) named() []string {
	return slices.DeleteFunc(l.rows, func(row string) bool { return strings.Fields(row)[1] == string(Personal) })
}

// dnsQuery is a query as a client writes it.
func dnsQuery(id uint16, name string, qtype dnsmessage.Type) []byte {
	return pack(dnsmessage.Header{ID: id, RecursionDesired: true}, name, qtype)
}

// dnsReply is the reply to it.
func dnsReply(id uint16, name string, qtype dnsmessage.Type, records ...dnsmessage.Resource) []byte {
	return pack(dnsmessage.Header{ID: id, Response: true, RecursionDesired: true, RecursionAvailable: true}, name, qtype, records...)
}

func pack(h dnsmessage.Header, name string, qtype dnsmessage.Type, records ...dnsmessage.Resource) []byte {
	m := dnsmessage.Message{Header: h, Answers: records}
	if name != "" {
		m.Questions = []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: qtype, Class: dnsmessage.ClassINET}}
	}
	b, err := m.Pack()
	if err != nil {
		panic(err) // the test's own message
	}
	return b
}

func rrRecord(owner string, ttl uint32, body dnsmessage.ResourceBody) dnsmessage.Resource {
	return dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(owner), Class: dnsmessage.ClassINET, TTL: ttl}, Body: body}
}

func aRecord(owner string, ttl uint32, a, b, c, d byte) dnsmessage.Resource {
	return rrRecord(owner, ttl, &dnsmessage.AResource{A: [4]byte{a, b, c, d}})
}

const (
	typeA     = dnsmessage.TypeA
	typeAAAA  = dnsmessage.TypeAAAA
	stub      = "10.0.0.7:40000"
	recursive = "10.0.0.1:53"
)

func TestDNSChainOfAliases(t *testing.T) {
	c := newTalk(stub, recursive)
	c.up(dnsQuery(7, "www.Example.com.", typeA))
	c.down(dnsReply(7, "www.Example.com.", typeA,
		rrRecord("www.Example.com.", 60, &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName("edge.example.net.")}),
		aRecord("edge.example.net.", 30, 192, 0, 2, 1)))
	c.over().want(t,
		"2 dns www.Example.com CNAME value=edge.example.net query=www.Example.com ttl=60 @10.0.0.7:40000",
		"2 dns edge.example.net A value=192.0.2.1 query=www.Example.com ttl=30 @10.0.0.7:40000",
		"1 dns-query www.Example.com A rcode=NOERROR @10.0.0.7:40000",
	)
}

func TestDNSTypesOfRecords(t *testing.T) {
	target := dnsmessage.MustNewName("host.example.")
	for _, c := range []struct {
		rtype string
		body  dnsmessage.ResourceBody
		value string
	}{
		{"A", &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}, "192.0.2.1"},
		{"AAAA", &dnsmessage.AAAAResource{AAAA: netip.MustParseAddr("2001:db8::1").As16()}, "2001:db8::1"},
		{"AAAA", &dnsmessage.AAAAResource{AAAA: netip.MustParseAddr("::ffff:192.0.2.1").As16()}, "::ffff:192.0.2.1"},
		{"CNAME", &dnsmessage.CNAMEResource{CNAME: target}, "host.example"},
		{"NS", &dnsmessage.NSResource{NS: target}, "host.example"},
		{"PTR", &dnsmessage.PTRResource{PTR: target}, "host.example"},
		{"MX", &dnsmessage.MXResource{Pref: 10, MX: target}, "host.example"},
		{"SRV", &dnsmessage.SRVResource{Priority: 1, Weight: 2, Port: 443, Target: target}, "host.example"},
		{"TXT", &dnsmessage.TXTResource{TXT: []string{"v=spf1 -all", "a\"b\x00"}}, `"v=spf1 -all" "a\034b\000"`},
		{"TXT", &dnsmessage.TXTResource{TXT: []string{strings.Repeat("x", 200), strings.Repeat("y", 200)}}, `"` + strings.Repeat("x", 200) + `" "` + strings.Repeat("y", 54) + `"`},
		{"TYPE65280", &dnsmessage.UnknownResource{Type: 65280, Data: []byte{1}}, ""},
	} {
		r := rrRecord("x.example.", 1, c.body)
		log := newTalk(stub, recursive).up(dnsQuery(1, "x.example.", typeA)).down(dnsReply(1, "x.example.", typeA, r)).over()
		want := "2 dns x.example " + c.rtype
		if c.value != "" {
			want += " value=" + c.value
		}
		if got := log.rows[0]; got != want+" query=x.example ttl=1 @10.0.0.7:40000" {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestDNSOtherSections(t *testing.T) {
	m := dnsmessage.Message{
		Header:      dnsmessage.Header{ID: 1, Response: true},
		Questions:   []dnsmessage.Question{{Name: dnsmessage.MustNewName("example."), Type: dnsmessage.TypeMX, Class: dnsmessage.ClassINET}},
		Authorities: []dnsmessage.Resource{rrRecord("example.", 5, &dnsmessage.NSResource{NS: dnsmessage.MustNewName("ns.example.")})},
		Additionals: []dnsmessage.Resource{
			aRecord("ns.example.", 5, 192, 0, 2, 53),
			{Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("."), Class: 1232, TTL: 1 << 24}, Body: &dnsmessage.OPTResource{}},
		},
	}
	reply, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	newTalk(stub, recursive).up(dnsQuery(1, "example.", dnsmessage.TypeMX)).down(reply).over().want(t,
		"2 dns ns.example A value=192.0.2.53 ttl=5 @10.0.0.7:40000",
		"1 dns-query example MX rcode=BADVERS @10.0.0.7:40000",
	)
}

func TestDNSMatchesAnswersToQuestions(t *testing.T) {
	const answer = "dns a.example A value=192.0.2.1 query=a.example ttl=9 @10.0.0.7:40000"
	const odd = "dns a.example A value=192.0.2.1 query=a.example ttl=9 unsolicited @10.0.0.7:40000"
	query := dnsQuery(1, "a.example.", typeA)
	reply := dnsReply(1, "a.example.", typeA, aRecord("a.example.", 9, 192, 0, 2, 1))
	refused := pack(dnsmessage.Header{ID: 1, Response: true, RCode: dnsmessage.RCodeRefused}, "", 0)
	for name, c := range map[string]struct {
		do   func(c *talk)
		want []string
	}{
		"answered":           {func(c *talk) { c.up(query).down(reply) }, []string{"2 " + answer, "1 dns-query a.example A rcode=NOERROR @10.0.0.7:40000"}},
		"no answer":          {func(c *talk) { c.up(query) }, []string{"1 dns-query a.example A rcode=none @10.0.0.7:40000"}},
		"no query":           {func(c *talk) { c.down(reply) }, []string{"1 " + odd}},
		"asked again":        {func(c *talk) { c.up(query).up(query).down(reply) }, []string{"3 " + answer, "1 dns-query a.example A rcode=NOERROR @10.0.0.7:40000"}},
		"answered twice":     {func(c *talk) { c.up(query).down(reply).down(reply) }, []string{"2 " + answer, "1 dns-query a.example A rcode=NOERROR @10.0.0.7:40000", "3 " + answer}},
		"letters":            {func(c *talk) { c.up(dnsQuery(1, "A.eXample.", typeA)).down(reply) }, []string{"2 " + answer, "1 dns-query A.eXample A rcode=NOERROR @10.0.0.7:40000"}},
		"other id":           {func(c *talk) { c.up(dnsQuery(2, "a.example.", typeA)).down(reply) }, []string{"2 " + odd, "1 dns-query a.example A rcode=none @10.0.0.7:40000"}},
		"other type":         {func(c *talk) { c.up(dnsQuery(1, "a.example.", typeAAAA)).down(reply) }, []string{"2 " + odd, "1 dns-query a.example AAAA rcode=none @10.0.0.7:40000"}},
		"other name":         {func(c *talk) { c.up(dnsQuery(1, "b.example.", typeA)).down(reply) }, []string{"2 " + odd, "1 dns-query b.example A rcode=none @10.0.0.7:40000"}},
		"own answer":         {func(c *talk) { c.down(query).down(reply) }, []string{"2 " + odd, "1 dns-query a.example A rcode=none @10.0.0.1:53"}},
		"no question echoed": {func(c *talk) { c.up(query).down(refused) }, []string{"1 dns-query a.example A rcode=REFUSED @10.0.0.7:40000"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(stub, recursive)
			c.do(k)
			k.over().want(t, c.want...)
		})
	}
}

func TestDNSWindowIsBounded(t *testing.T) {
	c := newTalk(stub, recursive)
	for i := range 3 * maxFlowQuestions {
		c.up(dnsQuery(uint16(i), fmt.Sprintf("n%d.example.", i), typeA))
	}
	if got := len(c.log.rows); got != 2*maxFlowQuestions || c.n.LimitsHit()[limitQuestions] != 2*maxFlowQuestions {
		t.Errorf("%d rows, limits %v; want %d of both", got, c.n.LimitsHit(), 2*maxFlowQuestions)
	}
	c.now += dnsPatience
	c.up(dnsQuery(1, "late.example.", typeA))
	if got := c.n.LimitsHit()[limitQuestions]; got != 2*maxFlowQuestions {
		t.Errorf("a question that nobody waits for was counted: %d", got)
	}
	if c.over(); len(c.log.rows) != 3*maxFlowQuestions+1 || c.n.dns.window.bytes != 0 || c.n.dns.window.oldest != 0 {
		t.Errorf("%d rows, window %+v", len(c.log.rows), c.n.dns.window)
	}
}

func TestDNSWindowIsBoundedOverFlows(t *testing.T) {
	c := newTalk(stub, recursive)
	long := strings.Repeat("abcdefghijklmno.", 15)
	convs := make([]flow.Conv, 3000)
	for i := range convs {
		q := dnsQuery(uint16(i), long, typeA)
		c.n.Datagram(&convs[i], c.meta(0, len(q)), q)
	}
	if w := c.n.dns.window.bytes; w > maxWindowBytes || w < maxWindowBytes/2 || len(c.log.rows) == 0 {
		t.Fatalf("window of %d bytes, %d rows", w, len(c.log.rows))
	}
	for i := range convs {
		c.n.Close(&convs[i])
	}
	if len(c.log.rows) != len(convs) || c.n.dns.window.bytes != 0 {
		t.Errorf("%d rows for %d questions, %d bytes left", len(c.log.rows), len(convs), c.n.dns.window.bytes)
	}
}

func TestDNSPrefixes(t *testing.T) {
	reply := dnsReply(7, "a.example.", typeA, aRecord("a.example.", 30, 192, 0, 2, 1), aRecord("a.example.", 30, 192, 0, 2, 2))
	for size := range len(reply) {
		if detectDNSDatagram(newTalk(stub, "10.0.0.1:8053").meta(1, size), reply[:size]) {
			t.Errorf("%d of %d bytes on a port of no protocol are taken for DNS", size, len(reply))
		}
		// on its own port what parses is used: a record needs 16 bytes here
		c := newTalk(stub, recursive).up(dnsQuery(7, "a.example.", typeA))
		c.n.Datagram(&c.c, c.meta(1, len(reply)), reply[:size])
		answers := max(0, (size-(len(reply)-2*16))/16)
		if got := strings.Count(strings.Join(c.over().rows, "\n"), " dns "); got != answers {
			t.Errorf("%d of %d bytes: %d answers, want %d", size, len(reply), got, answers)
		}
	}
	if m := newTalk(stub, "10.0.0.1:8053").meta(1, len(reply)); !detectDNSDatagram(m, reply) || detectDNSDatagram(m, append(reply, 0)) {
		t.Error("the whole reply is not taken, or junk behind it is")
	}
}

func TestDNSStrictElsewhere(t *testing.T) {
	m := newTalk(stub, "192.0.2.9:4000").meta(0, 0)
	query := dnsQuery(1, "a.example.", typeA)
	change := func(at int, b byte) []byte {
		c := bytes.Clone(query)
		c[at] = b
		return c
	}
	for name, c := range map[string]struct {
		msg  []byte
		want bool
	}{
		"query":              {query, true},
		"opcode":             {change(2, 0x28), false},
		"reserved bit":       {change(3, 0x40), false},
		"code in a query":    {change(3, 0x03), false},
		"two questions":      {change(5, 2), false},
		"answer in a query":  {change(7, 1), false},
		"unknown type":       {change(len(query)-3, 200), false},
		"unknown class":      {change(len(query)-1, 9), false},
		"reserved label":     {change(12, 0x41), false},
		"zeroes":             {make([]byte, 40), false},
		"header alone":       {query[:12], false},
		"multicast relative": {query, false},
	} {
		k := *m
		if k.Full = len(c.msg); name == "multicast relative" {
			k.DstPort = portMDNS
		}
		if got := detectDNSDatagram(&k, c.msg); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestDNSTCP(t *testing.T) {
	var up, down []byte
	for i := range uint16(3) {
		name := fmt.Sprintf("n%d.example.", i)
		up = prefixed(up, dnsQuery(i, name, typeA))
		down = prefixed(down, dnsReply(i, name, typeA, aRecord(name, 1, 192, 0, 2, byte(i))))
	}
	for step := 1; step <= len(down); step++ {
		c := newTalk(stub, recursive)
		c.stream(0, up, step)
		c.stream(1, down, step)
		c.over()
		if len(c.log.rows) != 6 || c.c.Protocol != "dns" {
			t.Fatalf("in pieces of %d bytes: %q as %q", step, c.log.rows, c.c.Protocol)
		}
		for _, row := range c.log.rows {
			if strings.Contains(row, "none") || strings.Contains(row, "unsolicited") {
				t.Errorf("in pieces of %d bytes: %s", step, row)
			}
		}
	}
}

func TestDNSTCPGap(t *testing.T) {
	reply := prefixed(nil, dnsReply(1, "a.example.", typeA, aRecord("a.example.", 1, 192, 0, 2, 1)))
	c := newTalk(stub, recursive)
	c.stream(1, reply, len(reply))
	m := c.meta(1, 0)
	m.Transport = packet.TCP
	c.n.Gap(&c.c, m, 1000)
	c.stream(1, bytes.Repeat([]byte{0xff}, 60), 60) // the rest of a message that is lost
	c.stream(1, reply, len(reply))
	if c.over(); len(c.log.rows) != 2 {
		t.Errorf("rows %q, want two", c.log.rows)
	}
}

func TestDNSTCPDetection(t *testing.T) {
	query := prefixed(nil, dnsQuery(1, "a.example.", typeA))
	m := newTalk(stub, "10.0.0.1:8853").meta(0, 0)
	for size := range query {
		if got := detectDNSStream(m, query[:size]); got != maybe {
			t.Errorf("%d bytes: %d, want maybe", size, got)
		}
	}
	if detectDNSStream(m, query) != yes || detectDNSStream(m, append(query, "more"...)) != yes {
		t.Error("a whole query is not taken")
	}
	for _, other := range []string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abcdefgh", "GET / HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH_9.6\r\n", "\x00\x05short"} {
		if detectDNSStream(m, []byte(other)) != no {
			t.Errorf("%q may be DNS", other)
		}
	}
}

func prefixed(b, msg []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(msg))), msg...)
}

// stream hands data over in pieces, as the flow table does.
func (t *talk) stream(dir uint8, data []byte, step int) {
	var wait []byte
	for len(data) > 0 {
		k := min(step, len(data))
		wait, data = append(wait, data[:k]...), data[k:]
		m := t.meta(dir, 0)
		m.Transport, m.Start = packet.TCP, true
		used, _ := t.n.Stream(&t.c, m, wait)
		wait = wait[min(used, len(wait)):]
	}
}
