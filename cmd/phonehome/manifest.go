package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// manifestName is the file of an evidence folder that sha256sum -c reads.
const manifestName = "MANIFEST"

// sum is one line of a MANIFEST.
type sum struct {
	sha256, file string // the file as a path from the folder, or an absolute one
}

// manifestEscapes are what sha256sum of GNU writes for what would break a line (coreutils manual, "md5sum invocation"); a line with any begins with a backslash.
var (
	manifestEscapes   = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)
	manifestUnescapes = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r")
)

func (s sum) line() string {
	if escaped := manifestEscapes.Replace(s.file); escaped != s.file {
		return `\` + s.sha256 + "  " + escaped + "\n"
	}
	return s.sha256 + "  " + s.file + "\n"
}

// parseSum reads a line of a MANIFEST.
func parseSum(line string) (sum, error) {
	line = strings.TrimSuffix(line, "\n")
	rest, escaped := strings.CutPrefix(line, `\`)
	digest, file, ok := strings.Cut(rest, "  ")
	if b, err := hex.DecodeString(digest); !ok || err != nil || len(b) != sha256.Size || file == "" {
		return sum{}, errors.New("is no SHA-256, two spaces and a path")
	}
	if escaped {
		file = manifestUnescapes.Replace(file)
	}
	return sum{digest, file}, nil
}

// maxManifestLine bounds a line of a MANIFEST: a path has at most 4096 bytes on Linux, twice that with escapes.
const maxManifestLine = 16 << 10

// readManifest reads the MANIFEST of a folder.
func readManifest(dir string) (out []sum, err error) {
	path := filepath.Join(dir, manifestName)
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // read only
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxManifestLine)
	for n := 1; lines.Scan(); n++ {
		s, err := parseSum(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, n, err)
		}
		out = append(out, s)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// openRegular opens a file that is one: a folder that others made can name pipes and devices.
func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	return os.Open(path)
}

// hashFile is the SHA-256 of a file.
func hashFile(path string) (string, error) {
	f, err := openRegular(path)
	if err != nil {
		return "", err
	}
	defer f.Close() // read only
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// fromFolder is the path of a file as a MANIFEST in dir has it: an absolute one stays, any other leads there from dir.
func fromFolder(dir, path string) string {
	if filepath.IsAbs(path) && !within(path, realPath(dir)) {
		return path
	}
	rel, err := filepath.Rel(realPath(dir), realPath(path))
	if err != nil {
		return absolute(path)
	}
	return filepath.ToSlash(rel)
}

// intoFolder turns fromFolder round.
func intoFolder(dir, file string) string {
	if path := filepath.FromSlash(file); filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(realPath(dir), filepath.FromSlash(file))
}

// realPath is an absolute path whose folder is no link: what leads up from a folder leads up from where it really is.
func realPath(path string) string {
	folder, base := filepath.Split(absolute(path))
	return filepath.Join(realTop(folder), base)
}
