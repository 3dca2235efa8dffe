package kubernetes

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	chartHost = "helm.ngc.nvidia.com"
	otherHost = "cdn.example.com"
	inWorld   = "HELM_TEST_IN_WORLD" // set where chartHost resolves to this machine
)

// helms returns the paths of Helm's versions by name, omitting those that are not installed. It skips the
// test if none is.
func helms(t *testing.T) map[string]string {
	t.Helper()
	clients, err := filepath.Abs("../worlds/clients")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	out, err := exec.Command(clients, "helm", "helm-3").Output()
	if err != nil {
		t.Fatalf("clients: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		if name, rest, _ := strings.Cut(strings.TrimSpace(line), "\t"); !strings.HasPrefix(rest, "-") {
			found[name], _, _ = strings.Cut(rest, "\t")
		} else {
			t.Logf("%s cannot be had here: %s", name, strings.TrimPrefix(rest, "-\t"))
		}
	}
	if len(found) == 0 {
		t.Skip("Helm cannot be had here")
	}
	return found
}

// TestHelmCharts fetches charts through ragenv with Helm 3 and 4. In the test's own network and mount
// namespace, NVIDIA's server name resolves to a local server.
func TestHelmCharts(t *testing.T) {
	if os.Getenv(inWorld) != "" {
		testHelmCharts(t)
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can make a network namespace here")
	}
	programs := helms(t)
	for _, name := range []string{"unshare", "ip"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(err)
		}
	}
	world := exec.Command("unshare", "--net", "--mount", "--", os.Args[0], "-test.run=^TestHelmCharts$", "-test.v")
	world.Env = append(os.Environ(), inWorld+"=1", "E2E_BIN="+bin)
	for name, path := range programs {
		world.Env = append(world.Env, strings.ToUpper(strings.ReplaceAll(name, "-", ""))+"="+path)
	}
	out, err := world.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}

func testHelmCharts(t *testing.T) {
	hosts := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(hosts, []byte("127.0.0.1 localhost "+chartHost+" "+otherHost+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"mount", "--bind", hosts, "/etc/hosts"}, {"ip", "link", "set", "lo", "up"}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	for _, name := range []string{"HELM", "HELM3"} {
		if path := os.Getenv(name); path != "" {
			t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) { helmCharts(t, path) })
		}
	}
}

// chartServer stands in for NVIDIA's server.
type chartServer struct {
	chart []byte

	mu   sync.Mutex
	key  string   // the accepted key
	seen []string // "HOST PATH", followed by "key" if one was sent
}

func (s *chartServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, basic := r.BasicAuth()
	line := r.Host + " " + r.URL.Path
	if basic {
		line += " key"
	}
	s.mu.Lock()
	s.seen = append(s.seen, line)
	key := s.key
	s.mu.Unlock()
	switch {
	case r.Host == otherHost:
		_, _ = w.Write(s.chart)
	case user != "$oauthtoken" || password != key:
		w.WriteHeader(http.StatusUnauthorized)
	case strings.HasSuffix(r.URL.Path, "/index.yaml"):
		fmt.Fprintf(w, "apiVersion: v1\nentries:\n  demo:\n  - {apiVersion: v2, name: demo, version: 1.0.0, urls: [\"https://%s/nvidia/charts/demo-1.0.0.tgz\"]}\n  - {apiVersion: v2, name: demo, version: 0.9.0, urls: [\"charts/demo-0.9.0.tgz\"]}\n", chartHost)
	case strings.HasSuffix(r.URL.Path, "/moved.tgz"):
		http.Redirect(w, r, "https://"+otherHost+"/signed", http.StatusFound)
	case strings.HasSuffix(r.URL.Path, ".tgz"):
		_, _ = w.Write(s.chart)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// accept replaces the accepted key and returns the former one.
func (s *chartServer) accept(key string) (before string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, s.key = s.key, key
	return before
}

func (s *chartServer) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

// listen serves on port 443 and returns the file with the CA certificate.
func (s *chartServer) listen(t *testing.T) string {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{chartHost, otherHost}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:443", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}}})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return file
}

// demoChart returns a packaged chart.
func demoChart(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	pack := tar.NewWriter(zip)
	for name, text := range map[string]string{
		"demo/Chart.yaml":               "apiVersion: v2\nname: demo\nversion: 1.0.0\n",
		"demo/templates/configmap.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-the-chart}\n",
	} {
		if err := pack.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(pack, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(pack.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// person is a user with a home, a keychain and Helm.
type person struct {
	home
	helm string
	env  []string
}

func newPerson(t *testing.T, helm string, env ...string) person {
	p := person{newHome(t), helm, append([]string{"PATH=" + bin + ":" + os.Getenv("PATH")}, env...)}
	return p
}

// run runs a program as the user. It never logs standard output.
func (p person) run(program string, args ...string) (stdout, stderr string, err error) {
	p.t.Helper()
	if !strings.Contains(program, "/") {
		program = filepath.Join(bin, program)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = p.dir
	cmd.Env = append([]string{"HOME=" + p.dir}, p.env...)
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err = cmd.Run()
	return out.String(), errOut.String(), err
}

func (p person) ok(program string, args ...string) string {
	p.t.Helper()
	stdout, stderr, err := p.run(program, args...)
	if err != nil {
		p.t.Fatalf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, stderr)
	}
	return stdout
}

// fails checks that a program fails, and that its output contains want.
func (p person) fails(want, program string, args ...string) {
	p.t.Helper()
	stdout, stderr, err := p.run(program, args...)
	if err == nil || !strings.Contains(stdout+stderr, want) {
		p.t.Errorf("%s %s: %v, without %q:\n%s", filepath.Base(program), strings.Join(args, " "), err, want, stderr)
	}
	p.t.Logf("$ %s %s\n%s", filepath.Base(program), strings.Join(args, " "), stderr)
}

// noKeyIn fails the test for each file below dir that contains the key.
func noKeyIn(t *testing.T, dir, key string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(key)) {
			t.Errorf("%s holds the key", path)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files, %v", files, err)
	}
}

func helmCharts(t *testing.T, helm string) {
	server := &chartServer{key: newKey(), chart: demoChart(t)}
	authority := server.listen(t)
	p := newPerson(t, helm, "SSL_CERT_FILE="+authority)
	p.store("NGC_API_KEY", server.key)
	const chart = "ngc://" + chartHost + "/nvidia/charts/demo-1.0.0.tgz"

	p.fails("ngc", helm, "pull", chart)
	p.ok("ragenv", "helm", "configure")
	if list := p.ok(helm, "plugin", "list"); !strings.Contains(list, "ragenv-ngc") {
		t.Errorf("helm plugin list: %s", list)
	}
	p.ok("ragenv", "helm", "configure") // a second time

	p.ok(helm, "pull", chart)
	if got, err := os.ReadFile(filepath.Join(p.dir, "demo-1.0.0.tgz")); err != nil || !bytes.Equal(got, server.chart) {
		t.Errorf("another chart, or %v", err)
	}
	if out := p.ok(helm, "template", "rag", chart); !strings.Contains(out, "from-the-chart") {
		t.Errorf("helm template: %s", out)
	}
	p.ok(helm, "repo", "add", "nvidia", "ngc://"+chartHost+"/nvidia")
	p.ok(helm, "repo", "update")
	for _, version := range []string{"1.0.0", "0.9.0"} { // the index has an absolute URL for one and a relative one for the other
		p.ok(helm, "pull", "nvidia/demo", "--version", version)
	}
	for name, repository := range map[string]string{"scheme": "ngc://" + chartHost + "/nvidia", "name": "@nvidia"} {
		dir := filepath.Join(p.dir, "depends-by-"+name)
		writeChart(t, dir, repository)
		p.ok(helm, "dependency", "update", dir)
		if _, err := os.Stat(filepath.Join(dir, "charts", "demo-1.0.0.tgz")); err != nil {
			t.Error(err)
		}
	}
	server.requests()

	// Redirects are followed without the key.
	p.ok(helm, "pull", "ngc://"+chartHost+"/nvidia/charts/moved.tgz")
	want := []string{chartHost + " /nvidia/charts/moved.tgz key", otherHost + " /signed"}
	if seen := server.requests(); !slices.Equal(seen, want) {
		t.Errorf("requests %q", seen)
	}

	// A chart that itself names NVIDIA's server, with the key in a file in memory.
	dir := filepath.Join(p.dir, "depends-by-https")
	writeChart(t, dir, "https://"+chartHost+"/nvidia")
	p.fails("", helm, "dependency", "update", dir)
	p.ok("ragenv", "--file", "HELM_REPOSITORY_CONFIG=NGC_API_KEY:helm-repositories", "--", helm, "dependency", "update", dir)
	if _, err := os.Stat(filepath.Join(dir, "charts", "demo-1.0.0.tgz")); err != nil {
		t.Error(err)
	}
	noKeyIn(t, p.dir+"/.config", server.key)
	noKeyIn(t, p.dir+"/.cache", server.key)

	// Failures, as the user sees them.
	p.fails("no such chart or repository", helm, "pull", "ngc://"+chartHost+"/nvidia/none")
	p.fails("the key is sent to no other host", helm, "pull", "ngc://"+otherHost+"/x.tgz")
	good := server.accept(newKey())
	p.fails("does not take the key", helm, "pull", chart)
	server.accept(good)
	p.env = append(p.env, "SSL_CERT_FILE=/dev/null")
	server.requests()
	p.fails("certificate", helm, "pull", chart)
	if seen := server.requests(); len(seen) > 0 {
		t.Errorf("a server without a certificate got %q", seen)
	}
	p.ok(helm, "pull", chart, "--ca-file", authority)

	locked := newPerson(t, helm, "SSL_CERT_FILE="+authority)
	passphrase := filepath.Join(locked.dir, "passphrase")
	if err := os.RemoveAll(filepath.Join(locked.dir, ".local")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(passphrase, []byte(rand.Text()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	setup := exec.Command(filepath.Join(bin, "ragenv"), "setup", "--yes")
	setup.Env = []string{"HOME=" + locked.dir, "PATH=" + os.Getenv("PATH"), "RAGENV_PASSPHRASE_FILE=" + passphrase}
	if out, err := setup.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	locked.store("NGC_API_KEY", server.key)
	locked.ok("ragenv", "lock")
	locked.ok("ragenv", "helm", "configure")
	locked.fails("ragenv unlock", helm, "pull", chart)
	locked.env = append(locked.env, "RAGENV_PASSPHRASE_FILE="+passphrase)
	locked.ok(helm, "pull", chart)
	locked.ok("ragenv", "lock") // leave nothing in the machine's keyring

	p.ok("ragenv", "helm", "unconfigure")
	p.fails("ngc", helm, "pull", chart)
}

// writeChart writes a chart with a dependency in the repository.
func writeChart(t *testing.T, dir, repository string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("apiVersion: v2\nname: depends\nversion: 1.0.0\ndependencies:\n- {name: demo, version: 1.0.0, repository: %q}\n", repository)
	if err := os.WriteFile(filepath.Join(dir, "Chart.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
