package intel

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// fuzzFormat holds of one format's reader: whatever a file says, all it has is accounted for, what it gives is bounded text, nothing inside or reserved matches,
// each indicator that is kept can be found, and reading it again gives the same.
func fuzzFormat(f *testing.F, name string) {
	all := samples(f)
	text := all[name]
	f.Add(text)
	for _, cut := range []int{1, len(text) / 2, len(text) - 1} {
		f.Add(text[:cut])
		f.Add(bytes.ReplaceAll(text, []byte("192.0.2."), []byte("::ffff:10.0.0.")))
		f.Add(append(bytes.Clone(text[cut:]), text...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		s, err := readAs(name, data)
		if err != nil {
			return
		}
		checkSet(t, s)
		again, err := readAs(name, data)
		if err != nil || !reflect.DeepEqual(s.lists, again.lists) || !reflect.DeepEqual(s.listed.entries, again.listed.entries) {
			t.Fatalf("read again it is another: %v", err)
		}
	})
}

// readAs reads a file as a format, whatever it looks like, as long as its head can be read.
func readAs(name string, data []byte) (*Set, error) {
	h, err := newHead(data)
	if err != nil {
		return nil, err
	}
	b := newBuilder()
	b.lists = []List{{Name: "x", Format: name}}
	for _, f := range formats {
		if f.name != name || !f.recognise(h) {
			continue
		}
		err = f.read(&reader{builder: b, list: &b.lists[0], head: h, data: h.data})
	}
	return b.set(), err
}

func checkSet(t *testing.T, s *Set) {
	t.Helper()
	l := s.lists[0]
	if n := len(s.listed.entries) + len(s.warned.entries) + len(s.substrings); n != l.Indicators {
		t.Fatalf("%d entries, %d indicators", n, l.Indicators)
	}
	if l.Warnings && len(s.listed.entries) > 0 {
		t.Fatal("a warning list makes hits")
	}
	if !shown(l.Name) || len(l.Examples) > maxExamples || l.Date != "" && len(l.Date) != len("2006-01-02") {
		t.Fatalf("%+v", l)
	}
	for i := range s.listed.entries {
		e := &s.listed.entries[i]
		h := s.listed.hit(e)
		if !shown(h.Indicator) || !shown(h.Description) || h.Indicator == "" || len(h.Description) > 2*maxDescription+20 {
			t.Fatalf("%+v", h)
		}
		if hits := lookUp(s, e, h); len(hits) == 0 && e.keyLen < maxName-1 { // below the longest names there is none
			t.Fatalf("%+v is listed and not found", h)
		}
	}
}

// shown says whether a text may be shown: no control characters, and UTF-8.
func shown(s string) bool { return utf8.ValidString(s) && !strings.ContainsFunc(s, isControl) }

// lookUp looks up what an entry lists.
func lookUp(s *Set, e *entry, h Hit) []Hit {
	k := s.listed.key(e)
	t, rest := tag(k[0]), k[1:]
	if h.Port != 0 {
		rest = rest[2:]
	}
	switch t {
	case tagBelow:
		return s.Host("x."+string(rest), 0)
	case tagDomain, tagDomainPort, tagWithin, tagNameURL, tagNameURLPort:
		return s.Host(string(rest), h.Port)
	}
	p := netip.PrefixFrom(netip.AddrFrom16([16]byte(rest[1:])), int(rest[0]))
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	if a := p.Addr(); !reserved(a) {
		return s.Addr(a, h.Port)
	}
	return s.Addr(last(p), h.Port)
}

func FuzzPlain(f *testing.F)       { fuzzFormat(f, "plain") }
func FuzzNetset(f *testing.F)      { fuzzFormat(f, "netset") }
func FuzzDROP(f *testing.F)        { fuzzFormat(f, "spamhaus-drop") }
func FuzzHosts(f *testing.F)       { fuzzFormat(f, "hosts") }
func FuzzFeodo(f *testing.F)       { fuzzFormat(f, "feodo") }
func FuzzThreatFox(f *testing.F)   { fuzzFormat(f, "threatfox") }
func FuzzURLhaus(f *testing.F)     { fuzzFormat(f, "urlhaus") }
func FuzzReputation(f *testing.F)  { fuzzFormat(f, "suricata-iprep") }
func FuzzCategories(f *testing.F)  { fuzzFormat(f, "suricata-categories") }
func FuzzZeek(f *testing.F)        { fuzzFormat(f, "zeek-intel") }
func FuzzMISP(f *testing.F)        { fuzzFormat(f, "misp") }
func FuzzManifest(f *testing.F)    { fuzzFormat(f, "misp-manifest") }
func FuzzSTIX(f *testing.F)        { fuzzFormat(f, "stix") }
func FuzzWarninglist(f *testing.F) { fuzzFormat(f, "misp-warninglist") }

// FuzzRead: any file is a list or an error that names the file and a line.
func FuzzRead(f *testing.F) {
	for _, text := range samples(f) {
		f.Add(text)
		f.Add(inUTF16(binary.LittleEndian, string(text)))
		f.Add(inGzip(f, text))
	}
	f.Add([]byte("<html>"))
	f.Add([]byte(strings.Repeat("[", 1000)))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Read([]Input{{"name", data}})
		if err != nil {
			if !strings.HasPrefix(err.Error(), "intel: name:") {
				t.Fatal(err)
			}
			return
		}
		checkSet(t, s)
	})
}

// FuzzPattern: a pattern is understood as a whole or not at all, and any number of spaces around it changes nothing.
func FuzzPattern(f *testing.F) {
	for _, p := range patterns {
		f.Add(p.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out, ok := parsePattern(text)
		if !ok {
			return
		}
		if len(out) == 0 {
			t.Fatal("understood, and says nothing")
		}
		if spaced, ok := parsePattern(" " + text + "\n"); !ok || !reflect.DeepEqual(out, spaced) {
			t.Fatalf("%q with spaces: %v", text, spaced)
		}
		twice, ok := parsePattern(text + " OR " + text)
		if !ok || len(twice) != 2*len(out) {
			t.Fatalf("%q twice: %v", text, twice)
		}
	})
}
