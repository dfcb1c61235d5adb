package vendors

import "strings"

// pattern tells the names of a hoster and where in them the tenant stands. Written, it is labels that may hold one `*`, which fits any part of a
// label that is not empty; a first label `{tenant}` fits one label or more. Without it, names below the pattern fit too, and their tenant is not known
// (a bucket in the path, an address in a label):
//
//	{tenant}.s3.*.amazonaws.com    logs.s3.eu-west-1.amazonaws.com is of tenant "logs"
//	s3.*.amazonaws.com             s3.eu-west-1.amazonaws.com
type pattern struct {
	hoster  string
	text    string
	tenant  bool
	labels  []string // last first, without {tenant}
	literal string   // the part without `*` at the end: where the index has it
	rank    int      // specific patterns have a high one
}

const tenantLabel = "{tenant}"

func newPattern(hoster, text string) pattern {
	p := pattern{hoster: hoster, text: text}
	rest, tenant := strings.CutPrefix(text, tenantLabel+".")
	p.tenant = tenant
	for all := rest; all != ""; {
		var label string
		all, label = cutLast(all)
		p.labels = append(p.labels, label)
	}
	p.literal = rest
	if star := strings.LastIndexByte(rest, '*'); star >= 0 {
		_, p.literal, _ = strings.Cut(rest[star:], ".")
	}
	// Longer ones first; of two as long, the one with more letters of its own; then the one that knows the tenant.
	p.rank = len(p.labels)<<16 + (len(rest)-strings.Count(rest, "*"))<<1
	if tenant {
		p.rank++
	}
	return p
}

// match says whether a name fits: the tenant, and how long the part of the name is that the labels of the pattern fitted.
func (p *pattern) match(name string) (tenant string, length int, ok bool) {
	rest := name
	for _, want := range p.labels {
		if rest == "" {
			return "", 0, false
		}
		var label string
		rest, label = cutLast(rest)
		if !fits(want, label) {
			return "", 0, false
		}
	}
	length = len(name)
	if rest != "" {
		length -= len(rest) + 1
	}
	if !p.tenant {
		return "", length, true
	}
	return rest, length, rest != ""
}

// fits says whether a label is the one wanted, where `*` stands for one byte or more.
func fits(want, label string) bool {
	before, after, star := strings.Cut(want, "*")
	if !star {
		return want == label
	}
	return len(label) > len(before)+len(after) && strings.HasPrefix(label, before) && strings.HasSuffix(label, after)
}

// cutLast cuts the last label off a name.
func cutLast(name string) (rest, label string) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return "", name
	}
	return name[:i], name[i+1:]
}
