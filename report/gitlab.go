package report

import (
	"io"

	"phonehome/analyze"
	"phonehome/analyze/judge"
)

// codeQuality is one issue of GitLab's code quality report (docs.gitlab.com, "Code Quality report format").
type codeQuality struct {
	Description string          `json:"description"`
	CheckName   string          `json:"check_name"`
	Fingerprint string          `json:"fingerprint"`
	Severity    string          `json:"severity"`
	Location    qualityLocation `json:"location"`
}

type qualityLocation struct {
	Path  string       `json:"path"`
	Lines qualityLines `json:"lines"`
}

type qualityLines struct {
	Begin int `json:"begin"`
}

// gitlabSeverities are GitLab's words for severities.
var gitlabSeverities = map[judge.Severity]string{judge.Low: "minor", judge.Medium: "major", judge.High: "critical", judge.Critical: "blocker"}

// gitlabNote is the severity of what only is to be known: what somebody answers for, what was there before, and what the settings change.
const gitlabNote = "info"

// writeGitLab writes an alert a key as GitLab's code quality report.
func writeGitLab(w io.Writer, r *analyze.Result, _ Options) error {
	out := []codeQuality{}
	for _, a := range alerts(r) {
		out = append(out, qualityOf(r, &a))
	}
	for _, s := range ruleRemarks(r) {
		a := alert{key: "rules " + s.rule}
		out = append(out, codeQuality{Description: logText(s.text), CheckName: s.rule, Fingerprint: a.digest(), Severity: gitlabNote, Location: settingsPlace.quality()})
	}
	for i, s := range r.RedactedRemarks() {
		a := alert{key: "redacted " + r.Settings.Redacted[i]}
		out = append(out, codeQuality{Description: logText(s), CheckName: "redacted", Fingerprint: a.digest(), Severity: gitlabNote, Location: settingsPlace.quality()})
	}
	return Indented(w, out)
}

func qualityOf(r *analyze.Result, a *alert) codeQuality {
	c := codeQuality{Description: a.about() + ": " + a.finding.Title, CheckName: a.finding.Rule, Fingerprint: a.digest(), Severity: gitlabSeverities[a.finding.Severity], Location: a.at.quality()}
	if note := settled(r, a.finding); note != "" {
		c.Severity, c.Description = gitlabNote, note+": "+c.Description
	}
	c.Description = logText(c.Description)
	return c
}

// settled says why a finding does not count, "" where it does.
func settled(r *analyze.Result, f *judge.Finding) string {
	switch f.Status {
	case judge.Suppressed:
		if s := suppressionOf(r, f); s != nil {
			return "suppressed, " + approval(s)
		}
		return "suppressed"
	case judge.Baselined:
		return "known from the baseline"
	}
	return ""
}

func (p place) quality() qualityLocation {
	return qualityLocation{Terminal(p.file), qualityLines{p.line}}
}
