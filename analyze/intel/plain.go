package intel

import "bytes"

// isPlain tells lists of one indicator a line: a domain, an address, a network, a range (`a-b`), a URL, a wildcard (`*.name`, `.name`, `||name^`).
// A file of comments alone is a list that is empty today.
func isPlain(h *head) bool {
	scratch := reader{builder: newBuilder(), list: &List{}} // what is put there is thrown away
	return len(h.comments) > 0 && len(h.rows) == 0 || h.mostRows(func(row []byte) bool { return scratch.plain(row) != notUnderstood })
}

// readPlain reads a plain list. Names fit exactly: a list that means the names below says so by `*.` or a dot.
func readPlain(r *reader) error {
	r.entitle(r.head.value("title"))
	return r.rows(r.plain)
}

// entitle gives a list the name and the date that its comments have.
func (r *reader) entitle(title string) {
	if title != "" {
		r.list.Name = title
	}
	r.list.Date = r.head.date()
}

// plain reads one row: an indicator, and a comment behind `#`, `;` or a tab.
func (r *reader) plain(row []byte) outcome {
	text, comment := row, []byte(nil)
	if i := bytes.IndexAny(row, "\t;"); i >= 0 {
		text, comment = row[:i], row[i+1:]
	}
	if i := bytes.Index(text, []byte(" #")); i >= 0 { // a URL may have a `#` of its own
		text, comment = row[:i], row[i+2:]
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return notUnderstood
	}
	if _, _, ok := span(text); !ok && bytes.IndexByte(text, ' ') >= 0 {
		return notUnderstood
	}
	return r.any(text, about{description: bytes.Trim(comment, "#; \t")})
}
