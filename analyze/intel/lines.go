package intel

import (
	"bytes"
	"fmt"
	"iter"
	"strings"
	"time"
)

// How much of a file is looked at to tell its format.
const (
	headRows     = 64
	headComments = 128
)

// head is the beginning of a file.
type head struct {
	data     []byte // all of it, without byte order mark
	json     bool
	keys     map[string]bool // of a JSON object, the first that tell something
	comments [][]byte
	rows     [][]byte
	firstRow int // its line
}

var byteOrderMark = []byte("\xef\xbb\xbf")

func newHead(data []byte) (*head, error) {
	h := &head{data: bytes.TrimPrefix(data, byteOrderMark), firstRow: 1}
	text := bytes.TrimSpace(h.data)
	if len(text) == 0 {
		return nil, fmt.Errorf("1: the file is empty")
	}
	if i := bytes.IndexByte(h.data, 0); i >= 0 {
		return nil, fmt.Errorf("%d: a NUL byte: not a list in text", lineAt(h.data, i))
	}
	if text[0] == '{' || text[0] == '[' && !bracketed(text) {
		h.json = true
		var err error
		h.keys, err = topKeys(h.data)
		return h, err
	}
	for n, line := range lines(h.data) {
		switch {
		case isComment(line):
			if len(h.comments) < headComments {
				h.comments = append(h.comments, line)
			}
			continue
		case len(h.rows) == 0:
			h.firstRow = n
		case len(h.rows) == headRows:
			return h, nil
		}
		h.rows = append(h.rows, line)
	}
	return h, nil
}

// bracketed says whether a text begins with an IPv6 address in brackets, and so is no JSON.
func bracketed(text []byte) bool {
	host, _, ok := bytes.Cut(text[1:], []byte("]"))
	_, isAddress := address(host)
	return ok && isAddress
}

// lines yields the lines of a text that are not blank, without the space around them, and their numbers.
func lines(text []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for n := 1; len(text) > 0; n++ {
			var line []byte
			line, text, _ = bytes.Cut(text, []byte("\n"))
			if line = bytes.TrimSpace(line); len(line) > 0 && !yield(n, line) {
				return
			}
		}
	}
}

func lineAt(text []byte, offset int) int { return 1 + bytes.Count(text[:offset], []byte("\n")) }

// isComment: `#` in most formats, `;` in Spamhaus DROP and zone files, `!` in filter lists, `//` in some hosts files.
func isComment(line []byte) bool {
	return line[0] == '#' || line[0] == ';' || line[0] == '!' || bytes.HasPrefix(line, []byte("//"))
}

// rows reads each row of a list of lines.
func (r *reader) rows(read func(row []byte) outcome) error {
	r.grow()
	for n, row := range lines(r.data) {
		if isComment(row) {
			continue
		}
		r.line = n
		o := notUnderstood
		if len(row) <= maxLine {
			o = read(row)
		}
		r.count(o, row)
	}
	r.line = 0
	return nil
}

// grow makes room for as many entries as the file has lines, but for no more than its bytes can mean.
func (r *reader) grow() {
	t := &r.listed
	n := min(bytes.Count(r.data, []byte("\n"))+1, maxIndicators-len(t.entries))
	if n > cap(t.entries)-len(t.entries) {
		t.entries = append(make([]entry, 0, len(t.entries)+n), t.entries...)
	}
}

// cut cuts a row at its first field: what is between the fields does not matter.
func cut(row []byte, separators string) (first, rest []byte) {
	i := bytes.IndexAny(row, separators)
	if i < 0 {
		return row, nil
	}
	return row[:i], bytes.Trim(row[i:], separators)
}

// titleOf is the first comment that has letters: the title of lists of abuse.ch and of FireHOL.
func (h *head) title() string {
	for _, c := range h.comments {
		t := strings.Trim(string(c), "#;!/ \t")
		if strings.ContainsFunc(t, func(r rune) bool { return r >= 'a' && r <= 'z' }) {
			return bounded([]byte(t), maxListName)
		}
	}
	return ""
}

// value is what the first comment of the form `key: value` says; the key in lower case.
func (h *head) value(key string) string {
	for _, c := range h.comments {
		k, v, ok := strings.Cut(strings.Trim(string(c), "#;!/ \t"), ":")
		if ok && strings.ToLower(strings.TrimSpace(k)) == key {
			return bounded([]byte(strings.TrimSpace(v)), maxListName)
		}
	}
	return ""
}

// dateKeys are what lists call their date, the best first.
var dateKeys = []string{"last updated", "source file date", "last-modified", "last modified", "this file date", "updated", "generated", "date"}

// date is the date that the comments give the list, YYYY-MM-DD; "" where they give none.
func (h *head) date() string {
	for _, k := range dateKeys {
		if d := findDate(h.value(k)); d != "" {
			return d
		}
	}
	return ""
}

// layouts of dates in comments, and of how many words they are.
var layouts = []struct {
	words  int
	layout string
}{
	{1, "2006-01-02"},
	{1, "2006/01/02"},
	{1, "2006-01-02T15:04:05Z07:00"},
	{3, "2 Jan 2006"},              // of RFC 5322
	{3, "2 January 2006"},          // hosts files
	{5, "Jan 2 15:04:05 MST 2006"}, // of date(1)
}

// findDate finds a date in a text.
func findDate(text string) string {
	words := strings.Fields(text)
	for i := range words {
		for _, l := range layouts {
			if i+l.words > len(words) {
				continue
			}
			t, err := time.Parse(l.layout, strings.Join(words[i:i+l.words], " "))
			if err == nil && day(t) != 0 {
				return date(day(t))
			}
		}
	}
	return ""
}
