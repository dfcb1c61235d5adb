package hostname

import (
	"bytes"

	"phonehome/analyze/flow"
	"phonehome/analyze/personal"
)

const (
	// maxLine is the longest line that is looked at: SMTP, FTP and POP3 end theirs at 512 bytes, IMAP and XMPP are longer.
	maxLine = 1024
	// maxTag is the longest tag of an IMAP command that is believed: clients count, behind a letter or two (RFC 3501, section 2.2.1).
	maxTag = 32
	// maxTalk is how many bytes of one direction are followed for a client's wish for TLS, which comes before any login.
	maxTalk = 64 << 10
)

// The text protocols in which TLS can be asked for: SMTP (RFC 3207), FTP (RFC 4217), IMAP, POP3 (RFC 2595), NNTP (RFC 4642), ManageSieve
// (RFC 5804), XMPP (RFC 6120, section 5) and IRC. They are known by the first line of either side; where two have the same
// line, by their port.
func detectSMTP(m *flow.Meta, head []byte) match {
	return matchLine(head, func(line []byte) bool {
		return line[0] != '2' || containsFold(line, "smtp") || onPort(m, 25, 587)
	}, "220 ", "220-", "ehlo ", "helo ", "lhlo ")
}

func detectFTP(m *flow.Meta, head []byte) match {
	return matchLine(head, func(line []byte) bool {
		return !hasVerb(line, "user ") || onPort(m, 21, 2121)
	}, "220 ", "220-", "auth tls", "auth ssl", "user ")
}

func detectIMAP(_ *flow.Meta, head []byte) match {
	commands := []string{"capability\r", "starttls\r", "login ", "authenticate "}
	tag, command, _ := bytes.Cut(head, []byte(" "))
	if len(tag) <= maxTag && mayBegin(command, commands...) {
		return matchLine(head, func(line []byte) bool { return hasVerb(line[min(len(line), len(tag)+1):], commands...) }, "")
	}
	return matchLine(head, anyLine, "* ok", "* preauth", "* bye ")
}

func detectPOP3(m *flow.Meta, head []byte) match {
	return matchLine(head, func(line []byte) bool {
		return !hasVerb(line, "user ") || onPort(m, 110)
	}, "+ok", "capa\r", "stls\r", "apop ", "user ")
}

func detectNNTP(m *flow.Meta, head []byte) match {
	return matchLine(head, func(line []byte) bool {
		return line[0] != '2' || containsFold(line, "nntp") || onPort(m, 119, 433)
	}, "200 ", "200-", "201 ", "201-", "mode reader")
}

func detectSieve(_ *flow.Meta, head []byte) match {
	return matchLine(head, anyLine, "\"implementation\"")
}

func detectIRC(m *flow.Meta, head []byte) match {
	return matchLine(head, func(line []byte) bool {
		if line[0] == ':' {
			return bytes.Contains(line, []byte(" NOTICE "))
		}
		return hasVerb(line, "cap ls", "nick ") || onPort(m, 6667)
	}, ":", "cap ls", "nick ", "pass ", "user ", "notice ")
}

// detectXMPP knows the namespace of streams in the opening tag (RFC 6120, section 4.8.1).
func detectXMPP(_ *flow.Meta, head []byte) match {
	for _, start := range []string{"<?xml ", "<stream:stream "} {
		if k := min(len(head), len(start)); string(head[:k]) != start[:k] {
			continue
		}
		if bytes.Contains(head, []byte("http://etherx.jabber.org/streams")) {
			return yes
		}
		if len(head) < maxLine {
			return maybe
		}
	}
	return no
}

// matchLine asks about the first line of head, when that is whole, if it begins with one of some starts in lower case; one that can't is not waited for. A
// line is text: other control characters refuse it, and so does a first byte that is not ASCII.
func matchLine(head []byte, is func(line []byte) bool, starts ...string) match {
	if !mayBegin(head, starts...) {
		return no
	}
	end := bytes.IndexByte(head, '\n')
	line := head
	if end >= 0 {
		line = head[:end+1]
	}
	for i, b := range line {
		if b < ' ' && b != '\r' && b != '\n' && b != '\t' || i == 0 && b > '~' || i >= maxLine {
			return no
		}
	}
	switch {
	case end < 0:
		return maybe
	case hasVerb(line, starts...) && is(line):
		return yes
	}
	return no
}

// anyLine is for protocols that the start of a line tells.
func anyLine([]byte) bool { return true }

// mayBegin says whether head begins with one of some words in lower case, as far as it goes.
func mayBegin(head []byte, words ...string) bool {
	for _, w := range words {
		if n := min(len(head), len(w)); equalFold(head[:n], w[:n]) {
			return true
		}
	}
	return false
}

// hasVerb says whether a line begins with one of some words in lower case.
func hasVerb(line []byte, verbs ...string) bool {
	for _, v := range verbs {
		if len(line) >= len(v) && equalFold(line[:len(v)], v) {
			return true
		}
	}
	return false
}

func containsFold(line []byte, lower string) bool {
	for i := 0; i+len(lower) <= len(line); i++ {
		if equalFold(line[i:i+len(lower)], lower) {
			return true
		}
	}
	return false
}

// onPort says whether one end has one of some ports.
func onPort(m *flow.Meta, ports ...uint16) bool {
	for _, p := range ports {
		if m.SrcPort == p || m.DstPort == p {
			return true
		}
	}
	return false
}

// lineReader follows the lines of both sides until, after the client asked for it, TLS begins. Whether the server
// consented shows in what comes: a record of TLS where a line would begin.
type lineReader struct {
	asked bool
	talk  [2]int // bytes read of each direction, but for mails
	ends  [2]struct {
		login   personal.Login
		clear   cleartext
		mail    bool   // it sends a mail
		literal int    // bytes of a mail that are still to come
		asking  []byte // the tag of the command that may send it, until it does
	}
}

func startLines(*Namer) streamReader { return new(lineReader) }

// close looks at the mail that was sent.
func (r *lineReader) close(n *Namer) {
	for i := range r.ends {
		r.ends[i].clear.mail(n)
	}
}

func (r *lineReader) gap(*Namer, *flow.Conv, *flow.Meta, int64) flow.More { return again }

func (r *lineReader) read(n *Namer, conv *flow.Conv, m *flow.Meta, data []byte) (int, flow.More) {
	end := &r.ends[m.Dir&1]
	used := 0
	for used < len(data) {
		if end.literal > 0 {
			used += r.readLiteral(n, m, data[used:])
			continue
		}
		if end.mail {
			k := r.readMail(n, m, data[used:])
			if used += k; k == 0 {
				break
			}
			continue
		}
		if r.asked && data[used] == recordHandshake {
			return used, again
		}
		k := lineLength(data[used:])
		if k == 0 {
			break
		}
		line := data[used : used+k]
		r.asked = r.asked || asksTLS(line)
		used += k
		r.talk[m.Dir&1] += k
		end.login.Line(conv.Protocol, line, n.report(&end.clear.reported, m, InLogin))
		end.mail = !r.asked && hasVerb(line, "data\r", "data\n", "bdat ")
		if conv.Protocol == "imap" && !r.asked {
			r.append(m.Dir&1, line)
		}
	}
	if r.talk[m.Dir&1] > maxTalk {
		return used, flow.Stop
	}
	return used, flow.Go
}

// mailEnd ends a mail (RFC 5321, section 4.1.1.4). Its first line end may be that of DATA.
const mailEnd = "\r\n.\r\n"

// readMail reads a mail that an end sends in clear, and looks at it when it is whole. It returns how many bytes it used: the last few may begin the mail's end.
func (r *lineReader) readMail(n *Namer, m *flow.Meta, data []byte) int {
	end := &r.ends[m.Dir&1]
	used := max(0, len(data)-len(mailEnd)+1)
	if at := bytes.Index(data, []byte(mailEnd)); at >= 0 {
		used = at + len(mailEnd)
		end.mail = false
	}
	end.clear.collect(n, m, data[:used])
	if !end.mail {
		end.clear.mail(n)
	}
	return used
}

// append looks at a line of IMAP that may announce a mail, or refuse that of the other end: with an answer to its command instead of a plus sign (RFC 9051, section 4.3).
func (r *lineReader) append(dir uint8, line []byte) {
	end, other := &r.ends[dir], &r.ends[1-dir]
	tag, _, _ := bytes.Cut(line, []byte(" "))
	if other.asking != nil && bytes.Equal(tag, other.asking) {
		other.literal, other.asking = 0, nil
	}
	size, waits := appendedLiteral(line)
	if end.literal = size; size > 0 && waits {
		end.asking = bytes.Clone(tag)
	}
}

// readLiteral reads a mail whose length was said.
func (r *lineReader) readLiteral(n *Namer, m *flow.Meta, data []byte) int {
	end := &r.ends[m.Dir&1]
	used := min(len(data), end.literal)
	end.asking = nil
	end.clear.collect(n, m, data[:used])
	if end.literal -= used; end.literal == 0 {
		end.clear.mail(n)
	}
	return used
}

// appendedLiteral is the length of the mail that follows a line of IMAP, "tag APPEND mailbox (flags) {length}", by which a client keeps it at a server (RFC 9051, sections 4.3
// and 6.3.12); 0 where none does. The client waits for the server's consent where the length has no plus sign (RFC 7888).
func appendedLiteral(line []byte) (size int, waits bool) {
	_, command, _ := bytes.Cut(line, []byte(" "))
	line = bytes.TrimRight(line, "\r\n")
	at := bytes.LastIndexByte(line, '{')
	if at < 0 || !hasVerb(command, "append ") || line[len(line)-1] != '}' {
		return 0, false
	}
	length, sent := bytes.CutSuffix(line[at+1:len(line)-1], []byte("+"))
	return max(0, contentLength(length)), !sent
}

// lineLength returns the length of the line or tag at the head of data, 0 where it is not whole.
func lineLength(data []byte) int {
	head := data[:min(len(data), maxLine)]
	if k := bytes.IndexAny(head, "\n>"); k >= 0 {
		return k + 1
	}
	if len(head) == maxLine {
		return maxLine
	}
	return 0
}

// asksTLS says whether a line of a client asks for TLS; the word of IMAP follows a tag.
func asksTLS(line []byte) bool {
	_, command, _ := bytes.Cut(line, []byte(" "))
	return hasVerb(line, "starttls", "auth tls", "auth ssl", "stls", "<starttls") || hasVerb(command, "starttls")
}
