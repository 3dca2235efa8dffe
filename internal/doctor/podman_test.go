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
		files   map[string]string // in the home; LOGIN is one for nvcr.io
		config  string
		status  Status
		detail  string
		hint    string
	}{
		"not installed":      {"", nil, `{"credsStore": "ngc"}`, OK, "not installed", ""},
		"credHelpers":        {"podman", nil, `{"credHelpers": {"nvcr.io": "ngc"}}`, OK, "podman asks docker-credential-ngc for nvcr.io (credHelpers)", ""},
		"credsStore":         {"skopeo", nil, `{"credsStore": "ngc"}`, Warning, "skopeo does not ask docker-credential-ngc", podmanHint},
		"no helper":          {"buildah", nil, `{}`, OK, "buildah reads Docker's config.json, too", ""},
		"broken config.json": {"podman", nil, `{`, Warning, "not checked", "docker-config"},
		"credential-helpers": {"podman", map[string]string{dropIn: `credential-helpers = ["ngc"]`}, `{}`, OK, "for every registry (credential-helpers)", ""},
		"not TOML":           {"podman", map[string]string{dropIn: "="}, `{"credHelpers": {"nvcr.io": "ngc"}}`, Warning, "50.conf: line 1", "correct that file"},
		"a login": {"podman", map[string]string{".config/containers/auth.json": `{"auths": {LOGIN}}`},
			`{"credHelpers": {"nvcr.io": "ngc"}}`, Warning, "is in plain text in ~", "podman logout nvcr.io"},
		"a login while running": {"podman", map[string]string{"run/containers/auth.json": `{"auths": {LOGIN}}`},
			`{"credHelpers": {"nvcr.io": "ngc"}}`, Warning, "is in plain text", "podman logout nvcr.io"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
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
