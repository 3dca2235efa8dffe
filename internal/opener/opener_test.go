package opener

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	_ "github.com/ragenv/ragenv/test/umask"
)

// world is a separate home directory and its opener.
type world struct {
	variables map[string]string
	stderr    bytes.Buffer
}

func newWorld(t *testing.T) *world {
	home := t.TempDir()
	return &world{variables: map[string]string{"HOME": home, "USERPROFILE": home, config.EnvBackend: ""}}
}

func (w *world) opener(t *testing.T) Opener {
	t.Helper()
	getenv := func(name string) string { return w.variables[name] }
	c, err := config.Load(getenv)
	if err != nil {
		t.Fatal(err)
	}
	return Opener{Config: c, Getenv: getenv, Print: ui.Printer{Program: "test", W: &w.stderr}}
}

func TestReadOfNothing(t *testing.T) {
	w := newWorld(t)
	if _, err := w.opener(t).Read(); !errors.Is(err, keychain.ErrNoStore) {
		t.Errorf("Read: %v, want ErrNoStore", err)
	}
	if entries, err := os.ReadDir(w.variables["HOME"]); err != nil || len(entries) != 0 {
		t.Errorf("reading left %v (%v)", entries, err)
	}
}

func TestFirstWriteWithoutAPassphraseFailsAndSaysWhatToDo(t *testing.T) {
	w := newWorld(t)
	o := w.opener(t)
	for _, askNew := range []func() ([]byte, error){nil, func() ([]byte, error) { return nil, ui.ErrNoTerminal }} {
		o.AskNew = askNew
		o.Config.Backend = keychain.BackendFile // a desktop's Secret Service would need none
		_, err := o.Write()
		hint := ui.Explain(err).Hint
		if !errors.Is(err, keychain.ErrNoStore) || !strings.Contains(hint, "ragenv setup --no-passphrase") || !strings.Contains(hint, passphrase.EnvFile) {
			t.Errorf("Write: %v, hint %q", err, hint)
		}
	}
	if entries, err := os.ReadDir(w.variables["HOME"]); err != nil || len(entries) != 0 {
		t.Errorf("a failed write left %v (%v)", entries, err)
	}
}

func TestFirstWriteMakesTheStoreAndPinsOnce(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "p")
	if err := os.WriteFile(file, []byte("words\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.variables[passphrase.EnvFile] = file
	o := w.opener(t)
	skipWhereAKeychainWorks(t, o)
	k, err := o.Write()
	if err != nil {
		t.Fatal(err)
	}
	if protected, err := k.Protected(); !protected || err != nil {
		t.Errorf("Protected = %t, %v", protected, err)
	}
	if factor, err := k.WorkFactor(); factor != keychain.DefaultWorkFactor || err != nil {
		t.Errorf("WorkFactor = %d, %v, want %d", factor, err, keychain.DefaultWorkFactor)
	}
	if n := strings.Count(w.stderr.String(), "file backend"); n != 1 {
		t.Errorf("told %d times of the backend: %q", n, w.stderr.String())
	}
	o = w.opener(t)
	if o.Config.Backend != keychain.BackendFile || o.Config.OriginOf(config.KeyBackend) != config.OriginFile {
		t.Errorf("backend %q from %q", o.Config.Backend, o.Config.OriginOf(config.KeyBackend))
	}
	if _, err := o.Write(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(w.stderr.String(), "\n"); n != 1 {
		t.Errorf("the second write talked: %q", w.stderr.String())
	}
}

func TestALostConfigFileDoesNotHideTheStore(t *testing.T) {
	w := newWorld(t)
	o := w.opener(t)
	if _, err := o.Create(nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(o.Config.Paths.ConfigFile); err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() (*keychain.Keychain, error){"Read": w.opener(t).Read, "Write": w.opener(t).Write} {
		if k, err := open(); err != nil || k.Backend() != keychain.BackendFile {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPinnedBackendThatIsAwayIsAnError(t *testing.T) {
	w := newWorld(t)
	o := w.opener(t)
	if _, err := o.Create(nil); err != nil {
		t.Fatal(err)
	}
	w.variables[config.EnvBackend] = keychain.BackendPass
	w.variables["PATH"] = ""
	t.Setenv("PATH", t.TempDir())
	o = w.opener(t)
	for name, open := range map[string]func() (*keychain.Keychain, error){"Read": o.Read, "Write": o.Write} {
		if _, err := open(); !errors.Is(err, keychain.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
	}
	again := w.opener(t)
	delete(w.variables, config.EnvBackend)
	if again = w.opener(t); again.Config.Backend != keychain.BackendFile {
		t.Errorf("naming a backend for one call pinned %q", again.Config.Backend)
	}
}

// The hint creates a file store even if another backend is set.
func TestNoStoreNamesTheBackendThatSetupWouldNotTake(t *testing.T) {
	for backend, named := range map[string]bool{"": false, keychain.BackendFile: false, keychain.BackendPass: true} {
		o := newWorld(t).opener(t)
		o.Config.Backend = backend
		hint := ui.Explain(o.noStore()).Hint
		if strings.HasSuffix(hint, ": "+config.EnvBackend+"=file ragenv setup --no-passphrase") != named || strings.HasSuffix(hint, ": ragenv setup --no-passphrase") == named {
			t.Errorf("%q: %s", backend, hint)
		}
	}
}

// skipWhereAKeychainWorks skips a test on a desktop, where the first write does not use the file store.
func skipWhereAKeychainWorks(t *testing.T, o Opener) {
	t.Helper()
	candidates := keychain.FirstWriteBackends()
	for _, backend := range candidates[:len(candidates)-1] {
		if o.Probe(backend) == nil {
			t.Skip("this machine has a keychain that works: ", backend)
		}
	}
}
