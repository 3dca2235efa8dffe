//go:build linux || darwin

// Package action_test runs the GitHub Action's script against releases in local directories, and the
// examples for other CI systems in docs/ci.md.
package action_test

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

func TestMain(m *testing.M) { scripttest.Clean(m) }

const version = "1.2.3"

// release is a directory with the files of a release that the action uses.
type release struct{ dir, archive, sum string }

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// newRelease packs both programs at the top level of the archive, as .goreleaser.yaml does.
func newRelease(t *testing.T) release {
	t.Helper()
	r := release{dir: t.TempDir(), archive: fmt.Sprintf("ragenv_%s_%s_%s.tar.gz", version, runtime.GOOS, runtime.GOARCH)}
	f, err := os.Create(filepath.Join(r.dir, r.archive))
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.New()
	packed, err := gzip.NewWriterLevel(writers{f, hash}, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewWriter(packed)
	for _, name := range []string{scripttest.Ragenv, scripttest.Helper} {
		data, err := os.ReadFile(scripttest.Binary(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	for _, close := range []func() error{archive.Close, packed.Close, f.Close} {
		if err := close(); err != nil {
			t.Fatal(err)
		}
	}
	r.sum = hex.EncodeToString(hash.Sum(nil))
	write(t, filepath.Join(r.dir, "checksums.txt"), strings.Repeat("0", 64)+"  other.deb\n"+r.sum+"  "+r.archive+"\n", 0o600)
	return r
}

type writers []interface{ Write([]byte) (int, error) }

func (w writers) Write(p []byte) (int, error) {
	for _, each := range w {
		if n, err := each.Write(p); err != nil {
			return n, err
		}
	}
	return len(p), nil
}

// runner has the home, directories and files that a runner gives to a step.
type runner struct {
	dir string
	env []string
}

// newRunner returns a runner whose gh is the given script. If gh is empty, its gh lacks the command.
func newRunner(t *testing.T, gh string) runner {
	t.Helper()
	r := runner{dir: t.TempDir()}
	for _, dir := range []string{"bin", "temp"} {
		if err := os.Mkdir(filepath.Join(r.dir, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if gh == "" {
		gh = "exit 1" // like a gh without the command
	}
	write(t, filepath.Join(r.dir, "bin", "gh"), "#!/bin/sh\n"+gh+"\n", 0o700)
	r.env = []string{
		"HOME=" + r.dir, "PATH=" + filepath.Join(r.dir, "bin") + ":/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin",
		"RUNNER_TEMP=" + filepath.Join(r.dir, "temp"), "GITHUB_PATH=" + filepath.Join(r.dir, "path"), "GITHUB_OUTPUT=" + filepath.Join(r.dir, "output"),
	}
	return r
}

// run runs the action's script.
func (r runner) run(env ...string) (output string, err error) {
	cmd := exec.Command("bash", "../../action/install.sh")
	cmd.Env = append(append([]string{}, r.env...), env...)
	data, err := cmd.CombinedOutput()
	return string(data), err
}

func (r runner) read(name string) string {
	data, _ := os.ReadFile(filepath.Join(r.dir, name)) // a missing file is empty
	return string(data)
}

func needsCurl(t *testing.T) {
	t.Helper()
	for _, program := range []string{"bash", "curl", "tar"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
}

func TestInstalls(t *testing.T) {
	needsCurl(t)
	r := newRelease(t)
	server := httptest.NewTLSServer(http.StripPrefix("/v"+version, http.FileServer(http.Dir(r.dir))))
	defer server.Close()
	attests := `printf '%s\n' "$*" >>~/gh-was-asked`
	for name, url := range map[string]string{"directory": "file://" + r.dir, "server": server.URL + "/v" + version + "/"} {
		t.Run(name, func(t *testing.T) {
			runner := newRunner(t, attests)
			authority := filepath.Join(runner.dir, "ca.pem")
			write(t, authority, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})), 0o600)
			output, err := runner.run("RAGENV_VERSION=v"+version, "RAGENV_RELEASE_URL="+url, "RAGENV_SHA256="+r.sum, "CURL_CA_BUNDLE="+authority)
			if err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			dir := strings.TrimSpace(runner.read("path"))
			if runner.read("output") != "directory="+dir+"\n" {
				t.Errorf("output: %q, path: %q", runner.read("output"), dir)
			}
			if asked := runner.read("gh-was-asked"); !regexp.MustCompile(`(?m)^attestation verify /\S+/` + regexp.QuoteMeta(r.archive) + ` --repo ragenv/ragenv$`).MatchString(asked) {
				t.Errorf("gh was asked: %q", asked)
			}
			if config := runner.read(".docker/config.json"); !strings.Contains(config, `"nvcr.io": "ngc"`) {
				t.Errorf("Docker's configuration: %s\n%s", config, output)
			}
			// As in a later step of the job, with the key in its environment.
			key := scripttest.NewKey()
			cmd := exec.Command("docker-credential-ngc", "get")
			cmd.Path = filepath.Join(dir, scripttest.Helper)
			cmd.Err = nil
			cmd.Stdin, cmd.Env = strings.NewReader("nvcr.io"), append(append([]string{}, runner.env...), "NGC_API_KEY="+key)
			if answer, err := cmd.Output(); err != nil || !strings.Contains(string(answer), key) {
				t.Errorf("the helper does not answer with the key: %v", err)
			}
			if left, _ := filepath.Glob(filepath.Join(runner.dir, "temp", "ragenv-download.*")); len(left) > 0 {
				t.Errorf("left behind: %s", left)
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	needsCurl(t)
	noRelease := t.TempDir()
	zeros := strings.Repeat("0", 64)
	for name, c := range map[string]struct {
		change func(t *testing.T, r *release)
		env    []string
		gh     string
		says   string
	}{
		"changed archive": {change: func(t *testing.T, r *release) {
			f, err := os.OpenFile(filepath.Join(r.dir, r.archive), os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteString("x")
			}
			if err == nil {
				err = f.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
		}, says: "is not what checksums.txt says: its SHA-256 is "},
		"archive without checksum": {change: func(t *testing.T, r *release) {
			write(t, filepath.Join(r.dir, "checksums.txt"), zeros+"  x"+r.archive+"\n"+zeros+"  "+r.archive+".cdx.json\n", 0o600)
		}, says: "error: checksums.txt does not have ragenv_"},
		"missing archive": {change: func(t *testing.T, r *release) {
			if err := os.Remove(filepath.Join(r.dir, r.archive)); err != nil {
				t.Fatal(err)
			}
		}, says: "error: cannot download file://"},
		"missing checksums":      {change: func(_ *testing.T, r *release) { r.dir = noRelease }, says: "/checksums.txt\n"},
		"checksum of workflow":   {env: []string{"RAGENV_SHA256=" + zeros}, says: "is not what the workflow asks for"},
		"no version":             {env: []string{"RAGENV_VERSION="}, says: "the version is not one of a release: ''"},
		"a version with a path":  {env: []string{"RAGENV_VERSION=1.2.3/../x"}, says: "the version is not one of a release"},
		"no attestation":         {gh: `[ "$3" = --help ]`, says: "error: the attestation of ragenv_"},
		"attestation without gh": {env: []string{"RAGENV_ATTESTATION=require"}, says: `error: gh, or its command "attestation", is not installed`},
		"mistyped attestation":   {env: []string{"RAGENV_ATTESTATION=yes"}, says: "attestation is not auto, require or skip: 'yes'"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRelease(t)
			if c.change != nil {
				c.change(t, &r)
			}
			runner := newRunner(t, c.gh)
			output, err := runner.run(append([]string{"RAGENV_VERSION=" + version, "RAGENV_RELEASE_URL=file://" + r.dir}, c.env...)...)
			if err == nil || !strings.Contains(output, c.says) || !strings.Contains(output, "\nragenv action: hint: ") {
				t.Errorf("%v\n%s", err, output)
			}
			if runner.read("path") != "" {
				t.Error("the programs are on PATH all the same")
			}
			if left, _ := filepath.Glob(filepath.Join(runner.dir, "temp", "*")); len(left) > 0 {
				t.Errorf("left behind: %s", left)
			}
		})
	}
}

// A complete release that is served without TLS is refused.
func TestRefusesPlainHTTP(t *testing.T) {
	needsCurl(t)
	r := newRelease(t)
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		asked.Add(1)
		http.FileServer(http.Dir(r.dir)).ServeHTTP(w, req)
	}))
	defer server.Close()
	output, err := newRunner(t, "").run("RAGENV_VERSION="+version, "RAGENV_RELEASE_URL="+server.URL)
	if err == nil || asked.Load() != 0 || !strings.Contains(output, "error: cannot download "+server.URL+"/checksums.txt") {
		t.Errorf("%d requests, %v\n%s", asked.Load(), err, output)
	}
}

func TestSaysThatNothingAttested(t *testing.T) {
	needsCurl(t)
	r := newRelease(t)
	for _, how := range []string{"auto", "skip"} {
		runner := newRunner(t, "")
		output, err := runner.run("RAGENV_VERSION="+version, "RAGENV_RELEASE_URL=file://"+r.dir, "RAGENV_ATTESTATION="+how)
		if err != nil || !strings.Contains(output, "The attestation of "+r.archive+" is not verified: ") {
			t.Errorf("%s: %v\n%s", how, err, output)
		}
	}
}

// The action passes every variable in the script's usage header, and every input reaches the script.
func TestMetadata(t *testing.T) {
	text, err := os.ReadFile("../../action/action.yml")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("../../action/install.sh")
	if err != nil {
		t.Fatal(err)
	}
	inputs, _, _ := strings.Cut(string(text), "\noutputs:")
	names := regexp.MustCompile(`(?m)^  (\w+):$`).FindAllStringSubmatch(inputs[strings.Index(inputs, "\ninputs:"):], -1)
	variables := regexp.MustCompile(`(?m)^        (\w+): \$\{\{ inputs\.(\w+) \}\}$`).FindAllStringSubmatch(string(text), -1)
	if len(names) == 0 || len(names) != len(variables) {
		t.Errorf("%d inputs, %d are handed over", len(names), len(variables))
	}
	given := map[string]bool{}
	for _, v := range variables {
		given[v[2]] = true
		if !strings.Contains(string(script), "#     "+v[1]) {
			t.Errorf("the script's usage does not have %s", v[1])
		}
	}
	for _, n := range names {
		if !given[n[1]] {
			t.Errorf("the input %s is not handed over", n[1])
		}
	}
}

// actionlint checks the action's metadata by way of a workflow that uses it, and the workflow in
// docs/ci.md.
func TestActionlint(t *testing.T) {
	cache := os.Getenv("RAGENV_TOOLS_CACHE") // as in scripts/lib/tool
	if cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			t.Skip(err)
		}
		cache = filepath.Join(dir, "ragenv-tools")
	}
	found, _ := filepath.Glob(filepath.Join(cache, "actionlint-*", "actionlint"))
	if len(found) == 0 {
		t.Skip("actionlint is not built (scripts/lib/tool actionlint)")
	}
	dir := t.TempDir()
	for _, d := range []string{".git", ".github/workflows", "action"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	metadata, err := os.ReadFile("../../action/action.yml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "action/action.yml"), string(metadata), 0o600)
	lint := func(workflow string) (string, error) {
		write(t, filepath.Join(dir, ".github/workflows/ci.yml"), workflow, 0o600)
		cmd := exec.Command(found[0])
		cmd.Dir = dir
		output, err := cmd.CombinedOutput()
		return string(output), err
	}
	page := yamlBlock(t, "uses: ragenv/ragenv/action@")
	workflow := "on: push\n" + regexp.MustCompile(`ragenv/ragenv/action@\S+`).ReplaceAllString(page, "./action")
	if output, err := lint(workflow); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
	if output, err := lint(strings.Replace(workflow, "version:", "versoin:", 1)); err == nil || !strings.Contains(output, `"versoin"`) {
		t.Errorf("a mistyped input is not found: %s", output)
	}
}

// yamlBlock returns the first block of docs/ci.md that contains the text.
func yamlBlock(t *testing.T, has string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range strings.Split(string(page), "```") {
		if i%2 == 1 && strings.Contains(part, has) {
			_, body, _ := strings.Cut(part, "\n")
			return body
		}
	}
	t.Fatalf("docs/ci.md has no block with %q", has)
	return ""
}

// The examples for GitLab and Jenkins work, with a release from a local server.
func TestOtherSystems(t *testing.T) {
	needsCurl(t)
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the lines are for Linux on amd64")
	}
	r := newRelease(t)
	server := httptest.NewServer(http.StripPrefix("/v"+version, http.FileServer(http.Dir(r.dir))))
	defer server.Close()
	gitlab := regexp.MustCompile(`(?m)^    - (.*)$`)
	for name, c := range map[string]struct {
		lines []string
		needs string
	}{
		"gitlab":  {lines: submatches(gitlab, yamlBlock(t, "before_script:")), needs: "wget"},
		"jenkins": {lines: submatches(regexp.MustCompile(`(?s)sh '''\n(.*?)'''`), yamlBlock(t, "withCredentials")), needs: "curl"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(c.needs); err != nil {
				t.Skipf("%s is not installed", c.needs)
			}
			script := strings.Join(c.lines, "\n")
			script = strings.ReplaceAll(script, "https://github.com/ragenv/ragenv/releases/download", server.URL)
			script = strings.ReplaceAll(script, "/usr/local/bin", "$HOME/bin")
			if strings.Contains(script, "https://") || !strings.Contains(script, server.URL) || !strings.Contains(script, "docker compose pull") {
				t.Fatalf("not the lines that were expected:\n%s", script)
			}
			for _, damaged := range []bool{false, true} {
				runner := newRunner(t, "")
				sum := r.sum
				if damaged {
					sum = strings.Repeat("0", 64)
				}
				write(t, filepath.Join(runner.dir, "bin", "docker"), "#!/bin/sh\nprintf nvcr.io | docker-credential-ngc get >~/answer\n", 0o700)
				cmd := exec.Command("sh", "-e", "-c", script)
				key := scripttest.NewKey()
				cmd.Dir = runner.dir
				cmd.Env = append(append([]string{}, runner.env...), "NGC_API_KEY="+key, "RAGENV_VERSION="+version, "RAGENV_SHA256="+sum, "WORKSPACE="+runner.dir)
				output, err := cmd.CombinedOutput()
				if answered := strings.Contains(runner.read("answer"), key); (err == nil) == damaged || answered == damaged {
					t.Errorf("damaged: %t: %v, answered: %t\n%s", damaged, err, answered, output)
				}
			}
		})
	}
}

func submatches(pattern *regexp.Regexp, text string) []string {
	var found []string
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}
