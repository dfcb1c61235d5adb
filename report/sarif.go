package report

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"phonehome/analyze"
	"phonehome/analyze/judge"
)

// SARIF 2.1.0 (OASIS standard, 27 March 2020), of which this is the part that is written. Property names are those of the standard.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool              sarifTool         `json:"tool"`
		AutomationDetails sarifID           `json:"automationDetails"`
		Invocations       []sarifInvocation `json:"invocations"`
		Artifacts         []sarifArtifact   `json:"artifacts"`
		Results           []sarifResult     `json:"results"`
		ColumnKind        string            `json:"columnKind"`
	}
	sarifID struct {
		ID string `json:"id"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version"`
		InformationURI string      `json:"informationUri,omitempty"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string          `json:"id"`
		Name             string          `json:"name,omitempty"`
		ShortDescription sarifMessage    `json:"shortDescription"`
		FullDescription  sarifMessage    `json:"fullDescription"`
		Help             sarifMessage    `json:"help"`
		Configuration    sarifLevel      `json:"defaultConfiguration"`
		Properties       sarifProperties `json:"properties"`
	}
	sarifLevel struct {
		Enabled *bool  `json:"enabled,omitempty"`
		Level   string `json:"level,omitempty"`
	}
	sarifProperties struct {
		Tags     []string `json:"tags,omitempty"`
		Security string   `json:"security-severity,omitempty"`
	}
	sarifMessage struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		ExitCode      int                 `json:"exitCode"`
		ExitReason    string              `json:"exitCodeDescription,omitempty"`
		CommandLine   string              `json:"commandLine,omitempty"`
		Overrides     []sarifOverride     `json:"ruleConfigurationOverrides,omitempty"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
		Configuration []sarifNotification `json:"toolConfigurationNotifications,omitempty"`
	}
	sarifOverride struct {
		Descriptor    sarifReference `json:"descriptor"`
		Configuration sarifLevel     `json:"configuration"`
	}
	sarifReference struct {
		ID    string `json:"id"`
		Index int    `json:"index"`
	}
	sarifNotification struct {
		Level   string       `json:"level"`
		Message sarifMessage `json:"message"`
	}
	sarifArtifact struct {
		Location sarifURI          `json:"location"`
		Length   int64             `json:"length"`
		Roles    []string          `json:"roles"`
		Hashes   map[string]string `json:"hashes,omitempty"`
	}
	sarifURI struct {
		URI   string `json:"uri"`
		Index *int   `json:"index,omitempty"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifMessage       `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Related      []sarifLocation    `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions"`
		Baseline     string             `json:"baselineState,omitempty"`
		Properties   sarifFacts         `json:"properties"`
	}
	sarifLocation struct {
		ID       int            `json:"id,omitempty"`
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
		Message  *sarifMessage  `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifURI    `json:"artifactLocation"`
		Region   sarifRegion `json:"region"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifLogical struct {
		Name          string `json:"name"`
		QualifiedName string `json:"fullyQualifiedName"`
		Kind          string `json:"kind"`
	}
	sarifSuppression struct {
		Kind          string         `json:"kind"`
		Status        string         `json:"status"`
		Justification string         `json:"justification"`
		Location      *sarifLocation `json:"location,omitempty"`
	}
	// sarifFacts is what the standard has no place for.
	sarifFacts struct {
		Finding    string   `json:"finding"`
		Severity   string   `json:"severity"`
		Confidence string   `json:"confidence"`
		Facts      []string `json:"facts"`
		Inference  string   `json:"inference"`
		Unknown    []string `json:"unknown"`
		PayloadOut uint64   `json:"payloadOut"`
		First      string   `json:"first"`
		Last       string   `json:"last"`
	}
)

const (
	sarifSchema = "https://json.schemastore.org/sarif-2.1.0.json"
	// maxSARIF is how many results are written: GitHub refuses a run with more than 25,000.
	maxSARIF = 5000
)

// sarifLevels are the levels of severities, and the scores from which GitHub makes its own words: below 4 low, 7 medium, 9 high.
var sarifLevels = map[judge.Severity]struct{ level, score string }{
	judge.Low: {"note", "3.0"}, judge.Medium: {"warning", "5.0"}, judge.High: {"error", "8.0"}, judge.Critical: {"error", "9.5"},
}

// writeSARIF writes an alert a key as SARIF.
func writeSARIF(w io.Writer, r *analyze.Result, _ Options) error {
	all, rules := alerts(r), judge.Rules()
	run := sarifRun{Tool: sarifTool{sarifDriver{Name: r.Tool.Name, Version: numbered(r.Tool.Version), Rules: sarifRules(rules)}}, AutomationDetails: sarifID{"phonehome/"},
		Artifacts: []sarifArtifact{}, Results: []sarifResult{}, ColumnKind: "utf16CodeUnits"}
	run.Invocations = []sarifInvocation{sarifRunOf(r, rules, len(all))}
	for i := range r.Captures {
		run.Artifacts = append(run.Artifacts, sarifCapture(r, i))
	}
	for i := range all[:min(len(all), maxSARIF)] {
		run.Results = append(run.Results, sarifResultOf(r, rules, &all[i]))
	}
	return Indented(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

func sarifRules(rules []judge.Rule) (out []sarifRule) {
	for _, r := range rules {
		s := sarifLevels[r.Severity]
		out = append(out, sarifRule{ID: r.ID, Name: camel(r.ID), ShortDescription: sarifMessage{Text: sentence(r.Fires)}, FullDescription: sarifMessage{Text: r.Fires},
			Help:          sarifMessage{Text: r.Fires + " " + r.Do, Markdown: r.Text()},
			Configuration: sarifLevel{Level: s.level}, Properties: sarifProperties{Tags: []string{"security", "privacy", "egress"}, Security: s.score}})
	}
	return out
}

// numbered is a version that begins with a number, as tools compare them.
func numbered(version string) string {
	version = strings.TrimPrefix(Terminal(version), "v")
	if version == "" || version[0] < '0' || version[0] > '9' {
		return "0-" + version
	}
	return version
}

// camel is a rule's id as SARIF wants names, UndisclosedDestination: nothing where that says the same as the id.
func camel(id string) string {
	if !strings.Contains(id, "-") {
		return ""
	}
	var b strings.Builder
	for part := range strings.SplitSeq(id, "-") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

// sentence is the first sentence of a text.
func sentence(s string) string {
	if first, _, more := strings.Cut(s, ". "); more {
		return first + "."
	}
	return s
}

func sarifRunOf(r *analyze.Result, rules []judge.Rule, alerts int) sarifInvocation {
	const unread = 3
	v := sarifInvocation{Successful: r.Exit.Code < unread, ExitCode: r.Exit.Code, CommandLine: Terminal(r.Settings.Command), ExitReason: Terminal(strings.Join(slices.Concat(r.Exit.Reasons, r.Exit.Also), "; "))}
	for _, s := range r.Settings.Rules {
		n := slices.IndexFunc(rules, func(x judge.Rule) bool { return x.ID == s.Rule })
		if n >= 0 {
			v.Overrides = append(v.Overrides, sarifOverride{sarifReference{s.Rule, n}, sarifChange(s.Set)})
		}
	}
	for _, s := range r.Coverage.CannotSee {
		v.Notifications = append(v.Notifications, sarifNotification{"warning", sarifMessage{Text: Terminal(s)}})
	}
	if alerts > maxSARIF {
		v.Notifications = append(v.Notifications, sarifNotification{"warning", sarifMessage{Text: fmt.Sprintf("%d alerts are left out: the result has them all.", alerts-maxSARIF)}})
	}
	for _, s := range settingsRemarks(r) {
		v.Configuration = append(v.Configuration, sarifNotification{"note", sarifMessage{Text: Terminal(s)}})
	}
	return v
}

// sarifChange is what the settings make of a rule.
func sarifChange(set string) sarifLevel {
	var s judge.Severity
	if s.UnmarshalText([]byte(set)) == nil {
		return sarifLevel{Level: sarifLevels[s].level}
	}
	return sarifLevel{Enabled: new(bool)}
}

func sarifCapture(r *analyze.Result, i int) sarifArtifact {
	c := &r.Captures[i]
	a := sarifArtifact{Location: sarifURI{URI: pathURI(c.Path)}, Length: c.Bytes, Roles: []string{"analysisTarget"}}
	if c.SHA256 != "" {
		a.Hashes = map[string]string{"sha-256": c.SHA256}
	}
	return a
}

// pathURI is a path as a relative reference, or as a file URI where it is absolute (RFC 3986, RFC 8089).
func pathURI(path string) string {
	path = filepath.ToSlash(path)
	var parts []string
	for part := range strings.SplitSeq(path, "/") {
		parts = append(parts, strings.ReplaceAll(url.PathEscape(part), ":", "%3A"))
	}
	s := strings.Join(parts, "/")
	if strings.HasPrefix(s, "/") {
		return "file://" + s
	}
	return s
}

func sarifResultOf(r *analyze.Result, rules []judge.Rule, a *alert) sarifResult {
	f := a.finding
	out := sarifResult{RuleID: f.Rule, RuleIndex: slices.IndexFunc(rules, func(x judge.Rule) bool { return x.ID == f.Rule }), Level: sarifLevels[f.Severity].level,
		Message: sarifMessage{Text: Terminal(a.about() + ": " + f.Title + ". " + f.Inference)},
		Locations: []sarifLocation{{Physical: &sarifPhysical{sarifURI{URI: pathURI(a.at.file)}, sarifRegion{a.at.line}},
			Logical: []sarifLogical{{Name: Terminal(a.about()), QualifiedName: a.key, Kind: "resource"}}}},
		Fingerprints: map[string]string{"primaryLocationLineHash": a.digest() + ":1", "phonehomeKey/v1": a.digest()},
		Suppressions: sarifSuppressions(r, f),
		Properties: sarifFacts{Finding: f.ID, Severity: f.Severity.String(), Confidence: f.Confidence, Facts: terminals(f.Facts), Inference: Terminal(f.Inference), Unknown: terminals(f.Unknown),
			PayloadOut: f.PayloadOut, First: instantText(f.First), Last: instantText(f.Last)}}
	for i := range f.Evidence {
		if l, ok := sarifFrames(r, &f.Evidence[i], i+1); ok {
			out.Related = append(out.Related, l)
		}
	}
	if len(r.Settings.Baseline) > 0 {
		out.Baseline = "new"
		if f.Status == judge.Baselined {
			out.Baseline = "unchanged"
		}
	}
	return out
}

// sarifFrames cites frames of a capture. A capture has no lines: its first stands for all of it, and the message says which frames.
func sarifFrames(r *analyze.Result, e *judge.Evidence, id int) (sarifLocation, bool) {
	if e.Capture >= len(r.Captures) {
		return sarifLocation{}, false
	}
	n := e.Capture
	return sarifLocation{ID: id, Physical: &sarifPhysical{sarifURI{pathURI(r.Captures[n].Path), &n}, sarifRegion{1}}, Message: &sarifMessage{Text: Terminal(e.What + ": " + e.DisplayFilter())}}, true
}

func terminals(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = Terminal(s)
	}
	return out
}

// sarifSuppressions says who answers for a finding; none is an empty list, which says that it counts.
func sarifSuppressions(r *analyze.Result, f *judge.Finding) []sarifSuppression {
	out := []sarifSuppression{}
	if s := suppressionOf(r, f); s != nil {
		out = append(out, sarifSuppression{Kind: "external", Status: "accepted", Justification: Terminal(approval(s)),
			Location: &sarifLocation{Physical: &sarifPhysical{sarifURI{URI: pathURI(s.File)}, sarifRegion{max(s.Line, 1)}}}})
	}
	return out
}
