//go:build unix && !race

package report

import (
	"syscall"
	"testing"
	"time"
)

// TestCrowdedPageIsFast: the time of processors, so that other work on the machine does not count.
func TestCrowdedPageIsFast(t *testing.T) {
	const most = time.Second
	r := crowded(500, 20_000)
	htmlOf(t, sample(), Options{})
	begin := processorTime(t)
	htmlOf(t, r, Options{})
	took := processorTime(t) - begin
	t.Log(took)
	if took > most {
		t.Errorf("%s, want at most %s", took, most)
	}
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano())
}
