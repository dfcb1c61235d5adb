package intel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// jsonReader walks JSON without keeping it: a feed may have hundreds of megabytes.
type jsonReader struct {
	d     *json.Decoder
	data  []byte
	depth int
}

// eachKey calls a function with each key of each object at the top: one, an array of them, or one behind the other. The function reads the value.
func eachKey(data []byte, f func(j *jsonReader, key string) error) error {
	j := &jsonReader{d: json.NewDecoder(bytes.NewReader(data)), data: data}
	for {
		err := j.keys(func(key string) error { return f(j, key) })
		if errors.Is(err, io.EOF) && len(bytes.TrimSpace(data[j.d.InputOffset():])) == 0 && j.depth == 0 {
			return nil
		}
		if err != nil {
			return j.place(err)
		}
	}
}

// placed is an error that has its line.
type placed struct{ error }

func (p placed) Unwrap() error { return p.error }

func (j *jsonReader) place(err error) error {
	var p placed
	switch {
	case errors.As(err, &p):
		return err
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return placed{fmt.Errorf("%d: JSON: %w", lineAt(j.data, int(j.d.InputOffset())), err)}
}

var errDeep = fmt.Errorf("values lie more than %d deep", maxDepth)

// keys calls a function with each key of the next value: an object, or an array of them at any depth. Other values have none.
func (j *jsonReader) keys(f func(key string) error) error {
	t, err := j.d.Token()
	if err != nil {
		return err
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if j.depth++; j.depth > maxDepth {
		return errDeep
	}
	for j.d.More() {
		if open == '[' {
			err = j.keys(f)
		} else {
			err = j.pair(f)
		}
		if err != nil {
			return err
		}
	}
	if _, err = j.d.Token(); err != nil {
		return err
	}
	j.depth--
	return nil
}

func (j *jsonReader) pair(f func(key string) error) error {
	t, err := j.d.Token()
	if err != nil {
		return err
	}
	key, _ := t.(string)
	return f(key)
}

// each calls a function for each element of the next value, which it has to read. A value that is no array has none.
func (j *jsonReader) each(f func() error) error {
	t, err := j.d.Token()
	if err != nil {
		return err
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	for j.d.More() {
		if open == '[' {
			err = f()
		} else {
			err = j.pair(func(string) error { return j.skip() })
		}
		if err != nil {
			return err
		}
	}
	_, err = j.d.Token()
	return err
}

// skipped is a value that nobody looks at.
type skipped struct{}

func (skipped) UnmarshalJSON([]byte) error { return nil }

func (j *jsonReader) skip() error {
	var s skipped
	return j.d.Decode(&s)
}

// lenient reads a value. Parts that are of another type than they should be are left as they were.
func (j *jsonReader) lenient(v any) error {
	err := j.d.Decode(v)
	var other *json.UnmarshalTypeError
	if errors.As(err, &other) {
		return nil
	}
	return err
}

// manifestKey stands for keys that are UUIDs, as those of a MISP manifest are.
const manifestKey = "UUID"

// topKeys are the keys at the top, up to the first that only one format has.
func topKeys(data []byte) (map[string]bool, error) {
	keys := map[string]bool{}
	enough := errors.New("enough")
	err := eachKey(data, func(j *jsonReader, key string) error {
		if isUUID(key) {
			key = manifestKey
		}
		keys[key] = true
		switch key {
		case "list", "objects", "Event", "response", manifestKey:
			return enough
		}
		if len(keys) > headRows {
			return enough
		}
		return j.skip()
	})
	if err != nil && !errors.Is(err, enough) {
		return nil, err
	}
	return keys, nil
}

// isUUID: the text form of RFC 9562.
func isUUID(s string) bool {
	return len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-'
}
