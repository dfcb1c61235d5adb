package judge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"phonehome/analyze/hostname"
	"phonehome/analyze/personal"
)

var personalRule = Rule{
	ID:       "cleartext-personal-data",
	Severity: Medium,
	Fires: "A client sends personal data or a login in clear: e-mail addresses, US social security numbers, payment cards, IBANs, phone numbers, passwords, identifiers of devices, in HTTP, " +
		"WebSocket, mail, FTP, MQTT, syslog or text of no known protocol, or in names that it looks up.",
	Levels: "High for payment cards, social security numbers, IBANs and logins; medium for e-mail addresses, phone numbers and IMEIs; low for hardware addresses and serial numbers alone, for " +
		"addresses in mail, which carries them by design, for addresses and phone numbers in what an HTTP server answers, as pages tell them to whoever comes, and where the register supplied covers the transfer: that it can be read on the way is then what is left to say.",
	Numbers: []Number{{"values", "values", "distinct ones, as a hash that many values share tells them apart: a lower bound"}},
	Blind: "Whatever is encrypted. More than the first 64 KiB of a message, more than the first 4 MiB of what one end says over a WebSocket or by MQTT, more than the first 64 KiB of what one end says in other text or in datagrams, more than 64 values a flow and direction, what came where packets were lost or cut short, Base64 that is " +
		"neither all of a body nor a string of JSON, what an HTTP server answers, unless its address is private and the other is not. Kinds without a check digit are told by " +
		"the words around them.",
	Do:   "Look at the frames cited: the values stand there in full, and only there. Ask the vendor to encrypt. Whoever could read the network in between may have read it.",
	find: findPersonal,
}

// values is the personal data of a destination: buckets by kind.
type values map[string]*kindOf

// kindOf is what was found of one kind.
type kindOf struct {
	buckets  map[uint32]bool
	examples []string // masked
	in       map[string]bool
}

const (
	maxExamples = 3
	// maxValues bounds the values of one kind that are told apart.
	maxValues = 1 << 16
)

// addPersonal adds one value.
func (b *Builder) addPersonal(d *dest, v *hostname.Value) {
	more := b.makeRare(d)
	if more.personal == nil {
		more.personal = values{}
	}
	if more.personal.of(v.Kind).add(v) && b.cited.shown(d.number) < maxFrames {
		b.cited.show(d.number, frameOf(v.Capture, v.Frame))
	}
}

// of is what was found of a kind.
func (vs values) of(kind string) *kindOf {
	k := vs[kind]
	if k == nil {
		k = &kindOf{buckets: map[uint32]bool{}, in: map[string]bool{}}
		vs[kind] = k
	}
	return k
}

// add says whether a value is new.
func (k *kindOf) add(v *hostname.Value) bool {
	k.in[v.In] = true
	if k.buckets[v.Bucket] || len(k.buckets) == maxValues {
		return false
	}
	k.buckets[v.Bucket] = true
	k.example(v.Masked)
	return true
}

func (k *kindOf) example(masked string) {
	if len(k.examples) < maxExamples && !slices.Contains(k.examples, masked) {
		k.examples = append(k.examples, masked)
	}
}

// join adds what another destination has.
func (vs values) join(o values) {
	for kind, other := range o {
		k := vs.of(kind)
		maps.Copy(k.buckets, other.buckets)
		maps.Copy(k.in, other.in)
		for _, s := range other.examples {
			k.example(s)
		}
	}
}

// personalSeverity is how grave a kind is.
var personalSeverity = map[personal.Kind]Severity{
	personal.Card: High, personal.SSN: High, personal.IBAN: High, personal.Credential: High,
	personal.Email: Medium, personal.Phone: Medium, personal.IMEI: Medium,
	personal.MAC: Low, personal.Serial: Low,
}

// byDesign are the places where a kind is no surprise: mail carries addresses, who logs in without an account says one, and pages tell visitors whom to write to and to call.
var byDesign = map[personal.Kind][]string{
	personal.Email: {hostname.InMail, hostname.InLogin, hostname.InAnswer},
	personal.Phone: {hostname.InAnswer},
}

// severity is that of the kind, or low where it stood in no other places than by design.
func (k *kindOf) severity(kind personal.Kind) Severity {
	for in := range k.in {
		if !slices.Contains(byDesign[kind], in) {
			return personalSeverity[kind]
		}
	}
	return Low
}

func findPersonal(c *Case) (out []Finding) {
	for _, g := range c.rareByRecipient(func(r rare) bool { return r.personal != nil }) {
		all := values{}
		for _, i := range g.members {
			all.join(c.b.rareOf(&c.details[i]).personal)
		}
		f := c.finding(g)
		var kinds []string
		n := 0
		for _, kind := range personal.Kinds() {
			k := all[string(kind)]
			if k == nil {
				continue
			}
			n += len(k.buckets)
			kinds = append(kinds, string(kind))
			f.Severity = max(f.Severity, k.severity(kind))
			f.Facts = append(f.Facts, fmt.Sprintf("%s: %s, for example %s, in %s.", kind, Plural(len(k.buckets), "distinct value", "distinct values"), strings.Join(k.examples, ", "),
				strings.Join(slices.Sorted(maps.Keys(k.in)), ", ")))
		}
		if c.approved(g) {
			f.Severity = Low
		}
		f.Title = fmt.Sprintf("%s sent in clear to %s: %s", Plural(n, "value", "values"), g.to, strings.Join(kinds, ", "))
		f.Facts = append(append(f.Facts, c.volume(&f)+"."), c.hosts(g)...)
		f.Entries = c.entries(g)
		f.Inference = "Whoever could read the network between the client and the server could read these values."
		f.Unknown = append(unconfirmed(g.to), "Whose data it is, and whether they agreed. It may concern the GDPR where people in the EU are meant, HIPAA where they are patients, the GLBA where they are a bank's customers.")
		f.Measures = map[string]float64{"values": float64(n)}
		out = append(out, f)
	}
	return out
}

// namedValues adds the personal data in names: who looks up a name, or calls a host by it, sends it in clear.
func (b *Builder) namedValues() {
	for d := range b.dests.All() {
		b.namedValue(d, d.name)
		for n := range b.others.Of(d.others) {
			b.namedValue(d, n.text)
		}
	}
}

func (b *Builder) namedValue(d *dest, name uint32) {
	for _, v := range b.names.InName(hostname.Query{Client: d.key.client.host(), Name: name, V6: d.key.client.v6()}) {
		b.addPersonal(d, &v)
	}
}
