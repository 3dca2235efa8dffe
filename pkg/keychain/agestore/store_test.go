package agestore

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
)

// fastScrypt makes tests fast: the work factor does not affect what they test.
const fastScrypt = 4

func newKey(t testing.TB) []byte {
	t.Helper()
	raw := make([]byte, 48)
	if _, err := rand.Read(raw); err != nil {
		t.Fatal(err)
	}
	return []byte("nvapi-" + base64.RawURLEncoding.EncodeToString(raw))
}

func create(t testing.TB, passphrase string) (*Store, Options) {
	t.Helper()
	opts := Options{Dir: filepath.Join(t.TempDir(), "store")}
	store, err := Create(opts, Protection{Passphrase: []byte(passphrase), WorkFactor: fastScrypt})
	if err != nil {
		t.Fatal(err)
	}
	return store, opts
}

func reopen(t testing.TB, opts Options) *Store {
	t.Helper()
	store, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func set(t testing.TB, s *Store, key string, data []byte) {
	t.Helper()
	if err := s.Set(key, data); err != nil {
		t.Fatalf("Set(%q): %v", key, err)
	}
}

func wantData(t testing.TB, s *Store, key string, data []byte) {
	t.Helper()
	got, err := s.Get(key)
	if err != nil {
		t.Fatalf("Get(%q): %v", key, err)
	}
	if !bytes.Equal(got, data) {
		t.Fatalf("Get(%q) answered other data than was set", key)
	}
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}

// memoryCache is a Cache that tests can inspect.
type memoryCache struct {
	mu    sync.Mutex
	items map[string][]byte
	ttl   time.Duration
}

func (c *memoryCache) Get(id string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if item, ok := c.items[id]; ok {
		return item, nil
	}
	return nil, errors.New("miss")
}

func (c *memoryCache) Put(id string, secret []byte, ttl time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.items == nil {
		c.items = map[string][]byte{}
	}
	c.items[id], c.ttl = secret, ttl
	return nil
}

func (c *memoryCache) Remove(id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.items, id)
	return nil
}

func TestSetGetRemoveAcrossOpens(t *testing.T) {
	for _, passphrase := range []string{"", "correct horse"} {
		t.Run(fmt.Sprintf("passphrase=%t", passphrase != ""), func(t *testing.T) {
			_, opts := create(t, passphrase)
			opts.Passphrase = func() ([]byte, error) { return []byte(passphrase), nil }
			values := map[string][]byte{"default/env/NGC_API_KEY": newKey(t), "a/b/%2F": newKey(t), "empty": {}, "x..": []byte("x\x00\n\xff")}
			for key, value := range values {
				set(t, reopen(t, opts), key, value)
			}
			for key, value := range values {
				wantData(t, reopen(t, opts), key, value)
			}
			replaced := newKey(t)
			set(t, reopen(t, opts), "empty", replaced)
			wantData(t, reopen(t, opts), "empty", replaced)

			keys, err := reopen(t, opts).Keys()
			if err != nil || len(keys) != len(values) {
				t.Fatalf("Keys() = %q, %v; want %d keys", keys, err, len(values))
			}
			s := reopen(t, opts)
			if err := s.Remove("empty"); err != nil {
				t.Fatal(err)
			}
			wantError(t, s.Remove("empty"), ErrNotFound)
			_, err = s.Get("empty")
			wantError(t, err, ErrNotFound)
		})
	}
}

func TestStoringAndLookingNeedNoPassphrase(t *testing.T) {
	_, opts := create(t, "secret words")
	opts.Passphrase = func() ([]byte, error) {
		t.Error("the passphrase was asked for")
		return nil, ErrLocked
	}
	s := reopen(t, opts)
	set(t, s, "k", newKey(t))
	set(t, s, "k", newKey(t))
	if has, err := s.Has("k"); !has || err != nil {
		t.Fatalf("Has = %t, %v", has, err)
	}
	if has, err := s.Has("absent"); has || err != nil {
		t.Fatalf("Has(absent) = %t, %v", has, err)
	}
	if _, err := s.Modified("k"); err != nil {
		t.Fatal(err)
	}
	_, err := s.Get("absent")
	wantError(t, err, ErrNotFound)
	if keys, err := s.Keys(); err != nil || !slices.Equal(keys, []string{"k"}) {
		t.Fatalf("Keys = %q, %v", keys, err)
	}
	if err := s.Remove("k"); err != nil {
		t.Fatal(err)
	}
}

func TestLocked(t *testing.T) {
	s, opts := create(t, "secret words")
	set(t, s, "k", newKey(t))
	_, err := reopen(t, opts).Get("k")
	wantError(t, err, ErrLocked)
	opts.Passphrase = func() ([]byte, error) { return []byte("wrong words"), nil }
	_, err = reopen(t, opts).Get("k")
	wantError(t, err, ErrWrongPassphrase)
}

func TestUnlockedIdentityIsCachedAndForgotten(t *testing.T) {
	s, opts := create(t, "secret words")
	value := newKey(t)
	set(t, s, "k", value)
	cache := &memoryCache{}
	opts.Cache, opts.CacheFor = cache, 90*time.Second
	s = reopen(t, opts)
	if s.Unlocked() {
		t.Fatal("unlocked before anybody unlocked it")
	}
	wantError(t, s.Unlock([]byte("wrong")), ErrWrongPassphrase)
	if err := s.Unlock([]byte("secret words")); err != nil {
		t.Fatal(err)
	}
	if cache.ttl != opts.CacheFor {
		t.Fatalf("cached for %s, want %s", cache.ttl, opts.CacheFor)
	}
	for _, cached := range cache.items {
		if bytes.Contains(cached, []byte("secret words")) {
			t.Fatal("the passphrase itself was cached")
		}
	}
	other := reopen(t, opts)
	if !other.Unlocked() {
		t.Fatal("another process does not see the cached identity")
	}
	wantData(t, other, "k", value)
	if err := other.Lock(); err != nil {
		t.Fatal(err)
	}
	_, err := reopen(t, opts).Get("k")
	wantError(t, err, ErrLocked)
	_, err = other.Get("k")
	wantError(t, err, ErrLocked)

	t.Run("a cached identity of another store is not used", func(t *testing.T) {
		stranger, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		cache.items[s.ID()] = []byte(stranger.String())
		_, err = reopen(t, opts).Get("k")
		wantError(t, err, ErrLocked)
	})
}

func TestANewStoreIsUnlocked(t *testing.T) {
	cache := &memoryCache{}
	opts := Options{Dir: filepath.Join(t.TempDir(), "store"), Cache: cache, CacheFor: time.Minute}
	s, err := Create(opts, Protection{Passphrase: []byte("secret words"), WorkFactor: fastScrypt})
	if err != nil {
		t.Fatal(err)
	}
	value := newKey(t)
	set(t, s, "k", value)
	wantData(t, reopen(t, opts), "k", value)
	if err := s.Lock(); err != nil {
		t.Fatal(err)
	}
	_, err = reopen(t, opts).Get("k")
	wantError(t, err, ErrLocked)
}

func TestPlainIdentityIsNotCached(t *testing.T) {
	s, opts := create(t, "")
	value := newKey(t)
	set(t, s, "k", value)
	cache := &memoryCache{}
	opts.Cache, opts.CacheFor = cache, time.Minute
	wantData(t, reopen(t, opts), "k", value)
	if len(cache.items) != 0 {
		t.Fatal("cached what needs no cache")
	}
}

func TestChangePassphrase(t *testing.T) {
	s, opts := create(t, "")
	value := newKey(t)
	set(t, s, "k", value)
	for _, step := range []struct{ from, to string }{{"", "one"}, {"one", "two"}, {"two", ""}, {"", "three"}} {
		if step.from != "" {
			wantError(t, s.ChangePassphrase([]byte("not it"), []byte("x")), ErrWrongPassphrase)
		}
		if err := s.ChangePassphrase([]byte(step.from), []byte(step.to)); err != nil {
			t.Fatalf("from %q to %q: %v", step.from, step.to, err)
		}
		s = reopen(t, opts)
		if protected, err := s.Protected(); err != nil || protected != (step.to != "") {
			t.Fatalf("Protected = %t, %v", protected, err)
		}
		opts.Passphrase = func() ([]byte, error) { return []byte(step.to), nil }
		wantData(t, reopen(t, opts), "k", value)
	}
}

func TestWrongPassphraseIsToldFromADamagedIdentity(t *testing.T) {
	s, opts := create(t, "secret words")
	path := filepath.Join(opts.Dir, identityName)
	intact, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, s.Unlock([]byte("other words")), ErrWrongPassphrase)
	for at := range intact {
		damaged := bytes.Clone(intact)
		damaged[at] ^= 1
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := reopen(t, opts).Unlock([]byte("secret words")); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d flipped: %v, want ErrDamaged", at, err)
		}
	}
	if err := os.WriteFile(path, intact[:len(intact)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	wantError(t, reopen(t, opts).Unlock([]byte("secret words")), ErrDamaged)
}

func TestDamagedItem(t *testing.T) {
	s, opts := create(t, "")
	set(t, s, "k", newKey(t))
	path := filepath.Join(opts.Dir, itemsName, "k"+itemSuffix)
	intact, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range intact {
		damaged := bytes.Clone(intact)
		damaged[at] ^= 1
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get("k"); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d flipped: %v, want ErrDamaged", at, err)
		}
		if err := os.WriteFile(path, intact[:at], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get("k"); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut at byte %d: %v, want ErrDamaged", at, err)
		}
	}
}

func TestStockAgeLibraryReadsAnItem(t *testing.T) {
	s, opts := create(t, "")
	value := newKey(t)
	set(t, s, "k", value)
	identityFile, err := os.Open(filepath.Join(opts.Dir, identityName))
	if err != nil {
		t.Fatal(err)
	}
	defer identityFile.Close()
	ids, err := age.ParseIdentities(identityFile)
	if err != nil {
		t.Fatal(err)
	}
	item, err := os.Open(filepath.Join(opts.Dir, itemsName, "k.age"))
	if err != nil {
		t.Fatal(err)
	}
	defer item.Close()
	r, err := age.Decrypt(item, ids...)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if _, err := got.ReadFrom(r); err != nil || !bytes.Equal(got.Bytes(), value) {
		t.Fatalf("age read something else (%v)", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	_, err := Open(Options{Dir: filepath.Join(t.TempDir(), "absent")})
	wantError(t, err, ErrNoStore)
	_, err = Open(Options{Dir: private(t)})
	wantError(t, err, ErrNoStore)

	_, opts := create(t, "")
	_, err = Create(opts, Protection{WorkFactor: fastScrypt})
	wantError(t, err, ErrExists)

	manifestPath := filepath.Join(opts.Dir, manifestName)
	for content, want := range map[string]error{
		`{"format":2,"recipient":"from the future"}`: ErrNewerFormat,
		`{"recipient":{"kind":"other"},"format":2}`:  ErrNewerFormat,
		`{"format":0}`:                     ErrDamaged,
		`{"format":1,"recipient":"age1x"}`: ErrDamaged,
		`{`:                                ErrDamaged,
		strings.Repeat(" ", 1<<17):         ErrDamaged,
	} {
		if err := os.WriteFile(manifestPath, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(opts); !errors.Is(err, want) {
			t.Errorf("store.json %.50q: %v, want %v", content, err, want)
		}
		after, err := os.ReadFile(manifestPath)
		if err != nil || string(after) != content {
			t.Errorf("store.json %.50q was rewritten", content)
		}
	}
}

func TestIdentityOfAnotherStore(t *testing.T) {
	s, opts := create(t, "")
	set(t, s, "k", newKey(t))
	_, stranger := create(t, "")
	identity, err := os.ReadFile(filepath.Join(stranger.Dir, identityName))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(opts.Dir, identityName), identity, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = reopen(t, opts).Get("k")
	wantError(t, err, ErrDamaged)
	if !strings.Contains(err.Error(), "belongs to another store") {
		t.Errorf("not recognized as another store's: %v", err)
	}
	wantError(t, reopen(t, opts).Unlock(nil), ErrDamaged)
	if err := os.Remove(filepath.Join(opts.Dir, identityName)); err != nil {
		t.Fatal(err)
	}
	_, err = reopen(t, opts).Get("k")
	wantError(t, err, ErrDamaged)
}

// An item encrypted to another store is rejected, even under the right name.
func TestItemOfAnotherStore(t *testing.T) {
	s, opts := create(t, "")
	set(t, s, "k", newKey(t))
	stranger, strangers := create(t, "")
	set(t, stranger, "k", newKey(t))
	item, err := os.ReadFile(filepath.Join(strangers.Dir, itemsName, "k"+itemSuffix))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(opts.Dir, itemsName, "k"+itemSuffix), item, 0o600); err != nil {
		t.Fatal(err)
	}
	data, err := reopen(t, opts).Get("k")
	wantError(t, err, ErrDamaged)
	if len(data) > 0 || !strings.Contains(err.Error(), errNoMatch.Error()) {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

func TestForeignFilesAreWarnedOfAndLeftAlone(t *testing.T) {
	s, opts := create(t, "")
	set(t, s, "k", newKey(t))
	foreign := []string{"notes.txt", "k.age~", "bad%zz.age", "UPPER%2f.age", ".age", "%.age"}
	for _, name := range foreign {
		if err := os.WriteFile(filepath.Join(opts.Dir, itemsName, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var warnings []string
	opts.Warn = func(message string) { warnings = append(warnings, message) }
	keys, err := reopen(t, opts).Keys()
	if err != nil || !slices.Equal(keys, []string{"k"}) {
		t.Fatalf("Keys = %q, %v", keys, err)
	}
	for _, name := range foreign {
		if !slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, string(filepath.Separator)+name+",") }) {
			t.Errorf("no warning of %s in %q", name, warnings)
		}
		if _, err := os.Stat(filepath.Join(opts.Dir, itemsName, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestStaleTemporaryFileIsReplaced(t *testing.T) {
	s, opts := create(t, "")
	stale := filepath.Join(opts.Dir, itemsName, tempName)
	if err := os.WriteFile(stale, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if keys, err := s.Keys(); err != nil || len(keys) != 0 {
		t.Fatalf("Keys = %q, %v", keys, err)
	}
	value := newKey(t)
	set(t, s, "k", value)
	wantData(t, s, "k", value)
	if _, err := os.Lstat(stale); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the temporary file stayed: %v", err)
	}
}

func TestConcurrentWritersAndReaders(t *testing.T) {
	_, opts := create(t, "")
	const writers, rounds = 8, 12
	valid := func(data []byte) bool {
		return len(data) > 2 && bytes.Equal(data[:len(data)/2], data[len(data)/2:])
	}
	double := func() []byte { key := newKey(t); return append(key, key...) }
	set(t, reopen(t, opts), "k", double())
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			s, err := Open(opts)
			if err != nil {
				t.Error(err)
				return
			}
			for range rounds {
				if err := s.Set("k", double()); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			s, err := Open(opts)
			if err != nil {
				t.Error(err)
				return
			}
			for range 4 * rounds {
				if item, err := s.Get("k"); err != nil || !valid(item) {
					t.Errorf("torn or failed read: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

func TestExists(t *testing.T) {
	empty, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, complete := create(t, "")
	set(t, s, "k", newKey(t))
	_, lost := create(t, "")
	_, itemless := create(t, "")
	set(t, reopen(t, lost), "k", newKey(t))
	for _, opts := range []Options{lost, itemless} {
		if err := os.Remove(opts.path(manifestName)); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		dir  string
		want bool
	}{
		"a store": {complete.Dir, true}, "items without store.json": {lost.Dir, true}, "neither": {itemless.Dir, false},
		"an empty directory": {empty, false}, "no directory": {filepath.Join(empty, "none"), false},
	} {
		if got := Exists(tc.dir); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	// The error is another one than that of another user's directory, which root can read.
	if _, err := os.Lstat(filepath.Join(file, manifestName)); errors.Is(err, fs.ErrNotExist) {
		t.Skip("on this system, nothing exists below a file")
	}
	if !Exists(file) {
		t.Error("what cannot be read has no store")
	}
}

func TestCreateRace(t *testing.T) {
	opts := Options{Dir: filepath.Join(t.TempDir(), "store")}
	var wg sync.WaitGroup
	var mu sync.Mutex
	created := 0
	for range 8 {
		wg.Go(func() {
			_, err := Create(opts, Protection{WorkFactor: fastScrypt})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				created++
			} else if !errors.Is(err, ErrExists) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if created != 1 {
		t.Fatalf("%d stores were created, want 1", created)
	}
	s := reopen(t, opts)
	value := newKey(t)
	set(t, s, "k", value)
	wantData(t, reopen(t, opts), "k", value)
}

func TestTooLarge(t *testing.T) {
	s, opts := create(t, "")
	wantError(t, s.Set(strings.Repeat("n", 252), nil), ErrTooLarge)
	for _, key := range []string{"", "..", ".tmp", "a+b", "a b", "ü", "a\x00", `a\b`, "a:b"} {
		wantError(t, s.Set(key, nil), ErrInvalidKey)
	}
	wantError(t, s.Set("k", make([]byte, MaxItemSize+1)), ErrTooLarge)
	path := filepath.Join(opts.Dir, itemsName, "k"+itemSuffix)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 2*MaxItemSize); err != nil {
		t.Fatal(err)
	}
	_, err := s.Get("k")
	wantError(t, err, ErrDamaged)
	if !strings.Contains(err.Error(), "bytes long") {
		t.Errorf("a file that is too long was read: %v", err)
	}
	long := strings.Repeat("n", 251)
	value := bytes.Repeat(newKey(t), 1000)
	set(t, s, long, value)
	wantData(t, s, long, value)
}

func private(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func FuzzFileName(f *testing.F) {
	for _, key := range []string{"default/env/NGC_API_KEY", "default/registry/ghcr.io%3A5000", "..", ".tmp", "a+b", "%", "%25", "ü", "\x00", ""} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		name, err := fileName(key)
		if err != nil {
			if !errors.Is(err, ErrInvalidKey) && 3*len(key) < 200 {
				t.Fatalf("fileName(%q): %v", key, err)
			}
			return
		}
		if strings.ContainsAny(name, "/\\:\x00") || name[0] == '.' || len(name) > maxFileName {
			t.Fatalf("fileName(%q) = %q", key, name)
		}
		if back, ok := keyOf(name); !ok || back != key {
			t.Fatalf("keyOf(fileName(%q)) = %q, %t", key, back, ok)
		}
	})
}

func BenchmarkGetPlain(b *testing.B) {
	s, opts := create(b, "")
	set(b, s, "k", newKey(b))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := reopen(b, opts).Get("k"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSet(b *testing.B) {
	s, _ := create(b, "")
	value := newKey(b)
	for b.Loop() {
		set(b, s, "k", value)
	}
}
