package intel

var urlhausColumns = []string{"url", "urlstatus", "dateadded", "threat", "tags"}

func isURLhaus(h *head) bool { return h.hasColumns(3, urlhausColumns) }

// readURLhaus reads the CSV export of URLhaus. Each URL stands for its host, and says so.
func readURLhaus(r *reader) error {
	return r.table(3, urlhausColumns, func(f [][]byte) outcome {
		return r.url(f[0], about{description: r.words(f[3], f[4]), day: dayOf(f[2])})
	})
}
