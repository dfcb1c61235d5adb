package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"

	"phonehome/analyze"
	"phonehome/analyze/judge"
)

// alert is a finding about one of its keys: what tools that follow single problems from run to run want. Fifty endpoints of a vendor, one of them new, are fifty alerts, one of them
// new; in reports for people they are one finding.
type alert struct {
	finding      *judge.Finding
	key          string // of the gate: rule and destination
	destination  *judge.Destination
	destinations int // that have the key
	nth          int // of the alerts with this key, from 0: two findings of a rule may share one
	at           place
}

// place is where a person would change something about an alert.
type place struct {
	file string
	line int
}

// settingsPlace is where an alert is that no entry of a register is about: what was scanned has no lines.
var settingsPlace = place{"phonehome.yaml", 1}

// alerts are the keys of all findings, in the order of the findings, then of the keys.
func alerts(r *analyze.Result) (out []alert) {
	at := index(r)
	met := map[string]int{}
	for i := range r.Findings {
		for _, a := range at.alerts(&r.Findings[i]) {
			a.nth = met[a.key]
			met[a.key]++
			out = append(out, a)
		}
	}
	return out
}

// indexed is a result with its destinations and register entries by id.
type indexed struct {
	destinations map[judge.DestinationID]*judge.Destination
	keys         map[judge.DestinationID]string
	entries      map[string]place
}

func index(r *analyze.Result) *indexed {
	x := &indexed{destinations: make(map[judge.DestinationID]*judge.Destination, len(r.Destinations)), keys: make(map[judge.DestinationID]string, len(r.Destinations)), entries: map[string]place{}}
	for _, d := range r.Destinations {
		x.destinations[d.ID], x.keys[d.ID] = d, d.Key()
	}
	for i := range r.Register {
		e := &r.Register[i]
		x.entries[e.ID] = place{e.File, max(e.Line, 1)}
	}
	return x
}

func (x *indexed) alerts(f *judge.Finding) (out []alert) {
	at := map[string]int{}
	for _, id := range f.Destinations {
		d := x.destinations[id]
		if d == nil {
			continue // left out by --only
		}
		key := f.Rule + " " + x.keys[id]
		if k, met := at[key]; met {
			out[k].destinations++
			continue
		}
		at[key] = len(out)
		out = append(out, alert{finding: f, key: key, destination: d, destinations: 1, at: x.place(f, d)})
	}
	slices.SortStableFunc(out, func(a, b alert) int { return cmp.Compare(a.key, b.key) })
	return out
}

// place is the line of the register's entry that an alert is about.
func (x *indexed) place(f *judge.Finding, d *judge.Destination) place {
	for _, id := range append([]string{d.Disclosure.Entry}, f.Entries...) {
		if p, ok := x.entries[id]; ok {
			return p
		}
	}
	return settingsPlace
}

// digest identifies an alert in later runs: only what the gate compares goes into it.
func (a *alert) digest() string {
	const bytes = 16 // as long as what it stands beside
	text := a.key
	if a.nth > 0 {
		text += " " + strconv.Itoa(a.nth)
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:bytes])
}

// about is what an alert is about: the name, or the address, and the service.
func (a *alert) about() string { return whatOf(a.destination) + " " + portOf(a.destination) }
