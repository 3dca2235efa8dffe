package doctor

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestPodman(t *testing.T) {
	const dropIn = ".config/containers/registries.conf.d/50.conf"
	for name, c := range map[string]struct {
		program string
		files   map[string]string // in the home directory; LOGIN means a login for nvcr.io
		config  string
		status  Status
		detail  string
		hint    string
		env     map[string]string // paths in the home directory
	}{
		"not installed":      {"", nil, `{"credsStore": "ngc"}`, OK, "not installed", "", nil},
		"credHelpers":        {"podman", nil, `{"credHelpers": {"nvcr.io": "ngc"}}`, OK, "podman uses docker-credential-ngc for nvcr.io (credHelpers)", "", nil},
		"credsStore":         {"skopeo", nil, `{"credsStore": "ngc"}`, Warning, "skopeo does not ask docker-credential-ngc", podmanHint, nil},
		"no helper":          {"buildah", nil, `{}`, OK, "buildah reads Docker's config.json, too", "", nil},
		"broken config.json": {"podman", nil, `{`, Warning, "not checked", "docker-config", nil},
		"credential-helpers": {"podman", map[string]string{dropIn: `credential-helpers = ["ngc"]`}, `{}`, OK, "for every registry (credential-helpers)", "", nil},
		"not TOML":           {"podman", map[string]string{dropIn: "="}, `{"credHelpers": {"nvcr.io": "ngc"}}`, Warning, "50.conf: line 1", "correct that file", nil},
		"a login": {"podman", map[string]string{".config/containers/auth.json": `{"auths": {LOGIN}}`},
			`{"credHelpers": {"nvcr.io": "ngc"}}`, Warning, "is in plain text in ~", "podman logout nvcr.io", nil},
		"a login while running": {"podman", map[string]string{"run/containers/auth.json": `{"auths": {LOGIN}}`},
			`{"credHelpers": {"nvcr.io": "ngc"}}`, Warning, "is in plain text", "podman logout nvcr.io", nil},
		"another auth file": {"podman", map[string]string{"a.json": `{}`}, `{"credHelpers": {"nvcr.io": "ngc"}}`, Warning,
			"newer versions of podman do not ask docker-credential-ngc: they read $REGISTRY_AUTH_FILE in place", podmanHint, map[string]string{"REGISTRY_AUTH_FILE": "a.json"}},
		"another auth file that names the helper": {"podman", map[string]string{"a.json": `{"credHelpers": {"nvcr.io": "ngc"}}`}, `{}`, OK,
			"for nvcr.io (credHelpers of ~", "", map[string]string{"REGISTRY_AUTH_FILE": "a.json"}},
		"an auth file that is not there": {"podman", map[string]string{dropIn: `credential-helpers = ["ngc"]`}, `{}`, Warning,
			"a.json, which is not there: podman pull fails", "unset REGISTRY_AUTH_FILE", map[string]string{"REGISTRY_AUTH_FILE": "a.json"}},
		"a login in another auth file": {"skopeo", map[string]string{"a.json": `{"auths": {LOGIN}}`, dropIn: `credential-helpers = ["ngc"]`}, `{}`, Warning,
			"is in plain text in ~", "skopeo logout nvcr.io", map[string]string{"REGISTRY_AUTH_FILE": "a.json"}},
		"another registries.conf": {"podman", map[string]string{dropIn: `credential-helpers = ["ngc"]`, "r.conf": ""}, `{"credsStore": "ngc"}`, Warning,
			"podman does not ask docker-credential-ngc", podmanHint, map[string]string{"CONTAINERS_REGISTRIES_CONF": "r.conf"}},
		"another registries.conf that names the helper": {"podman",
			map[string]string{dropIn: `credential-helpers = ["ngc"]`, "r.conf": `credential-helpers = ["ngc"]`}, `{}`, OK,
			"for every registry (credential-helpers)", "", map[string]string{"CONTAINERS_REGISTRIES_CONF": "r.conf"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			for name, value := range c.env {
				h.env[name] = filepath.Join(h.env["HOME"], value)
			}
			h.env["XDG_RUNTIME_DIR"] = filepath.Join(h.env["HOME"], "run")
			if c.program != "" {
				h.program(c.program, "")
			}
			h.dockerConfigFile(c.config)
			for file, text := range c.files {
				h.file(file, strings.ReplaceAll(text, "LOGIN", login("nvcr.io", "$oauthtoken", h.keys["NGC_API_KEY"])))
			}
			h.expect(h.podman, c.status, c.detail, c.hint)
		})
	}
}
