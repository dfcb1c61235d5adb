package vendors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The compiled makers, searched where they lie: for each size of block (IEEE MA-S, MA-M, MA-L, the small ones first) the number of rows in 4 bytes, big
// endian, then the rows sorted by prefix, each the prefix, padded with zero bits to whole bytes, and the place of its name in 3 bytes; then the names,
// each after a byte with its length.
var makerBlocks = [...]makerBlock{{36, 5}, {28, 4}, {24, 3}}

// makerBlock is one size of block: bits of its prefix, and the bytes that they take.
type makerBlock struct{ bits, bytes int }

const (
	makerCount = 4 // bytes of the number of rows
	makerPlace = 3 // bytes of the place of a name
)

// Bits of the first byte of a MAC address (IEEE 802-2014, section 8.2.2).
const (
	macGroup = 1 // multicast
	macLocal = 2 // locally administered: made up, by software or for privacy
)

// Maker returns who registered the block that a MAC address is of; "" for addresses that are locally administered, for groups, or of no known block.
func Maker(mac [6]byte) string {
	if mac[0]&(macGroup|macLocal) != 0 {
		return ""
	}
	return makerIn(makersData, mac)
}

func makerIn(data string, mac [6]byte) string {
	place, names := "", data
	for _, b := range makerBlocks {
		size := b.bytes + makerPlace
		n := int(binary.BigEndian.Uint32([]byte(names[:makerCount])))
		rows := names[makerCount : makerCount+n*size]
		names = names[makerCount+n*size:]
		if place == "" {
			place = findMaker(rows, b, mac)
		}
	}
	if place == "" {
		return ""
	}
	at := int(place[0])<<16 | int(place[1])<<8 | int(place[2])
	return names[at+1 : at+1+int(names[at])]
}

// findMaker returns the place of the name in the row that holds the address.
func findMaker(rows string, b makerBlock, mac [6]byte) string {
	mac[b.bytes-1] &= 0xff << (b.bytes*8 - b.bits)
	want, size := string(mac[:b.bytes]), b.bytes+makerPlace
	low, high := 0, len(rows)/size
	for low < high {
		middle := (low + high) / 2
		row := rows[middle*size:]
		switch c := cmp.Compare(row[:b.bytes], want); {
		case c == 0:
			return row[b.bytes:size]
		case c < 0:
			low = middle + 1
		default:
			high = middle
		}
	}
	return ""
}

// CompileMakers writes makers by prefix (6, 7 or 9 hexadecimal digits) in the form that Maker searches.
func CompileMakers(names map[string]string) ([]byte, error) {
	var b, text []byte
	places := map[string]int{}
	for _, name := range slices.Sorted(maps.Values(names)) {
		if _, had := places[name]; had {
			continue
		}
		places[name] = len(text)
		kept := strings.ToValidUTF8(name[:min(len(name), 255)], "")
		text = append(append(text, byte(len(kept))), kept...)
	}
	if len(text) >= 1<<(8*makerPlace) {
		return nil, fmt.Errorf("makers: %d bytes of names, more than a place in %d bytes reaches", len(text), makerPlace)
	}
	rows := 0
	for _, block := range makerBlocks {
		table, err := block.rows(names, places)
		if err != nil {
			return nil, err
		}
		b = binary.BigEndian.AppendUint32(b, uint32(len(table)))
		b = append(b, bytes.Join(table, nil)...)
		rows += len(table)
	}
	if rows != len(names) {
		return nil, fmt.Errorf("makers: %d of %d prefixes are of 6, 7 or 9 digits", rows, len(names))
	}
	return append(b, text...), nil
}

// rows are the sorted rows of one size of block.
func (b makerBlock) rows(names map[string]string, places map[string]int) (out [][]byte, err error) {
	for prefix, name := range names {
		if len(prefix)*4 != b.bits {
			continue
		}
		bits, err := strconv.ParseUint(prefix, 16, 64)
		if err != nil {
			return nil, fmt.Errorf("makers: prefix %q: %w", prefix, err)
		}
		key := binary.BigEndian.AppendUint64(nil, bits<<(64-b.bits))[:b.bytes]
		place := binary.BigEndian.AppendUint32(nil, uint32(places[name]))[4-makerPlace:]
		out = append(out, append(key, place...))
	}
	slices.SortFunc(out, bytes.Compare)
	return out, nil
}
