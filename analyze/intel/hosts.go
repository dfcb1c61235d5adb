package intel

import "bytes"

// isHosts tells hosts files that send names nowhere: `0.0.0.0 name`, `127.0.0.1 name`.
func isHosts(h *head) bool {
	return len(h.rows) > 0 && h.mostRows(func(row []byte) bool {
		_, names, ok := sinkhole(row)
		return ok && len(names) > 0
	})
}

// sinkhole cuts a row of a hosts file; it is true for addresses that lead nowhere.
func sinkhole(row []byte) (ip, names []byte, ok bool) {
	row, _, _ = bytes.Cut(row, []byte("#"))
	ip, names = cut(bytes.TrimSpace(row), " \t")
	a, ok := address(ip)
	return ip, names, ok && (a.IsUnspecified() || a.IsLoopback())
}

// readHosts reads a hosts file. Names fit exactly, as they do for a resolver. Rows with other addresses say where a name is, and list nothing.
func readHosts(r *reader) error {
	r.entitle(r.head.value("title"))
	return r.rows(func(row []byte) outcome {
		ip, names, ok := sinkhole(row)
		if !ok || len(names) == 0 {
			if _, other := address(ip); other {
				return ignored
			}
			return notUnderstood
		}
		for {
			var name []byte
			name, names = cut(names, " \t")
			o := r.name(name, tagDomain, 0, about{})
			if len(names) == 0 {
				return o
			}
			r.count(o, row)
		}
	})
}
