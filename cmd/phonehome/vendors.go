package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"phonehome/analyze/vendors"
	"phonehome/report"
)

// The formats of the vendors commands.
const (
	vendorsText = "text"
	vendorsJSON = "json"
)

func newVendorsCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "vendors",
		Short: "Show the vendor catalogue: what it holds, and whose a name is",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newVendorsListCmd(), newVendorsShowCmd(), newVendorsMatchCmd())
	return c
}

func newVendorsListCmd() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "list",
		Short: "List the vendors of the catalogue, with the number of their domains",
		Long: `List the vendors of the project's own catalogue, with country and number of domains. The companies of third-party-web, which come
after it, are not listed; 'vendors show' and 'vendors match' know them.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return listVendors(c.OutOrStdout(), format) },
	}
	addVendorsFormat(c, &format)
	return c
}

func newVendorsShowCmd() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:     "show VENDOR",
		Short:   "Show one vendor: products, purposes, domains, and what they rest on",
		Example: "  phonehome vendors show CrowdStrike",
		Args:    exactly(1),
		RunE:    func(c *cobra.Command, args []string) error { return showVendor(c.OutOrStdout(), format, args[0]) },
	}
	addVendorsFormat(c, &format)
	return c
}

func newVendorsMatchCmd() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "match NAME",
		Short: "Say whose a name is, step by step",
		Example: `  phonehome vendors match ts01-b.cloudsink.net
  phonehome vendors match logs.s3.eu-west-1.amazonaws.com -f json`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error { return matchName(c.OutOrStdout(), format, args[0]) },
	}
	addVendorsFormat(c, &format)
	return c
}

func addVendorsFormat(c *cobra.Command, format *string) {
	c.Flags().StringVarP(format, "format", "f", vendorsText, "text or json")
}

// writeVendors writes a value in the format asked for: as JSON, or as its text.
func writeVendors(w io.Writer, format string, value any, text func() string) error {
	var out string
	switch format {
	case vendorsText:
		out = text()
	case vendorsJSON:
		b, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			return err
		}
		out = string(b) + "\n"
	default:
		return fmt.Errorf("unknown format %q: want %s or %s", format, vendorsText, vendorsJSON)
	}
	if _, err := io.WriteString(w, out); err != nil {
		return &outputError{err}
	}
	return nil
}

// vendorLine is one vendor of the list.
type vendorLine struct {
	Vendor  string `json:"vendor"`
	Country string `json:"country"`
	Domains int    `json:"domains"`
}

func listVendors(w io.Writer, format string) error {
	lines := []vendorLine{}
	for _, v := range vendors.Default().Vendors() {
		if n := ownDomains(v); n > 0 {
			lines = append(lines, vendorLine{v.Name, v.Country, n})
		}
	}
	return writeVendors(w, format, lines, func() string {
		var b strings.Builder
		for _, l := range lines {
			fmt.Fprintf(&b, "%-40s %2s %4d\n", l.Vendor, l.Country, l.Domains)
		}
		return b.String()
	})
}

// ownDomains counts the domains of the project's own catalogue.
func ownDomains(v vendors.Vendor) (n int) {
	for _, p := range v.Products {
		if p.Basis != vendors.BasisThirdParty {
			n += len(p.Domains)
		}
	}
	return n
}

// showVendor shows all entries of the name: one company may be in the catalogue and in third-party-web.
func showVendor(w io.Writer, format, name string) error {
	found := []vendors.Vendor{}
	for _, v := range vendors.Default().Vendors() {
		if strings.EqualFold(v.Name, name) {
			found = append(found, v)
		}
	}
	if len(found) == 0 {
		return fmt.Errorf("no vendor %s in the catalogue%s", report.Quote(name), similar(name))
	}
	return writeVendors(w, format, found, func() string { return vendorText(found) })
}

// maxSimilar is how many vendors an error proposes.
const maxSimilar = 5

// similar proposes vendors whose name holds the one asked for.
func similar(name string) string {
	var near []string
	for _, v := range vendors.Default().Vendors() {
		if strings.Contains(strings.ToLower(v.Name), strings.ToLower(name)) && !slices.Contains(near, v.Name) {
			near = append(near, v.Name)
		}
	}
	if len(near) == 0 {
		return "; see vendors list"
	}
	return "; did you mean " + strings.Join(near[:min(len(near), maxSimilar)], ", ") + "?"
}

func vendorText(found []vendors.Vendor) string {
	var b strings.Builder
	for _, v := range found {
		fmt.Fprintf(&b, "%s\n", v.Name)
		field(&b, "  ", "country", v.Country)
		field(&b, "  ", "networks", strings.Join(v.Networks, ", "))
		field(&b, "  ", "reference", v.Reference)
		for _, p := range v.Products {
			fmt.Fprintf(&b, "  %s (%s)\n", p.Name, p.Purpose)
			field(&b, "    ", "basis", p.Basis)
			field(&b, "    ", "evidence", string(p.Evidence))
			field(&b, "    ", "domains", strings.Join(p.Domains, ", "))
			field(&b, "    ", "reference", p.Reference)
		}
	}
	return b.String()
}

// field writes one field, if there is something to say.
func field(b *strings.Builder, indent, name, value string) {
	if value != "" {
		fmt.Fprintf(b, "%s%-20s %s\n", indent, name, value)
	}
}

// matchLine is the JSON form of a match: the contract of `vendors match -f json`. No vendor is null.
type matchLine struct {
	Name              string         `json:"name"`
	Vendor            *string        `json:"vendor"`
	Product           string         `json:"product"`
	Purpose           string         `json:"purpose"`
	Basis             string         `json:"basis"`
	Hoster            string         `json:"hoster"`
	Tenant            string         `json:"tenant"`
	RegistrableDomain string         `json:"registrable_domain"`
	Country           string         `json:"country"`
	Reference         string         `json:"reference"`
	Steps             []vendors.Step `json:"steps"`
}

func matchName(w io.Writer, format, name string) error {
	m, steps := vendors.Default().Explain(name)
	line := matchLine{m.Name, nil, m.Product, m.Purpose, m.Basis, m.Hoster, m.Tenant, m.RegistrableDomain, m.Country, m.Reference, steps}
	if m.Vendor != "" {
		line.Vendor = &m.Vendor
	}
	return writeVendors(w, format, line, func() string { return matchText(m, steps) })
}

// matchText shows a match. The name is what was typed or pasted, perhaps from a capture: it is escaped.
func matchText(m vendors.Match, steps []vendors.Step) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", report.Terminal(m.Name))
	vendor := m.Vendor
	if vendor == "" {
		vendor = "unknown"
	}
	for _, f := range [][2]string{{"vendor", vendor}, {"product", m.Product}, {"purpose", m.Purpose}, {"basis", m.Basis}, {"hoster", m.Hoster}, {"tenant", m.Tenant},
		{"registrable domain", m.RegistrableDomain}, {"country", m.Country}, {"reference", m.Reference}} {
		field(&b, "  ", f[0], f[1])
	}
	b.WriteString("because\n")
	for _, s := range steps {
		field(&b, "  ", s.Check, report.Terminal(s.Result))
	}
	return b.String()
}
