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
	f := newFinder(found)
	defer f.free()
	out := lowered(name)
	if at := bytes.LastIndexByte(out, '@'); at >= 0 {
		if f.email(out, at); f.told > 0 {
			out = append([]byte(blank+"."), out[at+1:]...)
		}
	}
	var before []byte
	for rest := out; len(rest) > 0; {
		label, after, _ := bytes.Cut(rest, []byte("."))
		if mayHold(label) {
			next, _, _ := bytes.Cut(after, []byte("."))
			if value := f.label(before, label, next); value != nil {
				from := len(out) - len(rest) + len(label) - len(value)
				out = bytes.Join([][]byte{out[:from], []byte(blank), out[from+len(value):]}, nil)
			}
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

// lowered is a copy in the lower case of ASCII; the name itself where it is that.
func lowered(name []byte) []byte {
	for i, c := range name {
		if isUpper(c) {
			out := bytes.Clone(name)
			for ; i < len(out); i++ {
				if isUpper(out[i]) {
					out[i] |= 0x20
				}
			}
			return out
		}
	}
	return name
}

// label returns the end of a label, or all of it, where that is a value; else nil.
func (f *finder) label(before, label, after []byte) []byte {
	told := f.told
	if i := bytes.IndexAny(label, "-_"); i > 0 {
		if f.field(label[:i], label[i+1:]); f.told > told {
			return label[i+1:]
		}
	}
	f.field(before, label)
	f.field(after, label)
	f.text(label)
	ibanField(f, label, nil)
	if f.told > told {
		return label
	}
	return nil
}

// field looks at a value in a name that a key stands beside.
func (f *finder) field(key, value []byte) {
	if read := nameFields[string(key)]; read != nil {
		read(f, value, nil)
	}
}
