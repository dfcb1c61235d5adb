package judge

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRulesAreWhole: every rule says what it does, and no two have the same id.
func TestRulesAreWhole(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)malicious|illegal|violat|exfiltrat`)
	ids := map[string]bool{}
	for _, r := range Rules() {
		if r.ID == "" || r.Severity == 0 || r.Fires == "" || r.Levels == "" || r.Blind == "" || r.Do == "" || r.find == nil || ids[r.ID] {
			t.Errorf("rule %q is not whole, or there are two", r.ID)
		}
		ids[r.ID] = true
		if !strings.Contains(strings.ToLower(r.Levels), r.Severity.String()) {
			t.Errorf("%s does not say when a finding has its usual severity, %s: %s", r.ID, r.Severity, r.Levels)
		}
		if word := forbidden.FindString(r.Text()); word != "" {
			t.Errorf("%s says %q", r.ID, word)
		}
	}
	want := []string{"undisclosed-destination", "disclosure-expired", "volume-exceeded", "country-not-allowed", "asset-egress", "threat-intel", "beacon", "bulk-upload",
		"cleartext-personal-data", "unnamed-destination", "name-mismatch", "hidden-name", "dns-tunnel", "new-destination"}
	for _, id := range want {
		if !ids[id] {
			t.Errorf("there is no rule %s", id)
		}
	}
	for id := range ids {
		if !slices.Contains(want, id) {
			t.Errorf("rule %s is not one of those that are promised", id)
		}
	}
}
