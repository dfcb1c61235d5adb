package vendors

import (
	"fmt"
	"slices"
	"strings"
)

// compiledMagic heads a compiled catalogue: lines of fields separated by tabs, the first a letter. It is read at every start, so it is made to be cut,
// not parsed; and it is text, so that its changes can be read.
//
//	phonehome-catalogue/1  VERSION
//	V  vendor  country  reference  networks (separated by spaces)
//	P  product  purpose  basis  evidence  reference    of the vendor above
//	D  domain                                    of the product above
//	H  hoster
//	T  pattern                                   of the hoster above
const compiledMagic = "phonehome-catalogue/1"

// decoded is what a compiled catalogue holds.
type decoded struct {
	version string
	vendors []Vendor
	hosters []Hoster
}

// Compiled returns the catalogue's own vendors and hosters in the form that Default reads.
func (c *Catalogue) Compiled() []byte {
	return slices.Concat(Compile(c.version, c.vendors), compileHosters(c.hosters))
}

// Compile writes vendors in the form that Default reads.
func Compile(version string, vendors []Vendor) []byte {
	b := line(nil, compiledMagic, version)
	for _, v := range vendors {
		b = line(b, "V", v.Name, v.Country, v.Reference, strings.Join(v.Networks, " "))
		for _, p := range v.Products {
			b = line(b, "P", p.Name, string(p.Purpose), p.Basis, string(p.Evidence), p.Reference)
			for _, d := range p.Domains {
				b = line(b, "D", d)
			}
		}
	}
	return b
}

func compileHosters(hosters []Hoster) (b []byte) {
	for _, h := range hosters {
		b = line(b, "H", h.Name)
		for _, p := range h.Patterns {
			b = line(b, "T", p)
		}
	}
	return b
}

// line appends one line. Tabs and line ends in a field would be its end: they become spaces.
func line(b []byte, fields ...string) []byte {
	for i, f := range fields {
		if i > 0 {
			b = append(b, '\t')
		}
		b = append(b, strings.Join(strings.Fields(f), " ")...)
	}
	return append(b, '\n')
}

// mustDecode reads a compiled catalogue that is built in. A test reads each, so that this cannot fail in the program.
func mustDecode(text string) decoded {
	d, err := decode(text)
	if err != nil {
		panic(err)
	}
	return d
}

// decode reads a compiled catalogue. What it returns are views of the text.
func decode(text string) (d decoded, err error) {
	head, text, _ := strings.Cut(text, "\n")
	version, ok := strings.CutPrefix(head, compiledMagic+"\t")
	if !ok {
		return d, fmt.Errorf("compiled catalogue: begins with %.30q, want %q", head, compiledMagic)
	}
	d.version = version
	for n := 2; text != ""; n++ {
		var row string
		row, text, _ = strings.Cut(text, "\n")
		if !d.add(row) {
			return d, fmt.Errorf("compiled catalogue: line %d: %.60q is out of place", n, row)
		}
	}
	return d, nil
}

// add takes one line.
func (d *decoded) add(row string) bool {
	letter, rest, _ := strings.Cut(row, "\t")
	switch letter {
	case "V":
		f := fields(rest)
		d.vendors = append(d.vendors, Vendor{Name: f[0], Country: f[1], Reference: f[2], Networks: strings.Fields(f[3])})
		return true
	case "P":
		if len(d.vendors) == 0 {
			return false
		}
		v, f := &d.vendors[len(d.vendors)-1], fields(rest)
		v.Products = append(v.Products, Product{Name: f[0], Purpose: Purpose(f[1]), Basis: f[2], Evidence: Evidence(f[3]), Reference: f[4]})
		return true
	case "D":
		return d.addDomain(rest)
	case "H":
		d.hosters = append(d.hosters, Hoster{Name: rest})
		return true
	case "T":
		return d.addPattern(rest)
	}
	return false
}

func (d *decoded) addDomain(domain string) bool {
	if len(d.vendors) == 0 {
		return false
	}
	v := &d.vendors[len(d.vendors)-1]
	if len(v.Products) == 0 {
		return false
	}
	p := &v.Products[len(v.Products)-1]
	p.Domains = append(p.Domains, domain)
	return true
}

func (d *decoded) addPattern(text string) bool {
	if len(d.hosters) == 0 {
		return false
	}
	h := &d.hosters[len(d.hosters)-1]
	h.Patterns = append(h.Patterns, text)
	return true
}

// fields cuts a line into the fields of P, of which V has fewer; those that it lacks are empty.
func fields(row string) (f [5]string) {
	for i := range f {
		f[i], row, _ = strings.Cut(row, "\t")
	}
	return f
}
