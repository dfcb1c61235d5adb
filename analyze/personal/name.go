package personal

import "bytes"

// nameFields are the keys that a label may begin with, or stand beside: those of fields whose values can be told from the words and numbers that names are made of.
var nameFields = func() map[string]func(*finder, []byte, []byte) {
	out := map[string]func(*finder, []byte, []byte){}
	for _, k := range []string{"imei", "deviceimei", "mac", "macaddress", "macaddr", "wifimac", "ethmac", "devicemac", "ssn", "card", "cardnumber", "cardno", "ccnumber", "creditcard", "pan", "iban", "phone",
		"phonenumber", "msisdn", "serial", "serialnumber", "serialno", "deviceserial"} {
		out[k] = fields[k]
	}
	return out
}()

// blank stands in a name for what is hidden. It is of letters that hosts are called by, so that the rest of the name says whose it is as before.
const blank = "___"

// shortest is the length of the shortest value that a label may be, in bytes: a social security number.
const shortest = 9

// Name looks for personal data in a host name: in labels that say what they are, as in imei-490154203237518.example.com or 00-00-5e-00-53-01.mac.example.com, in numbers that show it, and in a mail
// address (a label may hold any byte: RFC 2181, section 11). It returns the name with ___ in place of what it found; the name itself where that is nothing.
func Name(name []byte, found func(Find)) []byte {
	if !mayHold(name) {
		return name // most names
	}
	f := finder{found: found}
	out := lowered(name)
	if at := bytes.LastIndexByte(out, '@'); at >= 0 && f.finds(func() { f.email(out, at) }) {
		out = append([]byte(blank+"."), out[at+1:]...)
	}
	var before []byte
	for rest := out; len(rest) > 0; {
		label, after, _ := bytes.Cut(rest, []byte("."))
		next, _, _ := bytes.Cut(after, []byte("."))
		if value := f.label(before, label, next); value != nil {
			from := len(out) - len(rest) + len(label) - len(value)
			out = bytes.Join([][]byte{out[:from], []byte(blank), out[from+len(value):]}, nil)
		}
		before, rest = label, after
	}
	if f.told == 0 {
		return name
	}
	return out
}

// mayHold says whether a name has a label that is long enough for a value, with a digit in it, or what a mail address has.
func mayHold(name []byte) bool {
	from, digits := 0, false
	for i, c := range name {
		switch {
		case c == '@':
			return true
		case c == '.':
			from, digits = i+1, false
		case isDigit(c):
			digits = true
		}
		if digits && i+1-from >= shortest {
			return true
		}
	}
	return false
}

// lowered is a copy in the lower case of ASCII.
func lowered(name []byte) []byte {
	out := bytes.Clone(name)
	for i, c := range out {
		if isUpper(c) {
			out[i] = c | 0x20
		}
	}
	return out
}

// finds says whether something is told.
func (f *finder) finds(look func()) bool {
	before := f.told
	look()
	return f.told > before
}

// label returns the end of a label, or all of it, where that is a value; else nil.
func (f *finder) label(before, label, after []byte) []byte {
	if !mayHold(label) {
		return nil
	}
	if i := bytes.IndexAny(label, "-_"); i > 0 {
		if read := nameFields[string(label[:i])]; read != nil && f.finds(func() { read(f, label[i+1:], nil) }) {
			return label[i+1:]
		}
	}
	for _, key := range [][]byte{before, after} {
		if read := nameFields[string(key)]; read != nil && f.finds(func() { read(f, label, nil) }) {
			return label
		}
	}
	if f.finds(func() { f.text(label) }) || f.finds(func() { ibanField(f, label, nil) }) {
		return label
	}
	return nil
}
