package e2e

import (
	"os"
	"strings"
	"testing"
)

// testPodmanConfiguration checks that "ragenv docker configure --podman" adds to the user's own
// configuration, and that unconfigure removes it again.
func testPodmanConfiguration(t *testing.T, programs map[string]obtained) {
	if programs["podman"].path == "-" {
		skip(t, programs["podman"].version)
	}
	h := newHome(t)
	if err := os.MkdirAll(h.path(".config", "containers"), 0o700); err != nil {
		t.Fatal(err)
	}
	h.write(".config/containers/registries.conf", `unqualified-search-registries = ["nvcr.io"]`+"\n")
	h.newStore()
	h.run(h.acceptedKey(), "ragenv", "set", "NGC_API_KEY").ok()
	searched := func() string {
		t.Helper()
		return strings.TrimSpace(h.run("", "podman", "info", "--format", "{{.Registries.search}}").ok().stdout)
	}
	before := searched()
	h.ragenv("docker", "configure", "--podman").ok().says("99-ragenv.conf")
	if after := searched(); after != before || after != "[nvcr.io]" {
		t.Errorf("podman searches %s, before that %s", after, before)
	}
	h.helperCalls()
	podmanPull(h, nimImage).ok()
	h.wantCalls("get nvcr.io")
	h.ragenv("doctor").says("podman uses docker-credential-ngc for every registry")
	h.helperCalls() // doctor asks the helper for its version

	// The helper is now asked for every registry, even for public images, so it must be installed.
	podmanPull(h, "docker.io/"+hubImage).ok()
	h.wantCalls("get docker.io")
	if err := os.Rename(h.path("bin", helperName), h.path("helper")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.lookPath(helperName); err != nil { // not installed on the machine either
		// Older versions misleadingly report it as found in the current directory, due to
		// golang.org/x/sys/execabs.
		podmanPull(h, "docker.io/"+hubImage).fails(125).says("error getting credentials", helperName)
	}
	if err := os.Rename(h.path("helper"), h.path("bin", helperName)); err != nil {
		t.Fatal(err)
	}

	// A file in $REGISTRY_AUTH_FILE makes no difference.
	elsewhere := h.with("REGISTRY_AUTH_FILE=" + h.path("auth.json"))
	podmanPull(elsewhere, nimImage).fails(125).says("auth.json: no such file or directory")
	elsewhere.ragenv("doctor").says("which is not there: podman pull fails")
	h.helperCalls()
	h.write("auth.json", `{}`)
	podmanPull(elsewhere, nimImage).ok()
	h.wantCalls("get nvcr.io")

	h.ragenv("docker", "unconfigure").ok()
	if _, err := os.Stat(h.path(".config", "containers", "registries.conf.d")); err == nil {
		t.Error("the directory that was made is still there")
	}
	podmanPull(h, nimImage).fails(125).says(podmanDenied)
	h.wantCalls()
	if after := searched(); after != before {
		t.Errorf("podman searches %s, before that %s", after, before)
	}

	testPodmanVariables(t, h)
}

// testPodmanVariables checks that status and doctor describe what the real programs do if variables name
// other files, and that configure makes the programs ask the helper.
func testPodmanVariables(t *testing.T, h *home) {
	h.ragenv("docker", "configure").ok()
	podmanPull(h, nimImage).ok()
	h.write("auth.json", `{}`)
	elsewhere := h.with("REGISTRY_AUTH_FILE=" + h.path("auth.json"))
	elsewhere.ragenv("docker", "status").ok().says("no docker-credential-ngc, as newer versions read $REGISTRY_AUTH_FILE in place of Docker's config.json")
	elsewhere.ragenv("doctor").says("they read $REGISTRY_AUTH_FILE in place of Docker's config.json") // 4.3 reads both
	h.helperCalls()
	h.write("auth.json", `{"credHelpers": {"nvcr.io": "ngc"}}`)
	elsewhere.ragenv("docker", "status").ok().says("docker-credential-ngc for nvcr.io (credHelpers of " + h.path("auth.json"))
	podmanPull(elsewhere, nimImage).ok()
	h.wantCalls("get nvcr.io")
	h.ragenv("docker", "unconfigure").ok()

	const conf = "unqualified-search-registries = [\"nvcr.io\"]\n"
	h.write("named.conf", conf)
	named := h.with("CONTAINERS_REGISTRIES_CONF=" + h.path("named.conf"))
	named.ragenv("docker", "configure", "--podman").ok().says("99-ragenv.conf, " + h.path("named.conf"))
	named.ragenv("docker", "status").ok().says("docker-credential-ngc (credential-helpers)")
	h.helperCalls()
	podmanPull(named, nimImage).ok()
	h.wantCalls("get nvcr.io")
	if searched := named.run("", "podman", "info", "--format", "{{.Registries.search}}").ok().stdout; strings.TrimSpace(searched) != "[nvcr.io]" {
		t.Errorf("podman searches %s", searched)
	}
	// It parses the line itself, not only our drop-in.
	if err := os.RemoveAll(h.path(".config", "containers", "registries.conf.d")); err != nil {
		t.Fatal(err)
	}
	podmanPull(named, nimImage).ok()
	h.wantCalls("get nvcr.io")
	named.ragenv("docker", "configure", "--podman").ok()
	h.ragenv("docker", "unconfigure").ok()
	if text, err := os.ReadFile(h.path("named.conf")); err != nil || string(text) != conf {
		t.Errorf("named.conf after unconfigure: %q, %v", text, err)
	}
	podmanPull(named, nimImage).fails(125).says(podmanDenied)
}
