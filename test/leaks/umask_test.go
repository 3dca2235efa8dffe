//go:build linux || darwin

package leaks

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

// Whatever the umask, the files that ragenv creates are private to their owner, except Podman's drop-in,
// which contains no secret. A file that it edits keeps its mode.
func TestModesUnderAnyUmask(t *testing.T) {
	for _, umask := range []string{"000", "022", "077", "777"} {
		t.Run(umask, func(t *testing.T) {
			if umask == "777" && os.Geteuid() != 0 {
				t.Skip("only root makes something in a directory of mode 0000")
			}
			t.Parallel()
			w := newLeakWorld(t, "", leakHomes[0])
			home := filepath.Join(w.dir, "home")
			for _, name := range []string{".config", ".local", ".docker"} {
				w.must(os.RemoveAll(filepath.Join(home, name)))
			}
			edited := w.file("edited.env", "NGC_API_KEY="+w.values["file"]+"\n")
			w.must(os.Chmod(edited, 0o640))
			before := map[string]bool{}
			walkHome := func(visit func(path string, info fs.FileInfo)) {
				w.must(filepath.WalkDir(home, func(path string, entry fs.DirEntry, err error) error {
					if err != nil {
						return err
					}
					info, err := entry.Info()
					visit(path, info)
					return err
				}))
			}
			walkHome(func(path string, _ fs.FileInfo) { before[path] = true })
			script := `
umask ` + umask + `
set -e
ragenv -q setup --yes --work-factor 14 # the cheapest
printf %s "$NGC_API_KEY" | ragenv -q set NGC_API_KEY
ragenv -q docker configure
ragenv -q docker configure --podman
ragenv -q import edited.env --force --remove
ragenv -q rotate NGC_API_KEY --from-env --offline --force
ragenv -q profile use other
ragenv -q profile use default
ragenv -q backup made.age
echo '{"ServerURL":"ghcr.io","Username":"me","Secret":"x"}' | "$HELPER" store
ragenv -q lock # leave nothing in the user's keyring
`
			cmd := exec.Command("/bin/sh", "-c", script)
			cmd.Dir = home
			w.env["RAGENV_PASSPHRASE"] = w.values["passphrase"]
			w.env["HELPER"] = scripttest.Binary(t, scripttest.Helper)
			for name, value := range w.env {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			made := 0
			walkHome(func(path string, info fs.FileInfo) {
				if before[path] {
					return
				}
				made++
				rel, _ := filepath.Rel(home, path)
				open := strings.HasPrefix(rel, filepath.Join(".config", "containers"))
				switch mode := info.Mode().Perm(); {
				case umask == "777" && mode&0o077 == 0: // this umask removes the owner's rights, too
				case info.IsDir() && mode != 0o700 && !open, !info.IsDir() && mode != 0o600 && !open, mode&0o022 != 0:
					t.Errorf("%s has mode %04o", rel, mode)
				}
			})
			if made < 8 {
				t.Errorf("only %d files and directories were made: %s", made, out)
			}
			if info, err := os.Stat(edited); err != nil || info.Mode().Perm() != 0o640 {
				t.Errorf("an edited file of mode 0640 has %v, %v", info.Mode(), err)
			}
		})
	}
}
