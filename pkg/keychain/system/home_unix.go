//go:build linux || darwin

package system

import (
	"fmt"
	"os"
	"syscall"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// checkHome refuses a home directory of another user, as "sudo -E" leaves it: the programs behind these backends, gpg and its
// agent among them, run what its files say. Error: *keychain.InsecureError.
func checkHome() error {
	for _, variable := range []string{"HOME", "GNUPGHOME", "PASSWORD_STORE_DIR"} {
		path := os.Getenv(variable)
		if path == "" {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 && int(stat.Uid) != os.Geteuid() {
			return &keychain.InsecureError{Path: path, Reason: fmt.Sprintf("belongs to user %d, but this process runs as user %d", stat.Uid, os.Geteuid())}
		}
	}
	return nil
}
