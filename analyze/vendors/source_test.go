package vendors

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/language"
)

// What the catalogue must at least hold.
const (
	minVendors = 250
	minDomains = 600
)

func own(t *testing.T) *Catalogue {
	t.Helper()
	c, err := LoadFS(os.DirFS("data/catalogue"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCompiledIsOfTheYAML(t *testing.T) {
	c := own(t)
	if !bytes.Equal(c.Compiled(), []byte(catalogueText)) {
		t.Fatal("data/catalogue.txt is not what the YAML in data/catalogue compiles to: run make generate")
	}
	d := Default()
	if d.Version() != c.Version() || len(d.Hosters()) != len(c.Hosters()) {
		t.Errorf("version %q and %d hosters, the YAML has %q and %d", d.Version(), len(d.Hosters()), c.Version(), len(c.Hosters()))
	}
	if diff := cmp.Diff(c.Vendors()[0].Products, d.Vendors()[0].Products); diff != "" {
		t.Errorf("the first vendor's products (-YAML +built in):\n%s", diff)
	}
}

func TestCatalogueIsLargeEnough(t *testing.T) {
	vendors, domains, unverified := 0, 0, 0
	for _, v := range own(t).Vendors() {
		vendors++
		for _, p := range v.Products {
			domains += len(p.Domains)
			if p.Basis == BasisUnverified {
				unverified += len(p.Domains)
			}
		}
	}
	t.Logf("%d domains of %d vendors, %d of them unverified", domains, vendors, unverified)
	if vendors < minVendors || domains < minDomains {
		t.Errorf("%d vendors and %d domains, want %d and %d", vendors, domains, minVendors, minDomains)
	}
}

// TestCountriesExist: the lint of Load sees the shape of a code only.
func TestCountriesExist(t *testing.T) {
	for _, v := range own(t).Vendors() {
		if v.Country == "" {
			continue
		}
		if r, err := language.ParseRegion(v.Country); err != nil || !r.IsCountry() || r.Canonicalize() != r {
			t.Errorf("%s: %q is no country of ISO 3166-1", v.Name, v.Country)
		}
	}
}

// TestHosterPatternsAreDistinct: a pattern of two hosters would name one of them by chance.
func TestHosterPatternsAreDistinct(t *testing.T) {
	met := map[string]string{}
	for _, h := range own(t).Hosters() {
		for _, p := range h.Patterns {
			if other, ok := met[p]; ok {
				t.Errorf("%s is of %s and of %s", p, h.Name, other)
			}
			met[p] = h.Name
		}
	}
}

// TestEveryDomainIsFound: each entry names its vendor for itself and for a name below it, unless a longer one does.
func TestEveryDomainIsFound(t *testing.T) {
	c := own(t)
	for _, v := range c.Vendors() {
		for _, p := range v.Products {
			for _, d := range p.Domains {
				if m := c.Match(d); m.Vendor != v.Name || m.Product != p.Name {
					t.Errorf("%s: %q, %q by %s, want %q, %q", d, m.Vendor, m.Product, m.Basis, v.Name, p.Name)
				}
				if m := c.Match("host." + d); m.Vendor != v.Name && m.Hoster == "" && m.Basis != BasisRegistrable {
					t.Errorf("host.%s: %q by %s, want %q", d, m.Vendor, m.Basis, v.Name)
				}
			}
		}
	}
}

func TestFixtureCatalogueHasEveryPurpose(t *testing.T) {
	met := map[Purpose]bool{}
	for _, v := range fixture(t).Vendors() {
		for _, p := range v.Products {
			met[p.Purpose] = true
		}
	}
	for _, p := range Purposes() {
		if !met[p] && p != SecurityCloud {
			t.Errorf("no product is for %s", p)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	vendor := func(lines ...string) string { return "version: \"1\"\nvendors:\n" + strings.Join(lines, "\n") + "\n" }
	product := func(domains string) string {
		return vendor("  - {vendor: A, products: [{product: p, purpose: update, evidence: name, domains: [" + domains + "]}]}")
	}
	second := "  - {vendor: B, products: [{product: p, purpose: update, evidence: name, domains: [b.a.example]}]}"
	first := "  - {vendor: A, products: [{product: p, purpose: update, evidence: name, domains: [a.example]}]}"
	for _, c := range []struct{ name, text, want string }{
		{"no version", "vendors: []\n", "no version"},
		{"unknown key", "version: \"1\"\nvendor: []\n", `unknown field "vendor"`},
		{"not YAML", "version: [\n", "catalogue: "},
		{"public suffix", product("co.uk"), `"co.uk" is a public suffix`},
		{"top-level domain", product("com"), `"com" is a public suffix`},
		{"private suffix", product("github.io"), `"github.io" is a public suffix`},
		{"upper case", product("A.example"), `"A.example" is not written`},
		{"wildcard", product(`"*.a.example"`), "is not written"},
		{"last dot", product("a.example."), "is not written"},
		{"address", product("192.0.2.1"), "is not written"},
		{"twice", product("a.example, a.example"), `also of vendor "A"`},
		{"no domains", product(""), "without domains"},
		{"purpose", strings.Replace(product("a.example"), "update", "spying", 1), `purpose "spying" is unknown`},
		{"evidence", strings.Replace(product("a.example"), "evidence: name", "evidence: hearsay", 1), `evidence "hearsay" is unknown`},
		{"document", strings.Replace(product("a.example"), "evidence: name", "evidence: document", 1), "no reference says which"},
		{"country", vendor("  - {vendor: A, country: us, products: [{product: p, purpose: update, evidence: name, domains: [a.example]}]}"), `country "us"`},
		{"network", vendor("  - {vendor: A, networks: [192.0.2.1/24], products: [{product: p, purpose: update, evidence: name, domains: [a.example]}]}"), `network "192.0.2.1/24"`},
		{"no products", vendor("  - {vendor: A}"), "no products"},
		{"vendor twice", vendor(first, strings.Replace(first, "a.example", "c.example", 1)), `"A": given twice`},
		{"overlap", vendor(first, second), `"b.a.example" is in "a.example" of vendor "A"`},
		{"within nobody", vendor(strings.Replace(first, "purpose", "within: Z, purpose", 1)), "which is no vendor"},
		{"pattern", "version: \"1\"\nhosters: [{hoster: H, patterns: [\"{tenant}.*.com\"]}]\n", "want labels"},
		{"tenant inside", "version: \"1\"\nhosters: [{hoster: H, patterns: [\"a.{tenant}.b.example\"]}]\n", "want labels"},
		{"no patterns", "version: \"1\"\nhosters: [{hoster: H}]\n", "no patterns"},
	} {
		_, err := Load([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	within := strings.Replace(second, "purpose", "within: A, purpose", 1)
	if _, err := Load([]byte(vendor(first, within))); err != nil {
		t.Errorf("a product that says within: %v", err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	const head = compiledMagic + "\t1\n"
	for _, text := range []string{"", "phonehome", "phonehome-catalogue/2\t1\n", head + "P\tp\n", head + "D\ta.example\n", head + "V\tA\nD\ta.example\n", head + "T\tx\n",
		head + "Z\n", head + "\n"} {
		if _, err := decode(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestCompileAndDecode(t *testing.T) {
	in := []Vendor{{Name: "A\tB", Country: "US", Reference: "https://a.example", Networks: []string{"AS64496", "192.0.2.0/24"},
		Products: []Product{{"p", Update, BasisCatalogue, EvidenceDocument, "https://p.example", []string{"a.example", "b.example"}}}}}
	d, err := decode(string(Compile("7", in)))
	if err != nil {
		t.Fatal(err)
	}
	in[0].Name = "A B" // a tab would end the field
	if diff := cmp.Diff(in, d.vendors); diff != "" || d.version != "7" {
		t.Errorf("version %q (-in +out):\n%s", d.version, diff)
	}
}

func TestTrackersDecode(t *testing.T) {
	d := mustDecode(trackersText)
	if d.version != trackersVersion || len(d.vendors) < 500 {
		t.Errorf("version %q, %d vendors", d.version, len(d.vendors))
	}
	for _, v := range d.vendors {
		for _, p := range v.Products {
			if p.Basis != BasisThirdParty || !slices.Contains([]Purpose{Analytics, Other}, p.Purpose) {
				t.Errorf("%s: %s: basis %q, purpose %q", v.Name, p.Name, p.Basis, p.Purpose)
			}
		}
	}
}

func TestSHA256(t *testing.T) {
	a, b := Default().SHA256(), fixture(t).SHA256()
	if len(a) != 64 || len(b) != 64 || a == b || a != Default().SHA256() {
		t.Errorf("%q, %q", a, b)
	}
}
