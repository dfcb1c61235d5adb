package analyze

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"phonehome/analyze/judge"
)

// DiffSchema names the shape of a Difference; readers accept unknown keys, and /1 only grows.
const DiffSchema = "phonehome.diff/1"

// Difference is what changed from one result to another, by the keys of the gate: what a lock file would say, with how much and where to.
type Difference struct {
	Schema    string    `json:"schema"`
	Remarks   []string  `json:"remarks"` // what a reader must know before comparing the two
	New       []Changed `json:"new"`     // keys that the old result has not
	Gone      []Changed `json:"gone"`    // keys that the new result has not
	Grown     []Changed `json:"grown"`   // keys to which clearly more payload went
	Moved     []Changed `json:"country"` // keys whose servers are in other countries
	Unchanged int       `json:"unchanged"`
}

// Changed is one key in both results.
type Changed struct {
	Key    string `json:"key"`
	Vendor string `json:"vendor"`
	Old    Side   `json:"old"`
	New    Side   `json:"new"`
}

// Side sums the destinations that have a key in one of the results.
type Side struct {
	Destinations int            `json:"destinations"`
	Clients      int            `json:"clients"`
	PayloadOut   uint64         `json:"payload_out"`
	Countries    []string       `json:"countries"` // ISO 3166-1 alpha-2, "unknown" where the database does not say
	Verdicts     map[string]int `json:"verdicts"`

	clients map[netip.Addr]bool
}

// What counts as grown: two runs of the same thing differ by some handshakes.
const (
	grownBy    = 1.5   // times the payload
	grownLeast = 1_000 // bytes more
)

// Diff compares two results.
func Diff(old, new *Result) *Difference {
	d := &Difference{Schema: DiffSchema, Remarks: diffRemarks(old, new), New: []Changed{}, Gone: []Changed{}, Grown: []Changed{}, Moved: []Changed{}}
	byKey := map[string]*Changed{}
	sumSide(byKey, old, func(c *Changed) *Side { return &c.Old })
	sumSide(byKey, new, func(c *Changed) *Side { return &c.New })
	before, after := diffHosts(old), diffHosts(new)
	for _, k := range slices.Sorted(maps.Keys(byKey)) {
		c := byKey[k]
		c.Old.close()
		c.New.close()
		d.place(c, before, after)
	}
	slices.SortStableFunc(d.New, func(a, b Changed) int { return cmp.Compare(b.New.PayloadOut, a.New.PayloadOut) })
	slices.SortStableFunc(d.Gone, func(a, b Changed) int { return cmp.Compare(b.Old.PayloadOut, a.Old.PayloadOut) })
	slices.SortStableFunc(d.Grown, func(a, b Changed) int {
		return cmp.Compare(b.New.PayloadOut-b.Old.PayloadOut, a.New.PayloadOut-a.Old.PayloadOut)
	})
	return d
}

// diffRemarks say what beside the captures differs between two results.
func diffRemarks(old, new *Result) []string {
	out := []string{}
	for _, x := range []struct {
		differs bool
		text    string
	}{
		{old.Settings.Catalogue != new.Settings.Catalogue, "The vendor catalogues differ: vendors may have other names."},
		{!slices.Equal(old.Settings.Geo.Country, new.Settings.Geo.Country), "The country databases differ: an address may be in another country by their opinion alone."},
		{!slices.Equal(old.Settings.Internal, new.Settings.Internal), "The networks that count as inside differ."},
		{len(old.Settings.Only)+len(new.Settings.Only) > 0, "A result holds a part only (--only)."},
		{old.Exit.Code >= unreadCode || new.Exit.Code >= unreadCode, "A capture could not be read in full, or was not judged: what seems gone may only not have been seen."},
	} {
		if x.differs {
			out = append(out, x.text)
		}
	}
	return out
}

// unreadCode is the least exit code of a run that saw less than there was.
const unreadCode = 3

func sumSide(byKey map[string]*Changed, r *Result, side func(c *Changed) *Side) {
	for _, d := range r.Destinations {
		k := d.Key()
		c := byKey[k]
		if c == nil {
			c = &Changed{Key: k, Old: newSide(), New: newSide()}
			byKey[k] = c
		}
		c.Vendor = cmp.Or(d.Vendor, c.Vendor)
		side(c).add(d)
	}
}

func newSide() Side {
	return Side{Countries: []string{}, Verdicts: map[string]int{}, clients: map[netip.Addr]bool{}}
}

func (s *Side) add(d *judge.Destination) {
	s.Destinations++
	s.clients[d.Client] = true
	s.Verdicts[string(d.Disclosure.Verdict)]++
	if !d.CountedElsewhere() {
		s.PayloadOut += d.PayloadOut
	}
	for i := range d.Servers {
		s.Countries = append(s.Countries, cmp.Or(d.Servers[i].Country, "unknown"))
	}
}

func (s *Side) close() {
	s.Clients = len(s.clients)
	slices.Sort(s.Countries)
	s.Countries = slices.Compact(s.Countries)
}

// diffHosts is a baseline of a result: it knows that which of the look-ups a connection follows is chance.
func diffHosts(r *Result) *judge.Baseline {
	b := judge.NewBaseline()
	for _, k := range judge.Keys(r.Destinations, nil) {
		b.Add(k)
	}
	return b
}

// place puts a key into the lists that it belongs to.
func (d *Difference) place(c *Changed, before, after *judge.Baseline) {
	switch {
	case c.Old.Destinations == 0 && before.HasKey(judge.LockRule+" "+c.Key), c.New.Destinations == 0 && after.HasKey(judge.LockRule+" "+c.Key):
		d.Unchanged++
		return
	case c.Old.Destinations == 0:
		d.New = append(d.New, *c)
		return
	case c.New.Destinations == 0:
		d.Gone = append(d.Gone, *c)
		return
	}
	grown := c.New.PayloadOut >= c.Old.PayloadOut+grownLeast && float64(c.New.PayloadOut) >= grownBy*float64(c.Old.PayloadOut)
	moved := len(c.Old.Countries) > 0 && len(c.New.Countries) > 0 && !slices.Equal(c.Old.Countries, c.New.Countries)
	if grown {
		d.Grown = append(d.Grown, *c)
	}
	if moved {
		d.Moved = append(d.Moved, *c)
	}
	if !grown && !moved {
		d.Unchanged++
	}
}
