package intel

// feodoColumns are those of Feodo Tracker, and of the SSL blacklist of the same house. Older files write Firstseen, DstIP, DstPort, LastOnline, Malware.
var feodoColumns = []string{"dstip", "dstport", "malware", "c2status", "firstseenutc"}

func isFeodo(h *head) bool { return h.hasColumns(2, feodoColumns) }

// readFeodo reads the addresses and ports of command servers.
func readFeodo(r *reader) error {
	return r.table(2, feodoColumns, func(f [][]byte) outcome {
		ip, okAddress := address(f[0])
		port, okPort := number(f[1])
		if !okAddress || !okPort || port == 0 {
			return notUnderstood
		}
		return r.single(ip, port, about{description: r.words(f[2], f[3]), day: dayOf(f[4])})
	})
}
