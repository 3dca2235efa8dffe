// Package places tests ragenv with the files that other programs really write.
package places

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

func TestMain(m *testing.M) { scripttest.Clean(m) }

// TestRealFiles checks that a file with a key, written by the real program, is found, imported and cleaned,
// and that the program can still read it. Programs that are not installed are skipped; test/worlds/clients
// installs them.
func TestRealFiles(t *testing.T) {
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	for _, c := range []struct {
		program string
		write   []string // the program's arguments; @HOST@ is a local service, @KEY@ the key, @HOME@ the home
		file    string   // relative to the home
		replace string   // NGC's name, which replaces the local service's in the file
		after   []string // arguments with which the program reads the file
		says    string   // what it then prints
		clean   []string // how ragenv removes the key; if nil, import --remove
	}{
		{"docker", []string{"login", "@HOST@", "--username", "$oauthtoken", "--password", "@KEY@"}, ".docker/config.json", "nvcr.io", []string{"logout", "nvcr.io"}, "Removing login credentials for nvcr.io", []string{"docker", "configure"}},
		{"crane", []string{"auth", "login", "@HOST@", "--username", "$oauthtoken", "--password", "@KEY@"}, ".docker/config.json", "nvcr.io", []string{"auth", "get", "nvcr.io"}, "THE KEY", []string{"docker", "configure"}},
		{"helm", []string{"repo", "add", "nvidia", "http://@HOST@", "--username", "$oauthtoken", "--password", "@KEY@"}, ".config/helm/repositories.yaml", "helm.ngc.nvidia.com", []string{"repo", "list"}, "nvidia", nil},
		{"helm", []string{"registry", "login", "@HOST@", "--plain-http", "--username", "$oauthtoken", "--password", "@KEY@"}, ".config/helm/registry/config.json", "nvcr.io", []string{"registry", "logout", "nvcr.io"}, "", nil},
		{"skopeo", []string{"login", "--tls-verify=false", "--username", "$oauthtoken", "--password", "@KEY@", "--authfile", "@HOME@/.config/containers/auth.json", "@HOST@"}, ".config/containers/auth.json", "nvcr.io", []string{"login", "--get-login", "--authfile", "@HOME@/.config/containers/auth.json", "nvcr.io"}, "not logged", nil},
		{"regctl", []string{"registry", "login", "@HOST@", "--user", "$oauthtoken", "--pass", "@KEY@"}, ".regctl/config.json", "nvcr.io", []string{"registry", "config", "nvcr.io"}, "nvcr.io", nil},
	} {
		t.Run(c.program+" "+filepath.Base(c.file), func(t *testing.T) {
			program := find(c.program)
			if program == "" {
				t.Skip(c.program + " is not here: test/worlds/clients " + c.program)
			}
			key := scripttest.NewKey()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				user, password, ok := r.BasicAuth()
				if strings.HasPrefix(r.URL.Path, "/v2") && !(ok && user == "$oauthtoken" && password == key) {
					w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				_, _ = w.Write([]byte("apiVersion: v1\nentries: {}\n"))
			}))
			defer server.Close()
			home := t.TempDir()
			host := strings.TrimPrefix(server.URL, "http://")
			run := func(program string, args ...string) (string, error) {
				for i := range args {
					args[i] = strings.NewReplacer("@HOST@", host, "@KEY@", key, "@HOME@", home).Replace(args[i])
				}
				cmd := exec.Command(program, args...)
				cmd.Dir = home
				cmd.Env = []string{"HOME=" + home, "PATH=" + filepath.Dir(ragenv) + ":" + os.Getenv("PATH"), "RAGENV_BACKEND=file", "XDG_RUNTIME_DIR=" + home, "DOCKER_HOST=unix://" + home + "/no-engine"}
				out, err := cmd.CombinedOutput()
				return strings.ReplaceAll(string(out), key, "THE KEY"), err
			}
			if c.program == "regctl" {
				if out, err := run(program, "registry", "set", "@HOST@", "--tls", "disabled", "--skip-check"); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			if out, err := run(program, c.write...); err != nil {
				t.Fatalf("%s does not log in: %v: %s", c.program, err, out)
			}
			path := filepath.Join(home, filepath.FromSlash(c.file))
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.NewReplacer("http://"+host, "https://"+c.replace, host, c.replace).Replace(string(data))
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			inPlainText := func() bool {
				out, _ := run(ragenv, "doctor")
				for line := range strings.Lines(out) {
					of := strings.Contains(line, "~/"+c.file) || strings.Contains(line, " docker-logins ") && c.file == ".docker/config.json"
					if of && !strings.HasPrefix(line, "ok ") && strings.Contains(line, "plain text") {
						return true
					}
				}
				return false
			}
			if !inPlainText() {
				t.Error("doctor does not find it")
			}
			if out, err := run(ragenv, "setup", "--no-passphrase"); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if c.clean == nil {
				c.clean = []string{"import", path, "--remove"}
			}
			if out, err := run(ragenv, c.clean...); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if out, err := run(ragenv, "get", "NGC_API_KEY"); err != nil || strings.TrimSpace(out) != "THE KEY" {
				t.Errorf("stored: %v: %s", err, out)
			}
			if data, err := os.ReadFile(path); err != nil || inPlainText() || strings.Contains(string(data), key) {
				t.Errorf("doctor still finds it, or it is still there (%v)", err)
			}
			if out, _ := run(program, c.after...); !strings.Contains(out, c.says) {
				t.Errorf("%s says %s", c.program, out)
			}
		})
	}
}

// find returns the path of a program on PATH, or of the newest that test/worlds/clients built. It returns
// "" if there is none.
func find(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	cache := os.Getenv("RAGENV_CLIENTS_CACHE")
	if cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		cache = filepath.Join(dir, "ragenv-clients")
	}
	built, _ := filepath.Glob(filepath.Join(cache, name+"-v*", name))
	if len(built) == 0 {
		return ""
	}
	return slices.Max(built)
}
