package intel

import "bytes"

// isDROP tells the lists of Spamhaus: `1.2.3.0/24 ; SBL123`, and comments with `;`.
func isDROP(h *head) bool {
	return len(h.rows) > 0 && h.mostRows(func(row []byte) bool {
		text, comment, ok := bytes.Cut(row, []byte(";"))
		return ok && isNetwork(bytes.TrimSpace(text)) && bytes.HasPrefix(bytes.TrimSpace(comment), []byte("SBL"))
	})
}

// readDROP reads a list of Spamhaus. Its first comment has the name and, before Last-Modified, the date.
func readDROP(r *reader) error {
	r.entitle(r.head.title())
	return r.rows(r.plain)
}
