// Package report turns a Result into bytes: one file a format. It changes nothing, prints nothing, and knows no clock.
package report

import (
	"io"
	"slices"
	"strings"

	"phonehome/analyze"
	"phonehome/analyze/judge"
)

// Format is one way to write a result.
type Format struct {
	Name     string
	Help     string   // one sentence
	Suffixes []string // of file names that mean this format, without compression
	Live     bool     // rests on the facts of the captures, which a saved result has not
	Write    func(w io.Writer, r *analyze.Result, o Options) error
	Folder   func(f Folder, r *analyze.Result, o Options) error // of a format of several files, which has no Write
	Files    string                                             // of a Folder: a pattern of path.Match that the names of all its files have
}

// Folder takes the files of a format that has several.
type Folder interface {
	// File writes one file, whole or not at all. The name is the format's own: nothing of a capture is part of a path.
	File(name string, write func(w io.Writer) error) error
}

// Remover is a Folder that outlives a run: it may have files of an earlier one.
type Remover interface {
	// Remove removes the file under a name of the format's, if there is one and its first few KiB are the format's own: what somebody else wrote stays.
	Remove(name string, own func(head []byte) bool) error
}

// Options say how a result is shown. Formats for machines show all and heed none of them.
type Options struct {
	By       string // "vendor" (also ""), "destination", "client", "country": what a row of the table is
	Limit    int    // rows of the table at most; 0 for all
	Wide     bool   // more columns, nothing cut
	Width    int    // columns of the screen, beyond which cells are cut; 0 where nothing is cut
	Color    bool
	Severity judge.Severity // findings below it are not listed
	Annex    string         // that the HTML report has, one of Annexes; "" and any other for none
	Saved    string         // path of the result that is shown, where it was read from a file
}

// Formats are all formats, in the order in which they are listed.
var Formats = []Format{
	{Name: "table", Help: "who got how much, for a person at a terminal", Suffixes: []string{".txt"}, Write: writeTable},
	{Name: "json", Help: "the whole result, schema phonehome.result/1 (docs/result.md)", Suffixes: []string{".json"}, Write: writeJSON},
	{Name: "csv", Help: "a row a destination (RFC 4180)", Suffixes: []string{".csv"}, Write: writeCSV},
	{Name: "csv-findings", Help: "a row a finding", Write: writeCSVFindings},
	{Name: "csv-vendors", Help: "a row a vendor", Write: writeCSVVendors},
	{Name: "markdown", Help: "the comment of a pull request, or a page of a wiki: bounded", Suffixes: []string{".md"}, Write: writeMarkdown},
	{Name: "html", Help: "the report that people read, print and hand over: one file, no script", Suffixes: []string{".html", ".htm"}, Write: writeHTML},
	{Name: "letter", Help: "a draft letter to each vendor with an open finding", Folder: writeLetters, Files: "letter-*.md"},
	{Name: "sarif", Help: "alerts of code scanning, SARIF 2.1.0", Suffixes: []string{".sarif"}, Write: writeSARIF},
	{Name: "junit", Help: "a test case a destination", Suffixes: []string{".xml"}, Write: writeJUnit},
	{Name: "github", Help: "annotations of a GitHub workflow; on stdout of one, its summary and outputs are written too", Write: writeGitHub},
	{Name: "gitlab", Help: "code quality report of GitLab", Write: writeGitLab},
	{Name: "lock", Help: "what is there, one key a line: the baseline of later scans (docs/ci.md)", Suffixes: []string{".lock"}, Write: writeLock},
	{Name: "zeek", Help: "logs as Zeek writes them, of the facts and of the findings", Live: true, Folder: writeZeek, Files: "*.log"},
	{Name: "facts", Help: "what the packets say, one JSON object a line (docs/facts.md); read back in place of the captures", Suffixes: []string{".ndjson", ".jsonl"},
		Live: true, Write: writeFacts},
}

// ByName returns the format of that name.
func ByName(name string) (Format, bool) {
	i := slices.IndexFunc(Formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return Formats[i], true
}

// BySuffix returns the format that a file name means.
func BySuffix(path string) (Format, bool) {
	i := slices.IndexFunc(Formats, func(f Format) bool {
		return slices.ContainsFunc(f.Suffixes, func(s string) bool { return strings.HasSuffix(strings.ToLower(path), s) })
	})
	if i < 0 {
		return Format{}, false
	}
	return Formats[i], true
}

// Names are the names of all formats.
func Names() []string {
	out := make([]string, len(Formats))
	for i, f := range Formats {
		out[i] = f.Name
	}
	return out
}
