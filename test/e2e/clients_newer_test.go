package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"

	"github.com/ragenv/ragenv/test/e2e/registry"
)

// withNerdctl uses the containerd that the world's engine started.
func withNerdctl(h *home, programs map[string]obtained) {
	h.t.Helper()
	h.link(programs["nerdctl"].path, "bin", "nerdctl")
	h.write("nerdctl.toml", "address = \"/run/docker/containerd/containerd.sock\"\nnamespace = \"default\"\nsnapshotter = \"native\"\n"+
		"data_root = \""+h.path("nerdctl")+"\"\n")
	h.env = append(h.env, "NERDCTL_TOML="+h.path("nerdctl.toml"))
}

func nerdctlPull(h *home, image string) result {
	h.t.Helper()
	for _, other := range []string{image, pushImage} {
		h.run("", "nerdctl", "rmi", "--force", other) // fails if there is no image
	}
	return h.run("", "nerdctl", "pull", image)
}

func nerdctlPulled(h *home, image string, _ result) {
	h.t.Helper()
	h.wantDigest(image, strings.TrimSpace(h.run("", "nerdctl", "image", "inspect", "--mode", "native", "--format", "{{.Image.Target.Digest}}", image).ok().stdout))
}

var nerdctlLogin = []string{"nerdctl", "login", "--username", registry.NVCRUser, "--password-stdin", registryHost}

// nerdctlNames returns the calls for all names that nerdctl has for nvcr.io.
func nerdctlNames(verb string) []string {
	var all []string
	for _, host := range []string{registryHost + ":443", registryHost} {
		all = append(all, verb+" "+host, verb+" https://"+host, verb+" http://"+host)
	}
	return all
}

// nerdctlPlainLogin follows a logout. It shows what a login does if credHelpers names only nvcr.io, as
// after a configure that ran before nerdctl was installed.
var nerdctlPlainLogin = []operation{
	{
		name: "login with a key, without nvcr.io:443 in credHelpers", keeps: map[mode]string{credHelpers: ".docker/config.json"},
		want: map[mode][]string{credHelpers: {"store nvcr.io"}, credsStore: {"store nvcr.io:443", "store nvcr.io"}},
		do: func(h *home) {
			if !h.usesStore() {
				h.writeConfig(`{"credHelpers": {"nvcr.io": "ngc"}}`)
			}
			h.run(h.rightKey(), nerdctlLogin...).ok()
		},
	},
	{
		name: "logout after that", want: map[mode][]string{credHelpers: {"erase nvcr.io"}, credsStore: nerdctlNames("erase")},
		do: func(h *home) {
			h.run("", "nerdctl", "logout", registryHost).ok()
			h.wantNoKey()
			if !h.usesStore() {
				h.ragenv("docker", "configure").ok()
			}
		},
	},
}

// usesStore reports whether config.json has a credsStore. Unlike config, it accepts logins in the file.
func (h *home) usesStore() bool {
	h.t.Helper()
	data, err := os.ReadFile(h.path(".docker", "config.json"))
	if err != nil {
		h.t.Fatal(err)
	}
	return strings.Contains(string(data), `"credsStore"`)
}

// withBuildKit starts a BuildKit daemon. It asks its client for logins, which asks the helper.
func withBuildKit(h *home, programs map[string]obtained) {
	h.t.Helper()
	if daemon := programs["buildkitd"]; daemon.path == "-" {
		skip(h.t, "buildkitd: "+daemon.version)
	}
	h.link(programs["buildctl"].path, "bin", "buildctl")
	address := "unix://" + h.path("buildkit.sock")
	daemon := exec.Command(programs["buildkitd"].path, "--addr", address, "--root", h.path("buildkit"),
		"--oci-worker-snapshotter", "native", "--containerd-worker=false")
	daemon.Env = h.env
	var log strings.Builder
	daemon.Stdout, daemon.Stderr = &log, &log
	if err := daemon.Start(); err != nil {
		h.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = daemon.Wait(); close(ended) }()
	h.t.Cleanup(func() {
		_ = daemon.Process.Kill()
		<-ended
		if h.t.Failed() {
			h.t.Logf("the daemon's log:\n%s", h.scrub(log.String()))
		}
	})
	h.env = append(h.env, "BUILDKIT_HOST="+address)
	for h.run("", "buildctl", "debug", "workers").code != 0 {
		select {
		case <-ended:
			h.t.Fatal("the BuildKit daemon has ended")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func buildctlBuild(h *home, image string) result {
	h.t.Helper()
	h.run("", "buildctl", "prune", "--all").ok()
	h.writeBuild(image)
	return h.fetchTo("buildctl", "build", "--no-cache", "--frontend", "dockerfile.v0", "--local", "context="+h.path("context"),
		"--local", "dockerfile="+h.path("context"), "--output", "type=oci,tar=false,dest="+h.path("layout"))
}

// buildctlBuilt fails the test unless the built image has the base image's label, which contains the base's
// name.
func buildctlBuilt(h *home, image string, _ result) {
	h.t.Helper()
	config, err := layoutImage(h).ConfigFile()
	if err != nil {
		h.t.Fatal(err)
	}
	if labels := config.Config.Labels; labels["org.opencontainers.image.ref.name"] != image || labels["built"] != "here" {
		h.t.Errorf("the built image's labels are %q, want those of %s and one more", labels, image)
	}
}

// layoutImage returns the only image in the home's OCI layout.
func layoutImage(h *home) v1.Image {
	h.t.Helper()
	index, err := layout.ImageIndexFromPath(h.path("layout"))
	if err != nil {
		h.t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 {
		h.t.Fatalf("the layout has %d images (%v), want 1", len(manifest.Manifests), err)
	}
	image, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		h.t.Fatal(err)
	}
	return image
}

// withTestcontainers prepares the Testcontainers library for Node.js.
func withTestcontainers(h *home, programs map[string]obtained) {
	h.t.Helper()
	h.env = append(h.env, "NODE_PATH="+filepath.Dir(programs["testcontainers"].path), "TESTCONTAINERS_RYUK_DISABLED=true")
	h.write("start.js", `const { GenericContainer, PullPolicy } = require("testcontainers");
new GenericContainer(process.argv[2]).withPullPolicy(PullPolicy.alwaysPull()).start().then(
	(container) => container.stop().then(() => process.exit(0)),
	(error) => { console.error(String(error)); process.exit(1); });
`)
}

func testcontainersStart(h *home, image string) result {
	h.t.Helper()
	emptyEngine(h.t)
	return h.run("", "node", h.path("start.js"), image)
}

func devcontainerFeature(h *home, image string) result {
	h.t.Helper()
	return h.with("NODE_EXTRA_CA_CERTS="+os.Getenv("SSL_CERT_FILE")).run("", "devcontainer", "features", "info", "manifest", image, "--log-level", "trace")
}

// withPodman5 gives a newer Podman its own storage and the files it needs to start.
func withPodman5(h *home, programs map[string]obtained) {
	h.t.Helper()
	h.link(programs["podman-5"].path, "bin", "podman")
	h.write("storage.conf", "[storage]\ndriver = \"vfs\"\ngraphroot = \""+h.path("graph")+"\"\nrunroot = \""+h.path("run", "storage")+"\"\n")
	h.env = append(h.env, "CONTAINERS_STORAGE_CONF="+h.path("storage.conf"), "PODMAN_IGNORE_CGROUPSV1_WARNING=1")
}

// withKo gives ko a program that builds in seconds, and a cache that all homes of the world share.
func withKo(h *home, programs map[string]obtained) {
	h.t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		skip(h.t, "ko needs go to build with")
	}
	h.link(programs["ko"].path, "bin", "ko")
	if err := os.MkdirAll(h.path("program"), 0o700); err != nil {
		h.t.Fatal(err)
	}
	h.write("program/go.mod", "module example.com/program\n\ngo 1.21\n")
	h.write("program/main.go", "package main\n\nfunc main() {}\n")
	h.env = append(h.env, "GOCACHE="+filepath.Join(os.Getenv("E2E_WORLD"), "go-cache"), "GOPROXY=off", "GOTOOLCHAIN=local", "GOFLAGS=-buildvcs=false",
		"KO_DOCKER_REPO="+koRepository)
}

// koRepository is the repository that ko pushes to.
const koRepository = "nvcr.io/org/pushed"

func koCommand(flags ...string) []string {
	command := []string{"sh", "-c", `cd program && exec ko build "$@" .`, "ko", "--bare", "--sbom=none", "--platform=linux/amd64"}
	return append(command, flags...)
}

func koBuild(h *home, image string) result {
	h.t.Helper()
	return h.with("KO_DEFAULTBASEIMAGE=" + image).
		fetchTo(koCommand("--push=false", "--oci-layout-path=../layout")...)
}

// koBuilt fails the test unless the built image names the base image and has its layers.
func koBuilt(h *home, image string, _ result) {
	h.t.Helper()
	wantBase(h.t, layoutImage(h), image)
}

// wantBase fails the test unless the image that ko built has that base.
func wantBase(t *testing.T, built v1.Image, image string) {
	t.Helper()
	manifest, err := built.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := manifest.Annotations["org.opencontainers.image.base.digest"], registryDigest(t, image); got != want {
		t.Errorf("built on %s, want %s", got, want)
	}
	base := layersOf(t, remoteImage(t, image))
	if got := layersOf(t, built); len(got) <= len(base) || !slices.Equal(got[:len(base)], base) {
		t.Errorf("its layers are %q, want them to begin with %q", got, base)
	}
}

func layersOf(t *testing.T, image v1.Image) []string {
	t.Helper()
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, diff := range config.RootFS.DiffIDs {
		all = append(all, diff.String())
	}
	return all
}

func koPush(h *home) {
	h.t.Helper()
	h.with("KO_DEFAULTBASEIMAGE="+nimImage).
		run("", koCommand("--tags=1")...).ok()
	wantBase(h.t, remoteImage(h.t, pushImage), nimImage)
}

func cosignSave(h *home, image string) result {
	h.t.Helper()
	return h.fetchTo("cosign", "save", "--dir", h.path("layout"), image)
}

// cosignOperations: a signature is kept in the image's repository, so signing needs the login, and so does verifying. Both do without
// Sigstore's services, which the world does not have.
func cosignOperations(helpers, store string) []operation {
	gets := func(n int) map[mode][]string {
		return map[mode][]string{credHelpers: times(n, helpers), credsStore: times(n, store)}
	}
	return []operation{
		{name: "sign with a key pair", want: gets(3), do: func(h *home) {
			signer := h.with("COSIGN_PASSWORD=")
			signer.run("", "cosign", "generate-key-pair").ok()
			signer.run("", "cosign", "sign", "--key=cosign.key", "--yes", "--tlog-upload=false", "--use-signing-config=false",
				"nvcr.io/org/pushed@"+registryDigest(h.t, pushImage)).ok()
		}},
		{name: "verify", want: gets(1), do: func(h *home) {
			h.run("", "cosign", "verify", "--key=cosign.pub", "--insecure-ignore-tlog=true", pushImage).ok().
				says("The signatures were verified against the specified public key")
		}},
	}
}

func syftScan(h *home, image string) result {
	h.t.Helper()
	return h.with("SYFT_CHECK_FOR_APP_UPDATE=false").run("", "syft", "scan", "registry:"+image, "--output", "syft-json")
}

// syftScanned fails the test unless the list of contents is that of the registry's image.
func syftScanned(h *home, image string, r result) {
	h.t.Helper()
	var found struct {
		Source struct {
			Metadata struct{ ManifestDigest string }
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &found); err != nil {
		h.t.Fatal(err)
	}
	h.wantDigest(image, found.Source.Metadata.ManifestDigest)
}
