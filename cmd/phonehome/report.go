package main

import (
	"os"

	"github.com/spf13/cobra"

	"phonehome/analyze"
)

func newReportCmd(a *app) *cobra.Command {
	f := &viewFlags{}
	s := &settings{}
	c := &cobra.Command{
		Use:   "report RESULT.json",
		Short: "Show a saved result",
		Long:  `report shows a result that scan -f json or -o result.json saved, in any format that needs no captures.`,
		Example: `  phonehome report result.json --by country
  phonehome report result.json -o table.txt`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := s.apply(a, c.Flags(), newScanCmd(a).Flags(), args); err != nil {
				return err
			}
			return f.report(a, c, args[0])
		},
	}
	f.add(c.Flags())
	s.add(c.Flags())
	return c
}

func (f *viewFlags) report(a *app, c *cobra.Command, path string) error {
	v, err := f.view(a, []string{path}, path)
	if err != nil {
		return err
	}
	if err := tried(a.tryOutputs(v)); err != nil {
		return err
	}
	r, err := readResult(path)
	if err != nil {
		return err
	}
	r.Keep(f.only.list)
	shown, _ := v.redacted(r)
	return ended(r.Exit, a.show(c.Context(), shown, v))
}

// readResult reads a saved result.
func readResult(path string) (*analyze.Result, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() // read only
	r, err := analyze.ReadResult(file)
	if err != nil {
		return nil, usage("%s: %w", path, err)
	}
	return r, nil
}
