package analyze

import (
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"phonehome/analyze/capture"
	"phonehome/analyze/judge"
	"phonehome/analyze/slice"
)

// Redaction is a kind of thing that is left out of a result before others get it.
type Redaction string

// The redactions.
const (
	RedactClients Redaction = "clients" // who sent: inside addresses, what hosts are called, hardware addresses, files and people
	RedactNames   Redaction = "names"   // names of destinations
	RedactPayload Redaction = "payload" // what payload says beyond names: samples of personal data, what hosts call themselves
)

// Redactions are all redactions, in the order in which a result lists them.
func Redactions() []Redaction { return []Redaction{RedactClients, RedactNames, RedactPayload} }

// redactedTexts say in a result what was left out.
var redactedTexts = map[Redaction]string{
	RedactClients: "Redacted for sharing: inside addresses stand as others, of 240.0.0.0/4 and 3fff::/20; what hosts are called, files, and people and reasons of registers and suppressions were left out.",
	RedactNames:   "Redacted for sharing: names of destinations stand as others, below .invalid.",
	RedactPayload: "Redacted for sharing: samples of personal data, and what hosts call themselves, were left out.",
}

// Redact returns a copy of a result that can be shared, and what redacts frames in the same way. The result itself stays as it is. Every text is redacted by its place
// in the result (classes): one whose place is not known is left out. What was left out of a saved result before stays as it stands there: who has both reads of the same
// clients and names in both.
func (r *Result) Redact(what []Redaction) (*Result, *Redactor) {
	red := newRedactor(r, slices.DeleteFunc(slices.Clone(what), func(w Redaction) bool { return slices.Contains(r.Settings.Redacted, string(w)) }))
	whole := *r
	whole.Destinations = make([]*judge.Destination, len(r.Destinations))
	for i := range r.Destinations {
		whole.Destinations[i] = r.Whole(r.Destinations[i])
	}
	out := red.copy(reflect.ValueOf(&whole).Elem(), "").Addr().Interface().(*Result)
	red.finish(r, out)
	return out, red
}

// RedactedRemarks say what was left out of a result, for formats that don't list what could not be seen.
func (r *Result) RedactedRemarks() (out []string) {
	for _, w := range r.Settings.Redacted {
		if s, ok := redactedTexts[Redaction(w)]; ok {
			out = append(out, s)
		}
	}
	return out
}

// class is what becomes of a text, by what it can hold.
type class func(*Redactor, string) string

// The classes.
func fixed(_ *Redactor, s string) string       { return s } // words, numbers and hashes of our own, and what is no secret of anybody
func address(d *Redactor, s string) string     { return d.addressText(s) }
func text(d *Redactor, s string) string        { return d.scrub(s) }                                // sentences, which can hold anything
func filter(d *Redactor, s string) string      { return d.scrubAddresses(pieces{{s: s}}).String() } // addresses, ports and times
func label(d *Redactor, s string) string       { return d.unless(d.clients || d.payload, s) }       // what a host is called
func person(d *Redactor, s string) string      { return d.unless(d.clients && s != "", s) }         // of the customer
func tenant(d *Redactor, s string) string      { return d.unless(d.names, s) }                      // part of a name
func device(d *Redactor, s string) string      { return d.unless(d.clients, s) }                    // of the capturing machine
func commandLine(_ *Redactor, _ string) string { return "" }                                        // holds whatever the user gave
func asset(d *Redactor, s string) string       { return d.known(d.clients, s) }                     // group of hosts
func path(d *Redactor, s string) string        { return d.pathText(s) }                             // of a file
func network(d *Redactor, s string) string     { return d.networkText(s) }                          // inside
func name(d *Redactor, s string) string        { return d.nameText(s) }                             // of a destination
func recipient(d *Redactor, s string) string   { return d.recipientText(s) }                        // a company, or a domain where none is known

// classes are the classes of all texts of a result, by their place. A test fails where one is missing.
var classes = map[string]class{
	"schema":                              fixed,
	"tool.name":                           fixed,
	"tool.version":                        fixed,
	"tool.commit":                         fixed,
	"settings.internal[]":                 network,
	"settings.internal_inferred[].prefix": network,
	"settings.internal_inferred[].basis":  fixed,
	"settings.geo.country[].type":         fixed,
	"settings.geo.country[].built":        fixed,
	"settings.geo.country[].sha256":       fixed,
	"settings.geo.country[].source":       path,
	"settings.geo.asn[].type":             fixed,
	"settings.geo.asn[].built":            fixed,
	"settings.geo.asn[].sha256":           fixed,
	"settings.geo.asn[].source":           path,
	"settings.catalogue.version":          fixed,
	"settings.catalogue.sha256":           fixed,
	"settings.only[]":                     text,
	"settings.register[].path":            path,
	"settings.register[].sha256":          fixed,
	"settings.intel[].name":               text,
	"settings.intel[].path":               path,
	"settings.intel[].format":             fixed,
	"settings.intel[].date":               fixed,
	"settings.intel[].sha256":             fixed,
	"settings.intel[].examples[]":         text,
	"settings.baseline[]":                 path,
	"settings.rules[].rule":               fixed,
	"settings.rules[].set":                fixed,
	"settings.fail_on":                    fixed,
	"settings.as_of":                      fixed,
	"settings.command":                    commandLine,
	"settings.redacted[]":                 fixed,
	"case.title":                          person,
	"case.id":                             person,
	"case.analyst":                        person,
	"case.tap":                            person,
	"case.clock_offset":                   fixed,
	"case.timezone":                       device,
	"case.offsets[].name":                 device,
	"findings[].rhythm.days[].day":        fixed,
	"captures[].path":                     path,
	"captures[].sha256":                   fixed,
	"captures[].format":                   fixed,
	"captures[].compression":              fixed,
	"captures[].undecoded{key}":           fixed,
	"captures[].unread":                   text,
	"captures[].damage[].reason":          text,
	"captures[].interfaces[].link_name":   fixed,
	"captures[].interfaces[].name":        device,
	"ignored[].path":                      path,
	"ignored[].reason":                    text,
	"coverage.undecoded{key}":             fixed,
	"coverage.outbound.named_by{key}":     fixed,
	"coverage.limits_hit{key}":            fixed,
	"coverage.cannot_see[]":               text,
	"coverage.propose_internal[]":         network,
	"destinations[].id":                   fixed,
	"destinations[].client":               address,
	"destinations[].client_label":         label,
	"destinations[].asset":                asset,
	"destinations[].name":                 name,
	"destinations[].name_source":          fixed,
	"destinations[].other_names[].name":   name,
	"destinations[].other_names[].source": fixed,
	"destinations[].notes[]":              fixed,
	"destinations[].servers[].ip":         address,
	"destinations[].servers[].country":    fixed,
	"destinations[].servers[].network":    fixed,
	"destinations[].transport":            fixed,
	"destinations[].protocol":             fixed,
	"destinations[].vendor":               recipient,
	"destinations[].product":              fixed,
	"destinations[].purpose":              fixed,
	"destinations[].vendor_basis":         fixed,
	"destinations[].hoster":               fixed,
	"destinations[].tenant":               tenant,
	"destinations[].registrable_domain":   name,
	"destinations[].state":                fixed,
	"destinations[].opened_by":            fixed,
	"destinations[].via":                  text,
	"destinations[].disclosure.verdict":   fixed,
	"destinations[].disclosure.also[]":    fixed,
	"destinations[].disclosure.entry":     text,
	"destinations[].disclosure.reason":    text,
	"destinations[].evidence[].what":      fixed,
	"destinations[].evidence[].filter":    fixed,
	"destinations[].community_ids[]":      device, // hashes of addresses, which can be found by guessing
	"destinations[].LabelBasis":           fixed,
	"findings[].id":                       fixed,
	"findings[].fingerprint":              fixed, // made anew: it is a hash of what is left out
	"findings[].rule":                     fixed,
	"findings[].severity":                 fixed,
	"findings[].confidence":               fixed,
	"findings[].title":                    text,
	"findings[].facts[]":                  text,
	"findings[].inference":                text,
	"findings[].unknown[]":                text,
	"findings[].vendor":                   recipient,
	"findings[].vendor_basis":             fixed,
	"findings[].network":                  fixed,
	"findings[].clients[]":                address,
	"findings[].servers[]":                address,
	"findings[].names[]":                  name,
	"findings[].destinations[]":           fixed,
	"findings[].entries[]":                text,
	"findings[].evidence[].what":          fixed,
	"findings[].evidence[].filter":        fixed,
	"findings[].filter_all":               filter,
	"findings[].status":                   fixed,
	"findings[].suppression":              text,
	"findings[].measures{key}":            fixed,
	"vendors[].vendor":                    recipient,
	"vendors[].basis":                     fixed,
	"vendors[].verdicts{key}":             fixed,
	"clients[].ip":                        address,
	"clients[].labels[].name":             label,
	"clients[].labels[].basis":            fixed,
	"clients[].role":                      text,
	"clients[].role_basis":                text,
	"register[].id":                       text,
	"register[].vendor":                   recipient,
	"register[].file":                     path,
	"register[].status":                   fixed,
	"register[].start":                    fixed,
	"register[].end":                      fixed,
	"register[].reference":                text,
	"register[].owner":                    person,
	"suppressions[].file":                 path,
	"suppressions[].rule":                 fixed,
	"suppressions[].vendor":               recipient,
	"suppressions[].destination":          text,
	"suppressions[].client":               network,
	"suppressions[].reason":               person,
	"suppressions[].approver":             person,
	"suppressions[].expires":              fixed,
	"exit.reasons[]":                      text,
	"exit.also[]":                         text,
	"summary.destinations{key}":           fixed,
	"summary.bytes{key}":                  fixed,
	"summary.findings{key}":               fixed,
}

var (
	timeType    = reflect.TypeFor[time.Time]()
	instantType = reflect.TypeFor[judge.Instant]()
	addrType    = reflect.TypeFor[netip.Addr]()
	textType    = reflect.TypeFor[encoding.TextMarshaler]()
)

// isText says whether a type is written as text, whatever it is made of.
func isText(t reflect.Type) bool {
	return t.Kind() == reflect.String || t != timeType && t != instantType && t.Kind() != reflect.Pointer && (t.Implements(textType) || reflect.PointerTo(t).Implements(textType))
}

// copy copies a value at a place, and redacts its texts. Fields that are not exported, which hold what was never meant to be written, are left out.
func (d *Redactor) copy(v reflect.Value, at string) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch {
	case v.Type() == timeType:
		out.Set(v)
	case v.Type() == addrType:
		a := v.Interface().(netip.Addr)
		if a.IsValid() {
			out.Set(reflect.ValueOf(d.address(a)))
		}
	case v.Kind() == reflect.String:
		out.SetString(d.text(v.String(), at))
	case isText(v.Type()):
		if d.text(textOf(v), at) != "" {
			out.Set(v) // it stays, or it goes
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				out.Field(i).Set(d.copy(v.Field(i), below(at, f)))
			}
		}
	case v.Kind() == reflect.Slice && !v.IsNil():
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(d.copy(v.Index(i), at+"[]"))
		}
	case v.Kind() == reflect.Map && !v.IsNil():
		out.Set(reflect.MakeMap(v.Type()))
		for _, k := range v.MapKeys() {
			out.SetMapIndex(d.copy(k, at+"{key}"), d.copy(v.MapIndex(k), at+"{}"))
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		out.Set(d.copy(v.Elem(), at).Addr())
	default:
		out.Set(v)
	}
	return out
}

// textOf is a value as text, and " " where it has none.
func textOf(v reflect.Value) string {
	b, err := v.Interface().(encoding.TextMarshaler).MarshalText()
	if err != nil || len(b) == 0 {
		return " "
	}
	return string(b)
}

// below is the place of a field: the key that it has in JSON, or its name where it has none.
func below(at string, f reflect.StructField) string {
	key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if f.Anonymous && key == "" {
		return at // its fields stand beside the others
	}
	if key == "" || key == "-" {
		key = f.Name
	}
	if at == "" {
		return key
	}
	return at + "." + key
}

// text redacts the text at a place.
func (d *Redactor) text(s, at string) string {
	if c := classes[at]; c != nil {
		return c(d, s)
	}
	return ""
}

// unless is s, or nothing where it is to be left out.
func (d *Redactor) unless(out bool, s string) string {
	if out {
		return ""
	}
	return s
}

// finish does what no text alone can: lists that go as a whole, hashes and keys of what was left out, and the word that something was.
func (d *Redactor) finish(from, to *Result) {
	for i := range to.Clients {
		if d.clients || d.payload {
			to.Clients[i].Labels = []Label{}
		}
	}
	if d.clients {
		to.Coverage.ProposeInternal = []string{} // nothing but networks of the user's
	}
	byID := map[judge.DestinationID]*judge.Destination{}
	for _, o := range to.Destinations {
		byID[o.ID] = o
		if d.clients {
			o.CommunityIDs = nil // who guesses an address can try the hash
		}
	}
	for i := range to.Findings {
		d.finding(&from.Findings[i], &to.Findings[i], byID)
	}
	for _, w := range Redactions() {
		if d.has(w) && !slices.Contains(to.Settings.Redacted, string(w)) {
			to.Settings.Redacted = append(to.Settings.Redacted, string(w))
			to.Coverage.CannotSee = append(to.Coverage.CannotSee, redactedTexts[w])
		}
	}
}

// finding makes anew what a finding has of hashes and keys: who guesses an address can try a hash.
func (d *Redactor) finding(from, to *judge.Finding, byID map[judge.DestinationID]*judge.Destination) {
	if !d.clients && !d.names {
		return
	}
	hash := sha256.Sum256([]byte(strings.Join(slices.Concat([]string{to.Rule, to.Vendor, to.Network}, to.Names, judge.Texts(to.Clients), judge.Texts(to.Servers)), "\x00")))
	to.Fingerprint = hex.EncodeToString(hash[:])[:len(from.Fingerprint)]
	if to.Rule != judge.LockRule {
		return
	}
	for i, fact := range from.Facts {
		if strings.HasPrefix(fact, newKeys) {
			to.Facts[i] = newKeys + strings.Join(keyList(to.Destinations, byID), "; ") + "."
		}
	}
}

// newKeys begins the fact that lists keys of destinations, which are made of parts of names and assets (rule new-destination).
const newKeys = "New: "

// keyList is the first few keys of some destinations, each once.
func keyList(ids []judge.DestinationID, byID map[judge.DestinationID]*judge.Destination) (out []string) {
	const few = 8
	for _, id := range ids {
		d := byID[id]
		if d == nil || slices.Contains(out, d.Key()) {
			continue
		}
		if len(out) == few {
			return append(out, "and more")
		}
		out = append(out, d.Key())
	}
	return out
}

// Redactor redacts what belongs to one result, texts and frames alike.
type Redactor struct {
	clients, names, payload bool

	inside  insideNetworks
	mapped  map[netip.Addr]netip.Addr
	taken   map[netip.Addr]bool // addresses of the result: none of them stands for another
	next    [2]uint32           // number of the next address of IPv4, of IPv6
	numbers map[string]int      // of labels, assets, files, networks, by kind and text
	counts  map[string]int      // by kind
	secrets secrets
	exempt  map[string]bool // what looks like a name and is a company's
	hosts   map[string]bool // names of destinations
	heads   slice.Heads
}

func (d *Redactor) has(w Redaction) bool {
	return w == RedactClients && d.clients || w == RedactNames && d.names || w == RedactPayload && d.payload
}

// Frame returns the headers of a frame. Payload goes whatever is left out: names and addresses stand in it too.
func (d *Redactor) Frame(link capture.LinkType, data []byte) []byte { return d.heads.Frame(link, data) }
