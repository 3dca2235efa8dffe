// Package keychaintest tests that a backend fulfills the contract of keychain backends.
package keychaintest

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// NewKey returns a random key in the format of NGC's personal keys.
func NewKey(t testing.TB) keychain.Secret {
	t.Helper()
	raw := make([]byte, 48)
	if _, err := rand.Read(raw); err != nil {
		t.Fatal(err)
	}
	return keychain.NewSecret("nvapi-" + base64.RawURLEncoding.EncodeToString(raw))
}

// EnvRef returns the Ref of an environment variable.
func EnvRef(name string) keychain.Ref {
	return keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: name}
}

// RegistryRef returns the Ref of a registry.
func RegistryRef(name string) keychain.Ref {
	return keychain.Ref{Profile: "default", Kind: keychain.KindRegistry, Name: name}
}

// MustOpen opens a keychain or fails the test.
func MustOpen(t *testing.T, opts keychain.Options) *keychain.Keychain {
	t.Helper()
	k, err := keychain.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Opener returns a keychain over the same place each time, as another process would open it.
type Opener func(t *testing.T) *keychain.Keychain

// Contract tests what every backend must do. The place must be empty at the start except for entries of other
// programs.
func Contract(t *testing.T, open Opener) {
	t.Run("set, get, replace, remove", open.replaceAndRemove)
	t.Run("remove the absent", open.removeAbsent)
	t.Run("no stale user", open.noStaleUser)
	t.Run("names", open.names)
	t.Run("values", open.values)
	t.Run("60 KiB", open.large)
	t.Run("concurrent writers", open.concurrentWriters)
	t.Run("errors keep the secret", open.errorsKeepSecrets)
}

// set stores an item, with a new key if it has no secret, and returns it as it must be read.
func (open Opener) set(t *testing.T, item keychain.Item) keychain.Item {
	t.Helper()
	if item.Secret.Empty() {
		item.Secret = NewKey(t)
	}
	item.Updated = time.Unix(1_700_000_000, 0).UTC()
	if err := open(t).Set(item); err != nil {
		t.Fatalf("Set(%v): %v", item.Ref, err)
	}
	return item
}

// want fails the test unless exactly this item is read.
func (open Opener) want(t *testing.T, item keychain.Item) {
	t.Helper()
	got, err := open(t).Get(item.Ref)
	if err != nil {
		t.Fatalf("Get(%v): %v", item.Ref, err)
	}
	if got.Secret != item.Secret {
		t.Errorf("Get(%v): another secret than was set", item.Ref)
	}
	got.Secret, item.Secret = keychain.Secret{}, keychain.Secret{}
	if got != item {
		t.Errorf("Get = %+v, want %+v", got, item)
	}
}

func (open Opener) wantAbsent(t *testing.T, ref keychain.Ref) {
	t.Helper()
	if _, err := open(t).Get(ref); !errors.Is(err, keychain.ErrNotFound) {
		t.Errorf("Get(%v): %v, want keychain.ErrNotFound", ref, err)
	}
	if has, err := open(t).Has(ref); has || err != nil {
		t.Errorf("Has(%v) = %t, %v", ref, has, err)
	}
}

func (open Opener) remove(t *testing.T, ref keychain.Ref) {
	t.Helper()
	if err := open(t).Remove(ref); err != nil {
		t.Errorf("Remove(%v): %v", ref, err)
	}
}

func (open Opener) replaceAndRemove(t *testing.T) {
	ref := EnvRef("NGC_API_KEY")
	open.wantAbsent(t, ref)
	item := open.set(t, keychain.Item{Ref: ref, Expires: time.Unix(1_900_000_000, 0).UTC()})
	open.want(t, item)
	if has, err := open(t).Has(ref); !has || err != nil {
		t.Errorf("Has = %t, %v", has, err)
	}
	open.want(t, open.set(t, keychain.Item{Ref: ref}))
	open.remove(t, ref)
	open.wantAbsent(t, ref)
}

func (open Opener) removeAbsent(t *testing.T) {
	if err := open(t).Remove(EnvRef("NEVER_SET")); !errors.Is(err, keychain.ErrNotFound) {
		t.Errorf("Remove: %v, want keychain.ErrNotFound", err)
	}
}

func (open Opener) noStaleUser(t *testing.T) {
	ref := RegistryRef("registry.example.com")
	open.set(t, keychain.Item{Ref: ref, Username: "first/user"})
	open.want(t, open.set(t, keychain.Item{Ref: ref, Username: "second user"}))
	if refs, err := open(t).List(""); err != nil || !slices.Equal(refs, []keychain.Ref{ref}) {
		t.Errorf("List = %v, %v; want one entry", refs, err)
	}
	open.remove(t, ref)
	open.wantAbsent(t, ref)
}

func (open Opener) names(t *testing.T) {
	refs := []keychain.Ref{
		EnvRef("A"), EnvRef("a"), EnvRef("_x9"),
		{Profile: "work", Kind: keychain.KindEnv, Name: "A"}, {Profile: "default", Kind: keychain.KindPrevious, Name: "A"},
		RegistryRef("https://index.docker.io/v1/"), RegistryRef("ghcr.io/Owner"), RegistryRef("ghcr.io/owner"),
		RegistryRef("[::1]:5000"), RegistryRef("a%2Fb"), RegistryRef("a b  c"), RegistryRef("bücher.example"),
		RegistryRef("."), RegistryRef(".."), RegistryRef("../../x"), RegistryRef("-rf"), RegistryRef("x (ragenv)"),
	}
	items := make([]keychain.Item, len(refs))
	for i, ref := range refs {
		items[i] = open.set(t, keychain.Item{Ref: ref})
	}
	for _, item := range items {
		open.want(t, item)
	}
	byString := func(a, b keychain.Ref) int { return strings.Compare(a.String(), b.String()) }
	listed, err := open(t).List("")
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(listed, byString)
	slices.SortFunc(refs, byString)
	if !slices.Equal(listed, refs) {
		t.Errorf("List = %q, want %q", listed, refs)
	}
	if work, err := open(t).List("work"); err != nil || len(work) != 1 || work[0].Profile != "work" {
		t.Errorf("List(work) = %v, %v", work, err)
	}
	k := open(t)
	all, err := k.GetAll(append(listed, EnvRef("VANISHED")))
	if err != nil || len(all) != len(refs) {
		t.Errorf("GetAll: %d items, %v; want %d", len(all), err, len(refs))
	}
	for _, ref := range refs {
		open.remove(t, ref)
	}
	if left, err := open(t).List(""); err != nil || len(left) != 0 {
		t.Errorf("List = %v, %v; want nothing", left, err)
	}
}

func (open Opener) values(t *testing.T) {
	ref := EnvRef("VALUE")
	for _, value := range []string{
		"x", "two\nlines", "ends with a line feed\n", "\n", "  spaces  ", "quote\" and \\ and 'single'", "\r\n\t\x01\x7f",
		"ünïcødé 🔑", "\xff\xfe not UTF-8", strings.Repeat("k", 2000),
	} {
		open.want(t, open.set(t, keychain.Item{Ref: ref, Secret: keychain.NewSecret(value)}))
	}
	open.remove(t, ref)
}

func (open Opener) large(t *testing.T) {
	item := keychain.Item{Ref: EnvRef("LARGE"), Secret: keychain.NewSecret(strings.Repeat(NewKey(t).Reveal(), 60*1024/70))}
	former := open.set(t, keychain.Item{Ref: item.Ref})
	err := open(t).Set(item)
	switch {
	case err == nil:
		item.Updated = time.Time{}
		got, err := open(t).Get(item.Ref)
		if err != nil || got.Secret != item.Secret {
			t.Errorf("Get: %v, or another secret than was set", err)
		}
	case errors.Is(err, keychain.ErrTooLarge):
		if !strings.ContainsAny(err.Error(), "0123456789") {
			t.Errorf("the error does not name the limit: %v", err)
		}
		t.Logf("this backend refuses it: %v", err)
		open.want(t, former)
	default:
		t.Errorf("Set: %v", err)
	}
	open.remove(t, item.Ref)
}

func (open Opener) concurrentWriters(t *testing.T) {
	ref := EnvRef("SHARED")
	secrets := map[keychain.Secret]bool{}
	for range 4 {
		secrets[NewKey(t)] = true
	}
	for secret := range secrets {
		open.set(t, keychain.Item{Ref: ref, Secret: secret})
	}
	var wg sync.WaitGroup
	for secret := range secrets {
		writer := open(t)
		wg.Go(func() {
			for range 3 {
				if err := writer.Set(keychain.Item{Ref: ref, Secret: secret}); err != nil {
					t.Error(err)
				}
			}
		})
		reader := open(t)
		wg.Go(func() {
			for range 3 {
				if got, err := reader.Get(ref); err != nil || !secrets[got.Secret] {
					t.Errorf("Get among writers: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if refs, err := open(t).List(""); err != nil || len(refs) != 1 {
		t.Errorf("List = %v, %v; want one entry", refs, err)
	}
	open.remove(t, ref)
}

func (open Opener) errorsKeepSecrets(t *testing.T) {
	secret := NewKey(t)
	err := open(t).Set(keychain.Item{Ref: keychain.Ref{Profile: "Not Valid", Kind: keychain.KindEnv, Name: "X"}, Secret: secret})
	if !errors.Is(err, keychain.ErrInvalidName) || strings.Contains(fmt.Sprintf("%v %+v", err, err), secret.Reveal()) {
		t.Errorf("Set under a bad profile: %v", err)
	}
}
