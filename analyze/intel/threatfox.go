package intel

import (
	"bytes"
	"slices"
)

var threatFoxColumns = []string{"iocvalue", "ioctype", "malwareprintable", "threattype", "firstseenutc"}

func isThreatFox(h *head) bool { return h.hasColumns(2, threatFoxColumns) }

// readThreatFox reads the CSV export of ThreatFox: indicators of several types, each with a malware family.
func readThreatFox(r *reader) error {
	return r.table(2, threatFoxColumns, func(f [][]byte) outcome {
		return r.threatFox(string(f[1]), f[0], about{description: r.words(f[2], f[3]), day: dayOf(f[4])})
	})
}

// unseen are types of ThreatFox that no flow shows; those of hashes end in `_hash`.
var unseen = []string{"imphash", "tlsh", "dhash_icon", "envelope_from", "body_from", "email"}

func (r *reader) threatFox(kind string, value []byte, a about) outcome {
	switch kind {
	case "ip:port":
		host, port, ok := splitPort(value)
		ip, isAddress := address(host)
		if !ok || !isAddress {
			return notUnderstood
		}
		return r.single(ip, port, a)
	case "domain":
		return r.name(value, tagDomain, 0, a)
	case "url":
		return r.url(value, a)
	}
	if bytes.HasSuffix([]byte(kind), []byte("_hash")) || slices.Contains(unseen, kind) {
		return unusable
	}
	return notUnderstood
}
