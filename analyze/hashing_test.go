package analyze

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"phonehome/analyze/capture"
)

// TestHashApart changes a file while it is scanned and hashed apart: result and hash are those of the same bytes.
func TestHashApart(t *testing.T) {
	file, record := manyRecords(20000)
	for _, c := range []struct {
		name    string
		change  func(path string) error
		packets uint64
		damage  string
		passes  int
	}{
		{"left alone", func(string) error { return nil }, 20000, "", 1},
		{"written to", func(p string) error { return os.WriteFile(p, append(bytes.Clone(file), record...), 0o600) }, 20001, "", 2},
		{"written over", func(p string) error {
			other := bytes.Clone(file)
			other[len(other)-1] ^= 1
			return os.WriteFile(p, other, 0o600)
		}, 20000, "", 2},
		{"cut", func(p string) error { return os.Truncate(p, int64(len(file)-len(record))) }, 19999, "became shorter while it was read", 2},
	} {
		for _, workers := range []int{1, 2} {
			path := filepath.Join(t.TempDir(), "x.pcap")
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
			o := DefaultOptions()
			o.Inputs, o.Workers, o.BlockSize, o.HashApart, o.AsOf = []string{path}, workers, 4096, 1, "2026-01-01"
			passes := 0
			o.Progress = func(p Progress) { // is called once a pass, which has not read half of it then
				if passes++; passes == 1 {
					if err := c.change(path); err != nil {
						t.Error(err)
					}
				}
			}
			r, err := Scan(context.Background(), o)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			now, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			sum, damage := sha256.Sum256(now), ""
			got := r.Captures[0]
			if len(got.Damage) > 0 {
				damage = got.Damage[0].Reason
			}
			if got.SHA256 != hex.EncodeToString(sum[:]) || got.Packets != c.packets || damage != c.damage || passes != c.passes {
				t.Errorf("%s: SHA-256 %s, %d packets, damage %q, %d passes, want %x, %d, %q, %d", c.name, got.SHA256, got.Packets, damage, passes, sum, c.packets, c.damage, c.passes)
			}
		}
	}
}

// TestHashApartIsGivenUp: after a pass that is void, none hashes apart any more, and what can be read only once never is.
func TestHashApartIsGivenUp(t *testing.T) {
	in := &input{set: &capture.Set{}}
	var tried []int64
	o := DefaultOptions()
	_, err := hashApart(o, in, func(o Options) (int, error) {
		tried = append(tried, o.HashApart)
		return 0, errVoid
	})
	if !errors.Is(err, errVoid) || len(tried) != 2 || tried[0] != bigFile || tried[1] != 0 {
		t.Errorf("%v, with files apart from %d on", err, tried)
	}
}
