package analyze

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"phonehome/analyze/capture"
	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
)

// evidence is what the packets say, of one body of captures: all that judging needs.
type evidence struct {
	captures []capture.Info
	sources  []*capture.Source // of the captures, in their order, where none of them are saved facts
	ignored  []capture.Ignored
	hashes   *hashes // of captures that were read: put takes them up
	rows     []*flow.Rows
	names    []*hostname.Store
	tunnels  []packet.Tunnel // by TunnelID-1
	limits   map[string]uint64
	dropped  bool       // the rows and names, when they were judged
	sorted   []rowRef   // all rows, in the order of facts, once they were asked for
	byFrame  []nameRef  // the same of names
	placing  []nameRef  // of these, the rows that say which networks are inside
	byEnds   *byEnds    // the same of flows by their ends
	ordinals [][]uint32 // by store: the number of a capture in the whole, by its number in the store; nil where they are the same
}

// ordinal is the number, in the whole, of a store's capture.
func (e *evidence) ordinal(store int, capture uint32) uint32 {
	if e.ordinals == nil {
		return capture
	}
	return e.ordinals[store][capture]
}

// dropNames gives the memory of names that were judged back: all of it, or what can be made again.
func (e *evidence) dropNames(facts bool) {
	e.byFrame, e.placing = nil, nil
	if facts {
		e.names, e.dropped = nil, true
	}
}

// row reads one row.
func (e *evidence) row(ref rowRef, r *flow.Row) {
	e.rows[ref.store].At(ref.at, r)
	r.FirstCapture, r.LastCapture = e.ordinal(int(ref.store), r.FirstCapture), e.ordinal(int(ref.store), r.LastCapture)
}

// rowRef and nameRef are sort keys of the rows of facts.
type rowRef struct {
	first int64
	frame uint64
	store uint32
	at    flow.Ref
}

type nameRef struct {
	capture uint32
	store   uint32
	frame   uint64
	index   uint32
	at      flow.Ref
}

// eachName calls f with all name rows by (capture, frame, index).
func (e *evidence) eachName(f func(*hostname.Name) error) error {
	e.sortNames()
	return e.eachNameOf(e.byFrame, f)
}

func (e *evidence) eachNameOf(refs []nameRef, f func(*hostname.Name) error) error {
	var n hostname.Name
	for _, r := range refs {
		e.names[r.store].At(r.at, &n)
		n.Capture = r.capture
		if err := f(&n); err != nil {
			return err
		}
	}
	return nil
}

// sortNames puts the places of all name rows in the order of facts.
func (e *evidence) sortNames() {
	if e.byFrame != nil {
		return
	}
	n := 0
	for _, s := range e.names {
		n += s.Len()
	}
	refs, placing := make([]nameRef, 0, n), []nameRef{}
	for i, s := range e.names {
		s.Each(func(at flow.Ref, n *hostname.Name) {
			r := nameRef{capture: e.ordinal(i, n.Capture), frame: n.Frame, store: uint32(i), index: uint32(len(refs)), at: at}
			refs = append(refs, r)
			if n.Kind == hostname.RAPrefix || n.Kind == hostname.DHCPLease {
				placing = append(placing, r)
			}
		})
	}
	slices.SortFunc(placing, nameRef.compare)
	e.byFrame, e.placing = bucketSorted(refs, (*nameRef).number, nameRef.compare), placing
}

// number orders names, those of one frame and those far behind in a capture as equals.
func (r *nameRef) number() int64 {
	const frameBits = 32
	return int64(r.capture)<<frameBits + int64(min(r.frame, 1<<frameBits-1))
}

func (r nameRef) compare(o nameRef) int {
	switch { // the most telling alone: this is called a million times
	case r.capture != o.capture:
		return cmp.Compare(r.capture, o.capture)
	case r.frame != o.frame:
		return cmp.Compare(r.frame, o.frame)
	}
	return cmp.Compare(r.index, o.index)
}

// eachFlow calls f with all flow rows by (first, first frame, key).
func (e *evidence) eachFlow(f func(*flow.Row) error) error {
	if e.sorted == nil {
		e.sortRows(func(*flow.Row) {})
	}
	var r flow.Row
	for _, ref := range e.sorted {
		e.row(ref, &r)
		if err := f(&r); err != nil {
			return err
		}
	}
	return nil
}

// lastFlows is eachFlow that gives memory back on the way: that of each row once f has seen it, or only what can be made again.
func (e *evidence) lastFlows(facts bool, f func(*flow.Row) error) error {
	at := 0
	err := e.eachFlow(func(r *flow.Row) error {
		err := f(r)
		if facts {
			e.rows[e.sorted[at].store].Done(e.sorted[at].at)
			at++
		}
		return err
	})
	e.sorted = nil
	if facts {
		e.rows, e.dropped = nil, true
	}
	return err
}

// sortRows puts the places of all rows in the order of facts. It shows each row to see, in no order.
func (e *evidence) sortRows(see func(*flow.Row)) {
	n := 0
	for _, s := range e.rows {
		n += s.Len()
	}
	refs := make([]rowRef, 0, n)
	for i, s := range e.rows {
		s.Each(func(at flow.Ref, r *flow.Row) {
			refs = append(refs, rowRef{first: r.First, frame: r.FirstFrame, store: uint32(i), at: at})
			r.FirstCapture = e.ordinal(i, r.FirstCapture)
			see(r)
		})
	}
	var x, y flow.Row
	e.sorted = bucketSorted(refs, func(r *rowRef) int64 { return r.first }, func(a, b rowRef) int {
		switch {
		case a.first != b.first:
			return cmp.Compare(a.first, b.first)
		case a.frame != b.frame:
			return cmp.Compare(a.frame, b.frame)
		}
		e.row(a, &x)
		e.row(b, &y)
		return x.Compare(&y)
	})
}

// writeFacts writes the rows of facts (docs/facts.md): names, flows, captures, end.
func (e *evidence) writeFacts(w io.Writer) error {
	const buffer = 256 << 10
	bw := bufio.NewWriterSize(w, buffer)
	f := factWriter{w: bw, e: e, index: hostname.NewIndex(nil)}
	err := e.eachName(func(n *hostname.Name) error { f.index.AddECH(n); return nil })
	if err == nil {
		err = e.eachName(f.name)
	}
	if err == nil {
		err = e.eachFlow(f.flow)
	}
	for i := 0; err == nil && i < len(e.captures); i++ {
		err = f.capture(i)
	}
	if err == nil {
		_, err = fmt.Fprintf(bw, "{\"type\":\"end\",\"captures\":%d,\"limits_hit\":%s}\n", len(e.captures), countsJSON(e.limits))
	}
	if err == nil {
		err = bw.Flush()
	}
	return err
}

// countsJSON is the JSON of a map of counts; encoding/json sorts its keys.
func countsJSON(m map[string]uint64) []byte {
	if m == nil {
		return []byte("{}")
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic("analyze: a map of counts has no JSON: " + err.Error())
	}
	return b
}

// factWriter encodes rows by hand: there are millions, and encoding/json would take longer than the scan.
type factWriter struct {
	w     *bufio.Writer
	e     *evidence
	index *hostname.Index
	b     []byte
}

func (f *factWriter) str(key, s string) {
	f.b = append(f.b, ',', '"')
	f.b = append(append(f.b, key...), '"', ':')
	f.b = appendJSONString(f.b, s)
}

func (f *factWriter) opt(key, s string) {
	if s != "" {
		f.str(key, s)
	}
}

func (f *factWriter) num(key string, n uint64) {
	f.b = append(f.b, ',', '"')
	f.b = append(append(f.b, key...), '"', ':')
	f.b = strconv.AppendUint(f.b, n, 10)
}

func (f *factWriter) optNum(key string, n uint64) {
	if n != 0 {
		f.num(key, n)
	}
}

func (f *factWriter) flag(key string, on bool) {
	if on {
		f.b = append(append(append(f.b, ',', '"'), key...), `":true`...)
	}
}

func (f *factWriter) time(key string, ns int64) { f.str(key, timeText(ns)) }

// timeText is RFC 3339 with nanoseconds, UTC.
func timeText(ns int64) string {
	return time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000000000Z")
}

func (f *factWriter) begin(kind string) {
	f.b = append(append(append(f.b[:0], `{"type":"`...), kind...), '"')
}

func (f *factWriter) end() error {
	f.b = append(f.b, '}', '\n')
	_, err := f.w.Write(f.b)
	return err
}

func (f *factWriter) name(n *hostname.Name) error {
	if n.Kind == hostname.Personal {
		return f.personal(n)
	}
	f.begin("name")
	f.num("capture", uint64(n.Capture))
	f.str("kind", string(n.Kind))
	f.str("name", hostname.Text(n.Kind, n.Name))
	f.where(n)
	if n.Kind == hostname.DNS || n.Kind == hostname.DNSQuery || n.RRType != "" {
		f.str("rrtype", n.RRType)
	}
	f.opt("value", hostname.Text(n.Kind, n.Value))
	if n.Kind == hostname.DNS {
		f.num("ttl", uint64(n.TTL))
	} else {
		f.optNum("ttl", uint64(n.TTL))
	}
	f.opt("query", hostname.Text(n.Kind, n.Query))
	f.opt("rcode", n.RCode)
	f.flag("unsolicited", n.Unsolicited)
	f.opt("alpn", hostname.Text(n.Kind, n.ALPN))
	f.opt("ja4", n.JA4)
	f.opt("version", n.Version)
	f.ech(n)
	return f.end()
}

// where adds the ends that a row is about, and the frame that completed it.
func (f *factWriter) where(n *hostname.Name) {
	f.str("client", n.Client.Netip(n.V6).String())
	f.num("client_port", uint64(n.ClientPort))
	f.str("server", n.Server.Netip(n.V6).String())
	f.num("server_port", uint64(n.ServerPort))
	f.str("transport", flow.TransportName(n.Transport))
	f.flag("v6", n.V6)
	f.time("at", n.At)
	f.num("frame", n.Frame)
}

// personal writes a value of personal data: masked, and with a hash that many values share.
func (f *factWriter) personal(n *hostname.Name) error {
	f.begin("personal")
	f.num("capture", uint64(n.Capture))
	f.str("kind", n.RRType)
	f.str("masked", string(n.Name))
	f.num("bucket", uint64(n.TTL))
	f.str("in", string(n.Value))
	f.opt("name", hostname.Text(n.Kind, n.Query))
	f.where(n)
	return f.end()
}

func (f *factWriter) ech(n *hostname.Name) {
	if n.ECH == "" {
		return
	}
	ech := n.ECH
	if f.index.ECHReal(n) {
		ech = hostname.ECHReal
	}
	f.str("ech", ech)
	if ech != hostname.ECHAbsent {
		f.num("ech_id", uint64(n.ECHID))
	}
}

func (f *factWriter) flow(r *flow.Row) error {
	c, basis := r.Client()
	s := 1 - c
	ca, cp := r.End(c)
	sa, sp := r.End(s)
	f.begin("flow")
	f.num("capture", uint64(r.FirstCapture))
	f.str("transport", r.TransportName())
	f.str("client", ca.Netip(r.V6).String())
	f.num("client_port", uint64(cp))
	f.str("server", sa.Netip(r.V6).String())
	f.num("server_port", uint64(sp))
	f.flag("v6", r.V6)
	f.num("packets_out", r.Packets[c])
	f.num("packets_in", r.Packets[s])
	f.num("wire_out", r.Wire[c])
	f.num("wire_in", r.Wire[s])
	f.num("payload_out", r.Payload[c])
	f.num("payload_in", r.Payload[s])
	f.time("first", r.First)
	f.time("last", r.Last)
	f.num("first_frame", r.FirstFrame)
	f.num("last_frame", r.LastFrame)
	if r.LastCapture != r.FirstCapture {
		f.num("last_capture", uint64(r.LastCapture))
	}
	f.str("opened", basis)
	f.flag("server_first", (c == 0) == r.FromB)
	f.opt("protocol", r.Protocol)
	if id, ok := r.CommunityID(); ok {
		f.str("community_id", id.String())
	}
	f.ends(r, c)
	f.rest(r, c)
	return f.end()
}

// ends adds what is known of each end beside its counts.
func (f *factWriter) ends(r *flow.Row, c int) {
	for i, who := range [...]string{"client", "server"} {
		end := i ^ c
		if r.MACs[end] != (packet.MAC{}) {
			f.str(who+"_mac", macText(r.MACs[end]))
		}
		f.optNum(who+"_ttl", uint64(r.TTL[end]))
		if r.Transport == packet.TCP && r.Packets[end] > 0 {
			f.num(who+"_isn", uint64(r.ISN[end]))
			f.num(who+"_next", r.Next[end])
			f.num(who+"_flags", uint64(r.TCPFlags[end]))
		}
	}
}

func macText(m packet.MAC) string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5])
}

// rest adds what few rows have.
func (f *factWriter) rest(r *flow.Row, c int) {
	f.optNum("vlan", uint64(r.VLAN))
	f.optNum("duplicates", r.Duplicates)
	f.optNum("retransmitted", r.Retransmitted)
	f.flag("snapped", r.Snapped)
	if r.Orphan {
		f.flag("orphan", true)
		f.num("ip_protocol", uint64(r.Transport))
	}
	if r.Tunnel != 0 {
		t, err := json.Marshal(f.e.tunnels[r.Tunnel-1])
		if err != nil {
			panic("analyze: a tunnel has no JSON: " + err.Error())
		}
		f.b = append(append(f.b, `,"tunnel":`...), t...)
	}
	for i, h := range r.Hours {
		sep := ","
		if i == 0 {
			sep = `,"hours":[`
		}
		f.b = fmt.Appendf(f.b, "%s[%d,%d,%d]", sep, h.Hour, h.Payload[c], h.Payload[1-c])
	}
	if len(r.Hours) > 0 {
		f.b = append(f.b, ']')
	}
	for i, at := range r.Events {
		sep := ","
		if i == 0 {
			sep = `,"events":[`
		}
		f.b = strconv.AppendInt(append(f.b, sep...), at-r.First, 10)
	}
	if len(r.Events) > 0 {
		f.b = append(f.b, ']')
	}
}

func (f *factWriter) capture(i int) error {
	body, err := json.Marshal(&f.e.captures[i])
	if err != nil {
		return fmt.Errorf("facts of capture %d: %w", i, err)
	}
	f.b = fmt.Appendf(f.b[:0], `{"type":"capture","capture":%d,`, i)
	f.b = append(AppendSafeJSON(f.b, body[1:]), '\n')
	_, err = f.w.Write(f.b)
	return err
}

const hexDigits = "0123456789abcdef"

// appendJSONString adds s as a JSON string (RFC 8259, section 7). Bytes that are no UTF-8 become U+FFFD; texts have been escaped
// before they come here.
func appendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
			i++
		case c < ' ' || c == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			i++
		case c == '#' && i > 0 && s[i-1] == '#':
			b = append(b, secondHash...)
			i++
		case c < utf8.RuneSelf:
			b = append(b, c)
			i++
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			b = appendRune(b, r)
			i += n
		}
	}
	return append(b, '"')
}

// appendRune adds a rune beyond ASCII: as an escape where it has no ink (controls, bidirectional marks, zero width, line separators), since facts are looked at on terminals too.
func appendRune(b []byte, r rune) []byte {
	if Shown(r) {
		return utf8.AppendRune(b, r)
	}
	return appendRuneEscape(b, r)
}

// addrOf parses an address of facts.
func addrOf(s string, v6 bool) (packet.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return packet.Addr{}, err
	}
	if a.Is6() != v6 && v6 {
		return packet.Addr{}, fmt.Errorf("%s is no IPv6 address", s)
	}
	return packet.AddrFrom(a), nil
}
