package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"phonehome/report"
)

// newExitCodesTopic is `help exit-codes`.
func newExitCodesTopic() *cobra.Command {
	var b strings.Builder
	for _, e := range exitCodes {
		fmt.Fprintf(&b, "  %-4d %s\n", e.code, e.meaning)
	}
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: b.String() + `
Where several hold, the greatest of 4, 3 and 1 wins; the last line on stderr names all that hold. A scan with --strict ends in 3 where a
limit was hit, packets were lost while capturing, or packets were captured in part.`}
}

// pathOf says which paths are the format's.
func pathOf(f report.Format) string {
	switch {
	case f.Folder != nil:
		return "a folder: -o " + f.Name + "=FOLDER"
	case len(f.Suffixes) == 0:
		return "-o " + f.Name + "=PATH"
	}
	return "file names: *" + strings.Join(f.Suffixes, " *")
}

// newFormatsTopic is `help formats`.
func newFormatsTopic() *cobra.Command {
	var b strings.Builder
	b.WriteString("Formats of -f, and of -o [FORMAT=]PATH:\n\n")
	for _, f := range report.Formats {
		fmt.Fprintf(&b, "  %-12s %s\n               %s\n", f.Name, f.Help, pathOf(f))
	}
	b.WriteString(`
A path that ends in .zst is compressed with zstd. Files are written beside their place and moved there when they are whole.

Captures that are read, by what is in them and not by their names:

  pcap    microseconds and nanoseconds, both byte orders, the modified header of Kuznetzov's patches
  pcapng  all block types of the specification, several sections and interfaces
  snoop   version 2 (RFC 1761)

Each may be compressed with gzip, zstd, lz4 or xz. Saved facts are read in place of captures.
`)
	return &cobra.Command{Use: "formats", Short: "Formats that are written and read", Long: b.String()}
}
