package system

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/internal/keychaintest"
)

func randomName(t *testing.T) string {
	t.Helper()
	raw := make([]byte, 6)
	if _, err := rand.Read(raw); err != nil {
		t.Fatal(err)
	}
	return "ragenv-test-" + hex.EncodeToString(raw)
}

// openOrSkip opens one of the machine's backends, or skips with the reason.
func openOrSkip(t *testing.T, opts keychain.Options) *keychain.Keychain {
	t.Helper()
	k, err := keychain.Open(opts)
	if errors.Is(err, keychain.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// override changes a variable until the test ends.
func override[T any](t *testing.T, variable *T, value T) {
	t.Helper()
	former := *variable
	*variable = value
	t.Cleanup(func() { *variable = former })
}

// macOS and Windows have one keychain per login and no private one for a test. So this runs only in CI: it
// stores items under a random name and removes them.
func TestOwnKeychainContract(t *testing.T) {
	backend := map[string]string{"darwin": keychain.BackendKeychain, "windows": keychain.BackendWinCred}[runtime.GOOS]
	switch {
	case backend == "":
		t.Skipf("neither the macOS Keychain nor the Credential Manager exists on %s", runtime.GOOS)
	case os.Getenv("CI") == "":
		t.Skipf("the %s backend is the user's own keychain: set CI=1 to use it", backend)
	}
	override(t, &namespace, randomName(t))
	opts := keychain.Options{Backend: backend}
	openOrSkip(t, opts)
	keychaintest.Contract(t, func(t *testing.T) *keychain.Keychain { return keychaintest.MustOpen(t, opts) })
}

// accepting is a client that keeps whatever it is given.
type accepting struct {
	client
	kept []entry
}

func (a *accepting) Set(e entry) error {
	a.kept = append(a.kept, e)
	return nil
}

// An item may be as long as the backend's limit, and no longer. Without a limit, its length does not matter.
func TestMaxData(t *testing.T) {
	for limit, fits := range map[int]map[int]bool{4: {4: true, 5: false}, 0: {0: true, 5: true}} {
		for length, want := range fits {
			a := &accepting{}
			r := &ring{backend: backend{name: "limited", maxData: limit, names: pathNaming}, client: func() (client, error) { return a, nil }, limit: time.Minute}
			err := r.Set(keychaintest.EnvRef("X"), make([]byte, length))
			if (err == nil) != want || !want && !errors.Is(err, keychain.ErrTooLarge) || (len(a.kept) == 1) != want {
				t.Errorf("%d bytes of at most %d: %v, %d stored", length, limit, err, len(a.kept))
			}
		}
	}
}

// listing is a client with these entries, which counts reads.
type listing struct {
	client
	names []string
	reads int
}

func (l *listing) Keys() ([]string, error) { return l.names, nil }

func (l *listing) Get(string) (entry, error) {
	l.reads++
	return entry{}, keychain.ErrLocked
}

// Unlock reads an item, so that the backend asks the user. Without one there is nothing to unlock.
func TestUnlockReads(t *testing.T) {
	for reads, names := range map[int][]string{0: nil, 1: {keychaintest.EnvRef("X").Key(), keychaintest.EnvRef("Y").Key()}} {
		l := &listing{names: names}
		r := &ring{backend: backend{name: "listing", names: pathNaming}, client: func() (client, error) { return l, nil }, interactive: true, limit: time.Minute, promptLimit: time.Minute}
		err := r.Unlock()
		if l.reads != reads || errors.Is(err, keychain.ErrLocked) != (reads == 1) {
			t.Errorf("%d items: %d reads, want %d: %v", len(names), l.reads, reads, err)
		}
	}
}
