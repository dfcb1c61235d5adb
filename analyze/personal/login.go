package personal

import (
	"bytes"
	"encoding/base64"
	"strings"

	"golang.org/x/crypto/cryptobyte"
)

// Authorization looks at the value of an Authorization field: a user with a password in Base64 (RFC 7617), or a bearer token (RFC 6750).
func Authorization(value []byte, found func(Find)) {
	f := newFinder(found)
	defer f.free()
	scheme, rest, _ := bytes.Cut(bytes.TrimSpace(value), []byte(" "))
	switch strings.ToLower(string(scheme)) {
	case "basic":
		if user, pass, ok := bytes.Cut(base64Of(rest), []byte(":")); ok && len(user)+len(pass) > 0 {
			f.login(user)
		}
	case "bearer":
		const shortest, token = 8, "a bearer token"
		if len(bytes.TrimSpace(rest)) >= shortest {
			f.tell(Credential, token, []byte(token)) // its own bucket: one that a password has too would tell of one of them alone
		}
	}
}

// base64Of decodes Base64, padded or not; nil where it is none.
func base64Of(b []byte) []byte {
	b = bytes.TrimRight(bytes.TrimSpace(b), "=")
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(b)))
	n, err := base64.RawStdEncoding.Decode(out, b)
	if err != nil {
		return nil
	}
	return out[:n]
}

// Login follows the lines of a client in FTP (RFC 959, section 4.1.1), POP3 (RFC 1939, section 7), SMTP (RFC 4954) and IMAP (RFC 9051, section 6.2). The zero value has seen none.
type Login struct {
	user  []byte
	await waited
}

// waited is what the next line holds.
type waited uint8

const (
	awaitNothing waited = iota
	awaitPlain          // an identity, a user and a password, parted by NUL (RFC 4616)
	awaitUser           // of LOGIN
	awaitPassword
)

// maxLogin is the longest line that is looked at.
const maxLogin = 1024

// Line takes one line of a client of "ftp", "pop3", "smtp" or "imap"; those of other protocols say nothing.
func (l *Login) Line(protocol string, line []byte, found func(Find)) {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) > maxLogin {
		l.await = awaitNothing
		return
	}
	f := newFinder(found)
	defer f.free()
	if l.await != awaitNothing {
		l.awaited(f, line)
		return
	}
	switch protocol {
	case "ftp", "pop3":
		l.userPass(f, line)
		if protocol == "pop3" {
			l.auth(f, line)
		}
	case "smtp":
		l.auth(f, line)
	case "imap":
		_, command, _ := bytes.Cut(line, []byte(" "))
		l.imap(f, command)
	}
}

func verb(line []byte) (verb string, rest []byte) {
	v, rest, _ := bytes.Cut(line, []byte(" "))
	if len(v) > 12 {
		return "", nil
	}
	return strings.ToUpper(string(v)), bytes.TrimSpace(rest)
}

func (l *Login) userPass(f *finder, line []byte) {
	switch v, rest := verb(line); v {
	case "USER":
		l.user = bytes.Clone(rest)
	case "PASS":
		switch strings.ToLower(string(l.user)) {
		case "anonymous", "ftp": // whose password is an address, or nothing
			f.text(rest)
			return
		}
		if len(rest) > 0 {
			f.login(l.user)
		}
	}
}

// auth: AUTH PLAIN and AUTH LOGIN, with or without an initial response.
func (l *Login) auth(f *finder, line []byte) {
	v, rest := verb(line)
	if v != "AUTH" && v != "AUTHENTICATE" {
		return
	}
	mechanism, initial := verb(rest)
	switch mechanism {
	case "PLAIN":
		l.await = awaitPlain
	case "LOGIN":
		l.await = awaitUser
	default:
		return
	}
	if len(initial) > 0 && string(initial) != "=" {
		l.awaited(f, initial)
	}
}

func (l *Login) awaited(f *finder, line []byte) {
	was := l.await
	l.await = awaitNothing
	text := base64Of(line)
	if text == nil {
		return // a cancelled exchange, or a server's word
	}
	switch was {
	case awaitPlain:
		parts := bytes.Split(text, []byte{0})
		if len(parts) == 3 && len(parts[2]) > 0 {
			f.login(parts[1])
		}
	case awaitUser:
		l.user, l.await = text, awaitPassword
	case awaitPassword:
		if len(text) > 0 {
			f.login(l.user)
		}
	}
}

func (l *Login) imap(f *finder, command []byte) {
	v, rest := verb(command)
	if v != "LOGIN" {
		l.auth(f, command)
		return
	}
	user, rest := imapString(rest)
	if pass, _ := imapString(bytes.TrimLeft(rest, " ")); len(pass) > 0 {
		f.login(user)
	}
}

// imapString is a quoted string or an atom, and what follows.
func imapString(b []byte) (s, rest []byte) {
	if len(b) == 0 || b[0] != '"' {
		s, rest, _ = bytes.Cut(b, []byte(" "))
		return s, rest
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return b[1:i], b[i+1:]
		}
	}
	return nil, nil
}

// MQTT follows the packets of one connection. The zero value has seen none.
type MQTT struct{ properties bool } // packets have properties: since version 5

// Packet looks at a packet, which may be cut short: a password of a CONNECT is a login, and what a PUBLISH carries may be compressed (MQTT 3.1.1 and 5.0, sections 3.1 and 3.3).
// At most limit bytes are decoded.
func (q *MQTT) Packet(packet []byte, limit int, found func(Find)) {
	const connect, publish = 1, 3
	f := newFinder(found)
	defer f.free()
	in := cryptobyte.String(packet)
	var first uint8
	if in.ReadUint8(&first) && skipVarint(&in) {
		switch first >> 4 {
		case connect:
			q.connect(f, in)
		case publish:
			q.publish(f, in, first, limit)
			return
		}
	}
	f.text(packet)
}

// connect reads what a client logs in with.
func (q *MQTT) connect(f *finder, in cryptobyte.String) {
	const (
		flagWill     = 0x04
		flagPassword = 0x40
		flagUser     = 0x80
		version5     = 5
	)
	var level, flags uint8
	var name, id, topic, message, user, pass cryptobyte.String
	if !in.ReadUint16LengthPrefixed(&name) || !in.ReadUint8(&level) || !in.ReadUint8(&flags) || !in.Skip(2) {
		return
	}
	q.properties = level == version5
	if !q.skipProperties(&in) || !in.ReadUint16LengthPrefixed(&id) ||
		flags&flagWill != 0 && (!q.skipProperties(&in) || !in.ReadUint16LengthPrefixed(&topic) || !in.ReadUint16LengthPrefixed(&message)) ||
		flags&flagUser != 0 && !in.ReadUint16LengthPrefixed(&user) {
		return
	}
	if flags&flagPassword != 0 && in.ReadUint16LengthPrefixed(&pass) && len(pass) > 0 {
		f.login(user)
	}
}

// publish looks at what a PUBLISH carries, and at what stands in front of it by itself, so that no value is made of both.
func (q *MQTT) publish(f *finder, in cryptobyte.String, first byte, limit int) {
	const quality = 0x06 // above 0 there is an identifier
	payload := in
	var topic cryptobyte.String
	if !payload.ReadUint16LengthPrefixed(&topic) || first&quality != 0 && !payload.Skip(2) || !q.skipProperties(&payload) {
		f.text(in)
		return
	}
	f.text(in[:len(in)-len(payload)])
	if text, _ := unpacked(payload, limit); text != nil {
		f.document(text, limit)
		return
	}
	f.document(payload, limit)
}

// varint reads a number of seven bits a byte, at most four bytes (section 1.5.5).
func varint(in *cryptobyte.String) (n int, ok bool) {
	for shift := 0; shift < 28; shift += 7 {
		var b uint8
		if !in.ReadUint8(&b) {
			return 0, false
		}
		n |= int(b&0x7f) << shift
		if b < 0x80 {
			return n, true
		}
	}
	return 0, false
}

func skipVarint(in *cryptobyte.String) bool {
	_, ok := varint(in)
	return ok
}

func (q *MQTT) skipProperties(in *cryptobyte.String) bool {
	if !q.properties {
		return true
	}
	n, ok := varint(in)
	return ok && in.Skip(n)
}
