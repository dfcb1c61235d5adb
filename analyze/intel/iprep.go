package intel

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
)

// Limits of Suricata's reputation: categories have numbers up to 60, scores go up to 127.
const (
	maxCategory = 60
	maxScore    = 127
)

// reputation is a category and the score in it: most rows share theirs with others.
type reputation struct {
	category, score uint8
}

// isReputation tells the reputation files of Suricata: `address,category,score`.
func isReputation(h *head) bool {
	return len(h.rows) > 0 && h.mostRows(func(row []byte) bool {
		_, _, ok := cutReputation(row)
		return ok
	})
}

func cutReputation(row []byte) (host []byte, p reputation, ok bool) {
	host, rest, _ := bytes.Cut(row, []byte(","))
	category, score, _ := bytes.Cut(rest, []byte(","))
	c, ok1 := number(bytes.TrimSpace(category))
	s, ok2 := number(bytes.TrimSpace(score))
	host = bytes.TrimSpace(host)
	ok = isNetwork(host) && ok1 && ok2 && c <= maxCategory && s <= maxScore
	return host, reputation{uint8(c), uint8(s)}, ok
}

// readReputation reads a reputation file. What the categories are called may be said by another list.
func readReputation(r *reader) error {
	r.entitle("")
	return r.rows(func(row []byte) outcome {
		host, p, ok := cutReputation(row)
		switch {
		case !ok:
			return notUnderstood
		case p.score == 0: // no data
			return ignored
		}
		before := len(r.listed.entries)
		o := r.host(host, about{})
		if len(r.listed.entries) > before {
			r.listed.entries[before].description = r.score(p)
		}
		return o
	})
}

// score is the description of a reputation. It is written by nameCategories, when all files are read.
func (b *builder) score(p reputation) uint32 {
	i, ok := b.scores[p]
	if !ok {
		i = b.listed.describe("")
		b.scores[p] = i
	}
	return i
}

func (b *builder) nameCategories() {
	for p, i := range b.scores {
		name := b.categories[p.category]
		if name == "" {
			name = strconv.Itoa(int(p.category))
		}
		b.listed.descriptions[i] = fmt.Sprintf("category %s, score %d of %d", name, p.score, maxScore)
	}
}

// isCategories tells the file that names the categories: `number,short name,description`.
func isCategories(h *head) bool {
	return len(h.rows) > 0 && h.mostRows(func(row []byte) bool {
		_, _, ok := cutCategory(row)
		return ok
	})
}

func cutCategory(row []byte) (n uint8, name []byte, ok bool) {
	number1, rest, _ := bytes.Cut(row, []byte(","))
	name, _, ok = bytes.Cut(rest, []byte(","))
	c, okNumber := number(bytes.TrimSpace(number1))
	name = bytes.TrimSpace(name)
	numeric := !slices.ContainsFunc(name, func(b byte) bool { return b < '0' || b > '9' })
	return uint8(c), name, ok && okNumber && c <= maxCategory && !numeric
}

// readCategories reads names of categories. It has no indicators. Where two files differ, the first holds and the other's row is not understood.
func readCategories(r *reader) error {
	r.entitle("")
	return r.rows(func(row []byte) outcome {
		n, name, ok := cutCategory(row)
		text := bounded(name, maxDescription/2)
		if old := r.categories[n]; !ok || old != "" && old != text {
			return notUnderstood
		}
		r.categories[n] = text
		return ignored
	})
}
