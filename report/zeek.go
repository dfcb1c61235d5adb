package report

import (
	"bufio"
	"cmp"
	"crypto/sha1"
	"fmt"
	"io"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"phonehome/analyze"
	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/judge"
	"phonehome/analyze/packet"
)

// zeekField is one column of a log: its name and type as Zeek writes them.
type zeekField struct{ name, kind string }

// zeekID are the columns with which most logs begin.
var zeekID = []zeekField{{"ts", "time"}, {"uid", "string"}, {"id.orig_h", "addr"}, {"id.orig_p", "port"}, {"id.resp_h", "addr"}, {"id.resp_p", "port"}}

// The logs. Names and types are Zeek's (base/protocols and base/frameworks/notice of Zeek 7) where the evidence carries what they mean; what the hello offers and not what was agreed has a
// name of its own.
var (
	zeekConn = zeekLog{"conn", append(zeekID[:6:6], zeekField{"proto", "enum"}, zeekField{"service", "string"}, zeekField{"duration", "interval"}, zeekField{"orig_bytes", "count"}, zeekField{"resp_bytes", "count"},
		zeekField{"conn_state", "string"}, zeekField{"local_orig", "bool"}, zeekField{"local_resp", "bool"}, zeekField{"missed_bytes", "count"}, zeekField{"history", "string"}, zeekField{"orig_pkts", "count"},
		zeekField{"orig_ip_bytes", "count"}, zeekField{"resp_pkts", "count"}, zeekField{"resp_ip_bytes", "count"}, zeekField{"tunnel_parents", "set[string]"}, zeekField{"vlan", "int"}, zeekField{"community_id", "string"})}
	zeekDNS = zeekLog{"dns", append(zeekID[:6:6], zeekField{"proto", "enum"}, zeekField{"query", "string"}, zeekField{"qtype_name", "string"}, zeekField{"rcode_name", "string"}, zeekField{"answers", "vector[string]"},
		zeekField{"TTLs", "vector[interval]"})}
	zeekSSL    = zeekLog{"ssl", append(zeekID[:6:6], zeekField{"server_name", "string"}, zeekField{"offered_version", "string"}, zeekField{"offered_protocols", "vector[string]"}, zeekField{"ja4", "string"})}
	zeekQUIC   = zeekLog{"quic", append(zeekID[:6:6], zeekField{"version", "string"}, zeekField{"server_name", "string"}, zeekField{"client_protocol", "string"}, zeekField{"ja4", "string"})}
	zeekHTTP   = zeekLog{"http", append(zeekID[:6:6], zeekField{"host", "string"}, zeekField{"proxied_target", "bool"})}
	zeekNotice = zeekLog{"notice", append(zeekID[:6:6], zeekField{"proto", "enum"}, zeekField{"note", "enum"}, zeekField{"msg", "string"}, zeekField{"sub", "string"}, zeekField{"src", "addr"}, zeekField{"dst", "addr"},
		zeekField{"p", "port"}, zeekField{"n", "count"}, zeekField{"actions", "set[enum]"})}
)

// zeekLog is one log.
type zeekLog struct {
	path   string
	fields []zeekField
}

// Zeek's words for what a column does not have.
const (
	zeekUnset = "-"
	zeekEmpty = "(empty)"
)

// writeZeek writes logs as Zeek's ASCII writer does.
func writeZeek(d Folder, r *analyze.Result, _ Options) error {
	z := &zeek{r: r, uids: map[zeekEnds][]zeekUID{}, inside: insidePrefixes(r)}
	if err := r.EachFlow(z.remember); err != nil {
		return err
	}
	for _, l := range []struct {
		log  *zeekLog
		rows func(w *zeekWriter) error
	}{
		{&zeekConn, z.conn}, {&zeekDNS, z.dns}, {&zeekSSL, z.hellos(tlsHellos, sslCells)}, {&zeekQUIC, z.hellos(quicHellos, quicCells)}, {&zeekHTTP, z.hellos(httpNames, httpCells)}, {&zeekNotice, z.notices},
	} {
		if err := d.File(l.log.path+".log", func(w io.Writer) error { return l.log.write(w, z.opened(), l.rows) }); err != nil {
			return err
		}
	}
	return nil
}

// zeek is a set of logs in the making.
type zeek struct {
	r      *analyze.Result
	uids   map[zeekEnds][]zeekUID
	inside []netip.Prefix
}

// zeekEnds are the two ends of a flow, the one that sorts first in front.
type zeekEnds struct {
	a, b         packet.Addr
	aPort, bPort uint16
	transport    packet.Transport
}

// zeekUID is one flow between two ends: from when on.
type zeekUID struct{ first, last int64 }

func endsOf(t packet.Transport, a packet.Addr, aPort uint16, b packet.Addr, bPort uint16) zeekEnds {
	if c := strings.Compare(string(a[:]), string(b[:])); c > 0 || c == 0 && aPort > bPort {
		a, aPort, b, bPort = b, bPort, a, aPort
	}
	return zeekEnds{a, b, aPort, bPort, t}
}

func (z *zeek) remember(w *flow.Row) error {
	e := endsOf(w.Transport, w.A, w.APort, w.B, w.BPort)
	z.uids[e] = append(z.uids[e], zeekUID{w.First, w.Last})
	return nil
}

// uid is the name by which logs refer to each other: of the flow's ends and of its beginning, the same whenever the same capture is read.
func uid(e zeekEnds, first int64) string {
	const digits, base, bytes = 17, 62, 13 // as many as Zeek's: "C" and 17 letters and digits
	text := fmt.Appendf(nil, "%x %x %d %d %d %d", e.a, e.b, e.aPort, e.bPort, e.transport, first)
	sum := sha1.Sum(text)
	s := new(big.Int).SetBytes(sum[:bytes]).Text(base)
	return "C" + strings.Repeat("0", max(0, digits-len(s))) + s[max(0, len(s)-digits):]
}

// uidAt is the uid of the flow in which something was said; unset where its packets are in no flow.
func (z *zeek) uidAt(n *hostname.Name) string {
	e := endsOf(n.Transport, n.Client, n.ClientPort, n.Server, n.ServerPort)
	for _, u := range z.uids[e] {
		if u.first <= n.At && n.At <= u.last {
			return uid(e, u.first)
		}
	}
	return zeekUnset
}

// insidePrefixes are the networks that count as inside.
func insidePrefixes(r *analyze.Result) (out []netip.Prefix) {
	texts := append([]string{}, r.Settings.Internal...)
	for _, i := range r.Settings.InternalInferred {
		texts = append(texts, i.Prefix)
	}
	for _, s := range texts {
		if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p)
		}
	}
	return out
}

func (z *zeek) local(a netip.Addr) string {
	for _, p := range z.inside {
		if p.Contains(a) {
			return "T"
		}
	}
	return "F"
}

// opened is the time of the first packet, which stands for when the log was opened.
func (z *zeek) opened() string {
	return z.first().UTC().Format("2006-01-02-15-04-05")
}

// first is the time of the first packet of all captures; 1970 where there is none.
func (z *zeek) first() time.Time {
	first := time.Unix(0, 0)
	for i := range z.r.Captures {
		if c := &z.r.Captures[i]; !c.First.IsZero() && (first.UnixNano() == 0 || c.First.Before(first)) {
			first = c.First
		}
	}
	return first
}

func (l *zeekLog) write(w io.Writer, opened string, rows func(w *zeekWriter) error) error {
	b := bufio.NewWriter(w)
	names, kinds := make([]string, len(l.fields)), make([]string, len(l.fields))
	for i, f := range l.fields {
		names[i], kinds[i] = f.name, f.kind
	}
	fmt.Fprintf(b, "#separator \\x09\n#set_separator\t,\n#empty_field\t%s\n#unset_field\t%s\n#path\t%s\n#open\t%s\n#fields\t%s\n#types\t%s\n", zeekEmpty, zeekUnset, l.path, opened,
		strings.Join(names, "\t"), strings.Join(kinds, "\t"))
	if err := rows(&zeekWriter{b, len(l.fields)}); err != nil {
		return err
	}
	fmt.Fprintf(b, "#close\t%s\n", opened)
	return b.Flush()
}

// zeekWriter writes the lines of one log.
type zeekWriter struct {
	w      *bufio.Writer
	fields int
}

// line writes one line of cells, which are escaped already.
func (w *zeekWriter) line(cells ...string) error {
	if len(cells) != w.fields {
		panic(fmt.Sprintf("report: a line of %d cells in a log of %d", len(cells), w.fields))
	}
	_, err := w.w.WriteString(strings.Join(cells, "\t") + "\n")
	return err
}

// zeekText escapes text as Zeek's ASCII writer does: what is not printable ASCII, the separator and what would read as something else stand as \xNN.
func zeekText(s string) string {
	switch s {
	case "":
		return zeekUnset
	case zeekUnset:
		return `\x2d`
	case zeekEmpty:
		return `\x28empty)`
	}
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '\\' || c == '#' && i == 0 {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// zeekList is a set or vector: the comma parts its elements.
func zeekList(list []string) string {
	if len(list) == 0 {
		return zeekUnset
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ReplaceAll(zeekText(s), ",", `\x2c`)
	}
	return strings.Join(out, ",")
}

// zeekTime is seconds with microseconds, since 1970 or of a length.
func zeekTime(ns int64) string {
	const nanos, micros, digits = 1_000_000_000, 1_000, 6
	sign, n := "", uint64(ns)
	if ns < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%0*d", sign, n/nanos, digits, n%nanos/micros)
}

func port(p uint16) string { return strconv.Itoa(int(p)) }

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// zeekProto is Zeek's word for a transport, of which it has three and one for all others.
func zeekProto(t packet.Transport) string {
	switch name := flow.TransportName(t); name {
	case "tcp", "udp", "icmp":
		return name
	case "icmpv6":
		return "icmp"
	}
	return "unknown_transport"
}

// zeekServices are Zeek's names of protocols, where they are not ours.
var zeekServices = map[string]string{"tls": "ssl", "dtls": "ssl"}

func (z *zeek) conn(w *zeekWriter) error {
	return z.r.EachFlow(func(r *flow.Row) error {
		c, _ := r.Client()
		s := 1 - c
		ca, cp := r.End(c)
		sa, sp := r.End(s)
		client, server := ca.Netip(r.V6), sa.Netip(r.V6)
		vlan, id := zeekUnset, zeekUnset
		if r.VLAN != 0 {
			vlan = port(r.VLAN)
		}
		if i, ok := r.CommunityID(); ok {
			id = i.String()
		}
		duration := zeekUnset
		if r.Packets[0]+r.Packets[1] > 1 {
			duration = zeekTime(r.Last - r.First)
		}
		return w.line(zeekTime(r.First), uid(endsOf(r.Transport, r.A, r.APort, r.B, r.BPort), r.First), client.String(), port(cp), server.String(), port(sp), zeekProto(r.Transport),
			zeekText(cmp.Or(zeekServices[r.Protocol], r.Protocol)), duration, number(r.Payload[c]), number(r.Payload[s]), connState(r, c), z.local(client), z.local(server), zeekUnset, zeekUnset,
			number(r.Packets[c]), zeekUnset, number(r.Packets[s]), zeekUnset, zeekUnset, vlan, id)
	})
}

// connState is Zeek's summary of a connection, as far as the flags that each end sent carry it (base/protocols/conn/main.zeek).
func connState(r *flow.Row, client int) string {
	if r.Transport != packet.TCP {
		return datagramState(r, client)
	}
	const opened = packet.SYN | packet.ACK
	orig, resp := r.TCPFlags[client], r.TCPFlags[1-client]
	syn, answered := orig&packet.SYN != 0, resp&opened == opened
	switch {
	case !syn && answered && resp&packet.RST != 0:
		return "RSTRH"
	case !syn && answered && resp&packet.FIN != 0:
		return "SHR"
	case !syn:
		return "OTH"
	case !answered:
		return unansweredState(orig, resp)
	case orig&resp&packet.FIN != 0:
		return "SF"
	case orig&packet.RST != 0:
		return "RSTO"
	case resp&packet.RST != 0:
		return "RSTR"
	case orig&packet.FIN != 0:
		return "S2"
	case resp&packet.FIN != 0:
		return "S3"
	}
	return "S1"
}

// unansweredState is that of a SYN without a SYN in return.
func unansweredState(orig, resp packet.TCPFlags) string {
	switch {
	case resp&packet.RST != 0:
		return "REJ"
	case orig&packet.RST != 0:
		return "RSTOS0"
	case orig&packet.FIN != 0:
		return "SH"
	case resp != 0:
		return "OTH"
	}
	return "S0"
}

func datagramState(r *flow.Row, client int) string {
	switch {
	case r.Transport != packet.UDP:
		return "OTH"
	case r.Packets[1-client] == 0:
		return "S0"
	case r.Packets[client] == 0:
		return "SHR"
	}
	return "SF"
}

// id are the first cells of a line about something that was said.
func (z *zeek) id(n *hostname.Name) []string {
	return []string{zeekTime(n.At), z.uidAt(n), n.Client.Netip(n.V6).String(), port(n.ClientPort), n.Server.Netip(n.V6).String(), port(n.ServerPort)}
}

func nameText(n *hostname.Name) string { return zeekText(hostname.Text(n.Kind, n.Name)) }

// Kinds of names that the logs of hellos hold.
var (
	tlsHellos  = []hostname.Kind{hostname.TLSSNI, hostname.TLSHello, hostname.DTLSSNI, hostname.DTLSHello}
	quicHellos = []hostname.Kind{hostname.QUICSNI, hostname.QUICHello}
	httpNames  = []hostname.Kind{hostname.HTTPHost, hostname.HTTPUnfinished, hostname.HTTPConnect, hostname.HTTP2Authority}
)

// hellos writes a line for each name of some kinds.
func (z *zeek) hellos(kinds []hostname.Kind, cells func(n *hostname.Name) []string) func(w *zeekWriter) error {
	wanted := map[hostname.Kind]bool{}
	for _, k := range kinds {
		wanted[k] = true
	}
	return func(w *zeekWriter) error {
		return z.r.EachName(func(n *hostname.Name) error {
			if !wanted[n.Kind] {
				return nil
			}
			return w.line(append(z.id(n), cells(n)...)...)
		})
	}
}

func sslCells(n *hostname.Name) []string {
	var offered []string
	if len(n.ALPN) > 0 {
		offered = strings.Split(hostname.Text(n.Kind, n.ALPN), ",")
	}
	return []string{nameText(n), zeekText(n.Version), zeekList(offered), zeekText(n.JA4)}
}

func quicCells(n *hostname.Name) []string {
	first, _, _ := strings.Cut(hostname.Text(n.Kind, n.ALPN), ",")
	return []string{zeekText(n.Version), nameText(n), zeekText(first), zeekText(n.JA4)}
}

func httpCells(n *hostname.Name) []string {
	proxied := "F"
	if n.Kind == hostname.HTTPConnect || string(n.Value) == hostname.AbsoluteForm {
		proxied = "T"
	}
	return []string{nameText(n), proxied}
}

// notices writes a line a finding.
func (z *zeek) notices(w *zeekWriter) error {
	x := index(z.r)
	for i := range z.r.Findings {
		f := &z.r.Findings[i]
		src, dst, p := zeekUnset, zeekUnset, zeekUnset
		if len(f.Clients) > 0 {
			src = zeekText(f.Clients[0])
		}
		if len(f.Servers) > 0 {
			dst = zeekText(f.Servers[0])
		}
		if len(f.Destinations) > 0 {
			if d := x.destinations[f.Destinations[0]]; d != nil && d.Port != 0 {
				p = port(d.Port)
			}
		}
		sub := strings.Join([]string{f.ID, f.Severity.String(), settledOr(z.r, f), strings.Join(f.Facts, " ")}, "; ")
		if err := w.line(zeekTime(f.First.UnixNano()), zeekUnset, zeekUnset, zeekUnset, zeekUnset, zeekUnset, zeekUnset, "PhoneHome::"+zeekText(noteName(f.Rule)), zeekText(f.Title), zeekText(sub), src, dst, p,
			number(uint64(len(f.Destinations))), zeekAction(f)); err != nil {
			return err
		}
	}
	return z.changes(w)
}

// changes are the rules that the settings change, and suppressions that do nothing any more.
func (z *zeek) changes(w *zeekWriter) error {
	for _, s := range settingsRemarks(z.r) {
		cells := make([]string, len(zeekNotice.fields))
		for i := range cells {
			cells[i] = zeekUnset
		}
		const ts, note, msg = 0, 7, 8
		cells[ts], cells[note], cells[msg] = zeekTime(z.first().UnixNano()), "PhoneHome::Settings", zeekText(s)
		if err := w.line(cells...); err != nil {
			return err
		}
	}
	return nil
}

func settledOr(r *analyze.Result, f *judge.Finding) string {
	return cmp.Or(settled(r, f), string(f.Status))
}

// zeekAction says whether somebody has to look.
func zeekAction(f *judge.Finding) string {
	if f.Status == judge.Open {
		return "Notice::ACTION_LOG"
	}
	return zeekEmpty
}

// noteName is a rule's id as Zeek names notices: Undisclosed_Destination.
func noteName(rule string) string {
	parts := strings.Split(rule, "-")
	for i, p := range parts {
		if p != "" {
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "_")
}
