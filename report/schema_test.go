package report

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"phonehome/analyze"
	"phonehome/fixtures"
)

// closed is the schema with no keys but those it lists: readers accept others, the tests don't.
func closed(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(ResultSchema))
	if err != nil {
		t.Fatal(err)
	}
	closeObjects(doc)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("result.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("result.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeObjects(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok {
			v["additionalProperties"] = false
		}
		for _, x := range v {
			closeObjects(x)
		}
	case []any:
		for _, x := range v {
			closeObjects(x)
		}
	}
}

func validate(t *testing.T, s *jsonschema.Schema, what string, r *analyze.Result) {
	t.Helper()
	var b bytes.Buffer
	if err := writeJSON(&b, r, Options{}); err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(&b)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(doc); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// TestFixturesFitTheSchema scans every case, with its register.
func TestFixturesFitTheSchema(t *testing.T) {
	s := closed(t)
	for _, c := range fixtures.Cases() {
		t.Run(c.Slug, func(t *testing.T) {
			t.Parallel()
			r := scanned(t, c, "register.yaml")
			validate(t, s, c.Slug, r)
			redacted, _ := r.Redact(analyze.Redactions())
			validate(t, s, c.Slug+" redacted", redacted)
		})
	}
}

func TestSamplesFitTheSchema(t *testing.T) {
	s := closed(t)
	validate(t, s, "empty", sample())
	validate(t, s, "office", office())
	validate(t, s, "hostile", hostile())
}

// TestSchemaRefuses: the schema can fail.
func TestSchemaRefuses(t *testing.T) {
	s := closed(t)
	for _, broken := range []string{`{}`, `[]`, `{"schema":"phonehome.result/2"}`} {
		var doc any
		if err := json.Unmarshal([]byte(broken), &doc); err != nil {
			t.Fatal(err)
		}
		if s.Validate(doc) == nil {
			t.Errorf("%s fits the schema", broken)
		}
	}
}

// TestSchemaListsEveryField: the schema has each field of the result, with a description and whether it is always there, and no others.
func TestSchemaListsEveryField(t *testing.T) {
	var doc map[string]any
	if err := json.Unmarshal([]byte(ResultSchema), &doc); err != nil {
		t.Fatal(err)
	}
	w := walker{t: t, defs: doc["$defs"].(map[string]any)}
	w.object("result", reflect.TypeFor[analyze.Result](), doc)
}

// walker holds Go types against schemas.
type walker struct {
	t    *testing.T
	defs map[string]any
}

func (w *walker) object(at string, goType reflect.Type, schema map[string]any) {
	properties := schema["properties"].(map[string]any)
	var required []string
	for _, k := range schema["required"].([]any) {
		required = append(required, k.(string))
	}
	known := map[string]bool{}
	for _, f := range reflect.VisibleFields(goType) {
		if f.Anonymous {
			continue // its fields are listed beside the others
		}
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || key == "-" {
			continue
		}
		known[key] = true
		p, ok := properties[key].(map[string]any)
		if !ok {
			w.t.Errorf("%s.%s is not in the schema", at, key)
			continue
		}
		if optional := strings.Contains(options, "omit"); optional == slices.Contains(required, key) {
			w.t.Errorf("%s.%s: required is %v in the schema", at, key, !optional)
		}
		w.property(at+"."+key, f.Type, p)
	}
	for key := range properties {
		if !known[key] {
			w.t.Errorf("%s.%s is in the schema and not in the result", at, key)
		}
	}
}

func (w *walker) property(at string, goType reflect.Type, schema map[string]any) {
	ref, isRef := schema["$ref"].(string)
	if isRef {
		schema = w.defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	if schema["description"] == nil {
		w.t.Errorf("%s has no description", at)
	}
	for goType.Kind() == reflect.Pointer {
		goType = goType.Elem()
	}
	items, isList := schema["items"].(map[string]any)
	switch {
	case isList && goType.Kind() == reflect.Slice:
		w.property(at+"[]", goType.Elem(), items)
	case schema["properties"] != nil && goType.Kind() == reflect.Struct:
		w.object(at, goType, schema)
	case isList || schema["properties"] != nil:
		w.t.Errorf("%s is a %s", at, goType)
	}
}

func TestFormats(t *testing.T) {
	met := map[string]string{}
	for _, f := range Formats {
		if got, ok := ByName(f.Name); !ok || got.Name != f.Name || f.Help == "" || (f.Write == nil) == (f.Folder == nil) || (f.Folder == nil) != (f.Files == "") {
			t.Errorf("format %+v", f)
		}
		for _, s := range f.Suffixes {
			if met[s] != "" {
				t.Errorf("%s means both %s and %s", s, met[s], f.Name)
			}
			met[s] = f.Name
			if got, _ := BySuffix("x/OUT" + strings.ToUpper(s)); got.Name != f.Name {
				t.Errorf("BySuffix(%s) is %q, want %s", s, got.Name, f.Name)
			}
		}
	}
	if _, ok := BySuffix("result"); ok {
		t.Error("a name without a suffix means a format")
	}
}
