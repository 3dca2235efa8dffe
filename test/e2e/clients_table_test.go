package e2e

import "github.com/ragenv/ragenv/test/e2e/registry"

// nims stands for all images in the Blueprint's nims.yaml.
const nims = "nvcr.io/nim/"

// How clients report that the registry refuses them: in the words of containers/image and of engines up to
// 28, or in those of the token endpoint.
const (
	podmanDenied = "unauthorized: authentication required"
	tokenDenied  = "401 Unauthorized"

	podman5Denied = "authentication required"
)

// engineDenied is the message of the world's engine. From 29 on, containerd stores the images and quotes
// the token endpoint.
var engineDenied = func() string {
	if fromContainerd() {
		return tokenDenied
	}
	return podmanDenied
}()

// times repeats a call n times.
func times(n int, call string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = call
	}
	return all
}

// The calls that most clients make for the images requested most.
var (
	getNVCR   = []string{"get nvcr.io"}
	getSecond = []string{"get registry.example.com:5000"}

	// usual is one get per host, except that config.json may have a plaintext login for the second
	// registry.
	usual = map[mode]calls{
		credHelpers: {image: getNVCR},
		credsStore:  {image: getNVCR, second: getSecond},
	}
)

// clients returns the table of all clients.
func clients() []*client {
	return []*client{
		{
			name: "docker-cli", label: "docker", quick: true, verb: "pull", install: withDocker,
			fetch: dockerPull, check: dockerPulled, denied: engineDenied, modes: usual,
			operations: dockerOperations,
		},
		{
			// It asks for every login, and ignores the helper's errors.
			name: "docker-cli", label: "docker build, classic", verb: "build", install: withDocker,
			fetch: dockerBuild, check: dockerBuilt, denied: engineDenied,
			modes: map[mode]calls{
				credHelpers: {image: getNVCR, second: getNVCR},
				credsStore: {
					image: []string{"list", "get nvcr.io"}, noKey: []string{"list"}, locked: []string{"list"}, silent: true,
					second: allLogins[credsStore], alsoSecond: allLogins[credsStore],
				},
			},
		},
		{
			name: "buildx", quick: true, verb: "build", install: withBuildx, retries: true,
			fetch: buildxBuild, check: dockerBuilt, denied: tokenDenied, noToken: true, modes: usual,
		},
		composeClient("compose-v2"),
		composeClient("compose-v5"),
		{
			name: "docker-compose-1", verb: "pull of 14", image: nims, second: secondImage,
			fetch: composePull("docker-compose"), check: composePulled, denied: engineDenied, parallel: true,
			modes: pullOf14, operations: composeOperations(allLogins, "docker-compose"),
		},
		{
			name: "docker-py", verb: "pull", install: withPython,
			fetch: pythonPull, check: dockerPulled, denied: engineDenied, modes: usual,
			operations: pythonOperations,
		},
		{
			name: "crane", quick: true, verb: "pull",
			fetch: func(h *home, image string) result {
				return h.fetchTo("crane", "pull", "--format", "oci", image, h.path("layout"))
			},
			check: layoutFetched, denied: tokenDenied,
			modes: libraryModes,
			operations: ownLogin{
				login:  []string{"crane", "auth", "login", registryHost, "--username", registry.NVCRUser, "--password-stdin"},
				push:   []string{"crane", "copy", nimImage, pushImage},
				logout: []string{"crane", "auth", "logout", registryHost},
				calls: map[mode][3][]string{
					credHelpers: {{"store nvcr.io"}, {"get nvcr.io", "get nvcr.io"}, {"erase nvcr.io"}},
					credsStore:  {{"store nvcr.io"}, {getNIM, "get nvcr.io/org/pushed"}, {"erase nvcr.io"}},
				},
			}.operations(),
		},
		{
			name: "oras", verb: "copy",
			fetch: func(h *home, image string) result {
				return h.fetchTo("oras", "copy", image, "--to-oci-layout", h.path("layout")+":1")
			},
			check: layoutFetched, denied: "401", modes: usual,
			operations: ownLogin{
				login:  []string{"oras", "login", registryHost, "--username", registry.NVCRUser, "--password-stdin"},
				push:   []string{"oras", "copy", nimImage, pushImage},
				logout: []string{"oras", "logout", registryHost},
				calls: map[mode][3][]string{
					credHelpers: {{"store nvcr.io"}, {"get nvcr.io", "get nvcr.io"}, {"erase nvcr.io"}},
					credsStore:  {{"store nvcr.io"}, {"get nvcr.io", "get nvcr.io"}, {"erase nvcr.io"}},
				},
			}.operations(),
		},
		{
			name: "regctl", verb: "image copy",
			fetch: func(h *home, image string) result {
				return h.fetchTo("regctl", "image", "copy", image, "ocidir://"+h.path("layout")+":1")
			},
			check: layoutFetched, denied: "unauthorized",
			modes: map[mode]calls{
				credHelpers: {image: getNVCR},
				credsStore: {
					image: []string{"list", "get nvcr.io"}, noKey: []string{"list"}, locked: []string{"list"}, silent: true,
					second: []string{"list", "get registry.example.com:5000"},
				},
			},
			operations: ownLogin{
				login:  []string{"regctl", "registry", "login", registryHost, "--user", registry.NVCRUser, "--pass-stdin"},
				push:   []string{"regctl", "image", "copy", nimImage, pushImage},
				logout: []string{"regctl", "registry", "logout", registryHost},
				calls: map[mode][3][]string{
					credHelpers: {{}, {}, {}},
					credsStore:  {{"list"}, {"list"}, {}},
				},
				keeps: map[mode]string{credHelpers: ".regctl/config.json", credsStore: ".regctl/config.json"},
			}.operations(),
		},
		{
			name: "helm", verb: "pull", image: nvcrChart, second: secondChart,
			fetch: helmPull, check: helmPulled, denied: "401", modes: usual,
			operations: helmOperations,
		},
		{
			name: "skopeo", quick: true, verb: "copy",
			fetch: func(h *home, image string) result {
				return h.fetchTo("skopeo", "copy", "docker://"+image, "dir:"+h.path("layout"))
			},
			check: dirFetched, denied: podmanDenied, modes: podmanModes, ignores: podmanIgnores,
			operations: podmanLogin(2, "skopeo", "copy", "docker://"+nimImage, "docker://"+pushImage),
		},
		{
			name: "podman", verb: "pull", fetch: podmanPull, check: podmanPulled, denied: podmanDenied,
			modes: podmanModes, ignores: podmanIgnores,
			operations: podmanLogin(1, "podman", "push", nimImage, pushImage),
		},
		{
			name: "buildah", verb: "pull", fetch: buildahPull, check: buildahPulled, denied: podmanDenied,
			modes: podmanModes, ignores: podmanIgnores,
			operations: podmanLogin(1, "buildah", "push", nimImage, "docker://"+pushImage),
		},
		{
			name: "devcontainer", label: "dev containers' features", verb: "features info", fetch: devcontainerFeature,
			denied: "WWW-Authenticate header is not in expected format", ignores: map[mode]string{
				credHelpers: noService, credsStore: noService,
			},
		},
		{
			name: "podman-5", verb: "pull", install: withPodman5, fetch: podmanPull, check: podmanPulled, denied: podman5Denied,
			modes: podmanModes, ignores: podmanIgnores,
			operations: podmanLogin(1, "podman", "push", nimImage, pushImage),
		},
		{
			// It appends the port to the host's name, then tries other names.
			name: "nerdctl", verb: "pull", install: withNerdctl, fetch: nerdctlPull, check: nerdctlPulled, denied: tokenDenied, noToken: true,
			modes: map[mode]calls{
				credHelpers: {
					image: times(2, "get nvcr.io:443"), noKey: []string{"get nvcr.io:443", "get nvcr.io"}, locked: []string{"get nvcr.io:443", "get nvcr.io"},
				},
				credsStore: {
					image: times(2, "get nvcr.io:443"), second: times(2, getSecond[0]), noKey: nerdctlNames("get"), locked: nerdctlNames("get"),
				},
			},
			operations: append(ownLogin{
				login:  nerdctlLogin,
				push:   []string{"sh", "-c", `nerdctl tag "$0" "$1" && nerdctl push "$1"`, nimImage, pushImage},
				logout: []string{"nerdctl", "logout", registryHost},
				calls: map[mode][3][]string{
					credHelpers: {{"store nvcr.io:443", "store nvcr.io"}, {"get nvcr.io:443"}, {"erase nvcr.io:443", "erase nvcr.io"}},
					credsStore:  {{"store nvcr.io:443", "store nvcr.io"}, {"get nvcr.io:443"}, nerdctlNames("erase")},
				},
			}.operations(), nerdctlPlainLogin...),
		},
		{
			name: "buildctl", verb: "build", install: withBuildKit, fetch: buildctlBuild, check: buildctlBuilt, denied: tokenDenied, noToken: true,
			modes: usual, retries: true,
		},
		{
			name: "testcontainers", verb: "start", install: withTestcontainers, fetch: testcontainersStart, check: dockerPulled,
			denied: engineDenied, mute: true, modes: map[mode]calls{
				credHelpers: {image: listAndGet, noKey: []string{"list"}, locked: []string{"list"}},
				credsStore: {
					image: listAndGet, noKey: []string{"list"}, locked: []string{"list"}, second: []string{"list", "get registry.example.com:5000"},
				},
			},
		},
		{
			name: "cosign", verb: "save", fetch: cosignSave, check: layoutFetched, denied: tokenDenied, modes: libraryModes,
			operations: append(ownLogin{
				login: []string{"cosign", "login", registryHost, "--username", registry.NVCRUser, "--password-stdin"},
				push:  []string{"cosign", "copy", "--force", nimImage, pushImage},
				calls: map[mode][3][]string{
					credHelpers: {{"store nvcr.io"}, {"get nvcr.io", "get nvcr.io"}},
					credsStore:  {{"store nvcr.io"}, {getNIM, "get nvcr.io/org/pushed"}},
				},
			}.operations()[:2], cosignOperations("get nvcr.io", "get nvcr.io/org/pushed")...), // it has no logout
		},
		{
			name: "ko", verb: "build", install: withKo, fetch: koBuild, check: koBuilt, denied: tokenDenied, modes: libraryModes,
			operations: append(ownLogin{
				login: []string{"ko", "login", registryHost, "--username", registry.NVCRUser, "--password-stdin"},
				calls: map[mode][3][]string{credHelpers: {{"store nvcr.io"}}, credsStore: {{"store nvcr.io"}}},
			}.operations()[:1], operation{
				name: "build and push", do: koPush, want: map[mode][]string{
					credHelpers: times(2, "get nvcr.io"), credsStore: {getNIM, "get nvcr.io/org/pushed"},
				},
			}),
		},
		{name: "syft", verb: "scan", fetch: syftScan, check: syftScanned, denied: tokenDenied, modes: libraryModes},
		{name: "kaniko"}, // like crane: it uses the same library
	}
}

// noService is why features of dev containers cannot come from nvcr.io, whatever the helper answers.
const noService = "it wants `service=` in the registry's challenge, and nvcr.io sends none"

// listAndGet is how testcontainers asks for a login.
var listAndGet = []string{"list", "get nvcr.io"}

// getNIM is how go-containerregistry asks a credsStore for nimImage.
const getNIM = "get nvcr.io/nim/nvidia/nemotron-3-super-120b-a12b"

// libraryModes are the calls of go-containerregistry, the library of crane, ko and others. In a credsStore
// it first asks for the repository's own login.
var libraryModes = map[mode]calls{
	credHelpers: {image: getNVCR},
	credsStore: {
		image: []string{getNIM}, noKey: []string{getNIM, "get nvcr.io"}, locked: []string{getNIM, "get nvcr.io"},
		second: []string{"get registry.example.com:5000/team/app", "get registry.example.com:5000"},
	},
}

// podmanModes are the calls of containers/image, the library of skopeo, podman and buildah.
var (
	podmanModes = map[mode]calls{
		credHelpers:    {image: getNVCR},
		registriesConf: {image: getNVCR, second: getSecond},
	}
	podmanIgnores = map[mode]string{credsStore: "it reads config.json, but not this setting of it"}
)

// podmanLogin returns the operations of a login with a containers/image program. The login is stored in the
// library's own auth.json; the helper is used only if registries.conf names it. gets is how often a push
// asks.
func podmanLogin(gets int, program string, push ...string) []operation {
	return ownLogin{
		login:  []string{program, "login", "--username", registry.NVCRUser, "--password-stdin", registryHost},
		push:   append([]string{program}, push...),
		logout: []string{program, "logout", registryHost},
		calls: map[mode][3][]string{
			credHelpers:    {{"get nvcr.io"}, {}, {}},
			registriesConf: {{"get nvcr.io", "store nvcr.io"}, times(gets, "get nvcr.io"), {"erase nvcr.io"}},
		},
		keeps: map[mode]string{credHelpers: "run/containers/auth.json"},
	}.operations()
}

// pullOf14 is one get per image.
var pullOf14 = map[mode]calls{
	credHelpers: {image: times(14, "get nvcr.io")},
	credsStore:  {image: times(14, "get nvcr.io"), second: getSecond},
}

// composeClient is Compose as a Docker CLI plugin.
func composeClient(name string) *client {
	return &client{
		name: name, verb: "pull of 14", image: nims, second: secondImage,
		install: withCompose(name), fetch: composePull("docker", "compose"), check: composePulled,
		denied: engineDenied, parallel: true,
		modes: pullOf14, operations: composeOperations(inBoth("get nvcr.io"), "docker", "compose"),
	}
}
