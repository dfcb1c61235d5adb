package intel

import (
	"bytes"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
)

// many is a list of n indicators of all forms, with no two alike.
func many(n int) []byte {
	var b bytes.Buffer
	b.WriteString("# many\n")
	for i := range n {
		switch i % 5 {
		case 0:
			fmt.Fprintf(&b, "%d.%d.%d.%d\n", 1+i>>24, 20+i>>16&0x3f, i>>8&0xff, i&0xff)
		case 1:
			fmt.Fprintf(&b, "%d.%d.%d.0/24\n", 11+i>>16, i>>8&0xff, i&0xff)
		case 2:
			fmt.Fprintf(&b, "http://cdn%d.example.org:8080/path/%d.bin\n", i, i*7919)
		default:
			fmt.Fprintf(&b, "host-%x.sub%d.example.net\n", i*2654435761, i%97)
		}
	}
	return b.Bytes()
}

const hundredThousand = 100_000

// maxHeap is the most that a list of 100,000 indicators may add to the heap; half of the bar that the project set itself.
const maxHeap = 20 << 20

// TestMemory: what a set of 100,000 indicators keeps, and what was allocated to read it.
func TestMemory(t *testing.T) {
	text := many(hundredThousand)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := mustRead(t, text)
	runtime.ReadMemStats(&after)
	if all := after.TotalAlloc - before.TotalAlloc; all > 2*maxHeap {
		t.Errorf("%d bytes were allocated to read the list, above %d", all, 2*maxHeap)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	kept := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	if kept > maxHeap {
		t.Errorf("the set keeps %d bytes, above %d", kept, maxHeap)
	}
	t.Logf("%d KiB kept, %d KiB allocated", kept>>10, (after.TotalAlloc-before.TotalAlloc)>>10)
	if l := s.Lists()[0]; l.Indicators != hundredThousand {
		t.Errorf("%d indicators", l.Indicators)
	}
	runtime.KeepAlive(text)
}

// TestLookUpWithoutAllocation: most look-ups find nothing, and cost no memory.
func TestLookUpWithoutAllocation(t *testing.T) {
	s := mustRead(t, append(many(1000), "*.wild.example.com\n"...))
	a, b := netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("2001:db8::9")
	if n := testing.AllocsPerRun(100, func() {
		if s.Addr(a, 443) != nil || s.Addr(b, 443) != nil || s.Host("www.Not-Listed.example.com.", 443) != nil {
			t.Error("found")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRead(b *testing.B) {
	plain := many(hundredThousand)
	for name, text := range map[string][]byte{"plain": plain, "threatfox": asThreatFox(plain), "misp": asMISP(plain), "stix": asSTIX(plain)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if l := mustRead(b, text).Lists()[0]; l.Format != name || l.Indicators < hundredThousand*3/5 {
					b.Fatalf("%+v", l)
				}
			}
		})
	}
}

// asThreatFox, asMISP and asSTIX write the names of a plain list, and its addresses where the format has them, in other formats.
func asThreatFox(plain []byte) []byte {
	return rewrite(plain, "# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"threat_type\",\"fk_malware\",\"malware_alias\",\"malware_printable\"\n", "", "", func(kind, value string) string {
		kind = map[string]string{"domain": "domain", "url": "url", "ip-dst": "ip:port"}[kind]
		return fmt.Sprintf("\"2026-07-04 22:19:04\", \"1\", \"%s\", \"%s\", \"botnet_cc\", \"win.invented\", \"None\", \"InventedBot\"\n", value, kind)
	})
}

func asMISP(plain []byte) []byte {
	return rewrite(plain, `{"Event": {"info": "many", "Attribute": [`, ",", "]}}", func(kind, value string) string {
		return fmt.Sprintf(`{"type": "%s", "value": "%s", "to_ids": true, "comment": "", "category": "Network activity", "uuid": "5f0c2f4e-0000-4000-8000-000000000001", "timestamp": "1780000000"}`, kind, value)
	})
}

func asSTIX(plain []byte) []byte {
	return rewrite(plain, `{"type": "bundle", "objects": [`, ",", "]}", func(kind, value string) string {
		path := map[string]string{"domain": "domain-name:value", "url": "url:value", "ip-dst": "ipv4-addr:value"}[kind]
		return fmt.Sprintf(`{"type": "indicator", "pattern_type": "stix", "created": "2026-01-02T00:00:00Z", "modified": "2026-01-02T00:00:00Z", "valid_from": "2026-01-02T00:00:00Z", "pattern": "[%s = '%s']"}`, path, value)
	})
}

func rewrite(plain []byte, before, between, after string, row func(kind, value string) string) []byte {
	var b bytes.Buffer
	b.WriteString(before)
	for i, line := range strings.Split(strings.TrimSpace(string(plain)), "\n")[1:] {
		if i > 0 {
			b.WriteString(between)
		}
		kind := "domain"
		if isNetwork([]byte(line)) {
			kind = "ip-dst"
		} else if strings.Contains(line, "://") {
			kind = "url"
		}
		b.WriteString(row(kind, line))
	}
	b.WriteString(after)
	return b.Bytes()
}

func BenchmarkLookUp(b *testing.B) {
	s := mustRead(b, many(hundredThousand))
	a := netip.MustParseAddr("203.0.113.9")
	b.Run("address", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Addr(a, 443)
		}
	})
	b.Run("name", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Host("v10.events.data.example.com", 443)
		}
	})
	b.Run("hit", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Host("cdn2.example.org", 8080)
		}
	})
}

// TestAlike: thousands of URLs of one host are one look-up, and what is not shown is counted.
func TestAlike(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "https://shared.example.com/%d\n", i)
	}
	hits := mustRead(t, []byte(b.String()), []byte("https://shared.example.com/other\nhttps://shared.example.com/other\n")).Host("shared.example.com", 0)
	if len(hits) != maxAlike+1 || hits[maxAlike-1].More != 1000-maxAlike || hits[maxAlike].List != 1 || hits[maxAlike].More != 0 {
		t.Errorf("%d hits: %+v", len(hits), hits)
	}
}

// TestWidest: networks that are too wide to mean their addresses never match, the widest that may do.
func TestWidest(t *testing.T) {
	s := mustRead(t, []byte("8.0.0.0/7\n2000::/15\n16.0.0.0/8\n2001::/16\n192.168.0.0/15\n::ffff:198.51.100.0/120\n::/0\n"))
	if l := s.Lists()[0]; l.Indicators != 4 || l.Ignored != 3 {
		t.Errorf("%+v", l)
	}
	for what, want := range map[string]int{"8.8.8.8": 0, "16.1.1.1": 1, "2001:db8::1": 1, "192.169.0.1": 1, "192.168.0.1": 0, "198.51.100.3": 1, "::ffff:198.51.100.3": 1} {
		if got := len(s.Addr(netip.MustParseAddr(what), 0)); got != want {
			t.Errorf("%s: %d hits, want %d", what, got, want)
		}
	}
}
