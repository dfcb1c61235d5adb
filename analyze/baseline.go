package analyze

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"

	"phonehome/analyze/judge"
)

// LockHeader is the first line of a lock file. A file of another version is refused: a gate that can't read its baseline must not pass.
const LockHeader = "# phonehome.lock/1"

// readBaselines reads lock files and results; what they have counts as known.
func readBaselines(o *Options) (*judge.Baseline, error) {
	if len(o.Baseline) == 0 {
		return nil, nil
	}
	b := judge.NewBaseline()
	for _, p := range o.Baseline {
		if err := readBaseline(b, o.at(p)); err != nil {
			return nil, fmt.Errorf("baseline %s: %w", p, err)
		}
	}
	return b, nil
}

func readBaseline(b *judge.Baseline, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() // read only
	r := bufio.NewReader(f)
	head, err := r.Peek(len(LockHeader) + 1)
	if bytes.HasPrefix(head, []byte("{")) {
		result, err := ReadResult(r)
		if err != nil {
			return err
		}
		for _, k := range judge.Keys(result.Destinations, result.Findings) {
			b.Add(k)
		}
		return nil
	}
	if line := strings.TrimRight(string(head), "\r\n"); err != nil && line != LockHeader || line != LockHeader {
		return fmt.Errorf("is neither a result nor a lock file, which begins with %q", LockHeader)
	}
	return readLock(b, r)
}

func readLock(b *judge.Baseline, r *bufio.Reader) error {
	const fields = 5
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if len(strings.Fields(line)) != fields {
			return fmt.Errorf("line %d: must be rule, domain or network, host, service and asset", n)
		}
		b.Add(strings.Join(strings.Fields(line), " "))
	}
	return lines.Err()
}
