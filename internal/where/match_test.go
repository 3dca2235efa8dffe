package where

import (
	"crypto/rand"
	"encoding/base64"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
)

func newValue() string { return "nvapi-" + rand.Text() + rand.Text() }

// testKeys returns a key whose value was replaced twice. The first value is only known by its fingerprint;
// the second is kept.
func testKeys(t *testing.T, values ...string) Key {
	t.Helper()
	k, err := keychain.CreateFileStore(keychain.Options{Backend: keychain.BackendFile, Dir: filepath.Join(t.TempDir(), "store")}, keychain.Protection{})
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range values {
		if err := k.Set(keychain.Item{Ref: keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "NGC_API_KEY"}, Secret: keychain.NewSecret(value)}); err != nil {
			t.Fatal(err)
		}
	}
	prints, err := k.Fingerprints("default")
	if err != nil || len(prints) != len(values) {
		t.Fatalf("%d fingerprints, %v", len(prints), err)
	}
	return Key{Name: "NGC_API_KEY", Aliases: []string{"NVIDIA_API_KEY"}, Prints: prints, Current: keychain.NewSecret(values[len(values)-1])}
}

func TestFind(t *testing.T) {
	oldest, kept, current := newValue(), newValue(), newValue()
	key := testKeys(t, oldest, kept, current)
	key.Former = []keychain.Secret{keychain.NewSecret(kept)}
	m := NewMatcher([]Key{key})
	b64 := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for name, text := range map[string]func(value string) string{
		"the value":           func(v string) string { return v },
		"a line break":        func(v string) string { return v + "\n" },
		"an assignment":       func(v string) string { return "export NGC_API_KEY=" + v },
		"quotes":              func(v string) string { return `export NGC_API_KEY="` + v + `"; docker compose up` },
		"a default":           func(v string) string { return "${NGC_API_KEY:-" + v + "}" },
		"a URL":               func(v string) string { return "https://user:" + v + "@example.com/" },
		"an argument":         func(v string) string { return "docker login -u '$oauthtoken' -p " + v + " nvcr.io" },
		"a list":              func(v string) string { return "[" + v + "],{" + v + "}" },
		"base64":              b64,
		"base64, no padding":  func(v string) string { return base64.RawURLEncoding.EncodeToString([]byte(v)) },
		"a docker login":      func(v string) string { return `{"auths":{"nvcr.io":{"auth":"` + b64("$oauthtoken:"+v) + `"}}}` },
		"a dockerconfigjson":  func(v string) string { return b64(`{"auths":{"nvcr.io":{"auth":"` + b64("$oauthtoken:"+v) + `"}}}`) },
		"base64 in a setting": func(v string) string { return "AUTH=" + b64("$oauthtoken:"+v) },
		"base64 after a gap":  func(v string) string { return "AUTH =" + b64("$oauthtoken:"+v) },
		"base64 of base64":    func(v string) string { return b64(b64(b64(v))) },
		"an empty setting":    func(v string) string { return "AUTH= " + v + " OTHER_SETTING_EMPTY=" },
	} {
		for value, want := range map[string]State{oldest: Old, kept: Old, current: Current} {
			if got := m.Find("X", text(value)); !slices.Equal(got, []Match{{"NGC_API_KEY", want}}) {
				t.Errorf("%s (%s): %v", name, want, got)
			}
		}
		if got := m.Find("X", text(newValue())); len(got) != 0 {
			t.Errorf("%s: another key is found: %v", name, got)
		}
	}
	if got := m.Find("X", "a="+oldest+" b="+current); !slices.Equal(got, []Match{{"NGC_API_KEY", Old}}) {
		t.Errorf("both: %v", got)
	}
}

// Former values that are only known by their fingerprint are found as words, so every character of a key
// must be part of a word.
func TestFindEveryCharacter(t *testing.T) {
	old := "azAZ09-_.~+/%!*^ZaZ9"
	m := NewMatcher([]Key{testKeys(t, old, newValue())})
	for _, text := range []string{old, "A=" + old, "A='" + old + "'\n", "{" + old + "}", "[" + old + "]", "a@" + old + ";", "`" + old + "`"} {
		if got := m.Find("", text); !slices.Equal(got, []Match{{"NGC_API_KEY", Old}}) {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// Text nested more deeply than in Docker's and Kubernetes' files is not decoded.
func TestFindNesting(t *testing.T) {
	text := newValue()
	m := NewMatcher([]Key{{Name: "NGC_API_KEY", Current: keychain.NewSecret(text)}})
	for depth := range 6 {
		if found := len(m.Find("", text)) > 0; found != (depth <= maxNesting) {
			t.Errorf("base64 %d times: found %t", depth, found)
		}
		text = base64.StdEncoding.EncodeToString([]byte(text))
	}
}

// A value of 16 characters is found anywhere, one of 15 only under its own name.
func TestFindLengths(t *testing.T) {
	for _, length := range []int{weakLength - 1, weakLength} {
		old, current := newValue()[6:6+length], newValue()[6:6+length]
		m := NewMatcher([]Key{testKeys(t, old, current)})
		for value, state := range map[string]State{old: Old, current: Current} {
			b64 := base64.StdEncoding.EncodeToString
			for _, text := range []string{value, "a " + value, "A=" + value, "${A:-" + value + "}", b64([]byte(value)), b64([]byte("user:" + value)), b64([]byte(" " + value + " "))} {
				got := m.Find("", text)
				if want := length == weakLength; len(got) > 0 != want || want && got[0].State != state {
					t.Errorf("%d characters in %q (%s): %v", length, text, state, got)
				}
			}
			if got := m.Whole("", value); len(got) > 0 != (length == weakLength) {
				t.Errorf("%d characters, whole (%s): %v", length, state, got)
			}
			for _, name := range []string{"NGC_API_KEY", "NVIDIA_API_KEY"} {
				if got := m.Find(name, " "+value+"\n"); len(got) != 1 || got[0].State != state {
					t.Errorf("%d characters under %s (%s): %v", length, name, state, got)
				}
			}
		}
	}
}

// A former value with spaces is found as the whole text, and as the whole of decoded base64 if it is long
// enough.
func TestFindFormerValueWithSpaces(t *testing.T) {
	for value, want := range map[string]bool{"a former value 1": true, "a former value": false} {
		m := NewMatcher([]Key{testKeys(t, value, newValue())})
		for _, text := range []string{value, "user:" + value} {
			if got := m.Find("NGC_API_KEY", base64.StdEncoding.EncodeToString([]byte(text))); len(got) > 0 != want {
				t.Errorf("%q in base64: %v", text, got)
			}
		}
		if got := m.Find("NGC_API_KEY", value); len(got) != 1 {
			t.Errorf("%q: %v", value, got)
		}
	}
}

// Whole ignores white space around a value, and nothing else.
func TestWholeAndStored(t *testing.T) {
	old, current := newValue(), newValue()
	m := NewMatcher([]Key{testKeys(t, old, current), {Name: "REMOVED", Former: []keychain.Secret{keychain.NewSecret(newValue()), {}}}})
	for text, want := range map[string]int{old: 1, current: 1, "\n" + old + " ": 1, current + "\n": 1, "A=" + current: 0, old + "x": 0, "": 0} {
		if got := m.Whole("", text); len(got) != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	for name, want := range map[string]string{"NGC_API_KEY": current, "REMOVED": "", "ABSENT": "", "": ""} {
		if got := m.Stored(name); got != want {
			t.Errorf("%s: another value", name)
		}
	}
}

// There is nothing to search for only if no value of a key is known.
func TestNothingToSearchFor(t *testing.T) {
	value := newValue()
	prints := testKeys(t, value).Prints
	for name, c := range map[string]struct {
		key  Key
		want bool
	}{
		"no value":                 {Key{Name: "A"}, true},
		"an empty former one":      {Key{Name: "A", Former: []keychain.Secret{{}}}, true},
		"a fingerprint of nothing": {Key{Name: "A", Prints: []keychain.Fingerprint{{}}}, true},
		"a present one":            {Key{Name: "A", Current: keychain.NewSecret(value)}, false},
		"a former one":             {Key{Name: "A", Former: []keychain.Secret{keychain.NewSecret(value)}}, false},
		"a fingerprint":            {Key{Name: "A", Prints: prints}, false},
	} {
		m := NewMatcher([]Key{c.key})
		if got := m.Find("A", value); len(got) == 0 != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if got := m.Find("A", ""); len(got) != 0 {
			t.Errorf("%s: found in nothing: %v", name, got)
		}
	}
}

// Base64 keys, such as an index key, contain separators.
func TestFindBase64Keys(t *testing.T) {
	for range 50 {
		bytes := make([]byte, 32)
		_, _ = rand.Read(bytes)
		old := base64.StdEncoding.EncodeToString(bytes)
		m := NewMatcher([]Key{testKeys(t, old, newValue())})
		for _, text := range []string{old, "KEY=" + old, `"` + old + `"`} {
			if got := m.Find("", text); len(got) != 1 || got[0].State != Old {
				t.Errorf("not found: %v", got)
			}
		}
	}
}

func TestFindWeakValuesByName(t *testing.T) {
	m := NewMatcher([]Key{testKeys(t, "minioadmin", "changed")})
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"NGC_API_KEY", "minioadmin", 1}, {"NVIDIA_API_KEY", "changed", 1}, {"MINIO_ROOT_USER", "minioadmin", 0}, {"", "user minioadmin", 0}, {"NGC_API_KEY", "minioadmin2", 0},
	} {
		if got := m.Find(c.name, c.text); len(got) != c.want {
			t.Errorf("%s=%s: %v", c.name, c.text, got)
		}
	}
}

func TestFindCurrentOfAnotherKey(t *testing.T) {
	value := newValue()
	first := testKeys(t, value, newValue())
	first.Former = []keychain.Secret{keychain.NewSecret(value)}
	m := NewMatcher([]Key{first, {Name: "OTHER", Current: keychain.NewSecret(value)}})
	if got := m.Find("", value); !slices.Equal(got, []Match{{"OTHER", Current}}) {
		t.Error(got)
	}
}
