package judge

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"

	"golang.org/x/net/publicsuffix"
)

// Bounds from which on names below one domain that one client asks for are taken to carry data. All must hold.
const (
	tunnelNames   = 100    // distinct names: web pages and mail ask for a few below one domain
	tunnelBytes   = 10_000 // bytes of text below the domain
	tunnelMean    = 24     // bytes of text a name, on average: host names are shorter
	tunnelEntropy = 3.5    // bits a byte over all that text: words repeat, encoded data does not
)

// carried is what the names below one registrable domain that one client asked for carry.
type carried struct {
	names       uint64
	bytes       uint64 // of the labels below the domain, without dots
	first, last int64
	counts      *[256]uint64 // of each byte, once the rest speaks for a tunnel; before that nil
	frames      []frame      // of first questions for a name, a few of them
}

// carrier is a client and a registrable domain.
type carrier struct {
	client end
	domain uint32 // text; 0 for none
}

// add counts one name.
func (t *carried) add(below string, l *hostname.Lookup) {
	if t.names == 0 {
		t.first, t.last = l.First, l.Last
	}
	t.names++
	t.first, t.last = min(t.first, l.First), max(t.last, l.Last)
	t.bytes += uint64(len(below) - strings.Count(below, "."))
}

// addText counts the bytes of one name, and cites its question.
func (t *carried) addText(below string, l *hostname.Lookup) {
	t.frames = append(t.frames, frameOf(l.Capture, l.Frame))
	for i := range len(below) {
		if below[i] != '.' {
			t.counts[below[i]]++
		}
	}
}

// mean is the bytes of text a name.
func (t *carried) mean() float64 { return float64(t.bytes) / float64(t.names) }

// entropy is the Shannon entropy of the text, in bits a byte.
func (t *carried) entropy() float64 {
	var h float64
	for _, n := range t.counts { // in the order of bytes: the sum of floats must not depend on the map's
		if n > 0 {
			p := float64(n) / float64(t.bytes)
			h -= p * math.Log2(p)
		}
	}
	return h
}

// many says whether the names are as many and as long as those of a tunnel.
func (t *carried) many() bool {
	return t.names >= tunnelNames && t.bytes >= tunnelBytes && t.mean() >= tunnelMean
}

// tunnels finds the domains whose names carry data; questions for names of a private kind are none of them. domains are the registrable domains of all names looked at: texts.
func (b *Builder) tunnels() (all map[carrier]*carried, domains map[uint32]uint32) {
	all, domains = map[carrier]*carried{}, map[uint32]uint32{}
	for q := range b.names.Queries.All() {
		name := b.texts.Text(q.Name)
		if len(name) < tunnelMean/2 || !publicName(name) || b.hosts.Side(q.Client) != flow.Inside {
			continue
		}
		domain, ok := domains[q.Name]
		if !ok {
			text, _ := publicsuffix.EffectiveTLDPlusOne(name) // a public suffix has none
			domain = b.texts.Number(text)
			domains[q.Name] = domain
		}
		below, ok := b.below(name, domain)
		if !ok {
			continue
		}
		k := carrier{endOf(q.Client, q.V6), domain}
		t := all[k]
		if t == nil {
			t = &carried{}
			all[k] = t
		}
		t.add(below, q)
	}
	maps.DeleteFunc(all, func(_ carrier, t *carried) bool { return !t.many() })
	b.readTexts(all, domains)
	maps.DeleteFunc(all, func(_ carrier, t *carried) bool { return t.entropy() < tunnelEntropy })
	for _, t := range all {
		slices.SortFunc(t.frames, compareFrames)
		t.frames = spread(slices.Compact(t.frames), maxFrames)
	}
	return all, domains
}

// readTexts looks at the names of those that are left.
func (b *Builder) readTexts(all map[carrier]*carried, domains map[uint32]uint32) {
	if len(all) == 0 {
		return
	}
	for _, t := range all {
		t.counts = new([256]uint64)
	}
	for q := range b.names.Queries.All() {
		t := all[carrier{endOf(q.Client, q.V6), domains[q.Name]}]
		if below, ok := b.below(b.texts.Text(q.Name), domains[q.Name]); ok && t != nil {
			t.addText(below, q)
		}
	}
}

// below is what a name has below a domain; false where it is not below one.
func (b *Builder) below(name string, domain uint32) (string, bool) {
	rest, ok := strings.CutSuffix(name, b.texts.Text(domain))
	if !ok || domain == 0 {
		return "", false
	}
	return strings.CutSuffix(rest, ".")
}

// addTunnels makes one destination of each client and domain whose names carry data, in place of a looked-up one a name.
func (b *Builder) addTunnels(all map[carrier]*carried) {
	keys := make([]carrier, 0, len(all))
	for k := range all {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y carrier) int {
		return cmp.Or(b.addr(x.client).Compare(b.addr(y.client)), strings.Compare(b.texts.Text(x.domain), b.texts.Text(y.domain)))
	})
	for _, c := range keys {
		t := all[c]
		d := b.newDest(destKey{client: c.client, kind: keyNamed, what: c.domain, transport: lookedUp})
		d.name, d.source, d.first, d.last, d.notes = c.domain, hostname.FromQuery, t.first, t.last, noteNamesBelow
		for _, f := range t.frames {
			b.cited.show(d.number, f)
		}
		b.makeRare(d).carried = t
	}
}
