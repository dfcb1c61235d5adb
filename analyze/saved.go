package analyze

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"phonehome/analyze/capture"
	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
)

// saved is one file of facts that was read back.
type saved struct {
	path     string
	captures []capture.Info
	rows     flow.Rows
	names    *hostname.Store
	tunnels  []packet.Tunnel
	tunnelID map[packet.Tunnel]packet.TunnelID
	limits   map[string]uint64
	ended    bool
}

// maxFactLine bounds one line of facts: the longest is a flow with a year of hours.
const maxFactLine = 4 << 20

// readFacts reads a file of facts. Whatever is not as this program writes it is an error with the number of its line: facts are evidence.
func readFacts(path string, r io.Reader) (*saved, error) {
	s := &saved{path: path, names: hostname.NewStore(hostname.StoreLimit * shards), tunnelID: map[packet.Tunnel]packet.TunnelID{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxFactLine)
	n := 0
	for lines.Scan() {
		n++
		if err := s.line(lines.Bytes()); err != nil {
			return nil, fmt.Errorf("facts %s: line %d: %w", path, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("facts %s: line %d: %w", path, n+1, err)
	}
	if !s.ended {
		return nil, fmt.Errorf("facts %s: line %d: cut short: the end row is missing", path, n+1)
	}
	return s, nil
}

// line reads one row.
func (s *saved) line(b []byte) error {
	var kind struct{ Type string }
	if err := json.Unmarshal(b, &kind); err != nil {
		return err
	}
	if s.ended {
		return errors.New("a row behind the end row")
	}
	switch kind.Type {
	case "name":
		return s.readName(b)
	case "personal":
		return s.readPersonal(b)
	case "flow":
		return s.readFlow(b)
	case "capture":
		var c capture.Info
		err := json.Unmarshal(b, &c)
		s.captures = append(s.captures, c)
		return err
	case "end":
		var e struct {
			Captures int
			Limits   map[string]uint64 `json:"limits_hit"`
		}
		err := json.Unmarshal(b, &e)
		if err == nil && e.Captures != len(s.captures) {
			err = fmt.Errorf("%d capture rows, the end row says %d", len(s.captures), e.Captures)
		}
		s.limits, s.ended = e.Limits, true
		return err
	}
	return nil // rows of a later version that this one does not know
}

// where is what name and personal rows have alike.
type where struct {
	Capture    uint32
	Client     string
	ClientPort uint16 `json:"client_port"`
	Server     string
	ServerPort uint16 `json:"server_port"`
	Transport  string
	V6         bool
	At         time.Time
	Frame      uint64
}

// fill sets where n is from.
func (w *where) fill(n *hostname.Name) error {
	n.Capture, n.ClientPort, n.ServerPort, n.V6, n.At, n.Frame = w.Capture, w.ClientPort, w.ServerPort, w.V6, w.At.UnixNano(), w.Frame
	t, ok := flow.TransportOf(w.Transport)
	if !ok {
		return fmt.Errorf("transport %q is not known", w.Transport)
	}
	n.Transport = t
	var err error
	if n.Client, err = addrOf(w.Client, w.V6); err == nil {
		n.Server, err = addrOf(w.Server, w.V6)
	}
	return err
}

// personalRow is a personal row as JSON.
type personalRow struct {
	where
	Kind, Masked, In, Name string
	Bucket                 uint32
}

func (s *saved) readPersonal(b []byte) error {
	var j personalRow
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	n := hostname.Name{Kind: hostname.Personal, Name: []byte(j.Masked), RRType: j.Kind, TTL: j.Bucket, Value: []byte(j.In), Query: []byte(j.Name)}
	if err := j.fill(&n); err != nil {
		return err
	}
	s.names.Add(&n)
	return nil
}

// nameRow is a name row as JSON.
type nameRow struct {
	where
	Kind        hostname.Kind
	Name        string
	RRType      string
	Value       string
	TTL         uint32
	Query       string
	RCode       string
	Unsolicited bool
	ALPN        string
	JA4         string
	Version     string
	ECH         string
	ECHID       uint8 `json:"ech_id"`
}

func (s *saved) readName(b []byte) error {
	var j nameRow
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	n := hostname.Name{Kind: j.Kind, Name: []byte(j.Name), RRType: j.RRType, Value: []byte(j.Value), TTL: j.TTL, Query: []byte(j.Query), RCode: j.RCode, Unsolicited: j.Unsolicited,
		ALPN: []byte(j.ALPN), JA4: j.JA4, Version: j.Version, ECH: j.ECH, ECHID: j.ECHID}
	if err := j.fill(&n); err != nil {
		return err
	}
	s.names.Add(&n)
	return nil
}

// flowRow is a flow row as JSON.
type flowRow struct {
	Capture       uint32
	Transport     string
	Client        string
	ClientPort    uint16 `json:"client_port"`
	Server        string
	ServerPort    uint16 `json:"server_port"`
	V6            bool
	PacketsOut    uint64 `json:"packets_out"`
	PacketsIn     uint64 `json:"packets_in"`
	WireOut       uint64 `json:"wire_out"`
	WireIn        uint64 `json:"wire_in"`
	PayloadOut    uint64 `json:"payload_out"`
	PayloadIn     uint64 `json:"payload_in"`
	First, Last   time.Time
	FirstFrame    uint64  `json:"first_frame"`
	LastFrame     uint64  `json:"last_frame"`
	LastCapture   *uint32 `json:"last_capture"`
	Opened        string
	ServerFirst   bool `json:"server_first"`
	Protocol      string
	ClientMAC     string          `json:"client_mac"`
	ServerMAC     string          `json:"server_mac"`
	ClientTTL     uint8           `json:"client_ttl"`
	ServerTTL     uint8           `json:"server_ttl"`
	ClientISN     uint32          `json:"client_isn"`
	ServerISN     uint32          `json:"server_isn"`
	ClientNext    uint64          `json:"client_next"`
	ServerNext    uint64          `json:"server_next"`
	ClientFlags   packet.TCPFlags `json:"client_flags"`
	ServerFlags   packet.TCPFlags `json:"server_flags"`
	VLAN          uint16
	Duplicates    uint64
	Retransmitted uint64
	Snapped       bool
	Orphan        bool
	IPProtocol    packet.Transport `json:"ip_protocol"`
	Tunnel        *packet.Tunnel
	Hours         [][3]uint64
	Events        []int64
}

func (s *saved) readFlow(b []byte) error {
	var j flowRow
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	r, err := j.row()
	if err != nil {
		return err
	}
	if j.Tunnel != nil {
		id, ok := s.tunnelID[*j.Tunnel]
		if !ok {
			s.tunnels = append(s.tunnels, *j.Tunnel)
			id = packet.TunnelID(len(s.tunnels))
			s.tunnelID[*j.Tunnel] = id
		}
		r.Tunnel = id
	}
	s.rows.Add(r)
	return nil
}

// maxProtocol is the longest protocol name that a row keeps.
const maxProtocol = 255

// row turns a flow row from client and server to the two ends of its key.
func (j *flowRow) row() (*flow.Row, error) {
	client, err := addrOf(j.Client, j.V6)
	if err != nil {
		return nil, err
	}
	server, err := addrOf(j.Server, j.V6)
	if err != nil {
		return nil, err
	}
	t, ok := flow.TransportOf(j.Transport)
	if j.Orphan {
		t, ok = j.IPProtocol, true
	}
	if !ok {
		return nil, fmt.Errorf("transport %q is not known", j.Transport)
	}
	if len(j.Protocol) > maxProtocol {
		return nil, errors.New("protocol is too long")
	}
	c := 0 // the client's end
	if cmp.Or(bytes.Compare(client[:], server[:]), cmp.Compare(j.ClientPort, j.ServerPort)) > 0 {
		c = 1
	}
	r := &flow.Row{Transport: t, V6: j.V6, Orphan: j.Orphan, FromB: (c == 0) == j.ServerFirst, Snapped: j.Snapped, Opener: -1,
		First: j.First.UnixNano(), Last: j.Last.UnixNano(), FirstFrame: j.FirstFrame, LastFrame: j.LastFrame, FirstCapture: j.Capture, LastCapture: j.Capture,
		VLAN: j.VLAN, Duplicates: j.Duplicates, Retransmitted: j.Retransmitted, Protocol: j.Protocol}
	if j.LastCapture != nil {
		r.LastCapture = *j.LastCapture
	}
	if j.Opened == "syn" {
		r.Opener = int8(c)
	}
	r.SetEnds(c, client, j.ClientPort, server, j.ServerPort)
	r.Packets, r.Wire, r.Payload = pairOf(c, j.PacketsOut, j.PacketsIn), pairOf(c, j.WireOut, j.WireIn), pairOf(c, j.PayloadOut, j.PayloadIn)
	r.TTL, r.ISN, r.Next = pairOf(c, j.ClientTTL, j.ServerTTL), pairOf(c, j.ClientISN, j.ServerISN), pairOf(c, j.ClientNext, j.ServerNext)
	r.TCPFlags = pairOf(c, j.ClientFlags, j.ServerFlags)
	for _, h := range j.Hours {
		r.Hours = append(r.Hours, flow.HourCount{Hour: int32(h[0]), Payload: pairOf(c, h[1], h[2])})
	}
	for _, at := range j.Events {
		r.Events = append(r.Events, r.First+at)
	}
	r.MACs = pairOf(c, macOf(j.ClientMAC), macOf(j.ServerMAC))
	return r, nil
}

// pairOf puts the client's and the server's value at their ends.
func pairOf[T any](c int, client, server T) (p [2]T) {
	p[c], p[1-c] = client, server
	return p
}

func macOf(s string) (m packet.MAC) {
	n, err := fmt.Sscanf(s, "%02x:%02x:%02x:%02x:%02x:%02x", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5])
	if n != len(m) || err != nil {
		return packet.MAC{}
	}
	return m
}

// captureRank is what captures are numbered by: time of the first record, then size, then content.
type captureRank struct {
	first time.Time
	size  int64
	sum   string
	store int // 0: read live, else the saved file's number, from 1
	at    int // number in its store
}

// merge puts saved facts beside live evidence, numbers all captures anew in time order, and joins the rows of flows that lie
// in both.
func (e *evidence) merge(all []*saved) error {
	if len(all) == 0 {
		return nil
	}
	if err := e.hashes.put(e.captures); err != nil { // captures are told apart by them
		return err
	}
	live := len(e.rows)
	ranks := []captureRank{}
	for i, c := range e.captures {
		ranks = append(ranks, captureRank{c.First, c.Bytes, c.SHA256, 0, i})
	}
	for k, s := range all {
		for i, c := range s.captures {
			ranks = append(ranks, captureRank{c.First, c.Bytes, c.SHA256, k + 1, i})
		}
	}
	slices.SortStableFunc(ranks, func(a, b captureRank) int {
		return cmp.Or(a.first.Compare(b.first), cmp.Compare(a.size, b.size), cmp.Compare(a.sum, b.sum))
	})
	ordinals := make([][]uint32, len(all)+1)
	captures := make([]capture.Info, len(ranks))
	ordinals[0] = make([]uint32, len(e.captures))
	for k, s := range all {
		ordinals[k+1] = make([]uint32, len(s.captures))
	}
	for n, r := range ranks {
		ordinals[r.store][r.at] = uint32(n)
		captures[n] = e.capturesOf(all, r.store)[r.at]
	}
	e.captures = captures
	e.ordinals = nil
	for range live {
		e.ordinals = append(e.ordinals, ordinals[0])
	}
	for len(e.names) < live || len(e.rows) < len(e.names) { // one list of ordinals serves both
		e.rows = append(e.rows, &flow.Rows{})
		e.ordinals = append(e.ordinals, ordinals[0])
	}
	for k, s := range all {
		e.add(s, ordinals[k+1])
	}
	return nil
}

func (e *evidence) capturesOf(all []*saved, store int) []capture.Info {
	if store == 0 {
		return e.captures
	}
	return all[store-1].captures
}

// add appends the stores of one saved file.
func (e *evidence) add(s *saved, ordinals []uint32) {
	rows := &flow.Rows{}
	shift := packet.TunnelID(len(e.tunnels))
	s.rows.Each(func(_ flow.Ref, r *flow.Row) {
		if r.Tunnel != 0 {
			r.Tunnel += shift
		}
		rows.Add(r)
	})
	e.tunnels = append(e.tunnels, s.tunnels...)
	e.rows, e.names, e.ordinals = append(e.rows, rows), append(e.names, s.names), append(e.ordinals, ordinals)
	for k, v := range s.limits {
		e.limits[k] += v
	}
}

// readSaved takes the saved facts out of a set and reads them. A file that can't be read stands as a capture that could not be, and the rest goes on.
func readSaved(set *capture.Set) (all []*saved) {
	live := set.Sources[:0]
	for _, src := range set.Sources {
		if !src.Facts {
			src.Ordinal = uint32(len(live))
			live = append(live, src)
			continue
		}
		s, err := openFacts(src)
		if err != nil {
			s = &saved{path: src.Path, names: hostname.NewStore(hostname.StoreLimit), captures: []capture.Info{{Path: src.Path, Bytes: src.Size, Unread: err.Error()}}}
		}
		all = append(all, s)
	}
	set.Sources = live
	dropKnown(set, all)
	return all
}

// dropKnown drops the captures whose facts are given too: the same bytes count once. Only a file of the same size is hashed
// for it.
func dropKnown(set *capture.Set, all []*saved) {
	kept := set.Sources[:0]
	for _, src := range set.Sources {
		if s := knownIn(src, all); s != nil {
			set.Ignored = append(set.Ignored, capture.Ignored{Path: src.Path, Reason: "its facts are given in " + s.path})
			continue
		}
		src.Ordinal = uint32(len(kept))
		kept = append(kept, src)
	}
	set.Sources = kept
}

// knownIn returns the saved facts that hold a source, or nil.
func knownIn(src *capture.Source, all []*saved) *saved {
	for _, s := range all {
		for i := range s.captures {
			c := &s.captures[i]
			if c.Bytes != src.Size || c.SHA256 == "" {
				continue
			}
			if sum, err := src.Sum(); err == nil && sum == c.SHA256 {
				return s
			}
		}
	}
	return nil
}

func openFacts(src *capture.Source) (*saved, error) {
	r, err := src.Reader()
	if err != nil {
		return nil, err
	}
	defer r.Close() // read only
	return readFacts(src.Path, r)
}
