package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"phonehome/analyze"
	"phonehome/analyze/disclosure"
	"phonehome/analyze/judge"
)

// field is one column of a CSV file over rows of type T. Text is escaped; numbers, which the program made, stand as they are.
type field[T any] struct {
	name   string
	text   func(v T) string
	number func(v T) string
}

// cell is the text of a field.
func (f *field[T]) cell(v T) string {
	if f.number != nil {
		return f.number(v)
	}
	return csvText(f.text(v))
}

// sheet writes rows as CSV (RFC 4180: lines end in CR LF).
func sheet[T any](w io.Writer, fields []field[T], rows []T) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	line := make([]string, len(fields))
	for i := range fields {
		line[i] = fields[i].name
	}
	err := c.Write(line)
	for k := 0; k < len(rows) && err == nil; k++ {
		for i := range fields {
			line[i] = fields[i].cell(rows[k])
		}
		err = c.Write(line)
	}
	c.Flush()
	if err == nil {
		err = c.Error()
	}
	if err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

// marked are the fields of a result with one more where it is redacted: that something was left out stands in the head, and in each row what.
func marked[T any](fields []field[T], r *analyze.Result) []field[T] {
	if len(r.Settings.Redacted) == 0 {
		return fields
	}
	return append(slices.Clone(fields), textField("redacted", func(T) string { return listOf(r.Settings.Redacted) }))
}

func textField[T any](name string, text func(v T) string) field[T] {
	return field[T]{name: name, text: text}
}

func numberField[T any](name string, n func(v T) uint64) field[T] {
	return field[T]{name: name, number: func(v T) string { return strconv.FormatUint(n(v), 10) }}
}

func timeField[T any](name string, at func(v T) time.Time) field[T] {
	return field[T]{name: name, number: func(v T) string { return instantText(at(v)) }}
}

// instantText is a time as RFC 3339 has it, UTC; nothing where there is none.
func instantText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// listOf joins texts in one cell. None holds a semicolon: what a capture chose is escaped before.
func listOf(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ReplaceAll(s, ";", `\x3b`)
	}
	return strings.Join(out, "; ")
}

// each is one text for each element of a list, without repetitions, in one cell.
func each[E any](list []E, text func(e *E) string) string {
	var out []string
	for i := range list {
		if s := text(&list[i]); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return listOf(out)
}

var destinationFields = []field[*judge.Destination]{
	textField("id", func(d *judge.Destination) string { return d.ID.String() }),
	textField("client", func(d *judge.Destination) string { return d.Client.String() }),
	textField("client_label", func(d *judge.Destination) string { return d.ClientLabel }),
	textField("asset", func(d *judge.Destination) string { return d.Asset }),
	textField("name", func(d *judge.Destination) string { return d.Name }),
	textField("name_source", func(d *judge.Destination) string { return d.NameSource }),
	textField("other_names", func(d *judge.Destination) string {
		return each(d.OtherNames, func(o *judge.OtherName) string { return o.Name })
	}),
	textField("servers", func(d *judge.Destination) string {
		return each(d.Servers, func(s *judge.Server) string { return s.IP.String() })
	}),
	numberField("servers_total", func(d *judge.Destination) uint64 { return uint64(d.ServersTotal) }),
	textField("countries", func(d *judge.Destination) string {
		return each(d.Servers, func(s *judge.Server) string { return s.Country })
	}),
	textField("networks", func(d *judge.Destination) string {
		return each(d.Servers, func(s *judge.Server) string { return s.Network })
	}),
	numberField("port", func(d *judge.Destination) uint64 { return uint64(d.Port) }),
	textField("transport", func(d *judge.Destination) string { return d.Transport }),
	textField("protocol", func(d *judge.Destination) string { return d.Protocol }),
	textField("vendor", func(d *judge.Destination) string { return d.Vendor }),
	textField("vendor_basis", func(d *judge.Destination) string { return d.VendorBasis }),
	textField("product", func(d *judge.Destination) string { return d.Product }),
	textField("purpose", func(d *judge.Destination) string { return d.Purpose }),
	textField("hoster", func(d *judge.Destination) string { return d.Hoster }),
	textField("tenant", func(d *judge.Destination) string { return d.Tenant }),
	textField("state", func(d *judge.Destination) string { return string(d.State) }),
	textField("opened_by", func(d *judge.Destination) string { return d.OpenedBy }),
	textField("via", func(d *judge.Destination) string { return d.Via }),
	numberField("flows", func(d *judge.Destination) uint64 { return d.Flows }),
	numberField("packets_out", func(d *judge.Destination) uint64 { return d.PacketsOut }),
	numberField("packets_in", func(d *judge.Destination) uint64 { return d.PacketsIn }),
	numberField("wire_out", func(d *judge.Destination) uint64 { return d.WireOut }),
	numberField("wire_in", func(d *judge.Destination) uint64 { return d.WireIn }),
	numberField("payload_out", func(d *judge.Destination) uint64 { return d.PayloadOut }),
	numberField("payload_in", func(d *judge.Destination) uint64 { return d.PayloadIn }),
	timeField("first", func(d *judge.Destination) time.Time { return d.First.Time() }),
	timeField("last", func(d *judge.Destination) time.Time { return d.Last.Time() }),
	textField("verdict", func(d *judge.Destination) string { return string(d.Disclosure.Verdict) }),
	textField("entry", func(d *judge.Destination) string { return d.Disclosure.Entry }),
	textField("reason", func(d *judge.Destination) string { return d.Disclosure.Reason }),
	textField("key", (*judge.Destination).Key),
}

// writeCSV writes a row a destination.
func writeCSV(w io.Writer, r *analyze.Result, _ Options) error {
	return sheet(w, marked(destinationFields, r), r.Destinations)
}

func pointers[E any](list []E) []*E {
	out := make([]*E, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

// statusChanged is the status of the rows that stand for what the settings make of a rule.
const statusChanged = "rule"

var findingFields = []field[*judge.Finding]{
	textField("id", func(f *judge.Finding) string { return f.ID }),
	textField("fingerprint", func(f *judge.Finding) string { return f.Fingerprint }),
	textField("rule", func(f *judge.Finding) string { return f.Rule }),
	textField("severity", func(f *judge.Finding) string { return f.Severity.String() }),
	textField("confidence", func(f *judge.Finding) string { return f.Confidence }),
	textField("status", func(f *judge.Finding) string { return string(f.Status) }),
	textField("suppression", func(f *judge.Finding) string { return f.Suppression }),
	textField("title", func(f *judge.Finding) string { return f.Title }),
	textField("vendor", func(f *judge.Finding) string { return f.Vendor }),
	textField("vendor_basis", func(f *judge.Finding) string { return f.VendorBasis }),
	textField("network", func(f *judge.Finding) string { return f.Network }),
	textField("clients", func(f *judge.Finding) string { return listOf(judge.Texts(f.Clients)) }),
	textField("servers", func(f *judge.Finding) string { return listOf(judge.Texts(f.Servers)) }),
	textField("names", func(f *judge.Finding) string { return listOf(f.Names) }),
	textField("destinations", func(f *judge.Finding) string { return listOf(judge.Texts(f.Destinations)) }),
	textField("entries", func(f *judge.Finding) string { return listOf(f.Entries) }),
	numberField("payload_out", func(f *judge.Finding) uint64 { return f.PayloadOut }),
	timeField("first", func(f *judge.Finding) time.Time { return f.First }),
	timeField("last", func(f *judge.Finding) time.Time { return f.Last }),
	textField("facts", func(f *judge.Finding) string { return strings.Join(sentences(f.Facts), " ") }),
	textField("inference", func(f *judge.Finding) string { return f.Inference }),
	textField("unknown", func(f *judge.Finding) string { return strings.Join(f.Unknown, " ") }),
	numberField("frames_total", func(f *judge.Finding) uint64 { return f.FramesTotal }),
	textField("filter", func(f *judge.Finding) string { return f.FilterAll }),
}

// writeCSVFindings writes a row a finding, whatever its status, and one for each rule that the settings change.
func writeCSVFindings(w io.Writer, r *analyze.Result, _ Options) error {
	rows := pointers(r.Findings)
	for _, s := range ruleRemarks(r) {
		rows = append(rows, &judge.Finding{Rule: s.rule, Status: statusChanged, Title: s.text})
	}
	return sheet(w, marked(findingFields, r), rows)
}

// ruleRemark says what the settings make of a rule.
type ruleRemark struct{ rule, text string }

// ruleRemarks are the rules that the settings change: every report says so.
func ruleRemarks(r *analyze.Result) (out []ruleRemark) {
	for _, s := range r.Settings.Rules {
		out = append(out, ruleRemark{s.Rule, "the settings have rule " + s.Rule + " as " + s.Set})
	}
	if s := onlyText(r); s != "" {
		out = append(out, ruleRemark{"only", s})
	}
	return out
}

// onlyText says which part of the destinations a report holds; "" where it holds all.
func onlyText(r *analyze.Result) string {
	if len(r.Settings.Only) == 0 {
		return ""
	}
	return "this is a part: destinations with " + strings.Join(r.Settings.Only, ", ") + " (--only), what else was seen is left out"
}

// vendorFields are the columns of a vendor's row, with one for each verdict.
func vendorFields() []field[*analyze.Vendor] {
	out := []field[*analyze.Vendor]{
		textField("vendor", func(v *analyze.Vendor) string { return v.Vendor }),
		textField("basis", func(v *analyze.Vendor) string { return v.Basis }),
		timeField("first", func(v *analyze.Vendor) time.Time { return v.First }),
		timeField("last", func(v *analyze.Vendor) time.Time { return v.Last }),
		numberField("active_days", func(v *analyze.Vendor) uint64 { return uint64(v.ActiveDays) }),
		numberField("clients", func(v *analyze.Vendor) uint64 { return uint64(v.Clients) }),
		numberField("payload_out", func(v *analyze.Vendor) uint64 { return v.PayloadOut }),
		numberField("payload_in", func(v *analyze.Vendor) uint64 { return v.PayloadIn }),
	}
	for _, verdict := range disclosure.Verdicts() {
		out = append(out, numberField(string(verdict), func(v *analyze.Vendor) uint64 { return uint64(v.Verdicts[string(verdict)]) }))
	}
	return out
}

// writeCSVVendors writes a row a vendor; the last, without a name, is all whose vendor is not known.
func writeCSVVendors(w io.Writer, r *analyze.Result, _ Options) error {
	return sheet(w, marked(vendorFields(), r), pointers(r.Vendors))
}
