//go:build linux || darwin

package leaks

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/rounds"
	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

// A leakCase is a command line and the places where secrets may appear when it runs. In args and input,
// {NAME} stands for a canary.
type leakCase struct {
	args   string
	input  string
	prints bool     // secrets of the store may appear on standard output
	hands  bool     // the keys may appear in the environment of the command
	asks   bool     // the key may be sent to the service
	writes []string // files below the home that may contain secrets
}

// leakCases lists every command of ragenv by its path. A command that is missing here fails the test.
var leakCases = map[string][]leakCase{
	"run": {
		{args: "-- true", hands: true}, {args: "run --only NGC_API_KEY -- sh -c true", hands: true}, {args: "-- no-such-program"}, {args: "--"},
		{args: "--pristine -- true", hands: true}, {args: "--mask -- sh -c env", hands: true}, {args: "--preserve-env -- true", hands: true},
		{args: "--env-file .env -- true", hands: true}, {args: "--env-file missing -- true"}, {args: "--env-file broken.env -- true"}, {args: "--only {ngc} -- true"}, {args: "-- .env"},
		{args: "--file F=NGC_API_KEY -- true", hands: true}, {args: "--file F={ngc} -- true"}, {args: "--file {ngc}=NGC_API_KEY -- true"}, {args: "--file {ngc} -- true"},
	},
	"setup":            {{args: "setup"}, {args: "setup --backend {ngc}"}},
	"set":              {{args: "set NGC_API_KEY --force", input: "{typed}\n"}, {args: "set NGC_API_KEY", input: "'{typed}'"}, {args: "set NEW --from-env"}, {args: "set NGC_API_KEY --from-env"}, {args: "set INDEX --generate"}, {args: "set CYBORGDB_API_KEY", input: "{typed}"}, {args: "set NGC_API_KEY {typed}"}, {args: "set NGC_API_KEY={typed}"}, {args: "set NEW --expires {typed}", input: "{typed}"}, {args: "set NGC_API_KEY --keep --expires 90d"}},
	"get":              {{args: "get NGC_API_KEY", prints: true}, {args: "get CYBORGDB_API_KEY", prints: true}, {args: "get MISSING"}, {args: "get {ngc}"}, {args: "get ghcr.io", prints: true}},
	"list":             {{args: "list"}, {args: "list --json"}, {args: "list --all"}, {args: "list --expiring 5000w"}, {args: "list --profile {ngc}"}},
	"source":           {{args: "source"}, {args: "source {ngc}"}},
	"source set":       {{args: "source set SOURCE_TOKEN -- cat {typed}"}, {args: "source set {ngc} -- true"}, {args: "source set SOURCE_TOKEN -- env"}, {args: "source set NGC_API_KEY -- true"}},
	"source list":      {{args: "source list"}, {args: "source list {ngc}"}},
	"source rm":        {{args: "source rm MISSING"}, {args: "source rm {ngc}"}},
	"rm":               {{args: "rm CYBORGDB_API_KEY"}, {args: "rm MISSING"}, {args: "rm {ngc}"}},
	"rotate":           {{args: "rotate NGC_API_KEY --offline", input: "{typed}\n"}, {args: "rotate NGC_API_KEY", input: "{typed}\n", asks: true}, {args: "rotate NGC_API_KEY --undo"}, {args: "rotate NGC_API_KEY --confirm"}, {args: "rotate NGC_API_KEY --from-env --offline"}, {args: "rotate NGC_API_KEY --restart"}, {args: "rotate NGC_API_KEY --restart --yes"}, {args: "rotate MISSING", input: "{typed}"}},
	"import":           {{args: "import .env --dry-run"}, {args: "import .env --all --force --remove"}, {args: "import broken.env --all"}, {args: "import --from-env --force"}, {args: "import --docker --all --force --remove"}, {args: "import -", input: "NGC_API_KEY={typed}\nexport A='{typed}\n"}, {args: "import {ngc}"}},
	"export":           {{args: "export", prints: true}, {args: "export --format json", prints: true}, {args: "export --format dotenv", prints: true}, {args: "export --format fish", prints: true}, {args: "export --format powershell", prints: true}, {args: "export --format kubernetes", prints: true}, {args: "export --format github", prints: true, writes: []string{"github.env"}}, {args: "export --format {ngc}"}},
	"backup":           {{args: "backup new.age"}, {args: "backup .env"}, {args: "backup missing/new.age"}},
	"restore":          {{args: "restore old.age"}, {args: "restore .env"}, {args: "restore missing.age"}, {args: "restore --reset old.age --yes --no-passphrase"}},
	"reset":            {{args: "reset"}, {args: "reset --yes --no-passphrase"}, {args: "reset {ngc}"}},
	"where":            {{args: "where"}, {args: "where --json --path .env"}, {args: "where NGC_API_KEY --kubernetes"}, {args: "where MISSING"}, {args: "where {ngc}"}, {args: "where --path {ngc}"}},
	"verify":           {{args: "verify", asks: true}, {args: "verify --json", asks: true}, {args: "verify --image nvcr.io/nim/a:1", asks: true}, {args: "verify {ngc}"}},
	"profile":          {{args: "profile"}},
	"profile list":     {{args: "profile list"}},
	"profile use":      {{args: "profile use other"}, {args: "profile use {ngc}"}},
	"profile copy":     {{args: "profile copy default other"}, {args: "profile copy {ngc} other"}},
	"profile rm":       {{args: "profile rm default --force"}, {args: "profile rm {ngc}"}},
	"unlock":           {{args: "unlock"}, {args: "unlock --for {ngc}"}},
	"lock":             {{args: "lock"}},
	"passphrase":       {{args: "passphrase"}, {args: "passphrase --no-passphrase"}, {args: "passphrase {ngc}"}},
	"docker":           {{args: "docker"}},
	"docker configure": {{args: "docker configure"}, {args: "docker configure --dry-run"}, {args: "docker configure --store --force"}, {args: "docker configure --podman"}},
	"docker unconfigure": {
		{args: "docker unconfigure"}, {args: "docker unconfigure {ngc}"},
	},
	"docker status":    {{args: "docker status"}, {args: "docker status --json"}},
	"helm":             {{args: "helm"}},
	"helm configure":   {{args: "helm configure"}, {args: "helm configure {ngc}"}},
	"helm unconfigure": {{args: "helm unconfigure"}, {args: "helm unconfigure {ngc}"}},
	"helm fetch":       {{args: "helm fetch a b c ngc://{ngc}@helm.ngc.nvidia.com/x"}, {args: "helm fetch {ngc}"}, {args: "helm fetch . . {ngc} ngc://helm.ngc.nvidia.com/x"}},
	"backend":          {{args: "backend"}},
	"backend use":      {{args: "backend use file"}, {args: "backend use {ngc}"}},
	"backend migrate":  {{args: "backend migrate file"}, {args: "backend migrate {ngc}"}, {args: "backend migrate pass"}},
	"config":           {{args: "config"}, {args: "config --json"}},
	"doctor":           {{args: "doctor"}, {args: "doctor --json"}, {args: "doctor --online --image nvcr.io/nim/a:1", asks: true}},
	"completion":       {{args: "completion bash"}, {args: "completion zsh"}, {args: "completion fish"}, {args: "completion {ngc}"}},
	"help":             {{args: "help"}, {args: "help {ngc}"}},
	"__complete":       {{args: "__complete -- get N"}, {args: "__complete -- --profile {ngc}"}, {args: "__complete -- rm {ngc}"}},
}

// helperCases lists every action of docker-credential-ngc.
var helperCases = map[string][]leakCase{
	"get":     {{args: "get", input: "nvcr.io", prints: true}, {args: "get", input: "https://ghcr.io", prints: true}, {args: "get", input: "missing.example"}, {args: "get", input: "https://u:{ngc}@nvcr.io"}, {args: "get", input: "{ngc}"}, {args: "get"}},
	"store":   {{args: "store", input: `{"ServerURL":"nvcr.io","Username":"$oauthtoken","Secret":"{typed}"}`}, {args: "store", input: `{"ServerURL":"ghcr.io","Username":"me","Secret":"{typed}"}`}, {args: "store", input: `{"ServerURL":"ghcr.io","Username":"me","Secret":"{typed}`}, {args: "store", input: `{"Username":"me","Secret":"{typed}"}`}, {args: "store", input: `{"ServerURL":"https://x:{typed}@nvcr.io\n","Username":"{typed}","Secret":{"{typed}":1}}`}},
	"erase":   {{args: "erase", input: "ghcr.io"}, {args: "erase", input: "nvcr.io"}, {args: "erase", input: "{ngc}"}},
	"list":    {{args: "list"}},
	"version": {{args: "version"}},
	"kubelet": {{args: "kubelet", input: `{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","kind":"CredentialProviderRequest","image":"nvcr.io/nim/a","serviceAccountToken":"{typed}"}`, prints: true}, {args: "kubelet", input: `{"kind":"{typed}"}`}},
	"":        {{args: ""}, {args: "{ngc}"}, {args: "get {ngc}"}, {args: "--help"}},
}

// A leakHome is the state in which a command runs.
type leakHome struct {
	name       string
	passphrase bool // the store has a passphrase
	more       func(w *leakWorld)
}

var leakHomes = []leakHome{
	{name: "open"},
	{name: "locked", passphrase: true},
	{name: "passphrase", passphrase: true, more: func(w *leakWorld) { w.env["RAGENV_PASSPHRASE"] = w.values["passphrase"] }},
	{name: "passphrase file", passphrase: true, more: func(w *leakWorld) { w.env["RAGENV_PASSPHRASE_FILE"] = w.file("passphrase", w.values["passphrase"]) }},
	{name: "wrong passphrase", passphrase: true, more: func(w *leakWorld) { w.env["RAGENV_PASSPHRASE"] = w.values["wrong passphrase"] }},
	{name: "passphrase file for all", passphrase: true, more: func(w *leakWorld) {
		w.env["RAGENV_PASSPHRASE_FILE"] = w.file("passphrase", w.values["passphrase"])
		w.must(os.Chmod(w.env["RAGENV_PASSPHRASE_FILE"], 0o644))
	}},
	{name: "passphrase as a file's name", passphrase: true, more: func(w *leakWorld) { w.env["RAGENV_PASSPHRASE_FILE"] = "/nonexistent" }},
	{name: "no store", more: func(w *leakWorld) { w.must(os.RemoveAll(w.store())) }},
	{name: "damaged items", more: func(w *leakWorld) {
		for _, path := range w.items() {
			w.must(os.Truncate(path, 180))
		}
	}},
	{name: "exchanged items", more: func(w *leakWorld) {
		items := w.items()
		first, err := os.ReadFile(items[0])
		w.must(err)
		second, err := os.ReadFile(items[1])
		w.must(err)
		w.must(os.WriteFile(items[0], second, 0o600))
		w.must(os.WriteFile(items[1], first, 0o600))
	}},
	{name: "store open to others", more: func(w *leakWorld) { w.must(os.Chmod(w.store(), 0o777)) }},
	{name: "keys in a broken config.toml", more: func(w *leakWorld) {
		w.file(".config/ragenv/config.toml", "backend = \"file\"\nunlock = \""+w.values["ngc"]+"\"\nNGC_API_KEY = "+w.values["ngc"]+"\n")
	}},
	{name: "keys in settings", more: func(w *leakWorld) {
		w.file(".config/ragenv/config.toml", "backend = \"file\"\nNGC_API_KEY = \""+w.values["ngc"]+"\"\n[aliases]\nX_KEY = \"CYBORGDB_API_KEY\"\n")
	}},
	{name: "a key for a backend", more: func(w *leakWorld) { w.env["RAGENV_BACKEND"] = w.values["ngc"] }},
	{name: "a key for a profile", more: func(w *leakWorld) { w.env["RAGENV_PROFILE"] = w.values["ngc"] }},
	{name: "broken config.json", more: func(w *leakWorld) {
		w.file(".docker/config.json", `{"auths":{"nvcr.io":{"auth":"`+base64.StdEncoding.EncodeToString([]byte("$oauthtoken:"+w.values["ngc"]))+`"},}}`)
	}},
}

type leakWorld struct {
	*canaries
	t      *testing.T
	report func(format string, args ...any) // called for each leak
	dir    string
	env    map[string]string
	seen   map[string]bool // files that contain a secret before the command runs
}

func (w *leakWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *leakWorld) store() string { return filepath.Join(w.dir, "home", ".local", "share", "ragenv") }

func (w *leakWorld) items() []string {
	w.t.Helper()
	paths, err := filepath.Glob(filepath.Join(w.store(), "items", "*.age"))
	if err != nil || len(paths) < 2 {
		w.t.Fatalf("items %q, %v", paths, err)
	}
	return paths
}

// file writes a file below the home, which is also the working directory.
func (w *leakWorld) file(name, text string) string {
	w.t.Helper()
	path := filepath.Join(w.dir, "home", name)
	w.must(os.MkdirAll(filepath.Dir(path), 0o700))
	w.must(os.WriteFile(path, []byte(text), 0o600))
	return path
}

var leakWorlds atomic.Int64

func newLeakWorld(t *testing.T, service string, home leakHome) *leakWorld {
	t.Helper()
	w := &leakWorld{t: t, report: t.Errorf, dir: filepath.Join(t.TempDir(), fmt.Sprint(leakWorlds.Add(1))), env: map[string]string{}, seen: map[string]bool{}}
	values := map[string]string{"login": `it's "$x" & \` + scripttest.NewKey()}
	for _, name := range []string{"ngc", "cyborgdb", "shell", "typed", "file", "passphrase", "wrong passphrase", "backup passphrase", "docker login"} {
		values[name] = scripttest.NewKey()
	}
	w.canaries = newCanaries(values)
	env, err := scripttest.Environ(w.dir)
	w.must(err)
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		w.env[name] = value
	}
	w.must(os.MkdirAll(w.env["XDG_RUNTIME_DIR"], 0o700))
	w.env["PATH"] = filepath.Dir(scripttest.Binary(t, scripttest.Ragenv)) + string(os.PathListSeparator) + os.Getenv("PATH")
	w.env["NGC_API_KEY"] = values["shell"]
	w.env["GITHUB_ENV"] = filepath.Join(w.dir, "home", "github.env")
	w.env["GORACE"] = "atexit_sleep_ms=0"
	w.env["RAGENV_BACKUP_PASSPHRASE_FILE"] = w.file("backup-passphrase", values["backup passphrase"])
	for _, name := range []string{"RAGENV_NGC_API_URL", "RAGENV_NGC_AUTHN_URL", "RAGENV_NGC_REGISTRY_URL"} {
		w.env[name] = service
	}
	w.file(".env", "NGC_API_KEY="+values["file"]+"\nOTHER_SETTING='"+values["file"]+"'\n")
	w.file("broken.env", "NGC_API_KEY='"+values["file"]+"\n"+values["file"]+" = $(cat "+values["file"]+"\n")
	w.file("github.env", "")
	w.file("old.age", "age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 10\n")
	w.file(".docker/config.json", `{"auths":{"docker.example":{"auth":"`+base64.StdEncoding.EncodeToString([]byte("me:"+values["docker login"]))+`"}}}`)
	w.file(".config/ragenv/config.toml", "backend = \"file\"\n")

	var passphrase []byte
	if home.passphrase {
		passphrase = []byte(values["passphrase"])
	}
	k, err := keychain.CreateFileStore(keychain.Options{Backend: keychain.BackendFile, Dir: w.store()}, keychain.Protection{Passphrase: passphrase, WorkFactor: 10})
	w.must(err)
	for _, item := range []keychain.Item{
		{Ref: keychain.Ref{Kind: keychain.KindEnv, Name: "NGC_API_KEY"}, Secret: keychain.NewSecret(values["ngc"])},
		{Ref: keychain.Ref{Kind: keychain.KindEnv, Name: "CYBORGDB_API_KEY"}, Secret: keychain.NewSecret(values["cyborgdb"])},
		{Ref: keychain.Ref{Kind: keychain.KindRegistry, Name: "ghcr.io"}, Username: "me", Secret: keychain.NewSecret(values["login"])},
	} {
		item.Profile = "default"
		w.must(k.Set(item))
	}
	if home.passphrase {
		w.must(k.Lock()) // remove what a new store leaves in the machine's keyring
		t.Cleanup(func() { _ = k.Lock() })
	}
	if home.more != nil {
		home.more(w)
	}
	w.eachFile(func(path, text string) {
		if len(w.find(text)) > 0 {
			w.seen[path] = true
		}
	})
	return w
}

func (w *leakWorld) eachFile(visit func(path, text string)) {
	w.must(filepath.WalkDir(w.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if found := w.find(filepath.Base(path)); len(found) > 0 {
			w.report("a file is called by %v", found)
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		visit(path, string(data))
		return err
	}))
}

// fill replaces the names of canaries with their values.
func (w *leakWorld) fill(text string) string {
	for name, value := range w.values {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

var tempOf = regexp.MustCompile(`/\.([^/]+)\.tmp-[0-9]+$`)

// belongs reports whether a file may contain a secret: if it did before, if the case names it, or if it is
// a temporary file about to replace such a file.
func (w *leakWorld) belongs(path string, c leakCase) bool {
	path = tempOf.ReplaceAllString(path, "/$1")
	if w.seen[path] {
		return true
	}
	rel, err := filepath.Rel(filepath.Join(w.dir, "home"), path)
	return err == nil && slices.Contains(c.writes, rel)
}

// without returns the findings without those names.
func without(found []string, names ...string) []string {
	return slices.DeleteFunc(found, func(name string) bool { return slices.Contains(names, name) })
}

// run runs a program and reports every secret found where it must not be.
func (w *leakWorld) run(c leakCase, program string, args ...string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*terminal.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	strace, _ := tracer()
	trace := filepath.Join(w.t.TempDir(), "trace")
	if strace != "" {
		cmd = exec.CommandContext(ctx, strace, slices.Concat(traceFlags, []string{"-o", trace, "--", program}, args)...)
	}
	cmd.Dir = filepath.Join(w.dir, "home")
	for name, value := range w.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(w.fill(c.input)), &stdout, &stderr
	if err := cmd.Run(); cmd.ProcessState == nil || ctx.Err() != nil {
		w.t.Fatalf("%v, %v", err, ctx.Err())
	}

	if found := w.find(stderr.String()); len(found) > 0 {
		w.report("standard error has %v", found)
	}
	found := w.find(stdout.String())
	if c.prints {
		found = without(found, "ngc", "cyborgdb", "login", "shell")
	}
	if len(found) > 0 {
		w.report("standard output has %v", found)
	}
	if strings.Contains(stderr.String(), "goroutine ") {
		w.report("it panicked")
	}
	w.eachFile(func(path, text string) {
		if found := w.find(text); len(found) > 0 && !w.belongs(path, c) {
			w.report("%s holds %v", filepath.Base(path), found)
		}
	})
	if strace != "" {
		text, err := os.ReadFile(trace)
		w.must(err)
		w.check(c, readTrace(string(text)))
	}
}

// check reports the secrets in system calls: in arguments and environments of other programs, and in every
// write, even to files that are removed later.
func (w *leakWorld) check(c leakCase, calls []call) {
	w.t.Helper()
	execs := 0
	for _, call := range calls {
		found := w.find(call.text)
		switch {
		case call.name == "execve":
			execs++
			if execs == 1 {
				continue // the program itself, as started by the user
			}
			if found := w.find(call.argv); len(found) > 0 {
				w.report("the arguments of another program have %v", found)
			}
			found = w.find(call.envp)
			if strings.Contains(w.env["RAGENV_PROFILE"]+w.env["RAGENV_BACKEND"], w.values["ngc"]) {
				found = without(found, "ngc") // programs do not treat it as a key there
			}
			if c.hands {
				found = without(found, "ngc", "cyborgdb", "shell", "file")
			}
		case call.fd == 1 || call.fd == 2:
			continue // checked above
		case call.name == "write" && strings.HasPrefix(call.path, "pipe:") && c.hands:
			continue // the command's own output, before it is masked
		case call.name == "write" && strings.HasPrefix(call.path, "/memfd:ragenv") && strings.Contains(c.args, "--file "):
			continue // the requested file in memory
		case strings.HasPrefix(call.path, "TCP") || strings.HasPrefix(call.path, "socket:"):
			if c.asks {
				found = without(found, "ngc", "cyborgdb", "typed", "shell")
			}
		case call.fd >= 0 && w.belongs(call.path, c):
			continue
		case strings.HasPrefix(call.name, "open") || strings.Contains(call.name, "link") || strings.Contains(call.name, "rename"):
			if strings.Contains(c.args, "{") || len(w.find(w.env["RAGENV_PROFILE"])) > 0 {
				continue // the user chose this file name
			}
		}
		if len(found) > 0 {
			w.report("%s of %d (%s) has %v", call.name, call.fd, call.path, found)
		}
	}
	if execs == 0 {
		w.report("nothing was traced")
	}
}

// echo starts a service that repeats in its response everything that it received.
func echo(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		said := strings.ReplaceAll(fmt.Sprint(r.URL, r.Header, string(body)), `"`, `'`)
		rw.Header().Set("Content-Type", "application/json")
		rw.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",error="`+said+`"`)
		rw.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprintf(rw, `{"error":%q,"errors":[{"code":"DENIED","message":%q}],"requestStatus":{"statusDescription":%q}}`, said, said, said)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestNoCommandLeaks runs every command, with success and failure, and searches for secrets where they must
// not be.
func TestNoCommandLeaks(t *testing.T) {
	if _, reason := tracer(); reason != "" {
		t.Logf("system calls are not watched: %s", reason)
	}
	service := echo(t)
	cases := map[string][]leakCase{"": {{args: ""}, {args: "--version"}, {args: "{ngc}"}, {args: "--profile {ngc} list"}}}
	known := map[string]bool{"__complete": true, "helm fetch": true} // hidden commands, for completion scripts and Helm
	// The manual page lists all other commands, as another test checks.
	for _, m := range regexp.MustCompile(`\n\.Ss ragenv (.+)`).FindAllStringSubmatch(readPage(t, "ragenv"), -1) {
		known[m[1]] = true
	}
	for path := range known {
		if leakCases[path] == nil {
			t.Errorf("%q has no case in leakCases", path)
			continue
		}
		cases[path] = append(slices.Clone(leakCases[path]), leakCase{args: path + " --help"}, leakCase{args: path + " --no-such-flag={typed}"}, leakCase{args: path + " --help {typed}"})
	}
	for path := range leakCases {
		if !known[path] {
			t.Errorf("%q is no command", path)
		}
	}
	runLeakCases(t, scripttest.Ragenv, service, cases)
}

// TestHelperDoesNotLeak does the same for every action of the helper in its manual page, which another test
// compares with the code.
func TestHelperDoesNotLeak(t *testing.T) {
	for _, m := range regexp.MustCompile(`\n\.It Cm (\w+)`).FindAllStringSubmatch(readPage(t, scripttest.Helper), -1) {
		if helperCases[m[1]] == nil {
			t.Errorf("%q has no case in helperCases", m[1])
		}
	}
	runLeakCases(t, scripttest.Helper, echo(t), helperCases)
}

// runLeakCases runs every command in every state of the keychain in the long form, which takes minutes. In
// the short form it runs each in one state and some in a second one.
func runLeakCases(t *testing.T, program, service string, cases map[string][]leakCase) {
	binary := scripttest.Binary(t, program)
	var runs atomic.Int64
	t.Cleanup(func() { t.Logf("%d runs", runs.Load()) })
	for name, list := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, c := range list {
				homes := leakHomes
				if !rounds.Long() {
					homes = leakHomes[:1]
					if n := i + len(name); n%3 == 0 {
						homes = []leakHome{leakHomes[0], leakHomes[1+n/3%(len(leakHomes)-1)]}
					}
				}
				for _, home := range homes {
					t.Run(c.args+"/"+home.name, func(t *testing.T) {
						w := newLeakWorld(t, service, home)
						w.run(c, binary, strings.Fields(w.fill(c.args))...)
						runs.Add(1)
					})
				}
			}
		})
	}
}

// Programs that leak are detected, each by a different kind of leak.
func TestLeaksAreNoticed(t *testing.T) {
	strace, _ := tracer()
	for what, test := range map[string]struct {
		script string
		traced bool
	}{
		"on stdout":           {`echo "$NGC_API_KEY"`, false},
		"a piece on stderr":   {`echo "$NGC_API_KEY" | cut -c 20-40 >&2`, false},
		"in a file":           {`echo "key=$NGC_API_KEY" > $TMPDIR/log`, false},
		"in a runtime file":   {`echo "key=$NGC_API_KEY" > $XDG_RUNTIME_DIR/log`, false},
		"as a file's name":    {`: > "$TMPDIR/$NGC_API_KEY"`, false},
		"in base64":           {`printf %s "$NGC_API_KEY" | base64 -w 0 > log`, false},
		"in a removed file":   {`echo "$NGC_API_KEY" > log; rm log`, true},
		"in arguments":        {`env true "$NGC_API_KEY"`, true},
		"in an environment":   {`env -i OTHER="$NGC_API_KEY" true`, true},
		"nowhere, as control": {`unset NGC_API_KEY; env true; echo fine`, false},
	} {
		t.Run(what, func(t *testing.T) {
			if test.traced && strace == "" {
				t.Skip("system calls are not watched")
			}
			if _, err := exec.LookPath("base64"); err != nil && what == "in base64" {
				t.Skip("base64(1) is not installed")
			}
			w := newLeakWorld(t, "", leakHomes[0])
			noticed := false
			w.report = func(string, ...any) { noticed = true }
			w.run(leakCase{}, "/bin/sh", "-c", test.script)
			if want := what != "nowhere, as control"; noticed != want {
				t.Errorf("noticed: %v, want %v", noticed, want)
			}
		})
	}
}

// readPage returns the manual page of a program.
func readPage(t *testing.T, program string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "cmd", program, program+".1"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
