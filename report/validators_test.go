package report

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"phonehome/analyze"
)

// judged are the results that foreign validators are asked about.
func judged() map[string]*analyze.Result {
	return map[string]*analyze.Result{"busy": busy(), "quiet": sample(), "hostile": attacked()}
}

// TestJUnitSchema asks xmllint whether the XML fits what common readers want.
func TestJUnitSchema(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("not run: xmllint is not installed")
	}
	for name, r := range judged() {
		c := exec.Command(xmllint, "--noout", "--huge", "--schema", "testdata/junit.xsd", "-")
		c.Stdin = strings.NewReader(rendered(t, "junit", r))
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
	c := exec.Command(xmllint, "--noout", "--schema", "testdata/junit.xsd", "-")
	c.Stdin = strings.NewReader("<testsuites><testsuite/></testsuites>")
	if c.Run() == nil {
		t.Error("the schema accepts a suite without anything")
	}
}

// npmPackage is a folder of an npm package that CI installs.
func npmPackage(t *testing.T, name string) string {
	t.Helper()
	folder := filepath.Join("../.ci/node_modules", filepath.FromSlash(name))
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("not run: npm package %s is not installed", name)
	}
	return folder
}

const multitool = "@microsoft/sarif-multitool-linux"

// TestSARIFSchema holds SARIF against the schema of OASIS.
func TestSARIFSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(npmPackage(t, multitool), "sarif-2.1.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range judged() {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(rendered(t, "sarif", r)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if doc, _ := jsonschema.UnmarshalJSON(strings.NewReader(`{"version":"2.1.0","runs":[{}]}`)); schema.Validate(doc) == nil {
		t.Error("the schema accepts a run without a tool")
	}
}

// unimportant are rules of the validator that do not fit: the program has no page on the web to name.
var unimportant = map[string]string{"SARIF2005": "informationUri: the project has no address"}

// TestSARIFValidator asks the validator of SARIF's own makers, with GitHub's rules. It ends well whatever it finds: its results count.
func TestSARIFValidator(t *testing.T) {
	tool := filepath.Join(npmPackage(t, multitool), "Sarif.Multitool")
	folder := t.TempDir()
	for name, r := range judged() {
		in, out := filepath.Join(folder, name+".sarif"), filepath.Join(folder, name+".out.sarif")
		if err := os.WriteFile(in, []byte(rendered(t, "sarif", r)), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, message := range validated(t, tool, in, out) {
			t.Errorf("%s: %s", name, message)
		}
	}
	bad := filepath.Join(folder, "bad.sarif")
	broken := strings.Replace(rendered(t, "sarif", busy()), `"startLine": 7`, `"startLine": 0`, 1)
	if err := os.WriteFile(bad, []byte(broken), 0o644); err != nil {
		t.Fatal(err)
	}
	if len(validated(t, tool, bad, filepath.Join(folder, "bad.out.sarif"))) == 0 {
		t.Error("the validator finds nothing wrong with a line 0")
	}
}

func validated(t *testing.T, tool, in, out string) (messages []string) {
	t.Helper()
	c := exec.Command(tool, "validate", in, "--rule-kind", "Sarif;Ghas", "--output", out, "--log", "ForceOverwrite")
	c.Env = append(os.Environ(), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1")
	talk, err := c.CombinedOutput()
	b, readErr := os.ReadFile(out)
	if readErr != nil {
		t.Fatalf("%v, %v: %s", err, readErr, talk)
	}
	var log struct {
		Runs []struct {
			Results []struct {
				RuleID  string `json:"ruleId"`
				Message struct {
					ID string `json:"id"`
				}
				Locations json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(b, &log); err != nil {
		t.Fatal(err)
	}
	for _, run := range log.Runs {
		for _, x := range run.Results {
			if unimportant[x.RuleID] == "" {
				messages = append(messages, x.RuleID+" "+x.Message.ID+" "+string(x.Locations))
			}
		}
	}
	return messages
}
