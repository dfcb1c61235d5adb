package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"phonehome/analyze/disclosure"
	"phonehome/analyze/judge"
	"phonehome/analyze/vendors"
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
	c.AddCommand(newRegisterInit(), newRegisterLint(a), newRegisterLearn(a), newRegisterImport(a), newRegisterMatch(a))
	return c
}

// say writes text to stdout.
func say(c *cobra.Command, text string) error {
	if _, err := fmt.Fprint(c.OutOrStdout(), text); err != nil {
		return &outputError{err}
	}
	return nil
}

// registerFile is -o of the commands that write a register.
type registerFile struct{ path string }

func (f *registerFile) add(c *cobra.Command) {
	c.Flags().StringVarP(&f.path, "output", "o", "", "write to this `FILE`, whole or not at all, in place of standard output")
}

// check refuses what is no file for a register, an input, and what can't be written.
func (f *registerFile) check(inputs []string) error {
	if f.path == "" {
		return nil
	}
	if _, err := checkedOutput(output{path: f.path}); err != nil {
		return err
	}
	if strings.HasSuffix(f.path, compressed) {
		return usage("--output %s: a register is not compressed: people read it", f.path)
	}
	if in := overInput(f.path, inputs); in != "" {
		return usage("--output %s would write over the input %s", f.path, in)
	}
	return tried(notWritten(f.path, tryFile(f.path)))
}

// write writes a register to the file, or to standard output where none is given.
func (f *registerFile) write(c *cobra.Command, text []byte) error {
	if f.path == "" {
		return say(c, string(text))
	}
	err := writeFile(c.Context(), f.path, func(w io.Writer) error { _, err := w.Write(text); return err })
	if err != nil && !errors.Is(err, context.Canceled) {
		return &outputError{fmt.Errorf("write %s: %w", f.path, err)}
	}
	return err
}

func newRegisterInit() *cobra.Command {
	var to registerFile
	c := &cobra.Command{
		Use:   "init",
		Short: "Print a register to begin with, with comments",
		Example: `  phonehome register init > register.yaml
  phonehome register init -o register.yaml`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := to.check(nil); err != nil {
				return err
			}
			if info, err := os.Stat(to.path); to.path != "" && err == nil && info.Mode().IsRegular() {
				return usage("--output %s: is there already: init begins a register, and does not replace one", to.path)
			}
			return to.write(c, []byte(disclosure.Skeleton))
		},
	}
	to.add(c)
	return c
}

func newRegisterLint(a *app) *cobra.Command {
	var asOf, seen, catalogue string
	c := &cobra.Command{
		Use:   "lint FILE...",
		Short: "Say what is doubtful in a register: expired, too wide, owned by nobody, unused",
		Example: `  phonehome register lint register.yaml
  phonehome register lint register.yaml --result result.json`,
		Args: between(1, math.MaxInt),
		RunE: func(c *cobra.Command, args []string) error {
			day := a.now().UTC()
			if asOf != "" {
				var err error
				if day, err = time.Parse(time.DateOnly, asOf); err != nil {
					return err
				}
			}
			return lint(c, args, day, seen, catalogue)
		},
	}
	c.Flags().Var(date{&asOf}, "as-of", "the day on which entries are looked at, today (UTC) where not given")
	c.Flags().StringVar(&seen, "result", "", "a saved `RESULT.json`: entries of which it saw nothing are named")
	c.Flags().StringVar(&catalogue, "catalogue", "", "vendor catalogue `FILE` in place of the embedded one")
	if err := c.Flags().MarkHidden("catalogue"); err != nil {
		panic("phonehome: " + err.Error())
	}
	return c
}

// lint prints what is doubtful in register files on a day, beside a saved result and with a catalogue where they are given.
func lint(c *cobra.Command, files []string, day time.Time, seen, catalogue string) error {
	r, err := disclosure.Load(files)
	if err != nil {
		return err
	}
	unseen, err := unseenIn(seen)
	if err != nil {
		return err
	}
	known, err := catalogueOf(catalogue)
	if err != nil {
		return err
	}
	remarks := r.Lint(day, unseen, known)
	for _, m := range remarks {
		if err := say(c, fmt.Sprintf("%s:%d: %s\n", m.File, m.Line, report.Terminal(m.Text))); err != nil {
			return err
		}
	}
	if len(remarks) > 0 {
		return &exit{code: exitFindings, reasons: []string{judge.Plural(len(remarks), "remark", "remarks")}}
	}
	return nil
}

// catalogueOf is the vendor catalogue of a file, or the embedded one.
func catalogueOf(path string) (*vendors.Catalogue, error) {
	if path == "" {
		return vendors.Default(), nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usage("--catalogue: %w", err)
	}
	c, err := vendors.Load(text)
	if err != nil {
		return nil, usage("--catalogue %s: %w", path, err)
	}
	return c, nil
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

func newRegisterLearn(a *app) *cobra.Command {
	var to registerFile
	c := &cobra.Command{
		Use:   "learn RESULT.json",
		Short: "Print proposed entries for what a result has and the register does not",
		Example: `  phonehome register learn result.json > proposed.yaml
  phonehome register learn result.json -o proposed.yaml`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := to.check(args); err != nil {
				return err
			}
			r, err := readResult(args[0])
			if err != nil {
				return err
			}
			list, nameless := report.Proposals(r, nil)
			if nameless > 0 {
				a.talk.note("%s that no register can hold: not proposed", judge.Plural(nameless, "destination has a name", "destinations have names"))
			}
			return a.propose(c, &to, list)
		},
	}
	to.add(c)
	return c
}

// propose writes proposals, and says what has no room.
func (a *app) propose(c *cobra.Command, to *registerFile, list []disclosure.Proposal) error {
	text, left := disclosure.WriteProposals(list)
	if left > 0 {
		a.talk.note("not proposed, as a register holds no more: %s", judge.Plural(left, "destination", "destinations"))
	}
	return to.write(c, text)
}

func newRegisterImport(a *app) *cobra.Command {
	var to registerFile
	var format string
	c := &cobra.Command{
		Use:   "import FILE...",
		Short: "Print proposed entries from a list of allowed destinations that you have",
		Long: `import reads CSV with a header, harden-runner's allowed-endpoints, Squid's dstdomain and Cilium's toFQDNs. Each line that is not
understood is named on stderr, and left out.`,
		Example: `  phonehome register import .github/workflows/build.yml -o proposed.yaml
  phonehome register import --format squid allowed.txt`,
		Args: between(1, math.MaxInt),
		RunE: func(c *cobra.Command, args []string) error {
			if err := to.check(args); err != nil {
				return err
			}
			var all []disclosure.Proposal
			for _, path := range args {
				list, err := disclosure.ImportFile(path, format)
				if err != nil {
					return err
				}
				a.tellUnread(path, list)
				all = append(all, list.Proposals...)
			}
			return a.propose(c, &to, all)
		},
	}
	c.Flags().Var(newChoice(&format, disclosure.AutoFormat, disclosure.ImportFormats()...), "format", "what the files are; auto tells it by what is in them")
	to.add(c)
	return c
}

// maxUnread is how many lines that are not understood are told of a file: more are of a file that is none.
const maxUnread = 100

// tellUnread names the lines that were not understood, and counts them.
func (a *app) tellUnread(path string, list *disclosure.Imported) {
	for i, u := range list.Unread {
		if i == maxUnread {
			a.talk.note("%s: and %s more", path, judge.Plural(len(list.Unread)-i, "line", "lines"))
			break
		}
		a.talk.note("%s:%d: %s", path, u.Line, u.Why)
	}
	if n := len(list.Unread); n > 0 {
		a.talk.note("%s: read as %s, %s not understood and left out", path, list.Format, judge.Plural(n, "line", "lines"))
	}
}

func newRegisterMatch(a *app) *cobra.Command {
	var files []string
	var client, port, day string
	c := &cobra.Command{
		Use:     "match NAME|IP",
		Short:   "Say how the register judges a destination, step by step",
		Example: `  phonehome register match ts01-b.cloudsink.net -r register.yaml --client 10.20.0.10 --at 2018-11-05`,
		Args:    exactly(1),
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
		geo, err := vendors.OpenGeo(vendors.GeoOptions{Embedded: true})
		if err != nil {
			return nil, err
		}
		defer geo.Close()
		place := geo.Lookup(ip.Unmap())
		t.Parts = []disclosure.Part{{Server: ip.Unmap(), Country: place.Country, ASN: place.ASN, Hour: int32(at.Unix() / int64(time.Hour/time.Second))}}
		return t, nil
	}
	t.Names, t.Vendors = []string{strings.ToLower(strings.TrimSuffix(what, "."))}, []string{""}
	return t, nil
}
