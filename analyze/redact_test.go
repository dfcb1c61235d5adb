package analyze

import (
	"net/netip"
	"reflect"
	"testing"

	"phonehome/analyze/judge"
)

// places lists where a type has texts, as copy walks it.
func places(t reflect.Type, at string, out map[string]bool) {
	switch {
	case t == timeType:
	case isText(t):
		out[at] = true
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() {
				places(f.Type, below(at, f), out)
			}
		}
	case t.Kind() == reflect.Slice:
		places(t.Elem(), at+"[]", out)
	case t.Kind() == reflect.Map:
		places(t.Key(), at+"{key}", out)
		places(t.Elem(), at+"{}", out)
	case t.Kind() == reflect.Pointer:
		places(t.Elem(), at, out)
	case t.Kind() == reflect.Interface:
		out[at+" (an interface, which redaction can't look into)"] = true
	}
}

// TestEveryTextHasAClass: who adds a text to the result says what it can hold; until then it is left out of what is shared.
func TestEveryTextHasAClass(t *testing.T) {
	exist := map[string]bool{}
	places(reflect.TypeFor[Result](), "", exist)
	for at := range exist {
		if classes[at] == nil {
			t.Errorf("the text at %s has no class: say in classes what it can hold", at)
		}
	}
	for at := range classes {
		if !exist[at] {
			t.Errorf("there is a class for %s, which does not exist", at)
		}
	}
}

// fill puts a text into every place of a value.
func fill(v reflect.Value, s string) {
	switch {
	case v.Type() == timeType || v.Type() == addrType:
	case v.Kind() == reflect.String:
		v.SetString(s)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), s)
			}
		}
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), s)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), s)
	}
}

// TestRedactLeavesTheResult: the result is still shown to its owner, and cut into slices, when it was redacted.
func TestRedactLeavesTheResult(t *testing.T) {
	var r, same Result
	fill(reflect.ValueOf(&r).Elem(), "10.0.0.5 called printer.example.net")
	fill(reflect.ValueOf(&same).Elem(), "10.0.0.5 called printer.example.net")
	out, _ := r.Redact(Redactions())
	if !reflect.DeepEqual(r, same) {
		t.Error("the result was changed")
	}
	if reflect.DeepEqual(*out, same) {
		t.Error("nothing was redacted")
	}
}

func TestSentences(t *testing.T) {
	r := &Result{Settings: Settings{Internal: []string{"10.0.0.0/8", "fd00::/8", "198.51.100.0/24"}}}
	r.Destinations = append(r.Destinations, destinationOf("10.0.0.5", "printer", "www.example.net", "example.net"))
	r.Destinations = append(r.Destinations, destinationOf("fd00::5", "10", "odd name", ""))
	for _, c := range []struct {
		what     []Redaction
		in, want string
	}{
		{nil, "10.0.0.5 (printer) asks www.example.net", "10.0.0.5 (printer) asks www.example.net"},
		{[]Redaction{RedactClients}, "10.0.0.5 (printer) asks www.example.net.", "240.0.0.1 (label-2) asks www.example.net."},
		{[]Redaction{RedactClients}, "10.0.0.53 and 10.0.0.5:443, [fd00::5]:53", "240.0.0.2 and 240.0.0.1:443, [3fff::1]:53"},
		{[]Redaction{RedactClients}, "ip.addr in {10.0.0.5,10.0.0.6} && ip.addr in {192.0.2.1}", "ip.addr in {240.0.0.1,240.0.0.2} && ip.addr in {192.0.2.1}"},
		{[]Redaction{RedactClients}, "the network 198.51.100.0/24, and 10.1.2.0/24 in it", "the network network-2, and network-3 in it"},
		{[]Redaction{RedactClients}, "the printers of 02:AB:00:00:00:01", "the printers of mac-1"},
		{[]Redaction{RedactPayload}, "10.0.0.5 is called “printer”.", "10.0.0.5 is called “label-2”."},
		{[]Redaction{RedactPayload}, "email: 2 distinct values, for example j***@e***.com, in it, in http-form.", "email: 2 distinct values, in http-form."},
		{[]Redaction{RedactNames}, "to www.example.net, www.example.net.evil.example.com and example.net", "to h1.d1.invalid, h2.d3.invalid and d1.invalid"},
		{[]Redaction{RedactNames}, "the odd name, register.yaml:12 and 10.0.0.5", "the d2.invalid, register.yaml:12 and 10.0.0.5"},
	} {
		_, d := r.Redact(c.what)
		if got := d.scrub(c.in); got != c.want {
			t.Errorf("%v of %q:\n got %q\nwant %q", c.what, c.in, got, c.want)
		}
	}
}

func destinationOf(client, label, name, domain string) *judge.Destination {
	return &judge.Destination{Inside: &judge.Inside{Client: netip.MustParseAddr(client), ClientLabel: label}, Name: name, Naming: &judge.Naming{}, Reached: &judge.Reached{}, Service: &judge.Service{},
		Attribution: &judge.Attribution{RegistrableDomain: domain}, Course: &judge.Course{}, Cited: &judge.Cited{}}
}
