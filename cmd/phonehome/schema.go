package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"phonehome/analyze/judge"
	"phonehome/report"
)

func newSchemaCmd() *cobra.Command {
	return &cobra.Command{
		Use:       "schema result|ignore",
		Short:     "Print the JSON Schema of the result, or of an ignore file",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"result", "ignore"},
		RunE: func(c *cobra.Command, args []string) error {
			schema := report.ResultSchema
			if args[0] == "ignore" {
				schema = judge.IgnoreSchema
			}
			if _, err := fmt.Fprint(c.OutOrStdout(), schema); err != nil {
				return &outputError{err}
			}
			return nil
		},
	}
}
