package intel

import "bytes"

// isZeek tells files of Zeek's intelligence framework by the row that names their columns.
func isZeek(h *head) bool { return zeekFields(h) != nil }

// zeekFields are the columns' names.
func zeekFields(h *head) [][]byte {
	for _, c := range h.comments {
		rest, ok := bytes.CutPrefix(c, []byte("#fields"))
		fields := bytes.Split(bytes.TrimLeft(rest, "\t "), []byte("\t"))
		if ok && fieldAt(fields, "indicator") >= 0 && fieldAt(fields, "indicator_type") >= 0 {
			return fields
		}
	}
	return nil
}

func fieldAt(fields [][]byte, name string) int {
	for i, f := range fields {
		if string(bytes.TrimSpace(f)) == name {
			return i
		}
	}
	return -1
}

// readZeek reads rows of fields with a tab between them. A field without value is `-`.
func readZeek(r *reader) error {
	names := zeekFields(r.head)
	at := [...]int{fieldAt(names, "indicator"), fieldAt(names, "indicator_type"), fieldAt(names, "meta.source"), fieldAt(names, "meta.desc")}
	r.entitle("")
	var fields [][]byte
	return r.rows(func(row []byte) outcome {
		fields = fields[:0]
		for more := true; more; {
			var f []byte
			f, row, more = bytes.Cut(row, []byte("\t"))
			if f = bytes.TrimSpace(f); string(f) == "-" {
				f = nil
			}
			fields = append(fields, f)
		}
		a := about{description: r.words(column(fields, at[2]), column(fields, at[3]))}
		return r.zeek(string(column(fields, at[1])), column(fields, at[0]), a)
	})
}

func (r *reader) zeek(kind string, value []byte, a about) outcome {
	switch kind {
	case "Intel::ADDR", "Intel::SUBNET":
		if !isNetwork(value) {
			return notUnderstood
		}
		return r.host(value, a)
	case "Intel::DOMAIN":
		return r.name(value, tagDomain, 0, a)
	case "Intel::URL": // without its scheme
		return r.url(value, a)
	case "Intel::SOFTWARE", "Intel::EMAIL", "Intel::USER_NAME", "Intel::FILE_HASH", "Intel::FILE_NAME", "Intel::CERT_HASH", "Intel::PUBKEY_HASH":
		return unusable
	}
	return notUnderstood
}
