package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"phonehome/analyze"
	"phonehome/analyze/disclosure"
	"phonehome/analyze/judge"
)

// The XML of JUnit, of which no standard exists: what follows fits both the schema of the Ant task and that of Jenkins.
type (
	junitSuites struct {
		XMLName xml.Name   `xml:"testsuites"`
		Suite   junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Hostname   string          `xml:"hostname,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Package    string          `xml:"package,attr"`
		ID         int             `xml:"id,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		Out        string          `xml:"system-out"`
		Err        string          `xml:"system-err"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Time    string        `xml:"time,attr"`
		Skipped *junitSkipped `xml:"skipped"`
		Error   *junitProblem `xml:"error"`
		Failure *junitProblem `xml:"failure"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// Names of classes: they and the names of cases are the same from run to run.
const (
	junitDestinations = "phonehome.destination"
	junitRun          = "phonehome.run"
)

// writeJUnit writes a test case a key of the gate, and one for each reason for which the run itself is not to be trusted.
func writeJUnit(w io.Writer, r *analyze.Result, _ Options) error {
	s := junitSuite{Name: "phonehome", Timestamp: junitTime(r), Hostname: "localhost", Time: "0", Package: "phonehome", Properties: junitProperties(r), Cases: runCases(r)}
	for _, k := range keyed(r) {
		s.Cases = append(s.Cases, k.testCase(r))
	}
	s.Out = strings.Join(terminals(settingsRemarks(r)), "\n")
	s.Err = strings.Join(terminals(r.Coverage.CannotSee), "\n")
	s.Tests = len(s.Cases)
	for i := range s.Cases {
		s.count(&s.Cases[i])
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write xml: %w", err)
	}
	x := xml.NewEncoder(w)
	x.Indent("", "  ")
	if err := x.Encode(junitSuites{Suite: s}); err != nil {
		return fmt.Errorf("write xml: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) count(c *junitCase) {
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

// junitTime is the time of the first packet, as the schemas want it: without a zone.
func junitTime(r *analyze.Result) string {
	first := time.Unix(0, 0)
	for i := range r.Captures {
		if c := &r.Captures[i]; !c.First.IsZero() && (first.Unix() == 0 || c.First.Before(first)) {
			first = c.First
		}
	}
	return first.UTC().Format("2006-01-02T15:04:05")
}

func junitProperties(r *analyze.Result) []junitProperty {
	out := []junitProperty{{"command", Terminal(r.Settings.Command)}}
	for _, s := range r.Settings.Rules {
		out = append(out, junitProperty{"rule " + Terminal(s.Rule), Terminal(s.Set)})
	}
	return out
}

// runCases say whether the captures could be read and judged.
func runCases(r *analyze.Result) (out []junitCase) {
	const unread = 3
	if r.Exit.Code < unread {
		return []junitCase{{Name: "captures were read and judged", Class: junitRun, Time: "0"}}
	}
	for _, reason := range r.Exit.Reasons {
		reason = Terminal(reason)
		out = append(out, junitCase{Name: reason, Class: junitRun, Time: "0", Error: &junitProblem{Message: reason, Type: "unreadable", Text: reason}})
	}
	return out
}

// keyGroup is the destinations that share a key, with the findings about them.
type keyGroup struct {
	key          string
	destinations []*judge.Destination
	findings     []*judge.Finding
}

// keyed groups destinations by key, in the order of the keys.
func keyed(r *analyze.Result) []*keyGroup {
	x := index(r)
	byKey := map[string]*keyGroup{}
	var out []*keyGroup
	for _, d := range r.Destinations {
		k := byKey[x.keys[d.ID]]
		if k == nil {
			k = &keyGroup{key: x.keys[d.ID]}
			byKey[k.key] = k
			out = append(out, k)
		}
		k.destinations = append(k.destinations, d)
	}
	for i := range r.Findings {
		for _, id := range r.Findings[i].Destinations {
			if k := byKey[x.keys[id]]; k != nil && !slices.Contains(k.findings, &r.Findings[i]) {
				k.findings = append(k.findings, &r.Findings[i])
			}
		}
	}
	slices.SortFunc(out, func(a, b *keyGroup) int { return strings.Compare(a.key, b.key) })
	return out
}

// covered says whether a verdict leaves nothing to ask.
func covered(v disclosure.Verdict) bool {
	return v == disclosure.Disclosed || v == disclosure.NoRegister
}

// worst is the first destination that the register does not cover; nil where there is none.
func (k *keyGroup) worst() *judge.Destination {
	i := slices.IndexFunc(k.destinations, func(d *judge.Destination) bool { return !covered(d.Disclosure.Verdict) })
	if i < 0 {
		return nil
	}
	return k.destinations[i]
}

func (k *keyGroup) testCase(r *analyze.Result) junitCase {
	c := junitCase{Name: k.key, Class: junitDestinations, Time: "0"}
	worst := k.worst()
	failing := k.failing(r, worst != nil)
	settledBy := k.settled(r)
	switch {
	case len(failing) > 0:
		c.Failure = k.failure(worst, failing)
	case settledBy != "":
		c.Skipped = &junitSkipped{Terminal(settledBy)}
	case worst != nil && len(k.findings) == 0:
		c.Skipped = &junitSkipped{Terminal(string(worst.Disclosure.Verdict) + ", of which the settings make no finding")}
	}
	return c
}

// failing are the open findings that fail the case: all, where the register does not cover it, else those that fail the gate.
func (k *keyGroup) failing(r *analyze.Result, uncovered bool) (out []*judge.Finding) {
	for _, f := range k.findings {
		if f.Status == judge.Open && (uncovered || gates(r.Settings.FailOn, f)) {
			out = append(out, f)
		}
	}
	return out
}

// gates says whether a finding is one that fails a run. One that fails on nothing still shows what others would fail on.
func gates(failOn string, f *judge.Finding) bool {
	least := judge.Medium
	if failOn == analyze.FailNew {
		return f.Rule == judge.LockRule
	}
	if err := least.UnmarshalText([]byte(failOn)); err != nil {
		least = judge.Medium
	}
	return f.Severity >= least
}

// settled says who answers for the findings, or that the baseline has them; "" where there are none, or none that would count.
func (k *keyGroup) settled(r *analyze.Result) string {
	for _, status := range []judge.Status{judge.Suppressed, judge.Baselined} {
		for _, f := range k.findings {
			if f.Status == status {
				return settled(r, f)
			}
		}
	}
	return ""
}

func (k *keyGroup) failure(worst *judge.Destination, failing []*judge.Finding) *junitProblem {
	p := &junitProblem{Message: Terminal(failing[0].Title), Type: failing[0].Rule}
	if worst != nil {
		p.Type = string(worst.Disclosure.Verdict)
		p.Message = Terminal(whatOf(worst) + ": " + string(worst.Disclosure.Verdict) + ": " + worst.Disclosure.Reason)
	}
	var lines []string
	for _, f := range failing {
		lines = append(lines, f.Severity.String()+" "+f.Rule+": "+f.Title)
		lines = append(lines, sentences(f.Facts)...)
	}
	p.Text = strings.Join(terminals(lines), "\n")
	return p
}
