package main

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"phonehome/analyze"
	"phonehome/analyze/vendors"
)

// tool is what reports say of the program that made them.
func tool() analyze.Tool {
	t := analyze.Tool{Name: "phonehome", Version: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return t
	}
	t.Version, t.Commit = info.Main.Version, setting(info, "vcs.revision")
	if setting(info, "vcs.modified") == "true" {
		t.Commit += "+changes"
	}
	return t
}

func setting(info *debug.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

func newVersionCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and what data is built in",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if _, err := fmt.Fprint(c.OutOrStdout(), versionText()); err != nil {
				return &outputError{err}
			}
			return nil
		},
	}
}

func versionText() string {
	t := tool()
	var b strings.Builder
	fmt.Fprintf(&b, "phonehome %s", t.Version)
	if t.Commit != "" {
		fmt.Fprintf(&b, ", commit %s", t.Commit)
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		fmt.Fprintf(&b, ", built with %s", info.GoVersion)
	}
	fmt.Fprintf(&b, "\n\nBuilt in:\n  vendor catalogue, %s\n", vendors.Default().Version())
	for _, d := range vendors.Data() {
		fmt.Fprintf(&b, "  %s, %s, %s: %s\n", d.Name, d.Date, d.Licence, d.Source)
	}
	return b.String()
}
