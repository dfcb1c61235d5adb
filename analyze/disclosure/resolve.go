package disclosure

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// finish resolves what is between entries and assets of all files.
func (r *Register) finish() error {
	for i := range r.Entries {
		if err := r.resolve(&r.Entries[i]); err != nil {
			return err
		}
	}
	if err := r.identify(); err != nil {
		return err
	}
	r.build()
	return r.twins()
}

// resolve finds the assets that an entry names. It shares their networks: thousands of entries may name one asset of a thousand.
func (r *Register) resolve(e *Entry) error {
	met := map[int]bool{}
	for _, h := range e.named {
		i, ok := r.assets[h.text]
		if !ok {
			return fmt.Errorf("%s: hosts of %s: %q is no address, no network and no asset", h.at, e.Vendor, h.text)
		}
		if !met[i] {
			met[i] = true
			e.networks = append(e.networks, r.Assets[i].Hosts)
		}
	}
	return nil
}

// identify makes the ids that are not given. Those that are come first, so that one that is made never takes one that is given, wherever that stands.
func (r *Register) identify() error {
	taken := map[string]int{}
	for i := range r.Entries {
		e := &r.Entries[i]
		if e.ID == "" {
			continue
		}
		if o, twice := taken[e.ID]; twice {
			return fmt.Errorf("%s: id %q is that of %s too: give one of them another", e.place, e.ID, r.Entries[o].place)
		}
		taken[e.ID] = i
	}
	next := map[string]int{}
	for i := range r.Entries {
		if e := &r.Entries[i]; e.ID == "" {
			e.ID = freeID(madeID(e), taken, next)
			taken[e.ID] = i
		}
	}
	return nil
}

// freeID is an id that is not taken: with a number behind it where it is. next remembers which numbers were tried.
func freeID(base string, taken, next map[string]int) string {
	id := base
	for {
		if _, is := taken[id]; !is {
			return id
		}
		next[base] = max(next[base], 1) + 1
		id = base + "-" + strconv.Itoa(next[base])
	}
}

// madeID is an id of vendor and product: small letters and digits of ASCII, with hyphens between.
func madeID(e *Entry) string {
	words := strings.FieldsFunc(strings.ToLower(e.Vendor+" "+e.Product), func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') })
	if len(words) == 0 {
		return "entry" // of a vendor in another script
	}
	return strings.Join(words, "-")
}

// scope is the hosts of an entry and the ports of one of its patterns, as numbers: equal where they are the same in any order.
type scope struct{ hosts, ports int }

// scopes numbers sets of hosts and of ports, by their hash: a set may have thousands of hosts.
type scopes map[[sha256.Size]byte]int

func (s scopes) number(set string) int {
	sum := sha256.Sum256([]byte(set))
	n, known := s[sum]
	if !known {
		n = len(s)
		s[sum] = n
	}
	return n
}

// twin is a pattern of an approved entry, to be held against others of the same destination.
type twin struct {
	ref
	scope
}

// twins refuses two approved entries with the same destination, dates, hosts and ports: which of them would hold is anyone's guess. The first such one of the register is told. Entries whose
// dates differ are none, though they share days: see succeeds.
func (r *Register) twins() error {
	all := r.approved()
	slices.SortFunc(all, r.compareTwins)
	var first, second *twin
	for i := 1; i < len(all); i++ {
		if x, y := &all[i-1], &all[i]; r.compareDated(x, y) == 0 && (second == nil || y.before(*second)) {
			first, second = x, y
		}
	}
	if second == nil {
		return nil
	}
	return r.twinError(*first, *second)
}

func (r *Register) twinError(x, y twin) error {
	e, o := &r.Entries[y.entry], &r.Entries[x.entry]
	what := e.Destinations[y.pattern].text()
	if e == o {
		return fmt.Errorf("%s: entry %s lists %s twice", e.place, e.ID, what)
	}
	return fmt.Errorf("%s: entry %s has the same destination, dates and hosts as %s (%s): %s", e.place, e.ID, o.ID, o.place, what)
}

// approved are the patterns of approved entries.
func (r *Register) approved() (out []twin) {
	numbers := scopes{}
	for i := range r.Entries {
		e := &r.Entries[i]
		if e.Status != Approved {
			continue
		}
		hosts := numbers.number(e.hostSet())
		for k := range e.Destinations {
			out = append(out, twin{ref{i, k}, scope{hosts, numbers.number(e.Destinations[k].portSet())}})
		}
	}
	return out
}

// hostSet writes the hosts of an entry in one order, each once.
func (e *Entry) hostSet() string {
	all := slices.Concat(e.networks...)
	slices.SortFunc(all, netip.Prefix.Compare)
	var b strings.Builder
	for _, p := range slices.Compact(all) {
		b.WriteString(p.String() + " ")
	}
	return b.String()
}

// portSet writes the ports of a pattern in one order, each once.
func (p *Pattern) portSet() string {
	all := slices.Clone(p.Ports)
	slices.SortFunc(all, func(x, y Service) int {
		return cmp.Or(cmp.Compare(x.Port, y.Port), strings.Compare(x.Transport, y.Transport))
	})
	return fmt.Sprint("ports ", slices.Compact(all))
}

// compareTwins brings together what has the same destination, scope and dates, in the order of the register.
func (r *Register) compareTwins(x, y twin) int {
	return cmp.Or(r.compareDated(&x, &y), cmp.Compare(x.entry, y.entry), cmp.Compare(x.pattern, y.pattern))
}

func (r *Register) compareDated(x, y *twin) int {
	return cmp.Or(r.compareScope(x, y), r.Entries[x.entry].compareDates(&r.Entries[y.entry]))
}

func (r *Register) compareScope(x, y *twin) int {
	p, q := r.pattern(x.ref), r.pattern(y.ref)
	return cmp.Or(strings.Compare(p.Domain, q.Domain), p.CIDR.Compare(q.CIDR), cmp.Compare(p.ASN, q.ASN), cmp.Compare(x.hosts, y.hosts), cmp.Compare(x.ports, y.ports))
}

func (r *Register) pattern(at ref) *Pattern { return &r.Entries[at.entry].Destinations[at.pattern] }

func (t twin) before(o twin) bool {
	return t.entry < o.entry || t.entry == o.entry && t.pattern < o.pattern
}

func (e *Entry) overlaps(o *Entry) bool {
	return (e.End.IsZero() || o.Start.IsZero() || !o.Start.After(e.End)) && (o.End.IsZero() || e.Start.IsZero() || !e.Start.After(o.End))
}

// compareDates orders entries by their first day, and of one first day by the last: who has none begins before all, or ends after all.
func (e *Entry) compareDates(o *Entry) int {
	if c := e.Start.Compare(o.Start); c != 0 || e.End.Equal(o.End) {
		return c
	}
	if e.End.IsZero() || !o.End.IsZero() && e.End.After(o.End) {
		return 1
	}
	return -1
}

// succeeds says whether an entry speaks where another fits as well: the agreement that was made last, so the one that begins later; of those that begin together the one that ends
// later. A limit of a day is then that of one entry alone.
func (e *Entry) succeeds(o *Entry) bool { return e.compareDates(o) > 0 }
