// Package buildinfo tells which version a binary was built from.
package buildinfo

import (
	"runtime/debug"
	"strings"
)

// Module is the path of the module both programs belong to.
const Module = "github.com/ragenv/ragenv"

// version is set by the linker for packages and images:
//
//	-ldflags "-X github.com/ragenv/ragenv/internal/buildinfo.version=v1.2.3"
var version string

// Version returns the version the linker was given, else the module's version that the Go tool recorded ("v1.2.3" for
// "go install ...@v1.2.3", a pseudo-version for a build in a checkout), else "devel". A build of a checkout that has no
// version control information carries none.
func Version() string {
	info, _ := debug.ReadBuildInfo()
	return from(version, info)
}

func from(linked string, info *debug.BuildInfo) string {
	if linked != "" {
		return linked
	}
	if info == nil || info.Main.Version == "" || strings.HasPrefix(info.Main.Version, "(") { // "(devel)"
		return "devel"
	}
	return info.Main.Version
}
