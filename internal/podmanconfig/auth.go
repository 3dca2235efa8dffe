package podmanconfig

import (
	"os"
	"path/filepath"
	"strconv"
)

// EnvAuthFile is the variable that names a file in the format of Docker's config.json that is read instead of
// all others.
const EnvAuthFile = "REGISTRY_AUTH_FILE"

// AuthFiles returns the files in which "podman login" keeps logins if EnvAuthFile names no other: that of the
// login session on Linux, and that below ~/.config on macOS and Windows (containers-auth.json(5)). Both are read
// on every system.
func AuthFiles(home string, getenv func(string) string) []string {
	run := filepath.Join("/run/containers", strconv.Itoa(os.Getuid()))
	if dir := getenv("XDG_RUNTIME_DIR"); dir != "" {
		run = filepath.Join(dir, "containers")
	}
	return []string{filepath.Join(run, "auth.json"), filepath.Join(home, ".config", "containers", "auth.json")}
}
