package e2e

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The project name in testdata/compose.yaml.
const composeProject = "ragenv-e2e"

// placeholders are the values that the Blueprint's Compose files use for keys that are not set.
var placeholders = []string{"ngcapikey", "nvidiaapikey"}

func testCompose(t *testing.T) {
	if os.Getenv("E2E_COMPOSE") == "" {
		skip(t, "no Compose: "+os.Getenv("E2E_COMPOSE_REASON"))
	}
	step(t, "up, rotate, up again", testComposeUp)
	step(t, "stale and empty variables", testComposeStale)
	step(t, "another profile", testComposeProfile)
	step(t, "without the keys", testComposeWithoutKeys)
	step(t, "locked store", testComposeLocked)
	step(t, "docker run --env-file", testEnvFile)
	step(t, "the Blueprint's own files", testBlueprint)
}

// composeHome returns a home with a project directory for the test's Compose file, and with both keys
// stored.
func composeHome(t *testing.T) (h *home, key, cyborgKey string) {
	h = newHome(t)
	h.copyFile("testdata/compose.yaml", "compose.yaml")
	key, cyborgKey = h.acceptedKey(), h.secret(newCyborgKey())
	h.newStore()
	h.ragenv("docker", "configure").ok()
	h.run(key, "ragenv", "set", "NGC_API_KEY").ok()
	h.run(cyborgKey, "ragenv", "set", "CYBORGDB_API_KEY").ok()
	h.helperCalls()
	return h, key, cyborgKey
}

func (h *home) composeUp() result {
	h.t.Helper()
	return h.ragenv("--", "docker", "compose", "-f", "compose.yaml", "up", "-d")
}

// wantKeys checks the environment of every service of testdata/compose.yaml, as the engine reports it.
func (h *home) wantKeys(key, cyborgKey string) {
	h.t.Helper()
	for service, want := range map[string]map[string]string{
		"nim-llm":              {"NGC_API_KEY": key},
		"page-elements":        {"NGC_API_KEY": key},
		"rag-server":           {"NGC_API_KEY": key, "APP_VECTORSTORE_APIKEY": cyborgKey},
		"nv-ingest-ms-runtime": {"NGC_API_KEY": key, "NVIDIA_API_KEY": key},
		"cyborgdb":             {"CYBORGDB_API_KEY": cyborgKey},
		"redis":                {},
	} {
		environment := serviceEnvironment(h.t, composeProject, service)
		delete(environment, "PATH")
		if !maps.Equal(environment, want) {
			h.t.Errorf("service %s runs with\n\t%s, want\n\t%s", service, h.scrubbed(environment), h.scrubbed(want))
		}
	}
}

// scrubbed formats an environment without the secrets.
func (h *home) scrubbed(environment map[string]string) string {
	data, _ := json.Marshal(environment)
	return h.scrub(string(data))
}

func testComposeUp(t *testing.T) {
	h, key, cyborgKey := composeHome(t)
	h.composeUp().ok().silentOn("variable is not set")
	h.wantKeys(key, cyborgKey)
	wantKeyUsed(t)
	// Compose asks for each image that it pulls.
	if calls := h.helperCalls(); len(calls) == 0 {
		t.Error("Compose did not ask the helper")
	} else {
		for _, call := range calls {
			if call.String() != "get nvcr.io" || call.Exit != 0 {
				t.Errorf("helper call %q, exit status %d", call, call.Exit)
			}
		}
	}

	// nvcr.io no longer accepts the old key, but the containers still have it.
	rotated := h.acceptedKey()
	h.docker("pull", nimImage).fails(1).says(engineRefuses().wrongKey...)
	h.run(rotated, "ragenv", "set", "NGC_API_KEY").ok()
	h.composeUp().ok()
	h.wantKeys(rotated, cyborgKey)
	emptyEngine(t)
	forgetRequests(t)
	h.pulls(nimImage)
	wantKeyUsed(t)
}

// testComposeStale checks that a stored key wins over one exported long ago, and that an alias left empty
// by a .env sourced too early is set.
func testComposeStale(t *testing.T) {
	h, key, cyborgKey := composeHome(t)
	stale := h.secret(newKey())
	h.with("NGC_API_KEY="+stale, "NVIDIA_API_KEY=").composeUp().ok().says("ragenv: warning: ", "NGC_API_KEY")
	h.wantKeys(key, cyborgKey)

	// Unless the user asks for the exported one.
	h.with("NGC_API_KEY="+stale).ragenv("--preserve-env", "--", "docker", "compose", "-f", "compose.yaml", "up", "-d").ok()
	h.wantKeys(stale, cyborgKey)
}

// testComposeProfile checks that under ragenv --profile, Compose pulls with that profile's key and passes
// it to containers. nvcr.io accepts no other key.
func testComposeProfile(t *testing.T) {
	h, _, cyborgKey := composeHome(t)
	key := h.acceptedKey() // replaces the default profile's key at nvcr.io
	h.run(key, "ragenv", "--profile", "work", "set", "NGC_API_KEY").ok()
	h.run(cyborgKey, "ragenv", "--profile", "work", "set", "CYBORGDB_API_KEY").ok()
	compose := []string{"docker", "compose", "-f", "compose.yaml"}

	forgetRequests(t)
	pull := h.ragenv(append(append([]string{"--"}, compose...), "pull", "nim-llm")...)
	h.refusesImage(pull)
	wantKeyRefused(t)

	forgetRequests(t)
	h.ragenv(append(append([]string{"--profile", "work", "--"}, compose...), "pull")...).ok()
	wantKeyUsed(t)
	h.ragenv(append(append([]string{"--profile", "work", "--"}, compose...), "up", "-d")...).ok()
	h.wantKeys(key, cyborgKey)

	// The same with the variable, as set by a service unit or a shell profile.
	emptyEngine(t)
	forgetRequests(t)
	h.with("RAGENV_PROFILE=work").ragenv(append(append([]string{"--"}, compose...), "pull", "nim-llm")...).ok()
	wantKeyUsed(t)
}

// testEnvFile checks that docker run --env-file passes a container what ragenv export --format docker
// wrote, including quotes.
func testEnvFile(t *testing.T) {
	h, key, _ := composeHome(t)
	odd := h.secret(`it's "` + newKey() + `" $HOME #`)
	h.run(odd, "ragenv", "set", "ODD").ok()
	h.write("keys.env", h.reveal("", "ragenv", "export", "--format", "docker", "--only", "NGC_API_KEY,ODD").ok().stdout)
	h.docker("run", "-d", "--name", "env-file", "--env-file", "keys.env", nimImage).ok()
	environment := containerEnvironment(t, "env-file")
	if environment["NGC_API_KEY"] != key || environment["ODD"] != odd {
		t.Errorf("the container runs with %s", h.scrubbed(environment))
	}
}

func testComposeWithoutKeys(t *testing.T) {
	h, _, _ := composeHome(t)
	const missing = "required variable NGC_API_KEY is missing a value"
	for _, command := range [][]string{{"up", "-d"}, {"ps"}, {"logs"}, {"down"}} { // Compose parses the whole file for every command
		h.docker(append([]string{"compose", "-f", "compose.yaml"}, command...)...).fails(1).says(missing)
	}
	// The fix in docs/troubleshooting.md.
	h.ragenv("--", "docker", "compose", "-f", "compose.yaml", "ps").ok().silentOn(missing)
	h.docker("compose", "-p", composeProject, "ps").ok().silentOn(missing)
	h.docker("compose", "-p", composeProject, "down").ok().silentOn(missing)
	h.run("", "sh", "-c", `eval "$(ragenv export)"; docker compose -f compose.yaml logs`).ok().silentOn(missing)
	if running := plainDocker(t, "ps", "-aq"); running != "" {
		t.Error("containers were made although a key is missing")
	}
}

func testComposeLocked(t *testing.T) {
	h := newHome(t)
	key := h.acceptedKey()
	h.copyFile("testdata/compose.yaml", "compose.yaml")
	h.newLockableStore()
	h.run(key, "ragenv", "set", "NGC_API_KEY").ok()
	h.ragenv("docker", "configure").ok()
	h.composeUp().fails(125).says("in a terminal: ragenv unlock")
	pull := h.with("NGC_API_KEY=not used").docker("compose", "-f", "compose.yaml", "pull", "nim-llm")
	pull.says("hint: ragenv unlock")
	if pull.code == 0 {
		t.Error("docker compose pull succeeds with a locked store")
	}
	wantAnonymous(t)
}

// testBlueprint runs the NIMs of NVIDIA's RAG Blueprint from its own Compose file.
func testBlueprint(t *testing.T) {
	source := os.Getenv("RAGENV_BLUEPRINT_DIR")
	if _, err := os.Stat(filepath.Join(source, "nims.yaml")); source == "" || err != nil {
		skip(t, "RAGENV_BLUEPRINT_DIR does not name the Blueprint's deploy/compose")
	}
	h, key, _ := composeHome(t)
	h.copyFile(filepath.Join(source, "nims.yaml"), "nims.yaml")
	h.copyFile(filepath.Join(source, ".env"), ".env")
	h.copyFile("testdata/nims-override.yaml", "override.yaml")
	// A shell is meant to source .env. Compose reads it literally and would use "$(id -u)" as the user.
	h = h.with("USERID=0")
	compose := []string{"docker", "compose", "--profile", "*", "-p", composeProject, "-f", "nims.yaml", "-f", "override.yaml"}

	type project struct {
		Services map[string]struct {
			Image       string
			Environment map[string]string
		}
	}
	config := func(r result) (p project) {
		t.Helper()
		if err := json.Unmarshal([]byte(r.ok().stdout), &p); err != nil {
			t.Fatal("docker compose config: its output is not JSON")
		}
		return p
	}
	isKey := func(name string) bool { return strings.HasSuffix(name, "_API_KEY") }

	unset := 0
	for _, service := range config(h.run("", append(slices.Clone(compose), "config", "--format", "json")...)).Services {
		for name, value := range service.Environment {
			if isKey(name) && (value == "" || slices.Contains(placeholders, value)) {
				unset++
			}
		}
	}
	if unset == 0 {
		t.Error("without ragenv no variable is blank or a placeholder: the test would prove nothing")
	}

	set := 0
	services := config(h.reveal("", slices.Concat([]string{"ragenv", "--"}, compose, []string{"config", "--format", "json"})...)).Services
	for service, s := range services {
		for name, value := range s.Environment {
			if !isKey(name) {
				continue
			}
			if set++; value != key {
				t.Errorf("service %s: %s is not the stored key", service, name)
			}
		}
	}
	if set != unset {
		t.Errorf("%d variables hold the key, but %d lacked it", set, unset)
	}

	h.run("", slices.Concat([]string{"ragenv", "--"}, compose, []string{"up", "-d"})...).ok()
	for service, s := range services {
		environment := serviceEnvironment(t, composeProject, service)
		for name := range s.Environment {
			if isKey(name) && environment[name] != key {
				t.Errorf("the container of %s: %s is not the stored key", service, name)
			}
		}
	}
	t.Logf("%d services run with the key in %d variables", len(services), set)
}
