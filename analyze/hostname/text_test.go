package hostname

import (
	"slices"
	"strings"
	"testing"
)

// TestStreamsOfText: in text of no protocol, however it is cut, what both ends send is looked at; what begins behind it is what it is.
func TestStreamsOfText(t *testing.T) {
	const table = "name,email,phone\r\nJane Roe,jane.roe@example.org,202-555-0143\r\n"
	long := strings.Repeat("a line of a log that says nothing of anybody\n", 1000)
	mail, phone := "personal j***@e***.org stream", "personal ***43 stream"
	for name, c := range map[string]struct {
		pieces   []piece
		protocol string
		want     []string
	}{
		"a file":           {[]piece{up(table)}, "text", []string{mail, phone}},
		"in pieces":        {[]piece{up(table[:9]), up(table[9:50]), up(table[50:])}, "text", []string{mail, phone}},
		"of the server":    {[]piece{down(table)}, "text", []string{mail + " (from the server's end)", phone + " (from the server's end)"}},
		"of a long one":    {[]piece{up(long), up(table)}, "text", []string{mail, phone}},
		"beyond the bound": {[]piece{up(long), up(long), up(table)}, "text", nil},
		"behind a gap":     {[]piece{up(table), {data: "lost", lost: true}, up(long[:100])}, "text", []string{mail, phone}},
		"then TLS":         {[]piece{down("welcome to the service\r\n"), up("please encrypt what follows\r\n"), up(hello("a.example")), down("\x15\x03\x03\x00\x02\x02\x28")}, "tls", []string{"tls-sni a.example" + helloSaid}},
		"then HTTP":        {[]piece{up("the end of an older message"), up("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")}, "http", []string{"http-host a.example"}},
		"no text":          {[]piece{up("{sixteen letters} and \x00\x01\x02\x03\x04\x05\x06 jane.roe@example.org")}, "text", nil},
		"held, then TLS":   {[]piece{up("STARTTLS\r\n"), down("670 STARTTLS is fine, go ahead with the handshake\r\n"), up(hello("a.example"))}, "tls", []string{"tls-sni a.example" + helloSaid}},
		"too short":        {[]piece{up("hi\r\n"), up(hello("a.example"))}, "tls", []string{"tls-sni a.example" + helloSaid}},
	} {
		rows, protocol := hear(c.pieces...)
		for i := range rows {
			rows[i] = strings.Replace(strings.Replace(rows[i], " (from the server's end) stream", " stream (from the server's end)", 1), "  ", " ", 1)
		}
		if protocol != c.protocol || !slices.Equal(rows, c.want) {
			t.Errorf("%s: %s %q, want %s %q", name, protocol, rows, c.protocol, c.want)
		}
	}
}

// TestTextsAtATime: of text that is of no protocol so many flows are followed at a time, and no more; how many were not is counted.
func TestTextsAtATime(t *testing.T) {
	h := &heard{}
	n := NewNamer(h, Limits{})
	line := up("Jane Roe, jane.roe@example.org\n")
	flows := make([]*table, maxTexts+1)
	for i := range flows {
		flows[i] = &table{n: n, port: serverPort}
		flows[i].send(line)
	}
	if last := flows[maxTexts].c; last.State != nil || last.Protocol != "" || n.hits[limitContent] != 1 {
		t.Errorf("the last is followed: %+v; hits %v", last, n.hits)
	}
	for _, f := range flows {
		n.Close(&f.c)
	}
	if len(h.rows) != maxTexts || n.texts != 0 {
		t.Errorf("%d rows, and %d flows of text are still followed", len(h.rows), n.texts)
	}
	if rows, _ := hearWith(n, &heard{}, serverPort, []piece{line}); n.hits[limitContent] != 1 {
		t.Errorf("none is followed any more: %q", rows)
	}
}
