package report

import (
	"cmp"
	"strings"

	"phonehome/analyze/hostname"
)

// zeekKind is where a kind of name is logged, and how.
type zeekKind struct {
	log   *zeekLog
	cells func(n *hostname.Name) []zeekCell
}

// zeekKinds are the kinds of names that have a line each.
var zeekKinds = map[hostname.Kind]zeekKind{
	hostname.TLSSNI: {&zeekSSL, sslCells}, hostname.TLSHello: {&zeekSSL, sslCells}, hostname.DTLSSNI: {&zeekSSL, sslCells}, hostname.DTLSHello: {&zeekSSL, sslCells},
	hostname.QUICSNI: {&zeekQUIC, quicCells}, hostname.QUICHello: {&zeekQUIC, quicCells},
	hostname.HTTPHost: {&zeekHTTP, httpCells}, hostname.HTTPUnfinished: {&zeekHTTP, httpCells}, hostname.HTTPConnect: {&zeekHTTP, httpCells}, hostname.HTTP2Authority: {&zeekHTTP, httpCells},
}

// said writes a line for each name that belongs into a log, in their order.
func (z *zeek) said(l *zeekLog) func(w *zeekWriter) error {
	return func(w *zeekWriter) error {
		return z.r.EachName(func(n *hostname.Name) error {
			k, ok := zeekKinds[n.Kind]
			if !ok || k.log != l {
				return nil
			}
			return w.line(append(z.id(n), k.cells(n)...)...)
		})
	}
}

// id are the first cells of a line about something that was said.
func (z *zeek) id(n *hostname.Name) []zeekCell {
	uid := zeekUnset
	if z.r.FlowOf(n, &z.row) {
		uid = zeekUID(&z.row, 0)
	}
	return []zeekCell{zeekTime(n.At), uid, zeekAddr(n.Client.Netip(n.V6)), zeekPort(n.ClientPort), zeekAddr(n.Server.Netip(n.V6)), zeekPort(n.ServerPort)}
}

// zeekName is a name as facts have it; none where a hello has none.
func zeekName(n *hostname.Name) zeekCell { return zeekOptional(hostname.Text(n.Kind, n.Name)) }

func offered(n *hostname.Name) []string {
	if len(n.ALPN) == 0 {
		return nil
	}
	return strings.Split(hostname.Text(n.Kind, n.ALPN), ",")
}

func sslCells(n *hostname.Name) []zeekCell {
	return []zeekCell{zeekName(n), zeekOptional(n.Version), zeekList(offered(n)), zeekOptional(n.JA4)}
}

func quicCells(n *hostname.Name) []zeekCell {
	first := ""
	if all := offered(n); len(all) > 0 {
		first = all[0]
	}
	return []zeekCell{zeekOptional(cmp.Or(zeekQUICVersions[n.Version], n.Version)), zeekName(n), zeekOptional(first), zeekOptional(n.JA4)}
}

// zeekQUICVersions are Zeek's names of versions (base/protocols/quic/consts.zeek), where they are not ours.
var zeekQUICVersions = map[string]string{"v1": "1", "v2": "quicv2"}

func httpCells(n *hostname.Name) []zeekCell {
	return []zeekCell{zeekName(n), zeekBool(n.Kind == hostname.HTTPConnect || string(n.Value) == hostname.AbsoluteForm)}
}
