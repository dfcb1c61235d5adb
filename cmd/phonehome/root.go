package main

import (
	"io"
	"strings"

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

func newRootCmd(a *app, out io.Writer) *cobra.Command {
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
	root.SetOut(out) // before there are completions: cobra gives them the output of that moment
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	strict(root)
	return root
}

// strict makes of a command line that names nothing of ours an error in the two commands that are cobra's own: they answer it with help and exit 0,
// and a script would not see that it is mistaken.
func strict(root *cobra.Command) {
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Args = knownTopic
		case "completion":
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		}
	}
}

// knownTopic wants a command, or nothing.
func knownTopic(c *cobra.Command, args []string) error {
	if found, rest, err := c.Root().Find(args); err != nil || len(rest) > 0 && found.HasSubCommands() {
		return usage("no command or topic is called %q: see %s --help", strings.Join(args, " "), c.Root().Name())
	}
	return nil
}

// between wants so many arguments, and says what they are: cobra's own words say how many only.
func between(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return usage("%d arguments were given: use %s", len(args), strings.TrimSuffix(c.UseLine(), " [flags]"))
		}
		return nil
	}
}

// exactly wants n arguments.
func exactly(n int) cobra.PositionalArgs { return between(n, n) }
