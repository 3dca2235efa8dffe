package credentialhelper

import (
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/ragenv/ragenv/internal/shellquote"
)

// The helper's name in config.json, and that of the program that clients start for it.
const (
	Name    = "ngc"
	Program = "docker-credential-" + Name
)

// Called reports whether the program was started under the helper's name.
func Called(argv0 string) bool { return calledOn(runtime.GOOS, argv0) }

// calledOn is Called for the named system. Windows ignores case, makes .exe optional, and accepts both
// kinds of slashes.
func calledOn(goos, argv0 string) bool {
	if goos != "windows" {
		return path.Base(argv0) == Program
	}
	name := strings.ToLower(argv0[strings.LastIndexAny(argv0, `\/:`)+1:])
	return strings.TrimSuffix(name, ".exe") == Program
}

// InWSL reports whether this is Linux in Windows, which sets the variable
// (learn.microsoft.com/windows/wsl/filesystems).
func InWSL(getenv func(string) string) bool { return getenv("WSL_DISTRO_NAME") != "" }

// IsWindowsHelper reports whether name, as in config.json, is the helper for Windows, and WSL can run it for a
// Linux client. The keys are then in the Credential Manager.
func IsWindowsHelper(getenv func(string) string, name string) bool {
	return name == Name+".exe" && InWSL(getenv)
}

// PathHint returns what to do if the helper is not on PATH. The most likely place is checked: the directory of
// ragenv, the path of its program, "" if unknown.
func PathHint(ragenv string) string {
	if ragenv != "" {
		dir := filepath.Dir(ragenv)
		for _, name := range []string{Program, Program + ".exe"} {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
				return shellquote.PrependPath(dir)
			}
		}
	}
	return "install " + Program + " in a directory of PATH, such as that of ragenv"
}
