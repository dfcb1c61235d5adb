package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// productName is the command that stands for the product of the recipe: this test again, as a server with a certificate of its own making, and as a client.
const productName = "phonehome-test-product"

const (
	serverAddr  = "203.0.113.10" // of documentation (RFC 5737): outside, whoever asks
	productTime = 5 * time.Second
)

// productMain plays the part that the command line gives: "serve FILE" answers TLS with a certificate, "visit NAME..." says hello.
func productMain() {
	if err := product(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func product(args []string) error {
	if args[0] == "serve" {
		cert, err := tls.LoadX509KeyPair(args[1], args[1])
		if err != nil {
			return err
		}
		l, err := tls.Listen("tcp", serverAddr+":443", &tls.Config{Certificates: []tls.Certificate{cert}})
		if err != nil {
			return err
		}
		for {
			c, err := l.Accept()
			if err != nil {
				return err
			}
			go func() { defer c.Close(); io.Copy(c, c) }()
		}
	}
	for _, name := range args[1:] {
		if err := visit(name); err != nil {
			return err
		}
	}
	return nil
}

// visit opens a connection for a name, sends a little, and reads it back.
func visit(name string) error {
	d := &net.Dialer{Timeout: productTime}
	c, err := tls.DialWithDialer(d, "tcp", serverAddr+":443", &tls.Config{ServerName: name, InsecureSkipVerify: true})
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := io.WriteString(c, "telemetry"); err != nil {
		return err
	}
	_, err = io.ReadFull(c, make([]byte, len("telemetry")))
	return err
}

// network makes two ends of a cable: the product's, in a network namespace of its own, and the world's, where the server is. It is the part of a CI system.
const network = `set -eu
export INTERFACE=outside KNOWN_NAME=updates.example.com
unshare -n sleep 60 & inside=$!
trap 'kill $inside $server' EXIT
ip link set lo up
ip link add outside type veth peer name inside
for i in 1 2 3 4 5 6 7 8 9; do ip link set inside netns $inside 2>/dev/null && break; sleep 0.1; done
ip addr add 10.0.0.1/24 dev outside
ip addr add 203.0.113.10/32 dev outside
ip link set outside up
in_namespace() { nsenter -t $inside -n "$@"; }
in_namespace ip addr add 10.0.0.2/24 dev inside
in_namespace ip link set inside up
in_namespace ip route add default via 10.0.0.1
` + productName + ` serve "$CERTIFICATE" & server=$!
for i in 1 2 3 4 5 6 7 8 9; do in_namespace ` + productName + ` visit ready.example.com 2>/dev/null && break; sleep 0.1; done
product_test() { in_namespace ` + productName + ` visit "$@"; }
`

// runs are the steps of the recipe, and others that must fail.
const runs = `
PRODUCT_TEST='product_test updates.example.com telemetry-7.example.net'
%first%
(
PRODUCT_TEST='product_test updates.example.com telemetry-12.example.net'
%build%
)
echo "replay: $?"
set +e
(
set -e
PRODUCT_TEST='product_test updates.example.com telemetry-7.example.net someone-new.example.org'
%build%
)
echo "one more: $?"
(
set -e
PRODUCT_TEST=true
%build%
)
echo "dead: $?"
`

// recipe are the blocks of shell of docs/ci.md: the function, the first run, and that of every build.
func recipe(t *testing.T) (function, first, build string) {
	t.Helper()
	parts := strings.Split(page(t, "../../docs/ci.md"), "```sh\n")
	if len(parts) != 4 {
		t.Fatalf("docs/ci.md has %d blocks of shell, want 3", len(parts)-1)
	}
	for i := range parts {
		parts[i], _, _ = strings.Cut(parts[i], "```")
	}
	return parts[1], parts[2], parts[3]
}

// TestRecipe runs the recipe of docs/ci.md with a real client and server, on a cable between two network namespaces.
func TestRecipe(t *testing.T) {
	for _, tool := range []string{"unshare", "nsenter", "ip", "tcpdump"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("not run: %s is not installed", tool)
		}
	}
	if out, err := exec.Command("unshare", "-n", "ip", "link", "add", "name", "outside", "type", "veth", "peer", "name", "inside").CombinedOutput(); err != nil {
		t.Skipf("not run: no network namespace with a veth pair may be made here (%v: %s)", err, out)
	}
	function, first, build := recipe(t)
	script := network + function + strings.NewReplacer("%first%", first, "%build%", build).Replace(runs)
	out := runRecipe(t, script)
	for _, want := range []string{"replay: 0", "one more: 1", "exit 1 (1 finding of destinations that are not in the baseline)", "dead: 3", "updates.example.com"} {
		if !strings.Contains(out, want) {
			t.Errorf("the recipe does not say %q:\n%s", want, out)
		}
	}
}

func runRecipe(t *testing.T, script string) string {
	t.Helper()
	const longest = time.Minute
	folder := t.TempDir()
	certificate := filepath.Join(folder, "server.pem")
	writeCertificate(t, certificate)
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	c := exec.CommandContext(ctx, "unshare", "-n", "bash", "-c", script)
	c.Dir = folder
	c.Env = append(os.Environ(), "CERTIFICATE="+certificate)
	c.WaitDelay = time.Second
	out, err := c.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// writeCertificate writes a key and a certificate of its own, as one file.
func writeCertificate(t *testing.T, path string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	both := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	if err := os.WriteFile(path, both, 0o600); err != nil {
		t.Fatal(err)
	}
}
