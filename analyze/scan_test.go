package analyze

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// TestInterrupted: whoever reads, a scan that is interrupted ends its goroutines.
func TestInterrupted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pcap")
	file, _ := manyRecords(1000)
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for _, workers := range []int{1, 2} {
		ctx, cancel := context.WithCancel(context.Background())
		o := DefaultOptions()
		o.Inputs, o.Workers, o.BlockSize, o.AsOf = []string{path}, workers, 4096, "2026-01-01"
		o.Progress = func(Progress) { cancel() }
		if _, err := Scan(ctx, o); !errors.Is(err, context.Canceled) {
			t.Errorf("%d workers: %v, want to be cancelled", workers, err)
		}
		cancel()
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// manyRecords is a capture of n equal records, and one of them.
func manyRecords(n int) (file, record []byte) {
	file = binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	file = append(file, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0)
	record = append([]byte{0, 0, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0, 60, 0, 0, 0}, make([]byte, 60)...)
	return append(file, bytes.Repeat(record, n)...), record
}
