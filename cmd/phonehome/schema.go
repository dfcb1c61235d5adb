package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"phonehome/analyze/disclosure"
	"phonehome/analyze/judge"
	"phonehome/report"
)

func newSchemaCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:       "schema result|register|ignore|config",
		Short:     "Print the JSON Schema of the result, of a register, of an ignore file, or of the settings",
		Args:      cobra.MatchAll(exactly(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"result", "register", "ignore", "config"},
		RunE: func(c *cobra.Command, args []string) error {
			schemas := map[string]string{"result": report.ResultSchema, "register": disclosure.Schema, "ignore": judge.IgnoreSchema, "config": configSchema(newScanCmd(a).Flags())}
			if _, err := fmt.Fprint(c.OutOrStdout(), schemas[args[0]]); err != nil {
				return &outputError{err}
			}
			return nil
		},
	}
}
