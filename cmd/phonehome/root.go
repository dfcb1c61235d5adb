package main

import (
	"github.com/spf13/cobra"
)

// commands are all commands, in the order in which help lists them.
func commands(a *app) []*cobra.Command {
	return []*cobra.Command{
		newScanCmd(a),
		newFactsCmd(a),
		newReportCmd(a),
		newDiffCmd(a),
		newVerifyCmd(a),
		newExplainCmd(),
		newRegisterCmd(a),
		newVendorsCmd(),
		newConfigCmd(a),

		newSchemaCmd(a),
		newVersionCmd(),
		newExitCodesTopic(),
		newFormatsTopic(),
	}
}

func newRootCmd(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "phonehome",
		Short: "Which transfers left, to whom, and how much: from captures alone",
		Long: `phonehome reads captures (pcap, pcapng) and says which transfers left the network: from whom, to which name and vendor, and how much.
It works offline: it opens no socket.`,
		Example: `  phonehome scan capture.pcap
  phonehome scan evidence/ -o result.json -o facts=all.ndjson.zst
  tcpdump -w - | phonehome scan -`,
		SilenceErrors: true, // Main prints them, as the last line
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.PersistentFlags().BoolVarP(&a.talk.quiet, "quiet", "q", false, "say nothing on stderr but why the exit is not 0")
	root.PersistentFlags().BoolVarP(&a.talk.loud, "verbose", "v", false, "say more on stderr")
	root.AddCommand(commands(a)...)
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveDefault)
	return root
}
