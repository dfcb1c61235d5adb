package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"phonehome/analyze/vendors"
)

// makers re-writes oui-data: assignments of the IEEE (hexadecimal digits of the prefix) to name and postal address. Only the name is kept.
func makers(s source) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(s.folder, "index.json"))
	if err != nil {
		return nil, err
	}
	var rows map[string]string
	if err := json.Unmarshal(text, &rows); err != nil {
		return nil, err
	}
	names := make(map[string]string, len(rows))
	for prefix, address := range rows {
		name, _, _ := strings.Cut(address, "\n")
		name = strings.Join(strings.Fields(name), " ")
		if authority(name) {
			continue
		}
		names[strings.ToLower(prefix)] = name
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no assignments in %s", s.folder)
	}
	return vendors.CompileMakers(names)
}

// authority says whether a name is no maker's: of blocks that the IEEE hands out in parts, and of those whose owner is kept secret.
func authority(name string) bool {
	return name == "" || name == "IEEE Registration Authority" || strings.EqualFold(name, "Private")
}
