package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// errOther is what a comparison says at the first byte that is another.
var errOther = errors.New("other bytes")

// comparison is a writer that holds what it gets against what it reads.
type comparison struct {
	was *bufio.Reader
	b   []byte
}

func (c *comparison) Write(p []byte) (int, error) {
	c.b = slices.Grow(c.b[:0], len(p))[:len(p)]
	if _, err := io.ReadFull(c.was, c.b); err != nil || !bytes.Equal(c.b, p) {
		return 0, errOther
	}
	return len(p), nil
}

// notDerived are the keys of a result that do not follow from the captures: which program made it, and what lay beside them and was passed over.
var notDerived = []string{"tool", "ignored"}

// decoded is a result as a JSON object, but for what is not derived. Numbers stay as they are written.
func decoded(b []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil {
		return nil, err
	}
	for _, key := range notDerived {
		delete(out, key)
	}
	return out, nil
}

// firstDifference says where two JSON values differ first, with both values; "" where they don't.
func firstDifference(path string, was, now any) string {
	switch a := was.(type) {
	case map[string]any:
		if b, ok := now.(map[string]any); ok {
			return firstOfObjects(path, a, b)
		}
	case []any:
		if b, ok := now.([]any); ok {
			return firstOfLists(path, a, b)
		}
	default:
		if was == now {
			return ""
		}
	}
	return fmt.Sprintf("%s is recorded as %s, and derived as %s", strings.TrimPrefix(path, "."), jsonText(was), jsonText(now))
}

func firstOfObjects(path string, was, now map[string]any) string {
	var keys []string
	for k := range was {
		keys = append(keys, k)
	}
	for k := range now {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range slices.Compact(keys) {
		if d := firstDifference(path+"."+k, was[k], now[k]); d != "" {
			return d
		}
	}
	return ""
}

func firstOfLists(path string, was, now []any) string {
	for i := range max(len(was), len(now)) {
		var a, b any
		if i < len(was) {
			a = was[i]
		}
		if i < len(now) {
			b = now[i]
		}
		if d := firstDifference(fmt.Sprintf("%s[%d]", path, i), a, b); d != "" {
			return d
		}
	}
	return ""
}

// jsonText is a value on one line, cut where it is long; what is not there is "nothing".
func jsonText(v any) string {
	const most = 200
	if v == nil {
		return "nothing"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	if len(b) > most {
		return string(b[:most]) + "…"
	}
	return string(b)
}

// samePiece compares a piece of a slice with what the file has at its place.
func samePiece(path, file string, piece []byte, offset int64) error {
	f, err := openRegular(path)
	if err != nil {
		return unreadable(err)
	}
	defer f.Close() // read only
	was := make([]byte, len(piece))
	n, err := f.ReadAt(was, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return unreadable(err)
	}
	for i := range piece {
		if i >= n || was[i] != piece[i] {
			return differs("%s differs from what is cut again at byte %d", file, offset+int64(i))
		}
	}
	return nil
}
