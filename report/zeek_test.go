package report

import (
	"bytes"
	"context"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"phonehome/analyze"
	"phonehome/analyze/flow"
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

// scanned is the result of a scan of a case.
func scanned(t *testing.T, c fixtures.Case) *analyze.Result {
	t.Helper()
	o := analyze.DefaultOptions()
	o.AsOf = "2018-12-01"
	folder := t.TempDir()
	for _, f := range c.Make().Files {
		path := filepath.Join(folder, f.Name)
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		o.Inputs = append(o.Inputs, path)
	}
	r, err := analyze.Scan(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// log is a log that was read: the names of its columns, and its lines by name.
func log(t *testing.T, b []byte) (out []map[string]string) {
	t.Helper()
	var fields, kinds []string
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSuffix(line, "\n")
		cells := strings.Split(line, "\t")
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
				row[fields[i]] = c
			}
			out = append(out, row)
		}
	}
	return out
}

// TestZeekLogs: of every case, each line is whole, sums are those of the facts, and what refers to a connection finds it.
func TestZeekLogs(t *testing.T) {
	for _, c := range fixtures.Cases() {
		if c.Long {
			continue
		}
		t.Run(c.Slug, func(t *testing.T) {
			t.Parallel()
			r, logs := scanned(t, c), memory{}
			if err := writeZeek(logs, r, Options{}); err != nil {
				t.Fatal(err)
			}
			var want, got uint64
			rows := 0
			if err := r.EachFlow(func(w *flow.Row) error { want += w.Payload[0] + w.Payload[1]; rows++; return nil }); err != nil {
				t.Fatal(err)
			}
			uids := map[string]bool{}
			for _, row := range log(t, logs["conn.log"]) {
				got += count64(t, row["orig_bytes"]) + count64(t, row["resp_bytes"])
				if uids[row["uid"]] {
					t.Errorf("two connections have uid %s", row["uid"])
				}
				uids[row["uid"]] = true
			}
			if got != want || len(uids) != rows {
				t.Errorf("%d connections with %d bytes, want %d with %d", len(uids), got, rows, want)
			}
			for _, name := range slices.Sorted(maps.Keys(logs)) {
				for _, row := range log(t, logs[name]) {
					if u := row["uid"]; u != "-" && !uids[u] {
						t.Errorf("%s refers to %s, which is no connection", name, u)
					}
				}
			}
		})
	}
}

func count64(t *testing.T, s string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestZeekText(t *testing.T) {
	for in, want := range map[string]string{"": "-", "-": `\x2d`, "(empty)": `\x28empty)`, "a\tb\n": `a\x09b\x0a`, "#x": `\x23x`, "a#": "a#", `a\x`: `a\x5cx`, "\xff\x00": `\xff\x00`, "\u202e": `\xe2\x80\xae`, "a,b": "a,b"} {
		if got := zeekText(in); got != want {
			t.Errorf("zeekText(%q) = %q, want %q", in, got, want)
		}
	}
	if got := zeekList([]string{"a,b", ""}); got != `a\x2cb,-` {
		t.Errorf("zeekList: %q", got)
	}
	for ns, want := range map[int64]string{0: "0.000000", 1: "0.000000", 1_000_001_500: "1.000001", -1_500_000_000: "-1.500000", math.MinInt64: "-9223372036.854775"} {
		if got := zeekTime(ns); got != want {
			t.Errorf("zeekTime(%d) = %q, want %q", ns, got, want)
		}
	}
}

// TestZeekNeedsFacts: a saved result has no flows.
func TestZeekNeedsFacts(t *testing.T) {
	if err := writeZeek(memory{}, busy(), Options{}); err == nil {
		t.Error("logs of no facts")
	}
}
