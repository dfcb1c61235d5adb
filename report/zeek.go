package report

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"phonehome/analyze"
	"phonehome/analyze/hostname"
)

// zeekField is one column of a log: its name and type as Zeek writes them.
type zeekField struct{ name, kind string }

// zeekLog is one log.
type zeekLog struct {
	path   string
	fields []zeekField
}

// zeekColumns are the columns with which each log begins, and more. Each of more is "name type".
func zeekColumns(more ...string) (out []zeekField) {
	all := append([]string{"ts time", "uid string", "id.orig_h addr", "id.orig_p port", "id.resp_h addr", "id.resp_p port"}, more...)
	for _, c := range all {
		name, kind, _ := strings.Cut(c, " ")
		out = append(out, zeekField{name, kind})
	}
	return out
}

// The logs. Names and types are Zeek's (base/protocols, base/frameworks/notice and policy/protocols/conn of Zeek 7) where the evidence carries what they mean; what the hello offers and not what was
// agreed has a name of its own.
var (
	zeekConn = zeekLog{"conn", zeekColumns("proto enum", "service string", "duration interval", "orig_bytes count", "resp_bytes count", "conn_state string", "local_orig bool", "local_resp bool",
		"missed_bytes count", "history string", "orig_pkts count", "orig_ip_bytes count", "resp_pkts count", "resp_ip_bytes count", "tunnel_parents set[string]", "ip_proto count", "vlan int", "community_id string")}
	zeekDNS    = zeekLog{"dns", zeekColumns("proto enum", "rtt interval", "query string", "qtype_name string", "rcode_name string", "answers vector[string]", "TTLs vector[interval]")}
	zeekSSL    = zeekLog{"ssl", zeekColumns("server_name string", "offered_version string", "offered_protocols vector[string]", "ja4 string")}
	zeekQUIC   = zeekLog{"quic", zeekColumns("version string", "server_name string", "client_protocol string", "ja4 string")}
	zeekHTTP   = zeekLog{"http", zeekColumns("host string", "proxied_target bool")}
	zeekNotice = zeekLog{"notice", zeekColumns("proto enum", "note enum", "msg string", "sub string", "src addr", "dst addr", "p port", "n count", "actions set[enum]", "suppress_for interval")}
)

// writeZeek writes logs as Zeek's ASCII writer does: those that have lines, and conn.log in any case, which shows that there was a run. A log that an earlier run left and this one does not have
// would pass for one of this run, and is removed; one of Zeek's own is not.
func writeZeek(d Folder, r *analyze.Result, _ Options) error {
	z := &zeek{r: r, inside: insidePrefixes(r), some: map[*zeekLog]bool{&zeekConn: true}}
	if err := z.survey(); err != nil {
		return err
	}
	z.span()
	for _, l := range []struct {
		log  *zeekLog
		rows func(w *zeekWriter) error
	}{
		{&zeekConn, z.conn}, {&zeekDNS, z.dns}, {&zeekSSL, z.said(&zeekSSL)}, {&zeekQUIC, z.said(&zeekQUIC)}, {&zeekHTTP, z.said(&zeekHTTP)}, {&zeekNotice, z.notices},
	} {
		if err := z.file(d, l.log, l.rows); err != nil {
			return err
		}
	}
	return nil
}

// survey finds which logs have lines.
func (z *zeek) survey() error {
	z.some[&zeekNotice] = len(z.r.Findings) > 0 || len(settingsRemarks(z.r)) > 0
	return z.r.EachName(func(n *hostname.Name) error {
		if n.Kind == hostname.DNSQuery || answersQuestion(n) {
			z.some[&zeekDNS] = true
		} else if k, ok := zeekKinds[n.Kind]; ok {
			z.some[k.log] = true
		}
		return nil
	})
}

// span finds the time of the first and of the last packet of all captures; 1970 where there is none.
func (z *zeek) span() {
	z.first, z.last = time.Unix(0, 0), time.Unix(0, 0)
	seen := false
	for i := range z.r.Captures {
		c := &z.r.Captures[i]
		if c.First.IsZero() {
			continue
		}
		if !seen || c.First.Before(z.first) {
			z.first = c.First
		}
		if !seen || c.Last.After(z.last) {
			z.last = c.Last
		}
		seen = true
	}
}

func (z *zeek) file(d Folder, l *zeekLog, rows func(w *zeekWriter) error) error {
	name := l.path + ".log"
	if left, ok := d.(Remover); ok && !z.some[l] {
		return left.Remove(name, func(head []byte) bool { return bytes.Contains(head, []byte("\n"+l.columns())) })
	}
	if !z.some[l] {
		return nil
	}
	return d.File(name, func(w io.Writer) error { return z.write(w, l, rows) })
}

// write writes a log. Of a run nothing is in it: it was opened at the time of the first packet, and closed at that of the last.
func (z *zeek) write(w io.Writer, l *zeekLog, rows func(w *zeekWriter) error) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "#separator \\x09\n#set_separator\t,\n#empty_field\t%s\n#unset_field\t%s\n#path\t%s\n#open\t%s\n", zeekEmpty, zeekUnset, l.path, zeekStamp(z.first))
	b.WriteString(l.columns())
	if err := rows(&zeekWriter{b, len(l.fields)}); err != nil {
		return err
	}
	fmt.Fprintf(b, "#close\t%s\n", zeekStamp(z.last))
	return b.Flush()
}

// columns are the lines that say which columns a log has. Those of Zeek's own logs are others.
func (l *zeekLog) columns() string {
	names, kinds := "#fields", "#types"
	for _, f := range l.fields {
		names, kinds = names+"\t"+f.name, kinds+"\t"+f.kind
	}
	return names + "\n" + kinds + "\n"
}

// zeekStamp is a time in the head of a log.
func zeekStamp(t time.Time) string { return t.UTC().Format("2006-01-02-15-04-05") }

// zeekWriter writes the lines of one log.
type zeekWriter struct {
	w      *bufio.Writer
	fields int
}

func (w *zeekWriter) line(cells ...zeekCell) error {
	if len(cells) != w.fields {
		panic(fmt.Sprintf("report: a line of %d cells in a log of %d", len(cells), w.fields))
	}
	for i, c := range cells {
		if i > 0 {
			w.w.WriteByte('\t')
		}
		w.w.WriteString(string(c))
	}
	return w.w.WriteByte('\n') // which has the error of those before
}
