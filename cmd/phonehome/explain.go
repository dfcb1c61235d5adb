package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"phonehome/analyze/judge"
	"phonehome/report"
)

func newExplainCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "explain RULE | FINDING RESULT.json",
		Short: "Say what a rule does, or why a finding was made and how to check it",
		Long: `explain RULE prints what fires a rule, its thresholds, what it cannot see and what to do.
explain FINDING RESULT.json does it for a finding of a saved result, by its id (f1) or fingerprint: number by number, with the frames that show it.`,
		Example: `  phonehome explain beacon
  phonehome explain f1 result.json`,
		Args: between(1, 2),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return ruleIDs(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				return explainRule(c, args[0])
			}
			return explainFinding(c, args[0], args[1])
		},
	}
}

// ruleIDs are the ids of all rules.
func ruleIDs() (out []string) {
	for _, r := range judge.Rules() {
		out = append(out, r.ID)
	}
	return out
}

func explainRule(c *cobra.Command, id string) error {
	r, ok := judge.RuleByID(id)
	if !ok {
		return usage("no rule is called %q: there are %s. A finding is explained from a result: explain f1 RESULT.json", id, strings.Join(ruleIDs(), ", "))
	}
	if _, err := fmt.Fprint(c.OutOrStdout(), r.Text()); err != nil {
		return &outputError{err}
	}
	return nil
}

func explainFinding(c *cobra.Command, what, path string) error {
	r, err := readResult(path)
	if err != nil {
		return err
	}
	f := report.FindFinding(r, what)
	if f == nil {
		return usage("%s has no finding %q, and %d others", path, what, len(r.Findings))
	}
	if err := report.Explain(c.OutOrStdout(), r, f); err != nil {
		return &outputError{err}
	}
	return nil
}
