package places

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/bom"
)

// world is a home directory to scan, and the values found in it by place and file.
type world struct {
	t    *testing.T
	opts Options
	env  map[string]string
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, env: map[string]string{}}
	home := t.TempDir()
	w.opts = Options{Home: home, Dir: filepath.Join(home, "src", "rag"), Getenv: func(name string) string { return w.env[name] }, System: []string{}}
	w.write("src/rag/README", "")
	return w
}

func (w *world) write(name, text string) string {
	w.t.Helper()
	path := filepath.Join(w.opts.Home, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// scan returns "PLACE FILE:LINE NAME=VALUE" for each finding, with "!" for one that wins.
func (w *world) scan() (found []string, unread []Unread) {
	w.t.Helper()
	searched, unread := Scan(context.Background(), w.opts, func(f Finding) {
		name, err := filepath.Rel(w.opts.Home, f.Path)
		if err != nil {
			w.t.Fatal(err)
		}
		line := f.Place + " " + filepath.ToSlash(name) + ":" + itoa(f.Line) + " " + f.Name + "=" + f.Value.Reveal()
		if f.Wins {
			line += "!"
		}
		if f.Fix == "" {
			w.t.Errorf("%s: no fix", line)
		}
		found = append(found, line)
	})
	if len(searched) != len(table) {
		w.t.Errorf("%d places searched", len(searched))
	}
	return found, unread
}

func (w *world) expect(want ...string) {
	w.t.Helper()
	found, unread := w.scan()
	for _, line := range want {
		if !strings.Contains("\n"+strings.Join(found, "\n")+"\n", "\n"+line+"\n") {
			w.t.Errorf("not found: %s\nin %s", line, strings.Join(found, "\n   "))
		}
	}
	if len(unread) > 0 {
		w.t.Errorf("unread: %v", unread)
	}
}

func TestTable(t *testing.T) {
	names := map[string]bool{}
	for _, place := range Table() {
		if names[place.Name] || place.Name == "" || place.Title(Options{}) == "" || place.Instead == "" || place.files == nil || place.read == nil || place.fix == nil {
			t.Errorf("%q is not whole", place.Name)
		}
		names[place.Name] = true
	}
}

func TestMovedPlaces(t *testing.T) {
	w := newWorld(t)
	w.expect()
	w.env["ENROOT_CONFIG_PATH"] = filepath.Join(w.opts.Home, "e")
	w.env["HELM_REPOSITORY_CONFIG"] = filepath.Join(w.opts.Home, "h.yaml")
	w.env["REGISTRY_AUTH_FILE"] = filepath.Join(w.opts.Home, "a.json")
	w.env["XDG_CONFIG_HOME"] = filepath.Join(w.opts.Home, "xdg")
	w.env["ZDOTDIR"] = filepath.Join(w.opts.Home, "z")
	w.env["HISTFILE"] = filepath.Join(w.opts.Home, "hist")
	w.write("e/.credentials", "machine nvcr.io login $oauthtoken password k1")
	w.write("h.yaml", "repositories:\n- name: x\n  password: k2\n  url: https://helm.ngc.nvidia.com/x\n")
	w.write("a.json", `{"auths": {"nvcr.io": {"auth": "bWU6azM="}}}`)
	w.write("xdg/fish/config.fish", "set -x A k4\n")
	w.write("z/.zshrc", "export A=k5\n")
	w.write("hist", "ls\nexport A=k6\n")
	w.expect("enroot e/.credentials:1 password of nvcr.io=k1", "helm-repositories h.yaml:3 password of the repository x=k2", "podman a.json:1 auths nvcr.io=k3",
		"startup-file xdg/fish/config.fish:1 A=k4", "startup-file z/.zshrc:1 A=k5", "shell-history hist:2 =export A=k6")
}

// TestProject checks the files of a project around the current directory, and which of them win over the
// stored value.
func TestProject(t *testing.T) {
	w := newWorld(t)
	w.write("src/rag/.git/HEAD", "")
	w.write("src/rag/.env", "export A=k1\n")
	w.write("src/rag/deploy/compose/.env", "A=k2\n")
	w.write("src/rag/deploy/compose/nims.env", "A=k3\n")
	w.write("src/rag/deploy/compose/docker-compose.yaml", "services:\n  a:\n    environment:\n      A: ${A:-k4}\n      URL: https://user:k5pass@host/\n    env_file:\n      - path: nims.env\n        required: false\n      - ../.env.prod\n")
	w.write("src/rag/deploy/.env.prod", "A=k6\n")
	w.write("src/rag/node_modules/x/.env", "A=k7\n")
	w.write("src/other/.env", "A=k8\n")
	w.write("elsewhere/vars", "A=k9\n")
	w.env["COMPOSE_ENV_FILES"] = "../../elsewhere/vars"
	w.opts.Dir = filepath.Join(w.opts.Home, "src", "rag", "deploy")
	w.env["COMPOSE_ENV_FILES"] = filepath.Join(w.opts.Home, "elsewhere", "vars")
	w.expect("env-file src/rag/.env:1 A=k1", "env-file src/rag/deploy/compose/.env:1 A=k2", "env-file src/rag/deploy/compose/nims.env:1 A=k3!",
		"env-file src/rag/deploy/compose/docker-compose.yaml:4 A=k4", "env-file src/rag/deploy/compose/docker-compose.yaml:5 =k5pass",
		"env-file src/rag/deploy/.env.prod:1 A=k6!", "env-file elsewhere/vars:1 A=k9")
	found, _ := w.scan()
	for _, line := range found {
		if strings.Contains(line, "k7") || strings.Contains(line, "k8") {
			t.Errorf("found: %s", line)
		}
	}
	w.opts.Paths = []string{filepath.Join(w.opts.Home, "src", "other")}
	w.expect("env-file src/other/.env:1 A=k8")
}

// TestUnread checks that unreadable files are reported, and that files of another kind are skipped.
func TestUnread(t *testing.T) {
	w := newWorld(t)
	w.write(".bashrc", strings.Repeat("#", maxFile+1))
	if found, unread := w.scan(); len(found) != 0 || len(unread) != 1 || unread[0].Reason != "too large" {
		t.Errorf("%v, %v", found, unread)
	}
	w.write(".bashrc", "")
	w.write(".netrc", "\x00\x01binary")
	w.write(".profile/x", "")
	w.expect()
	if runtime.GOOS != "windows" && os.Getuid() != 0 {
		if err := os.Chmod(w.write(".zshrc", "A=1"), 0); err != nil {
			t.Fatal(err)
		}
		if _, unread := w.scan(); len(unread) != 1 || unread[0].Reason != "permission denied" {
			t.Errorf("%v", unread)
		}
	}
}

// TestBounded checks that a home with many files is searched only in part, and that this is reported, as is a
// search that was stopped.
func TestBounded(t *testing.T) {
	w := newWorld(t)
	for i := range 300 {
		w.write("src/rag/d"+itoa(i)+"/e/.env", "A=1\n")
	}
	for i := range 400 {
		w.write("src/rag/many/"+itoa(i)+".env", "A=1\n")
	}
	if _, unread := w.scan(); len(unread) == 0 {
		t.Error("nothing is said to be unread")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if searched, unread := Scan(ctx, w.opts, func(Finding) {}); len(unread) == 0 || len(searched) == len(table) && unread[0].Reason == "" {
		t.Errorf("%d searched, %v", len(searched), unread)
	}
}

func TestUTF16(t *testing.T) {
	for _, encoding := range []bom.Encoding{bom.UTF8, bom.UTF16LE, bom.UTF16BE} {
		text := []byte("A=é😀\r\n")
		data := bom.Encode(text, encoding)
		if got, is, _ := bom.Decode(data); !bytes.Equal(got, text) || is != encoding {
			t.Errorf("%d: %q, %d", encoding, got, is)
		}
	}
	w := newWorld(t)
	w.write(".bashrc", string(bom.Encode([]byte("A=wide\n"), bom.UTF16LE)))
	w.expect("startup-file .bashrc:1 A=wide")
}

func TestEnvFileSettings(t *testing.T) {
	for text, want := range map[string]string{
		"a:\n  env_file: .env\n":                                        ".env",
		"a:\n  env_file: [a.env, 'b.env']\n":                            "a.env b.env",
		"a:\n  env_file:\n    - a.env # x\n    - b.env\n  image: x\n":   "a.env b.env",
		"a:\n  env_file:\n  - a.env\nb:\n  - c\n":                       "a.env",
		"a:\n  env_file:\n    - path: ./a.env\n      required: false\n": "./a.env",
		"  - a.env\n":            "",
		"a:\n  env_file: ${X}\n": "",
		"a:\n  env_file:\n    - a.env\n    # x\n\n    - b.env\n":                       "a.env b.env",
		"a:\n  env_file:\n    - a.env\n    other: b.env\n":                             "a.env",
		"a:\n  env_file:\n    - a.env\n   - b.env\n  x:\n    - c\n":                    "a.env b.env",
		"a:\n  env_file:\n - a.env\n":                                                  "",
		"env_file:\n- a.env\nx:\n- b\n":                                                "a.env",
		"a:\n  env_file:\n    - path: a.env\n      format: raw\n    - path: 'b.env'\n": "a.env b.env",
		"a:\n  env_file:\n    - format: raw\n      path: a.env\n":                      "a.env",
		"a:\n  env_file: \"a b.env\" # x\r\n":                                          "a b.env",
	} {
		if got := strings.Join(envFileSettings([]byte(text)), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
