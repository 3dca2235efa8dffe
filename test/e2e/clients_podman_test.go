package e2e

import (
	"os"
	"strings"
	"testing"
)

// testPodmanConfiguration: what "ragenv docker configure --podman" writes adds to the user's own configuration, and goes again.
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
	h.ragenv("doctor").says("podman asks docker-credential-ngc for every registry")
	h.helperCalls() // doctor asks for the helper's version

	// Every registry is the helper's affair then, public images and all: so it must be there.
	podmanPull(h, "docker.io/"+hubImage).ok()
	h.wantCalls("get docker.io")
	if err := os.Rename(h.path("bin", helperName), h.path("helper")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.lookPath(helperName); err != nil { // the machine has none either
		// Older ones report in a misleading way that it was found, in the current directory; so by golang.org/x/sys/execabs.
		podmanPull(h, "docker.io/"+hubImage).fails(125).says("error getting credentials", helperName)
	}
	if err := os.Rename(h.path("helper"), h.path("bin", helperName)); err != nil {
		t.Fatal(err)
	}

	// A file that $REGISTRY_AUTH_FILE names changes nothing of this.
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

// testPodmanVariables: status and doctor say what the real programs do where variables name other files, and configure makes them ask.
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
	// It reads the line itself, not only the drop-in.
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
