package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"

	"phonehome/analyze"
	"phonehome/analyze/judge"
)

// writeJSON writes the result as JSON with an indent of two spaces, an element of a list at a time: of a million destinations, no more
// than one is held as text.
func writeJSON(w io.Writer, r *analyze.Result, _ Options) error {
	const buffer = 256 << 10
	j := newJSONWriter(bufio.NewWriterSize(w, buffer))
	j.whole = r.Whole
	v := reflect.ValueOf(r).Elem()
	sep := "{\n"
	for i := range v.NumField() {
		key, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if key == "" || key == "-" || options == "omitzero" && v.Field(i).IsZero() {
			continue
		}
		j.text(sep + `  "` + key + `": `)
		j.field(v.Field(i))
		sep = ",\n"
	}
	j.text("\n}\n")
	return j.finish()
}

// jsonWriter keeps the first error.
type jsonWriter struct {
	w       *bufio.Writer
	value   bytes.Buffer
	encoder *json.Encoder // into value
	laidOut []byte
	whole   func(*judge.Destination) *judge.Destination
	err     error
}

func newJSONWriter(w *bufio.Writer) *jsonWriter {
	j := &jsonWriter{w: w}
	j.encoder = json.NewEncoder(&j.value)
	j.encoder.SetEscapeHTML(false)
	return j
}

func (j *jsonWriter) text(s string) {
	if j.err == nil {
		_, j.err = j.w.WriteString(s)
	}
}

// field writes the value of one key of the result.
func (j *jsonWriter) field(v reflect.Value) {
	if v.Kind() != reflect.Slice {
		j.encode(v.Addr(), "  ")
		return
	}
	if v.Len() == 0 {
		j.text("[]")
		return
	}
	sep := "[\n    "
	for i := 0; i < v.Len() && j.err == nil; i++ {
		j.text(sep)
		if d, ok := v.Index(i).Interface().(*judge.Destination); ok {
			j.encode(reflect.ValueOf(j.whole(d)), "    ")
		} else {
			j.encode(v.Index(i).Addr(), "    ")
		}
		sep = ",\n    "
	}
	j.text("\n  ]")
}

// encode writes one value; prefix is the indent of its closing bracket.
func (j *jsonWriter) encode(v reflect.Value, prefix string) {
	if j.err != nil {
		return
	}
	j.value.Reset()
	if j.err = j.encoder.Encode(v.Interface()); j.err != nil {
		return
	}
	j.laidOut = appendLaidOut(j.laidOut[:0], bytes.TrimSuffix(j.value.Bytes(), []byte("\n")), prefix)
	_, j.err = j.w.Write(j.laidOut)
}

func (j *jsonWriter) finish() error {
	if j.err == nil {
		j.err = j.w.Flush()
	}
	if j.err != nil {
		return fmt.Errorf("write json: %w", j.err)
	}
	return nil
}

// Indented writes a value as JSON, whole, as the result is written: indented, and safe to be looked at on a terminal.
func Indented(w io.Writer, v any) error {
	j := newJSONWriter(bufio.NewWriter(w))
	j.encode(reflect.ValueOf(v), "")
	j.text("\n")
	return j.finish()
}
