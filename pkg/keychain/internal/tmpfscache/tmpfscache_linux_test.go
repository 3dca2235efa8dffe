package tmpfscache

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var (
	sealed     = []byte("the encrypted identity")
	passphrase = []byte("horse battery")
)

// inMemory makes a directory the only place, as if on tmpfs.
func inMemory(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "runtime")
	formerPlaces, formerIsMemory := places, isMemory
	t.Cleanup(func() { places, isMemory = formerPlaces, formerIsMemory })
	places = func() []place { return []place{{dir, true}} }
	isMemory = func(string) bool { return true }
	return dir
}

func newSecret(t *testing.T) []byte {
	t.Helper()
	secret := make([]byte, 74)
	if _, err := rand.Read(secret); err != nil {
		t.Fatal(err)
	}
	return secret
}

func put(t *testing.T, secret []byte, ttl time.Duration) {
	t.Helper()
	if err := Put("id", sealed, passphrase, secret, ttl); err != nil {
		t.Fatal(err)
	}
}

func TestOnlyThePassphraseOpensIt(t *testing.T) {
	dir := inMemory(t)
	secret := newSecret(t)
	put(t, newSecret(t), time.Minute)
	put(t, secret, time.Minute) // replaces it
	if got, err := Get("id", sealed, passphrase); err != nil || !bytes.Equal(got, secret) {
		t.Fatalf("Get: %d bytes, %v", len(got), err)
	}
	for what, get := range map[string]func() ([]byte, error){
		"another passphrase": func() ([]byte, error) { return Get("id", sealed, []byte("horse batterz")) },
		"no passphrase":      func() ([]byte, error) { return Get("id", sealed, nil) },
		"another identity":   func() ([]byte, error) { return Get("id", sealed[1:], passphrase) },
		"another store":      func() ([]byte, error) { return Get("other", sealed, passphrase) },
	} {
		if got, err := get(); !errors.Is(err, ErrMiss) || got != nil {
			t.Errorf("%s: %d bytes, %v; want ErrMiss", what, len(got), err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v; want one file", entries, err)
	}
	path := filepath.Join(dir, entries[0].Name())
	data, err := os.ReadFile(path)
	if err != nil || bytes.Contains(data, secret[:16]) {
		t.Errorf("the file holds the secret, or: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	for i := range data {
		data[i] ^= 1
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Get("id", sealed, passphrase); !errors.Is(err, ErrMiss) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		data[i] ^= 1
	}
	if err := Remove("id"); err != nil {
		t.Fatal(err)
	}
	if _, err := Get("id", sealed, passphrase); !errors.Is(err, ErrMiss) {
		t.Errorf("after Remove: %v", err)
	}
	if err := Remove("id"); err != nil {
		t.Errorf("removed twice: %v", err)
	}
}

func TestTheTimeLimitIsAbsolute(t *testing.T) {
	secret, deadline := newSecret(t), time.Hour
	file, err := seal(sealed, passphrase, secret, deadline)
	if err != nil {
		t.Fatal(err)
	}
	for now, want := range map[time.Duration]error{
		deadline - time.Minute: nil, deadline: errOver, deadline + time.Hour: errOver,
		deadline - maxTTL - time.Minute: errOver, // from another boot
	} {
		if _, err := open(file, sealed, passphrase, now); !errors.Is(err, want) {
			t.Errorf("at %v: %v, want %v", now, err, want)
		}
	}
	dir := inMemory(t)
	put(t, secret, time.Hour)
	before, err := os.ReadFile(filepath.Join(dir, fileName("id")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Get("id", sealed, passphrase); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(filepath.Join(dir, fileName("id"))); err != nil || !bytes.Equal(after, before) {
		t.Errorf("reading changed what is kept, and perhaps its time (%v)", err)
	}
	put(t, secret, -time.Second)
	if _, err := Get("id", sealed, passphrase); !errors.Is(err, ErrMiss) {
		t.Errorf("after its time: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("what is over is still there: %v, %v", entries, err)
	}
}

func TestUnsafePlacesAreNotUsed(t *testing.T) {
	for what, spoil := range map[string]func(t *testing.T, dir string){
		"open directory": func(t *testing.T, dir string) { must(t, os.Mkdir(dir, 0o700), os.Chmod(dir, 0o755)) },
		"link":           func(t *testing.T, dir string) { must(t, os.Symlink(t.TempDir(), dir)) },
		"file":           func(t *testing.T, dir string) { must(t, os.WriteFile(dir, nil, 0o600)) },
		"not in memory":  func(_ *testing.T, _ string) { isMemory = func(string) bool { return false } },
		"another user's": func(t *testing.T, dir string) {
			if os.Geteuid() != 0 {
				t.Skip("needs root")
			}
			must(t, os.Mkdir(dir, 0o700), os.Chown(dir, 1234, 1234))
		},
	} {
		t.Run(what, func(t *testing.T) {
			spoil(t, inMemory(t))
			if err := Put("id", sealed, passphrase, newSecret(t), time.Minute); !errors.Is(err, ErrUnavailable) {
				t.Errorf("%v, want ErrUnavailable", err)
			}
		})
	}
	dir := inMemory(t)
	secret := newSecret(t)
	put(t, secret, time.Minute)
	path := filepath.Join(dir, fileName("id"))
	must(t, os.Chmod(path, 0o640))
	if _, err := Get("id", sealed, passphrase); !errors.Is(err, ErrMiss) {
		t.Errorf("a file open to the group: %v", err)
	}
	must(t, os.Chmod(path, 0o600), os.Rename(path, path+"2"), os.Symlink(path+"2", path))
	if _, err := Get("id", sealed, passphrase); !errors.Is(err, ErrMiss) {
		t.Errorf("a link: %v", err)
	}
	put(t, secret, time.Minute)
	if got, err := Get("id", sealed, passphrase); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("put over a link: %v", err)
	}
}

// Any real place that exists is in memory and belongs to this user.
func TestTheRealPlace(t *testing.T) {
	dir, err := directory(false)
	if err != nil {
		t.Skipf("no place here: %v", err)
	}
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() || !isMemory(dir) || isMemory("/proc") {
		t.Errorf("%s: %v", dir, err)
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}
