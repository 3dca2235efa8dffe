package keyfile_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ragenv/ragenv/internal/keyfile"
	"github.com/ragenv/ragenv/internal/secrets"
)

const user = "$oauthtoken"

func TestRender(t *testing.T) {
	key := "nvapi-" + rand.Text()
	auth := base64.StdEncoding.EncodeToString([]byte(user + ":" + key))
	for _, test := range []struct{ name, format, value, want string }{
		{"NGC_API_KEY", "raw", key, key},
		{"ANY_NAME", "raw", "\xff\n\x01", "\xff\n\x01"},
		{"NGC_API_KEY", "dotenv", key, "NGC_API_KEY=" + key + "\n"},
		{"ANY_NAME", "dotenv", "a b", "ANY_NAME='a b'\n"},
		{"NGC_API_KEY", "docker-config", key, `{"auths":{"nvcr.io":{"auth":"` + auth + `"}}}`},
		{"NGC_API_KEY", "netrc", "a~", "machine nvcr.io\nlogin " + user + "\npassword a~\nmachine helm.ngc.nvidia.com\nlogin " + user + "\npassword a~\n"},
		{"NGC_API_KEY", "netrc", key, "machine nvcr.io\nlogin " + user + "\npassword " + key + "\nmachine helm.ngc.nvidia.com\nlogin " + user + "\npassword " + key + "\n"},
	} {
		got, err := keyfile.Render(test.format, keyfile.Key{Name: test.name, Value: test.value})
		if diff := cmp.Diff(test.want, string(got)); diff != "" || err != nil {
			t.Errorf("%s as %s: %v\n%s", test.name, test.format, err, diff)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, test := range []struct{ name, format, value string }{
		{"ANY_NAME", "docker-config", "value"},
		{"CYBORGDB_API_KEY", "netrc", "value"},
		{"NVIDIA_API_KEY", "helm-repositories", "value"},
		{"NGC_API_KEY", "netrc", "two words"},
		{"NGC_API_KEY", "netrc", "line\nbreak"},
		{"NGC_API_KEY", "netrc", `quo"te`},
		{"ANY_NAME", "dotenv", "\xff"},
	} {
		_, err := keyfile.Render(test.format, keyfile.Key{Name: test.name, Value: test.value})
		var typed *keyfile.Error
		if !errors.As(err, &typed) || strings.Contains(err.Error(), test.value) {
			t.Errorf("%s as %s: %v", test.name, test.format, err)
		}
	}
	if _, err := keyfile.Render("yaml", keyfile.Key{}); !errors.Is(err, keyfile.ErrUnknownFormat) {
		t.Errorf("an unknown format: %v", err)
	}
	_, err := keyfile.Render("helm-repositories", keyfile.Key{Name: "NVIDIA_API_KEY", Value: "value"})
	if err == nil || !strings.Contains(err.Error(), "it is no login of a registry") {
		t.Errorf("a key that opens no registry: %v", err)
	}
	_, err = keyfile.Render("helm-repositories", keyfile.Key{Name: "NGC_API_KEY", Repositories: []byte("repositories: [")})
	if !errors.As(err, new(*keyfile.Error)) {
		t.Errorf("bad YAML: %v", err)
	}
}

type repository struct {
	Name, URL, Username, Password string
	All                           bool `json:"pass_credentials_all"`
	Insecure                      bool `json:"insecure_skip_tls_verify"`
	CAFile                        string
}

func repositories(t *testing.T, key, present string) map[string]repository {
	t.Helper()
	out, err := keyfile.Render("helm-repositories", keyfile.Key{Name: "NGC_API_KEY", Value: key, Repositories: []byte(present)})
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Repositories []repository }
	if err := json.Unmarshal(out, &file); err != nil {
		t.Fatal(err)
	}
	byName := map[string]repository{}
	for _, r := range file.Repositories {
		if r.Name == "" || byName[r.Name].Name != "" {
			t.Errorf("the name %q is empty or there twice", r.Name)
		}
		byName[r.Name] = r
	}
	return byName
}

func TestHelmRepositories(t *testing.T) {
	key := "nvapi-" + rand.Text()
	none := repositories(t, key, "")
	if len(none) != len(secrets.ChartRepositories()) {
		t.Errorf("%d repositories", len(none))
	}
	for name, r := range none {
		if r.Username != user || r.Password != key || !strings.HasPrefix(r.URL, "https://helm.ngc.nvidia.com/") {
			t.Errorf("%s: %s for %s", name, r.URL, r.Username)
		}
	}

	got := repositories(t, key, `
apiVersion: ""
repositories:
- {name: nvidia, url: "https://charts.example.com"}
- {name: mine, url: "https://helm.ngc.nvidia.com/nvidia/", username: me, password: former, pass_credentials_all: true, insecure_skip_tls_verify: true, caFile: /ca.pem}
- {name: team, url: "https://helm.ngc.nvidia.com/org/team"}
- {name: private, url: "https://charts.example.com/p", username: someone, password: else}
- {name: plain, url: "http://helm.ngc.nvidia.com/nvidia"}
- {name: port, url: "https://helm.ngc.nvidia.com:8443/nvidia"}
- {name: suffix, url: "https://helm.ngc.nvidia.com.example.com/nvidia"}
- {name: userinfo, url: "https://helm.ngc.nvidia.com@example.com/nvidia"}
- {name: plugin, url: "ngc://helm.ngc.nvidia.com/nvidia"}
`)
	want := map[string]repository{
		"nvidia":   {Name: "nvidia", URL: "https://charts.example.com"},
		"mine":     {Name: "mine", URL: "https://helm.ngc.nvidia.com/nvidia/", Username: user, Password: key, CAFile: "/ca.pem"},
		"team":     {Name: "team", URL: "https://helm.ngc.nvidia.com/org/team", Username: user, Password: key},
		"private":  {Name: "private", URL: "https://charts.example.com/p", Username: "someone", Password: "else"},
		"plain":    {Name: "plain", URL: "http://helm.ngc.nvidia.com/nvidia"},
		"port":     {Name: "port", URL: "https://helm.ngc.nvidia.com:8443/nvidia"},
		"suffix":   {Name: "suffix", URL: "https://helm.ngc.nvidia.com.example.com/nvidia"},
		"userinfo": {Name: "userinfo", URL: "https://helm.ngc.nvidia.com@example.com/nvidia"},
		"plugin":   {Name: "plugin", URL: "ngc://helm.ngc.nvidia.com/nvidia"},
	}
	for _, r := range secrets.ChartRepositories() {
		if r.Name != "nvidia" { // its address is there under the name "mine"
			want[r.Name] = repository{Name: r.Name, URL: r.URL, Username: user, Password: key}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(strings.ReplaceAll(diff, key, "..."))
	}
	taken := repositories(t, key, `repositories: [{name: nim, url: "https://charts.example.com"}]`)
	if taken["ngc-nim"].URL != "https://helm.ngc.nvidia.com/nim" || taken["nim"].Password != "" {
		t.Error("a name that is taken")
	}
}

func TestParseSpec(t *testing.T) {
	for text, want := range map[string]keyfile.Spec{
		"F=NGC_API_KEY":          {Variable: "F", Name: "NGC_API_KEY", Format: "raw"},
		"F=NGC_API_KEY:raw":      {Variable: "F", Name: "NGC_API_KEY", Format: "raw"},
		"A_B=NGC_API_KEY:dotenv": {Variable: "A_B", Name: "NGC_API_KEY", Format: "dotenv"},
		"HELM_REPOSITORY_CONFIG=NGC_API_KEY:helm-repositories": {Variable: "HELM_REPOSITORY_CONFIG", Name: "NGC_API_KEY", Format: "helm-repositories"},
	} {
		if got, err := keyfile.ParseSpec(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]error{
		"": keyfile.ErrSpec, "F": keyfile.ErrSpec, "=NAME": keyfile.ErrSpec, "F=": keyfile.ErrSpec, "F=:raw": keyfile.ErrSpec,
		"F=NAME:": keyfile.ErrUnknownFormat, "F=NAME:json": keyfile.ErrUnknownFormat, "F=NAME:raw:x": keyfile.ErrUnknownFormat,
	} {
		if _, err := keyfile.ParseSpec(text); !errors.Is(err, want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// The directory is below $XDG_RUNTIME_DIR if that can be used, and only this user can read it.
func TestTemporary(t *testing.T) {
	usable, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	usual := t.TempDir()
	t.Setenv("TMPDIR", usual)
	t.Setenv("TMP", usual)
	closed := "" // a directory in which not even root may create one
	if runtime.GOOS == "linux" {
		if err := os.Mkdir("/sys/kernel/ragenv", 0o700); errors.Is(err, fs.ErrPermission) {
			closed = "/sys/kernel"
		}
	}
	for runtimeDir, want := range map[string]string{usable: usable, file: usual, filepath.Join(usable, "absent"): usual, "": usual, closed: usual} {
		files, err := keyfile.NewTemporary(func(string) string { return runtimeDir })
		if err != nil {
			t.Errorf("%q: %v", runtimeDir, err)
			continue
		}
		var paths []string
		for _, text := range []string{"one", "two"} {
			path, err := files.Create([]byte(text))
			if got, readErr := os.ReadFile(path); err != nil || readErr != nil || string(got) != text || filepath.Dir(filepath.Dir(path)) != want {
				t.Errorf("%q: %s, %v, %v", runtimeDir, path, err, readErr)
			}
			paths = append(paths, path)
		}
		if err := files.Remove(); err != nil || paths[0] == paths[1] {
			t.Errorf("%q: %v, %q", runtimeDir, err, paths)
		}
		if _, err := os.Stat(filepath.Dir(paths[0])); err == nil {
			t.Errorf("%q: it was not removed", runtimeDir)
		}
	}
}
