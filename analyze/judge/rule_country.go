package judge

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"phonehome/analyze/disclosure"
)

var countryRule = Rule{
	ID:       "country-not-allowed",
	Severity: Medium,
	Fires: "Traffic for which the register has an entry goes to an address in a country that is not among the entry's countries (the register's home_countries where the entry has none), in the opinion of " +
		"the country database.",
	Levels: "Low where no payload went out; high from 100 MB of payload on; medium else.",
	Bounds: []Bound{{"much payload", "100 MB", "databases and archives, not what software says of itself"}},
	Blind:  "A database's country is an opinion at its date. Anycast addresses are in many places at once. Where the vendor sends the data on to. Unknown countries are said, never judged.",
	Do:     "Ask the vendor in which country the address is and who operates it. Compare with the contract's places of processing.",
	find:   findCountry,
}

func findCountry(c *Case) (out []Finding) {
	if c.register == nil {
		return nil
	}
	for _, g := range c.byRecipient(func(i int) bool { return c.has(i, disclosure.Country) }) {
		f, share := c.finding(g), c.shareOf(g, disclosure.Country)
		f.Entries, f.PayloadOut = c.entries(g, disclosure.Country), share.PayloadOut
		switch state := c.strongest(g); {
		case state != rankTransferred:
			f.Severity = Low
		case f.PayloadOut >= muchUndisclosed:
			f.Severity = High
		default:
			f.Severity = Medium
		}
		f.Title = fmt.Sprintf("%s to %s in %s, which the register does not allow", humanize.Bytes(f.PayloadOut), g.to, strings.Join(share.Countries, ", "))
		f.Facts = append(append(f.Facts, c.volume(&f)+"."), c.reasons(g, func(v disclosure.Verdict) bool { return v == disclosure.Country })...)
		for _, id := range f.Entries {
			f.Facts = append(f.Facts, c.entryText(id))
		}
		f.Facts = append(append(f.Facts, c.places(g)...), c.hosts(g)...)
		f.Inference = "If the database is right, data is received in a country that was not agreed."
		f.Unknown = []string{"Whether the address is where the database has it.", "What was sent: " + c.content(g) + ".",
			"Whether personal data is among it: it may concern chapter V of the GDPR where people in the EU are meant, and 28 CFR part 202 where bulk data of US persons goes to a country of concern."}
		out = append(out, f)
	}
	return out
}
