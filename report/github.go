package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"phonehome/analyze"
	"phonehome/analyze/disclosure"
	"phonehome/analyze/judge"
)

// maxAnnotations is how many findings are annotated: GitHub shows ten of a step, and the last says how many there are beside.
const maxAnnotations = 9

// githubCommands are the workflow commands of severities (docs.github.com, "Workflow commands for GitHub Actions").
var githubCommands = map[judge.Severity]string{judge.Low: "notice", judge.Medium: "warning", judge.High: "error", judge.Critical: "error"}

// writeGitHub writes annotations of a workflow: the findings that count, the gravest first.
func writeGitHub(w io.Writer, r *analyze.Result, _ Options) error {
	var b bytes.Buffer
	x := index(r)
	shown, hidden := 0, 0
	for i := range r.Findings {
		f := &r.Findings[i]
		switch {
		case f.Status != judge.Open:
		case shown == maxAnnotations:
			hidden++
		default:
			shown++
			x.annotate(&b, f)
		}
	}
	if hidden > 0 {
		annotation(&b, "notice", settingsPlace, "phonehome", fmt.Sprintf("%d more findings: see the report", hidden))
	}
	t := countTotals(r, rowsBy(byVendor, r))
	for _, s := range slices.Concat([]string{t.verdict()}, statusLines(r), settingsRemarks(r), r.RedactedRemarks()) {
		b.WriteString(logText(s) + "\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (x *indexed) annotate(b *bytes.Buffer, f *judge.Finding) {
	at := settingsPlace
	for _, id := range f.Destinations {
		if d := x.destinations[id]; d != nil {
			at = x.place(f, d)
			break
		}
	}
	annotation(b, githubCommands[f.Severity], at, f.Rule, f.Title+". "+f.Inference)
}

// annotation writes one workflow command.
func annotation(b *bytes.Buffer, command string, at place, title, message string) {
	fmt.Fprintf(b, "::%s file=%s,line=%d,title=%s::%s\n", command, commandProperty(at.file), at.line, commandProperty(title), commandMessage(message))
}

// commandMessage escapes the message of a workflow command.
func commandMessage(s string) string { return messageEscapes.Replace(logText(s)) }

// commandProperty escapes a property of one.
func commandProperty(s string) string { return propertyEscapes.Replace(logText(s)) }

var (
	messageEscapes  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// statusLines count the findings that don't count.
func statusLines(r *analyze.Result) (out []string) {
	for _, n := range statusCounts(r) {
		out = append(out, fmt.Sprintf("%s: %s", judge.Plural(n.count, "finding", "findings"), n.text))
	}
	return out
}

// statusCount is how many findings do not count for one reason.
type statusCount struct {
	count int
	text  string
}

func statusCounts(r *analyze.Result) (out []statusCount) {
	for _, s := range []struct {
		status judge.Status
		text   string
	}{{judge.Suppressed, "suppressed"}, {judge.Baselined, "known from the baseline"}} {
		n := 0
		for i := range r.Findings {
			if r.Findings[i].Status == s.status {
				n++
			}
		}
		if n > 0 {
			out = append(out, statusCount{n, s.text})
		}
	}
	return out
}

// WriteGitHubOutputs writes the outputs of a workflow's step, a name and a number a line: nothing of a capture is in them.
func WriteGitHubOutputs(w io.Writer, r *analyze.Result) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "exit-code=%d\n", r.Exit.Code)
	open := 0
	for s := judge.Low; s <= judge.Critical; s++ {
		n := r.Summary.Findings[s.String()]
		open += n
		fmt.Fprintf(&b, "findings-%s=%d\n", s, n)
	}
	fmt.Fprintf(&b, "findings=%d\ndestinations=%d\n", open, len(r.Destinations))
	for _, v := range disclosure.Verdicts() {
		fmt.Fprintf(&b, "%s=%d\n", v, r.Summary.Destinations[string(v)])
	}
	_, err := w.Write(b.Bytes())
	return err
}

// maxSummary bounds the summary of a job, in bytes: GitHub refuses one of more than 1 MiB.
const maxSummary = 900 << 10

// WriteGitHubSummary writes the summary of a workflow's job.
func WriteGitHubSummary(w io.Writer, r *analyze.Result) error { return markdownPage(w, r, maxSummary) }
