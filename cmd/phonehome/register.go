package main

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"phonehome/analyze/disclosure"
	"phonehome/report"
)

func newRegisterCmd(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "register",
		Short: "Begin, check and ask the register of what vendors disclosed",
		Long: `The register is your dated list of transfers that vendors disclosed and you approved (docs/register.md).
learn and import write proposed entries: none discloses anything until a person approves it.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newRegisterInit(), newRegisterLint(a), newRegisterLearn(), newRegisterImport(a), newRegisterMatch(a))
	return c
}

// say writes text to stdout.
func say(c *cobra.Command, text string) error {
	if _, err := fmt.Fprint(c.OutOrStdout(), text); err != nil {
		return &outputError{err}
	}
	return nil
}

func newRegisterInit() *cobra.Command {
	return &cobra.Command{
		Use:     "init",
		Short:   "Print a register to begin with, with comments",
		Example: `  phonehome register init > register.yaml`,
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return say(c, disclosure.Skeleton) },
	}
}

func newRegisterLint(a *app) *cobra.Command {
	var asOf, seen string
	c := &cobra.Command{
		Use:   "lint FILE...",
		Short: "Say what is doubtful in a register: expired, too wide, owned by nobody, unused",
		Example: `  phonehome register lint register.yaml
  phonehome register lint register.yaml --result result.json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := disclosure.Load(args)
			if err != nil {
				return err
			}
			unseen, err := unseenIn(seen)
			if err != nil {
				return err
			}
			day := a.now().UTC()
			if asOf != "" {
				if day, err = time.Parse(time.DateOnly, asOf); err != nil {
					return err
				}
			}
			remarks := r.Lint(day, unseen)
			for _, m := range remarks {
				if err := say(c, fmt.Sprintf("%s:%d: %s\n", m.File, m.Line, report.Terminal(m.Text))); err != nil {
					return err
				}
			}
			if len(remarks) > 0 {
				return &exit{code: exitFindings, reasons: []string{strconv.Itoa(len(remarks)) + " remarks"}}
			}
			return nil
		},
	}
	c.Flags().Var(date{&asOf}, "as-of", "the day on which entries are looked at, today (UTC) where not given")
	c.Flags().StringVar(&seen, "result", "", "a saved `RESULT.json`: entries of which it saw nothing are named")
	return c
}

// unseenIn are the entries of which a result saw nothing; nil without one.
func unseenIn(path string) (map[string]bool, error) {
	if path == "" {
		return nil, nil
	}
	r, err := readResult(path)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for i := range r.Register {
		if !r.Register[i].Observed {
			out[r.Register[i].ID] = true
		}
	}
	return out, nil
}

func newRegisterLearn() *cobra.Command {
	return &cobra.Command{
		Use:     "learn RESULT.json",
		Short:   "Print proposed entries for what a result has and the register does not",
		Example: `  phonehome register learn result.json > proposed.yaml`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := readResult(args[0])
			if err != nil {
				return err
			}
			return say(c, string(disclosure.WriteProposals(report.Proposals(r, nil))))
		},
	}
}

func newRegisterImport(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE...",
		Short: "Print proposed entries from a list of allowed destinations that you have",
		Long:  `import reads CSV with a header, harden-runner's allowed-endpoints, Squid's dstdomain and Cilium's toFQDNs, by content.`,
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var all []disclosure.Proposal
			for _, path := range args {
				b, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				list, ignored, err := disclosure.Import(path, b)
				if err != nil {
					return err
				}
				if ignored > 0 {
					a.talk.note("%s: %d entries are no destination, and were left out", path, ignored)
				}
				all = append(all, list...)
			}
			return say(c, string(disclosure.WriteProposals(all)))
		},
	}
}

func newRegisterMatch(a *app) *cobra.Command {
	var files []string
	var client, port, day string
	c := &cobra.Command{
		Use:     "match NAME|IP",
		Short:   "Say how the register judges a destination, step by step",
		Example: `  phonehome register match ts01-b.cloudsink.net -r register.yaml --client 10.20.0.10 --at 2018-11-05`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			t, err := asked(a, args[0], client, port, day)
			if err != nil {
				return err
			}
			if len(files) == 0 {
				return usage("match needs a register: -r FILE")
			}
			r, err := disclosure.Load(files)
			if err != nil {
				return err
			}
			for _, s := range r.Steps(t) {
				if err := say(c, report.Terminal(s)+"\n"); err != nil {
					return err
				}
			}
			j := r.NewJudge()
			j.Add(t)
			got := j.Finish()[0]
			return say(c, fmt.Sprintf("%s: %s\n", got.Verdict, report.Terminal(got.Reason)))
		},
	}
	c.Flags().StringArrayVarP(&files, "register", "r", nil, "register `FILE` (repeatable)")
	c.Flags().StringVar(&client, "client", "10.0.0.1", "the inside `ADDRESS` that sends")
	c.Flags().StringVar(&port, "port", "443/tcp", "`PORT/TRANSPORT` that it is sent to")
	c.Flags().Var(date{&day}, "at", "the day on which it is sent, today (UTC) where not given")
	return c
}

// asked is the destination that match asks about.
func asked(a *app, what, client, port, day string) (*disclosure.Traffic, error) {
	at := a.now().UTC()
	if day != "" {
		var err error
		if at, err = time.Parse(time.DateOnly, day); err != nil {
			return nil, err
		}
	}
	number, transport, ok := strings.Cut(port, "/")
	n, err := strconv.ParseUint(number, 10, 16)
	if !ok || err != nil || !slices.Contains([]string{"tcp", "udp", "sctp"}, transport) {
		return nil, usage("--port %s: must be a port such as 443/tcp", port)
	}
	from, err := netip.ParseAddr(client)
	if err != nil {
		return nil, usage("--client %s: must be an address", client)
	}
	t := &disclosure.Traffic{Client: from, Port: uint16(n), Transport: transport, First: at, Last: at}
	if ip, err := netip.ParseAddr(what); err == nil {
		t.Parts = []disclosure.Part{{Server: ip, Hour: int32(at.Unix() / int64(time.Hour/time.Second))}}
		return t, nil
	}
	t.Names, t.Vendors = []string{strings.ToLower(strings.TrimSuffix(what, "."))}, []string{""}
	return t, nil
}
