//go:build unix

package durability

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/pkg/keychain"
	_ "github.com/ragenv/ragenv/pkg/keychain/system" // pass
	"github.com/ragenv/ragenv/test/scripttest"
)

// changePassphrase is a program of these tests: a scriptable "ragenv passphrase" with a cheap passphrase.
const changePassphrase = "change-passphrase"

func TestMain(m *testing.M) {
	switch os.Getenv(envRole) {
	case changePassphrase:
		os.Exit(changePassphraseMain())
	case dockerWriter:
		os.Exit(dockerWriterMain())
	}
	scripttest.Clean(m)
}

// envRole makes the test binary run as one of the programs of these tests.
const envRole = "DURABILITY_TEST_ROLE"

// workFactor makes scrypt cheap, since scrypt is not under test.
const workFactor = 10

// world is a separate home with a store without a passphrase, and the expected contents.
type world struct {
	t     testing.TB
	dir   string
	env   []string
	paths config.Paths
	items map[keychain.Ref]string // the expected items, as far as known
	extra map[string]string       // extra variables for the programs

	passphrase []byte // of the store; empty for none
}

// passStub stands in for pass(1): entries are files, replaced as a whole. pass itself is not under test.
const passStub = `#!/bin/sh
set -e
case $1 in
show) cat "$PASSWORD_STORE_DIR/$2.gpg" ;;
insert)
	file=$PASSWORD_STORE_DIR/$4.gpg
	mkdir -p "${file%/*}"
	cat >"$file.new"
	mv "$file.new" "$file"
	;;
rm) rm "$PASSWORD_STORE_DIR/$3.gpg" ;;
*) exit 1 ;;
esac
`

// gpgStub stands in for the gpg that reads the entries of pass, which are not encrypted here.
const gpgStub = `#!/bin/sh
for file; do :; done
exec cat "$file"
`

// programs returns the paths of the programs that the stubs and the tests use. It finds them only once, because reading
// from pass changes PATH: see readFrom.
var programs = sync.OnceValue(func() map[string]string {
	paths := map[string]string{}
	for _, name := range []string{"sh", "cat", "mkdir", "mv", "rm", "true", "printenv"} {
		if path, err := exec.LookPath(name); err == nil { // otherwise the test that needs it fails
			paths[name] = path
		}
	}
	return paths
})

// emptyWorld creates a world without a store.
func emptyWorld(t testing.TB, dir string) *world {
	t.Helper()
	env, err := scripttest.Environ(dir)
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "bin")
	passwords := filepath.Join(dir, "passwords")
	for _, d := range []string{bin, passwords} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, script := range map[string]string{"pass": passStub, "gpg2": gpgStub} {
		put(t, filepath.Join(bin, name), script)
		if err := os.Chmod(filepath.Join(bin, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, path := range programs() {
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(passwords, ".gpg-id"), "nobody\n")
	w := &world{t: t, dir: dir, items: map[keychain.Ref]string{}, extra: map[string]string{}}
	// Only the programs of the stubs: ragenv would ask the machine's container engines what they run.
	w.env = append(env, "PATH="+bin, "DOCKER_HOST=unix://"+filepath.Join(dir, "no-engine.sock"), "PASSWORD_STORE_DIR="+passwords, "GOTRACEBACK=single")
	if w.paths, err = config.FindPaths(w.getenv); err != nil {
		t.Fatal(err)
	}
	return w
}

func newWorld(t testing.TB, dir string) *world {
	t.Helper()
	w := emptyWorld(t, dir)
	if _, err := keychain.CreateFileStore(w.options(), keychain.Protection{WorkFactor: workFactor}); err != nil {
		t.Fatal(err)
	}
	put(t, w.paths.ConfigFile, "backend = \"file\"\n")
	for name, n := range map[string]int{"NGC_API_KEY": 1, "FIRST_TOKEN": 1, "SECOND_TOKEN": 1} {
		for range n {
			w.mustSet(keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: name}, scripttest.NewKey())
		}
	}
	return w
}

func put(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w *world) getenv(name string) string {
	if value, ok := w.extra[name]; ok {
		return value
	}
	for _, v := range w.env {
		if n, value, _ := strings.Cut(v, "="); n == name {
			return value
		}
	}
	return ""
}

func (w *world) options() keychain.Options {
	return keychain.Options{
		Backend: keychain.BackendFile, Dir: w.paths.Store,
		Passphrase: func() ([]byte, error) {
			if len(w.passphrase) == 0 {
				return nil, keychain.ErrLocked
			}
			return w.passphrase, nil
		},
	}
}

func (w *world) mustSet(ref keychain.Ref, value string) {
	w.t.Helper()
	k, err := keychain.Open(w.options())
	if err == nil {
		err = k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(value)})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.items[ref] = value
}

func (w *world) command(program string, args ...string) *exec.Cmd {
	var cmd *exec.Cmd
	switch program {
	case changePassphrase, dockerWriter:
		cmd = exec.Command(os.Args[0], args...)
		cmd.Env = append(cmd.Env, envRole+"="+program)
	default:
		cmd = exec.Command(scripttest.Binary(w.t, program), args...)
	}
	cmd.Dir = w.dir
	cmd.Env = append(cmd.Env, w.env...)
	for name, value := range w.extra {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// run runs a program to its end and returns its output. The program must succeed.
func (w *world) run(stdin, program string, args ...string) string {
	w.t.Helper()
	cmd := w.command(program, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		w.t.Fatalf("%s %q: %v\n%s%s", program, args, err, stdout.String(), stderr.String())
	}
	return stdout.String()
}

// backend returns the backend that a program would use now.
func (w *world) backend() (string, error) {
	c, err := config.Load(w.getenv)
	if err != nil {
		return "", err
	}
	if c.Backend == "" {
		return keychain.BackendFile, nil
	}
	return c.Backend, nil
}

// read returns all items that a program would find now.
func (w *world) read() (map[keychain.Ref]string, error) {
	backend, err := w.backend()
	if err != nil {
		return nil, err
	}
	return w.readFrom(backend)
}

// processEnvironment is held while the environment is changed for the library.
var processEnvironment sync.Mutex

func (w *world) readFrom(backend string) (map[keychain.Ref]string, error) {
	if backend == keychain.BackendPass {
		// The library reads the place of pass's entries from the process's environment.
		processEnvironment.Lock()
		defer processEnvironment.Unlock()
		for _, name := range []string{"PATH", "PASSWORD_STORE_DIR"} {
			former := os.Getenv(name)
			if err := os.Setenv(name, w.getenv(name)); err != nil {
				return nil, err
			}
			defer func() { _ = os.Setenv(name, former) }()
		}
	}
	o := w.options()
	o.Backend = backend
	k, err := keychain.Open(o)
	if err != nil {
		return nil, err
	}
	refs, err := k.List("")
	if err != nil {
		return nil, err
	}
	got := map[keychain.Ref]string{}
	for _, ref := range refs {
		item, err := k.Get(ref)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ref, err)
		}
		got[ref] = item.Secret.Reveal()
	}
	return got, nil
}

// compare checks each item: it must have the former value or the next one, and the next one if the change
// was reported as done. The stored items become the expected ones.
func (w *world) compare(next map[keychain.Ref]string, done bool) error {
	got, err := w.read()
	if err != nil {
		return err
	}
	all := maps.Clone(w.items)
	maps.Copy(all, next)
	maps.Copy(all, got)
	var wrong []error
	for ref := range all {
		former, hadFormer := w.items[ref]
		wanted, hasNext := next[ref]
		now, has := got[ref]
		isNext := has == hasNext && now == wanted
		isFormer := has == hadFormer && now == former
		if isNext || isFormer && !done {
			continue
		}
		wrong = append(wrong, fmt.Errorf("%s: stored %t; the former value: %t; the next: %t; reported as done: %t", ref, has, isFormer, isNext, done))
	}
	if wrong == nil {
		w.items = got
	}
	return errors.Join(wrong...)
}

// temporary returns all temporary files in the world.
func (w *world) temporary() []string {
	var found []string
	err := filepath.WalkDir(w.dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && (entry.Name() == ".tmp" || strings.Contains(entry.Name(), ".tmp-")) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
	return found
}

// storeIsTidy writes to the store. The write must succeed and remove leftovers of a killed one.
func (w *world) storeIsTidy() error {
	k, err := keychain.Open(w.options())
	if err != nil {
		return err
	}
	ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "LAST_TOKEN"}
	value := scripttest.NewKey()
	if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(value)}); err != nil {
		return fmt.Errorf("the next write: %w", err)
	}
	if item, err := k.Get(ref); err != nil || item.Secret.Reveal() != value {
		return fmt.Errorf("what the next write stored is not read back: %w", err)
	}
	if err := k.Remove(ref); err != nil {
		return err
	}
	for _, path := range w.temporary() {
		if filepath.Base(path) == ".tmp" {
			return fmt.Errorf("%s survived the next write", path)
		}
	}
	return nil
}

// ageTemporary makes every temporary file older than any write can take.
func (w *world) ageTemporary() {
	old := time.Now().Add(-2 * time.Hour)
	for _, path := range w.temporary() {
		if err := os.Chtimes(path, old, old); err != nil {
			w.t.Error(err)
		}
	}
}
