package doctor

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/doctor"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// doctorHome is a healthy home: with both built programs, a Docker, and a store with both expected keys.
type doctorHome struct {
	t      *testing.T
	dir    string // the working directory
	home   string
	bin    string // first in PATH
	store  string
	env    map[string]string
	key    string // the stored NGC_API_KEY
	secret []string
}

// A docker command whose engine answers. $ENGINE and $COMPOSE are the versions to report.
const fakeDocker = `#!/bin/sh
case "$1 $2" in
"version --format") echo "{\"Client\":{\"Version\":\"$ENGINE\"},\"Server\":{\"Version\":\"$ENGINE\",\"Components\":[{\"Name\":\"Engine\",\"Version\":\"$ENGINE\"}]}}";;
"compose version") echo "$COMPOSE";;
*) exit 1;;
esac
`

func newDoctorHome(t *testing.T) *doctorHome {
	t.Helper()
	world := t.TempDir()
	vars, err := scripttest.Environ(world)
	if err != nil {
		t.Fatal(err)
	}
	h := &doctorHome{
		t: t, dir: filepath.Join(world, "work"), home: filepath.Join(world, "home"), bin: filepath.Join(world, "bin"),
		store: filepath.Join(world, "home", ".local", "share", "ragenv"), env: map[string]string{"ENGINE": "29.1.3", "COMPOSE": "2.40.1"}, key: scripttest.NewKey(),
	}
	for _, v := range vars {
		name, value, _ := strings.Cut(v, "=")
		h.env[name] = value
	}
	h.env["PATH"] = strings.Join([]string{h.bin, filepath.Dir(scripttest.Binary(t, scripttest.Helper)), os.Getenv("PATH")}, string(os.PathListSeparator))
	h.write(filepath.Join(h.bin, "docker"), fakeDocker, 0o755)
	h.write(filepath.Join(h.dir, "README"), "", 0o600)
	h.write(filepath.Join(h.home, ".docker", "config.json"), `{"credHelpers": {"nvcr.io": "ngc"}}`, 0o600)
	h.make("")
	return h
}

func (h *doctorHome) write(path, text string, mode os.FileMode) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	h.chmod(path, mode)
}

func (h *doctorHome) chmod(path string, mode os.FileMode) {
	h.t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		h.t.Fatal(err)
	}
}

func (h *doctorHome) dockerConfig(text string) {
	h.write(filepath.Join(h.home, ".docker", "config.json"), text, 0o600)
}

// make replaces the store with a new one that has both expected keys.
func (h *doctorHome) make(passphrase string) {
	h.t.Helper()
	if err := os.RemoveAll(h.store); err != nil {
		h.t.Fatal(err)
	}
	options := keychain.Options{Backend: keychain.BackendFile, Dir: h.store}
	if _, err := keychain.CreateFileStore(options, keychain.Protection{Passphrase: []byte(passphrase), WorkFactor: 10}); err != nil {
		h.t.Fatal(err)
	}
	h.put("NGC_API_KEY", h.key, time.Time{})
	h.put("CYBORGDB_API_KEY", "cyborg_"+strings.TrimPrefix(scripttest.NewKey(), "nvapi-")[:32], time.Time{})
}

func (h *doctorHome) put(name, value string, expires time.Time) {
	h.t.Helper()
	k, err := keychain.Open(keychain.Options{Backend: keychain.BackendFile, Dir: h.store})
	if err != nil {
		h.t.Fatal(err)
	}
	ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: name}
	if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(value), Expires: expires}); err != nil {
		h.t.Fatal(err)
	}
	h.secret = append(h.secret, value)
}

// run runs the built ragenv and returns its output, which must not contain any part of a key.
func (h *doctorHome) run(args ...string) (stdout string, code int) {
	h.t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(scripttest.Binary(h.t, scripttest.Ragenv), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = h.dir, &out, &errs
	for name, value := range h.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		h.t.Fatal(err)
	}
	for _, value := range h.secret {
		for i := 7; i+8 <= len(value); i++ {
			if strings.Contains(out.String()+errs.String(), value[i:i+8]) {
				h.t.Fatal("a part of a key was printed")
			}
		}
	}
	for line := range strings.Lines(errs.String()) {
		if !strings.HasPrefix(line, "ragenv: warning: RAGENV_NGC_") { // a test's servers are not NVIDIA's
			h.t.Errorf("on standard error: %s", line)
		}
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

func skipWithoutScripts(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the docker command of these tests is a shell script")
	}
}

func TestDoctorHealthyHome(t *testing.T) {
	skipWithoutScripts(t)
	h := newDoctorHome(t)
	out, code := h.run("doctor")
	if code != 0 || !strings.HasSuffix(out, " ok, 0 warning, 0 failed\n") || strings.Contains(out, "hint:") || strings.Contains(out, "\x1b") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if strings.Count(out, "\nok ")+2 != len(strings.Split(strings.TrimSpace(out), "\n")) {
		t.Errorf("not a line for each check:\n%s", out)
	}
	out, code = h.run("doctor", "--json")
	var reports []map[string]string
	if err := json.Unmarshal([]byte(out), &reports); err != nil || code != 0 || len(reports) < 20 {
		t.Fatalf("exit code %d, %v:\n%s", code, err, out)
	}
	for _, r := range reports {
		if len(r) != 4 || r["name"] == "" || r["status"] != "ok" || r["detail"] == "" || r["hint"] != "" {
			t.Errorf("%v", r)
		}
	}
}

// TestBrokenHomes breaks one thing at a time in a healthy home. With -v it logs a table of faults and
// findings.
func TestBrokenHomes(t *testing.T) {
	skipWithoutScripts(t)
	login := func(server, key string) string {
		return fmt.Sprintf(`"auths": {%q: {"auth": %q}}`, server, base64.StdEncoding.EncodeToString([]byte("$oauthtoken:"+key)))
	}
	homes := []struct {
		what   string // what is broken
		breaks func(*doctorHome)
		check  string // the check that must find it
		status doctor.Status
		detail string // part of the check's detail
		hint   string // part of the check's hint
	}{
		{"helper not executable", func(h *doctorHome) {
			h.env["PATH"] = h.bin
			h.write(filepath.Join(h.bin, "docker-credential-ngc"), "#!/bin/sh\n", 0o644)
		}, "helper", doctor.Failed, "it is not executable", "chmod 755 "},
		{"helper not on PATH", func(h *doctorHome) { h.env["PATH"] = h.bin }, "helper", doctor.Failed, "is not on PATH", "export PATH="},
		{"helper of another release", func(h *doctorHome) {
			h.write(filepath.Join(h.bin, "docker-credential-ngc"), "#!/bin/sh\necho 'docker-credential-ngc (github.com/ragenv/ragenv) v0.0.1'\n", 0o755)
		}, "helper", doctor.Warning, "is v0.0.1, but ragenv is ", "same release"},
		{"misspelt setting in config.toml", func(h *doctorHome) {
			h.write(filepath.Join(h.home, ".config", "ragenv", "config.toml"), "bakend = \"file\"\n", 0o600)
		}, "config-file", doctor.Warning, `unknown setting "bakend"`, "config.toml"},
		{"config.toml is no TOML", func(h *doctorHome) {
			h.write(filepath.Join(h.home, ".config", "ragenv", "config.toml"), "backend = file\n", 0o600)
		}, "config-file", doctor.Failed, "config.toml", "+1 "},
		{"config.json with a trailing comma", func(h *doctorHome) { h.dockerConfig("{\n\t\"credHelpers\": {\"nvcr.io\": \"ngc\"},\n}\n") },
			"docker-config", doctor.Failed, "config.json", "+3 "},
		{"Docker not configured", func(h *doctorHome) { h.dockerConfig("{}\n") }, "docker-config", doctor.Failed, "no helper for nvcr.io", "ragenv docker configure"},
		{"login in plain text, shadowed by the helper", func(h *doctorHome) {
			h.dockerConfig(`{` + login("nvcr.io", h.key) + `, "credHelpers": {"nvcr.io": "ngc"}}`)
		}, "docker-logins", doctor.Warning, "is in plain text, and Docker ignores it", "ragenv docker configure"},
		{"login in plain text, readable by everybody", func(h *doctorHome) {
			h.dockerConfig(`{` + login("nvcr.io", h.key) + `}`)
			h.chmod(filepath.Join(h.home, ".docker", "config.json"), 0o644)
		}, "docker-logins", doctor.Failed, "can be read by other users (mode 0644)", "chmod 600 "},
		{"WSL: credsStore desktop.exe, not on PATH", func(h *doctorHome) {
			h.env["WSL_DISTRO_NAME"] = "Ubuntu"
			h.dockerConfig(`{"credsStore": "desktop.exe", "credHelpers": {"nvcr.io": "ngc"}}`)
		}, "credential-stores", doctor.Failed, "docker-credential-desktop.exe, which is not on PATH", "integration with this WSL distribution"},
		{"store open to other users", func(h *doctorHome) { h.chmod(h.store, 0o755) }, "keychain", doctor.Failed, "is open to other users (mode 0755)", "chmod 700 "},
		{"identity open to other users", func(h *doctorHome) { h.chmod(filepath.Join(h.store, "identity"), 0o644) },
			"keychain", doctor.Failed, "is open to other users (mode 0644)", "chmod 600 "},
		{"store locked", func(h *doctorHome) { h.make("correct-horse") }, "keychain", doctor.Warning, "is locked", "ragenv unlock"},
		{"no store", func(h *doctorHome) {
			if err := os.RemoveAll(h.store); err != nil {
				h.t.Fatal(err)
			}
		}, "keychain", doctor.Warning, "there is no keychain yet", "ragenv setup"},
		{"key never stored", func(h *doctorHome) {
			if err := os.RemoveAll(filepath.Join(h.store, "items")); err != nil {
				h.t.Fatal(err)
			}
		}, "keys", doctor.Failed, "NGC_API_KEY is not stored: pulls from nvcr.io fail", "ragenv set NGC_API_KEY"},
		{"item cut short by a full disk", func(h *doctorHome) {
			items, err := filepath.Glob(filepath.Join(h.store, "items", "*+env+NGC_API_KEY.age"))
			if err != nil || len(items) != 1 || os.Truncate(items[0], 100) != nil {
				h.t.Fatal(items, err)
			}
		}, "stored-items", doctor.Failed, "NGC_API_KEY: damaged", "ragenv set NGC_API_KEY"},
		{"half a key stored", func(h *doctorHome) { h.put("NGC_API_KEY", h.key[:40], time.Time{}) }, "key-shapes", doctor.Warning, "NGC_API_KEY: ", "ragenv set NGC_API_KEY"},
		{"key expired", func(h *doctorHome) { h.put("NGC_API_KEY", h.key, time.Now().Add(-time.Hour)) },
			"key-expiry", doctor.Failed, "NGC_API_KEY expired on ", "ragenv rotate NGC_API_KEY"},
		{"key expires in three days", func(h *doctorHome) { h.put("NGC_API_KEY", h.key, time.Now().Add(72*time.Hour)) },
			"key-expiry", doctor.Warning, "NGC_API_KEY expires on ", "ragenv rotate NGC_API_KEY"},
		{"stale key exported in this shell", func(h *doctorHome) { h.env["NGC_API_KEY"] = scripttest.NewKey() },
			"environment", doctor.Warning, "NGC_API_KEY is set here to another value than the stored one", "unset NGC_API_KEY"},
		{"stale key in .bashrc", func(h *doctorHome) {
			h.write(filepath.Join(h.home, ".bashrc"), "alias ll='ls -l'\nexport NGC_API_KEY=\""+scripttest.NewKey()+"\"\n", 0o600)
		}, "startup-files", doctor.Warning, "~/.bashrc:2 sets NGC_API_KEY to another value", "unset NGC_API_KEY"},
		{"key in a .env that git tracks", func(h *doctorHome) {
			h.write(filepath.Join(h.dir, ".env"), "# the Blueprint's\nexport NGC_API_KEY="+h.key+"\n", 0o600)
			h.git("init", "-q")
			h.git("add", ".env")
		}, "git-env-files", doctor.Failed, ".env:2 holds NGC_API_KEY, and git tracks the file", "ragenv import "},
		{"config.json given to another user", func(h *doctorHome) {
			if os.Chown(filepath.Join(h.home, ".docker", "config.json"), 4321, -1) != nil {
				h.t.Skip("only root can give a file away")
			}
		}, "file-owners", doctor.Failed, "config.json belongs to user 4321", "chown -R "},
		{"write cut short last week", func(h *doctorHome) {
			path, old := filepath.Join(h.home, ".docker", ".config.json.tmp-42"), time.Now().Add(-7*24*time.Hour)
			h.write(path, "{}", 0o600)
			if err := os.Chtimes(path, old, old); err != nil {
				h.t.Fatal(err)
			}
		}, "temporary-files", doctor.Warning, ".config.json.tmp-42 was left behind", "rm -- "},
		{"home that its user made read-only", func(h *doctorHome) {
			if os.Geteuid() == 0 {
				h.t.Skip("root can write everywhere")
			}
			h.chmod(filepath.Join(h.home, ".docker"), 0o500)
		}, "writable", doctor.Warning, "~/.docker cannot be written (mode 0500)", "chmod u+rwx "},
		{"engine not running", func(h *doctorHome) {
			h.write(filepath.Join(h.bin, "docker"), "#!/bin/sh\n[ \"$1\" = compose ] && echo 2.40.1 && exit\n[ \"$1\" = context ] && echo unix:///nonexistent/docker.sock && exit\nexit 1\n", 0o755)
		}, "docker-engine", doctor.Failed, "nobody listens at /nonexistent/docker.sock", ""},
		{"engine that hangs", func(h *doctorHome) {
			h.write(filepath.Join(h.bin, "docker"), "#!/bin/sh\n[ \"$1\" = compose ] && echo 2.40.1 && exit\nsleep 600\n", 0o755)
		}, "docker-engine", doctor.Failed, "does not answer within 5s", ""},
		{"engine 29.5.1", func(h *doctorHome) { h.env["ENGINE"] = "29.5.1" }, "docker-engine", doctor.Warning, "Incorrect Repository Format", "another release than 29.5"},
		{"Compose 2.20.2", func(h *doctorHome) { h.env["COMPOSE"] = "2.20.2" }, "docker-compose", doctor.Failed, "Compose 2.20.2 is older than the 2.29.1", "docs.docker.com"},
		{"clock two years behind", func(h *doctorHome) {
			ahead := time.Now().AddDate(2, 0, 0)
			if err := os.Chtimes(filepath.Join(h.home, ".docker", "config.json"), ahead, ahead); err != nil {
				h.t.Fatal(err)
			}
		}, "clock", doctor.Warning, "was written on ", ""},
	}
	var mu sync.Mutex
	table := "| what was broken | exit | what it said | hint |\n|---|---|---|---|\n"
	t.Cleanup(func() { t.Logf("\n%s", table) })
	for _, c := range homes {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel() // one waits for an engine
			h := newDoctorHome(t)
			c.breaks(h)
			out, code := h.run("doctor", "--json")
			var reports []doctor.Report
			if err := json.Unmarshal([]byte(out), &reports); err != nil {
				t.Fatalf("%v:\n%s", err, out)
			}
			if !slices.ContainsFunc(reports, func(r doctor.Report) bool { return r.Name == c.check }) {
				t.Errorf("no check %s", c.check)
			}
			for _, r := range reports {
				if r.Name != c.check {
					continue
				}
				if r.Status != c.status || !strings.Contains(r.Detail, c.detail) || r.Hint == "" || !strings.Contains(r.Hint, c.hint) {
					t.Errorf("%s: %s: %s (hint: %s)", r.Name, r.Status, r.Detail, r.Hint)
				}
				short := strings.NewReplacer(h.home, "~", filepath.Dir(h.home), "", "|", `\|`)
				mu.Lock()
				table += fmt.Sprintf("| %s | %d | `%s` %s: %s | %s |\n", c.what, code, r.Name, r.Status, short.Replace(r.Detail), short.Replace(r.Hint))
				mu.Unlock()
			}
			want := 0
			if doctor.Worst(reports) == doctor.Failed {
				want = 1
			}
			if code != want {
				t.Errorf("exit code %d, want %d", code, want)
			}
			if c.status == doctor.Failed && code != 1 {
				t.Errorf("exit code %d for a failed check", code)
			}
		})
	}
}

// A killed ragenv --temp-files leaves its files behind. Those of one that runs are not reported.
func TestFilesOfAKilledRun(t *testing.T) {
	skipWithoutScripts(t)
	h := newDoctorHome(t)
	check := func(out string) (found doctor.Report) {
		var reports []doctor.Report
		if err := json.Unmarshal([]byte(out), &reports); err != nil {
			t.Fatalf("%v:\n%s", err, out)
		}
		for _, r := range reports {
			if r.Name == "temporary-files" {
				found = r
			}
		}
		return found
	}
	files := []string{"--temp-files", "--file", "F=NGC_API_KEY", "--"}
	out, _ := h.run(append(files, scripttest.Binary(t, scripttest.Ragenv), "doctor", "--json")...)
	if r := check(out); r.Status != doctor.OK {
		t.Errorf("while it runs: %s: %s", r.Status, r.Detail)
	}
	h.run(append(files, "sh", "-c", "kill -9 $PPID")...)
	out, _ = h.run("doctor", "--json")
	r := check(out)
	if r.Status != doctor.Warning || !strings.Contains(r.Detail, "was left behind by ragenv --temp-files") {
		t.Fatalf("after it was killed: %s: %s", r.Status, r.Detail)
	}
	if out, err := exec.Command("sh", "-c", r.Hint).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, _ = h.run("doctor", "--json")
	if r := check(out); r.Status != doctor.OK {
		t.Errorf("after the hint: %s: %s", r.Status, r.Detail)
	}
}

// doctor contacts the services with --online only.
func TestDoctorOnline(t *testing.T) {
	skipWithoutScripts(t)
	h := newDoctorHome(t)
	var requests atomic.Int32
	var status atomic.Int32
	status.Store(http.StatusOK)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		switch {
		case r.URL.Path == "/v3/keys/get-caller-info":
			w.WriteHeader(int(status.Load()))
			_, _ = io.WriteString(w, `{"type":"PERSONAL_KEY","orgName":"acme","products":["artifact-catalog","ai-foundations"]}`)
		case r.URL.Path == "/proxy_auth" && r.Header.Get("Authorization") != "":
			_, _ = io.WriteString(w, `{"token":"t"}`)
		case r.Header.Get("Authorization") == "Bearer t":
		default:
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/proxy_auth",scope="repository:nim/a/b:pull"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(server.Close)
	for _, variable := range []string{"RAGENV_NGC_API_URL", "RAGENV_NGC_AUTHN_URL", "RAGENV_NGC_REGISTRY_URL"} {
		h.env[variable] = server.URL
	}
	if out, code := h.run("doctor"); code != 0 || requests.Load() != 0 {
		t.Errorf("exit code %d, %d requests without --online:\n%s", code, requests.Load(), out)
	}
	out, code := h.run("doctor", "--online", "--image", "nvcr.io/nim/a/b:1")
	if code != 0 || !strings.Contains(out, "NGC_API_KEY: the key may pull this image (nvcr.io/nim/a/b:1)") || !strings.HasSuffix(out, " ok, 0 warning, 0 failed\n") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	status.Store(http.StatusUnauthorized)
	out, code = h.run("doctor", "--online")
	if code != 1 || !strings.Contains(out, "NGC_API_KEY: NVIDIA does not know this key, or it has expired") || !strings.Contains(out, "hint: ragenv rotate NGC_API_KEY\n") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

func (h *doctorHome) git(args ...string) {
	h.t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		h.t.Skip("there is no git here")
	}
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = h.dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + h.home, "GIT_CONFIG_NOSYSTEM=1"}
	if out, err := cmd.CombinedOutput(); err != nil {
		h.t.Fatalf("git %v: %v: %s", args, err, out)
	}
}

// The programs are built once and removed after the last test.
func TestMain(m *testing.M) { scripttest.Clean(m) }
