package vendors

import "fmt"

// Match is what is known of one name. Empty fields are unknown.
type Match struct {
	Name              string // lower case, IDNA in ASCII, without the last dot; as given where it names no host
	Vendor            string // the company, or for the basis registrable-domain the domain itself
	Product           string
	Purpose           string // see Purpose
	Basis             string // what Vendor rests on: one of the Basis constants
	Hoster            string // whose cloud or CDN the name lies in; never the vendor for that reason
	Tenant            string // the part of the name that the hoster's tenant chose
	RegistrableDomain string // by the public suffix list, its private part included
	Country           string // of the vendor's head office, ISO 3166-1 alpha-2
	Reference         string // where the catalogue has it from
}

// Step is one step of the way to a Match.
type Step struct {
	Check  string `json:"check"`
	Result string `json:"result"`
}

// sighting is all that was found on the way to a match.
type sighting struct {
	name, problem string
	registration
	own, tracker *row // the longest that the name is in
	hoster       *pattern
	tenant       string
	length       int // of the part of the name that the hoster's pattern fitted
}

// Match says whose a name is. The longest entry of the catalogue that the name is in wins; in a hoster's cloud it must be longer than the hoster's own
// part, and below a private public suffix it must not be above that.
func (c *Catalogue) Match(name string) Match {
	s := c.look(name)
	return s.match()
}

// Explain is Match, with the steps that led to it.
func (c *Catalogue) Explain(name string) (Match, []Step) {
	s := c.look(name)
	return s.match(), s.steps()
}

func (c *Catalogue) look(name string) sighting {
	s := sighting{name: name}
	ascii, problem := normalise(name)
	if problem != "" {
		s.problem = problem
		return s
	}
	s.name = ascii
	s.registration = register(ascii)
	for rest := ascii; rest != ""; rest = parent(rest) {
		n, ok := c.index[rest]
		if !ok {
			continue
		}
		s.own, s.tracker = longest(s.own, n.own), longest(s.tracker, n.tracker)
		s.host(n.patterns)
	}
	return s
}

// longest keeps the first row that was met: the walk goes from long to short.
func longest(had, met *row) *row {
	if had != nil {
		return had
	}
	return met
}

// host takes the first pattern that fits, unless a longer one was met.
func (s *sighting) host(patterns []pattern) {
	for i := range patterns {
		p := &patterns[i]
		tenant, length, ok := p.match(s.name)
		if ok && (s.hoster == nil || p.rank > s.hoster.rank) {
			s.hoster, s.tenant, s.length = p, tenant, length
			return
		}
	}
}

// speaks says whether a row may name the vendor of this name.
func (s *sighting) speaks(r *row) bool { return r != nil && s.silence(r) == "" }

// silence says why a row may not name the vendor; "" if it may.
func (s *sighting) silence(r *row) string {
	switch {
	case s.hoster != nil && len(r.domain) <= s.length:
		return "the name is a tenant's of " + s.hoster.hoster
	case s.private && len(r.domain) < len(s.suffix):
		return "names below " + s.suffix + " are registered by others"
	}
	return ""
}

func (s *sighting) match() Match {
	m := Match{Name: s.name, Basis: BasisNone, RegistrableDomain: s.domain, Tenant: s.tenant}
	if s.hoster != nil {
		m.Hoster = s.hoster.hoster
	}
	switch {
	case s.problem != "":
	case s.speaks(s.own):
		m.set(s.own)
	case s.speaks(s.tracker):
		m.set(s.tracker)
	case s.hoster == nil && s.domain != "" && s.domain != s.suffix:
		m.Vendor, m.Basis = s.domain, BasisRegistrable
	}
	return m
}

func (m *Match) set(r *row) {
	m.Vendor, m.Country, m.Reference = r.vendor.Name, r.vendor.Country, r.vendor.Reference
	m.Product, m.Purpose, m.Basis = r.product.Name, string(r.product.Purpose), r.product.Basis
	if r.product.Reference != "" {
		m.Reference = r.product.Reference
	}
}

func (s *sighting) steps() []Step {
	if s.problem != "" {
		return []Step{{"name", "names no host: " + s.problem}}
	}
	out := []Step{{"name", s.name}, {"public suffix list", s.suffixStep()}, {"hosters", s.hosterStep()}, {"catalogue", s.rowStep(s.own)}}
	if !s.speaks(s.own) {
		out = append(out, Step{"third-party-web", s.rowStep(s.tracker)})
	}
	if !s.speaks(s.own) && !s.speaks(s.tracker) {
		out = append(out, Step{"registrable domain", s.domainStep()})
	}
	return out
}

func (s *sighting) suffixStep() string {
	switch {
	case !s.public:
		return s.suffix + " is not a domain of the public DNS"
	case s.private:
		return "suffix " + s.suffix + ", private; registrable domain " + quoteNone(s.domain)
	}
	return "suffix " + s.suffix + "; registrable domain " + quoteNone(s.domain)
}

func (s *sighting) hosterStep() string {
	if s.hoster == nil {
		return "no pattern fits"
	}
	return fmt.Sprintf("%s fits: hoster %s, tenant %s", s.hoster.text, s.hoster.hoster, quoteNone(s.tenant))
}

func (s *sighting) rowStep(r *row) string {
	if r == nil {
		return "no entry holds the name"
	}
	text := fmt.Sprintf("%s is of %s, %s", r.domain, r.vendor.Name, r.product.Name)
	if why := s.silence(r); why != "" {
		return text + "; not used: " + why
	}
	return fmt.Sprintf("%s; basis %s, evidence: %s", text, r.product.Basis, r.product.Evidence)
}

func (s *sighting) domainStep() string {
	switch {
	case s.hoster != nil:
		return "not used: the vendor is the tenant, who is not known by more than its name there"
	case s.domain == "" || s.domain == s.suffix:
		return "there is none: the name is a public suffix, or not public"
	}
	return s.domain + " stands for the vendor, who is not known"
}

func quoteNone(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
