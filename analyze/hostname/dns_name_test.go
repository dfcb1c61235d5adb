package hostname

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/net/dns/dnsmessage"
)

func TestDNSName(t *testing.T) {
	for _, c := range []struct {
		wire, want string
		rest       int // bytes behind the name
	}{
		{"\x03www\x07example\x03com\x00", "www.example.com", 0},
		{"\x00", ".", 0},
		{"\x03WwW\x00tail", "WwW", 4},
		{"\x04a.b\\\x00", `a\.b\\`, 0},
		{"\x05\x00 \x7f\xc3\xa9\x00", `\000\032\127\195\169`, 0},
		{"\x01a\x00\xc0\x00", "a", 2},
	} {
		in := cryptobyte.String(c.wire)
		got, ok := appendDNSName(nil, []byte(c.wire), &in)
		if !ok || string(got) != c.want || len(in) != c.rest {
			t.Errorf("%q: %q, %v, %d bytes behind; want %q, %d", c.wire, got, ok, len(in), c.want, c.rest)
		}
		if skip := cryptobyte.String(c.wire); !skipDNSName(&skip) || len(skip) != c.rest {
			t.Errorf("%q: skipped to %d bytes, want %d", c.wire, len(skip), c.rest)
		}
		for size := range len(c.wire) - c.rest {
			if in := cryptobyte.String(c.wire[:size]); skipDNSName(&in) {
				t.Errorf("%q: a name is seen in %d bytes", c.wire, size)
			}
		}
	}
}

func TestDNSNameRefused(t *testing.T) {
	label := "\x3f" + strings.Repeat("a", 63)
	chain := []byte{0}
	for to, i := 0, 0; i <= maxDNSJumps; i++ { // each points to the one before it
		here := len(chain)
		chain = append(chain, dnsPointer|byte(to>>8), byte(to))
		to = here
	}
	for name, c := range map[string]struct {
		msg string
		at  int
	}{
		"loop to itself":       {"\xc0\x00", 0},
		"loop of two":          {"\xc0\x02\xc0\x00", 0},
		"loop with a label":    {"\x01a\xc0\x00", 0},
		"pointer to nowhere":   {"\xc0\x09", 0},
		"pointer cut":          {"\xc0", 0},
		"reserved 01":          {"\x40\x00", 0},
		"reserved 10":          {"\x80\x00", 0},
		"label cut":            {"\x03ww", 0},
		"no end":               {"\x03www", 0},
		"256 bytes":            {label + label + label + "\x3e" + strings.Repeat("b", 62) + "\x00", 0},
		"256 bytes by pointer": {"\x3e" + strings.Repeat("b", 62) + "\x00" + label + label + label + "\xc0\x00", 64},
		"too many pointers":    {string(chain), len(chain) - 2},
		"nothing":              {"", 0},
	} {
		in := cryptobyte.String(c.msg[c.at:])
		if got, ok := appendDNSName(nil, []byte(c.msg), &in); ok {
			t.Errorf("%s: %q", name, got)
		}
	}
	in := cryptobyte.String(chain[len(chain)-4 : len(chain)-2])
	if _, ok := appendDNSName(nil, chain, &in); !ok {
		t.Errorf("%d pointers are refused", maxDNSJumps)
	}
	longest := label + label + label + "\x3d" + strings.Repeat("b", 61) + "\x00"
	in = cryptobyte.String(longest)
	if got, ok := appendDNSName(nil, []byte(longest), &in); !ok || len(got) != maxDNSName-2 {
		t.Errorf("the longest name: %d characters, %v", len(got), ok)
	}
}

// TestDNSPointerBomb holds a response of 64 KiB, in which every record points to the longest chain, to a time that is linear in its size.
func TestDNSPointerBomb(t *testing.T) {
	msg := dnsReply(1, "a.example.", typeA)
	records := (1<<16 - 1 - len(msg)) / 16
	msg[6], msg[7] = byte(records>>8), byte(records)
	for range records {
		msg = append(msg, "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\xc0\x00\x02\x01"...)
	}
	c := newTalk(stub, recursive)
	c.stream(0, prefixed(nil, dnsQuery(1, "a.example.", typeA)), 1<<16)
	c.stream(1, prefixed(nil, msg), 1<<16)
	if got := len(c.over().rows); got != records+1 {
		t.Errorf("%d rows of %d records", got, records)
	}
}

func TestDNSManyQuestions(t *testing.T) {
	const many = 10000
	msg := dnsQuery(1, ".", typeA)
	msg[4], msg[5] = many>>8, many&0xff
	for range many - 1 {
		msg = append(msg, "\x00\x00\x01\x00\x01"...)
	}
	if got := len(newTalk(stub, recursive).up(msg).over().rows); got != 1 { // all are the same question
		t.Errorf("%d rows, want 1", got)
	}
}

// labels undoes the presentation form.
func labels(name []byte) (out [][]byte) {
	if string(name) == "." {
		return nil
	}
	label := []byte{}
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '.':
			out, label = append(out, label), []byte{}
		case c != '\\':
			label = append(label, c)
		case i+3 < len(name) && name[i+1] >= '0' && name[i+1] <= '9':
			label = append(label, (name[i+1]-'0')*100+(name[i+2]-'0')*10+name[i+3]-'0')
			i += 3
		default:
			i++
			label = append(label, name[i])
		}
	}
	return append(out, label)
}

// FuzzDNSName: a name in presentation form is visible ASCII and gives back the labels of the wire; skipping ends where reading does.
func FuzzDNSName(f *testing.F) {
	f.Add([]byte("\x03www\x07example\x03com\x00"), 0)
	f.Add([]byte("\x03com\x00\x03a.b\xc0\x00"), 5)
	f.Add([]byte("\x02\x00\\\xc0\x00"), 0)
	f.Fuzz(func(t *testing.T, msg []byte, at int) {
		if at < 0 || at > len(msg) {
			return
		}
		in, skip := cryptobyte.String(msg[at:]), cryptobyte.String(msg[at:])
		name, ok := appendDNSName(nil, msg, &in)
		if !ok {
			return
		}
		if !skipDNSName(&skip) || len(skip) != len(in) {
			t.Fatalf("read to %d, skipped to %d", len(in), len(skip))
		}
		var wire []byte
		for _, l := range labels(name) {
			wire = append(append(wire, byte(len(l))), l...)
		}
		wire = append(wire, 0)
		again := cryptobyte.String(wire)
		if back, ok := appendDNSName(nil, nil, &again); !ok || !bytes.Equal(back, name) || len(wire) > maxDNSName {
			t.Fatalf("%q became %q", name, back)
		}
		if i := bytes.IndexFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }); i >= 0 {
			t.Fatalf("%q holds what is not visible", name)
		}
	})
}

// FuzzDNS: what dnsmessage parses whole has the same records here, and no message makes the reader do what it must not.
func FuzzDNS(f *testing.F) {
	f.Add(dnsQuery(1, "a.example.", typeA))
	f.Add(typicalReply())
	f.Add([]byte("\x00\x01\x81\x80\x00\x00\x00\x02\x00\x00\x00\x00\xc0\x00\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\xc0\x00\x02\x01\xc0\x00\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\xc0\x00\x02\x02"))
	f.Fuzz(func(t *testing.T, msg []byte) {
		c := newTalk(stub, recursive)
		rows := c.up(msg).down(msg).over().named()
		if len(rows) > 2*maxMessageQuestions+len(msg)/minDNSRecord+1 {
			t.Fatalf("%d rows of %d bytes", len(rows), len(msg))
		}
		var p dnsmessage.Parser
		h, err := p.Start(msg)
		if err != nil || !h.Response || h.OpCode != 0 || p.SkipAllQuestions() != nil {
			return
		}
		d, _ := readDNSHeader(msg)
		if !d.skipQuestions() {
			return // names over 255 bytes: dnsmessage does not look when it skips
		}
		var owner []byte
		for {
			want, err := p.AnswerHeader()
			if err != nil || p.SkipAnswer() != nil {
				return
			}
			var r dnsRecord
			if !d.record(&owner, &r) {
				t.Fatalf("a record of %s is refused", want.Name)
			}
			if got := strings.TrimSuffix(want.Name.String(), "."); want.Name.Length > 1 && !bytes.ContainsAny(owner, `\`) && got != string(owner) {
				t.Fatalf("owner %q, dnsmessage says %q", owner, got)
			}
			if r.rtype != uint16(want.Type) || r.class != uint16(want.Class) || r.ttl != want.TTL || len(r.data) != int(want.Length) {
				t.Fatalf("record %+v, dnsmessage says %+v", r, want)
			}
		}
	})
}
