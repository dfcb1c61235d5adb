package hostname

import (
	"phonehome/analyze/flow"
	"phonehome/analyze/personal"
)

// cleartext looks for personal data in what one end of a flow sends in clear. The zero value has sent nothing.
type cleartext struct {
	reported
	text    []byte    // of the message that is being collected
	from    flow.Meta // the last piece of that message
	scanned int       // bytes of all messages
	enough  bool
}

// reported are the values that were reported of one end of a flow.
type reported struct{ told map[told]struct{} }

// told identifies a value that was reported of this end.
type told struct {
	kind   personal.Kind
	bucket uint32
}

// Where personal data was found: the Value of rows of kind Personal.
const (
	inHead     = "http-header"
	inBody     = "http-body"
	InAnswer   = "http-answer"
	inSocket   = "websocket"
	InLogin    = "login"
	InMail     = "mail"
	inMQTT     = "mqtt"
	inSyslog   = "syslog"
	inDatagram = "datagram"
	inStream   = "stream"
)

// maxMessages is how much one end's messages are looked at over a WebSocket or by MQTT, in bytes after they were decompressed: weeks of a device's reports, and not hours of a
// picture. More is counted as "hostname-content".
const maxMessages = 4 << 20

// collect keeps a part of a message, as far as messages are looked at.
func (c *cleartext) collect(n *Namer, m *flow.Meta, part []byte) {
	if c.enough {
		return
	}
	if most := n.limits.Content - len(c.text); len(part) >= most {
		part, c.enough = part[:most], true
	}
	if most := max(0, n.limits.ContentShard-n.content); len(part) > most {
		part, c.enough = part[:most], true
		n.hit(limitContent)
	}
	c.text = append(c.text, part...)
	n.content += len(part)
	c.from = *m
}

// drop lets go of the message.
func (c *cleartext) drop(n *Namer) {
	n.content -= len(c.text)
	c.text, c.enough = c.text[:0], false
	if cap(c.text) > keepContent {
		c.text = nil
	}
}

// keepContent is the buffer that a flow keeps between messages, bytes.
const keepContent = 4 << 10

// body scans the message as the body of a request or an answer, and lets go of it.
func (c *cleartext) body(n *Namer, in, encoding, contentType string) {
	if len(c.text) > 0 {
		personal.Body(encoding, contentType, c.text, n.limits.Content, n.report(&c.reported, &c.from, in))
	}
	c.drop(n)
}

// mail scans the message as a mail, and lets go of it.
func (c *cleartext) mail(n *Namer) {
	if len(c.text) > 0 {
		personal.Mail(c.text, n.limits.Content, n.report(&c.reported, &c.from, InMail))
	}
	c.drop(n)
}

// piece scans bytes that are whole by themselves: a header, a datagram.
func (r *reported) piece(n *Namer, m *flow.Meta, where string, text []byte) {
	personal.Text(text, n.report(r, m, where))
}

// finding is what personal data is being looked for in.
type finding struct {
	in    *reported
	from  *flow.Meta // of its last piece
	where string
	found func(personal.Find) // told, made once: a scan of clean text allocates nothing
}

// report returns what reports the values that an end said, with the place where they were.
func (n *Namer) report(in *reported, from *flow.Meta, where string) func(personal.Find) {
	n.finding.in, n.finding.from, n.finding.where = in, from, where
	return n.finding.found
}

// found hands each value on once an end of a flow.
func (n *Namer) found(f personal.Find) {
	c, k := n.finding.in, told{f.Kind, f.Bucket}
	if _, old := c.told[k]; old {
		return
	}
	if len(c.told) >= n.limits.Personal {
		n.hit(limitPersonal)
		return
	}
	if c.told == nil {
		c.told = map[told]struct{}{}
	}
	c.told[k] = struct{}{}
	x := evidence(Personal, n.finding.from)
	x.Name, x.RRType, x.TTL, x.Value = []byte(f.Masked), string(f.Kind), f.Bucket, []byte(n.finding.where)
	n.add(x)
}

// clearDatagrams reads what devices send in datagrams of text.
type clearDatagrams struct{ ends [2]clearEnd }

// clearEnd is one end of a flow of datagrams: there may be many flows, and most say nothing.
type clearEnd struct {
	reported
	scanned int // bytes
}

func startClearDatagrams(*Namer) datagramReader { return new(clearDatagrams) }

func (r *clearDatagrams) read(n *Namer, _ *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	c := &r.ends[m.Dir&1]
	c.piece(n, m, inDatagram, payload)
	if c.scanned += len(payload); c.scanned > n.limits.Content {
		return flow.Stop
	}
	return flow.Go
}

// mostlyText says whether bytes of no known protocol are worth a look: of ten bytes nine are printable ASCII or white space.
func mostlyText(payload []byte) bool {
	odd := 0
	for _, b := range payload {
		if !isText(b) {
			if odd++; odd*10 > len(payload) {
				return false
			}
		}
	}
	return len(payload) > 0
}

// isText says whether a byte is printable ASCII or white space.
func isText(b byte) bool { return ' ' <= b && b <= '~' || b == '\n' || b == '\r' || b == '\t' }
