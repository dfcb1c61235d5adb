package intel

// isNetset tells the lists of FireHOL, whose comments say that they are meant for an ipset.
func isNetset(h *head) bool { return h.comment("ipset") && h.mostRows(isNetwork) }

// readNetset reads addresses and networks. The first comment is the list's name.
func readNetset(r *reader) error {
	r.entitle(r.head.title())
	return r.rows(r.plain)
}

func isNetwork(row []byte) bool {
	if _, ok := network(row); ok {
		return true
	}
	_, ok := address(row)
	return ok
}
