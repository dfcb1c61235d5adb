package report

import (
	"io"

	"phonehome/analyze"
)

func writeFacts(w io.Writer, r *analyze.Result, _ Options) error { return r.WriteFacts(w) }
