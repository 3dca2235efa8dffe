package doctor

import (
	"encoding/base64"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

// login is an entry of auths.
func login(server, user, secret string) string {
	return fmt.Sprintf(`%q: {"auth": %q}`, server, base64.StdEncoding.EncodeToString([]byte(user+":"+secret)))
}

func TestDockerConfig(t *testing.T) {
	for name, c := range map[string]struct {
		config string
		status Status
		detail string
		hint   string
	}{
		"credHelpers":   {`{"credHelpers": {"nvcr.io": "ngc"}}`, OK, "names docker-credential-ngc for nvcr.io (credHelpers)", ""},
		"credsStore":    {`{"credsStore": "ngc"}`, OK, "(credsStore)", ""},
		"no helper":     {`{}`, Failed, "names no helper", configureHint},
		"other store":   {`{"credsStore": "desktop"}`, Failed, "docker-credential-desktop for nvcr.io (credsStore)", configureHint},
		"shadowed":      {`{"credsStore": "ngc", "credHelpers": {"nvcr.io": "pass"}}`, Failed, "docker-credential-pass for nvcr.io (credHelpers)", configureHint},
		"switched off":  {`{"credsStore": "ngc", "credHelpers": {"nvcr.io": ""}}`, Failed, "names no helper", configureHint},
		"not JSON":      {"{\n\t\"auths\": {},\n}", Failed, "config.json", "+3 "},
		"not an object": {`[]`, Failed, "config.json", "+1 "},
		"a login":       {`{"auths": {LOGIN}}`, Warning, "uses the login in the file", configureHint},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			h.program("docker", healthyDocker)
			h.dockerConfigFile(strings.ReplaceAll(c.config, "LOGIN", login("https://nvcr.io", "$oauthtoken", h.keys["NGC_API_KEY"])))
			h.expect(h.dockerConfig, c.status, c.detail, c.hint)
		})
	}
	t.Run("no file", func(t *testing.T) {
		h := emptyHome(t)
		h.expect(h.dockerConfig, Warning, "there is no ", configureHint) // and no docker
		h.program("docker", healthyDocker)
		h.expect(h.dockerConfig, Failed, "there is no ", configureHint)
	})
	t.Run("a directory", func(t *testing.T) {
		h := emptyHome(t)
		h.file(".docker/config.json/x", "")
		h.expect(h.dockerConfig, Failed, "is a directory", "mv ")
		h.expect(h.dockerLogins, Warning, "not checked", "docker-config")
		h.expect(h.credentialStores, Warning, "not checked", "docker-config")
	})
	t.Run(authVariable, func(t *testing.T) {
		h := newHome(t)
		h.env[authVariable] = "{" + `"auths": {` + login("nvcr.io", "$oauthtoken", h.keys["NGC_API_KEY"]) + "}}"
		h.expect(h.dockerConfig, Warning, "overrides the helper", "unset DOCKER_AUTH_CONFIG")
		h.env[authVariable] = `{"auths": {"ghcr.io": {}}}`
		h.expect(h.dockerConfig, OK, "names docker-credential-ngc", "")
	})
	t.Run("the helper of Windows", func(t *testing.T) {
		h := newHome(t)
		h.env["WSL_DISTRO_NAME"] = "Ubuntu"
		h.dockerConfigFile(`{"credHelpers": {"nvcr.io": "ngc.exe"}}`)
		h.expect(h.dockerConfig, Failed, "docker-credential-ngc.exe for nvcr.io (credHelpers), which is not on PATH", "export PATH=")
		h.program("docker-credential-ngc.exe", "")
		h.expect(h.dockerConfig, OK, "the keychain of Windows", "")
	})
	t.Run("DOCKER_CONFIG", func(t *testing.T) {
		h := newHome(t)
		h.env["DOCKER_CONFIG"] = t.TempDir()
		h.expect(h.dockerConfig, Warning, "there is no "+h.env["DOCKER_CONFIG"], configureHint)
	})
}

func TestDockerLogins(t *testing.T) {
	const helpers = `"credHelpers": {"nvcr.io": "ngc"}`
	for name, c := range map[string]struct {
		config string
		status Status
		detail string
		hint   string
	}{
		"none":           {`{"auths": {"nvcr.io": {}}, ` + helpers + `}`, OK, "none", ""},
		"shadowed":       {`{"auths": {NGC}, ` + helpers + `}`, Warning, "nvcr.io is in plain text, and Docker ignores it", configureHint},
		"in use":         {`{"auths": {NGC}}`, Warning, "nvcr.io is in plain text", configureHint},
		"another":        {`{"auths": {OTHER}, ` + helpers + `}`, Warning, "ghcr.io is in plain text", configureHint + " --store"},
		"other shadowed": {`{"auths": {OTHER}, "credsStore": "ngc"}`, Warning, "ghcr.io is in plain text, and Docker ignores it", "docker login ghcr.io"},
		"two":            {`{"auths": {NGC, OTHER}}`, Warning, "nvcr.io is in plain text; the login for ghcr.io is", configureHint},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			h.keys["login"] = scripttest.NewKey()
			ngc, other := login("nvcr.io", "$oauthtoken", h.keys["NGC_API_KEY"]), login("ghcr.io", "me", h.keys["login"])
			h.dockerConfigFile(strings.NewReplacer("NGC", ngc, "OTHER", other).Replace(c.config))
			h.expect(h.dockerLogins, c.status, c.detail, c.hint)
		})
	}
	t.Run("a password in the name", func(t *testing.T) {
		h := newHome(t)
		h.keys["login"] = scripttest.NewKey()
		h.dockerConfigFile(`{"auths": {` + login("https://me:"+h.keys["login"]+"@example.com", "me", h.keys["login"]) + `}, "credsStore": "ngc"}`)
		h.expect(h.dockerLogins, Warning, "the login for a server with an odd name is in plain text", "${EDITOR:-vi} ")
	})
	t.Run("open to others", func(t *testing.T) {
		h := newHome(t)
		h.dockerConfigFile(`{"auths": {` + login("nvcr.io", "$oauthtoken", h.keys["NGC_API_KEY"]) + `}}`)
		h.chmod(h.dockerConfigPath(), 0o644)
		h.expect(h.dockerLogins, Failed, "can be read by other users (mode 0644)", "chmod 600 ")
	})
}

func TestCredentialStores(t *testing.T) {
	for name, c := range map[string]struct {
		config string
		status Status
		detail string
		hint   string
	}{
		"none":      {`{"credsStore": "ngc"}`, OK, "no other", ""},
		"present":   {`{"credsStore": "present", "credHelpers": {"nvcr.io": "ngc"}}`, OK, "docker-credential-present answers for every other registry", ""},
		"missing":   {`{"credsStore": "secretservice", "credHelpers": {"nvcr.io": "ngc"}}`, Failed, "docker-credential-secretservice, which is not on PATH", `delete "credsStore": "secretservice" from`},
		"one":       {`{"credHelpers": {"nvcr.io": "ngc", "gcr.io": "gcloud"}}`, Failed, "Docker fails for gcr.io", `delete "gcr.io": "gcloud" from`},
		"no helper": {`{"credHelpers": {"nvcr.io": "ngc", "gcr.io": ""}}`, OK, "no other", ""},
		"blocked":   {`{"credsStore": "blocked"}`, Failed, "not executable", "chmod 755 "},
		"windows":   {`{"credHelpers": {"nvcr.io": "ngc.exe"}}`, OK, "no other", ""},
		"another's": {`{"credHelpers": {"gcr.io": "ngc.exe"}}`, Failed, "Docker fails for gcr.io", `delete "gcr.io": "ngc.exe" from`},
		"wsl":       {`{"credsStore": "desktop.exe"}`, Failed, "docker-credential-desktop.exe, which is not on PATH", "Docker Desktop's integration"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			h.program("docker-credential-present", "")
			h.chmod(h.program("docker-credential-blocked", ""), 0o600)
			h.env["WSL_DISTRO_NAME"] = "Ubuntu"
			h.dockerConfigFile(c.config)
			h.expect(h.credentialStores, c.status, c.detail, c.hint)
		})
	}
}

func TestConfigFile(t *testing.T) {
	h := newHome(t)
	h.expect(h.configFile, OK, "none", "")
	for text, c := range map[string]struct {
		status       Status
		detail, hint string
	}{
		"backend = \"file\"\n":           {OK, "config.toml", ""},
		"bakend = \"file\"\n":            {Warning, `unknown setting "bakend"`, "correct or delete"},
		"backend = file\n":               {Failed, "config.toml", "+1 "},
		"profile = \"Not a profile!\"\n": {Failed, "", ""},
	} {
		h.write(h.Paths.ConfigFile, text)
		h.loadConfig()
		if c.hint == "" && c.status != OK {
			c.hint = "${EDITOR:-vi} "
		}
		h.expect(h.configFile, c.status, c.detail, c.hint)
	}
	h.write(h.Paths.ConfigFile, "")
	if runtime.GOOS != "windows" {
		h.chmod(h.Paths.ConfigFile, 0o666)
		h.loadConfig()
		h.expect(h.configFile, Failed, "config.toml", "chmod 644 ")
		h.chmod(h.Paths.ConfigFile, 0o600)
		if os.Geteuid() == 0 {
			if err := os.Chown(h.Paths.ConfigFile, 12345, -1); err != nil {
				t.Fatal(err)
			}
			h.loadConfig()
			h.expect(h.configFile, Failed, "config.toml", `sudo chown "$(id -un)" `)
			if err := os.Chown(h.Paths.ConfigFile, 0, -1); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.env["RAGENV_PROFILE"] = "Not a profile!"
	h.loadConfig()
	h.expect(h.configFile, Failed, "RAGENV_PROFILE", "unset RAGENV_PROFILE")
}
