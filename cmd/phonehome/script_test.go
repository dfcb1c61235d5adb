package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"phonehome/fixtures"
)

var update = flag.Bool("update", false, "rewrite the outputs that scripts compare with")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"phonehome": main, productName: productMain})
}

// scripted are the cases that scripts have as captures, by the name of the file.
var scripted = map[string]string{
	"hello.pcap":   "hello-split-records",
	"cut.pcapng":   "pcapng-cut",
	"bad.pcapng":   "pcapng-bad-block",
	"outside.pcap": "outside-only",
	"hostile.pcap": "hostile-names",
	"snapped.pcap": "snaplen-96",
	"proxy.pcap":   "proxy-both-legs",
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Condition: func(name string) (bool, error) {
			if name != "mortal" {
				return false, fmt.Errorf("there is no condition %s", name)
			}
			return os.Geteuid() > 0, nil // root may write where nobody may; elsewhere than on Unix folders are not read-only
		},
		Setup: func(e *testscript.Env) error {
			demo, err := os.ReadFile("../../fixtures/demo.pcap")
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(e.WorkDir, "demo.pcap"), demo, 0o644); err != nil {
				return err
			}
			if err := layLists(e.WorkDir); err != nil {
				return err
			}
			return layCases(e.WorkDir)
		},
	})
}

// layLists writes a list of one address of the demonstration, compressed, and cut.
func layLists(folder string) error {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte("203.0.113.77\n")); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "list.gz"), b.Bytes(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "cut.gz"), b.Bytes()[:b.Len()-4], 0o644)
}

func layCases(folder string) error {
	bySlug := map[string]fixtures.Case{}
	for _, c := range fixtures.Cases() {
		bySlug[c.Slug] = c
	}
	for name, slug := range scripted {
		c, ok := bySlug[slug]
		if !ok {
			return fmt.Errorf("there is no case %s", slug)
		}
		if err := os.WriteFile(filepath.Join(folder, name), c.Make().Files[0].Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
