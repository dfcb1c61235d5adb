package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"phonehome/analyze/judge"
	"phonehome/report"
)

func newConfigCmd(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Show the settings of a scan, and where each comes from",
		Long: `Settings are the flags of scan. They are taken from the command line, then from the environment (PHONEHOME_FAIL_ON=high), then from the file that --config names, or
phonehome.yaml in the working folder, then as built in.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newConfigShowCmd(a))
	return c
}

func newConfigShowCmd(a *app) *cobra.Command {
	f := &scanFlags{}
	var all bool
	c := &cobra.Command{
		Use:   "show [FLAGS OF SCAN]",
		Short: "Print the settings, as a settings file with the origin of each",
		Example: `  phonehome config show --effective
  phonehome config show --fail-on high`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s := &f.read.settings
			if err := s.apply(a, c.Flags(), newScanCmd(a).Flags(), nil); err != nil {
				return err
			}
			if _, err := fmt.Fprint(c.OutOrStdout(), s.show(c.Flags(), newScanCmd(a).Flags(), all)); err != nil {
				return &outputError{err}
			}
			return nil
		},
	}
	f.add(c)
	c.Flags().BoolVar(&all, "effective", false, "those that are built in too")
	return c
}

// show writes settings as a settings file has them; of those that are built in only where all are wanted.
func (s *settings) show(fs, known *pflag.FlagSet, all bool) string {
	var b strings.Builder
	fs.VisitAll(func(f *pflag.Flag) {
		origin := s.origins[f.Name]
		if !settable(known, f.Name) || f.Hidden || origin == "" && !all {
			return
		}
		if f.Value.String() == "" {
			fmt.Fprintf(&b, "# %s is not set\n", f.Name)
			return
		}
		fmt.Fprintf(&b, "%s: %s # %s\n", f.Name, yamlValue(f), report.Terminal(cmp.Or(origin, "built in")))
	})
	return b.String()
}

// yamlValue is the value of a flag as a settings file has it.
func yamlValue(f *pflag.Flag) string {
	if l, many := f.Value.(list); many {
		var words []string
		for _, v := range l.GetSlice() {
			words = append(words, yamlWord(v))
		}
		return "[" + strings.Join(words, ", ") + "]"
	}
	switch f.Value.Type() {
	case "bool", "int":
		return f.Value.String()
	}
	return yamlWord(f.Value.String())
}

// yamlWord is a text as a scalar in double quotes (YAML 1.2.2, section 7.3.1), which JSON's are.
func yamlWord(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return strconv.QuoteToASCII(s)
	}
	return string(b)
}

// configSchema is the JSON Schema (2020-12) of a settings file: made of the flags, so that none is missing.
func configSchema(fs *pflag.FlagSet) string {
	properties := map[string]any{}
	fs.VisitAll(func(f *pflag.Flag) {
		if settable(fs, f.Name) && !f.Hidden {
			properties[f.Name] = settingSchema(f)
		}
	})
	b, err := json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Settings of phonehome (phonehome.yaml)", "type": "object", "additionalProperties": false, "properties": properties,
	}, "", "  ")
	if err != nil {
		panic("phonehome: " + err.Error()) // maps of texts
	}
	return string(b) + "\n"
}

// settingSchema is the schema of one setting. A file has each value as a word: what a flag takes.
func settingSchema(f *pflag.Flag) map[string]any {
	word := map[string]any{"type": []string{"string", "number", "boolean"}}
	switch v := f.Value.(type) {
	case *choice:
		word = map[string]any{"enum": v.of}
	default:
		switch f.Value.Type() {
		case "bool":
			word = map[string]any{"type": "boolean"}
		case "int":
			word = map[string]any{"type": "integer"}
		}
	}
	out := word
	if _, many := f.Value.(list); many {
		forms := []any{word, map[string]any{"type": "array", "items": word}}
		if f.Name == "rules" {
			forms = append(forms, map[string]any{"type": "object", "propertyNames": map[string]any{"enum": ruleIDs()}, "additionalProperties": map[string]any{"enum": append([]string{off}, judge.Severities()...)}})
		}
		out = map[string]any{"anyOf": forms}
	}
	out["description"] = f.Usage
	return out
}
