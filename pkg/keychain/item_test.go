package keychain

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestKeysDoNotDifferByCaseOnly(t *testing.T) {
	names := map[Kind][]string{
		KindEnv:      {"NGC_API_KEY", "ngc_api_key", "Ngc_Api_Key", "ABC", "aBC", "%41BC", "_"},
		KindRegistry: {"nvcr.io", "ghcr.io/Owner", "ghcr.io/owner", "https://index.docker.io/v1/", "[::1]:5000", ".", "..", "-x"},
	}
	seen := map[string]string{}
	for kind, list := range names {
		for _, name := range list {
			key := Ref{Profile: "default", Kind: kind, Name: name}.Key()
			if former, ok := seen[strings.ToLower(key)]; ok {
				t.Errorf("%q and %q share a key where case is folded", name, former)
			}
			seen[strings.ToLower(key)] = name
		}
	}
	// Stored items depend on these keys.
	for want, ref := range map[string]Ref{
		"default/env/NGC_API_KEY":              {Profile: "default", Kind: KindEnv, Name: "NGC_API_KEY"},
		"w/env/AZ09_-%61%7A%2E%40%5B%2F%3A":    {Profile: "w", Kind: KindEnv, Name: "AZ09_-az.@[/:"},
		"w/previous/%2DA":                      {Profile: "w", Kind: KindPrevious, Name: "-A"},
		"w/registry/az09.-_%41%5A%60%7B%2F%3A": {Profile: "w", Kind: KindRegistry, Name: "az09.-_AZ`{/:"},
		"w/registry/%2Ea":                      {Profile: "w", Kind: KindRegistry, Name: ".a"},
		"w/registry/%2Da":                      {Profile: "w", Kind: KindRegistry, Name: "-a"},
		"w/fingerprint/A-0123456789ABCDEF":     {Profile: "w", Kind: KindFingerprint, Name: "A-0123456789ABCDEF"},
	} {
		if key := ref.Key(); key != want {
			t.Errorf("the key of %v is %q, want %q", ref, key, want)
		}
		if back, ok := ParseKey(want); !ok || back != ref {
			t.Errorf("ParseKey(%q) = %v, %t", want, back, ok)
		}
	}
	for _, none := range []string{"", "p/env", "p/env/", "p/env/A/B", "P/env/A", "p/other/A", "p/env/%4", "p/env/%", "p/env/A%4", "p/env/%4g", "p/env/%G1", "p/env/%41", "p/env/a", "p/env/%2a"} {
		if ref, ok := ParseKey(none); ok {
			t.Errorf("ParseKey(%q) = %v", none, ref)
		}
	}
}

// FuzzKey checks that every name has a unique key, and that every parsed key is the one that Key returns.
func FuzzKey(f *testing.F) {
	for _, text := range []string{"NGC_API_KEY", "https://index.docker.io/v1/", "a/b%2F\x00ü..", "default/env/NGC_API_KEY", "default/env/%61", "default/env/%41"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []Kind{KindRegistry, KindEnv} {
			ref := Ref{Profile: "p", Kind: kind, Name: text}
			if back, ok := ParseKey(ref.Key()); ok != (text != "") || ok && back != ref {
				t.Fatalf("ParseKey(%q) = %v, %t", ref.Key(), back, ok)
			}
		}
		if ref, ok := ParseKey(text); ok && ref.Key() != text {
			t.Fatalf("ParseKey(%q) = %v, whose key is %q", text, ref, ref.Key())
		}
	})
}

func FuzzItem(f *testing.F) {
	f.Add("NGC_API_KEY", "user", "secret\nwith lines\x00\xff", int64(1), int64(0))
	f.Fuzz(func(t *testing.T, name, username, secret string, updated, expires int64) {
		const limit = 1 << 40
		item := Item{
			Ref: Ref{Profile: "p", Kind: KindRegistry, Name: name}, Username: strings.ToValidUTF8(username, ""),
			Secret: NewSecret(secret), Updated: time.Unix(updated%limit, 0).UTC(),
		}
		if expires%limit != 0 {
			item.Expires = time.Unix(expires%limit, 0).UTC()
		}
		data, err := encode(item)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decode(item.Ref, data)
		if err != nil || back != item {
			t.Fatalf("decode: %v; the item changed", err)
		}
	})
}

// FuzzDecode checks that data is decoded only as the item that it was written for.
func FuzzDecode(f *testing.F) {
	ref := Ref{Profile: "p", Kind: KindEnv, Name: "A"}
	whole, err := encode(Item{Ref: ref, Secret: NewSecret("one"), Updated: time.Unix(1_700_000_000, 0)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"item":"p/env/B"}` + "\nx"))
	f.Add([]byte(`{"item":"p/env/B","item":"p/env/A"}` + "\nx"))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		item, err := decode(ref, data)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("%v, want ErrDamaged", err)
			}
			return
		}
		_, secret, _ := strings.Cut(string(data), "\n")
		if item.Ref != ref || item.Secret.Reveal() != secret {
			t.Fatalf("another item was read")
		}
		if _, err := decode(Ref{Profile: "p", Kind: KindEnv, Name: "B"}, data); !errors.Is(err, ErrDamaged) {
			t.Fatalf("the same data is another item, too: %v", err)
		}
	})
}

func TestDecodeNoticesSwappedAndDamagedData(t *testing.T) {
	a := Item{Ref: Ref{Profile: "p", Kind: KindEnv, Name: "A"}, Secret: NewSecret("one"), Updated: time.Now()}
	data, err := encode(a)
	if err != nil {
		t.Fatal(err)
	}
	for name, ref := range map[string]Ref{
		"another name":    {Profile: "p", Kind: KindEnv, Name: "B"},
		"another profile": {Profile: "q", Kind: KindEnv, Name: "A"},
		"another kind":    {Profile: "p", Kind: KindRegistry, Name: "A"},
	} {
		if _, err := decode(ref, data); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", name, err)
		}
	}
	for _, bad := range []string{"", "{}", "{}\n", "{\n", "null\nx", string(data[:5])} {
		if _, err := decode(a.Ref, []byte(bad)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v, want ErrDamaged", bad, err)
		}
	}
}

func TestSecretDoesNotShow(t *testing.T) {
	const value = "do-not-show"
	item := Item{Secret: NewSecret(value)}
	shown := fmt.Sprintf("%v %+v %#v %s %q %x %d", item, item, item, item.Secret, item.Secret, item.Secret, &item.Secret)
	marshalled, err := json.Marshal(item)
	if err != nil {
		t.Fatal(err)
	}
	if all := shown + string(marshalled); strings.Contains(all, value) || strings.Contains(all, fmt.Sprintf("%x", value)) {
		t.Errorf("the value shows in %s", all)
	}
}

func TestValidateProfile(t *testing.T) {
	for _, good := range []string{"default", "a", "0", "work-2_b", "az09", "9z0a", strings.Repeat("a", 64)} {
		if err := ValidateProfile(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "A", "-a", "_a", "a b", "a/b", "..", "ü", "a\n", "a`", "a{", "a/", "a:", "a@", "a[", strings.Repeat("a", 65)} {
		if err := ValidateProfile(bad); !errors.Is(err, ErrInvalidName) {
			t.Errorf("%q: %v, want ErrInvalidName", bad, err)
		}
	}
}
