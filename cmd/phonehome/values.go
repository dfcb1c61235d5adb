package main

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"phonehome/analyze"
	"phonehome/analyze/judge"
)

// choice is a flag that takes one of a few words.
type choice struct {
	value *string
	of    []string
}

func newChoice(p *string, preset string, of ...string) *choice {
	*p = preset
	return &choice{p, of}
}

func (c *choice) String() string { return *c.value }
func (c *choice) Type() string   { return strings.Join(c.of, "|") }

// Set takes a word that is one of the choice.
func (c *choice) Set(s string) error {
	if !slices.Contains(c.of, s) {
		return fmt.Errorf("must be one of %s", strings.Join(c.of, ", "))
	}
	*c.value = s
	return nil
}

// instant is a flag that takes a time: RFC 3339, or a date and time without zone, which is UTC.
type instant struct{ value *time.Time }

func (i instant) Type() string { return "TIME" }

func (i instant) String() string {
	if i.value == nil || i.value.IsZero() {
		return ""
	}
	return i.value.Format(time.RFC3339Nano)
}

// Set parses a time.
func (i instant) Set(s string) error {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateTime} {
		if t, err := time.Parse(layout, s); err == nil {
			*i.value = t.UTC()
			return nil
		}
	}
	return errors.New("must be a time such as 2018-12-01, 2018-12-01T10:00:00 or 2018-12-01T10:00:00Z (UTC where no zone is given)")
}

// date is a flag that takes a day.
type date struct{ value *string }

func (d date) Type() string   { return "DATE" }
func (d date) String() string { return *d.value }

// Set takes a date.
func (d date) Set(s string) error {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return errors.New("must be a date such as 2018-12-01")
	}
	*d.value = s
	return nil
}

// list is a flag that may be repeated: settings of several values, and the command line that a report quotes, go through it.
type list interface{ GetSlice() []string }

// inside is --internal: networks, addresses, or "none", which empties the built-in networks.
type inside struct {
	networks []netip.Prefix
	none     bool
}

func (i *inside) Type() string   { return "CIDR|none" }
func (i *inside) String() string { return strings.Join(i.GetSlice(), ",") }

// GetSlice lists what was given.
func (i *inside) GetSlice() (out []string) {
	if i.none {
		out = append(out, "none")
	}
	for _, p := range i.networks {
		out = append(out, p.String())
	}
	return out
}

// Set adds one value.
func (i *inside) Set(s string) error {
	if s == "none" {
		i.none = true
		return nil
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		i.networks = append(i.networks, netip.PrefixFrom(a, a.BitLen()))
		return nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || p != p.Masked() {
		return errors.New("must be a network such as 203.0.113.0/24 without bits beyond its prefix, an address, or none")
	}
	i.networks = append(i.networks, p)
	return nil
}

// ruleChanges is --rules: RULE=off, or RULE=SEVERITY.
type ruleChanges struct {
	byID map[string]judge.RuleChange
}

func (r *ruleChanges) Type() string   { return "RULE=off|SEVERITY" }
func (r *ruleChanges) String() string { return strings.Join(r.GetSlice(), ",") }

// GetSlice lists what was given, by rule.
func (r *ruleChanges) GetSlice() (out []string) {
	for _, id := range slices.Sorted(maps.Keys(r.byID)) {
		out = append(out, id+"="+r.byID[id].String())
	}
	return out
}

// Set adds one change.
func (r *ruleChanges) Set(s string) error {
	id, to, _ := strings.Cut(s, "=")
	if _, ok := judge.RuleByID(id); !ok {
		return fmt.Errorf("there is no rule %q", id)
	}
	change := judge.RuleChange{Off: to == off}
	if err := change.Severity.UnmarshalText([]byte(to)); err != nil && !change.Off {
		return fmt.Errorf("must be RULE=off, or RULE= and one of %s", strings.Join(judge.Severities(), ", "))
	}
	if r.byID == nil {
		r.byID = map[string]judge.RuleChange{}
	}
	r.byID[id] = change
	return nil
}

// redactions is --redact.
type redactions struct{ list []analyze.Redaction }

func (r *redactions) Type() string   { return redactionWords("|") }
func (r *redactions) String() string { return strings.Join(r.GetSlice(), ",") }

// GetSlice lists what was given.
func (r *redactions) GetSlice() (out []string) {
	for _, w := range r.list {
		out = append(out, string(w))
	}
	return out
}

// Set adds some, parted by commas.
func (r *redactions) Set(s string) error {
	for word := range strings.SplitSeq(s, ",") {
		if !slices.Contains(analyze.Redactions(), analyze.Redaction(word)) {
			return fmt.Errorf("must be some of %s, parted by commas", redactionWords(", "))
		}
		if !slices.Contains(r.list, analyze.Redaction(word)) {
			r.list = append(r.list, analyze.Redaction(word))
		}
	}
	return nil
}

func redactionWords(between string) string {
	var out []string
	for _, w := range analyze.Redactions() {
		out = append(out, string(w))
	}
	return strings.Join(out, between)
}

// filters is --only.
type filters struct{ list []analyze.Only }

func (f *filters) Type() string   { return "vendor=X|client=X|name=X" }
func (f *filters) String() string { return strings.Join(f.GetSlice(), ",") }

// GetSlice lists what was given.
func (f *filters) GetSlice() (out []string) {
	for _, o := range f.list {
		out = append(out, o.Field+"="+o.Value)
	}
	return out
}

// Set adds one filter.
func (f *filters) Set(s string) error {
	field, value, ok := strings.Cut(s, "=")
	if !ok || value == "" || !slices.Contains([]string{"vendor", "client", "name"}, field) {
		return errors.New("must be vendor=X, client=X or name=X")
	}
	f.list = append(f.list, analyze.Only{Field: field, Value: value})
	return nil
}
