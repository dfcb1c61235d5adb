package hostname

import (
	"bytes"
	"strconv"

	"phonehome/analyze/flow"
)

// maxSyslog is the longest message that is looked at as a whole, in bytes: what receivers should take (RFC 5424, section 6.1).
const maxSyslog = 2048

var months = []string{"Jan ", "Feb ", "Mar ", "Apr ", "May ", "Jun ", "Jul ", "Aug ", "Sep ", "Oct ", "Nov ", "Dec "}

// detectSyslogStream: a message of syslog over TCP, with its length in front or a line end behind (RFC 6587, section 3.4). Behind its priority stands the version (RFC 5424, section 6.2.2) or
// a month (RFC 3164, section 4.1.2); on its port that may be missing.
func detectSyslogStream(of *flow.Meta, head []byte) match {
	if len(head) <= maxCountDigits && len(bytes.TrimLeft(head, "0123456789")) == 0 {
		return maybe // a length
	}
	start, _ := octetCount(head)
	rest, m := afterPriority(head[start:])
	if m != yes || onPort(of, portSyslog) {
		return m
	}
	m = hasPrefix(rest, "1 ")
	for _, month := range months {
		m = max(m, hasPrefix(rest, month))
	}
	return m
}

// afterPriority is what follows "<PRI>", a priority of 0 to 191 (RFC 5424, section 6.2.1).
func afterPriority(head []byte) ([]byte, match) {
	if m := hasPrefix(head, "<"); m != yes {
		return nil, m
	}
	const maxPriority, maxDigits = 191, 3
	digits, _, whole := bytes.Cut(head[1:min(len(head), 2+maxDigits)], []byte(">"))
	for _, c := range digits {
		if c < '0' || c > '9' {
			return nil, no
		}
	}
	if !whole && len(digits) <= maxDigits {
		return nil, maybe
	}
	if priority, err := strconv.Atoi(string(digits)); !whole || err != nil || priority > maxPriority {
		return nil, no
	}
	return head[2+len(digits):], yes
}

const maxCountDigits = 5

// octetCount reads the length in front of a message: how long that is itself, with its space, and the message's; 0 where there is none.
func octetCount(data []byte) (start, length int) {
	digits, _, ok := bytes.Cut(data[:min(len(data), maxCountDigits+1)], []byte(" "))
	if n, err := strconv.ParseUint(string(digits), 10, 16); ok && err == nil {
		return len(digits) + 1, int(n)
	}
	return 0, 0
}

// syslogStream looks for personal data in messages.
type syslogStream struct{ ends [2]cleartext }

func startSyslogStream(*Namer) streamReader { return new(syslogStream) }

func (r *syslogStream) gap(*Namer, *flow.Conv, *flow.Meta, int64) flow.More { return again }

func (r *syslogStream) read(n *Namer, _ *flow.Conv, m *flow.Meta, data []byte) (int, flow.More) {
	c := &r.ends[m.Dir&1]
	used := 0
	for used < len(data) {
		k := syslogLength(data[used:])
		if k == 0 {
			break
		}
		c.piece(n, m, inSyslog, data[used:used+k])
		used += k
	}
	if c.scanned += used; c.scanned > n.limits.Content {
		return used, flow.Stop
	}
	return used, flow.Go
}

// syslogLength is the length of the message at the head of data, with what parts it from the next; 0 where it is not whole.
func syslogLength(data []byte) int {
	start, length := octetCount(data)
	if length == 0 {
		length = 1 + bytes.IndexByte(data[:min(len(data), maxSyslog)], '\n')
	}
	switch end := start + length; {
	case length > 0 && end <= len(data):
		return end
	case len(data) >= maxSyslog:
		return maxSyslog
	}
	return 0
}
