package report

import (
	"fmt"

	"phonehome/analyze"
	"phonehome/analyze/judge"
)

// suppressionOf is the suppression that covers a finding; nil for one that is not suppressed.
func suppressionOf(r *analyze.Result, f *judge.Finding) *judge.Suppression {
	for i := range r.Suppressions {
		if s := &r.Suppressions[i]; f.Status == judge.Suppressed && f.Suppression == fmt.Sprintf("%s:%d", s.File, s.Line) {
			return s
		}
	}
	return nil
}

// approval says who answers for a suppression, why and until when.
func approval(s *judge.Suppression) string {
	return fmt.Sprintf("%s (approved by %s, until %s)", s.Reason, s.Approver, s.Expires)
}

// settingsRemarks say which rules the settings change, and which suppressions do nothing any more.
func settingsRemarks(r *analyze.Result) (out []string) {
	for _, s := range ruleRemarks(r) {
		out = append(out, s.text)
	}
	return append(out, staleSuppressions(r)...)
}
