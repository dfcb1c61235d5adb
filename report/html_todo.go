package report

import (
	"fmt"
	"slices"
	"strings"

	"phonehome/analyze/disclosure"
	"phonehome/analyze/judge"
)

// todo is one thing to do, with the findings that ask for it.
type todo struct {
	Text string
	Refs []string
}

const maxTodos = 12 // of a kind: who has more works through the findings

// Contain lists what should not go on until somebody answers for it: open findings that are high or graver, by recipient.
func (p *htmlPage) Contain() []todo {
	return p.byRecipient(func(f *judge.Finding) bool { return f.Severity >= judge.High }, func(f *judge.Finding) string {
		return fmt.Sprintf("%s to %s", someText(judge.Texts(f.Clients), 3, "client"), cutShort(p.recipientText(f), inSentence))
	})
}

// Decide lists what somebody has to decide: open findings that are medium or graver, by rule.
func (p *htmlPage) Decide() (out []todo) {
	for _, r := range judge.Rules() {
		d := todo{Text: decisionOfRule[r.ID]}
		for i := range p.r.Findings {
			if f := &p.r.Findings[i]; f.Rule == r.ID && f.Status == judge.Open && f.Severity >= judge.Medium {
				d.Refs = append(d.Refs, f.ID)
			}
		}
		if len(d.Refs) > 0 {
			out = append(out, d.bounded())
		}
	}
	return out
}

// Ask lists whom to ask: recipients with an open finding that is medium or graver.
func (p *htmlPage) Ask() []todo {
	return p.byRecipient(func(f *judge.Finding) bool { return f.Severity >= judge.Medium }, func(f *judge.Finding) string {
		owners := p.owners(f)
		switch {
		case len(owners) > 0:
			return fmt.Sprintf("%s, who answers for the register's entry of %s", and(shows(owners)), show(p.recipientText(f)))
		case f.Vendor != "":
			return "The owner of the software or device, and " + show(f.Vendor)
		}
		return "The owner of the client: which software or device sends to " + show(p.recipientText(f))
	})
}

// byRecipient is one entry for each text, with all findings of which pick says that they belong here.
func (p *htmlPage) byRecipient(pick func(f *judge.Finding) bool, text func(f *judge.Finding) string) (out []todo) {
	at := map[string]int{}
	for i := range p.r.Findings {
		f := &p.r.Findings[i]
		if f.Status != judge.Open || !pick(f) {
			continue
		}
		s := text(f)
		i, met := at[s]
		if !met {
			i = len(out)
			at[s] = i
			out = append(out, todo{Text: s})
		}
		out[i].Refs = append(out[i].Refs, f.ID)
	}
	for i := range out {
		out[i] = out[i].bounded()
	}
	if n := len(out) - maxTodos; n > 0 {
		out = append(out[:maxTodos], todo{Text: more(n) + ": see the findings"})
	}
	return out
}

func (t todo) bounded() todo {
	t.Refs = t.Refs[:min(len(t.Refs), maxTodos)]
	return t
}

// owners answer for the entries that a finding is about.
func (p *htmlPage) owners(f *judge.Finding) (out []string) {
	for _, e := range p.entriesOf(f) {
		if e.Owner != "" && !slices.Contains(out, e.Owner) {
			out = append(out, e.Owner)
		}
	}
	return out
}

// recipientText is how a sentence calls a finding's recipient. A network's owner is never the recipient.
func (p *htmlPage) recipientText(f *judge.Finding) string {
	switch {
	case f.Vendor != "":
		return f.Vendor
	case len(f.Names) > 0:
		return f.Names[0]
	case len(f.Servers) > 0:
		return "the unnamed address " + f.Servers[0].String()
	}
	return "an unknown recipient"
}

// someText is the first of a list, and how many there are.
func someText(list []string, most int, one string) string {
	if len(list) <= most {
		return and(shows(list))
	}
	return judge.Plural(len(list), one, one+"s")
}

// Bounds of the register change: a person reads it.
const (
	maxProposed     = 40
	maxProposedSeen = 4
)

// RegisterChange is YAML for the register: entries that could be added, all proposed, and what to change in those that are there.
func (p *htmlPage) RegisterChange() string {
	var b strings.Builder
	said := p.amendments()
	for i := range p.r.Register {
		if e := &p.r.Register[i]; len(said[e.ID]) > 0 {
			fmt.Fprintf(&b, "# %s:%d, entry %s: %s.\n", e.File, e.Line, e.ID, strings.Join(said[e.ID], "; "))
		}
	}
	list, _ := Proposals(p.r, func(d *judge.Destination) bool {
		open := slices.ContainsFunc(p.found[d.ID], func(f *judge.Finding) bool { return f.Status == judge.Open })
		return open && d.State == judge.Transferred && (d.Disclosure.Entry == "" || d.Disclosure.Verdict == disclosure.NotYetValid)
	})
	if len(list) == 0 && b.Len() == 0 {
		return ""
	}
	if n := len(list) - maxProposed; n > 0 {
		fmt.Fprintf(&b, "# %s: phonehome register learn RESULT.json writes all of them.\n", more(n))
		list = list[:maxProposed]
	}
	for i := range list {
		if seen := list[i].Seen; len(seen) > maxProposedSeen {
			list[i].Seen = append(seen[:maxProposedSeen:maxProposedSeen], more(len(seen)-maxProposedSeen))
		}
	}
	if len(list) > 0 {
		text, _ := disclosure.WriteProposals(list)
		b.Write(text)
	}
	return visibleLines(b.String())
}

// amendments are what could be changed in entries that do not cover what was seen, by entry: only those who agreed know the new text.
func (p *htmlPage) amendments() map[string][]string {
	said := map[string][]string{}
	for _, d := range p.r.Destinations {
		if d.Disclosure.Verdict == disclosure.Disclosed {
			continue
		}
		for _, v := range append([]disclosure.Verdict{d.Disclosure.Verdict}, d.Disclosure.Also...) {
			if s := amendments[v]; s != "" && !slices.Contains(said[d.Disclosure.Entry], s) {
				said[d.Disclosure.Entry] = append(said[d.Disclosure.Entry], s)
			}
		}
	}
	return said
}

var amendments = map[disclosure.Verdict]string{
	disclosure.Expired:     "if the agreement was renewed, set its end to the new last day",
	disclosure.NotYetValid: "if it was agreed earlier, set its start to that day",
	disclosure.Country:     "if the countries seen are agreed, add them to its countries",
	disclosure.Host:        "if these clients are agreed, add them to its hosts",
	disclosure.Port:        "if these ports are agreed, add them to its ports",
	disclosure.Exceeded:    "if more is agreed, raise its max_bytes_out_per_day",
}

// visibleLines makes each line visible.
func visibleLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = visible(lines[i])
	}
	return strings.Join(lines, "\n")
}
