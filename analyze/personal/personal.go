// Package personal finds personal data and logins in what is sent in clear. It says of which kind a value is and a mask of it, and never the value.
package personal

import (
	"bytes"
	"hash/fnv"
	"strings"
	"sync"
)

// Kind is a kind of personal data.
type Kind string

// The kinds, in the order of reports.
const (
	Card       Kind = "payment-card"
	IBAN       Kind = "iban"
	SSN        Kind = "us-ssn"
	Credential Kind = "credential"
	Email      Kind = "e-mail"
	Phone      Kind = "phone"
	IMEI       Kind = "imei"
	MAC        Kind = "mac-address"
	Serial     Kind = "serial-number"
)

// Kinds are all kinds, in the order of reports.
func Kinds() []Kind {
	return []Kind{Card, IBAN, SSN, Credential, Email, Phone, IMEI, MAC, Serial}
}

// Find is one value. It does not hold the value itself.
type Find struct {
	Kind   Kind
	Masked string // by which a person who has the value knows it again, and nobody else learns it
	Bucket uint32 // 16 bits of a hash: it tells most values apart, and fits too many to find one by trying all
}

// maxFinds bounds what is told of one text.
const maxFinds = 1000

// finder tells each value of one text once.
type finder struct {
	found  func(Find)
	seen   map[Find]struct{}
	told   int // how often something was found, also what was told before
	listed int // where the last social security number ended, 0 for none
}

// finders are those that nobody uses: most texts hold nothing, and cost no memory.
var finders = sync.Pool{New: func() any { return new(finder) }}

func newFinder(found func(Find)) *finder {
	f := finders.Get().(*finder)
	f.found = found
	return f
}

func (f *finder) free() {
	*f = finder{}
	finders.Put(f)
}

func (f *finder) tell(k Kind, masked string, value []byte) {
	f.told++
	x := Find{k, masked, bucket(k, value)}
	if _, old := f.seen[x]; old || len(f.seen) == maxFinds {
		return
	}
	if f.seen == nil {
		f.seen = map[Find]struct{}{}
	}
	f.seen[x] = struct{}{}
	f.found(x)
}

// bucket is a hash of a value, of 16 bits.
func bucket(k Kind, value []byte) uint32 {
	h := fnv.New32a()
	h.Write([]byte(k))
	h.Write([]byte{0})
	h.Write(value)
	sum := h.Sum32()
	return (sum ^ sum>>16) & 0xffff
}

// The masks.
const hidden = "***"

// email: the first letters of both parts, and the top-level domain.
func maskEmail(local, domain []byte) string {
	tld := domain[bytes.LastIndexByte(domain, '.')+1:]
	return string(local[0]) + hidden + "@" + string(domain[0]) + hidden + "." + string(tld)
}

func maskCard(digits []byte) string { return "**** " + string(digits[len(digits)-4:]) }

func maskIBAN(iban []byte) string {
	return string(iban[:2]) + "** " + hidden + string(iban[len(iban)-2:])
}

func maskPhone(digits []byte) string { return hidden + string(digits[len(digits)-2:]) }

func maskMAC(hex []byte) string {
	s := strings.ToLower(string(hex))
	return s[:2] + ":" + s[2:4] + ":" + s[4:6] + ":**:**:**"
}

// maskIMEI leaves the type allocation code, which says the model (3GPP TS 23.003, section 6.2.1).
func maskIMEI(digits []byte) string { return string(digits[:8]) + "*******" }

func maskSerial(value []byte) string { return string(value[:2]) + hidden }

const maskSSN = "***-**-****"

// login tells a login: by its user alone, so that nothing can be tried against the password.
func (f *finder) login(user []byte) {
	masked := "a password"
	if len(user) > 0 && user[0] > ' ' && user[0] <= '~' {
		masked = "user " + string(user[0]) + hidden
	}
	f.tell(Credential, masked, user)
}
