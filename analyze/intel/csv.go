package intel

import (
	"bytes"
	"slices"
	"strings"
)

// csv cuts the rows of CSV files of abuse.ch: all fields in quotes or none, spaces behind the commas, and no row over several lines. The slice is used
// again for the next row.
type csv struct {
	fields [][]byte
}

func (c *csv) cut(row []byte) [][]byte {
	c.fields = c.fields[:0]
	for more := true; more; {
		var field []byte
		field, row, more = cutField(bytes.TrimLeft(row, " \t"))
		c.fields = append(c.fields, field)
	}
	return c.fields
}

// cutField cuts the first field off a row. Quotes within quotes stay as they are: none of the fields that are read has any.
func cutField(row []byte) (field, rest []byte, more bool) {
	if len(row) == 0 || row[0] != '"' {
		field, rest, more = bytes.Cut(row, []byte(","))
		return bytes.TrimSpace(field), rest, more
	}
	end := 1
	for end < len(row) {
		if row[end] != '"' {
			end++
			continue
		}
		if end+1 == len(row) || row[end+1] != '"' {
			break
		}
		end += 2
	}
	field = row[1:min(end, len(row))]
	_, rest, more = bytes.Cut(row[min(end, len(row)):], []byte(","))
	return field, rest, more
}

// header finds the row, or the comment, that names the columns, and where each of the names is; -1 is nowhere. Names are in lower case and without `_`. Of
// a header, the first ones are `needed`.
func (h *head) header(needed int, names []string) (row []byte, at []int) {
	for _, rows := range [][][]byte{h.comments, h.rows} {
		for _, row := range rows {
			if at := columnsOf(row, names); !slices.Contains(at[:needed], -1) {
				return row, at
			}
		}
	}
	return nil, nil
}

func columnsOf(header []byte, names []string) []int {
	var c csv
	at := make([]int, len(names))
	for i := range at {
		at[i] = -1
	}
	for j, f := range c.cut(bytes.TrimLeft(header, "# \t")) {
		name := strings.ReplaceAll(strings.ToLower(string(f)), "_", "")
		if i := slices.Index(names, name); i >= 0 && at[i] < 0 {
			at[i] = j
		}
	}
	return at
}

// hasColumns says whether a file has a header with the first of some columns.
func (h *head) hasColumns(needed int, names []string) bool {
	_, at := h.header(needed, names)
	return !h.json && at != nil
}

// table reads the rows of a CSV file: the columns that are named, in the order of their names. What a row does not have is nil.
func (r *reader) table(needed int, names []string, read func(f [][]byte) outcome) error {
	r.entitle(r.head.title())
	header, at := r.head.header(needed, names)
	var c csv
	picked := make([][]byte, len(names))
	return r.rows(func(row []byte) outcome {
		if bytes.Equal(row, header) {
			return nothing
		}
		fields := c.cut(row)
		for i, j := range at {
			picked[i] = column(fields, j)
		}
		return read(picked)
	})
}

// column is a field of a row; nil where the row is too short.
func column(fields [][]byte, i int) []byte {
	if i < 0 || i >= len(fields) {
		return nil
	}
	return fields[i]
}

// words joins what is not empty of some fields, until the next call. In files of abuse.ch, None is empty.
func (r *reader) words(fields ...[]byte) []byte {
	buf := r.buffer[:0]
	for _, f := range fields {
		if len(f) == 0 || string(f) == "None" {
			continue
		}
		if len(buf) > 0 {
			buf = append(buf, ", "...)
		}
		buf = append(buf, f...)
	}
	r.buffer = buf
	return buf
}
