//go:build linux || darwin

package system

import (
	"errors"
	"os"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
)

func TestHomeOfAnotherUserIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives directories away")
	}
	for _, variable := range []string{"HOME", "GNUPGHOME", "PASSWORD_STORE_DIR"} {
		dir := t.TempDir()
		t.Setenv(variable, dir)
		if err := checkHome(); err != nil {
			t.Errorf("%s of our own: %v", variable, err)
		}
		if err := os.Chown(dir, 1234, 1234); err != nil {
			t.Fatal(err)
		}
		var insecure *keychain.InsecureError
		if _, err := find(keychain.Options{Backend: keychain.BackendPass}); !errors.As(err, &insecure) || insecure.Path != dir {
			t.Errorf("%s of another user: %v", variable, err)
		}
		t.Setenv(variable, "")
	}
}
