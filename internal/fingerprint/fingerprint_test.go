package fingerprint

import (
	"bytes"
	"errors"
	"testing"
)

func TestOf(t *testing.T) {
	of := func(key byte, name, value string) string {
		k, err := NewKey(bytes.Repeat([]byte{key}, minKey))
		if err != nil {
			t.Fatal(err)
		}
		return k.Of(name, value)
	}
	// From: printf 'ragenv fingerprint 1\0NGC_API_KEY\0value' | openssl dgst -sha256 -hmac aaaaaaaaaaaaaaaa
	if got, want := of('a', "NGC_API_KEY", "value"), "467230ab1c60a238"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	seen := map[string]bool{}
	for _, print := range []string{of('a', "A", "x"), of('a', "A", "y"), of('a', "B", "x"), of('b', "A", "x"), of('a', "A\x00x", "")} {
		if len(print) != 16 || seen[print] {
			t.Errorf("%q comes twice, or has another length", print)
		}
		seen[print] = true
	}
	if _, err := NewKey(make([]byte, minKey-1)); !errors.Is(err, ErrShortKey) {
		t.Error(err)
	}
}
