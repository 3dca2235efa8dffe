package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/ragenv/ragenv/test/e2e/registry"
)

const (
	registryHost = registry.NVCR
	pushImage    = "nvcr.io/org/pushed:1"
	builtImage   = "built:1"
)

func withDocker(*home, map[string]obtained) {} // already in the world

func withBuildx(h *home, programs map[string]obtained) {
	h.link(programs["buildx"].path, ".docker", "cli-plugins", "docker-buildx")
}

func withCompose(name string) func(*home, map[string]obtained) {
	return func(h *home, programs map[string]obtained) {
		h.link(programs[name].path, ".docker", "cli-plugins", "docker-compose")
		if buildx := programs["buildx"].path; buildx != "-" {
			h.link(buildx, ".docker", "cli-plugins", "docker-buildx")
		}
	}
}

func dockerPull(h *home, image string) result {
	h.t.Helper()
	emptyEngine(h.t)
	return h.docker("pull", image)
}

// dockerPulled fails the test unless the engine has the registry's image.
func dockerPulled(h *home, image string, _ result) {
	h.t.Helper()
	h.wantDigest(image, engineDigest(h, image))
}

func engineDigest(h *home, image string) string {
	h.t.Helper()
	_, digest, _ := strings.Cut(plainDocker(h.t, "image", "inspect", "--format", "{{index .RepoDigests 0}}", image), "@")
	return digest
}

// writeBuild writes a build context with the image as the base.
func (h *home) writeBuild(image string) {
	h.t.Helper()
	if err := os.MkdirAll(h.path("context"), 0o700); err != nil {
		h.t.Fatal(err)
	}
	h.write("context/Dockerfile", "FROM "+image+"\nLABEL built=here\n")
}

// emptyBuilder removes all images and what earlier builds resolved.
func emptyBuilder(h *home) {
	h.t.Helper()
	emptyEngine(h.t)
	plainDocker(h.t, "builder", "prune", "-af")
}

func dockerBuild(h *home, image string) result {
	h.t.Helper()
	emptyBuilder(h)
	h.writeBuild(image)
	return h.with("DOCKER_BUILDKIT=0").docker("build", "-t", builtImage, h.path("context"))
}

func buildxBuild(h *home, image string) result {
	h.t.Helper()
	emptyBuilder(h)
	h.writeBuild(image)
	return h.docker("buildx", "build", "-t", builtImage, h.path("context"))
}

// dockerBuilt fails the test unless the built image has the base image's label, which contains the base's
// name.
func dockerBuilt(h *home, image string, _ result) {
	h.t.Helper()
	var labels map[string]string
	if err := json.Unmarshal([]byte(plainDocker(h.t, "image", "inspect", "--format", "{{json .Config.Labels}}", builtImage)), &labels); err != nil {
		h.t.Fatal(err)
	}
	if labels["org.opencontainers.image.ref.name"] != image || labels["built"] != "here" {
		h.t.Errorf("the built image's labels are %q, want those of %s and one more", labels, image)
	}
}

// inBoth returns calls that do not depend on the mode of config.json.
func inBoth(calls ...string) map[mode][]string {
	return map[mode][]string{credHelpers: calls, credsStore: calls}
}

var dockerOperations = []operation{
	{name: "login with a key", want: inBoth("store nvcr.io"), do: func(h *home) {
		h.ragenv("rm", "NGC_API_KEY").ok()
		h.login(h.rightKey()).ok()
	}},
	{name: "login, as stored", want: inBoth("get nvcr.io", "store nvcr.io"), do: func(h *home) {
		h.docker("login", registryHost).ok().says("Login Succeeded")
	}},
	{name: "manifest inspect", want: inBoth("get nvcr.io"), do: func(h *home) {
		h.docker("manifest", "inspect", nimImage).ok().says("application/vnd.docker.distribution.manifest.v2+json")
	}},
	{name: "run", want: inBoth("get nvcr.io"), do: func(h *home) {
		emptyEngine(h.t)
		h.docker("run", "--rm", nimImage, "env").ok().says("PATH=/")
	}},
	{name: "push", want: inBoth("get nvcr.io"), do: func(h *home) {
		h.docker("tag", nimImage, pushImage).ok()
		h.docker("push", pushImage).ok()
		wantPushed(h.t)
	}},
	{
		name: "logout", do: func(h *home) { h.docker("logout", registryHost).ok(); h.wantNoKey() },
		want: map[mode][]string{
			credHelpers: {"erase nvcr.io", "erase nvcr.io"},
			credsStore:  {"erase nvcr.io", "erase nvcr.io", "erase http://nvcr.io", "erase https://nvcr.io"},
		},
	},
}

// rightKey returns the key that nvcr.io accepts.
func (h *home) rightKey() string {
	h.t.Helper()
	key, err := os.ReadFile(os.Getenv("E2E_REGISTRY_KEY_FILE"))
	if err != nil {
		h.t.Fatal(err)
	}
	return strings.TrimSpace(string(key))
}

// wantNoKey fails the test if the keychain has a key for nvcr.io.
func (h *home) wantNoKey() {
	h.t.Helper()
	h.ragenv("get", "NGC_API_KEY").fails(1)
}

// composeImages returns the images of the Compose project for an image.
func composeImages(image string) []string {
	if image != nims {
		return []string{image}
	}
	var all []string
	for _, reference := range registry.Images() {
		if strings.HasPrefix(reference, nims) {
			all = append(all, reference)
		}
	}
	return all
}

// writeProject writes a Compose file with one service per image.
func (h *home) writeProject(images ...string) {
	h.t.Helper()
	var b strings.Builder
	b.WriteString("version: \"3\"\nservices:\n")
	for i, image := range images {
		fmt.Fprintf(&b, "  s%d:\n    image: %s\n", i, image)
	}
	h.write("compose.yaml", b.String())
}

func composePull(compose ...string) func(*home, string) result {
	return func(h *home, image string) result {
		h.t.Helper()
		emptyEngine(h.t)
		h.writeProject(composeImages(image)...)
		return h.compose(compose, "pull")
	}
}

func (h *home) compose(compose []string, args ...string) result {
	h.t.Helper()
	return h.run("", append(append(append([]string{}, compose...), "-f", "compose.yaml", "-p", "ragenv-clients"), args...)...)
}

func composePulled(h *home, image string, r result) {
	h.t.Helper()
	for _, reference := range composeImages(image) {
		dockerPulled(h, reference, r)
	}
}

// composeOperations returns the operations of a Compose program. builds are the calls of a build, which
// Compose 1.x makes itself and later versions leave to the builder.
func composeOperations(builds map[mode][]string, compose ...string) []operation {
	return []operation{
		{name: "build", want: builds, do: func(h *home) {
			emptyBuilder(h)
			h.writeBuild(nimImage)
			h.write("compose.yaml", "version: \"3\"\nservices:\n  built:\n    image: "+builtImage+"\n    build: context\n")
			h.compose(compose, "build").ok()
			dockerBuilt(h, nimImage, result{})
		}},
		{
			name: "up, from both registries",
			want: map[mode][]string{credHelpers: getNVCR, credsStore: {"get nvcr.io", "get registry.example.com:5000"}},
			do: func(h *home) {
				emptyEngine(h.t)
				h.writeProject(nimImage, secondImage)
				h.compose(compose, "up", "-d").ok()
				if running := len(strings.Fields(plainDocker(h.t, "ps", "-q"))); running != 2 {
					h.t.Errorf("%d containers run, want 2", running)
				}
			},
		},
		{name: "down", want: inBoth(), do: func(h *home) {
			h.compose(compose, "down", "--timeout", "1").ok()
			if left := plainDocker(h.t, "ps", "-aq"); left != "" {
				h.t.Errorf("containers are left")
			}
		}},
	}
}

func withPython(h *home, programs map[string]obtained) {
	h.link(programs["docker-py"].path, "bin", "python-with-docker")
}

// python runs a docker-py script, in which c is the client.
func (h *home) python(stdin, script string, args ...string) result {
	h.t.Helper()
	h.write("script.py", "import docker, sys\nc = docker.from_env()\n"+script)
	return h.run(stdin, append([]string{"python-with-docker", h.path("script.py")}, args...)...)
}

func pythonPull(h *home, image string) result {
	h.t.Helper()
	emptyEngine(h.t)
	return h.python("", "name, _, tag = sys.argv[1].rpartition(':')\nc.images.pull(name, tag=tag)\n", image)
}

const pythonBuild = "c.images.build(path=sys.argv[1], tag=sys.argv[2])\n"

// allLogins are the calls of a build that sends every available login.
var allLogins = map[mode][]string{
	credHelpers: getNVCR,
	credsStore:  {"list", "get nvcr.io", "get registry.example.com:5000"},
}

var pythonOperations = []operation{
	{name: "login with a key", want: inBoth("get nvcr.io"), do: func(h *home) {
		h.python(h.rightKey(), "print(c.login(username='$oauthtoken', password=sys.stdin.read(), registry='nvcr.io', reauth=True))\n").
			ok().says("Login Succeeded")
	}},
	{name: "push", want: inBoth("get nvcr.io"), do: func(h *home) {
		plainDocker(h.t, "tag", nimImage, pushImage)
		h.python("", "print(c.images.push('nvcr.io/org/pushed', tag='1'))\n").ok().says("digest: sha256:")
		wantPushed(h.t)
	}},
	{name: "build", want: allLogins, do: func(h *home) {
		emptyBuilder(h)
		h.writeBuild(nimImage)
		h.python("", pythonBuild, h.path("context"), builtImage).ok()
		dockerBuilt(h, nimImage, result{})
	}},
}
