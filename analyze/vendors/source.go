package vendors

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// file is one YAML file of a catalogue.
type file struct {
	Version string       `yaml:"version"`
	Vendors []fileVendor `yaml:"vendors"`
	Hosters []fileHoster `yaml:"hosters"`
}

type fileVendor struct {
	Vendor    string        `yaml:"vendor"`
	Country   string        `yaml:"country"`
	Reference string        `yaml:"reference"`
	Networks  []string      `yaml:"networks"`
	Products  []fileProduct `yaml:"products"`
}

type fileProduct struct {
	Product   string   `yaml:"product"`
	Purpose   Purpose  `yaml:"purpose"`
	Evidence  Evidence `yaml:"evidence"`
	Within    string   `yaml:"within"` // another vendor, in whose domain this product's lie
	Suffix    bool     `yaml:"suffix"` // a private public suffix, though all below it is the vendor's own
	Reference string   `yaml:"reference"`
	Domains   []string `yaml:"domains"`
}

type fileHoster struct {
	Hoster   string   `yaml:"hoster"`
	Patterns []string `yaml:"patterns"`
}

// Load reads a catalogue of one YAML file. It has no trackers. The error names the line, or all that the lint found.
func Load(text []byte) (*Catalogue, error) {
	f, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	return load(f, string(text))
}

// LoadFS reads a catalogue of all *.yaml files of a folder. They may not share vendors or domains, and one of them has the version.
func LoadFS(folder fs.FS) (*Catalogue, error) {
	names, err := fs.Glob(folder, "*.yaml")
	if err != nil {
		return nil, err
	}
	var all file
	var texts strings.Builder
	for _, name := range names {
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, err
		}
		f, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("catalogue: %s: %w", name, err)
		}
		texts.Write(text)
		all.Version += f.Version
		all.Vendors = append(all.Vendors, f.Vendors...)
		all.Hosters = append(all.Hosters, f.Hosters...)
	}
	return load(all, texts.String())
}

func parse(text []byte) (f file, err error) {
	err = yaml.UnmarshalWithOptions(text, &f, yaml.Strict())
	return f, err
}

func load(f file, text string) (*Catalogue, error) {
	if problems := lint(f); len(problems) > 0 {
		return nil, fmt.Errorf("catalogue: %w", errors.Join(problems...))
	}
	c := &Catalogue{version: f.Version, text: text}
	for _, v := range f.Vendors {
		c.vendors = append(c.vendors, v.vendor())
	}
	slices.SortFunc(c.vendors, func(a, b Vendor) int { return strings.Compare(a.Name, b.Name) })
	for _, h := range f.Hosters {
		c.hosters = append(c.hosters, Hoster{h.Hoster, h.Patterns})
	}
	c.build()
	return c, nil
}

func (v fileVendor) vendor() Vendor {
	out := Vendor{Name: v.Vendor, Country: v.Country, Reference: v.Reference, Networks: v.Networks}
	for _, p := range v.Products {
		basis := BasisCatalogue
		if p.Evidence == EvidenceNone {
			basis = BasisUnverified
		}
		out.Products = append(out.Products, Product{p.Product, p.Purpose, basis, p.Evidence, p.Reference, p.Domains})
	}
	return out
}
