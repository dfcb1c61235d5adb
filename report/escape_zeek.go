package report

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// zeekCell is a value as it stands in a log. Only the functions of this file make one of something that a capture or a user chose, so that nothing else reaches a line.
type zeekCell string

// Zeek's words for what a column does not have, and for its truth values.
const (
	zeekUnset zeekCell = "-"
	zeekEmpty zeekCell = "(empty)"
	zeekTrue  zeekCell = "T"
	zeekFalse zeekCell = "F"
)

// zeekText is a string as Zeek's ASCII writer has it: all but printable ASCII stands as \xNN, and so does the first byte of what would read as unset or empty. A backslash is \x5c, which
// Zeek's reader turns back; the "\\" that its writer has it leaves as it is. A "#" in front, which Zeek escapes where a line begins with it, is escaped in each cell, since columns are cut out of logs.
// UTF-8 is not passed, as Zeek does by its default: it has marks that turn the direction of writing.
func zeekText(s string) zeekCell {
	switch zeekCell(s) {
	case "":
		return zeekEmpty
	case zeekUnset:
		return `\x2d`
	case zeekEmpty:
		return `\x28empty)`
	}
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '\\' || c == '#' && i == 0 {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return zeekCell(b.String())
}

// zeekOptional is a string that is not known where it is empty.
func zeekOptional(s string) zeekCell {
	if s == "" {
		return zeekUnset
	}
	return zeekText(s)
}

// zeekList is a set or vector: its elements are parted by commas, and have none.
func zeekList(list []string) zeekCell {
	if len(list) == 0 {
		return zeekUnset
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ReplaceAll(string(zeekText(s)), ",", `\x2c`)
	}
	return zeekCell(strings.Join(out, ","))
}

// zeekTime is seconds with microseconds, since 1970 or of a length.
func zeekTime(ns int64) zeekCell {
	const nanos, micros, digits = 1_000_000_000, 1_000, 6
	sign, n := "", uint64(ns)
	if ns < 0 {
		sign, n = "-", -n
	}
	return zeekCell(fmt.Sprintf("%s%d.%0*d", sign, n/nanos, digits, n%nanos/micros))
}

// zeekTimes are seconds, as a vector.
func zeekTimes(ns []int64) zeekCell {
	if len(ns) == 0 {
		return zeekUnset
	}
	out := make([]string, len(ns))
	for i, n := range ns {
		out[i] = string(zeekTime(n))
	}
	return zeekCell(strings.Join(out, ","))
}

func zeekPort(p uint16) zeekCell { return zeekCount(uint64(p)) }

func zeekCount(n uint64) zeekCell { return zeekCell(strconv.FormatUint(n, 10)) }

func zeekBool(b bool) zeekCell {
	if b {
		return zeekTrue
	}
	return zeekFalse
}

// zeekAddr is an address; its zone, which is text, is left out.
func zeekAddr(a netip.Addr) zeekCell {
	if !a.IsValid() {
		return zeekUnset
	}
	return zeekCell(a.WithZone("").String())
}
