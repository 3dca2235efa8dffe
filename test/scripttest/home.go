package scripttest

import (
	"path/filepath"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// LockedHome creates a world below a temporary directory, with a locked store of two profiles. It returns
// the directory and the world's variables.
func LockedHome(t testing.TB) (dir string, env []string) {
	t.Helper()
	dir = t.TempDir()
	env, err := Environ(dir)
	if err != nil {
		t.Fatal(err)
	}
	k, err := keychain.CreateFileStore(keychain.Options{Backend: keychain.BackendFile, Dir: filepath.Join(dir, "home", ".local", "share", "ragenv")}, keychain.Protection{Passphrase: []byte("horse battery"), WorkFactor: lowWorkFactor})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Lock() })
	for _, ref := range []keychain.Ref{
		{Profile: "default", Kind: keychain.KindEnv, Name: "NGC_API_KEY"},
		{Profile: "default", Kind: keychain.KindEnv, Name: "MY_TOKEN"},
		{Profile: "default", Kind: keychain.KindRegistry, Name: "ghcr.io"},
		{Profile: "staging", Kind: keychain.KindEnv, Name: "OTHER_TOKEN"},
	} {
		if err := k.Set(keychain.Item{Ref: ref, Username: "me", Secret: keychain.NewSecret(NewKey())}); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Lock(); err != nil {
		t.Fatal(err)
	}
	return dir, env
}
