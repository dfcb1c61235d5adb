package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"phonehome/report"
)

func newSchemaCmd() *cobra.Command {
	return &cobra.Command{
		Use:       "schema result",
		Short:     "Print the JSON Schema of the result",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"result"},
		RunE: func(c *cobra.Command, _ []string) error {
			if _, err := fmt.Fprint(c.OutOrStdout(), report.ResultSchema); err != nil {
				return &outputError{err}
			}
			return nil
		},
	}
}
