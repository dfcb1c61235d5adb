package personal

import "bytes"

// Tables: lines of cells, of which the first says what stands in each column, as exports and logs are sent.

const (
	maxColumns = 64
	// maxHead is the longest line that may be the head of a table, bytes.
	maxHead = maxColumns * maxKey
)

// column is a cell of a table's head; read is nil where it says nothing of the cells below it.
type column struct {
	key  []byte
	read func(f *finder, value, context []byte)
}

// tables looks at each cell of a column whose head is the key of a field. Text without tables costs no memory.
func (f *finder) tables(text []byte) {
	if end := bytes.IndexByte(text, '\n'); end < 0 || end == len(text)-1 {
		return // most is one line, and so no table
	}
	var cells [maxColumns][]byte
	var columns [maxColumns]column
	var head []column
	var parter byte
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		line = bytes.TrimRight(line, "\r")
		if len(head) > 0 {
			if row := cellsOf(cells[:0], line, parter); len(row) == len(head) {
				f.row(head, row)
				continue
			}
		}
		if len(text) == 0 {
			return // nothing stands below
		}
		head, parter = headOf(columns[:0], cells[:0], line)
	}
}

// row looks at one line below the head. What stands before a password in it says whose it is.
func (f *finder) row(head []column, cells [][]byte) {
	var context []byte
	for i, c := range head {
		value := cells[i]
		if len(value) == 0 || len(value) > maxValue {
			continue
		}
		if c.read != nil {
			c.read(f, value, context)
		}
		context = append(append(append(append(context, '&'), c.key...), '='), value...)
	}
}

// headOf reads the head of a table into columns: two cells or more that may be keys, of which one at least is a field's. It returns none where the line is none.
func headOf(columns []column, cells [][]byte, line []byte) (head []column, parter byte) {
	if len(line) > maxHead || bytes.ContainsAny(line, "=:<>{}@") {
		return nil, 0
	}
	for _, parter := range []byte(",;\t|") {
		if bytes.IndexByte(line, parter) < 0 {
			continue
		}
		head, known := columns, false
		for _, key := range cellsOf(cells, line, parter) {
			if len(key) > maxKey {
				known = false
				break
			}
			read, _ := fieldOf(key)
			known = known || read != nil
			head = append(head, column{key, read})
		}
		if known && len(head) > 1 {
			return head, parter
		}
	}
	return nil, 0
}

// cellsOf splits a line, as far as cells has room. A cell in quotation marks may hold what parts cells (RFC 4180, section 2).
func cellsOf(cells [][]byte, line []byte, parter byte) [][]byte {
	for more := true; more && len(cells) < cap(cells); {
		at := 0
		if opened := bytes.TrimLeft(line, " "); len(opened) > 0 && opened[0] == '"' {
			at = len(line) - len(opened) + 1
			at += max(0, bytes.IndexByte(line[at:], '"'))
		}
		cell := line
		if end := bytes.IndexByte(line[at:], parter); end >= 0 {
			cell, line = line[:at+end], line[at+end+1:]
		} else {
			more = false
		}
		cells = append(cells, bytes.Trim(cell, " \""))
	}
	return cells
}
