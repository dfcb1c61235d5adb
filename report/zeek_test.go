package report

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	cmpdiff "github.com/google/go-cmp/cmp"

	"phonehome/analyze"
	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/judge"
	"phonehome/analyze/packet"
	"phonehome/fixtures"
)

// memory is a Folder that keeps what is written to it.
type memory map[string][]byte

func (m memory) File(name string, write func(w io.Writer) error) error {
	var b bytes.Buffer
	err := write(&b)
	m[name] = b.Bytes()
	return err
}

// scanned is the result of a scan of a case, with those of the files that come with it that are registers.
func scanned(t *testing.T, c fixtures.Case, registers ...string) *analyze.Result {
	t.Helper()
	o := analyze.DefaultOptions()
	o.AsOf = "2018-12-01"
	folder := t.TempDir()
	lay := func(f fixtures.File) string {
		path := filepath.Join(folder, f.Name)
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, f := range c.Make().Files {
		o.Inputs = append(o.Inputs, lay(f))
	}
	for _, f := range c.Given {
		if slices.Contains(registers, f.Name) {
			o.Register = append(o.Register, lay(f))
		}
	}
	r, err := analyze.Scan(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Remove implements Remover.
func (m memory) Remove(name string, own func(head []byte) bool) error {
	if own(m[name]) {
		delete(m, name)
	}
	return nil
}

// checkName wants the name of a file of a format of several to fit the pattern by which those of earlier runs are found.
func checkName(t *testing.T, format, name string) {
	t.Helper()
	f, _ := ByName(format)
	if fits, err := path.Match(f.Files, name); err != nil || !fits {
		t.Errorf("%s has a file %s, which does not fit %q: %v", format, name, f.Files, err)
	}
}

// logs are those of a result.
func logs(t *testing.T, r *analyze.Result) memory {
	t.Helper()
	m := memory{"quic.log": []byte("#path\tquic\n" + zeekQUIC.columns())} // of an earlier run
	if err := writeZeek(m, r, Options{}); err != nil {
		t.Fatal(err)
	}
	for name := range m {
		checkName(t, "zeek", name)
	}
	return m
}

// zeekHead is the head of each log but its columns, as Zeek writes it.
var zeekHead = regexp.MustCompile(`^#separator \\x09\n#set_separator\t,\n#empty_field\t\(empty\)\n#unset_field\t-\n#path\t([a-z]+)\n#open\t(\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)\n#fields\tts\t`)

// readLog reads a log: its lines, by the names of the columns. Each has as many cells as there are columns and types.
func readLog(t *testing.T, name string, b []byte) (out []map[string]string) {
	t.Helper()
	if head := zeekHead.FindSubmatch(b); head == nil || string(head[1])+".log" != name {
		t.Fatalf("%s begins with %q", name, b[:min(len(b), 200)])
	}
	if !regexp.MustCompile(`\n#close\t[-\d]{19}\n$`).Match(b) {
		t.Fatalf("%s is not closed", name)
	}
	var fields, kinds []string
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch {
		case cells[0] == "#fields":
			fields = cells[1:]
		case cells[0] == "#types":
			kinds = cells[1:]
		case strings.HasPrefix(line, "#"):
		case len(cells) != len(fields) || len(kinds) != len(fields):
			t.Fatalf("%d cells of %d fields and %d types: %q", len(cells), len(fields), len(kinds), line)
		default:
			row := map[string]string{}
			for i, c := range cells {
				checkCell(t, kinds[i], c)
				row[fields[i]] = c
			}
			out = append(out, row)
		}
	}
	return out
}

// zeekCells are what values of a type look like.
var zeekCells = map[string]*regexp.Regexp{
	"time": regexp.MustCompile(`^-?\d+\.\d{6}$`), "interval": regexp.MustCompile(`^\d+\.\d{6}$`), "count": regexp.MustCompile(`^\d+$`), "int": regexp.MustCompile(`^\d+$`), "port": regexp.MustCompile(`^\d+$`),
	"bool": regexp.MustCompile(`^[TF]$`), "addr": regexp.MustCompile(`^[0-9a-f.:]+$`), "enum": regexp.MustCompile(`^[A-Za-z_:]+$`), "string": regexp.MustCompile(`^[ -~]+$`),
	"set[enum]": regexp.MustCompile(`^([A-Za-z_:,]+|\(empty\))$`), "vector[string]": regexp.MustCompile(`^[ -~]+$`), "vector[interval]": regexp.MustCompile(`^\d+\.\d{6}(,\d+\.\d{6})*$`),
}

func checkCell(t *testing.T, kind, cell string) {
	t.Helper()
	if cell != "-" && (zeekCells[kind] == nil || !zeekCells[kind].MatchString(cell)) {
		t.Errorf("%q is no %s", cell, kind)
	}
}

// factRow is a row of facts, as far as logs repeat it.
type factRow struct {
	Type, Kind, Transport, Client, Server string
	ClientPort                            uint64 `json:"client_port"`
	ServerPort                            uint64 `json:"server_port"`
	PayloadOut                            uint64 `json:"payload_out"`
	PayloadIn                             uint64 `json:"payload_in"`
	PacketsOut                            uint64 `json:"packets_out"`
	PacketsIn                             uint64 `json:"packets_in"`
	VLAN                                  uint64
	CommunityID                           string `json:"community_id"`
	First, Last                           time.Time
	Query                                 string
}

// factsOf are the rows of a result's facts, of one type.
func factsOf(t *testing.T, r *analyze.Result, kind string) (out []factRow) {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteFacts(&b); err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(b.Bytes()) {
		var f factRow
		if err := json.Unmarshal(line, &f); err != nil {
			t.Fatal(err)
		}
		if f.Type == kind {
			out = append(out, f)
		}
	}
	return out
}

// TestZeekLogs: of every case, each line is whole, the numbers are those of the facts, what refers to a connection finds it, and saved facts give the same bytes.
func TestZeekLogs(t *testing.T) {
	for _, c := range fixtures.Cases() {
		if c.Long {
			continue
		}
		t.Run(c.Slug, func(t *testing.T) {
			t.Parallel()
			r := scanned(t, c)
			all := logs(t, r)
			rows := map[string][]map[string]string{}
			for name, b := range all {
				rows[name] = readLog(t, name, b)
				if len(rows[name]) == 0 && name != "conn.log" {
					t.Errorf("%s has no lines", name)
				}
			}
			checkConns(t, rows["conn.log"], factsOf(t, r, "flow"))
			checkSaid(t, rows, factsOf(t, r, "name"))
			if len(rows["notice.log"]) != len(r.Findings)+len(settingsRemarks(r)) {
				t.Errorf("%d notices of %d findings", len(rows["notice.log"]), len(r.Findings))
			}
			checkSaved(t, r, all)
		})
	}
}

// TestZeekGoldens are the logs of small cases, one behind the other.
func TestZeekGoldens(t *testing.T) {
	for _, slug := range []string{"quic-v1", "dns-cname-chain"} {
		i := slices.IndexFunc(fixtures.Cases(), func(c fixtures.Case) bool { return c.Slug == slug })
		all := logs(t, scanned(t, fixtures.Cases()[i]))
		var b strings.Builder
		for _, name := range slices.Sorted(maps.Keys(all)) {
			b.Write(all[name])
		}
		golden(t, "format-zeek-"+slug, b.String())
	}
}

// checkConns holds each line against the flow row at the same place.
func checkConns(t *testing.T, conns []map[string]string, flows []factRow) {
	t.Helper()
	if len(conns) != len(flows) {
		t.Fatalf("%d connections of %d flows", len(conns), len(flows))
	}
	for i, f := range flows {
		vlan := ""
		if f.VLAN != 0 {
			vlan = fmt.Sprint(f.VLAN)
		}
		want := []string{fmt.Sprintf("%d.%06d", f.First.Unix(), f.First.Nanosecond()/1000), f.Client, fmt.Sprint(f.ClientPort), f.Server, fmt.Sprint(f.ServerPort), fmt.Sprint(f.PayloadOut), fmt.Sprint(f.PayloadIn),
			fmt.Sprint(f.PacketsOut), fmt.Sprint(f.PacketsIn), cmp.Or(vlan, "-"), cmp.Or(f.CommunityID, "-")}
		var got []string
		for _, name := range []string{"ts", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "orig_bytes", "resp_bytes", "orig_pkts", "resp_pkts", "vlan", "community_id"} {
			got = append(got, conns[i][name])
		}
		if !slices.Equal(got, want) {
			t.Errorf("connection %d is %q, the flow %q", i, got, want)
		}
	}
}

// checkSaid: uids are those of connections, of which each has its own, and every answer of DNS is on a line.
func checkSaid(t *testing.T, rows map[string][]map[string]string, names []factRow) {
	t.Helper()
	uids := map[string]bool{}
	for _, row := range rows["conn.log"] {
		if uids[row["uid"]] || !regexp.MustCompile(`^C[0-9A-Za-z]{17}$`).MatchString(row["uid"]) {
			t.Errorf("uid %s is none, or of two connections", row["uid"])
		}
		uids[row["uid"]] = true
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		for _, row := range rows[name] {
			if u := row["uid"]; !uids[u] && (u != "-" || name != "notice.log") {
				t.Errorf("%s refers to %s, which is no connection", name, u)
			}
		}
	}
	want, got := 0, 0
	for _, n := range names {
		if n.Kind == "dns" && n.Query != "" {
			want++
		}
	}
	for _, row := range rows["dns.log"] {
		if row["answers"] != "-" {
			got += 1 + strings.Count(row["answers"], ",")
		}
	}
	if got != want {
		t.Errorf("%d answers of DNS, want %d", got, want)
	}
}

// checkSaved: facts that were saved give the same logs.
func checkSaved(t *testing.T, r *analyze.Result, want memory) {
	t.Helper()
	var facts bytes.Buffer
	if err := r.WriteFacts(&facts); err != nil {
		t.Fatal(err)
	}
	o := analyze.DefaultOptions()
	o.AsOf, o.Inputs = "2018-12-01", []string{filepath.Join(t.TempDir(), "facts.ndjson")}
	if err := os.WriteFile(o.Inputs[0], facts.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	saved, err := analyze.Scan(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmpdiff.Diff(want, logs(t, saved)); diff != "" {
		t.Errorf("logs (- of the capture, + of its facts):\n%s", diff)
	}
}

// hostileTexts are texts and what stands for them in a log.
var hostileTexts = map[string]string{
	"": "(empty)", "-": `\x2d`, "(empty)": `\x28empty)`, "a\tb\n": `a\x09b\x0a`, "#x": `\x23x`, "a#": "a#", `a\x`: `a\x5cx`, `\x09`: `\x5cx09`, "\xff\x00": `\xff\x00`, "\x1b[2J": `\x1b[2J`,
	"\u202e": `\xe2\x80\xae`, "a,b": "a,b", "--": "--", "(empty) ": "(empty) ", "\x7f": `\x7f`, "\r": `\x0d`, "é": `\xc3\xa9`,
}

func TestZeekText(t *testing.T) {
	for in, want := range hostileTexts {
		if got := zeekText(in); string(got) != want {
			t.Errorf("zeekText(%q) = %q, want %q", in, got, want)
		}
	}
	if got := zeekOptional(""); got != zeekUnset {
		t.Errorf("zeekOptional: %q", got)
	}
	for want, list := range map[zeekCell][]string{`a\x2cb,(empty),\x2d`: {"a,b", "", "-"}, "-": nil, `\x28empty)`: {"(empty)"}, `\x2c`: {","}} {
		if got := zeekList(list); got != want {
			t.Errorf("zeekList(%q) = %q, want %q", list, got, want)
		}
	}
	for ns, want := range map[int64]zeekCell{0: "0.000000", 1: "0.000000", 1_000_001_500: "1.000001", -1_500_000_000: "-1.500000", math.MinInt64: "-9223372036.854775"} {
		if got := zeekTime(ns); got != want {
			t.Errorf("zeekTime(%d) = %q, want %q", ns, got, want)
		}
	}
	if got := zeekAddr(netip.MustParseAddr("fe80::1%a\tb")); got != "fe80::1" {
		t.Errorf("zeekAddr: %q", got)
	}
}

// zeekReads is what Zeek's reader makes of a cell (threading/formatters/Ascii.cc): \xNN is a byte, all else stands for itself.
func zeekReads(t *testing.T, cell string) string {
	t.Helper()
	return regexp.MustCompile(`\\x[0-9a-f]{2}`).ReplaceAllStringFunc(cell, func(s string) string {
		n, err := strconv.ParseUint(s[2:], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		return string([]byte{byte(n)})
	})
}

// FuzzZeekText: a text is read back as it was, and nothing of it leaves its cell or is taken for something else.
func FuzzZeekText(f *testing.F) {
	for s := range hostileTexts {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := string(zeekText(s))
		if s != "" && (got == "-" || got == "(empty)" || got[0] == '#' || zeekReads(t, got) != s) {
			t.Fatalf("%q became %q", s, got)
		}
		if i := strings.IndexFunc(got, func(r rune) bool { return r < ' ' || r > '~' }); i >= 0 {
			t.Fatalf("%q has %q", got, got[i:])
		}
		list := strings.Split(string(zeekList([]string{s, s})), ",")
		if len(list) != 2 || list[0] != list[1] || s != "" && zeekReads(t, list[0]) != s {
			t.Fatalf("twice %q became %q", s, list)
		}
	})
}

// TestConnState: what the flags of both ends say, and nothing where their order would matter.
func TestConnState(t *testing.T) {
	const s, a, f, x = packet.SYN, packet.ACK, packet.FIN, packet.RST
	const silent = packet.TCPFlags(0)
	for _, c := range []struct {
		orig, resp packet.TCPFlags
		want       zeekCell
	}{
		{s, silent, "S0"}, {s | a, silent, "-"}, {s | x, silent, "RSTOS0"}, {s | f, silent, "SH"}, {s | f | x, silent, "-"},
		{s, x | a, "REJ"}, {s | x, x | a, "-"}, {s, a, "-"},
		{s | a, s | a, "S1"}, {s | a | f, s | a, "S2"}, {s | a, s | a | f, "S3"}, {s | a | f, s | a | f, "SF"},
		{s | a | x, s | a, "RSTO"}, {s | a | f | x, s | a, "RSTO"}, {s | a | x, s | a | f, "RSTO"},
		{s | a, s | a | x, "RSTR"}, {s | a, s | a | f | x, "RSTR"}, {s | a | f, s | a | x, "RSTR"},
		{s | a | f | x, s | a | f, "-"}, {s | a | f, s | a | f | x, "-"}, {s | a | x, s | a | x, "-"},
		{silent, s | a, "OTH"}, {silent, s | a | x, "RSTRH"}, {silent, s | a | f, "SHR"}, {silent, s | a | f | x, "-"}, {a, s | a, "-"},
		{a, a, "OTH"}, {a, silent, "OTH"}, {a | f, a | f, "-"}, {a, a | x, "-"},
	} {
		r := flow.Row{Transport: packet.TCP, TCPFlags: [2]packet.TCPFlags{c.resp, c.orig}}
		for i, flags := range r.TCPFlags {
			if flags != silent {
				r.Packets[i] = 1
			}
		}
		if got := connState(&r, 1); got != c.want {
			t.Errorf("flags %#x and %#x: %s, want %s", c.orig, c.resp, got, c.want)
		}
	}
	for _, c := range []struct {
		row  flow.Row
		want zeekCell
	}{
		{flow.Row{Transport: packet.UDP, Packets: [2]uint64{1, 1}}, "SF"}, {flow.Row{Transport: packet.UDP, Packets: [2]uint64{1, 0}}, "S0"}, {flow.Row{Transport: packet.UDP, Packets: [2]uint64{0, 1}}, "SHR"},
		{flow.Row{Transport: packet.UDP, Packets: [2]uint64{1, 1}, Orphan: true}, "-"}, {flow.Row{Transport: 1, Packets: [2]uint64{1, 1}}, "OTH"},
	} {
		if got := connState(&c.row, 0); got != c.want {
			t.Errorf("%s: %s, want %s", c.row.TransportName(), got, c.want)
		}
	}
}

// TestUIDs: each flow has its own, even where its ends and its beginning are those of another.
func TestUIDs(t *testing.T) {
	row := func(first int64, isn uint32) *flow.Row {
		return &flow.Row{Transport: packet.TCP, APort: 1, BPort: 2, First: first, ISN: [2]uint32{isn, 0}, Packets: [2]uint64{1, 0}}
	}
	var a alike
	met := map[zeekCell]bool{}
	for _, r := range []*flow.Row{row(1, 1), row(1, 2), row(1, 1), row(1, 1), row(2, 1), row(2, 1)} {
		id := a.uid(r)
		if met[id] {
			t.Errorf("%s is of two flows", id)
		}
		met[id] = true
	}
	if !met[zeekUID(row(1, 2), 0)] || !met[zeekUID(row(2, 1), 1)] {
		t.Error("a uid is another the next time")
	}
}

// lines are what the log of DNS says of some rows: type, code and answers of each line.
func lines(t *testing.T, rows ...hostname.Name) (out []string) {
	t.Helper()
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	l := &lookups{z: &zeek{r: &analyze.Result{}}, w: &zeekWriter{w, len(zeekDNS.fields)}, open: map[lookupKey][]*lookup{}}
	for i := range rows {
		if err := l.read(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmp.Or(l.settle(), l.flush(0), w.Flush()); err != nil {
		t.Fatal(err)
	}
	if len(l.open) != 0 || len(l.waiting) != 0 {
		t.Errorf("%d questions are left over", len(l.open))
	}
	for line := range strings.Lines(b.String()) {
		cells := strings.Split(strings.TrimSpace(line), "\t")
		out = append(out, strings.Join([]string{cells[9], cells[10], cells[11]}, " "))
	}
	return out
}

// TestZeekAnswers: answers stand with their questions where it is known which these are, and on a line of their own where it is not.
func TestZeekAnswers(t *testing.T) {
	ask := func(kind, rcode string) hostname.Name {
		return hostname.Name{Kind: hostname.DNSQuery, Name: []byte("a.Example"), RRType: kind, RCode: rcode}
	}
	answer := func(frame uint64, kind, value string) hostname.Name {
		return hostname.Name{Kind: hostname.DNS, Query: []byte("A.example"), RRType: kind, Value: []byte(value), Frame: frame}
	}
	strange := answer(9, "A", "192.0.2.9")
	strange.Unsolicited = true
	for _, c := range []struct {
		name string
		rows []hostname.Name
		want []string
	}{
		{"both types, the second first", []hostname.Name{ask("A", "NOERROR"), ask("AAAA", "NOERROR"), answer(3, "CNAME", "b"), answer(3, "AAAA", "::1"), answer(4, "CNAME", "b"), answer(4, "A", "1.1.1.1")},
			[]string{"A NOERROR b,1.1.1.1", "AAAA NOERROR b,::1"}},
		{"only an alias, for one of two", []hostname.Name{ask("A", "NOERROR"), ask("AAAA", "NOERROR"), answer(3, "CNAME", "b")}, []string{"A NOERROR -", "AAAA NOERROR -", "- - b"}},
		{"only an alias, for one", []hostname.Name{ask("A", "NXDOMAIN"), answer(2, "CNAME", "b")}, []string{"A NXDOMAIN b"}},
		{"a question that was not answered", []hostname.Name{ask("A", "none"), ask("A", "NOERROR"), answer(3, "A", "1.1.1.1")}, []string{"A - -", "A NOERROR 1.1.1.1"}},
		{"twice", []hostname.Name{ask("A", "NOERROR"), answer(2, "A", "1.1.1.1"), answer(3, "A", "1.1.1.1")}, []string{"A NOERROR 1.1.1.1", "- - 1.1.1.1"}},
		{"another type", []hostname.Name{ask("A", "NOERROR"), answer(2, "TXT", "")}, []string{"A NOERROR -", "- - (empty)"}},
		{"any type", []hostname.Name{ask("ANY", "NOERROR"), answer(2, "TXT", "x,y"), answer(2, "A", "1.1.1.1")}, []string{`ANY NOERROR x\x2cy,1.1.1.1`}},
		{"not asked for", []hostname.Name{ask("A", "NOERROR"), strange}, []string{"A NOERROR -", "- - 192.0.2.9"}},
	} {
		if got := lines(t, c.rows...); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestZeekManyQuestions: what waits is bounded, and so is the work for questions that are all alike.
func TestZeekManyQuestions(t *testing.T) {
	const n = 4 * maxWaiting
	rows := make([]hostname.Name, n, n+1)
	for i := range rows {
		rows[i] = hostname.Name{Kind: hostname.DNSQuery, Name: []byte("a.example"), RRType: "A", RCode: "NOERROR", Frame: uint64(i)}
	}
	rows = append(rows, hostname.Name{Kind: hostname.DNS, Query: []byte("a.example"), RRType: "A", Value: []byte("1.1.1.1"), Frame: n})
	got := lines(t, rows...)
	if len(got) != n || got[0] != "A NOERROR -" || got[n-1] != "A NOERROR 1.1.1.1" {
		t.Errorf("%d lines, the last is %q", len(got), got[len(got)-1])
	}
}

// TestZeekSuppressed: a notice says how long its suppression holds, and that nobody has to look.
func TestZeekSuppressed(t *testing.T) {
	r := busy()
	z := &zeek{r: r}
	found := false
	for i := range r.Findings {
		f := &r.Findings[i]
		cells := z.notice(f, index(r).shown(f))
		if f.Status != judge.Suppressed {
			continue
		}
		found = true
		actions, holds := cells[len(cells)-2], cells[len(cells)-1]
		if actions != zeekEmpty || !zeekCells["interval"].MatchString(string(holds)) {
			t.Errorf("actions %s, suppress_for %s", actions, holds)
		}
	}
	if !found {
		t.Error("nothing is suppressed")
	}
}

// TestZeekNeedsFacts: a saved result has no flows.
func TestZeekNeedsFacts(t *testing.T) {
	if err := writeZeek(memory{}, busy(), Options{}); err == nil {
		t.Error("logs of no facts")
	}
}
