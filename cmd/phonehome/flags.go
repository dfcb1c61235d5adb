package main

import (
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"phonehome/analyze"
	"phonehome/analyze/judge"
	"phonehome/analyze/vendors"
	"phonehome/report"
)

// readFlags are the flags of all commands that read captures.
type readFlags struct {
	workers, blockSize    int
	hash, allow, progress string
	since, until          time.Time
	strict                bool
	expect                []string
	settings              settings
}

// The words of some flags.
const (
	on       = "on"
	off      = "off"
	auto     = "auto"
	hashNone = "none"
	cutTail  = "cut-tail"
)

func (f *readFlags) add(fs *pflag.FlagSet) {
	d := analyze.DefaultOptions()
	fs.IntVar(&f.workers, "workers", d.Workers, "`N` goroutines count packets; the result does not depend on it")
	fs.IntVar(&f.blockSize, "block-size", d.BlockSize, "`BYTES` read at a time; the result does not depend on it")
	fs.Var(newChoice(&f.hash, "sha256", "sha256", hashNone), "hash", "hash each capture as evidence")
	fs.Var(instant{&f.since}, "since", "leave out packets before this time")
	fs.Var(instant{&f.until}, "until", "leave out packets from this time on")
	fs.BoolVar(&f.strict, "strict", false, "exit 3 where a limit was hit, or packets were lost or captured in part")
	fs.Var(newChoice(&f.allow, "", cutTail), "allow", "let a capture end in the middle of a packet without exit 3")
	fs.StringArrayVar(&f.expect, "expect", nil, "exit 3 unless this `NAME` was seen: a dead capture must not pass (repeatable)")
	fs.Var(newChoice(&f.progress, auto, auto, progressBar, progressLog, progressNone), "progress", "how far the scan is, on stderr")
	f.settings.add(fs)
	if err := fs.MarkHidden("block-size"); err != nil {
		panic("phonehome: " + err.Error())
	}
}

// options are the options of a scan that the flags ask for.
func (f *readFlags) options(a *app, inputs []string) analyze.Options {
	o := analyze.DefaultOptions()
	o.Inputs, o.Stdin = inputs, a.stdin
	o.Workers, o.BlockSize, o.Hash = f.workers, f.blockSize, f.hash != hashNone
	o.Since, o.Until = f.since, f.until
	o.Strict, o.AllowCutTail, o.Expect = f.strict, f.allow == cutTail, f.expect
	o.Tool = tool()
	return o
}

// check refuses what no single flag can.
func (f *readFlags) check() error {
	switch {
	case f.workers < 1:
		return usage("--workers %d: must be at least 1", f.workers)
	case f.blockSize < minBlock:
		return usage("--block-size %d: must be at least %d", f.blockSize, minBlock)
	case !f.since.IsZero() && !f.until.IsZero() && !f.since.Before(f.until):
		return usage("--since %s is not before --until %s", f.since.Format(time.RFC3339), f.until.Format(time.RFC3339))
	}
	return nil
}

// minBlock is the smallest block that reading in blocks makes sense with, bytes.
const minBlock = 4 << 10

// viewFlags are the flags of all commands that show a result.
type viewFlags struct {
	format    string
	outputs   []string
	by, color string
	severity  string
	limit     int
	wide      bool
	only      filters
	redact    redactions
	annex     string
}

func (f *viewFlags) add(fs *pflag.FlagSet) {
	const rows = 20
	fs.StringVarP(&f.format, "format", "f", "table", "`FORMAT` on stdout: "+strings.Join(screenFormats(), ", "))
	fs.StringArrayVarP(&f.outputs, "output", "o", nil, "write `[FORMAT=]PATH` too; the name says the format where none is given (repeatable)")
	fs.Var(newChoice(&f.by, report.By()[0], report.By()...), "by", "what a row of the table is")
	fs.Var(newChoice(&f.severity, judge.Low.String(), judge.Severities()...), "severity", "list findings of this severity and above; all count")
	fs.IntVar(&f.limit, "limit", rows, "`N` rows and findings in the table at most, 0 for all")
	fs.BoolVar(&f.wide, "wide", false, "more columns in the table, and nothing cut")
	fs.Var(newChoice(&f.color, auto, auto, "always", "never"), "color", "colour in the table; auto heeds NO_COLOR")
	fs.Var(newChoice(&f.annex, "none", append([]string{"none"}, report.Annexes()...)...), "annex", "add an annex to the HTML report: gdpr has the headings of Art. 33(3), with the technical facts filled in")
	fs.Var(&f.redact, "redact", "leave out of all outputs, for sharing: who sent, names of destinations, what payload says; several are parted by commas (repeatable, docs/evidence.md)")
	fs.Var(&f.only, "only", "keep only destinations of this vendor, client or name (*.NAME: all below it); repeatable: alternatives within a field, all fields together")
}

func (f *viewFlags) check() error {
	if f.limit < 0 {
		return usage("--limit %d: must not be negative", f.limit)
	}
	return nil
}

// judgeFlags are the flags of scan alone.
type judgeFlags struct {
	internal            inside
	infer, asOf, failOn string
	geoCountry, geoASN  []string
	register            []string
	intel, ignore       []string
	baseline            []string
	rules               ruleChanges
	catalogue           string
	failOnUnused        bool
	withoutEmbeddedData bool
	caseFile            caseFlags
}

func (f *judgeFlags) add(fs *pflag.FlagSet) {
	fs.Var(&f.internal, "internal", "a network that counts as inside, beside private ones; none empties these first (repeatable)")
	fs.Var(newChoice(&f.infer, on, on, off), "infer-internal", "count as inside what router advertisements, leases and hardware addresses show to be")
	fs.StringArrayVar(&f.geoCountry, "geoip-country", nil, "country database `FILE.mmdb`, asked before the embedded one (repeatable)")
	fs.StringArrayVar(&f.geoASN, "geoip-asn", nil, "network database `FILE.mmdb`, asked before the embedded one (repeatable)")
	fs.Var(newChoice(&f.failOn, judge.Medium.String(), append([]string{analyze.FailNever, analyze.FailNew}, judge.Severities()...)...), "fail-on",
		"exit 1 where an open finding is of this severity or above; new: where a destination is not in the baseline")
	fs.StringArrayVarP(&f.register, "register", "r", nil, "register `FILE` of what vendors disclosed and you approved; several are merged (repeatable)")
	fs.StringArrayVar(&f.intel, "intel", nil, "list of indicators `FILE`: what it has is said of destinations, as its author's claim (repeatable)")
	fs.StringArrayVarP(&f.baseline, "baseline", "b", nil, "lock `FILE` or result of an earlier scan: what it has is known (repeatable)")
	fs.StringArrayVar(&f.ignore, "ignorefile", nil, "`FILE` of suppressions: findings that somebody answers for, until a day (repeatable)")
	fs.BoolVar(&f.failOnUnused, "fail-on-unused-suppressions", false, "exit 1 where a suppression covers nothing")
	fs.Var(&f.rules, "rules", "switch a rule off, or give its findings a severity (repeatable)")
	fs.Var(date{&f.asOf}, "as-of", "the day of the report, today (UTC) where not given; packets are judged at their own time")
	fs.StringVar(&f.catalogue, "catalogue", "", "vendor catalogue `FILE` in place of the embedded one")
	fs.BoolVar(&f.withoutEmbeddedData, "no-embedded-geo", false, "do not ask the embedded databases")
	f.caseFile.add(fs)
	for _, name := range []string{"catalogue", "no-embedded-geo"} {
		if err := fs.MarkHidden(name); err != nil {
			panic("phonehome: " + err.Error())
		}
	}
}

func (f *judgeFlags) apply(o *analyze.Options) error {
	o.Internal, o.InternalNone, o.InferInternal = f.internal.networks, f.internal.none, f.infer == on
	o.GeoCountry, o.GeoASN, o.GeoEmbedded = f.geoCountry, f.geoASN, !f.withoutEmbeddedData
	o.AsOf, o.FailOn, o.FailOnUnused = f.asOf, f.failOn, f.failOnUnused
	o.Case = f.caseFile.file()
	o.Register, o.Intel, o.Ignore, o.Baseline, o.Rules = f.register, f.intel, f.ignore, f.baseline, f.rules.byID
	if o.FailOn == analyze.FailNew && (len(o.Baseline) == 0 || o.Rules[judge.LockRule].Off) {
		return usage("--fail-on new needs --baseline, and the rule %s", judge.LockRule)
	}
	if f.catalogue == "" {
		return nil
	}
	text, err := os.ReadFile(f.catalogue)
	if err != nil {
		return usage("--catalogue: %w", err)
	}
	if o.Catalogue, err = vendors.Load(text); err != nil {
		return usage("--catalogue %s: %w", f.catalogue, err)
	}
	return nil
}

// quoted are the flags that the result depends on: the command line that a report quotes holds them, and no others.
var quoted = []string{"allow", "as-of", "baseline", "case-analyst", "case-clock-offset", "case-id", "case-tap", "case-title", "catalogue", "expect", "fail-on", "fail-on-unused-suppressions", "geoip-asn", "geoip-country", "hash", "ignorefile", "infer-internal", "intel", "internal", "no-embedded-geo", "only", "register", "rules", "since",
	"strict", "timezone", "until"}

// commandLine is the command line as reports quote it: what the result depends on, wherever it was set, and the inputs. Their order doesn't
// matter to the result, and so not here.
func commandLine(name string, fs *pflag.FlagSet, inputs []string) string {
	words := []string{"phonehome", name}
	for _, q := range quoted {
		f := fs.Lookup(q)
		if f == nil || !f.Changed {
			continue
		}
		for _, v := range valuesOf(f) {
			words = append(words, flagWord(f, v)...)
		}
	}
	inputs = slices.Sorted(slices.Values(inputs))
	for _, in := range slices.Compact(inputs) {
		words = append(words, report.Quote(in))
	}
	return strings.Join(words, " ")
}

// arguments are the same flags one by one, as a command line has them, for a scan that is done again.
func arguments(fs *pflag.FlagSet) []string {
	out := []string{}
	for _, q := range quoted {
		f := fs.Lookup(q)
		if f == nil || !f.Changed {
			continue
		}
		for _, v := range valuesOf(f) {
			out = append(out, "--"+q+"="+v)
		}
	}
	return out
}

func valuesOf(f *pflag.Flag) []string {
	if l, ok := f.Value.(list); ok {
		return l.GetSlice()
	}
	return []string{f.Value.String()}
}

func flagWord(f *pflag.Flag, value string) []string {
	if f.Value.Type() != "bool" {
		return []string{"--" + f.Name, report.Quote(value)}
	}
	if value == "true" {
		return []string{"--" + f.Name}
	}
	return []string{"--" + f.Name + "=" + value}
}
