package judge

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Rule is one way in which destinations become findings.
type Rule struct {
	ID       string
	Severity Severity // the usual one; a finding's own may differ, and Levels says when
	Fires    string   // what fires it, a sentence
	Levels   string   // when a finding has which severity, and why; the usual one is among them
	Bounds   []Bound  // thresholds
	Numbers  []Number // what Measures of its findings hold
	Blind    string   // what it cannot see
	Do       string   // what to do about a finding
	find     func(c *Case) []Finding
}

// Bound is a threshold of a rule, with its reason.
type Bound struct{ Name, Value, Why string }

// Number is one of the numbers that a finding rests on.
type Number struct{ Name, Unit, What string }

// Rules are all rules, in the order in which findings of equal weight are listed.
func Rules() []Rule {
	return []Rule{
		expiredRule, undisclosedRule, assetRule, countryRule, volumeRule, intelRule, personalRule, tunnelRule, bulkRule, beaconRule, unnamedRule, mismatchRule, hiddenRule, newRule,
	}
}

// RuleByID returns the rule of that id.
func RuleByID(id string) (Rule, bool) {
	rules := Rules()
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return Rule{}, false
	}
	return rules[i], true
}

// Text is the rule's section of the documentation, in Markdown.
func (r *Rule) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s\n\n**Severity.** %s\n\n", r.ID, r.Fires, r.Levels)
	if len(r.Bounds) > 0 {
		b.WriteString("| threshold | | why |\n|---|---|---|\n")
		for _, x := range r.Bounds {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", x.Name, x.Value, x.Why)
		}
		b.WriteByte('\n')
	}
	if len(r.Numbers) > 0 {
		b.WriteString("| number | in | |\n|---|---|---|\n")
		for _, x := range r.Numbers {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", x.Name, x.Unit, x.What)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "**What it cannot see.** %s\n\n**What to do.** %s\n", r.Blind, r.Do)
	return b.String()
}

// RuleChange is what the settings make of a rule.
type RuleChange struct {
	Off      bool
	Severity Severity // 0: as the rule has it
}

// String is the word that a setting has for the change.
func (r RuleChange) String() string {
	if r.Off {
		return "off"
	}
	return r.Severity.String()
}

// Findings runs all rules but those that are off. The gravest come first.
func (c *Case) Findings(changes map[string]RuleChange) []Finding {
	out := []Finding{}
	for _, r := range Rules() {
		change := changes[r.ID]
		if change.Off {
			continue
		}
		found := r.find(c)
		out = slices.Grow(out, len(found))
		for _, f := range found {
			f.Rule = r.ID
			if change.Severity != 0 {
				f.Severity = change.Severity
			}
			if c.unanswered(f.group) {
				f.Unknown = append(f.Unknown, "Whether it arrived: no answer is in the captures.")
			}
			f.Fingerprint = fingerprint(r.ID, f.group.to.key(), c.assets(&f))
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.PayloadOut, a.PayloadOut))
	})
	for i := range out {
		out[i].ID = "f" + strconv.Itoa(i+1)
	}
	return out
}
