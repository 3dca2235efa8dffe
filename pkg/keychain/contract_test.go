package keychain

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
)

// newKey makes a key of the shape of NGC's personal keys.
func newKey(t testing.TB) Secret {
	t.Helper()
	raw := make([]byte, 48)
	if _, err := rand.Read(raw); err != nil {
		t.Fatal(err)
	}
	return NewSecret("nvapi-" + base64.RawURLEncoding.EncodeToString(raw))
}

func envRef(name string) Ref      { return Ref{Profile: "default", Kind: KindEnv, Name: name} }
func registryRef(name string) Ref { return Ref{Profile: "default", Kind: KindRegistry, Name: name} }

// contract is what every backend must do. open returns a keychain over the same place at every call, as another process
// would. The place is empty at the start, but for entries of others.
func contract(t *testing.T, open func(t *testing.T) *Keychain) {
	set := func(t *testing.T, item Item) Item {
		t.Helper()
		if item.Secret.Empty() {
			item.Secret = newKey(t)
		}
		item.Updated = time.Unix(1_700_000_000, 0).UTC()
		if err := open(t).Set(item); err != nil {
			t.Fatalf("Set(%v): %v", item.Ref, err)
		}
		return item
	}
	want := func(t *testing.T, item Item) {
		t.Helper()
		got, err := open(t).Get(item.Ref)
		if err != nil {
			t.Fatalf("Get(%v): %v", item.Ref, err)
		}
		if got.Secret != item.Secret {
			t.Errorf("Get(%v): another secret than was set", item.Ref)
		}
		got.Secret, item.Secret = Secret{}, Secret{}
		if got != item {
			t.Errorf("Get = %+v, want %+v", got, item)
		}
	}
	wantAbsent := func(t *testing.T, ref Ref) {
		t.Helper()
		if _, err := open(t).Get(ref); !errors.Is(err, ErrNotFound) {
			t.Errorf("Get(%v): %v, want ErrNotFound", ref, err)
		}
		if has, err := open(t).Has(ref); has || err != nil {
			t.Errorf("Has(%v) = %t, %v", ref, has, err)
		}
	}
	remove := func(t *testing.T, ref Ref) {
		t.Helper()
		if err := open(t).Remove(ref); err != nil {
			t.Errorf("Remove(%v): %v", ref, err)
		}
	}

	t.Run("set, get, replace, remove", func(t *testing.T) {
		ref := envRef("NGC_API_KEY")
		wantAbsent(t, ref)
		item := set(t, Item{Ref: ref, Expires: time.Unix(1_900_000_000, 0).UTC()})
		want(t, item)
		if has, err := open(t).Has(ref); !has || err != nil {
			t.Errorf("Has = %t, %v", has, err)
		}
		want(t, set(t, Item{Ref: ref}))
		remove(t, ref)
		wantAbsent(t, ref)
	})

	t.Run("remove the absent", func(t *testing.T) {
		if err := open(t).Remove(envRef("NEVER_SET")); !errors.Is(err, ErrNotFound) {
			t.Errorf("Remove: %v, want ErrNotFound", err)
		}
	})

	t.Run("no stale user", func(t *testing.T) {
		ref := registryRef("registry.example.com")
		set(t, Item{Ref: ref, Username: "first/user"})
		want(t, set(t, Item{Ref: ref, Username: "second user"}))
		if refs, err := open(t).List(""); err != nil || !slices.Equal(refs, []Ref{ref}) {
			t.Errorf("List = %v, %v; want one entry", refs, err)
		}
		remove(t, ref)
		wantAbsent(t, ref)
	})

	t.Run("names", func(t *testing.T) {
		refs := []Ref{
			envRef("A"), envRef("a"), envRef("_x9"),
			{Profile: "work", Kind: KindEnv, Name: "A"}, {Profile: "default", Kind: KindPrevious, Name: "A"},
			registryRef("https://index.docker.io/v1/"), registryRef("ghcr.io/Owner"), registryRef("ghcr.io/owner"),
			registryRef("[::1]:5000"), registryRef("a%2Fb"), registryRef("a b  c"), registryRef("bücher.example"),
			registryRef("."), registryRef(".."), registryRef("../../x"), registryRef("-rf"), registryRef("x (ragenv)"),
		}
		items := make([]Item, len(refs))
		for i, ref := range refs {
			items[i] = set(t, Item{Ref: ref})
		}
		for _, item := range items {
			want(t, item)
		}
		byString := func(a, b Ref) int { return strings.Compare(a.String(), b.String()) }
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
		all, err := k.GetAll(append(listed, envRef("VANISHED")))
		if err != nil || len(all) != len(refs) {
			t.Errorf("GetAll: %d items, %v; want %d", len(all), err, len(refs))
		}
		for _, ref := range refs {
			remove(t, ref)
		}
		if left, err := open(t).List(""); err != nil || len(left) != 0 {
			t.Errorf("List = %v, %v; want nothing", left, err)
		}
	})

	t.Run("values", func(t *testing.T) {
		ref := envRef("VALUE")
		for _, value := range []string{
			"x", "two\nlines", "ends with a line feed\n", "\n", "  spaces  ", "quote\" and \\ and 'single'", "\r\n\t\x01\x7f",
			"ünïcødé 🔑", "\xff\xfe not UTF-8", strings.Repeat("k", 2000),
		} {
			want(t, set(t, Item{Ref: ref, Secret: NewSecret(value)}))
		}
		remove(t, ref)
	})

	t.Run("60 KiB", func(t *testing.T) {
		item := Item{Ref: envRef("LARGE"), Secret: NewSecret(strings.Repeat(newKey(t).Reveal(), 60*1024/70))}
		former := set(t, Item{Ref: item.Ref})
		err := open(t).Set(item)
		switch {
		case err == nil:
			item.Updated = time.Time{}
			got, err := open(t).Get(item.Ref)
			if err != nil || got.Secret != item.Secret {
				t.Errorf("Get: %v, or another secret than was set", err)
			}
		case errors.Is(err, ErrTooLarge):
			if !strings.ContainsAny(err.Error(), "0123456789") {
				t.Errorf("the error does not name the limit: %v", err)
			}
			t.Logf("this backend refuses it: %v", err)
			want(t, former)
		default:
			t.Errorf("Set: %v", err)
		}
		remove(t, item.Ref)
	})

	t.Run("concurrent writers", func(t *testing.T) {
		ref := envRef("SHARED")
		secrets := map[Secret]bool{}
		for range 4 {
			secrets[newKey(t)] = true
		}
		for secret := range secrets {
			set(t, Item{Ref: ref, Secret: secret})
		}
		var wg sync.WaitGroup
		for secret := range secrets {
			keychain := open(t)
			wg.Go(func() {
				for range 3 {
					if err := keychain.Set(Item{Ref: ref, Secret: secret}); err != nil {
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
		remove(t, ref)
	})

	t.Run("errors keep the secret", func(t *testing.T) {
		secret := newKey(t)
		err := open(t).Set(Item{Ref: Ref{Profile: "Not Valid", Kind: KindEnv, Name: "X"}, Secret: secret})
		if !errors.Is(err, ErrInvalidName) || strings.Contains(fmt.Sprintf("%v %+v", err, err), secret.Reveal()) {
			t.Errorf("Set under a bad profile: %v", err)
		}
	})
}

func TestLabels(t *testing.T) {
	for ref, want := range map[Ref]string{
		envRef("NGC_API_KEY"): "NGC_API_KEY (ragenv)",
		{Profile: "work", Kind: KindEnv, Name: "NGC_API_KEY"}:    "NGC_API_KEY (ragenv profile work)",
		registryRef("nvcr.io"):                                   "nvcr.io (ragenv registry)",
		{Profile: "w", Kind: KindRegistry, Name: "ghcr.io/a"}:    "ghcr.io%2Fa (ragenv registry profile w)",
		{Profile: "default", Kind: KindPrevious, Name: "A_KEY_"}: "A_KEY_ (ragenv previous)",
	} {
		if got := label(ref); got != want {
			t.Errorf("label(%v) = %q, want %q", ref, got, want)
		}
	}
	for _, foreign := range []string{"", "NGC_API_KEY", "(ragenv)", " (ragenv)", "NGC_API_KEY (ragenv) ", "NGC_API_KEY (ragenv profile default)", "a (ragenv)", "X (ragenv other)"} {
		if ref, ok := parseLabel(foreign); ok {
			t.Errorf("parseLabel(%q) = %v, want not ours", foreign, ref)
		}
	}
}

func FuzzLabel(f *testing.F) {
	f.Add("NGC_API_KEY", "default", true)
	f.Add("x (ragenv) profile y", "work", false)
	f.Fuzz(func(t *testing.T, name, profile string, env bool) {
		kind := KindRegistry
		if env {
			kind = KindEnv
		}
		ref := Ref{Profile: profile, Kind: kind, Name: name}
		if name == "" || ValidateProfile(profile) != nil {
			return
		}
		if back, ok := parseLabel(label(ref)); !ok || back != ref {
			t.Fatalf("parseLabel(%q) = %v, %t", label(ref), back, ok)
		}
	})
}
