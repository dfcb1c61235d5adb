// Command gen makes the data that package vendors embeds. Run in the folder of that package, `gen catalogue` compiles the vendor catalogue from
// its YAML, and `gen fetched DIR` re-writes public data sets that fetch.sh laid into DIR;
// `gen fixtures DIR` writes the small databases of tests. The same input gives the same bytes.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"phonehome/analyze/vendors"
)

// out is where the built files go, seen from the folder of package vendors.
const out = "data"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "catalogue":
		return compile()
	case len(args) == 2 && args[0] == "fetched":
		return rewrite(args[1])
	case len(args) == 2 && args[0] == "fixtures":
		return writeFixtures(args[1])
	}
	return fmt.Errorf("usage: gen catalogue, gen fetched DIR, or gen fixtures DIR")
}

// compile turns the YAML of the catalogue into the text that is embedded.
func compile() error {
	c, err := vendors.LoadFS(os.DirFS(filepath.Join(out, "catalogue")))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "catalogue.txt"), c.Compiled(), 0o644)
}

// source is one data set as it was fetched.
type source struct {
	folder  string
	version string
	date    time.Time // of the data, else of their publication
}

// built is one file that is embedded, and how it is made.
type built struct {
	file, from string // from is the data set's folder below DIR
	make       func(source) ([]byte, error)
}

func rewrite(dir string) error {
	var sets []set
	for _, b := range []built{
		{"country.mmdb", "dbip-country-mmdb", country},
		{"asn.mmdb", "asn", asn},
		{"makers.bin", "oui-data", makers},
		{"trackers.txt", "third-party-web", trackers},
	} {
		s, err := open(filepath.Join(dir, b.from))
		if err != nil {
			return err
		}
		data, err := b.make(s)
		if err != nil {
			return fmt.Errorf("%s: %w", b.file, err)
		}
		if err := os.WriteFile(filepath.Join(out, b.file), data, 0o644); err != nil {
			return err
		}
		sets = append(sets, newSet(b.file, s, data))
	}
	return writeSets(sets)
}

// open reads what fetch.sh wrote beside a data set: its version, and its date.
func open(folder string) (source, error) {
	version, err := os.ReadFile(filepath.Join(folder, "VERSION"))
	if err != nil {
		return source{}, err
	}
	s := source{folder: folder}
	var day string
	if _, err := fmt.Sscan(string(version), &s.version, &day); err != nil {
		return source{}, fmt.Errorf("%s: VERSION: %w", folder, err)
	}
	s.date, err = time.Parse(time.DateOnly, day)
	return s, err
}
