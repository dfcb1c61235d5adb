package personal

import "bytes"

// fields are what keys of forms, JSON and XML say of their values. Keys are compared in lower case, without what parts their words.
var fields = map[string]func(f *finder, value []byte, context []byte){
	"password": password, "passwd": password, "pwd": pathlessPassword, "passphrase": password, "userpassword": password, "newpassword": password, "oldpassword": password,
	"currentpassword": password, "loginpassword": password, "passwort": password, "motdepasse": password, "wifipassword": password, "psk": password, "pass": doubtfulPassword,
	"imei": imeiField, "deviceimei": imeiField,
	"mac": macField, "macaddress": macField, "macaddr": macField, "hwaddr": macField, "bssid": macField, "wifimac": macField, "ethmac": macField, "devicemac": macField, "btmac": macField,
	"serial": serialMixed, "sn": serialMixed, "serialnumber": serialField, "serialno": serialField, "deviceserial": serialField, "deviceserialnumber": serialField,
	"ssn": ssnField, "socialsecuritynumber": ssnField, "socialsecurity": ssnField,
	"phone": phoneField, "phonenumber": phoneField, "mobile": phoneField, "mobilenumber": phoneField, "mobilephone": phoneField, "msisdn": phoneField, "telephone": phoneField,
	"cellphone": phoneField, "homephone": phoneField, "workphone": phoneField,
	"cardnumber": cardField, "ccnumber": cardField, "creditcard": cardField, "creditcardnumber": cardField, "pan": cardField, "cardno": cardField, "card": cardField,
	"iban": ibanField,
}

const (
	maxKey   = 32
	maxValue = 256
)

// fieldAt looks at the key before a separator and the value behind it.
func (f *finder) fieldAt(text []byte, at int) {
	key, quoted := keyBefore(text, at)
	if len(key) < 2 {
		return
	}
	read, plain := fieldOf(key)
	if read == nil {
		return
	}
	value, wasQuoted := valueAfter(text, at)
	if text[at] == ':' && !wasQuoted && !quoted && isCredentialKey(plain) {
		return // "password: wrong" is a sentence
	}
	if len(value) > 0 {
		read(f, value, text[max(0, at-2*nearby):at])
	}
}

// fieldOf is what reads the values of a key, and the key as fields has it; nil where it is none of them. Headers of one's own begin with X- (RFC 6648).
func fieldOf(key []byte) (read func(f *finder, value, context []byte), plain string) {
	if len(key) > 2 && key[0]|0x20 == 'x' && key[1] == '-' {
		key = key[2:]
	}
	var b [maxKey]byte
	n := 0
	for _, c := range key[:min(len(key), maxKey)] {
		if isDigit(c) || isLetter(c) {
			b[n] = c | 0x20
			n++
		}
	}
	if read = fields[string(b[:n])]; read != nil {
		plain = string(b[:n])
	}
	return read, plain
}

func isCredentialKey(key string) bool {
	return bytes.Contains([]byte(key), []byte("pass")) || key == "pwd" || key == "psk" || key == "motdepasse"
}

// keyBefore is the key that ends before a separator: "key":, key=, <key>.
func keyBefore(text []byte, at int) (key []byte, quoted bool) {
	if text[at] == '>' {
		return elementBefore(text, at), true
	}
	end := at
	for end > 0 && at-end < 2 && text[end-1] == ' ' {
		end--
	}
	if end > 0 && (text[end-1] == '"' || text[end-1] == '\'') {
		quoted = true
		end--
		if end > 0 && text[end-1] == '\\' { // JSON within JSON
			end--
		}
	}
	start := end
	for start > 0 && end-start < maxKey && isKey(text[start-1]) {
		start--
	}
	return text[start:end], quoted
}

// elementBefore is the name of the element whose tag ends at a >, without the prefix of its namespace: <key>, <ns:key attribute="x">. It is nil where that is no tag that
// opens an element.
func elementBefore(text []byte, at int) []byte {
	const longest = 256
	tag := text[max(0, at-longest):at]
	tag = tag[bytes.LastIndexByte(tag, '>')+1:]
	open := bytes.LastIndexByte(tag, '<')
	if open < 0 || len(tag) > 0 && tag[len(tag)-1] == '/' {
		return nil
	}
	name := tag[open+1:]
	if end := bytes.IndexAny(name, " \t\r\n"); end >= 0 {
		name = name[:end]
	}
	if _, local, ok := bytes.Cut(name, []byte(":")); ok {
		name = local
	}
	if len(name) > maxKey || bytes.ContainsFunc(name, func(c rune) bool { return c > '~' || !isKey(byte(c)) }) {
		return nil
	}
	return name
}

func isKey(c byte) bool { return isWord(c) || c == '-' }

// valueAfter is the value behind a separator: to the quotation mark that ends it, or to what ends a word.
func valueAfter(text []byte, at int) (value []byte, quoted bool) {
	start := at + 1
	for start < len(text) && start-at < 4 && text[start] == ' ' {
		start++
	}
	if start < len(text) && text[start] == '\\' {
		start++
	}
	if start >= len(text) {
		return nil, false
	}
	window := text[start:min(len(text), start+maxValue)]
	if q := window[0]; q == '"' || q == '\'' {
		window = window[1:]
		for i, c := range window {
			if c == q || c == '\\' {
				return window[:i], true
			}
		}
		return window, true
	}
	stop := "&;,\r\n\t\"'<>}]\x00"
	if end := bytes.IndexAny(window, stop); end >= 0 {
		window = window[:end]
	}
	if text[at] == '=' {
		window, _, _ = bytes.Cut(window, []byte(" "))
	}
	return bytes.TrimRight(window, " "), false
}

// password tells a login unless the value stands in for one.
func password(f *finder, value, context []byte) {
	if len(value) < 3 || same(value) || standsIn(value) || value[0] == '=' { // a == b is code
		return
	}
	f.login(userBefore(context))
}

// pathlessPassword is no folder: shells call theirs PWD.
func pathlessPassword(f *finder, value, context []byte) {
	if value[0] != '/' && value[0] != '~' && value[0] != '.' {
		password(f, value, context)
	}
}

// doubtfulPassword is a password only where a user stands before: passes are counted and walked over too.
func doubtfulPassword(f *finder, value, context []byte) {
	if userBefore(context) != nil {
		password(f, value, context)
	}
}

func standsIn(value []byte) bool {
	switch string(bytes.ToLower(bytes.Trim(value, "[]()"))) {
	case "null", "nil", "none", "true", "false", "undefined", "filtered", "redacted", "hidden", "removed", "changeme", "required", "optional", "string", "text", "password", "yes", "no", "incorrect",
		"wrong", "invalid", "expired", "changed", "unknown", "empty", "missing":
		return true
	}
	return bytes.HasPrefix(value, []byte("${")) || bytes.HasPrefix(value, []byte("{{")) || bytes.HasPrefix(value, []byte("***"))
}

// userKeys are the keys of a user's name.
var userKeys = []string{"username", "user", "login", "email", "userid", "uid", "account", "log"}

// userBefore is the value of the user's key that stands in front of a password; nil where there is none.
func userBefore(context []byte) []byte {
	lower := bytes.ToLower(context)
	for _, k := range userKeys {
		at := bytes.LastIndex(lower, []byte(k))
		if at < 0 || at > 0 && isLetter(lower[at-1]) {
			continue
		}
		end := at + len(k)
		for end < len(context) && (context[end] == '"' || context[end] == '\\' || context[end] == ' ' || context[end] == '_') {
			end++
		}
		if end < len(context) && (context[end] == '=' || context[end] == ':' || context[end] == '>') {
			if v, _ := valueAfter(context, end); len(v) > 0 {
				return v
			}
		}
	}
	return nil
}

// digitsOf takes what parts digits out; nil where there is anything else, or too many. Forms and queries write a space as + (WHATWG URL, section 5.1).
func digitsOf(value []byte, parts string) []byte {
	out := make([]byte, 0, maxDigits)
	for _, c := range value {
		switch {
		case isDigit(c) && len(out) < maxDigits:
			out = append(out, c)
		case c != '+' && bytes.IndexByte([]byte(parts), c) < 0:
			return nil
		}
	}
	return out
}

func imeiField(f *finder, value, _ []byte) {
	if d := digitsOf(value, " -/"); validIMEI(d) {
		f.tell(IMEI, maskIMEI(d), d)
	}
}

func cardField(f *finder, value, _ []byte) {
	if d := digitsOf(value, " -"); validCard(d) {
		f.tell(Card, maskCard(d), d)
	}
}

func ssnField(f *finder, value, _ []byte) {
	if d := digitsOf(value, " -"); validSSN(d) && !same(d) {
		f.tell(SSN, maskSSN, d)
	}
}

func ibanField(f *finder, value, _ []byte) {
	if len(value) < 4 || !isLetter(value[0]) || !isLetter(value[1]) || !isDigit(value[2]) || !isDigit(value[3]) {
		return // no country with check digits; before anything is copied
	}
	b := bytes.ToUpper(bytes.Join(bytes.FieldsFunc(value, func(c rune) bool { return c == ' ' || c == '+' }), nil))
	if validIBAN(b) {
		f.tell(IBAN, maskIBAN(b), b)
	}
}

func phoneField(f *finder, value, _ []byte) {
	const least, most = 9, 15
	value = bytes.TrimPrefix(value, []byte("+"))
	if d := digitsOf(value, " -.()/"); len(d) >= least && len(d) <= most && !same(d) {
		f.tell(Phone, maskPhone(d), d)
	}
}

// macField: six bytes in hexadecimal, of one host: no group address, not all zeros (IEEE 802, section 8).
func macField(f *finder, value, _ []byte) {
	const digits = 12
	hex := make([]byte, 0, digits)
	for _, c := range value {
		switch {
		case hexOf(c) >= 0 && len(hex) < digits:
			hex = append(hex, c|0x20)
		case c != ':' && c != '-' && c != '.':
			return
		}
	}
	if len(hex) != digits || hexOf(hex[1])&1 != 0 || same(hex) {
		return
	}
	f.tell(MAC, maskMAC(hex), hex)
}

// serialField: letters and digits, some of them digits.
func serialField(f *finder, value, _ []byte) {
	const least, most = 6, 40
	digits := 0
	for _, c := range value {
		switch {
		case isDigit(c):
			digits++
		case !isLetter(c) && c != '-':
			return
		}
	}
	if len(value) < least || len(value) > most || digits < 2 || same(value) {
		return
	}
	f.tell(Serial, maskSerial(value), bytes.ToUpper(value))
}

// serialMixed wants letters too: serials of zones, certificates and messages are numbers alone.
func serialMixed(f *finder, value, context []byte) {
	letters := 0
	for _, c := range value {
		if isLetter(c) && hexOf(c) < 0 {
			letters++
		}
	}
	if letters > 0 {
		serialField(f, value, context)
	}
}
