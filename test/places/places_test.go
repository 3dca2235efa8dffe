// Package places holds a test of the files that other programs really write.
package places

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

func TestMain(m *testing.M) { scripttest.Clean(m) }

// TestRealFiles: the file that the real program writes with a key in it is found, imported and cleaned, and the program still
// reads it. Programs that are not on PATH are skipped: test/worlds/clients obtains them.
func TestRealFiles(t *testing.T) {
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	for _, c := range []struct {
		program string
		write   []string // the program's arguments; @HOST@ is a service here, @KEY@ the key, @HOME@ the home
		file    string   // in the home
		replace string   // what @HOST@ becomes in the file: NGC's name
		after   []string // arguments that make the program read the file
		says    string   // what it then prints
	}{
		{"helm", []string{"repo", "add", "nvidia", "http://@HOST@", "--username", "$oauthtoken", "--password", "@KEY@"}, ".config/helm/repositories.yaml", "helm.ngc.nvidia.com", []string{"repo", "list"}, "nvidia"},
		{"helm", []string{"registry", "login", "@HOST@", "--plain-http", "--username", "$oauthtoken", "--password", "@KEY@"}, ".config/helm/registry/config.json", "nvcr.io", []string{"registry", "logout", "nvcr.io"}, ""},
		{"skopeo", []string{"login", "--tls-verify=false", "--username", "$oauthtoken", "--password", "@KEY@", "--authfile", "@HOME@/.config/containers/auth.json", "@HOST@"}, ".config/containers/auth.json", "nvcr.io", []string{"login", "--get-login", "--authfile", "@HOME@/.config/containers/auth.json", "nvcr.io"}, "not logged"},
		{"regctl", []string{"registry", "login", "@HOST@", "--user", "$oauthtoken", "--pass", "@KEY@"}, ".regctl/config.json", "nvcr.io", []string{"registry", "config", "nvcr.io"}, "nvcr.io"},
	} {
		t.Run(c.program+" "+filepath.Base(c.file), func(t *testing.T) {
			program, err := exec.LookPath(c.program)
			if err != nil {
				t.Skip(c.program + " is not on PATH")
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
				cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "RAGENV_BACKEND=file", "XDG_RUNTIME_DIR=" + home}
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
			out, _ := run(ragenv, "doctor")
			if !strings.Contains(out, "~/"+c.file) {
				t.Errorf("doctor does not find it:\n%s", out)
			}
			if out, err := run(ragenv, "setup", "--no-passphrase"); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if out, err := run(ragenv, "import", path, "--remove"); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if out, err := run(ragenv, "get", "NGC_API_KEY"); err != nil || strings.TrimSpace(out) != "THE KEY" {
				t.Errorf("stored: %v: %s", err, out)
			}
			out, _ = run(ragenv, "doctor")
			if strings.Contains(out, "~/"+c.file) {
				t.Errorf("doctor still finds it:\n%s", out)
			}
			if out, _ := run(program, c.after...); !strings.Contains(out, c.says) {
				t.Errorf("%s says %s", c.program, out)
			}
		})
	}
}
