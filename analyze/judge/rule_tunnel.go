package judge

import (
	"fmt"

	"github.com/dustin/go-humanize"
)

// muchTunnelled is the text in names that makes it graver, in bytes: documents, not identifiers.
const muchTunnelled = 1_000_000

var tunnelRule = Rule{
	ID:       "dns-tunnel",
	Severity: Medium,
	Fires:    "One client asks DNS for so many long and irregular names below one registrable domain that the names carry data to whoever runs the domain's name servers.",
	Levels:   "Medium; high from 1 MB of text on.",
	Bounds: []Bound{
		{"distinct names", "100 a client and domain", "web pages and mail ask for a few below one domain"},
		{"text", "10 kB below the domain", "what identifiers of one device never fill"},
		{"mean text of a name", "24 bytes", "host names are shorter"},
		{"entropy", "3.5 bits a byte", "words repeat, encoded data does not"},
		{"much text", "1 MB", "documents, not identifiers"},
	},
	Numbers: []Number{
		{"names", "names", "distinct names asked for below the domain"},
		{"bytes", "bytes", "text of these names, without the domain and the dots"},
		{"entropy_bits", "bits a byte", "Shannon entropy of that text"},
		{"mean_bytes", "bytes", "text of a name, on average"},
	},
	Blind: "Slow tunnels below the bounds, data in the order or the times of questions, what answers bring in, DNS that is encrypted. Virus scanners and block lists ask by DNS for what they have met: " +
		"that is a transfer too, and often disclosed.",
	Do:   "Look at the names in Wireshark. Ask which software on the client asks for them, and who runs the domain.",
	find: findTunnel,
}

func findTunnel(c *Case) (out []Finding) {
	for _, g := range c.rareByRecipient(func(r rare) bool { return r.carried != nil }) {
		f := c.finding(g)
		var names, bytes uint64
		var entropy, mean float64
		for _, i := range g.members {
			t := c.b.rareOf(&c.details[i]).carried
			names, bytes = names+t.names, bytes+t.bytes
			entropy, mean = max(entropy, t.entropy()), max(mean, t.mean())
		}
		f.Severity, f.Confidence = Medium, likely
		if bytes >= muchTunnelled {
			f.Severity = High
		}
		f.Title = fmt.Sprintf("%s of text in %s asked for below %s", humanize.Bytes(bytes), Plural(int(names), "name", "names"), g.to)
		f.Facts = append(f.Facts, fmt.Sprintf("%s distinct names were asked for from %s, %s, last %s.", humanize.Comma(int64(names)),
			Plural(len(f.Clients), "client", "clients"), c.since(f.First), minuteText(f.Last)),
			fmt.Sprintf("A name has %.0f bytes of text below the domain on average, with %.1f bits a byte.", mean, entropy))
		f.Facts = append(f.Facts, c.hosts(g)...)
		f.Inference = "The names carry encoded data; a resolver hands them on to the domain's name servers."
		f.Unknown = append(unconfirmed(f.VendorBasis), "What the names encode.")
		f.Measures = map[string]float64{"names": float64(names), "bytes": float64(bytes), "entropy_bits": entropy, "mean_bytes": mean}
		out = append(out, f)
	}
	return out
}
