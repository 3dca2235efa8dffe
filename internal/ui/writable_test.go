//go:build !windows

package ui

import (
	"io/fs"
	"strings"
	"syscall"
	"testing"
)

// The hint for a place that cannot be written names the variable that moves this place, if there is one.
func TestWritableHint(t *testing.T) {
	t.Setenv("HOME", "/home/ann")
	for _, name := range []string{"XDG_CONFIG_HOME", "XDG_DATA_HOME", "DOCKER_CONFIG"} {
		t.Setenv(name, "")
	}
	t.Setenv("XDG_STATE_HOME", "/var/state")
	for path, want := range map[string]string{
		"/home/ann/.local/share/ragenv/lock":   "export XDG_DATA_HOME=",
		"/home/ann/.config/ragenv/config.toml": "export XDG_CONFIG_HOME=",
		"/var/state/ragenv/migration.lock":     "export XDG_STATE_HOME=",
		"/home/ann/.docker/config.json":        "export DOCKER_CONFIG=",
		"/mnt/backup.age":                      "",
		"./.b.age.tmp-1":                       "",
	} {
		hint := hintFor(&fs.PathError{Op: "open", Path: path, Err: syscall.EROFS})
		if want == "" && strings.Contains(hint, "export") || !strings.Contains(hint, want) || !strings.HasPrefix(hint, "make that place writable for you") {
			t.Errorf("%s: %q", path, hint)
		}
	}
}
