package hostname

import (
	"strings"
	"testing"
)

func crlf(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n\r\n") }

func TestSSDP(t *testing.T) {
	const speaker = "Linux/5.4 UPnP/1.1 Speaker/2.0"
	for name, c := range map[string]struct {
		msg  []byte
		want []string
	}{
		"notify": {crlf("NOTIFY * HTTP/1.1", "HOST: 239.255.255.250:1900", "Location: http://192.0.2.42/d.xml", "SERVER: "+speaker, "NT: upnp:rootdevice", "USN: uuid:1"),
			[]string{"1 ssdp " + speaker + " value=uuid:1 query=http://192.0.2.42/d.xml @192.0.2.42:1900"}},
		"found":         {crlf("HTTP/1.1 200 OK", "ST:ssdp:all", "Server:"+speaker), []string{"1 ssdp " + speaker + " value=ssdp:all @192.0.2.42:1900"}},
		"search":        {crlf("M-SEARCH * HTTP/1.1", "ST: urn:x", "USER-AGENT: Browser/1"), []string{"1 ssdp Browser/1 query=urn:x @192.0.2.42:1900"}},
		"bare newlines": {[]byte("NOTIFY * HTTP/1.1\nSERVER: a\n\nUSN: body"), []string{"1 ssdp a @192.0.2.42:1900"}},
		"no server":     {crlf("NOTIFY * HTTP/1.1", "USN: uuid:1"), nil},
		"user agent":    {crlf("NOTIFY * HTTP/1.1", "USER-AGENT: x"), nil}, // says what a searcher is
		"other status":  {crlf("HTTP/1.1 404 Not Found", "SERVER: x"), nil},
		"event":         {crlf("NOTIFY /event HTTP/1.1", "SERVER: x"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			newTalk("192.0.2.42:1900", "239.255.255.250:1900").up(c.msg).over().want(t, c.want...)
		})
	}
	cut := newTalk("192.0.2.42:1900", "239.255.255.250:1900")
	whole := crlf("NOTIFY * HTTP/1.1", "SERVER: a", "USN: uuid:12")
	cut.n.Datagram(&cut.c, cut.meta(0, len(whole)), whole[:len(whole)-5]) // by a snapshot
	cut.over().want(t, "1 ssdp a @192.0.2.42:1900")
	many := append([]string{"NOTIFY * HTTP/1.1"}, make([]string, 0)...)
	for range maxSSDPLines {
		many = append(many, "X: y")
	}
	newTalk("192.0.2.42:1900", "239.255.255.250:1900").up(crlf(append(many, "SERVER: late")...)).over().want(t)
	long := newTalk("192.0.2.42:1900", "239.255.255.250:1900").up(crlf("NOTIFY * HTTP/1.1", "SERVER: "+strings.Repeat("a", 2*maxSSDPValue))).over()
	long.want(t, "1 ssdp "+strings.Repeat("a", maxSSDPValue)+" @192.0.2.42:1900")
}

// FuzzSSDP: every shown text is a part of one line of the message.
func FuzzSSDP(f *testing.F) {
	f.Add(crlf("NOTIFY * HTTP/1.1", "SERVER: a", "USN: b", "LOCATION: c"))
	f.Add(crlf("M-SEARCH * HTTP/1.1", "USER-AGENT: a", "ST: b"))
	f.Fuzz(func(t *testing.T, msg []byte) {
		var x Name
		if !readSSDP(&x, msg) {
			return
		}
		for _, text := range []string{string(x.Name), string(x.Value), string(x.Query)} {
			if len(text) > maxSSDPValue || strings.ContainsAny(text, "\n") || !strings.Contains(string(msg), text) {
				t.Fatalf("%q of %q", text, msg)
			}
		}
	})
}
