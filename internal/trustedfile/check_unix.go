//go:build unix

package trustedfile

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// noFollow: resolve has already followed the links, so a link found now was put there by someone else.
const noFollow = syscall.O_NOFOLLOW

// check returns a *keychain.InsecureError if anyone other than the user and root owns or can write to the
// file.
func check(path string, info fs.FileInfo, dir bool) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	if uid := int(stat.Uid); uid != 0 && uid != os.Geteuid() && !(dir && outside(uid)) {
		return insecure(path, fmt.Sprintf("belongs to user %d, but this process runs as user %d", uid, os.Geteuid()), 0)
	}
	if info.Mode()&fs.ModeSymlink != 0 || dir && info.Mode()&fs.ModeSticky != 0 {
		return nil // the mode of a link means nothing
	}
	mode, bits := info.Mode().Perm(), fs.FileMode(0o022)
	if stat.Gid == stat.Uid {
		bits = 0o002
	}
	if mode&bits != 0 {
		return insecure(path, fmt.Sprintf("can be changed by other users (mode %04o)", mode), mode&^0o022)
	}
	return nil
}

// outside reports whether uid is the one that this user namespace shows for owners without a mapping
// (user_namespaces(7)).
func outside(uid int) bool {
	overflow, err := os.ReadFile("/proc/sys/kernel/overflowuid")
	if err != nil || strings.TrimSpace(string(overflow)) != fmt.Sprint(uid) {
		return false
	}
	mapped, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && strings.Join(strings.Fields(string(mapped)), " ") != "0 0 4294967295"
}

func insecure(path, reason string, safe fs.FileMode) error {
	return &keychain.InsecureError{Path: path, Reason: reason, Mode: safe}
}
