package keychain

import (
	"crypto/rand"
	"encoding/base64"
	"testing"
)

// newKey returns a random key in the format of NGC's personal keys.
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
