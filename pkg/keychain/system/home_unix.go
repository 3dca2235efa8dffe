//go:build linux || darwin

package system

import (
	"fmt"
	"os"
	"syscall"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// checkHome returns *keychain.InsecureError if a home directory belongs to another user, as after "sudo
// -E": the backend programs, including gpg and its agent, run what its files say.
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
