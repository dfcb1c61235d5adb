package report

import (
	"bufio"
	"io"
	"strings"

	"phonehome/analyze"
	"phonehome/analyze/judge"
)

// writeLock writes the keys of a result, which a later scan takes as its baseline.
func writeLock(w io.Writer, r *analyze.Result, _ Options) error {
	b := bufio.NewWriter(w)
	b.WriteString(analyze.LockHeader + "\n")
	b.WriteString("# rule, registrable domain or network, host, service, asset; * stands for what machines make, - for nothing\n")
	for _, s := range ruleRemarks(r) {
		b.WriteString("# " + Terminal(s.text) + "\n")
	}
	if len(r.Settings.Redacted) > 0 {
		b.WriteString("# redacted (" + strings.Join(r.Settings.Redacted, ", ") + "): no baseline for a scan that is not\n")
	}
	for _, k := range judge.Keys(r.Destinations, r.Findings) {
		b.WriteString(k + "\n")
	}
	return b.Flush()
}
