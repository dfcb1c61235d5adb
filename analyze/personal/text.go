package personal

import (
	"bytes"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// class says what a byte may begin, or may stand in the middle of.
var class = func() (t [256]byte) {
	for c := '0'; c <= '9'; c++ {
		t[c] = classDigit
	}
	t['@'], t['+'], t['='], t[':'], t['>'] = classAt, classPlus, classField, classField, classField
	return t
}()

const (
	classDigit = iota + 1
	classAt
	classPlus
	classField
)

// Text looks for personal data in text: a URL, a header, JSON, XML, a form, a mail, lines of a log. Bytes that are written as %XX or \u00XX are read as what they stand for.
// Its time is linear in the length of the text.
func Text(text []byte, found func(Find)) {
	f := newFinder(found)
	defer f.free()
	f.text(text)
}

func (f *finder) text(text []byte) {
	if bytes.IndexByte(text, '%') >= 0 || bytes.Contains(text, jsonEscape) {
		text = unescape(text)
	}
	f.listed = 0
	for i := 0; i < len(text); {
		switch class[text[i]] {
		case classDigit:
			i = f.number(text, i)
			continue
		case classAt:
			f.email(text, i)
		case classPlus:
			f.international(text, i)
		case classField:
			f.fieldAt(text, i)
		}
		i++
	}
	f.tables(text)
}

// jsonEscape begins an ASCII character that JSON writes by its number (RFC 8259, section 7).
var jsonEscape = []byte(`\u00`)

// unescape reads percent-encoding (RFC 3986, section 2.1) and the ASCII among JSON's escapes. What is none stays.
func unescape(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		digits := 0 // where two stand for a byte
		switch {
		case text[i] == '%':
			digits = i + 1
		case text[i] == '\\' && bytes.HasPrefix(text[i:], jsonEscape):
			digits = i + len(jsonEscape)
		}
		if digits > 0 && digits+1 < len(text) {
			hi, lo := hexOf(text[digits]), hexOf(text[digits+1])
			if hi >= 0 && lo >= 0 && (text[i] == '%' || hi < 8) {
				out = append(out, byte(hi<<4|lo))
				i = digits + 1
				continue
			}
		}
		out = append(out, text[i])
	}
	return out
}

func hexOf(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isWord(c byte) bool   { return isDigit(c) || isLetter(c) || c == '_' }

// email: a local part of the usual characters, a domain below a public suffix (RFC 5321, section 4.1.2, without quoted forms).
func (f *finder) email(text []byte, at int) {
	const maxLocal, maxDomain = 64, 253
	start := at
	for start > 0 && at-start <= maxLocal && isLocal(text[start-1]) {
		start--
	}
	end := at + 1
	for end < len(text) && end-at <= maxDomain && isDomain(text[end]) {
		end++
	}
	local, domain := bytes.TrimLeft(text[start:at], ".-%+_"), bytes.TrimRight(text[at+1:end], ".-")
	if len(local) == 0 || len(local) > maxLocal || local[len(local)-1] == '.' || !mailDomain(domain) || notMail(text, at-len(local), at+1+len(domain)) {
		return
	}
	f.tell(Email, maskEmail(local, domain), bytes.ToLower(text[at-len(local):at+1+len(domain)]))
}

func isLocal(c byte) bool  { return isWord(c) || c == '.' || c == '-' || c == '+' || c == '%' }
func isDomain(c byte) bool { return isDigit(c) || isLetter(c) || c == '.' || c == '-' }

func mailDomain(domain []byte) bool {
	dot := bytes.LastIndexByte(domain, '.')
	if dot < 1 || len(domain)-dot < 3 || domain[0] == '-' || bytes.Contains(domain, []byte("..")) {
		return false
	}
	for _, c := range domain[dot+1:] {
		if !isLetter(c) {
			return false
		}
	}
	lower := string(bytes.ToLower(domain))
	suffix, icann := publicsuffix.PublicSuffix(lower)
	return icann && suffix != lower
}

// notMail says whether what looks like an address is something else: the user of a URL, of a telephone exchange or of a remote path, a name of SSH, or an identifier of a message.
func notMail(text []byte, start, end int) bool {
	if bytes.HasSuffix(text[:start], []byte("//")) || bytes.HasSuffix(text[:start], []byte("sip:")) || bytes.HasSuffix(text[:start], []byte("sips:")) || start > 0 && text[start-1] == ':' && bytes.LastIndex(text[max(0, start-64):start], []byte("//")) >= 0 {
		return true // scheme://user@host, scheme://user:password@host
	}
	if end+1 < len(text) && text[end] == ':' && (isLetter(text[end+1]) || text[end+1] == '/' || text[end+1] == '~') {
		return true // user@host:path
	}
	if isAlgorithm(string(bytes.ToLower(text[start:end]))) {
		return true
	}
	const longest = 256 // of a line's beginning: text without lines must not be searched back for each address
	line := text[max(0, start-longest):start]
	line = line[bytes.LastIndexByte(line, '\n')+1:]
	name, _, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return false
	}
	switch string(bytes.ToLower(name)) {
	case "message-id", "in-reply-to", "references", "content-id", "call-id", "resent-message-id", "x-message-id":
		return true
	}
	return false
}

// isAlgorithm knows the names that SSH implementations gave to what is their own, which have the form of addresses (RFC 4251, section 6).
func isAlgorithm(name string) bool {
	return strings.HasSuffix(name, "@openssh.com") || strings.HasSuffix(name, "@libssh.org") || name == "rijndael-cbc@lysator.liu.se"
}

const (
	maxDigits = 34 // of an account number
	nearby    = 64 // bytes before a number in which a word says what it is
)

// run is digits with single spaces or dashes between groups.
type run struct {
	digits [maxDigits]byte
	n      int
	groups [maxDigits]uint8
	count  int
	sep    byte // 0: none
	end    int
}

// number looks at the digits that begin at i, and returns where they end.
func (f *finder) number(text []byte, i int) int {
	end := i
	for end < len(text) && isDigit(text[end]) {
		end++
	}
	if i > 1 && end-i >= 2 && isUpper(text[i-1]) && isUpper(text[i-2]) && (i == 2 || !isWord(text[i-3])) {
		if k := f.iban(text, i-2); k > 0 {
			return k
		}
	}
	if end-i > 19 || i > 0 && (isWord(text[i-1]) || text[i-1] == '.' || text[i-1] == '-' || text[i-1] == '+') {
		return end
	}
	r := grouped(text, i)
	if !boundary(text, r.end) {
		return end
	}
	switch {
	case f.ssn(text, i, &r), f.card(text, i, &r), f.imei(text, i, &r):
		return r.end
	}
	return end
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

// boundary says whether a number may end before a byte. A comma parts cells of tables: no kind of number goes on behind one.
func boundary(text []byte, end int) bool {
	if end >= len(text) {
		return true
	}
	c := text[end]
	if c == '.' || c == '-' || c == ':' || c == '/' {
		return end+1 >= len(text) || !isWord(text[end+1])
	}
	return !isWord(c)
}

// grouped reads digits in groups that one space or dash parts, all by the same.
func grouped(text []byte, i int) (r run) {
	for r.end = i; r.end < len(text) && r.n < maxDigits; r.end++ {
		c := text[r.end]
		switch {
		case isDigit(c):
			r.digits[r.n] = c
			r.n++
			r.groups[r.count]++
			continue
		case c != ' ' && c != '-', r.sep != 0 && c != r.sep, r.end+1 >= len(text) || !isDigit(text[r.end+1]), r.count+1 == maxDigits:
			r.count++
			return r
		}
		r.sep = c
		r.count++
	}
	r.count++
	return r
}

func (r *run) in(groups ...uint8) bool { return bytes.Equal(r.groups[:r.count], groups) }

func (r *run) all() []byte { return r.digits[:r.n] }

// near says whether one of some words, in lower case, stands within a few bytes before i, as a word.
func near(text []byte, i int, words ...string) bool {
	window := bytes.ToLower(text[max(0, i-nearby):i])
	for _, w := range words {
		for rest := window; ; {
			at := bytes.Index(rest, []byte(w))
			if at < 0 {
				break
			}
			end := at + len(w)
			if (at == 0 || !isLetter(rest[at-1])) && (end == len(rest) || !isLetter(rest[end])) {
				return true
			}
			rest = rest[end:]
		}
	}
	return false
}

// ssn: ddd-dd-dddd where a word before says so, or one stands in the line above, as in a table.
func (f *finder) ssn(text []byte, i int, r *run) bool {
	if !r.in(3, 2, 4) || !validSSN(r.all()) || !near(text, i, "ssn", "social security", "socialsecurity") && !f.below(text, i) {
		return false
	}
	f.tell(SSN, maskSSN, r.all())
	f.listed = r.end
	return true
}

// below says whether what begins at i is in the line after the last number that was told by a word.
func (f *finder) below(text []byte, i int) bool {
	const row = 256 // bytes, at most
	return f.listed > 0 && i-f.listed < row && bytes.Count(text[f.listed:i], []byte("\n")) == 1
}

// validSSN leaves out what is never given out: areas 000, 666 and 900 on, group 00, serial 0000 (SSA, "Social Security Number Randomization").
func validSSN(d []byte) bool {
	return len(d) == 9 && string(d[:3]) != "000" && string(d[:3]) != "666" && d[0] != '9' && string(d[3:5]) != "00" && string(d[5:]) != "0000"
}

// card: grouped as on the card, or where a word before says so.
func (f *finder) card(text []byte, i int, r *run) bool {
	if !validCard(r.all()) {
		return false
	}
	printed := r.in(4, 4, 4, 4) || r.in(4, 6, 5) || r.in(4, 6, 4)
	if !printed && (r.sep != 0 || !near(text, i, "card", "cardnumber", "card number", "pan", "visa", "mastercard", "amex", "credit", "creditcard", "ccnumber", "payment")) {
		return false
	}
	f.tell(Card, maskCard(r.all()), r.all())
	return true
}

// validCard: a check digit (ISO/IEC 7812-1, annex B) and the range and length of an issuer.
func validCard(d []byte) bool {
	if len(d) < 13 || len(d) > 19 || !luhn(d) || same(d) {
		return false
	}
	two, three, four := value(d[:2]), value(d[:3]), value(d[:4])
	switch n := len(d); {
	case d[0] == '4':
		return n == 13 || n == 16 || n == 19
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720:
		return n == 16
	case two == 34, two == 37:
		return n == 15
	case four == 6011, two == 65, three >= 644 && three <= 649:
		return n >= 16
	case two == 36, two == 38, three >= 300 && three <= 305:
		return n == 14 || n == 16 || n == 19
	case four >= 3528 && four <= 3589:
		return n >= 16
	case two == 62:
		return n >= 16
	}
	return false
}

func value(d []byte) (n int) {
	for _, c := range d {
		n = n*10 + int(c-'0')
	}
	return n
}

func luhn(d []byte) bool {
	sum := 0
	for i := range d {
		v := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

// same says whether all bytes are the same, as in what stands in for a value.
func same(d []byte) bool {
	for _, c := range d {
		if c != d[0] {
			return false
		}
	}
	return true
}

// imei: 15 digits with a check digit, where the word stands before (3GPP TS 23.003, section 6.2).
func (f *finder) imei(text []byte, i int, r *run) bool {
	if !validIMEI(r.all()) || !near(text, i, "imei") {
		return false
	}
	f.tell(IMEI, maskIMEI(r.all()), r.all())
	return true
}

func validIMEI(d []byte) bool { return len(d) == 15 && luhn(d) && !same(d) }

// international: a number that begins with + and the code of a country, in groups or where a word before says so (ITU-T E.164 and E.123).
func (f *finder) international(text []byte, i int) {
	const least, most = 8, 15
	if i > 0 && (isWord(text[i-1]) || text[i-1] == '+' || text[i-1] == '/') || i+1 >= len(text) || text[i+1] < '1' || text[i+1] > '9' {
		return
	}
	var digits [most]byte
	n, parts, end, dots := 0, 0, i+1, 0
	for ; end < len(text); end++ {
		c := text[end]
		if isDigit(c) {
			if n == most {
				return
			}
			digits[n] = c
			n++
			continue
		}
		if c != ' ' && c != '-' && c != '.' && c != '(' && c != ')' || end+1 >= len(text) || !isDigit(text[end+1]) && text[end+1] != '(' && text[end+1] != ' ' {
			break
		}
		if c == '.' {
			dots++
		}
		parts++
	}
	if n < least || !boundary(text, end) || same(digits[:n]) {
		return
	}
	if parts-dots < 2 && dots < 3 && !near(text, i, phoneWords...) {
		return
	}
	f.tell(Phone, maskPhone(digits[:n]), digits[:n])
}

var phoneWords = []string{"tel", "phone", "phonenumber", "mobile", "msisdn", "cell", "telephone", "whatsapp", "callerid"}

// ibanLength is the length of an account number by country (ISO 13616, IBAN registry).
var ibanLength = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28,
	"EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27,
	"JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15,
	"PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29,
	"VA": 22, "VG": 24, "XK": 20,
}

// iban looks at an account number that begins at i, and returns where it ends, 0 if there is none.
func (f *finder) iban(text []byte, i int) int {
	most := ibanLength[string(text[i:i+2])]
	var b [maxDigits]byte
	n, end := 0, i
	for ; end < len(text) && n < most; end++ {
		switch c := text[end]; {
		case isDigit(c) || isUpper(c):
			b[n] = c
			n++
		case c == ' ' && n%4 == 0 && n > 0:
		default:
			return 0
		}
	}
	if most == 0 || n < most || !boundary(text, end) || !validIBAN(b[:n]) {
		return 0
	}
	f.tell(IBAN, maskIBAN(b[:n]), b[:n])
	return end
}

// validIBAN: the country's length, digits for the most part, and the check digits (ISO 13616-1, section 6; modulo 97 of ISO/IEC 7064).
func validIBAN(b []byte) bool {
	if len(b) < 4 || ibanLength[string(b[:2])] != len(b) {
		return false
	}
	rest, digits := 0, 0
	for i := range b {
		switch c := b[(i+4)%len(b)]; {
		case isDigit(c):
			rest = (rest*10 + int(c-'0')) % 97
			digits++
		case isUpper(c):
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1 && digits*2 >= len(b)
}
