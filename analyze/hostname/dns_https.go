package hostname

import (
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/crypto/cryptobyte"
)

// SvcParamKeys (RFC 9460, section 14.3.2).
const (
	svcMandatory     = 0
	svcALPN          = 1
	svcNoDefaultALPN = 2
	svcPort          = 3
	svcIPv4Hint      = 4
	svcECH           = 5
	svcIPv6Hint      = 6
)

// echVersion is the version of the ECH configurations that are read, the only one in use (RFC 9849, section 4).
const echVersion = 0xfe0d

// svcSpecial are the characters that mean something in the value of an HTTPS row; in captured text they stand as \DDD.
const svcSpecial = " ,:\\"

// HTTPSRecord is what an HTTPS or SVCB record says (RFC 9460), without the parameters that name nothing.
type HTTPSRecord struct {
	Priority uint16 // 0: an alias of Target
	Target   string // presentation form; "." is the owner itself
	ALPN     []string
	Port     uint16 // 0: none given
	Hints    []netip.Addr
	ECH      []ECHConfig
}

// ECHConfig is what an ECH configuration shows to everyone: the outer hello bears both (RFC 9849, section 4).
type ECHConfig struct {
	ID         uint8
	PublicName string // its bytes with ' ' ',' ':' '\' and all that is not visible ASCII as \DDD
}

// appendHTTPS appends the data of an HTTPS or SVCB record: priority, target, and the parameters that are read, in
// their order on the wire, each behind a space. For instance
//
//	1 . alpn=h2,h3 no-default-alpn port=8443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1 ech=17:public.example
//
// ech names config id and public name of each configuration in place of the configurations themselves. Other keys stand as "key7"
// without their value. It reports false where the data breaks the format (RFC 9460, section 2.2).
func appendHTTPS(dst, msg []byte, in cryptobyte.String) ([]byte, bool) {
	var priority uint16
	if !in.ReadUint16(&priority) {
		return dst, false
	}
	dst = append(strconv.AppendUint(dst, uint64(priority), 10), ' ')
	dst, ok := appendDNSName(dst, msg, &in)
	if !ok {
		return dst, false
	}
	for last := -1; !in.Empty(); {
		var key uint16
		var value cryptobyte.String
		if !in.ReadUint16(&key) || !in.ReadUint16LengthPrefixed(&value) || int(key) <= last {
			return dst, false
		}
		last = int(key)
		if dst, ok = appendSvcParam(append(dst, ' '), key, value); !ok {
			return dst, false
		}
	}
	return dst, true
}

func appendSvcParam(dst []byte, key uint16, value cryptobyte.String) ([]byte, bool) {
	switch key {
	case svcALPN:
		return appendALPNList(append(dst, "alpn="...), value)
	case svcNoDefaultALPN:
		return append(dst, "no-default-alpn"...), value.Empty()
	case svcPort:
		var port uint16
		ok := value.ReadUint16(&port) && value.Empty()
		return strconv.AppendUint(append(dst, "port="...), uint64(port), 10), ok
	case svcIPv4Hint:
		return appendHints(append(dst, "ipv4hint="...), value, 4)
	case svcIPv6Hint:
		return appendHints(append(dst, "ipv6hint="...), value, 16)
	case svcECH:
		return appendECH(append(dst, "ech="...), value)
	case svcMandatory:
		return append(dst, "mandatory"...), true
	}
	return strconv.AppendUint(append(dst, "key"...), uint64(key), 10), true
}

// appendALPNList appends protocol names (RFC 9460, section 7.1.1).
func appendALPNList(dst []byte, in cryptobyte.String) ([]byte, bool) {
	if in.Empty() {
		return dst, false
	}
	for first := true; !in.Empty(); first = false {
		var id cryptobyte.String
		if !in.ReadUint8LengthPrefixed(&id) || id.Empty() {
			return dst, false
		}
		dst = appendEscaped(appendComma(dst, first), id, svcSpecial)
	}
	return dst, true
}

// appendHints appends addresses of size bytes each (RFC 9460, section 7.3).
func appendHints(dst []byte, in cryptobyte.String, size int) ([]byte, bool) {
	if in.Empty() || len(in)%size != 0 {
		return dst, false
	}
	for first := true; !in.Empty(); first = false {
		var a []byte
		in.ReadBytes(&a, size)
		dst = appendAddress(appendComma(dst, first), a)
	}
	return dst, true
}

// appendECH appends config id and public name of each configuration of an ECHConfigList; those of other versions are passed over.
func appendECH(dst []byte, in cryptobyte.String) ([]byte, bool) {
	var list cryptobyte.String
	if !in.ReadUint16LengthPrefixed(&list) || !in.Empty() {
		return dst, false
	}
	for first := true; !list.Empty(); {
		var version uint16
		var config cryptobyte.String
		if !list.ReadUint16(&version) || !list.ReadUint16LengthPrefixed(&config) {
			return dst, false
		}
		if version != echVersion {
			continue
		}
		id, name, ok := readECHConfig(config)
		if !ok {
			return dst, false
		}
		dst = strconv.AppendUint(appendComma(dst, first), uint64(id), 10)
		dst = appendEscaped(append(dst, ':'), name, svcSpecial)
		first = false
	}
	return dst, true
}

// readECHConfig reads ECHConfigContents (RFC 9849, section 4).
func readECHConfig(in cryptobyte.String) (id uint8, name cryptobyte.String, ok bool) {
	var key, suites, extensions cryptobyte.String
	ok = in.ReadUint8(&id) && in.Skip(2) && // config_id, kem_id
		in.ReadUint16LengthPrefixed(&key) && in.ReadUint16LengthPrefixed(&suites) && in.Skip(1) && // maximum_name_length
		in.ReadUint8LengthPrefixed(&name) && in.ReadUint16LengthPrefixed(&extensions) && in.Empty() && !name.Empty()
	return id, name, ok
}

func appendComma(dst []byte, first bool) []byte {
	if first {
		return dst
	}
	return append(dst, ',')
}

// appendEscaped appends text with every byte that is not printable ASCII, and every one in special, as \DDD.
func appendEscaped(dst, text []byte, special string) []byte {
	for _, c := range text {
		if c < ' ' || c > '~' || strings.IndexByte(special, c) >= 0 {
			dst = appendDecimalEscape(dst, c)
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

// ParseHTTPS reads the value of a dns row whose record type is HTTPS or SVCB, as appendHTTPS writes it. Of any other text it
// returns the zero HTTPSRecord, whose Target is empty.
func ParseHTTPS(value string) (r HTTPSRecord) {
	fields := strings.Split(value, " ")
	priority, err := strconv.ParseUint(fields[0], 10, 16)
	if err != nil || len(fields) < 2 {
		return HTTPSRecord{}
	}
	r.Priority, r.Target = uint16(priority), fields[1]
	for _, f := range fields[2:] {
		if !r.param(f) {
			return HTTPSRecord{}
		}
	}
	return r
}

// param reads one parameter of the presentation form.
func (r *HTTPSRecord) param(text string) bool {
	key, value, _ := strings.Cut(text, "=")
	switch key {
	case "alpn":
		r.ALPN = strings.Split(value, ",")
	case "port":
		port, err := strconv.ParseUint(value, 10, 16)
		r.Port = uint16(port)
		return err == nil
	case "ipv4hint", "ipv6hint":
		return r.hints(value)
	case "ech":
		return r.ech(value)
	}
	return key != ""
}

func (r *HTTPSRecord) hints(list string) bool {
	for text := range strings.SplitSeq(list, ",") {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return false
		}
		r.Hints = append(r.Hints, a)
	}
	return true
}

func (r *HTTPSRecord) ech(list string) bool {
	if list == "" { // configurations of other versions alone
		return true
	}
	for text := range strings.SplitSeq(list, ",") {
		id, name, found := strings.Cut(text, ":")
		n, err := strconv.ParseUint(id, 10, 8)
		if !found || err != nil {
			return false
		}
		r.ECH = append(r.ECH, ECHConfig{ID: uint8(n), PublicName: name})
	}
	return true
}
